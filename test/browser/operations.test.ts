/** What a kit does around the main job: policies of enrollment, training by itself, events, owners, and the care of data. */
import { deleteDB, openDB } from 'idb';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FaceKit, IdentifiedFace, ImportProgress, KitEvents, OpenImage, Point, Profile } from '../../src/index.js';
import { createStore } from '../../src/worker/store/store.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import {
  asCanvas,
  asJpeg,
  CAN_DELETE_DATABASES,
  cutOut,
  disguised,
  draw,
  HAS_STORAGE_MANAGER,
  samplePhoto,
  sharedKit,
  testKit,
} from './support.js';

/** Two people, each alone, and pictures of the first one that are mirrored, and reduced to blur. */
let anna: Blob;
let berta: Blob;
let mirroredAnna: Blob;
let blurredAnna: Blob;

beforeAll(async () => {
  anna = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
  berta = await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6);
  mirroredAnna = await disguised(anna);
  // Reduced and enlarged again, as WebKit has no filters of a canvas.
  const [canvas, small] = [await asCanvas(anna), await asCanvas(anna, 1 / 24)];
  blurredAnna = await asJpeg(
    draw(canvas.width, canvas.height, (context) => {
      context.imageSmoothingQuality = 'high';
      context.drawImage(small, 0, 0, canvas.width, canvas.height);
    }),
  );
});

const code = (expected: string) => ({ code: expected });

async function enrolled(kit: Pick<FaceKit, 'enroll'>, photo: Blob, name: string, collectionId?: string) {
  const result = await kit.enroll([photo], { name, ...(collectionId === undefined ? {} : { collectionId }) });
  if (result.outcome !== 'enrolled') throw new Error(JSON.stringify(result));
  return result.profile;
}

/** The next event that a condition accepts. */
function next<K extends keyof KitEvents>(kit: FaceKit, name: K, accepts: (event: KitEvents[K]) => boolean) {
  return new Promise<KitEvents[K]>((resolve) => {
    const stop = kit.on(name, (event) => {
      if (!accepts(event)) return;
      stop();
      resolve(event);
    });
  });
}

const only = (faces: readonly IdentifiedFace[]): IdentifiedFace => {
  expect(faces).toHaveLength(1);
  return faces[0] as IdentifiedFace;
};

