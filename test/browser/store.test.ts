/** The store on a real IndexedDB: records, transactions, versions, and other tabs. */
import { deleteDB, openDB } from 'idb';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FaceStore, NewTemplate } from '../../src/worker/engine.js';
import { createStore, MIGRATIONS } from '../../src/worker/store.js';

const SPACE = 'test-space';

function testStore(name = `store-${crypto.randomUUID()}`): { store: FaceStore; name: string } {
  const store = createStore(name);
  onTestFinished(async () => {
    await store.close();
    await deleteDB(name);
  });
  return { store, name };
}

function template(seed: number): NewTemplate {
  return { space: SPACE, vector: Float32Array.from({ length: 4 }, (_, i) => seed + i) };
}

/** Enrols a person with templates of consecutive seeds. */
async function enrolled(store: FaceStore, name: string, seeds: readonly number[], collectionId: string | null = null) {
  return (await store.createProfile({ name, metadata: {}, templates: seeds.map(template), collectionId })).profile;
}

const CLASSIFIER = {
  version: 1,
  space: SPACE,
  dimension: 4,
  profileIds: ['p'],
  weights: new Float32Array(4),
  biases: new Float32Array(1),
  iterations: 3,
  loss: 0.5,
} as const;

describe('profiles', () => {
  it('are stored with their templates, in the order of enrolment', async () => {
    const { store } = testStore();
    const { profile, templateIds } = await store.createProfile({
      name: 'Anna',
      metadata: { badge: 7, tags: ['a'] },
      templates: [template(1), template(2)],
      collectionId: null,
    });
    expect(profile).toMatchObject({
      name: 'Anna',
      metadata: { badge: 7, tags: ['a'] },
      templateCount: 2,
      collectionIds: [],
    });
    const added = await store.addTemplates(profile.id, [template(3)]);
    expect(added.profile.templateCount).toBe(3);
    const templates = await store.templatesOf(profile.id);
    expect(templates.map(({ vector }) => vector[0])).toEqual([1, 2, 3]);
    expect(templates.map(({ id }) => id)).toEqual([...templateIds, ...added.templateIds]);
    expect(templates.every(({ space, profileId }) => space === SPACE && profileId === profile.id)).toBe(true);
    expect(await store.getProfile(profile.id)).toEqual(added.profile);
    expect(Date.parse(profile.createdAt)).not.toBeNaN();
  });

  it('are listed oldest first, with their collections', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection('Home');
    const names = ['A', 'B', 'C'];
    for (const [i, name] of names.entries()) await enrolled(store, name, [i], name === 'B' ? id : null);
    const list = await store.listProfiles();
    expect(list.map(({ name }) => name).sort()).toEqual(names);
    expect(list.map(({ createdAt }) => createdAt)).toEqual(list.map(({ createdAt }) => createdAt).sort());
    expect(list.find(({ name }) => name === 'B')?.collectionIds).toEqual([id]);
  });

  it('are renamed without making classifiers stale', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection('Home');
    const profile = await enrolled(store, 'Ana', [1], id);
    await store.saveClassifier(id, (await store.collectionRevision(id)).revision, CLASSIFIER);
    expect((await store.renameProfile(profile.id, 'Anna')).name).toBe('Anna');
    expect(await store.namesOf([profile.id, 'gone'])).toEqual(['Anna', null]);
    expect((await store.renameProfile(profile.id, null)).name).toBeNull();
    expect((await store.getCollection(id)).classifier).toBe('trained');
  });

  it('are deleted with their templates and memberships, and nothing of others', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection('Home');
    const gone = await enrolled(store, 'Gone', [1, 2, 3], id);
    const kept = await enrolled(store, 'Kept', [10, 11], id);
    await store.deleteProfile(gone.id);
    await expect(store.getProfile(gone.id)).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    await expect(store.deleteProfile(gone.id)).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    await expect(store.templatesOf(gone.id)).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    expect((await store.getCollection(id)).profileIds).toEqual([kept.id]);
    expect(await store.count()).toEqual({ profiles: 1, templates: 2, collections: 1 });
  });
});

