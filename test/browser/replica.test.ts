/** One store as a copy of another: what it holds, its records, and their way into the other one. */
import { deleteDB, openDB } from 'idb';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FaceKit, KitEvents, Point, ReplicaChanges, ReplicaMember, ReplicaProfile } from '../../src/index.js';
import type { NewTemplate, StoreChange } from '../../src/worker/ports/face-store.js';
import { createStore } from '../../src/worker/store/store.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { cutOut, disguised, samplePhoto, sharedKit, testKit } from './support.js';

const SPACE = 'test-space';
const SPACES = new Map([[SPACE, 4]]);
const AT = '2026-01-02T03:04:05.678Z';
const LATER = '2026-02-02T03:04:05.678Z';

const code = (expected: string) => ({ code: expected });

function testStore() {
  const name = `replica-${crypto.randomUUID()}`;
  const changes: StoreChange[] = [];
  const store = createStore(name, { audit: true, onChange: (change) => changes.push(change) });
  onTestFinished(async () => {
    await store.close();
    await deleteDB(name);
  });
  const apply = (records: ReplicaChanges) => store.applyRecords(records, SPACES);
  return { store, name, changes, apply };
}

function template(seed: number): NewTemplate {
  return { space: SPACE, vector: Float32Array.from({ length: 4 }, (_, i) => seed + i), quality: 0.5 };
}

function block(...seeds: readonly number[]) {
  const templates = seeds.map((seed) => ({
    id: `t${seed}`,
    createdAt: AT,
    quality: 0.5,
    vector: template(seed).vector,
  }));
  return { space: SPACE, templates };
}

function profile(id: string, seed: number, updatedAt = AT): ReplicaProfile {
  const details = { name: id, metadata: { badge: seed }, consent: 'signed' };
  return { id, ...details, owner: null, createdAt: AT, updatedAt, blocks: [block(seed)] };
}

const HOME = { id: 'home', name: 'Home', unknowns: true, owner: null, createdAt: AT, updatedAt: AT };
const member = (profileId: string, negatives: ReplicaMember['negatives'] = []): ReplicaMember => ({
  collectionId: 'home',
  profileId,
  isMember: true,
  negatives,
});