describe('an enrollment', () => {
  it('takes pictures of one person in good quality, and says why not the others', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home');
    const options = { name: 'Anna', collectionId: id };
    const result = await kit.enroll([anna, berta, mirroredAnna, blurredAnna], options);
    expect(result).toMatchObject({
      outcome: 'enrolled',
      warnings: ['few-images'],
      profile: { templateCount: 2 },
      images: [
        { outcome: 'accepted', quality: { unusable: [] } },
        { outcome: 'rejected', reasons: ['not-the-same-person'], duplicateOf: null, face: {} },
        { outcome: 'accepted' },
        { outcome: 'rejected' },
      ],
    });
    const blurred = result.images[3];
    // The detector may not find a face at all in what is left of it.
    expect(blurred?.outcome === 'rejected' && blurred.reasons).toEqual([expect.stringMatching(/blurred|no-face/)]);
    const { profile } = result as { profile: Profile };

    const again = await kit.enroll([mirroredAnna], { name: 'Nina', collectionId: id });
    expect(again).toMatchObject({
      outcome: 'rejected',
      images: [{ reasons: ['duplicate-of'], duplicateOf: profile.id }],
    });
    expect(await kit.profiles.list()).toHaveLength(1);
    expect(await kit.profiles.list({ limit: 1, after: profile })).toEqual([]);
    for (const wrong of [{ limit: 0 }, { limit: 10_001 }, { after: profile.id }, { after: { id: profile.id } }]) {
      await expect(kit.profiles.list(wrong as never)).rejects.toMatchObject(code('INVALID_INPUT'));
    }
    // Elsewhere she is new, and whoever wants can take her all the same.
    expect(await kit.enroll([mirroredAnna])).toMatchObject({ outcome: 'enrolled' });
    const forced = await kit.enroll([mirroredAnna], { name: 'Nina', collectionId: id, policy: 'off' });
    expect(forced).toMatchObject({ outcome: 'enrolled' });
  });

  it('of one person who is enrolled eight times at once in two tabs makes one profile', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    const twice = [kit, other, kit, other].flatMap((each) => [
      each.enroll([anna], { collectionId: id }),
      each.enroll([mirroredAnna], { collectionId: id }),
    ]);
    const outcomes = (await Promise.all(twice)).map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual(['enrolled', ...Array<string>(7).fill('rejected')]);
    expect((await kit.collections.get(id)).profileIds).toHaveLength(1);
  });

  it('of a stored profile takes more of the same person only', async () => {
    const kit = await sharedKit();
    const { id } = await enrolled(kit, anna, 'Anna');
    expect(await kit.addImages(id, [berta])).toMatchObject({
      outcome: 'rejected',
      profile: { templateCount: 1 },
      images: [{ reasons: ['not-the-same-person'] }],
      replacedTemplateIds: [],
    });
    expect(await kit.addImages(id, [berta, mirroredAnna])).toMatchObject({
      outcome: 'added',
      profile: { templateCount: 2 },
    });
    expect(await kit.addImages(id, [berta], { policy: 'off' })).toMatchObject({ profile: { templateCount: 3 } });
    await expect(kit.addImages(id, [anna], { policy: 'lax' as never })).rejects.toThrow(/strict, guidance, off/);
  });

  it('keeps at most 50 templates', async () => {
    const kit = await sharedKit();
    const { id } = await enrolled(kit, anna, 'Anna');
    // Open, so that its face is searched and embedded once.
    const image = await kit.open(anna);
    for (let round = 0; round < 5; round++) {
      expect(await kit.addImages(id, Array<OpenImage>(10).fill(image), { policy: 'off' })).toMatchObject({
        outcome: 'added',
      });
    }
    image.close();
    const { profile, replacedTemplateIds } = await kit.addImages(id, [anna, mirroredAnna], { policy: 'off' });
    expect([profile.templateCount, replacedTemplateIds.length]).toEqual([50, 2]);
  });
});

describe('a training', () => {
  it('happens by itself, is observed in every tab, and gives an unknown class', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const kit = await testKit({ database, autoTrain: true });
    const other = await testKit({ database, autoTrain: true });
    const { id } = await kit.collections.create('Home', { unknowns: true });
    const states: string[] = [];
    kit.on('classifier', ({ state, progress }) => states.push(progress === null ? state : `${state} with progress`));
    const isTrained = ({ state }: KitEvents['classifier']) => state === 'trained';
    const [here, heard] = [next(kit, 'classifier', isTrained), next(other, 'classifier', isTrained)];
    // One change, so that there is one training, however long the enrollments took.
    const people = [await enrolled(kit, anna, 'Anna'), await enrolled(kit, berta, 'Berta')] as const;
    await kit.collections.update(id, { addProfileIds: people.map((profile) => profile.id) });
    expect(await heard).toEqual({ collectionId: id, state: 'trained', progress: null, error: null });
    await here;
    expect([...new Set(states)]).toEqual(['untrained', 'training with progress', 'trained']);
    expect(await other.collections.get(id)).toMatchObject({ classifier: 'trained', unknowns: true });

    const result = await other.identify(mirroredAnna, id);
    expect(result.classifier).toBe('trained');
    const face = only(result.faces);
    expect(face).toMatchObject({ outcome: 'identified', name: 'Anna' });
    const sum = face.candidates.reduce((total, { probability }) => total + (probability ?? 0), 0);
    expect(sum + (face.unknownProbability ?? 0)).toBeCloseTo(1, 5);

    // The collection changes: stale at once, trained again a little later.
    const stale = next(other, 'classifier', ({ state }) => state === 'stale');
    const trained = next(other, 'classifier', isTrained);
    await kit.collections.update(id, { removeProfileIds: [people[1].id] });
    await stale;
    await trained;
    expect((await other.collections.get(id)).profileIds).toEqual([people[0].id]);
  });

  it('that no tab lived to do is made up for at the next start', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const first = await testKit({ database });
    const { id } = await first.collections.create('Home');
    await enrolled(first, anna, 'Anna', id);
    await first.close();
    const second = await testKit({ database, autoTrain: true });
    await next(second, 'classifier', ({ state }) => state === 'trained');
    expect((await second.collections.get(id)).classifier).toBe('trained');
  });

  it('of one collection is done in one tab at a time, and can be ended', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home', { unknowns: true });
    await enrolled(kit, anna, 'Anna', id);
    const seen: string[] = [];
    kit.on('classifier', ({ progress }) => seen.push(progress === null ? 'state' : 'mine'));
    const [a, b] = await Promise.all([kit.train(id), other.train(id)]);
    expect({ ...a, durationMs: 0 }).toEqual({ ...b, durationMs: 0 });
    expect(a.unknownCount).toBeGreaterThan(0);

    const started = next(kit, 'classifier', ({ progress }) => progress !== null);
    const training = kit.train(id).catch((reason: unknown) => reason);
    await started;
    // It may have come to its end before the abort arrived.
    const isEnded = await kit.abortTraining(id);
    expect(await training).toMatchObject(isEnded ? code('TRAINING_ABORTED') : { profileCount: 1 });
    expect(await kit.abortTraining(id)).toBe(false);
    expect((await kit.collections.get(id)).classifier).toBe('trained');
  });
});

