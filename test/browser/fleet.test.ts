/** Two kits with a real server between them. */
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type * as inface from '../../src/index.js';
import type { FaceKit, Point } from '../../src/index.js';
import type * as fleet from '../../src/fleet/fleet.js';
import { createFleetKeys, joinFleet, type Fleet } from '../../src/fleet/fleet.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { cutOut, disguised, dropDatabase, eventually, KIT_OPTIONS, samplePhoto, testKit } from './support.js';

const fleetServer = inject('fleetServer');

/** One fleet, because the server has one bucket. */
const secrets = createFleetKeys();
/** More than are sent at a time. */
const PEOPLE = 600;

describe.skipIf(fleetServer === null)('a fleet of two kits', () => {
  // The first one, because the fleet does not go back to older models.
  it('moves from old models to new ones, and people are recognized all the time', { timeout: 240_000 }, async () => {
    const { url, credentials } = fleetServer!;
    const { fleetKey, ownerKey } = await secrets;
    const database = `fleet-${crypto.randomUUID()}`;
    const join = (kit: FaceKit, name: string, keys: object = {}): Promise<Fleet> =>
      joinFleet(kit, { servers: [url], credentials, mode: 'write', database: `${database}-${name}`, ...keys });
    const anna = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
    const berta = await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6);
    const seen = await disguised(anna);

    const old = await testKit({ models: 'public-domain', database });
    let fleetOfOld = await join(old, 'a', { fleetKey, ownerKey });
    const home = await old.collections.create('Home');
    for (const [name, photo] of Object.entries({ Anna: anna, Berta: berta })) {
      expect(await old.enroll([photo], { name, collectionId: home.id })).toMatchObject({ outcome: 'enrolled' });
    }

    // A kiosk with new models and an empty store.
    const kit = await testKit();
    const fleet = await join(kit, 'b', { fleetKey, ownerKey });
    onTestFinished(async () => {
      await Promise.all([fleet, fleetOfOld].map((each) => each.leave()));
      for (const name of ['a', 'b']) await dropDatabase(`${database}-${name}`);
    });
    await eventually(async () => {
      expect((await kit.collections.get(home.id)).profileIds).toHaveLength(2);
    });
    expect((await kit.identify(seen, home.id)).faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
    const { id } = (await kit.profiles.list()).find(({ name }) => name === 'Anna')!;
    const { space } = await kit.replica.state();
    const spaces = [(await old.replica.state()).space, space];
    expect(Object.keys((await kit.profiles.get(id)).spaces).sort()).toEqual(spaces.toSorted());
    // The old one goes on, and what is changed there waits.
    expect((await old.identify(seen, home.id)).faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
    const { id: bertaId } = (await old.profiles.list()).find(({ name }) => name === 'Berta')!;
    await old.profiles.update(bertaId, { name: 'Berta B.' });
    await eventually(() => {
      expect(fleetOfOld.status()).toMatchObject({ outbox: 1, problem: { code: 'EMBEDDING_SPACE_MISMATCH' } });
    });

    // The update of the old kiosk: the same stores, without the keys.
    await fleetOfOld.leave();
    await old.close();
    const updated = await testKit({ database });
    fleetOfOld = await join(updated, 'a');
    await eventually(async () => {
      expect(Object.keys((await updated.profiles.get(id)).spaces).sort()).toEqual(spaces.toSorted());
    });
    const found = await Promise.all([seen, berta].map((photo) => updated.identify(photo, home.id)));
    expect(found.flatMap(({ faces }) => faces)).toMatchObject([
      { outcome: 'identified', name: 'Anna' },
      { outcome: 'identified', name: 'Berta B.' },
    ]);
    await eventually(async () => {
      expect((await kit.profiles.get(bertaId)).name).toBe('Berta B.');
    });
    await eventually(() => {
      expect(fleetOfOld.status()).toMatchObject({ outbox: 0, problem: null, refused: 0 });
    });

    for (const profile of await updated.profiles.list()) await updated.profiles.delete(profile.id);
    await updated.collections.delete(home.id);
    await eventually(async () => {
      expect(await kit.profiles.list()).toEqual([]);
    });
  });

  it('has its keys under the passphrase of the vault', { timeout: 120_000 }, async () => {
    const { url, credentials } = fleetServer!;
    const { fleetKey, ownerKey } = await secrets;
    const database = `fleet-${crypto.randomUUID()}`;
    const kit = await testKit();
    const join = (options: object = {}) =>
      joinFleet(kit, { servers: [url], credentials, mode: 'write', database, ...options });
    await expect(join()).rejects.toMatchObject({ code: 'FLEET_KEY_MISSING' });
    await expect(join({ fleetKey, ownerKey: (await createFleetKeys()).ownerKey })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    for (const collections of ['staff', [7], {}]) {
      await expect(join({ fleetKey, collections })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    const first = await join({ fleetKey, ownerKey });
    await eventually(() => {
      expect(first.status()).toMatchObject({ state: 'current', writer: { isAdmitted: true } });
    });
    await expect(join({ fleetKey: (await createFleetKeys()).fleetKey })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    await first.leave();

    await kit.vault.setPassphrase('correct horse');
    await kit.vault.lock();
    const fleet = await join();
    onTestFinished(async () => {
      await fleet.leave({ erase: true });
      await dropDatabase(database);
    });
    await eventually(() => {
      expect(fleet.status().problem?.code).toBe('VAULT_LOCKED');
    });
    await kit.vault.unlock('correct horse');
    await eventually(() => {
      expect(fleet.status()).toMatchObject({ state: 'current', problem: null, writer: { isAdmitted: true } });
    });
    // The key of the vault is another one then, and the fleet goes on.
    await kit.vault.removePassphrase('correct horse');
    await kit.collections.create('Staff');
    await eventually(() => {
      expect(fleet.status()).toMatchObject({ state: 'current', outbox: 0, problem: null });
    });
    await kit.storage.eraseAll();
    await eventually(() => {
      expect(fleet.status().problem?.code).toBe('FLEET_KEY_MISSING');
    });
    expect(await kit.collections.list()).toEqual([]);
    await expect(join()).rejects.toMatchObject({ code: 'FLEET_KEY_MISSING' });
  });

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