describe('records of another store', () => {
  it('are written as they are, and read as they were written', async () => {
    const { store, changes, apply } = testStore();
    const records = {
      profiles: [profile('anna', 1), { ...profile('berta', 5), blocks: [] }],
      collections: [HOME],
      members: [member('anna', [block(70, 80)]), member('berta')],
    };
    expect(await apply(records)).toMatchObject({ skipped: [] });
    const pairs = records.members.map(({ collectionId, profileId }) => ({ collectionId, profileId }));
    const members = [...pairs, ...pairs];
    const wanted = { profileIds: ['anna', 'berta', 'anna'], collectionIds: ['home'], members };
    expect(await store.readRecords(wanted)).toEqual({ ...records, deletions: [] });
    expect(await store.describeRecords()).toEqual({
      profiles: ['anna', 'berta'].map((id) => ({ id, updatedAt: AT })),
      collections: [
        {
          id: 'home',
          updatedAt: AT,
          members: [
            { profileId: 'anna', mark: expect.stringMatching(/./) as string },
            { profileId: 'berta', mark: '' },
          ],
        },
      ],
      deletions: [],
    });
    expect(changes).toEqual([
      { profiles: { change: 'created', ids: ['anna', 'berta'] } },
      { collections: { change: 'created', ids: ['home'] } },
      { classifiers: [{ collectionId: 'home', state: 'untrained' }] },
    ]);
    expect(await store.listAudit(1)).toMatchObject([{ action: 'import', actor: null, subject: null, count: 2 }]);
  });

  it('change only what they name, and make a classifier stale only if it would recognize something else', async () => {
    const { store, changes, apply } = testStore();
    await apply({
      profiles: [profile('anna', 1), profile('berta', 5)],
      collections: [HOME],
      members: [member('anna')],
    });
    const { revision } = await store.collectionRevision(null, 'home');
    const classifier = {
      version: 3,
      space: SPACE,
      profileIds: ['anna'],
      commonness: Float32Array.of(1, 2, 3, 4),
      strangerShift: 0.5,
    } as const;
    await store.saveClassifiers('home', revision, [classifier]);
    changes.length = 0;
    await apply({ collections: [{ ...HOME, name: 'House', updatedAt: LATER }], members: [member('anna')] });
    expect(changes).toEqual([{ collections: { change: 'updated', ids: ['home'] } }]);
    expect(await store.getCollection(null, 'home')).toMatchObject({
      name: 'House',
      updatedAt: LATER,
      profileIds: ['anna'],
      classifier: 'trained',
    });
    await apply({ profiles: [profile('berta', 6, LATER)] });
    expect(await store.collectionRevision(null, 'home')).toMatchObject({ revision, classifier: 'trained' });

    // A member who looks different now. The collection's own record is as old as before.
    changes.length = 0;
    await apply({ profiles: [profile('anna', 2, LATER)] });
    expect(changes).toEqual([
      { profiles: { change: 'updated', ids: ['anna'] } },
      { collections: { change: 'updated', ids: ['home'] } },
      { classifiers: [{ collectionId: 'home', state: 'stale' }] },
    ]);
    expect((await store.getCollection(null, 'home')).updatedAt).toBe(LATER);
    expect((await store.templatesOf(null, 'anna')).map(({ vector }) => vector[0])).toEqual([2]);

    await apply({ members: [member('anna', [block(70)])] });
    const markOf = async () => (await store.describeRecords()).collections[0]?.members[0]?.mark;
    const mark = await markOf();
    await apply({ members: [member('anna', [block(71)])] });
    expect(await markOf()).not.toBe(mark);
    await apply({ members: [member('anna')] });
    expect(await markOf()).toBe('');

    changes.length = 0;
    await apply({ members: [{ ...member('anna'), isMember: false }] });
    expect(changes).toEqual([
      { collections: { change: 'updated', ids: ['home'] } },
      { removed: { collectionId: 'home', profileIds: ['anna'] } },
      { classifiers: [{ collectionId: 'home', state: 'stale' }] },
    ]);
    const left = await store.readRecords({ members: [{ collectionId: 'home', profileId: 'anna' }] });
    expect(left.members).toEqual([{ ...member('anna'), isMember: false }]);
  });

  it('that are deletions leave nothing of a person, who does not come back', async () => {
    const { store, name, changes, apply } = testStore();
    await apply({
      profiles: [profile('anna', 1), profile('berta', 5)],
      collections: [HOME, { ...HOME, id: 'work' }],
      members: [member('anna', [block(70)]), member('berta', [block(80)]), { ...member('anna'), collectionId: 'work' }],
    });
    changes.length = 0;
    const deletion = { kind: 'profile', id: 'anna', deletedAt: AT } as const;
    // Older than the record, and in front of a newer one: erasure wins.
    await apply({
      profiles: [profile('anna', 9, LATER)],
      deletions: [{ ...deletion, deletedAt: '2026-01-01T00:00:00.000Z' }],
    });
    expect(changes).toEqual([
      { collections: { change: 'updated', ids: ['home', 'work'] } },
      { profiles: { change: 'deleted', ids: ['anna'] } },
      { classifiers: ['home', 'work'].map((collectionId) => ({ collectionId, state: 'untrained' })) },
    ]);
    await apply({ deletions: [deletion, { ...deletion, id: 'nobody' }] });
    expect(await apply({ profiles: [profile('anna', 1, LATER)], members: [member('anna')] })).toMatchObject({
      skipped: [member('anna')],
    });
    const state = await store.describeRecords();
    expect(state.deletions).toEqual([deletion, { ...deletion, id: 'nobody' }]);
    expect(state.profiles).toEqual([{ id: 'berta', updatedAt: AT }]);
    const db = await openDB(name);
    onTestFinished(() => db.close());
    for (const table of ['profiles', 'blocks', 'negatives', 'memberships']) {
      expect(JSON.stringify(await db.getAllKeys(table)), table).toMatch(/^(?!.*anna).*berta/);
    }
    const actions = (await store.listAudit(10)).map(({ action, subject }) => [action, subject]);
    expect(actions).toContainEqual(['delete-profile', 'anna']);

    // A collection can come back, but not with the records that delete it.
    const gone = { kind: 'collection', id: 'home', deletedAt: AT } as const;
    await apply({ collections: [HOME], deletions: [gone] });
    await expect(store.getCollection(null, 'home')).rejects.toMatchObject(code('COLLECTION_GONE'));
    await apply({ collections: [HOME] });
    expect(await store.getCollection(null, 'home')).toMatchObject({ profileIds: [] });
    expect((await store.describeRecords()).deletions).toHaveLength(2);
  });

  it('that are dropped leave no mark, and come back; who is in a collection stays', async () => {
    const { store, changes, apply } = testStore();
    await apply({
      profiles: [profile('anna', 1), profile('berta', 5)],
      collections: [HOME],
      members: [member('anna', [block(7)]), member('berta')],
    });
    changes.length = 0;
    const { changed } = await apply({ drops: [{ id: 'anna', replaces: LATER }, { id: 'clara' }] });
    expect(changed.profileIds).toEqual(['anna']);
    expect(await store.getProfile(null, 'anna')).toMatchObject({ name: 'anna' });

    expect((await apply({ drops: [{ id: 'anna', replaces: AT }] })).changed.profileIds).toEqual(['anna']);
    await apply({ members: [{ ...member('anna'), isMember: false }] });
    await apply({ drops: [{ id: 'anna', replaces: AT }] });
    expect(await store.describeRecords()).toMatchObject({
      profiles: [{ id: 'berta' }],
      collections: [{ id: 'home', members: [{ profileId: 'berta' }] }],
      deletions: [],
    });
    expect(changes).toContainEqual({ profiles: { change: 'deleted', ids: ['anna'] } });
    await expect(store.getProfile(null, 'anna')).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    expect((await store.listAudit(2))[1]).toMatchObject({ action: 'delete-profile', subject: 'anna', count: 1 });
    const content = await store.loadCollection(null, 'home', SPACE);
    expect([content.profiles.map(({ id }) => id), content.negatives]).toEqual([['berta'], []]);

    await apply({ profiles: [profile('anna', 1)], members: [member('anna')] });
    expect((await store.getCollection(null, 'home')).profileIds).toEqual(['anna', 'berta']);
  });

  it('whose profile or collection is missing are left out and returned', async () => {
    const { store, apply } = testStore();
    const lost = [
      member('nobody'),
      { ...member('anna'), collectionId: 'nowhere' },
      { ...member('nobody'), isMember: false },
    ];
    const records = { profiles: [profile('anna', 1)], collections: [HOME], members: [...lost, member('anna')] };
    expect(await apply(records)).toMatchObject({ skipped: lost });
    expect((await store.getCollection(null, 'home')).profileIds).toEqual(['anna']);
    const nothing = { profiles: [], collections: [], members: [], deletions: [] };
    const wanted = { profileIds: ['nobody'], collectionIds: ['nowhere'], members: lost };
    expect(await store.readRecords(wanted)).toEqual(nothing);
  });

  it('are left out and named if the store does not have what they replace', async () => {
    const { store, changes, apply } = testStore();
    const people = [profile('anna', 1), profile('berta', 5)];
    const pairs = [member('anna', [block(70)]), member('berta')];
    const records = {
      profiles: people.map((person) => ({ ...person, replaces: null })),
      collections: [{ ...HOME, replaces: null }],
      members: pairs.map((pair) => ({ ...pair, replaces: null })),
    };
    const all = {
      profileIds: ['anna', 'berta'],
      collectionIds: ['home'],
      members: pairs.map(({ collectionId, profileId }) => ({ collectionId, profileId })),
    };
    const none = { profileIds: [], collectionIds: [], members: [] };
    expect(await apply(records)).toEqual({ skipped: [], changed: none });
    expect(await store.readRecords(all)).toEqual({
      profiles: people,
      collections: [HOME],
      members: pairs,
      deletions: [],
    });

    // They are there by now. Berta's membership would be as it is.
    changes.length = 0;
    expect(await apply(records)).toEqual({ skipped: [], changed: { ...all, members: all.members.slice(0, 1) } });
    expect(changes).toEqual([]);

    const markOf = async () => (await store.describeRecords()).collections[0]?.members[0]?.mark ?? '';
    const next = async (replaces: string, mark: string) =>
      apply({
        profiles: [{ ...profile('anna', 2, LATER), replaces }],
        collections: [{ ...HOME, name: 'House', updatedAt: LATER, replaces }],
        members: [{ ...member('anna'), isMember: false, replaces: mark }],
      });
    const { profileIds, collectionIds, members } = all;
    expect((await next(LATER, '')).changed).toEqual({
      profileIds: profileIds.slice(0, 1),
      collectionIds,
      members: members.slice(0, 1),
    });
    expect((await next(AT, await markOf())).changed).toEqual(none);
    expect(await store.describeRecords()).toMatchObject({
      profiles: [
        { id: 'anna', updatedAt: LATER },
        { id: 'berta', updatedAt: AT },
      ],
      collections: [{ updatedAt: LATER, members: [{ profileId: 'berta' }] }],
    });
  });

  it('keep the owner that a record has here', async () => {
    const { store, apply } = testStore();
    const details = { name: 'Anna', metadata: {}, consent: null, templates: [template(1)], collectionId: null };
    const { profile: own } = await store.createProfile('key', details);
    const home = await store.createCollection('key', 'Home', false);
    await apply({
      profiles: [profile(own.id, 2), { ...profile('berta', 3), owner: 'other key' }],
      collections: [{ ...HOME, id: home.id }],
    });
    const owners = (await store.listProfiles(null)).map(({ id, owner }) => [id, owner]);
    expect(Object.fromEntries(owners)).toEqual({ [own.id]: 'key', berta: null });
    expect((await store.getCollection('key', home.id)).name).toBe('Home');
  });

  it('are not taken from a locked vault or into one, except for deletions', async () => {
    const { store, apply } = testStore();
    await apply({ profiles: [profile('anna', 1), { ...profile('berta', 5), blocks: [] }] });
    await store.setPassphrase('correct horse', null);
    await store.lockVault();
    const before = await store.describeRecords();
    expect(before.profiles).toHaveLength(2);
    // Berta has no templates that could not be decrypted, but a name.
    for (const id of ['anna', 'berta']) {
      await expect(store.readRecords({ profileIds: [id] })).rejects.toMatchObject(code('VAULT_LOCKED'));
    }
    await expect(apply({ profiles: [profile('clara', 1)] })).rejects.toMatchObject(code('VAULT_LOCKED'));
    expect(await store.describeRecords()).toEqual(before);
    await apply({ deletions: [{ kind: 'profile', id: 'anna', deletedAt: AT }] });
    expect((await store.describeRecords()).profiles).toEqual([{ id: 'berta', updatedAt: AT }]);
  });

  it('travel under keys that the vault keeps, until it is erased', async () => {
    const { store, name } = testStore();
    expect(await store.keptKeys('copies')).toBeNull();
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
    const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    await store.keepKeys('copies', { aes, hmac, sign: pair.privateKey, verify: pair.publicKey });
    await store.keepKeys('others', { hmac });

    const text = new TextEncoder().encode('Anna');
    const iv = new Uint8Array(12);
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, aes, text);
    const named = new Uint8Array(await crypto.subtle.sign('HMAC', hmac, text));
    const signing = { name: 'ECDSA', hash: 'SHA-256' };
    const assertKept = async (kept = store) => {
      const keys = (await kept.keptKeys('copies'))!;
      expect(Object.keys(keys)).toEqual(['aes', 'hmac', 'sign', 'verify']);
      expect(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, keys['aes']!, sealed))).toEqual(text);
      expect(new Uint8Array(await crypto.subtle.sign('HMAC', keys['hmac']!, text))).toEqual(named);
      const signature = await crypto.subtle.sign(signing, keys['sign']!, text);
      expect(await crypto.subtle.verify(signing, keys['verify']!, signature, text)).toBe(true);
      for (const secret of ['aes', 'hmac', 'sign']) {
        await expect(crypto.subtle.exportKey('jwk', keys[secret]!)).rejects.toThrow();
      }
      expect(await crypto.subtle.exportKey('raw', keys['verify']!)).toHaveProperty('byteLength', 65);
    };
    await assertKept();
    await store.setPassphrase('correct horse', null);
    await assertKept();
    await store.lockVault();
    await expect(store.keptKeys('copies')).rejects.toMatchObject(code('VAULT_LOCKED'));
    await expect(store.keepKeys('copies', { hmac })).rejects.toMatchObject(code('VAULT_LOCKED'));
    // What is not to be kept any more needs no passphrase.
    await store.keepKeys('others', null);
    const another = createStore(name, { audit: true, onChange: () => undefined });
    onTestFinished(() => another.close());
    await expect(another.keptKeys('copies')).rejects.toMatchObject(code('VAULT_LOCKED'));
    await another.unlockVault('correct horse');
    await assertKept(another);
    expect(await another.keptKeys('others')).toBeNull();
    expect(JSON.stringify(await another.exportContent())).not.toContain('aes');

    // Nothing of a key is in the database.
    const db = await openDB(name);
    const stored = JSON.stringify((await db.getAll('keySets')) as unknown);
    db.close();
    expect(stored).toContain('copies');
    expect(stored).not.toMatch(/jwk|AES|HMAC/);

    await another.destroyKey();
    expect(await another.keptKeys('copies')).toBeNull();
    await another.keepKeys('copies', { hmac });
    expect(await another.keptKeys('copies')).not.toBeNull();
    await another.eraseAll();
    expect(await another.keptKeys('copies')).toBeNull();
  });

  it('are refused as a whole if one of them is wrong', async () => {
    const { store, apply } = testStore();
    const anna = profile('anna', 1);
    const vector = (values: readonly number[]) => ({
      space: SPACE,
      templates: [{ id: 't', createdAt: AT, quality: 0.5, vector: Float32Array.from(values) }],
    });
    const wrong: [records: object, message: RegExp][] = [
      [{ profiles: [anna, { ...anna, id: 'b', name: 7 }] }, /profiles\[1\]\.name must be a string/],
      [{ profiles: [anna, anna] }, /profiles must be a list without an id twice/],
      [{ profiles: [{ ...anna, updatedAt: 'today' }] }, /profiles\[0\]\.updatedAt must be a time/],
      [{ profiles: [{ ...anna, blocks: [vector([1, 2, 3])] }] }, /vector must be a Float32Array of 4 numbers/],
      [{ profiles: [{ ...anna, blocks: [vector([0, 0, 0, 0])] }] }, /norm is above 0/],
      [{ profiles: [{ ...anna, blocks: [vector([1, NaN, 0, 0])] }] }, /norm is above 0/],
      [{ profiles: [{ ...anna, blocks: [block(1), block(2)] }] }, /without a space twice/],
      [{ profiles: [{ ...anna, blocks: [{ space: SPACE, templates: [] }] }] }, /1 to 50 templates/],
      [{ profiles: [{ ...anna, replaces: 7 }] }, /replaces must be a string/],
      [{ profiles: null }, /profiles must be a list/],
      [{ profiles: [anna], collections: [{ ...HOME, unknowns: 'yes' }] }, /unknowns must be true or false/],
      [{ profiles: [anna], members: [{ ...member('anna'), isMember: 1 }] }, /isMember must be true or false/],
      [{ profiles: [anna], deletions: [{ kind: 'key', id: 'k', deletedAt: AT }] }, /'profile' or 'collection'/],
    ];
    for (const [records, message] of wrong) {
      await expect(apply(records), String(message)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(message) as string,
      });
    }
    const elsewhere = { ...anna, blocks: [{ ...block(1), space: 'other-space' }] };
    await expect(apply({ profiles: [elsewhere] })).rejects.toMatchObject(code('EMBEDDING_SPACE_MISMATCH'));
    expect((await store.describeRecords()).profiles).toEqual([]);
  });

  it('of 2,000 people are all copied, 500 at a time', { timeout: 120_000 }, async () => {
    const [source, target] = [testStore(), testStore()];
    const ids = Array.from({ length: 2_000 }, (_, i) => `p${String(i).padStart(5, '0')}`);
    const batches = Array.from({ length: 4 }, (_, i) => ids.slice(500 * i, 500 * (i + 1)));
    await source.apply({ collections: [HOME] });
    for (const batch of batches) {
      const profiles = batch.map((id, i) => profile(id, i + 1));
      await source.apply({ profiles, members: batch.map((id) => member(id)) });
    }
    const state = await source.store.describeRecords();
    expect(state.profiles.map(({ id }) => id)).toEqual(ids);
    await target.apply({ collections: [HOME] });
    for (const batch of batches) {
      const members = batch.map((profileId) => ({ collectionId: 'home', profileId }));
      const records = await source.store.readRecords({ profileIds: batch, members });
      expect(records.profiles).toHaveLength(500);
      expect(await target.apply(records)).toMatchObject({ skipped: [] });
    }
    expect(await target.store.describeRecords()).toEqual(state);
  });
});

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