describe('a rejected identification', () => {
  it('is not repeated, before training and after', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home');
    const profile = await enrolled(kit, anna, 'Anna', id);
    const face = only((await kit.identify(mirroredAnna, id)).faces);
    expect(face).toMatchObject({ outcome: 'identified', profileId: profile.id, unknownProbability: null });
    expect(await kit.reject(face.identificationId)).toEqual({
      collectionId: id,
      profileId: profile.id,
      negativeCount: 1,
    });
    expect(only((await kit.identify(mirroredAnna, id)).faces)).toMatchObject({
      outcome: 'unknown',
      reason: 'rejected-before',
    });
    // Anna herself is still Anna.
    expect(only((await kit.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified' });
    await kit.train(id);
    expect(only((await kit.identify(mirroredAnna, id)).faces)).toMatchObject({ reason: 'rejected-before' });
    expect(only((await kit.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified' });
    await expect(kit.reject('never')).rejects.toMatchObject(code('IDENTIFICATION_NOT_FOUND'));
    await expect(kit.reject(face.identificationId, { profileId: 'nobody' })).rejects.toMatchObject(
      code('INVALID_INPUT'),
    );
  });
});

describe('events', () => {
  it('tell of changes here and in other tabs, until nobody listens', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const mine: unknown[] = [];
    const stop = kit.on('collections', (event) => mine.push(event));
    const elsewhere = next(other, 'collections', ({ change }) => change === 'created');
    const { id } = await kit.collections.create('Home');
    expect(await elsewhere).toEqual({ change: 'created', ids: [id], origin: 'other' });
    const here = next(kit, 'profiles', ({ change }) => change === 'created');
    const updated = next(kit, 'collections', ({ change }) => change === 'updated');
    const profile = await enrolled(other, anna, 'Anna', id);
    expect(await here).toEqual({ change: 'created', ids: [profile.id], origin: 'other' });
    await updated;
    expect(mine).toEqual([
      { change: 'created', ids: [id], origin: 'this-kit' },
      { change: 'updated', ids: [id], origin: 'other' },
    ]);
    stop();
    await kit.collections.delete(id);
    expect(mine).toHaveLength(2);
    expect(() => kit.on('nothing' as never, () => undefined)).toThrow(/one of profiles, collections, classifier/);
    expect(() => kit.on('vault', 7 as never)).toThrow(/must be a function/);
  });
});

describe('what is remembered', () => {
  it('goes when another tab removes somebody, replaces everything, or takes the key away', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    const { id: work } = await kit.collections.create('Work');
    const profile = await enrolled(kit, anna, 'Anna', id);
    const backup = await kit.backup.export('correct horse');
    const isReset = ({ change }: { readonly change: string }) => change === 'reset';
    const steps: (readonly [() => Promise<unknown>, () => Promise<unknown>])[] = [
      [
        () => next(kit, 'collections', ({ change }) => change === 'updated'),
        () => other.collections.update(id, { removeProfileIds: [profile.id] }),
      ],
      [() => next(kit, 'profiles', ({ change }) => change === 'deleted'), () => other.profiles.delete(profile.id)],
      [() => next(kit, 'collections', ({ change }) => change === 'deleted'), () => other.collections.delete(work)],
      [() => next(kit, 'profiles', isReset), () => other.backup.import(backup, 'correct horse')],
      [() => next(kit, 'vault', ({ state }) => state === 'locked'), () => other.vault.setPassphrase('battery staple')],
      [() => next(kit, 'profiles', isReset), () => other.storage.eraseAll()],
    ];
    for (const [change, remove] of steps) {
      const { faces } = await kit.identify(anna, id);
      const { identificationId } = faces[0] as (typeof faces)[number];
      const told = change();
      await remove();
      await told;
      if ((await kit.vault.status()).state === 'locked') await kit.vault.unlock('battery staple');
      // With a profile, so that nothing else can be what is missing.
      const rejected = kit.reject(identificationId, { profileId: profile.id });
      await expect(rejected).rejects.toMatchObject({ code: 'IDENTIFICATION_NOT_FOUND' });
    }
  });

  it('goes when another tab destroys the key', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    const profile = await enrolled(kit, anna, 'Anna', id);
    const face = only((await kit.identify(anna, id)).faces);
    const told = next(kit, 'vault', () => true);
    await other.vault.destroyKey();
    await told;
    await expect(kit.reject(face.identificationId, { profileId: profile.id })).rejects.toMatchObject(
      code('IDENTIFICATION_NOT_FOUND'),
    );
    await expect(kit.identify(anna, id)).rejects.toMatchObject(code('TEMPLATES_UNREADABLE'));
  });
});

describe('owners', () => {
  it('have collections and profiles of their own', async () => {
    const kit = await sharedKit();
    const [mine, hers] = [kit.forOwner('me'), kit.forOwner('her')];
    const { id, owner } = await mine.collections.create('Home');
    expect(owner).toBe('me');
    const profile = await enrolled(mine, anna, 'Anna', id);
    expect(profile.owner).toBe('me');
    expect(await hers.profiles.list()).toEqual([]);
    expect(await hers.collections.list()).toEqual([]);
    await expect(hers.identify(anna, id)).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    await expect(hers.match(anna, profile.id)).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    await expect(hers.train(id)).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    await expect(hers.addImages(profile.id, [anna])).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    const face = only((await mine.identify(anna, id)).faces);
    await expect(hers.reject(face.identificationId)).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    expect(await kit.profiles.list()).toEqual([profile]);
    await mine.profiles.delete(profile.id);
    await expect(mine.profiles.get(profile.id)).rejects.toMatchObject(code('PROFILE_GONE'));
    await expect(hers.profiles.get(profile.id)).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    expect(() => kit.forOwner('')).toThrow(/owner must be an id/);
  });
});

describe('the vault', () => {
  it('locks every tab, also what it had read before', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    const profile = await enrolled(kit, anna, 'Anna', id);
    const face = only((await other.identify(anna, id)).faces);
    const erasure = HAS_STORAGE_MANAGER ? 'overwritten' : 'deleted';
    expect(await kit.vault.status()).toEqual({ state: 'open', hasPassphrase: false, erasure });

    const locked = next(other, 'vault', ({ state }) => state === 'locked');
    expect(await kit.vault.setPassphrase('correct horse')).toMatchObject({ state: 'open', hasPassphrase: true });
    await locked;
    for (const call of [
      () => other.identify(anna, id),
      () => other.match(anna, profile.id),
      () => other.enroll([berta]),
      () => other.addImages(profile.id, [anna]),
      () => other.train(id),
      () => other.backup.export('correct horse'),
    ]) {
      await expect(call()).rejects.toMatchObject(code('VAULT_LOCKED'));
    }
    await expect(other.reject(face.identificationId)).rejects.toMatchObject(code('IDENTIFICATION_NOT_FOUND'));
    expect((await other.detect(anna)).faces).toHaveLength(1);
    expect(await other.profiles.list()).toHaveLength(1);
    await expect(other.vault.unlock('wrong horse')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    const opened = next(other, 'vault', ({ state }) => state === 'open');
    await other.vault.unlock('correct horse');
    await opened;
    expect(only((await other.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified' });

    const lockedHere = next(kit, 'vault', ({ state }) => state === 'locked');
    expect(await other.vault.lock()).toMatchObject({ state: 'locked', hasPassphrase: true });
    await lockedHere;
    await expect(kit.identify(anna, id)).rejects.toMatchObject(code('VAULT_LOCKED'));
    await kit.vault.unlock('correct horse');
    await expect(kit.vault.setPassphrase('battery staple')).rejects.toMatchObject(code('INVALID_INPUT'));
    const currentPassphrase = 'wrong horse';
    for (const change of [
      () => kit.vault.setPassphrase('battery staple', { currentPassphrase }),
      () => kit.vault.removePassphrase(currentPassphrase),
    ]) {
      await expect(change()).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    }
    await kit.vault.removePassphrase('correct horse');
    expect(await kit.vault.status()).toMatchObject({ state: 'open', hasPassphrase: false });

    await kit.vault.destroyKey();
    await expect(kit.identify(anna, id)).rejects.toMatchObject(code('TEMPLATES_UNREADABLE'));
    await kit.profiles.delete(profile.id);
    await enrolled(kit, anna, 'Anna', id);
    expect(only((await kit.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified' });
  });

  it('takes no orders from a forged message of another tab', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const kit = await testKit({ database });
    const profile = await enrolled(kit, anna, 'Anna');
    await kit.vault.setPassphrase('correct horse');
    const told: unknown[] = [];
    kit.on('profiles', (change) => told.push(change));
    kit.on('classifier', (change) => told.push(change));
    const channel = new BroadcastChannel(`inface-${database}`);
    for (const message of [
      null,
      'change',
      {},
      { kind: 'change' },
      { kind: 'change', change: null },
      { kind: 'change', change: { vault: 'locked' } },
      { kind: 'change', change: { profiles: { change: 'deleted', ids: 7 } } },
      { kind: 'change', change: { classifiers: [null] } },
      { kind: 'classifier', collectionId: 7, state: 'stale', error: null },
      { kind: 'classifier', collectionId: 'c', state: 'locked', error: null },
    ]) {
      channel.postMessage(message);
    }
    // What it says of the vault is looked up in the store.
    const status = next(kit, 'vault', () => true);
    channel.postMessage({ kind: 'change', change: { vault: 'changed' } });
    expect(await status).toMatchObject({ state: 'open', hasPassphrase: true });
    channel.close();
    expect(await kit.match(anna, profile.id)).toMatchObject({ outcome: 'compared' });
    expect(told).toEqual([]);
  });

  it('takes passphrases of 8 characters and more, and never repeats one', async () => {
    const kit = await sharedKit();
    for (const passphrase of ['secret7', 'x'.repeat(1001), 12345678 as never, undefined as never]) {
      const refused = kit.vault.setPassphrase(passphrase);
      await expect(refused).rejects.toMatchObject(code('INVALID_INPUT'));
      await expect(refused).rejects.not.toThrow(/secret7|12345678/);
    }
    await expect(kit.vault.lock()).rejects.toThrow(/No passphrase/);
  });
});

describe('a backup', () => {
  it('brings everything to another browser, where it works', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home', { unknowns: true });
    const profile = await enrolled(kit, anna, 'Anna', id);
    await kit.profiles.update(profile.id, { metadata: { badge: 7 }, consent: 'signed' });
    const face = only((await kit.identify(mirroredAnna, id)).faces);
    await kit.reject(face.identificationId);
    const file = await kit.backup.export('correct horse');

    const target = await testKit();
    await expect(target.backup.import(file, 'wrong horse')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    await expect(target.backup.import(file.slice(0, -1), 'correct horse')).rejects.toMatchObject(
      code('BACKUP_INVALID'),
    );
    await expect(target.backup.import(anna, 'correct horse')).rejects.toMatchObject(code('BACKUP_INVALID'));
    await expect(target.backup.import('x' as never, 'correct horse')).rejects.toMatchObject(code('INVALID_INPUT'));
    expect(await target.profiles.list()).toEqual([]);

    const reset = next(target, 'profiles', ({ change }) => change === 'reset');
    const steps: ImportProgress[] = [];
    const onProgress = (progress: ImportProgress) => steps.push(progress);
    expect(await target.backup.import(file, 'correct horse', { onProgress })).toEqual({
      profiles: { added: 1, updated: 0, kept: 0, deleted: 0 },
      collections: { added: 1, updated: 0, kept: 0, deleted: 0 },
      conflicts: [],
    });
    expect(steps).toEqual([0, 1, 2].map((done) => ({ done, total: 2 })));
    await reset;
    expect(await target.profiles.list()).toEqual(await kit.profiles.list());
    expect(await target.collections.list()).toEqual(await kit.collections.list());
    expect(only((await target.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified', name: 'Anna' });
    expect(only((await target.identify(mirroredAnna, id)).faces)).toMatchObject({ reason: 'rejected-before' });

    // Deleted here after the file was made: it stays deleted, and the import says so.
    await target.profiles.delete(profile.id);
    expect(await target.backup.import(file, 'correct horse')).toMatchObject({
      profiles: { added: 0, updated: 0, kept: 1 },
      conflicts: [
        { kind: 'profile', id: profile.id, kept: 'stored', storedDeleted: true },
        { kind: 'collection', id, kept: 'stored', storedDeleted: false },
      ],
    });

    // Her deletion is in the next file, and reaches the first kit with it.
    const second = await target.backup.export('correct horse');
    expect(await kit.backup.import(second, 'correct horse')).toMatchObject({
      profiles: { added: 0, updated: 0, kept: 0, deleted: 1 },
      conflicts: [
        { kind: 'profile', id: profile.id, kept: 'imported', importedDeleted: true },
        { kind: 'collection', id, kept: 'imported' },
      ],
    });
    await expect(kit.profiles.get(profile.id)).rejects.toMatchObject(code('PROFILE_GONE'));

    // Only a mirror brings her back, without what came later.
    const other = await enrolled(target, berta, 'Berta', id);
    await expect(target.backup.import(file, 'correct horse', { mode: 'copy' as never })).rejects.toThrow(
      /merge, mirror/,
    );
    expect(await target.backup.import(file, 'correct horse', { mode: 'mirror' })).toMatchObject({
      profiles: { added: 1, deleted: 1 },
      collections: { updated: 1, deleted: 0 },
    });
    expect(only((await target.identify(anna, id)).faces)).toMatchObject({ outcome: 'identified', name: 'Anna' });
    await expect(target.profiles.get(other.id)).rejects.toMatchObject(code('PROFILE_GONE'));
  });
});

describe('what is stored', () => {
  it('holds no embedding and no name of a photo in the clear', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const kit = await testKit({ database });
    const { id } = await kit.collections.create('Home', { unknowns: true });
    const file = new File([anna], 'holiday-at-the-sea.jpg', { type: 'image/jpeg' });
    const result = await kit.enroll([file, mirroredAnna], { name: 'Anna', collectionId: id });
    const { profile } = result as { profile: Profile };
    const face = only((await kit.identify(mirroredAnna, id)).faces);
    await kit.reject(face.identificationId);
    await kit.train(id);

    // The same database with its own key: what must not be found.
    const store = createStore(database, { audit: false, onChange: () => undefined });
    const secrets = (await store.templatesOf(null, profile.id)).map(({ vector }) => vector);
    const { embeddingSpace } = await kit.info();
    const { negatives, classifier } = await store.loadCollection(null, id, embeddingSpace);
    secrets.push(...negatives.map(({ vector }) => vector), (classifier as { commonness: Float32Array }).commonness);
    await store.close();
    expect(secrets.length).toBeGreaterThanOrEqual(4);

    const raw = await rawBytes(database);
    const text = new TextDecoder('latin1').decode(raw);
    expect(text).toContain('Home');
    expect(text).not.toContain('Anna');
    expect(text).not.toContain('holiday');
    for (const secret of secrets) {
      // Any four values in a row: an embedding may not lie about in parts, either.
      for (let i = 0; i + 4 <= secret.length; i += 4) {
        const piece = new Uint8Array(secret.slice(i, i + 4).buffer);
        if (piece.every((byte) => byte === 0)) continue;
        expect(indexOf(raw, piece)).toBe(-1);
      }
    }
  });

  it('is listed in the audit trail, which can be exported and cleared', async () => {
    const kit = await testKit();
    const { id } = await kit.collections.create('Home');
    const profile = await enrolled(kit, anna, 'Anna', id);
    await kit.profiles.delete(profile.id);
    const entries = await kit.audit.list();
    expect(entries.map(({ action }) => action)).toEqual(['delete-profile', 'enroll', 'create-collection']);
    expect(await kit.audit.list({ limit: 1 })).toEqual(entries.slice(0, 1));
    const lines = (await (await kit.audit.export()).text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(entries.toReversed());
    expect(lines.join()).not.toContain('Anna');
    await kit.audit.clear();
    expect(await kit.audit.list()).toEqual([]);
    await expect(kit.audit.list({ limit: 0 })).rejects.toThrow(/whole number from 1 to 10000/);
    const silent = await testKit({ audit: false });
    await silent.collections.create('Home');
    expect(await silent.audit.list()).toEqual([]);
  });

  it('is erased for good in all tabs', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, other] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    await enrolled(kit, anna, 'Anna', id);
    const { secret } = await kit.apiKeys.create({ name: 'door' });
    await other.identify(anna, id);
    const told = next(other, 'collections', ({ change }) => change === 'reset');
    await kit.storage.eraseAll();
    await told;
    expect(await other.profiles.list()).toEqual([]);
    await expect(other.identify(anna, id)).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    expect(await kit.apiKeys.verify(secret)).toBeNull();
    expect(await kit.audit.list()).toMatchObject([{ action: 'erase-all' }]);
    expect(await kit.info()).toMatchObject({ profileCount: 0, templateCount: 0, collectionCount: 0 });
  });

  it('is not begun anew silently after the database was deleted, in an open kit and in the next one', async ({
    skip,
  }) => {
    skip(!CAN_DELETE_DATABASES, 'WebKitGTK does not survive the deletion of a database that a worker has open');
    const database = `test-${crypto.randomUUID()}`;
    const kit = await testKit({ database });
    const { id } = await enrolled(kit, anna, 'Anna');
    const told = next(kit, 'storage-lost', () => true);
    await deleteDB(database);
    await expect(kit.enroll([anna])).rejects.toMatchObject(code('STORAGE_LOST'));
    expect(await told).toEqual({ database });
    await kit.close();

    const later = await testKit({ database });
    expect(await later.vault.status()).toMatchObject({ state: 'lost' });
    await expect(later.enroll([anna])).rejects.toMatchObject(code('STORAGE_LOST'));
    await expect(later.addImages(id, [anna])).rejects.toMatchObject(code('STORAGE_LOST'));
    // What stores nothing works.
    expect((await later.detect(anna)).faces).toHaveLength(1);
    // Half of the old key stays in its file until the answer, which overwrites it.
    const files = await countSecrets();
    const restored = next(later, 'vault', ({ state }) => state === 'open');
    await later.storage.startAnew();
    await restored;
    expect(await countSecrets()).toBe(HAS_STORAGE_MANAGER ? files - 1 : 0);
    await enrolled(later, anna, 'Anna');
    expect((await later.audit.list()).map(({ action }) => action)).toEqual(['enroll', 'start-anew']);
    await later.storage.eraseAll();
    await later.close();
    await deleteDB(database);
    // What was empty is not missed.
    const empty = await testKit({ database });
    await enrolled(empty, anna, 'Anna');
  });

  it('is used while the browser still asks the user whether to keep it', async () => {
    const kit = await testKit();
    const storage = { persist: () => new Promise(() => undefined) };
    Object.defineProperty(navigator, 'storage', { configurable: true, value: storage });
    onTestFinished(() => void Reflect.deleteProperty(navigator, 'storage'));
    void kit.storage.persist();
    expect((await kit.info()).profileCount).toBe(0);
    await kit.close();
  });

  it('is kept by the browser when it grants that', async () => {
    const kit = await sharedKit();
    expect(typeof (await kit.storage.persist())).toBe('boolean');
    const usage = await kit.storage.usage();
    if (!HAS_STORAGE_MANAGER) {
      expect(usage).toBeNull();
      return;
    }
    expect(usage?.usageBytes).toBeGreaterThan(0);
    expect(usage?.quotaBytes).toBeGreaterThan(usage?.usageBytes ?? Infinity);
  });
});

/** Counts the files with halves of keys, one per database; none where there are no private files. */
async function countSecrets(): Promise<number> {
  if (!HAS_STORAGE_MANAGER) return 0;
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('inface-secrets');
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names.length;
}

describe('API keys', () => {
  it('are made, listed, verified and revoked', async () => {
    const kit = await sharedKit();
    const { key, secret } = await kit.apiKeys.create({ name: 'door', scopes: ['identify'] });
    const all = await kit.apiKeys.create({ name: 'desk' });
    expect(all.key.scopes).toEqual(['detect', 'spoof', 'enroll', 'collections', 'match', 'identify']);
    expect(await kit.apiKeys.list()).toEqual([key, all.key]);
    expect(await kit.apiKeys.verify(secret)).toEqual(key);
    expect(await kit.apiKeys.verify('')).toBeNull();
    await kit.apiKeys.revoke(key.id);
    expect(await kit.apiKeys.verify(secret)).toBeNull();
    await expect(kit.apiKeys.revoke(key.id)).rejects.toMatchObject(code('API_KEY_NOT_FOUND'));
    for (const options of [{}, { name: '' }, { name: 'x', scopes: [] }, { name: 'x', scopes: ['fly'] }]) {
      await expect(kit.apiKeys.create(options as never)).rejects.toMatchObject(code('INVALID_INPUT'));
    }
  });
});

/** All values of a database as bytes, one after the other. */
async function rawBytes(name: string): Promise<Uint8Array> {
  const db = await openDB(name);
  onTestFinished(() => {
    db.close();
  });
  const parts: (BlobPart & (string | Uint8Array<ArrayBuffer>))[] = [];
  const add = (value: unknown): void => {
    if (value instanceof CryptoKey) return;
    if (value instanceof ArrayBuffer) parts.push(new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) parts.push(new Uint8Array(value.buffer.slice(0) as ArrayBuffer));
    else if (typeof value === 'object' && value !== null) Object.entries(value).flat().forEach(add);
    else parts.push(String(value));
  };
  for (const store of db.objectStoreNames) add(await db.getAll(store));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function indexOf(bytes: Uint8Array, piece: Uint8Array): number {
  for (
    let start = bytes.indexOf(piece[0] as number);
    start >= 0;
    start = bytes.indexOf(piece[0] as number, start + 1)
  ) {
    if (piece.every((byte, i) => bytes[start + i] === byte)) return start;
  }
  return -1;
}