describe('collections', () => {
  it('take and lose profiles, and count what they recognise by revision', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection('Home');
    const revision = async () => (await store.collectionRevision(id)).revision;
    const [a, b] = [await enrolled(store, 'A', [1]), await enrolled(store, 'B', [2, 3])];
    const first = await revision();
    const updated = await store.updateCollection(id, { addProfileIds: [a.id, b.id, b.id] });
    expect([...updated.profileIds].sort()).toEqual([a.id, b.id].sort());
    expect(await revision()).toBe(first + 1);
    // In already, or not in: nothing changes.
    await store.updateCollection(id, { name: 'House', addProfileIds: [a.id], removeProfileIds: ['nobody'] });
    expect(await revision()).toBe(first + 1);
    expect((await store.getCollection(id)).name).toBe('House');
    await store.addTemplates(a.id, [template(4)]);
    expect(await revision()).toBe(first + 2);
    await store.updateCollection(id, { removeProfileIds: [a.id] });
    expect((await store.getCollection(id)).profileIds).toEqual([b.id]);
    const content = await store.loadCollection(id);
    expect(content.templates.map(({ vector }) => vector[0])).toEqual([2, 3]);
    expect(content.revision).toBe(first + 3);
  });

  it('keep their classifier until they change', async () => {
    const { store } = testStore();
    const { id, classifier } = await store.createCollection('Home');
    expect(classifier).toBe('untrained');
    await enrolled(store, 'A', [1], id);
    const { revision } = await store.collectionRevision(id);
    await store.saveClassifier(id, revision, CLASSIFIER);
    expect((await store.getCollection(id)).classifier).toBe('trained');
    expect((await store.loadCollection(id)).classifier).toEqual(CLASSIFIER);
    await enrolled(store, 'B', [2], id);
    expect((await store.listCollections())[0]?.classifier).toBe('stale');
    expect((await store.loadCollection(id)).classifier).toBeNull();
    // What was trained before the change came in does not become current by being saved late.
    await store.saveClassifier(id, revision, CLASSIFIER);
    expect((await store.collectionRevision(id)).classifier).toBe('stale');
  });

  it('are deleted without their profiles', async () => {
    const { store } = testStore();
    const [home, work] = [await store.createCollection('Home'), await store.createCollection('Work')];
    const profile = await enrolled(store, 'A', [1], home.id);
    await store.updateCollection(work.id, { addProfileIds: [profile.id] });
    await store.deleteCollection(home.id);
    await expect(store.getCollection(home.id)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    await expect(store.saveClassifier(home.id, 1, CLASSIFIER)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect((await store.getProfile(profile.id)).collectionIds).toEqual([work.id]);
  });
});

describe('a write', () => {
  it('that fails in its middle leaves nothing behind', async () => {
    const { store } = testStore();
    const before = await store.count();
    // The collection is looked for after profile and templates were added.
    const failing = enrolled(store, 'A', [1, 2], 'no-such-collection');
    await expect(failing).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect(await store.count()).toEqual(before);

    const profile = await enrolled(store, 'B', [1]);
    const broken = { space: SPACE, vector: (() => undefined) as unknown as Float32Array };
    await expect(store.addTemplates(profile.id, [template(2), broken])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(await store.templatesOf(profile.id)).toHaveLength(1);
    expect((await store.getProfile(profile.id)).templateCount).toBe(1);

    const { id } = await store.createCollection('Home');
    const adding = store.updateCollection(id, { name: 'New', addProfileIds: [profile.id, 'nobody'] });
    await expect(adding).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    expect(await store.getCollection(id)).toMatchObject({ name: 'Home', profileIds: [] });
  });

  it('from two connections at once loses nothing', async () => {
    const { store, name } = testStore();
    const other = createStore(name);
    onTestFinished(() => other.close());
    const { id } = await store.createCollection('Home');
    const profile = await enrolled(store, 'A', [0], id);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).addTemplates(profile.id, [template(i + 1)])),
    );
    const templates = await store.templatesOf(profile.id);
    expect(templates.map(({ vector }) => vector[0] as number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 21 }, (_, i) => i),
    );
    expect((await other.getProfile(profile.id)).templateCount).toBe(21);
  });
});

