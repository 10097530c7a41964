/** What is held of a collection from one read to the next. */
import { expect, it } from 'vitest';
import type { Classifier } from '../../src/recognition/classifier.js';
import { profileMean } from '../../src/recognition/gallery.js';
import type { CollectionContent, FaceStore, StoredClassifierState } from '../../src/worker/ports/face-store.js';
import { createLoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { atAngle, CALIBRATION, SPACE, storedProfiles, template } from './vectors.js';

const ANNA = [template('a1', 'anna', atAngle(10)), template('a2', 'anna', atAngle(30))];
const BERTA = [template('b1', 'berta', atAngle(80))];
const CLEO = [template('c1', 'cleo', atAngle(120))];

const EMBEDDER = { space: SPACE, dimension: 2, calibration: { ...CALIBRATION, origin: 'test' } };
const collectionRevision: FaceStore['collectionRevision'] = () =>
  Promise.resolve({ revision: 1, classifier: 'untrained' });

/** A store that leaves out what is known, and the ids of the profiles that it decrypted at each reading. */
function storeOf(...people: (typeof ANNA)[]) {
  const state = { people, decrypted: [] as string[][], failure: null as Error | null };
  const loadCollection: FaceStore['loadCollection'] = (_owner, _id, _space, known) => {
    if (state.failure) return Promise.reject(state.failure);
    const profiles = storedProfiles(state.people.flat()).map((profile) =>
      known?.profiles.get(profile.id)?.seal === profile.seal ? { ...profile, templates: null } : profile,
    );
    state.decrypted.push(profiles.filter(({ templates }) => templates).map(({ id }) => id));
    const content: CollectionContent = { revision: 1, profiles, negatives: [], classifier: null };
    return Promise.resolve(content);
  };
  return { state, reader: createLoadedCollections({ collectionRevision, loadCollection }, EMBEDDER) };
}

const rowsOfPeople = (...people: (typeof ANNA)[]) =>
  people.flatMap((templates) => [...profileMean(templates, CALIBRATION)]);

it('reads what changed, and has the same means as if it had read everything', async () => {
  const { state, reader } = storeOf(ANNA, BERTA);
  const first = await reader.read(null, 'home');
  expect(first).toMatchObject({ revision: 1, profileIds: ['anna', 'berta'], templateCount: 3 });
  expect([...first.rows]).toEqual(rowsOfPeople(ANNA, BERTA));

  const later = [...BERTA, template('b2', 'berta', atAngle(100))];
  const steps: (typeof ANNA)[][] = [[ANNA, BERTA], [CLEO, ANNA, BERTA], [CLEO, later], [], [ANNA]];
  for (const people of steps) {
    state.people = people;
    const means = await reader.read(null, 'home');
    expect(means.profileIds).toEqual(people.map(([one]) => one?.profileId));
    expect([...means.rows]).toEqual(rowsOfPeople(...people));
    expect(means.templateCount).toBe(people.flat().length);
  }
  expect(state.decrypted).toEqual([['anna', 'berta'], [], ['cleo'], ['berta'], [], ['anna']]);
  // What was given out before is as it was.
  expect([...first.rows]).toEqual(rowsOfPeople(ANNA, BERTA));
});

it('decrypts again what was removed, and nothing else', async () => {
  const { state, reader } = storeOf(ANNA, BERTA);
  const read = async (collectionId: string) => {
    const { rows } = await reader.read(null, collectionId);
    expect([...rows]).toEqual(rowsOfPeople(ANNA, BERTA));
    return state.decrypted.at(-1);
  };
  for (const id of ['home', 'work']) expect(await read(id)).toEqual(['anna', 'berta']);

  expect(reader.purge({ collections: { change: 'deleted', ids: ['home'] } })).toBe(true);
  expect([await read('work'), await read('home')]).toEqual([[], ['anna', 'berta']]);
  expect(reader.purge({ profiles: { change: 'deleted', ids: ['anna'] } })).toBe(true);
  expect([await read('work'), await read('home')]).toEqual([['anna'], ['anna']]);
  expect(reader.purge({ removed: { collectionId: 'home', profileIds: ['berta'] } })).toBe(true);
  expect([await read('work'), await read('home')]).toEqual([[], ['berta']]);
  for (const change of [
    { vault: 'changed' },
    { profiles: { change: 'reset', ids: [] } },
    { collections: { change: 'reset', ids: [] } },
  ] as const) {
    expect(reader.purge(change)).toBe(true);
    expect(reader.held().size).toBe(0);
    expect([await read('work'), await read('home')]).toEqual([
      ['anna', 'berta'],
      ['anna', 'berta'],
    ]);
  }
  for (const change of ['created', 'updated'] as const) {
    const added = { profiles: { change, ids: ['anna'] }, collections: { change, ids: ['home'] } };
    expect(reader.purge({ ...added, classifiers: [{ collectionId: 'home', state: 'stale' }] })).toBe(false);
  }
  expect(await read('home')).toEqual([]);
});

it('refuses templates of another space, and goes on with what it knew', async () => {
  const { state, reader } = storeOf(ANNA);
  await reader.read(null, 'home');
  state.people = [ANNA, [template('b1', 'berta', atAngle(80), { space: 'other' })]];
  await expect(reader.read(null, 'home')).rejects.toMatchObject({ code: 'EMBEDDING_SPACE_MISMATCH' });
  state.failure = new Error('the disk');
  await expect(reader.read(null, 'home')).rejects.toThrow('the disk');
  state.failure = null;
  state.people = [ANNA, BERTA];
  expect((await reader.read(null, 'home')).profileIds).toEqual(['anna', 'berta']);
  expect(state.decrypted.at(-1)).toEqual(['berta']);
});

it('leaves out a profile that has no templates', async () => {
  const nobody = { id: 'nobody', seal: 's', templates: [] };
  const profiles = [nobody, ...storedProfiles(ANNA)];
  const content: CollectionContent = { revision: 1, profiles, negatives: [], classifier: null };
  const loadCollection = () => Promise.resolve(content);
  const reader = createLoadedCollections({ collectionRevision, loadCollection }, EMBEDDER);
  const { profileIds, rows } = await reader.read(null, 'home');
  expect(profileIds).toEqual(['anna']);
  expect([...rows]).toEqual(rowsOfPeople(ANNA));
});

it('drops the negatives of a removed profile that has no templates', async () => {
  const negatives = [{ profileId: 'dora', space: SPACE, vector: atAngle(5) }];
  const profiles = storedProfiles(ANNA);
  const loadCollection: FaceStore['loadCollection'] = () =>
    Promise.resolve({ revision: 1, profiles, negatives, classifier: null });
  const reader = createLoadedCollections({ collectionRevision, loadCollection }, EMBEDDER);
  await reader.load(null, 'home');
  expect(reader.held().get('dora')).toBe(1);
  reader.purge({ removed: { collectionId: 'home', profileIds: ['dora'] } });
  expect(reader.held().has('dora')).toBe(false);
  expect(reader.held().has('anna')).toBe(true);
});

/** A store of one collection whose content and state a test changes; counts how often it is read. */
function changingStore(people: readonly (typeof ANNA)[], content: Partial<CollectionContent> = {}) {
  const state = { reads: 0, revision: 1, classifier: 'untrained' as StoredClassifierState, content };
  const store: Pick<FaceStore, 'collectionRevision' | 'loadCollection'> = {
    collectionRevision: () => Promise.resolve({ revision: state.revision, classifier: state.classifier }),
    loadCollection: () => {
      state.reads++;
      const profiles = storedProfiles(people.flat());
      return Promise.resolve({ revision: state.revision, profiles, negatives: [], classifier: null, ...state.content });
    },
  };
  return { state, reader: createLoadedCollections(store, EMBEDDER) };
}

const CLASSIFIER: Classifier = {
  version: 3,
  space: SPACE,
  profileIds: ['anna', 'berta'],
  commonness: Float32Array.of(0.1, 0.2),
  strangerShift: 0,
};

it('loads a collection again when its revision changed, or whether it is trained', async () => {
  const { state, reader } = changingStore([ANNA, BERTA]);
  const load = async () => {
    const { revision, classifier, state: told } = await reader.load(null, 'home');
    return [state.reads, revision, classifier !== null, told];
  };
  expect(await load()).toEqual([1, 1, false, 'untrained']);
  expect(await load()).toEqual([1, 1, false, 'untrained']);
  // Out of date is not trained either, so that the same data serve.
  state.classifier = 'stale';
  expect(await load()).toEqual([1, 1, false, 'stale']);
  state.classifier = 'trained';
  state.content = { classifier: CLASSIFIER };
  expect(await load()).toEqual([2, 1, true, 'trained']);
  expect(await load()).toEqual([2, 1, true, 'trained']);
  state.classifier = 'stale';
  state.content = {};
  expect(await load()).toEqual([3, 1, false, 'stale']);
  state.revision = 2;
  expect(await load()).toEqual([4, 2, false, 'stale']);
});

it('loads a trained collection as such, although it was not when its state was read', async () => {
  const { reader } = changingStore([ANNA, BERTA], { classifier: CLASSIFIER });
  expect(await reader.load(null, 'home')).toMatchObject({ state: 'trained', classifier: CLASSIFIER });
});

it('holds what a search and a training need of each profile, and drops only what was removed', async () => {
  const negatives = [BERTA, CLEO].map(() => ({ profileId: 'berta', space: SPACE, vector: atAngle(5) }));
  const { state, reader } = changingStore([ANNA, BERTA, CLEO], { negatives });
  const heldOf = (...ids: readonly string[]) => ids.map((id) => reader.held().get(id) ?? 0);
  const { keep } = await reader.read(null, 'home');
  // The means, and nothing else yet.
  expect([...reader.held()]).toEqual([
    ['anna', 1],
    ['berta', 1],
    ['cleo', 1],
  ]);
  keep({
    classifier: CLASSIFIER,
    rows: Float32Array.of(...atAngle(20), ...atAngle(80)),
    nearest: [{ profileId: 'anna', distance: 0.5 }, null, { profileId: 'anna', distance: 0.6 }],
  });
  await reader.load(null, 'home');
  // Anna: a mean, a row of the gallery, one of the classifier, and two strangers. Berta: two rejected faces.
  expect(heldOf('anna', 'berta', 'cleo')).toEqual([5, 5, 2]);

  // Somebody else, and another collection.
  reader.purge({ profiles: { change: 'deleted', ids: ['dora'] } });
  reader.purge({ removed: { collectionId: 'work', profileIds: ['anna'] } });
  expect(heldOf('anna', 'berta', 'cleo')).toEqual([5, 5, 2]);
  const { reads } = state;
  await reader.load(null, 'home');
  expect(state.reads).toBe(reads);

  reader.purge({ profiles: { change: 'deleted', ids: ['anna'] } });
  // The gallery is dropped as a whole; the means and the training of the others stay.
  expect(heldOf('anna', 'berta', 'cleo')).toEqual([0, 2, 1]);
});

it('drops a gallery for one of its profiles, and for one that has only a rejected face', async () => {
  for (const id of ['anna', 'dora']) {
    const negatives = ['dora', 'berta'].map((profileId) => ({ profileId, space: SPACE, vector: atAngle(5) }));
    const { reader } = changingStore([ANNA, BERTA], { negatives });
    await reader.load(null, 'home');
    expect(reader.held().get('berta')).toBe(3);
    reader.purge({ removed: { collectionId: 'home', profileIds: [id] } });
    expect(reader.held().has(id)).toBe(false);
    expect(reader.held().get('berta')).toBe(1);
  }
});

it('drops a profile and a collection that are deleted together', async () => {
  const { reader } = changingStore([ANNA, BERTA]);
  for (const id of ['home', 'work']) await reader.load(null, id);
  const [profiles, collections] = [
    { change: 'deleted', ids: ['anna'] },
    { change: 'deleted', ids: ['work'] },
  ] as const;
  expect(reader.purge({ profiles, collections })).toBe(true);
  expect([...reader.held()]).toEqual([['berta', 1]]);
});

it('drops the templates that a profile lost in an embedding space, and keeps the others', async () => {
  const { reader, state } = changingStore([ANNA, BERTA], {
    negatives: [{ profileId: 'anna', space: SPACE, vector: atAngle(5) }],
  });
  const NEW = { ...EMBEDDER, space: 'new' };
  const inNew = [ANNA, BERTA].flat().map((each) => ({ ...each, space: 'new' }));
  await reader.load(null, 'home');
  const { keep } = await reader.read(null, 'home');
  keep({
    classifier: CLASSIFIER,
    rows: Float32Array.of(...atAngle(20), ...atAngle(80)),
    nearest: [{ profileId: 'anna', distance: 0.5 }],
  });
  state.content = { profiles: storedProfiles(inNew) };
  await reader.load(null, 'home', NEW);
  // In both spaces a mean and a row of the gallery; in the first also a row of the classifier, and of Anna a rejected
  // face and a stranger.
  expect([...reader.held()]).toEqual([
    ['anna', 7],
    ['berta', 5],
  ]);
  const watched = reader.watch();
  // Nobody was removed, so that faces of before may be kept.
  expect(reader.purge({ dropped: { spaces: [SPACE, 'unknown'], profileIds: ['anna'] } })).toBe(false);
  expect([...reader.held()]).toEqual([
    ['berta', 4],
    ['anna', 2],
  ]);
  expect(watched()).toBe(true);
});

it('keeps no templates that were read before the profile lost them', async () => {
  const { reader } = changingStore([ANNA]);
  const first = reader.load(null, 'home');
  reader.purge({ dropped: { spaces: ['other'], profileIds: ['anna'] } });
  expect((await first).isCurrent()).toBe(true);
  expect(reader.held().get('anna')).toBe(2);
  const { keep } = await reader.read(null, 'home');
  const second = reader.read(null, 'home');
  reader.purge({ dropped: { spaces: [SPACE], profileIds: ['anna'] } });
  await second;
  keep({ classifier: CLASSIFIER, rows: new Float32Array(4), nearest: [] });
  expect(reader.held().size).toBe(0);
});

it('keeps nothing that was read before a removal and comes after it', async () => {
  const { reader } = changingStore([ANNA]);
  const { isCurrent } = await reader.load(null, 'home');
  const { keep } = await reader.read(null, 'home');
  const watched = reader.watch();
  expect([isCurrent(), watched()]).toEqual([true, true]);
  reader.purge({ vault: 'changed' });
  expect([isCurrent(), watched(), reader.watch()()]).toEqual([false, false, true]);
  keep({ classifier: CLASSIFIER, rows: new Float32Array(4), nearest: [] });
  expect(reader.held().size).toBe(0);
});
