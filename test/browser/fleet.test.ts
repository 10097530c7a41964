/** Two kits with a real server between them. */
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { server } from 'vitest/browser';
import type * as inface from '../../src/index.js';
import type { FaceKit } from '../../src/index.js';
import type * as fleet from '../../src/fleet/fleet.js';
import { createFleetKeys, joinFleet, type Fleet } from '../../src/fleet/fleet.js';
import { dropDatabase, eventually, KIT_OPTIONS, samplePhoto, testKit } from './support.js';

const fleetServer = inject('fleetServer');

/** One fleet, because the server has one bucket. */
const secrets = createFleetKeys();
/** More than are sent at a time. */
const PEOPLE = 600;

// Other engines were not tried.
describe.skipIf(fleetServer === null || server.browser !== 'chromium')('a fleet of two kits', () => {
  it('enrolls a person once and deletes them once, also over a restart', { timeout: 120_000 }, async () => {
    const { url, credentials } = fleetServer!;
    const { fleetKey, ownerKey } = await secrets;
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

  it('sends the rest of the outbox after its page was killed in the middle', { timeout: 120_000 }, async () => {
    const { url, credentials } = fleetServer!;
    const { fleetKey, ownerKey } = await secrets;
    const database = `fleet-${crypto.randomUUID()}`;
    const options = { servers: [url], credentials, fleetKey, ownerKey, mode: 'write' } as const;

    // A page with its own worker, as another tab has, that is gone without a word.
    const frame = document.createElement('iframe');
    // Any file of this origin.
    frame.src = '/models/manifest.json';
    await new Promise((resolve) => {
      frame.onload = resolve;
      document.body.append(frame);
    });
    const page = frame.contentWindow as Window & { eval: typeof eval };
    // vitest defines it in its page alone.
    Object.assign(page, { __INFACE_VERSION__ });
    const { createFaceKit } = (await page.eval("import('/src/index.ts')")) as typeof inface;
    const fleetModule = (await page.eval("import('/src/fleet/fleet.ts')")) as typeof fleet;
    const killedKit = await createFaceKit({ ...KIT_OPTIONS, database });
    const killed = await fleetModule.joinFleet(killedKit, { ...options, database: `${database}-a` });
    await eventually(() => {
      expect(killed.status()).toMatchObject({ state: 'current', writer: { isAdmitted: true } });
    });
    const { space } = await killedKit.replica.state();
    const at = new Date().toISOString();
    const left = new Promise<number>((resolve) => {
      killed.on('status', ({ outbox }) => {
        // The first part was sent.
        if (outbox === 0 || outbox >= PEOPLE - 1) return;
        frame.remove();
        resolve(outbox);
      });
    });
    await killedKit.replica.apply({
      profiles: Array.from({ length: PEOPLE }, (_, i) => ({
        id: `p${i}`,
        name: `Person ${i}`,
        metadata: {},
        consent: null,
        owner: null,
        createdAt: at,
        updatedAt: at,
        blocks: [
          { space, templates: [{ id: `t${i}`, createdAt: at, quality: null, vector: new Float32Array(64).fill(1) }] },
        ],
      })),
    });
    const rest = await left;
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(PEOPLE);

    const [kit, other] = [await testKit({ database }), await testKit()];
    const fleets = [
      await joinFleet(other, { ...options, database: `${database}-b` }),
      await joinFleet(kit, { servers: [url], credentials, mode: 'write', database: `${database}-a` }),
    ];
    onTestFinished(async () => {
      await Promise.all(fleets.map((fleet) => fleet.leave({ erase: true })));
      for (const name of ['a', 'b']) await dropDatabase(`${database}-${name}`);
    });
    await eventually(async () => {
      expect(await other.profiles.list()).toHaveLength(PEOPLE);
    });
    expect(await other.replica.state()).toMatchObject({ profiles: (await kit.replica.state()).profiles });
  });
});