describe('versions and connections', () => {
  it('opens a database of version 1 with what it holds', async () => {
    const { store, name } = testStore();
    // Written out as version 1 was released, and not to be changed with the schema.
    const old = await openDB(name, 1, {
      upgrade(db) {
        db.createObjectStore('profiles', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
        db.createObjectStore('templates', { keyPath: 'id' }).createIndex('profile', ['profileId', 'ordinal'], {
          unique: true,
        });
        db.createObjectStore('collections', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
        const memberships = db.createObjectStore('memberships', { keyPath: ['collectionId', 'profileId'] });
        memberships.createIndex('profileId', 'profileId');
        db.createObjectStore('classifiers', { keyPath: 'collectionId' });
      },
    });
    const at = '2026-01-02T03:04:05.678Z';
    await old.add('profiles', { id: 'p1', name: 'Anna', metadata: {}, templateCount: 1, createdAt: at, updatedAt: at });
    await old.add('templates', {
      id: 't1',
      profileId: 'p1',
      ordinal: 0,
      space: SPACE,
      vector: Float32Array.of(1, 2, 3, 4),
      createdAt: at,
    });
    await old.add('collections', {
      id: 'c1',
      name: 'Home',
      revision: 4,
      trainedRevision: 4,
      createdAt: at,
      updatedAt: at,
    });
    await old.add('memberships', { collectionId: 'c1', profileId: 'p1' });
    await old.add('classifiers', { collectionId: 'c1', classifier: CLASSIFIER });
    old.close();

    expect(await store.listProfiles()).toEqual([
      { id: 'p1', name: 'Anna', metadata: {}, templateCount: 1, collectionIds: ['c1'], createdAt: at, updatedAt: at },
    ]);
    expect(await store.getCollection('c1')).toMatchObject({ profileIds: ['p1'], classifier: 'trained' });
    const { templates, classifier } = await store.loadCollection('c1');
    expect(templates[0]?.vector).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(classifier).toEqual(CLASSIFIER);
  });

  it('lets a newer version in, and says so when it comes back', async () => {
    const { store, name } = testStore();
    await store.createCollection('Home');
    // Would wait for ever if the store kept its connection.
    const newer = await openDB(name, 1000);
    newer.close();
    await expect(store.listCollections()).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('newer version') as string,
    });
  });

  it('migrates step by step and keeps what is stored', async () => {
    const { store, name } = testStore();
    const profile = await enrolled(store, 'Anna', [1, 2]);
    const steps: number[] = [];
    const next = createStore(name, [...MIGRATIONS, () => steps.push(2), () => steps.push(3)]);
    onTestFinished(() => next.close());
    expect(await next.getProfile(profile.id)).toEqual(profile);
    expect(await next.templatesOf(profile.id)).toHaveLength(2);
    expect(steps).toEqual([2, 3]);
  });

  it('reports a tab that does not let go of an older version, and goes on when it does', async () => {
    const { store, name } = testStore();
    await enrolled(store, 'Anna', [1]);
    await store.close();
    // A connection of idb without a handler for versionchange stays open.
    const stubborn = await openDB(name, 1);
    onTestFinished(() => {
      stubborn.close();
    });
    const next = createStore(name, [...MIGRATIONS, () => undefined]);
    onTestFinished(() => next.close());
    await expect(next.count()).rejects.toMatchObject({
      code: 'STORAGE_BLOCKED',
      message: expect.stringContaining('Close the other tabs') as string,
    });
    stubborn.close();
    expect(await next.count()).toMatchObject({ profiles: 1 });
  });

  it('is closed for good', async () => {
    const { store } = testStore();
    await store.count();
    await store.close();
    await expect(store.count()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
