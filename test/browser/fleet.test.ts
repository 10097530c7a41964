/** Two kits with a real server between them. */
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { server } from 'vitest/browser';
import type { FaceKit } from '../../src/index.js';
import { createFleetKeys, joinFleet, type Fleet } from '../../src/fleet/fleet.js';
import { dropDatabase, eventually, samplePhoto, testKit } from './support.js';

const fleetServer = inject('fleetServer');

// Other engines were not tried.
describe.skipIf(fleetServer === null || server.browser !== 'chromium')('a fleet of two kits', () => {
  it('enrolls a person once and deletes them once, also over a restart', { timeout: 120_000 }, async () => {
    const { url, credentials } = fleetServer!;
    const { fleetKey, ownerKey } = await createFleetKeys();
    const database = `fleet-${crypto.randomUUID()}`;
    const join = (kit: FaceKit, name: string, withKeys: boolean): Promise<Fleet> =>
      joinFleet(kit, {
        servers: [url],
        credentials,
        mode: 'write',
        database: `${database}-${name}`,
        ...(withKeys && { fleetKey, ownerKey }),
      });
    const kits = [await testKit(), await testKit()] as const;
    const [a, b] = kits;
    const fleets = [await join(a, 'a', true), await join(b, 'b', true)];
    onTestFinished(async () => {
      await Promise.all(fleets.map((fleet) => fleet.leave({ erase: true })));
      for (const name of ['a', 'b']) await dropDatabase(`${database}-${name}`);
    });

    const photo = await samplePhoto(1);
    const collection = await a.collections.create('Staff');
    const result = await a.enroll([{ image: photo, face: 'largest' }], {
      name: 'Anna',
      collectionId: collection.id,
      policy: 'off',
    });
    expect(result.outcome).toBe('enrolled');
    const { id } = (await a.profiles.list())[0]!;
    await eventually(async () => {
      expect((await b.collections.get(collection.id)).profileIds).toEqual([id]);
    });
    const faces = (await b.identify(photo, collection.id)).faces;
    expect(faces.some((face) => face.outcome === 'identified' && face.profileId === id)).toBe(true);

    // The keys and the progress are in the database of the fleet.
    await fleets[1]!.leave();
    await a.profiles.delete(id);
    fleets[1] = await join(b, 'b', false);
    await eventually(async () => {
      expect(await b.profiles.list()).toEqual([]);
    });
    await expect(b.profiles.get(id)).rejects.toMatchObject({ code: 'PROFILE_GONE' });
  });
});