/** Brings everything that one kit has to another, and takes away what it no longer has. */
async function copy(from: FaceKit, to: FaceKit): Promise<void> {
  const [state, there] = [await from.replica.state(), await to.replica.state()];
  expect(state.space).toBe((await from.info()).embeddingSpace);
  const pairs = [...state.collections, ...there.collections].flatMap(({ id, members }) =>
    members.map(({ profileId }) => ({ collectionId: id, profileId })),
  );
  const { deletions: _, ...records } = await from.replica.read({
    profileIds: state.profiles.map(({ id }) => id),
    collectionIds: state.collections.map(({ id }) => id),
    members: pairs,
  });
  expect(await to.replica.apply({ ...records, deletions: state.deletions })).toMatchObject({ skipped: [] });
}

describe('a kit', () => {
  let anna: Blob;
  let berta: Blob;
  let mirroredAnna: Blob;
  beforeAll(async () => {
    anna = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
    berta = await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6);
    mirroredAnna = await disguised(anna);
  });

  it('recognizes as the other one does, whatever happens there', async () => {
    const source = await sharedKit();
    const target = await testKit({ autoTrain: true });
    const { id } = await source.collections.create('Home', { unknowns: true });
    for (const [photo, name] of [
      [anna, 'Anna'],
      [berta, 'Berta'],
    ] as const) {
      expect(await source.enroll([photo], { name, collectionId: id })).toMatchObject({ outcome: 'enrolled' });
    }
    const trained = next(target, 'classifier', ({ state }) => state === 'trained');
    await copy(source, target);
    await trained;
    expect(await target.profiles.list()).toEqual(await source.profiles.list());
    const [one, two] = await source.profiles.list();
    await source.train(id);
    const both = async (photo: Blob) => {
      const results = [await source.identify(photo, id), await target.identify(photo, id)];
      const [here, there] = results.map(({ faces }) => faces.map(({ identificationId: _, ...face }) => face));
      expect(there).toEqual(here);
      return here?.[0];
    };
    expect(await both(mirroredAnna)).toMatchObject({ outcome: 'identified', profileId: one?.id, name: 'Anna' });

    await source.profiles.update(one?.id ?? '', { name: 'Anne' });
    const { faces } = await source.identify(mirroredAnna, id);
    await source.reject(faces[0]?.identificationId ?? '');
    await copy(source, target);
    await Promise.all([source.train(id), target.train(id)]);
    expect(await both(mirroredAnna)).toMatchObject({ outcome: 'unknown', reason: 'rejected-before' });
    expect(await both(anna)).toMatchObject({ name: 'Anne' });

    await source.collections.update(id, { removeProfileIds: [one?.id ?? ''] });
    await copy(source, target);
    await Promise.all([source.train(id), target.train(id)]);
    expect(await both(anna)).toMatchObject({ outcome: 'unknown' });

    const gone = next(target, 'profiles', ({ change }) => change === 'deleted');
    await source.profiles.delete(two?.id ?? '');
    await copy(source, target);
    expect(await gone).toEqual({ change: 'deleted', ids: [two?.id], origin: 'this-kit' });
    expect(await target.profiles.list()).toEqual(await source.profiles.list());
    await expect(target.profiles.get(two?.id ?? '')).rejects.toMatchObject(code('PROFILE_GONE'));
    expect((await target.replica.state()).deletions).toEqual((await source.replica.state()).deletions);
  });

  it('checks what it is asked for', async () => {
    const kit = await sharedKit();
    const sealed = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
    const modulus = { modulusLength: 2_048, publicExponent: Uint8Array.of(1, 0, 1) };
    const signing = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', ...modulus };
    const rsa = await crypto.subtle.generateKey(signing, true, ['sign', 'verify']);
    const wrong = [
      () => kit.replica.read({ profileIds: 'anna' } as never),
      () => kit.replica.read({ members: ['anna'] } as never),
      () => kit.replica.read({ names: [] } as never),
      () => kit.replica.apply({ profiles: {} } as never),
      () => kit.replica.apply({ drops: ['anna'] } as never),
      () => kit.replica.apply({ people: [] } as never),
      () => kit.replica.apply({ profiles: [{ id: 'anna' }] } as never),
      () => kit.replica.apply(null as never),
      () => kit.replica.state({ limit: 1 } as never),
      () => kit.replica.keys(7 as never),
      () => kit.replica.keepKeys('', null),
      () => kit.replica.keepKeys('fleet', ['key'] as never),
      () => kit.replica.keepKeys('fleet', { key: 'secret' } as never),
      () => kit.replica.keepKeys('fleet', { sealed }),
      () => kit.replica.keepKeys('fleet', { rsa: rsa.publicKey }),
    ];
    for (const call of wrong) await expect(call(), String(call)).rejects.toMatchObject(code('INVALID_INPUT'));
    expect(await kit.replica.read({})).toEqual({ profiles: [], collections: [], members: [], deletions: [] });
    expect(await kit.replica.apply({})).toMatchObject({ skipped: [] });
    expect(await kit.replica.keys('fleet')).toBeNull();
    const { space, spaces } = await kit.replica.state();
    expect(spaces).toContain(space);
  });
});
