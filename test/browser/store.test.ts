/** The store on a real IndexedDB: records, transactions, encryption, versions, and other tabs. */
import { deleteDB, openDB } from 'idb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type {
  BackupContent,
  CollectionContent,
  FaceStore,
  KnownContent,
  NewTemplate,
  StoreChange,
} from '../../src/worker/ports/face-store.js';
import type { Profile } from '../../src/api/profiles.js';
import { createStore } from '../../src/worker/store/store.js';
import { MIGRATIONS } from '../../src/worker/store/database/schema.js';
import { createVersion3, eventually, HAS_STORAGE_MANAGER, openVersion1, openVersion2 } from './support.js';
import { openTab, type Tab } from './tab.js';
import { decodeClassifiers } from '../../src/worker/store/block.js';

const SPACE = 'test-space';
const OTHER = 'other-space';
const LIMIT = 50;

function testStore(name = `store-${crypto.randomUUID()}`, audit = true) {
  const changes: StoreChange[] = [];
  const store = createStore(name, { audit, onChange: (change) => changes.push(change) });
  onTestFinished(async () => {
    await store.close();
    await deleteDB(name);
  });
  return { store, name, changes };
}

function template(seed: number, quality = 0.5): NewTemplate {
  return { space: SPACE, vector: Float32Array.from({ length: 4 }, (_, i) => seed + i), quality };
}

/** Enrolls a person with templates of consecutive seeds. */
async function enrolled(
  store: FaceStore,
  name: string,
  seeds: readonly number[],
  collectionId: string | null = null,
  owner: string | null = null,
) {
  const templates = seeds.map((seed) => template(seed));
  const created = await store.createProfile(owner, { name, metadata: {}, consent: null, templates, collectionId });
  return created.profile;
}

const seedsOf = async (store: FaceStore, profileId: string) =>
  (await store.templatesOf(null, profileId)).map(({ vector }) => vector[0]);

const templatesIn = ({ profiles }: CollectionContent) => profiles.flatMap(({ templates }) => templates ?? []);

/** Returns the keys of all records in these object stores. */
async function keysIn(name: string, ...stores: readonly string[]): Promise<IDBValidKey[][]> {
  const db = await openDB(name);
  const keys = await Promise.all(stores.map((each) => db.getAllKeys(each)));
  db.close();
  return keys;
}

/** What a caller knows that has read this. */
function knownOf({ revision, profiles }: CollectionContent): KnownContent {
  return { revision, profiles: new Map(profiles.map((profile) => [profile.id, profile])) };
}

const CLASSIFIER = {
  version: 3,
  space: SPACE,
  profileIds: ['p'],
  commonness: Float32Array.of(1, 2, 3, 4),
  strangerShift: 0.5,
} as const;

const code = (expected: string) => ({ code: expected });

describe('profiles', () => {
  it('are stored with their templates, in the order of enrollment', async () => {
    const { store, changes } = testStore();
    const { profile, templateIds } = await store.createProfile(null, {
      name: 'Anna',
      metadata: { badge: 7, tags: ['a'] },
      consent: 'signed on paper',
      templates: [template(1), template(2)],
      collectionId: null,
    });
    expect(profile).toMatchObject({
      name: 'Anna',
      metadata: { badge: 7, tags: ['a'] },
      consent: 'signed on paper',
      owner: null,
      templateCount: 2,
      collectionIds: [],
    });
    const added = await store.addTemplates(null, profile.id, [template(3)], LIMIT);
    expect(added.profile.templateCount).toBe(3);
    expect(added.replacedTemplateIds).toEqual([]);
    const templates = await store.templatesOf(null, profile.id);
    expect(templates.map(({ vector }) => [...vector])).toEqual([
      [1, 2, 3, 4],
      [2, 3, 4, 5],
      [3, 4, 5, 6],
    ]);
    expect(templates.map(({ id }) => id)).toEqual([...templateIds, ...added.templateIds]);
    expect(templates.every(({ space, profileId }) => space === SPACE && profileId === profile.id)).toBe(true);
    expect(await store.getProfile(null, profile.id)).toEqual(added.profile);
    expect(Date.parse(profile.createdAt)).not.toBeNaN();
    expect(changes).toEqual([
      { profiles: { change: 'created', ids: [profile.id] } },
      { profiles: { change: 'updated', ids: [profile.id] } },
    ]);
  });

  it('replace their weakest templates beyond the limit, of equal ones the oldest', async () => {
    const { store } = testStore();
    const qualities = [0.9, 0.2, 0.5, 0.2];
    const templates = qualities.map((quality, i) => template(i, quality));
    const made = await store.createProfile(null, {
      name: null,
      metadata: {},
      consent: null,
      templates,
      collectionId: null,
    });
    const { id } = made.profile;
    const one = await store.addTemplates(null, id, [template(10, 0.1)], 4);
    expect(one.replacedTemplateIds).toEqual([made.templateIds[1]]);
    expect(await seedsOf(store, id)).toEqual([0, 2, 3, 10]);
    const two = await store.addTemplates(null, id, [template(11, 0.1), template(12, 0.1)], 4);
    expect(two.replacedTemplateIds).toEqual([made.templateIds[3], one.templateIds[0]]);
    expect(await seedsOf(store, id)).toEqual([0, 2, 11, 12]);
    expect(two.profile.templateCount).toBe(4);
  });

  it('are listed oldest first, with their collections', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const names = ['A', 'B', 'C'];
    for (const [i, name] of names.entries()) await enrolled(store, name, [i], name === 'B' ? id : null);
    const list = await store.listProfiles(null);
    expect(list.map(({ name }) => name).sort()).toEqual(names);
    expect(list.map(({ createdAt }) => createdAt)).toEqual(list.map(({ createdAt }) => createdAt).sort());
    expect(list.find(({ name }) => name === 'B')?.collectionIds).toEqual([id]);
  });

  it('are listed in pages, whoever has the same time, and whoever was deleted in between', async () => {
    const { store } = testStore();
    const times = ['2026-01-01', '2026-01-02', '2026-01-02', '2026-01-02', '2026-01-02', '2026-01-03', '2026-01-04'];
    const profiles = times.map((day, i) => ({
      id: `p${i}`,
      name: `P${i}`,
      metadata: {},
      consent: null,
      owner: i % 2 === 0 ? 'me' : null,
      createdAt: `${day}T00:00:00.000Z`,
      updatedAt: `${day}T00:00:00.000Z`,
      space: SPACE,
      templates: [{ id: `t${i}`, createdAt: `${day}T00:00:00.000Z`, quality: 1, vector: Float32Array.of(i, 1, 2, 3) }],
    }));
    await store.importContent({ profiles, collections: [] });
    const home = await store.createCollection(null, 'Home', false);
    await store.updateCollection(null, home.id, { addProfileIds: ['p2', 'p5'] });
    for (const owner of [null, 'me', 'her']) {
      const all = await store.listProfiles(owner);
      for (const limit of [1, 2, 3, 7, 8]) {
        const pages: Profile[][] = [];
        do pages.push(await store.listProfiles(owner, { limit, after: pages.at(-1)?.at(-1) }));
        while (pages.at(-1)?.length === limit);
        expect(pages.flat()).toEqual(all);
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      }
    }
    const [first, second] = (await store.listProfiles(null, { limit: 2 })) as [Profile, Profile];
    expect(second).toMatchObject({ id: 'p1', name: 'P1', owner: null });
    await store.deleteProfile(null, second.id);
    const idsAfter = async (after: Profile) => (await store.listProfiles(null, { after })).map(({ id }) => id);
    expect(await idsAfter(second)).toEqual(['p2', 'p3', 'p4', 'p5', 'p6']);
    expect(await idsAfter(first)).toEqual(['p2', 'p3', 'p4', 'p5', 'p6']);
    expect(await idsAfter({ ...first, createdAt: '2027' })).toEqual([]);
  });

  it('are changed without making classifiers stale', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'Ana', [1], id);
    await store.saveClassifiers(id, (await store.collectionRevision(null, id)).revision, [CLASSIFIER]);
    const renamed = await store.updateProfile(null, profile.id, { name: 'Anna', metadata: { a: 1 }, consent: 'yes' });
    expect(renamed).toMatchObject({ name: 'Anna', metadata: { a: 1 }, consent: 'yes', templateCount: 1 });
    expect(renamed.updatedAt > profile.updatedAt).toBe(true);
    expect(await store.namesOf([profile.id, 'gone'])).toEqual(['Anna', null]);
    const cleared = await store.updateProfile(null, profile.id, { name: null, consent: null });
    expect(cleared).toMatchObject({ name: null, metadata: { a: 1 }, consent: null });
    expect((await store.getCollection(null, id)).classifier).toBe('trained');
  });

  it('are deleted with their templates, memberships, negative examples and classifiers, and nothing of others', async () => {
    const { store, changes, name } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const gone = await enrolled(store, 'Gone', [1, 2, 3], id);
    const kept = await enrolled(store, 'Kept', [10, 11], id);
    await store.addNegative(null, id, [{ profileId: gone.id, ...template(4) }], LIMIT);
    await store.saveClassifiers(id, (await store.collectionRevision(null, id)).revision, [CLASSIFIER]);
    await store.deleteProfile(null, gone.id);
    await expect(store.getProfile(null, gone.id)).rejects.toMatchObject(code('PROFILE_GONE'));
    await expect(store.deleteProfile(null, gone.id)).rejects.toMatchObject(code('PROFILE_GONE'));
    await expect(store.templatesOf(null, gone.id)).rejects.toMatchObject(code('PROFILE_GONE'));
    await expect(store.getProfile(null, 'never')).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    expect((await store.getCollection(null, id)).profileIds).toEqual([kept.id]);
    expect(await store.count()).toEqual({ profiles: 1, templates: 2, collections: 1 });
    expect(changes.at(-1)).toEqual({
      profiles: { change: 'deleted', ids: [gone.id] },
      collections: { change: 'updated', ids: [id] },
      classifiers: [{ collectionId: id, state: 'stale' }],
    });
    const db = await openDB(name);
    expect(await db.count('blocks')).toBe(1);
    expect(await db.count('negatives')).toBe(0);
    // It was made of the templates, too.
    expect(await db.count('classifiers')).toBe(0);
    db.close();
  });

  it('of one call are of one embedding space', async () => {
    const { store } = testStore();
    const profile = await enrolled(store, 'A', [1]);
    const mixed = [template(2), { ...template(3), space: OTHER }];
    await expect(store.addTemplates(null, profile.id, mixed, LIMIT)).rejects.toMatchObject({
      code: 'EMBEDDING_SPACE_MISMATCH',
      message: expect.stringMatching(/'other-space'.*'test-space'/) as string,
    });
    expect(await seedsOf(store, profile.id)).toEqual([1]);
  });
});

describe('embedding spaces', () => {
  const SIGHTING_MS = 1_000;
  const other = (seed: number) => ({ ...template(seed), space: OTHER });
  /** Adds a template as if the last one had been added long ago. */
  const sighted = async (store: FaceStore, profileId: string, seed: number) =>
    (await store.addSighting(profileId, other(seed), 0)).templateId;

  it('are kept apart in a profile: counted, limited, read and deleted each by itself', async () => {
    const { store, name } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const anna = await enrolled(store, 'Anna', [1, 2], id);
    const berta = await enrolled(store, 'Berta', [3], id);
    const { profile } = await store.addTemplates(null, anna.id, [other(4), other(5)], 2);
    expect(profile).toMatchObject({ templateCount: 4, spaces: { [SPACE]: 2, [OTHER]: 2 } });
    const { replacedTemplateIds } = await store.addTemplates(null, anna.id, [other(6)], 2);
    expect(replacedTemplateIds).toHaveLength(1);
    expect((await seedsOf(store, anna.id)).sort()).toEqual([1, 2, 5, 6]);
    expect(await store.getProfile(null, anna.id)).toMatchObject({ spaces: { [SPACE]: 2, [OTHER]: 2 } });

    const content = await store.loadCollection(null, id, SPACE);
    expect(
      templatesIn(content)
        .map(({ vector }) => vector[0])
        .sort(),
    ).toEqual([1, 2, 3]);
    expect(content.otherSpaces).toEqual([OTHER]);
    const elsewhere = await store.loadCollection(null, id, OTHER);
    expect(elsewhere.profiles.map((found) => found.id)).toEqual([anna.id]);
    expect(elsewhere.otherSpaces).toEqual([SPACE]);

    await store.addNegative(
      null,
      id,
      [
        { profileId: anna.id, ...template(7) },
        { profileId: anna.id, ...other(8) },
      ],
      9,
    );
    const { revision } = await store.collectionRevision(null, id);
    const classifiers = [CLASSIFIER, { ...CLASSIFIER, space: OTHER, commonness: Float32Array.of(7) }];
    await store.saveClassifiers(id, revision, classifiers);
    for (const [i, space] of [SPACE, OTHER].entries()) {
      const { negatives, classifier } = await store.loadCollection(null, id, space);
      expect(negatives).toMatchObject([{ space, vector: { 0: 7 + i } }]);
      expect(classifier).toEqual(classifiers[i]);
    }

    await store.setPassphrase('correct horse', null);
    expect((await seedsOf(store, anna.id)).sort()).toEqual([1, 2, 5, 6]);
    await store.deleteProfile(null, anna.id);
    const db = await openDB(name);
    expect([await db.count('blocks'), await db.count('negatives')]).toEqual([1, 0]);
    db.close();
    expect(await seedsOf(store, berta.id)).toEqual([3]);
  });

  it('of a person who is seen get three templates, from different moments, whichever tab stores them', async () => {
    const { store, name } = testStore();
    const { store: tab } = testStore(name);
    const anna = await enrolled(store, 'Anna', [1, 2, 3]);
    const both = await Promise.all([store, tab].map((each) => each.addSighting(anna.id, other(4), SIGHTING_MS)));
    expect(both.filter(({ templateId }) => templateId !== null)).toHaveLength(1);
    expect(await tab.getProfile(null, anna.id)).toMatchObject({ spaces: { [SPACE]: 3, [OTHER]: 1 } });
    expect((await store.addSighting(anna.id, other(5), SIGHTING_MS)).templateId).toBeNull();
    await sighted(store, anna.id, 6);
    const wrong = await sighted(tab, anna.id, 7);
    expect(await sighted(store, anna.id, 8)).toBeNull();
    // One of them was somebody else.
    await store.removeTemplate(anna.id, OTHER, wrong as string);
    await store.removeTemplate(anna.id, OTHER, 'gone');
    expect(await store.getProfile(null, anna.id)).toMatchObject({ spaces: { [SPACE]: 3, [OTHER]: 2 } });
    expect(await sighted(store, anna.id, 9)).not.toBeNull();
    await store.deleteProfile(null, anna.id);
    await expect(sighted(store, anna.id, 10)).rejects.toMatchObject(code('PROFILE_GONE'));
    const actions = (await store.listAudit(null)).map(({ action, count }) => `${action} ${count}`);
    expect(actions).toEqual([
      'delete-profile 6',
      'migrate 1',
      'remove-template 1',
      'migrate 1',
      'migrate 1',
      'migrate 1',
      'enroll 3',
    ]);
  });

  it('that are old are dropped from the profiles that have had enough of the new one, after the time', async () => {
    const { store, changes } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const [anna, berta] = [await enrolled(store, 'Anna', [1], id), await enrolled(store, 'Berta', [2], id)];
    await store.addNegative(
      null,
      id,
      [
        { profileId: anna.id, ...template(7) },
        { profileId: anna.id, ...other(8) },
      ],
      9,
    );
    expect(await store.listSpaces()).toEqual([{ space: SPACE, since: null }]);
    await store.beginMigration(OTHER);
    const [old] = await store.listSpaces();
    expect(old).toMatchObject({ space: SPACE, since: expect.stringMatching(/^\d{4}-/) as string });
    for (const seed of [4, 5, 6]) await sighted(store, anna.id, seed);
    for (const seed of [4, 5]) await sighted(store, berta.id, seed);
    const [before, after] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
    expect(await store.dropOldTemplates(OTHER, before as string)).toEqual([]);
    const { revision } = await store.collectionRevision(null, id);
    expect(await store.dropOldTemplates(OTHER, after as string)).toEqual([anna.id]);
    expect(await store.getProfile(null, anna.id)).toMatchObject({ templateCount: 3, spaces: { [OTHER]: 3 } });
    expect((await seedsOf(store, anna.id)).sort()).toEqual([4, 5, 6]);
    expect((await store.collectionRevision(null, id)).revision).toBeGreaterThan(revision);
    expect((await store.loadCollection(null, id, SPACE)).negatives).toEqual([]);
    expect((await store.loadCollection(null, id, OTHER)).negatives).toHaveLength(1);
    expect(changes.at(-1)).toMatchObject({
      profiles: { change: 'updated', ids: [anna.id] },
      dropped: { spaces: [SPACE], profileIds: [anna.id] },
    });

    // A kit that goes back to the old models waits as long before it deletes what the new ones made.
    await store.beginMigration(SPACE);
    const sinceOf = async (space: string) => (await store.listSpaces()).find((each) => each.space === space)?.since;
    expect(await sinceOf(SPACE)).toBeNull();
    expect(typeof (await sinceOf(OTHER))).toBe('string');
    await store.deleteProfile(null, berta.id);
    expect(await store.listSpaces()).toMatchObject([{ space: OTHER }]);
  });

  it('are exported and imported together', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const anna = await enrolled(store, 'Anna', [1, 2], id);
    await store.addTemplates(null, anna.id, [other(4)], LIMIT);
    const content = await store.exportContent();
    const { store: elsewhere } = testStore();
    await elsewhere.importContent(content);
    expect(await elsewhere.exportContent()).toEqual(content);
    expect(await elsewhere.getProfile(null, anna.id)).toMatchObject({ spaces: { [SPACE]: 2, [OTHER]: 1 } });
    // A newer profile without the other space replaces all of it.
    const [profile] = content.profiles;
    const { others: _, ...plain } = { ...profile!, updatedAt: new Date(Date.now() + 9_000).toISOString() };
    await elsewhere.importContent({ profiles: [plain], collections: [] });
    expect(await elsewhere.getProfile(null, anna.id)).toMatchObject({
      templateCount: 1 + (plain.space === SPACE ? 1 : 0),
    });
    expect(await elsewhere.templatesOf(null, anna.id)).toHaveLength(plain.templates.length);
  });
});

describe('owners', () => {
  it('see their own records only, and the application sees all', async () => {
    const { store } = testStore();
    const mine = await enrolled(store, 'Mine', [1], null, 'me');
    const hers = await enrolled(store, 'Hers', [2], null, 'her');
    const { id } = await store.createCollection('me', 'Mine', false);
    expect((await store.listProfiles('me')).map(({ id: own }) => own)).toEqual([mine.id]);
    expect((await store.listProfiles(null)).length).toBe(2);
    expect(await store.listCollections('her')).toEqual([]);
    const notFound = [
      () => store.getProfile('me', hers.id),
      () => store.templatesOf('me', hers.id),
      () => store.updateProfile('me', hers.id, { name: 'x' }),
      () => store.addTemplates('me', hers.id, [template(1)], LIMIT),
      () => store.deleteProfile('me', hers.id),
      () => store.updateCollection('me', id, { addProfileIds: [hers.id] }),
    ];
    for (const call of notFound) await expect(call()).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    const noCollection = [
      () => store.getCollection('her', id),
      () => store.loadCollection('her', id, SPACE),
      () => store.deleteCollection('her', id),
      () => enrolled(store, 'x', [1], id, 'her'),
    ];
    for (const call of noCollection) await expect(call()).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    await store.deleteProfile('me', mine.id);
    await expect(store.getProfile('me', mine.id)).rejects.toMatchObject(code('PROFILE_GONE'));
    // Others do not learn that it ever was.
    await expect(store.getProfile('her', mine.id)).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
  });
});

describe('collections', () => {
  it('take and lose profiles, and count what they recognize by revision', async () => {
    const { store, changes } = testStore();
    const { id } = await store.createCollection(null, 'Home', true);
    const revision = async () => (await store.collectionRevision(null, id)).revision;
    const [a, b] = [await enrolled(store, 'A', [1]), await enrolled(store, 'B', [2, 3])];
    const first = await revision();
    const updated = await store.updateCollection(null, id, { addProfileIds: [a.id, b.id, b.id] });
    expect([...updated.profileIds].sort()).toEqual([a.id, b.id].sort());
    expect(updated.unknowns).toBe(true);
    expect(await revision()).toBe(first + 1);
    // In already, or not in: nothing changes.
    await store.updateCollection(null, id, { name: 'House', addProfileIds: [a.id], removeProfileIds: ['nobody'] });
    expect(await revision()).toBe(first + 1);
    expect((await store.getCollection(null, id)).name).toBe('House');
    await store.addTemplates(null, a.id, [template(4)], LIMIT);
    expect(await revision()).toBe(first + 2);
    expect(changes.filter(({ removed }) => removed)).toEqual([]);
    await store.updateCollection(null, id, { removeProfileIds: [a.id, 'nobody'] });
    expect(changes.at(-1)).toMatchObject({ removed: { collectionId: id, profileIds: [a.id] } });
    expect((await store.getCollection(null, id)).profileIds).toEqual([b.id]);
    const content = await store.loadCollection(null, id, SPACE);
    expect(templatesIn(content).map(({ vector }) => vector[0])).toEqual([2, 3]);
    expect(content.revision).toBe(first + 3);
    // The flag is stored, and changes nothing that is recognized.
    expect(await store.updateCollection(null, id, { unknowns: false })).toMatchObject({ unknowns: false });
    expect(await revision()).toBe(first + 3);
  });

  it('load the same, whether few of many blocks are read or all', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Few', false);
    const profiles = [];
    // More than are read at once.
    for (let i = 0; i < 80; i++) profiles.push(await enrolled(store, `${i}`, [i, i + 100]));
    for (const count of [1, 2, 40, 79, 80]) {
      const addProfileIds = profiles.slice(0, count).map((profile) => profile.id);
      await store.updateCollection(null, id, { addProfileIds });
      const templates = templatesIn(await store.loadCollection(null, id, SPACE));
      const seeds = templates.map(({ vector }) => vector[0] as number).sort((a, b) => a - b);
      expect(seeds).toEqual([0, 100].flatMap((base) => Array.from({ length: count }, (_, i) => base + i)));
      expect([...new Set(templates.map(({ profileId }) => profileId))]).toEqual([...addProfileIds].sort());
    }
  });

  it('are decrypted where the caller has not read the very same before, and while the vault is open', async () => {
    const { store, name } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const a = await enrolled(store, 'A', [1], id);
    const b = await enrolled(store, 'B', [2], id);
    const read = async (before?: CollectionContent, from = store) =>
      from.loadCollection(null, id, SPACE, before && { ...knownOf(before), revision: null });
    const first = await read();
    expect(templatesIn(first)).toHaveLength(2);
    const again = await read(first);
    expect(again.profiles).toEqual(first.profiles.map((profile) => ({ ...profile, templates: null })));
    // One is new, one has another template, one is gone.
    const c = await enrolled(store, 'C', [3], id);
    await store.addTemplates(null, a.id, [template(4)], LIMIT);
    await store.deleteProfile(null, b.id);
    const changed = await read(first);
    expect(changed.profiles.map((profile) => profile.id)).toEqual([a.id, c.id].sort());
    expect(templatesIn(changed).map(({ vector }) => vector[0])).toEqual(a.id < c.id ? [1, 4, 3] : [3, 1, 4]);
    // A seal of another profile is none of this one's.
    const [one, two] = changed.profiles;
    const swapped = new Map([
      [one!.id, two!],
      [two!.id, one!],
    ]);
    const wrong = { revision: null, profiles: swapped };
    expect(templatesIn(await store.loadCollection(null, id, SPACE, wrong))).toHaveLength(3);

    await store.setPassphrase('correct horse', null);
    const sealedAnew = await read(changed);
    expect(templatesIn(sealedAnew)).toHaveLength(3);
    const { store: other } = testStore(name);
    await expect(read(sealedAnew, other)).rejects.toMatchObject(code('VAULT_LOCKED'));
    await store.destroyKey();
    await expect(read(sealedAnew)).rejects.toMatchObject(code('TEMPLATES_UNREADABLE'));
  });

  it('are read as far as they changed since the revision that the caller has read', async () => {
    const { store, name } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const add = (person: string, seeds: readonly number[]) => enrolled(store, person, seeds, id);
    const people = [await add('A', [1]), await add('B', [2]), await add('C', [3]), await add('D', [4])];
    const [a, b, c, d] = people as [Profile, Profile, Profile, Profile];
    let before = await store.loadCollection(null, id, SPACE);
    const reads = vi.spyOn(IDBObjectStore.prototype, 'getAll');
    onTestFinished(() => reads.mockRestore());
    /** Reads what changed. Checks that the whole is the same as if it had been read as a whole. */
    const readChanges = async () => {
      reads.mockClear();
      const changed = await store.loadCollection(null, id, SPACE, knownOf(before));
      const found = reads.mock.contexts.map((source, i) =>
        (source as IDBObjectStore).name === 'blocks'
          ? (reads.mock.results[i]?.value as IDBRequest<unknown[]>).result
          : [],
      );
      const whole = await store.loadCollection(null, id, SPACE);
      const sealsOf = ({ profiles }: CollectionContent) => profiles.map(({ seal, ...profile }) => [profile.id, seal]);
      expect(sealsOf(changed)).toEqual(sealsOf(whole));
      expect(changed.revision).toBe(whole.revision);
      before = whole;
      return { blocks: found.flat().length, seeds: templatesIn(changed).map(({ vector }) => vector[0]) };
    };
    expect(await readChanges()).toEqual({ blocks: 0, seeds: [] });
    const e = await add('E', [5]);
    expect(await readChanges()).toEqual({ blocks: 1, seeds: [5] });
    await store.deleteProfile(null, b.id);
    await store.updateCollection(null, id, { removeProfileIds: [c.id] });
    await store.addTemplates(null, a.id, [template(11)], LIMIT);
    await store.addNegative(null, id, [{ profileId: d.id, ...template(77) }], LIMIT);
    // Changes nothing that is recognized.
    await store.updateProfile(null, d.id, { name: 'Dora' });
    expect(await readChanges()).toEqual({ blocks: 1, seeds: [1, 11] });
    await store.updateCollection(null, id, { addProfileIds: [c.id] });
    expect(await readChanges()).toEqual({ blocks: 1, seeds: [3] });
    expect(before.profiles.map((profile) => profile.id)).toEqual([a.id, c.id, d.id, e.id].sort());

    // More changes than are noted, in one and in several, and an import: everything is read.
    const many = [];
    for (let seed = 20; seed < 53; seed++) many.push(await enrolled(store, 'Many', [seed]));
    const addProfileIds = many.map((profile) => profile.id);
    await store.updateCollection(null, id, { addProfileIds });
    expect((await readChanges()).blocks).toBe(37);
    for (const { id: profileId } of many) await store.deleteProfile(null, profileId);
    expect(await readChanges()).toEqual({ blocks: 4, seeds: [] });
    const { profiles } = await store.exportContent();
    const later = '2999-01-01T00:00:00.000Z';
    await store.importContent({
      profiles: profiles.map((profile) => ({ ...profile, updatedAt: later })),
      collections: [],
    });
    const afterImport = await readChanges();
    expect([afterImport.blocks, afterImport.seeds.length]).toEqual([4, 5]);

    await store.setPassphrase('correct horse', null);
    const { store: other } = testStore(name);
    const locked = other.loadCollection(null, id, SPACE, knownOf(before));
    await expect(locked).rejects.toMatchObject(code('VAULT_LOCKED'));
  });

  it('keep their classifier until they change', async () => {
    const { store, name } = testStore();
    const { id, classifier } = await store.createCollection(null, 'Home', false);
    expect(classifier).toBe('untrained');
    await enrolled(store, 'A', [1], id);
    const { revision } = await store.collectionRevision(null, id);
    expect(await store.saveClassifiers(id, revision, [CLASSIFIER])).toBe('trained');
    expect((await store.getCollection(null, id)).classifier).toBe('trained');
    expect((await store.loadCollection(null, id, SPACE)).classifier).toEqual(CLASSIFIER);
    await enrolled(store, 'B', [2], id);
    expect((await store.listCollections(null))[0]?.classifier).toBe('stale');
    expect((await store.loadCollection(null, id, SPACE)).classifier).toBeNull();
    // What was trained before the change came in does not become current by being saved late, and is not kept at all.
    expect(await store.saveClassifiers(id, revision, [CLASSIFIER])).toBe('stale');
    const db = await openDB(name);
    expect(await db.count('classifiers')).toBe(0);
    db.close();
    const now = (await store.collectionRevision(null, id)).revision;
    await store.saveClassifiers(id, now, [CLASSIFIER]);
    // Nor does it replace a newer one.
    expect(await store.saveClassifiers(id, revision, [{ ...CLASSIFIER, strangerShift: 99 }])).toBe('trained');
    expect((await store.loadCollection(null, id, SPACE)).classifier?.strangerShift).toBe(0.5);
    expect(await store.saveClassifiers(id, now, [])).toBe('untrained');
    expect((await store.loadCollection(null, id, SPACE)).classifier).toBeNull();
    expect(await keysIn(name, 'classifiers')).toEqual([[]]);
  });

  /** Anna and her collection as a file has them. Their templates begin with this seed. */
  function backupOf(seed: number, at: string, collectionAt = at): BackupContent {
    const dated = (updatedAt: string) => ({ owner: null, createdAt: '2026-01-01T00:00:00.000Z', updatedAt });
    const templates = [{ id: 't', createdAt: at, quality: 1, vector: template(seed).vector }];
    const profile = { ...dated(at), id: 'p', name: null, metadata: {}, consent: null, space: SPACE, templates };
    const home = { ...dated(collectionAt), id: 'home', name: 'Home', unknowns: false };
    return { profiles: [profile], collections: [{ ...home, profileIds: ['p'], negatives: [] }] };
  }
  const day = (number: number) => `2026-01-0${number}T00:00:00.000Z`;

  it('that come back by an import do not take a classifier of what they were for their own', async () => {
    const { store } = testStore();
    await store.importContent(backupOf(1, day(2)));
    const { revision } = await store.collectionRevision(null, 'home');
    await store.eraseAll();
    await store.importContent(backupOf(50, day(2)));
    // A training that began before the erasure comes to its end.
    expect(await store.saveClassifiers('home', revision, [CLASSIFIER])).toBe('untrained');
    expect((await store.loadCollection(null, 'home', SPACE)).classifier).toBeNull();
  });

  it('change with an import over them or over one of their profiles, and with nothing that is not newer', async () => {
    const { store, changes } = testStore();
    await store.importContent(backupOf(1, day(1)));
    /** Imports into a trained collection. @returns by how much its revision changed, its state, and the seeds in it */
    const imported = async (content: BackupContent) => {
      const { revision } = await store.collectionRevision(null, 'home');
      await store.saveClassifiers('home', revision, [CLASSIFIER]);
      const { profiles, collections, conflicts } = await store.importContent(content);
      const after = await store.collectionRevision(null, 'home');
      expect(changes.at(-1)?.classifiers).toEqual([{ collectionId: 'home', state: after.classifier }]);
      // A training that began before the import comes to its end.
      const late = after.revision === revision ? 'trained' : 'stale';
      expect(await store.saveClassifiers('home', revision, [CLASSIFIER])).toBe(late);
      const loaded = await store.loadCollection(null, 'home', SPACE);
      expect(loaded.classifier === null).toBe(late === 'stale');
      return {
        bumped: after.revision - revision,
        classifier: after.classifier,
        seeds: templatesIn(loaded).map(({ vector }) => vector[0]),
        updated: profiles.updated + collections.updated,
        conflicts: conflicts.length,
      };
    };
    const changed = { bumped: 1, classifier: 'stale' };
    const both = await imported(backupOf(2, day(2)));
    expect(both).toEqual({ ...changed, seeds: [2], updated: 2, conflicts: 2 });
    const profileAlone = await imported({ ...backupOf(3, day(3)), collections: [] });
    expect(profileAlone).toEqual({ ...changed, seeds: [3], updated: 1, conflicts: 1 });
    const collectionAlone = await imported({ ...backupOf(3, day(3)), profiles: [] });
    expect(collectionAlone).toEqual({ ...changed, seeds: [3], updated: 1, conflicts: 1 });
    // Of the same time is the same, whatever it holds, and not worth a training.
    const same = await imported(backupOf(4, day(3)));
    expect(same).toEqual({ bumped: 0, classifier: 'trained', seeds: [3], updated: 0, conflicts: 0 });
    const older = await imported(backupOf(5, day(2)));
    expect(older).toEqual({ bumped: 0, classifier: 'trained', seeds: [3], updated: 0, conflicts: 2 });
  });

  it('and profiles that a file says were deleted go, unless they changed later; a mirror leaves what the file has', async () => {
    const { store, name } = testStore();
    await store.importContent(backupOf(1, day(3)));
    const { id: other } = await enrolled(store, 'Berta', [5], 'home');
    await store.addNegative(null, 'home', [{ profileId: 'p', ...template(70) }], LIMIT);
    const deletion = (id: string, deletedAt: string) => ({ kind: 'profile', id, owner: null, deletedAt }) as const;
    const nothing = { profiles: [], collections: [] };
    const early = await store.importContent({ ...nothing, deletions: [deletion('p', day(2)), deletion('q', day(2))] });
    expect(early).toEqual({
      profiles: { added: 0, updated: 0, kept: 0, deleted: 0 },
      collections: { added: 0, updated: 0, kept: 0, deleted: 0 },
      conflicts: [
        {
          kind: 'profile',
          id: 'p',
          kept: 'stored',
          storedAt: day(3),
          storedDeleted: false,
          importedAt: day(2),
          importedDeleted: true,
        },
      ],
    });
    // Somebody who was deleted elsewhere before this store learned of them.
    await expect(store.getProfile(null, 'q')).rejects.toMatchObject(code('PROFILE_GONE'));
    const { revision } = await store.collectionRevision(null, 'home');
    const late = await store.importContent({ ...nothing, deletions: [deletion('p', day(4))] });
    expect(late).toMatchObject({ profiles: { deleted: 1 }, conflicts: [{ kept: 'imported', importedDeleted: true }] });
    expect((await store.collectionRevision(null, 'home')).revision).toBe(revision + 1);
    expect(await store.getCollection(null, 'home')).toMatchObject({ profileIds: [other] });
    expect(await keysIn(name, 'negatives')).toEqual([[]]);
    const about = (await store.listAudit(2)).map(({ action, subject }) => [action, subject]);
    expect(about).toEqual([
      ['import', null],
      ['delete-profile', 'p'],
    ]);

    // A mirror: older records and the dead come back, the others go, with a tombstone each.
    const { id: work } = await store.createCollection(null, 'Work', false);
    const mirrored = await store.importContent(backupOf(2, day(1)), 'mirror');
    expect(mirrored).toMatchObject({
      profiles: { added: 1, updated: 0, kept: 0, deleted: 1 },
      collections: { added: 0, updated: 1, kept: 0, deleted: 1 },
    });
    const { deletions, ...content } = await store.exportContent();
    expect(content).toEqual(backupOf(2, day(1)));
    expect(new Set(deletions?.map(({ id }) => id))).toEqual(new Set(['q', other, work]));
    await expect(store.getProfile(null, other)).rejects.toMatchObject(code('PROFILE_GONE'));
    await expect(store.getCollection(null, work)).rejects.toMatchObject(code('COLLECTION_GONE'));
  });

  it('and profiles that were deleted come back by an import only if it is newer than their deletion', async () => {
    const { store, name } = testStore();
    await store.importContent(backupOf(1, day(1)));
    await store.deleteProfile(null, 'p');
    await store.deleteCollection(null, 'home');
    const { conflicts } = await store.importContent(backupOf(1, day(1)));
    const [deleted = '', other] = conflicts.map(({ storedAt }) => storedAt);
    expect(conflicts).toMatchObject([
      { kind: 'profile', kept: 'stored', storedDeleted: true },
      { kind: 'collection', kept: 'stored', storedDeleted: true },
    ]);
    const atDeletion = await store.importContent(backupOf(1, deleted, other));
    expect(atDeletion).toMatchObject({ profiles: { added: 0, kept: 1 }, collections: { added: 0, kept: 1 } });
    expect(await store.count()).toMatchObject({ profiles: 0, collections: 0 });
    const later = (time = '') => new Date(Date.parse(time) + 1).toISOString();
    const after = await store.importContent(backupOf(1, later(deleted), later(other)));
    expect(after).toMatchObject({ profiles: { added: 1, kept: 0 }, collections: { added: 1, kept: 0 } });
    expect(await seedsOf(store, 'p')).toEqual([1]);
    // They are no longer known as deleted.
    expect((await store.importContent(backupOf(1, later(deleted), later(other)))).conflicts).toEqual([]);
    expect(await keysIn(name, 'tombstones')).toEqual([[]]);
    await store.deleteProfile(null, 'p');
    await expect(store.getProfile(null, 'p')).rejects.toMatchObject(code('PROFILE_GONE'));
  });

  it('hold after an import who is in the file, of those who are stored, and nothing of those who are not in them', async () => {
    const { store, name } = testStore();
    const [stored] = backupOf(1, day(1)).profiles;
    const person = (id: string) => ({ ...stored!, id });
    const negatives = ['p', 'q', 'r', 'nobody'].map((profileId) => {
      const [{ templates }] = backupOf(70, day(1)).profiles as [BackupContent['profiles'][number]];
      return { profileId, space: SPACE, templates };
    });
    /** Imports the collection, with negative examples of everybody. */
    const imported = async (at: string, profileIds: readonly string[], profiles: readonly string[] = []) => {
      const [home] = backupOf(1, at).collections;
      await store.importContent({
        profiles: profiles.map(person),
        collections: [{ ...home!, profileIds: [...profileIds], negatives }],
      });
      const content = await store.loadCollection(null, 'home', SPACE);
      const of = (records: readonly { readonly profileId: string }[]) => records.map(({ profileId }) => profileId);
      return [(await store.getCollection(null, 'home')).profileIds, of(templatesIn(content)), of(content.negatives)];
    };
    const each = (...ids: readonly string[]) => [ids, ids, ids];
    expect(await imported(day(1), ['p', 'q', 'nobody'], ['p', 'q', 'r'])).toEqual(each('p', 'q'));
    await store.saveClassifiers('home', (await store.collectionRevision(null, 'home')).revision, [CLASSIFIER]);
    // Those who are in the store already are known as well.
    expect(await imported(day(2), ['q', 'r', 'nobody'])).toEqual(each('q', 'r'));
    expect(await keysIn(name, 'memberships', 'negatives', 'classifiers')).toEqual([
      [
        ['home', 'q'],
        ['home', 'r'],
      ],
      [
        ['home', 'q', SPACE],
        ['home', 'r', SPACE],
      ],
      [],
    ]);
  });

  it('keep the latest negative examples of each profile', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const [a, b] = [await enrolled(store, 'A', [1], id), await enrolled(store, 'B', [2])];
    const negative = (profileId: string, seed: number) => ({ profileId, ...template(seed) });
    for (const seed of [10, 11, 12]) await store.addNegative(null, id, [negative(a.id, seed)], 2);
    const { negatives, revision } = await store.loadCollection(null, id, SPACE);
    expect(negatives.map(({ profileId, vector }) => [profileId, vector[0]])).toEqual([
      [a.id, 11],
      [a.id, 12],
    ]);
    await expect(store.addNegative(null, id, [negative(b.id, 1)], 2)).rejects.toMatchObject(code('INVALID_INPUT'));
    await expect(store.addNegative(null, 'x', [negative(a.id, 1)], 2)).rejects.toMatchObject(
      code('COLLECTION_NOT_FOUND'),
    );
    expect((await store.collectionRevision(null, id)).revision).toBe(revision);
    await store.updateCollection(null, id, { removeProfileIds: [a.id] });
    await store.updateCollection(null, id, { addProfileIds: [a.id] });
    expect((await store.loadCollection(null, id, SPACE)).negatives).toEqual([]);
  });

  it('are deleted without their profiles, but with what was learnt of them', async () => {
    const { store, name } = testStore();
    const home = await store.createCollection(null, 'Home', false);
    const work = await store.createCollection(null, 'Work', false);
    const profile = await enrolled(store, 'A', [1], home.id);
    await store.updateCollection(null, work.id, { addProfileIds: [profile.id] });
    for (const { id } of [home, work]) {
      await store.addNegative(null, id, [{ profileId: profile.id, ...template(7) }], LIMIT);
      await store.saveClassifiers(id, (await store.collectionRevision(null, id)).revision, [CLASSIFIER]);
    }
    await store.deleteCollection(null, home.id);
    expect(await store.loadCollection(null, work.id, SPACE)).toMatchObject({ negatives: [{}], classifier: {} });
    expect(await keysIn(name, 'memberships', 'negatives', 'classifiers')).toEqual([
      [[work.id, profile.id]],
      [[work.id, profile.id, SPACE]],
      [work.id],
    ]);
    await expect(store.getCollection(null, home.id)).rejects.toMatchObject(code('COLLECTION_GONE'));
    await expect(store.getCollection(null, 'never')).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    await expect(store.saveClassifiers(home.id, 1, [CLASSIFIER])).rejects.toMatchObject(code('COLLECTION_GONE'));
    expect((await store.getProfile(null, profile.id)).collectionIds).toEqual([work.id]);
  });
});

/**
 * Makes the browser give up after the last request of a transaction that writes and makes no key, as it does when the commit
 * fails: the request that looks for collections.
 * @returns a function that ends it; the end of the test does, too
 */
function abortCommits(): () => void {
  const get = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'getAllKeys') as PropertyDescriptor;
  const restore = () => {
    Object.defineProperty(IDBObjectStore.prototype, 'getAllKeys', get);
  };
  onTestFinished(restore);
  Object.defineProperty(IDBObjectStore.prototype, 'getAllKeys', {
    ...get,
    value(this: IDBObjectStore, ...args: [IDBValidKey?, number?]) {
      const request = (get.value as typeof this.getAllKeys).apply(this, args);
      const { transaction } = this;
      if (this.name === 'collections' && transaction.mode === 'readwrite') {
        // Otherwise, a power failure can take back what was reported.
        expect(transaction.durability).toBe('strict');
        request.addEventListener('success', () => {
          transaction.abort();
        });
      }
      return request;
    },
  });
  return restore;
}

describe('the time of a change', () => {
  it('is 1 ms after the one before if the clock stands still or was set back, so that an import sees which is newer', async () => {
    const { store } = testStore();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 1));
    onTestFinished(() => {
      clock.mockRestore();
    });
    const { id: home } = await store.createCollection(null, 'Home', false);
    const { id: anna } = await enrolled(store, 'Anna', [1]);
    const times = async () => [
      (await store.getProfile(null, anna)).updatedAt,
      (await store.getCollection(null, home)).updatedAt,
    ];
    const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
    expect(await times()).toEqual([at(0), at(0)]);
    await store.updateProfile(null, anna, { name: 'Anne' });
    await store.updateCollection(null, home, { name: 'House' });
    expect(await times()).toEqual([at(1), at(1)]);
    // Another member also changes what the collection recognizes, which is a change after the first.
    await store.updateCollection(null, home, { addProfileIds: [anna] });
    expect(await times()).toEqual([at(1), at(3)]);
    clock.mockReturnValue(0);
    await store.addTemplates(null, anna, [template(2)], LIMIT);
    expect(await times()).toEqual([at(2), at(4)]);
    clock.mockReturnValue(Date.UTC(2026, 0, 2));
    await store.updateProfile(null, anna, { name: 'Anna' });
    expect((await times())[0]).toBe('2026-01-02T00:00:00.000Z');
    clock.mockReturnValue(0);
    const content = await store.exportContent();
    await store.deleteProfile(null, anna);
    await store.deleteCollection(null, home);
    const { conflicts } = await store.importContent(content);
    expect(conflicts.map(({ kept, storedAt }) => [kept, storedAt])).toEqual([
      ['stored', '2026-01-02T00:00:00.001Z'],
      ['stored', at(6)],
    ]);
  });
});

describe('a write', () => {
  it('that fails in its middle leaves nothing behind, and tells nobody', async () => {
    const { store, changes } = testStore();
    const before = await store.count();
    // The collection is looked for after profile and templates were added.
    const failing = enrolled(store, 'A', [1, 2], 'no-such-collection');
    await expect(failing).rejects.toMatchObject(code('COLLECTION_NOT_FOUND'));
    expect(await store.count()).toEqual(before);
    expect(await store.listAudit(null)).toEqual([]);

    const profile = await enrolled(store, 'B', [1]);
    const { id } = await store.createCollection(null, 'Home', false);
    const broken = (() => undefined) as unknown as string;
    await expect(store.updateCollection(null, id, { name: broken })).rejects.toMatchObject(code('STORAGE_UNAVAILABLE'));
    const adding = store.updateCollection(null, id, { name: 'New', addProfileIds: [profile.id, 'nobody'] });
    await expect(adding).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    expect(await store.getCollection(null, id)).toMatchObject({ name: 'Home', profileIds: [] });
    expect(changes).toHaveLength(2);
    expect(await store.listAudit(null)).toHaveLength(2);
  });

  it('from two connections at once loses nothing', async () => {
    const { store, name } = testStore();
    const { store: other } = testStore(name);
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'A', [0], id);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? store : other).addTemplates(null, profile.id, [template(i + 1)], LIMIT),
      ),
    );
    const seeds = (await seedsOf(store, profile.id)) as number[];
    expect(seeds.sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect((await other.getProfile(null, profile.id)).templateCount).toBe(21);
  });

  it('is reported when it is committed, and not when its last request was answered', async () => {
    const { store, changes } = testStore();
    await store.createCollection(null, 'Home', false);
    const restore = abortCommits();
    const failing = store.createCollection(null, 'Work', false);
    await expect(failing).rejects.toMatchObject(code('STORAGE_UNAVAILABLE'));
    restore();
    expect((await store.listCollections(null)).map(({ name }) => name)).toEqual(['Home']);
    expect(changes).toHaveLength(1);
  });

  it('that the browser has no room for says so with figures, and leaves everything as it was', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'A', [1], id);
    const before = [await store.listProfiles(null), await store.listCollections(null), await store.listAudit(null)];
    // The last request of the transaction fails as a full disk makes it fail.
    const add = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'add') as PropertyDescriptor;
    onTestFinished(() => {
      Object.defineProperty(IDBObjectStore.prototype, 'add', add);
    });
    Object.defineProperty(IDBObjectStore.prototype, 'add', {
      ...add,
      value(this: IDBObjectStore, ...args: [unknown, IDBValidKey?]) {
        if (this.name !== 'audit') return (add.value as typeof this.add).apply(this, args);
        throw new DOMException('The disk is full', 'QuotaExceededError');
      },
    });
    const message = expect.stringMatching(
      HAS_STORAGE_MANAGER
        ? /refused to store more \(\d+ of \d+ bytes are free\); nothing was written/
        : /refused to store more; nothing was written/,
    ) as string;
    const full = { code: 'STORAGE_QUOTA_EXCEEDED', message };
    await expect(store.addTemplates(null, profile.id, [template(2)], LIMIT)).rejects.toMatchObject(full);
    await expect(store.deleteProfile(null, profile.id)).rejects.toMatchObject(full);
    await expect(store.setPassphrase('correct horse', null)).rejects.toMatchObject(full);
    await expect(enrolled(store, 'B', [3], id)).rejects.toMatchObject(full);
    Object.defineProperty(IDBObjectStore.prototype, 'add', add);
    expect([await store.listProfiles(null), await store.listCollections(null), await store.listAudit(null)]).toEqual(
      before,
    );
    expect(await seedsOf(store, profile.id)).toEqual([1]);
  });
});

describe('the audit trail', () => {
  it('holds who did what and when, and nothing of the person', async () => {
    const { store } = testStore();
    const { id } = await store.createCollection('key-1', 'Home', false);
    const profile = await enrolled(store, 'Anna Secret', [1, 2], id, 'key-1');
    await store.addTemplates('key-1', profile.id, [template(3)], LIMIT);
    await store.updateProfile(null, profile.id, { consent: 'private note' });
    await store.exportContent();
    await store.deleteProfile(null, profile.id);
    const entries = await store.listAudit(null);
    expect(entries.map(({ action, actor, subject, count }) => [action, actor, subject, count])).toEqual([
      ['delete-profile', null, profile.id, 3],
      ['export', null, null, 1],
      ['update-profile', null, profile.id, null],
      ['add-images', 'key-1', profile.id, 1],
      ['enroll', 'key-1', profile.id, 2],
      ['create-collection', 'key-1', id, null],
    ]);
    expect(entries.every(({ at }) => !Number.isNaN(Date.parse(at)))).toBe(true);
    expect(JSON.stringify(entries)).not.toMatch(/Anna|private|Home/);
    expect(await store.listAudit(2)).toEqual(entries.slice(0, 2));
    await store.clearAudit();
    expect(await store.listAudit(null)).toEqual([]);
  });

  it('can be switched off', async () => {
    const { store } = testStore(undefined, false);
    await enrolled(store, 'A', [1]);
    expect(await store.listAudit(null)).toEqual([]);
  });
});

describe('API keys', () => {
  it('are verified by their secret, which is not stored', async () => {
    const { store, name } = testStore();
    const { key, secret } = await store.createApiKey('door', ['identify']);
    const other = await store.createApiKey('desk', ['enroll', 'match']);
    expect(key).toMatchObject({ name: 'door', scopes: ['identify'] });
    expect(await store.listApiKeys()).toEqual([key, other.key]);
    expect(await store.verifyApiKey(secret)).toEqual(key);
    const guesses = [
      '',
      'inface',
      secret.slice(0, -1),
      `${secret.slice(0, -1)}!`,
      secret.replace(key.id, other.key.id),
    ];
    const last = secret.at(-1) === 'A' ? 'B' : 'A';
    for (const guess of [...guesses, secret.slice(0, -1) + last]) expect(await store.verifyApiKey(guess)).toBeNull();
    const db = await openDB(name);
    const records = JSON.stringify(await db.getAll('apiKeys'));
    db.close();
    expect(records).not.toContain(secret);
    expect(records).not.toContain(secret.slice(-43));
    await store.revokeApiKey(key.id);
    expect(await store.verifyApiKey(secret)).toBeNull();
    await expect(store.revokeApiKey(key.id)).rejects.toMatchObject(code('API_KEY_NOT_FOUND'));
  });
});

/** Every byte sequence and text that the database holds, as one binary string. */
async function rawContent(name: string): Promise<string> {
  const db = await openDB(name);
  let raw = '';
  const add = (value: unknown): void => {
    if (value instanceof CryptoKey) return;
    if (value instanceof ArrayBuffer) add(new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) {
      for (const byte of new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) {
        raw += String.fromCharCode(byte);
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of Object.entries(value)) {
        add(key);
        add(entry);
      }
    } else raw += `|${String(value)}|`;
  };
  for (const store of db.objectStoreNames) {
    add(await db.getAll(store));
    add(await db.getAllKeys(store));
  }
  db.close();
  return raw;
}

const bytesOf = (values: readonly number[]) => String.fromCharCode(...new Uint8Array(Float32Array.from(values).buffer));

describe('encryption', () => {
  it('leaves no embedding, no classifier and no negative example in the clear', async () => {
    const { store, name } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'A', [1, 2], id);
    await store.addNegative(null, id, [{ profileId: profile.id, ...template(77) }], LIMIT);
    await store.saveClassifiers(id, (await store.collectionRevision(null, id)).revision, [CLASSIFIER]);
    const [templateId] = (await store.templatesOf(null, profile.id)).map((stored) => stored.id);
    const raw = await rawContent(name);
    // The scan sees what is in the clear,
    expect(raw).toContain(SPACE);
    expect(raw).toContain(profile.id);
    // and none of this is.
    for (const seed of [1, 2, 77]) expect(raw).not.toContain(bytesOf([seed, seed + 1]));
    expect(raw).not.toContain(bytesOf([3, 4]));
    expect(raw).not.toContain(bytesOf([9, 10]));
    expect(raw).not.toContain(templateId);
  });

  it('uses a key that cannot be exported, made at the first use', async () => {
    const { store, name } = testStore();
    expect(await store.vaultStatus()).toMatchObject({ state: 'open', hasPassphrase: false });
    const db = await openDB(name);
    expect(await db.count('keys')).toBe(0);
    await enrolled(store, 'A', [1]);
    const { key } = (await db.get('keys', 'current')) as { key: CryptoKey };
    db.close();
    expect(key).toMatchObject({ extractable: false, algorithm: { name: 'HKDF' } });
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('notices when a block was altered, or put in the place of another', async () => {
    const { store, name } = testStore();
    const [a, b] = [await enrolled(store, 'A', [1]), await enrolled(store, 'B', [2])];
    const db = await openDB(name);
    const block = (await db.get('blocks', [a.id, SPACE])) as { data: ArrayBuffer };
    await db.put('blocks', { ...block, profileId: b.id });
    await expect(store.templatesOf(null, b.id)).rejects.toMatchObject(code('TEMPLATES_UNREADABLE'));
    const altered = new Uint8Array(block.data.slice(0));
    altered[5] = (altered[5] as number) ^ 1;
    await db.put('blocks', { ...block, data: altered.buffer });
    db.close();
    await expect(store.templatesOf(null, a.id)).rejects.toMatchObject({
      code: 'TEMPLATES_UNREADABLE',
      message: expect.stringContaining(a.id) as string,
    });
  });

  it('with a passphrase is locked until it is unlocked, in each tab', async () => {
    const { store, name } = testStore();
    const { store: other } = testStore(name);
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'A', [1], id);
    await store.addNegative(null, id, [{ profileId: profile.id, ...template(7) }], LIMIT);
    await store.saveClassifiers(id, (await store.collectionRevision(null, id)).revision, [CLASSIFIER]);
    expect(await store.setPassphrase('correct horse', null)).toMatchObject({ state: 'open', hasPassphrase: true });
    const content = await store.loadCollection(null, id, SPACE);
    expect(content).toMatchObject({ profiles: [{ id: profile.id }], negatives: [{}], classifier: CLASSIFIER });
    // Nothing in the database opens it any more.
    const db = await openDB(name);
    expect(await db.get('keys', 'current')).not.toHaveProperty('key');
    db.close();

    expect(await other.vaultStatus()).toMatchObject({ state: 'locked', hasPassphrase: true });
    const locked = [
      () => other.templatesOf(null, profile.id),
      () => other.loadCollection(null, id, SPACE),
      () => other.addTemplates(null, profile.id, [template(2)], LIMIT),
      () => enrolled(other, 'B', [1]),
      () => other.exportContent(),
      () => other.setPassphrase(null, null),
      () => other.assertOpen(),
    ];
    for (const call of locked) await expect(call()).rejects.toMatchObject(code('VAULT_LOCKED'));
    // Names are locked as well. Whoever is there can still be listed, and deleted.
    await expect(other.updateProfile(null, profile.id, { name: 'Anna' })).rejects.toMatchObject(code('VAULT_LOCKED'));
    const leaver = await enrolled(store, 'Leaver', [1]);
    expect((await other.listProfiles(null)).map((each) => [each.id, each.name])).toEqual([
      [profile.id, null],
      [leaver.id, null],
    ]);
    await other.deleteProfile(null, leaver.id);
    expect((await store.listProfiles(null)).map((each) => each.name)).toEqual(['A']);
    await expect(other.unlockVault('correct house')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    expect(await other.unlockVault('correct horse')).toMatchObject({ state: 'open', hasPassphrase: true });
    expect(await seedsOf(other, profile.id)).toEqual([1]);

    expect(await store.lockVault()).toMatchObject({ state: 'locked', hasPassphrase: true });
    await expect(store.templatesOf(null, profile.id)).rejects.toMatchObject(code('VAULT_LOCKED'));
    await store.unlockVault('correct horse');
    await expect(store.setPassphrase('another one', null)).rejects.toMatchObject(code('INVALID_INPUT'));
    await expect(store.setPassphrase('another one', 'correct house')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    await expect(store.setPassphrase(null, 'correct house')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    expect(await store.setPassphrase('another one', 'correct horse')).toMatchObject({ state: 'open' });
    await expect(other.templatesOf(null, profile.id)).rejects.toMatchObject(code('VAULT_LOCKED'));
    await expect(other.unlockVault('correct horse')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
    // Locked in one tab is locked in each, whether it was told or not.
    await other.unlockVault('another one');
    expect(await store.lockVault()).toMatchObject({ state: 'locked', hasPassphrase: true });
    await expect(other.templatesOf(null, profile.id)).rejects.toMatchObject(code('VAULT_LOCKED'));
    await store.unlockVault('another one');
    expect(await store.setPassphrase(null, 'another one')).toMatchObject({ state: 'open', hasPassphrase: false });
    await expect(store.setPassphrase(null, 'another one')).rejects.toMatchObject(code('INVALID_INPUT'));
    expect(await seedsOf(other, profile.id)).toEqual([1]);
    await expect(store.lockVault()).rejects.toMatchObject(code('INVALID_INPUT'));
    await expect(store.unlockVault('correct horse')).rejects.toMatchObject(code('INVALID_INPUT'));
  });

  it('can be set before anything is stored, and written as Unicode has it', async () => {
    const { store, name } = testStore();
    await store.setPassphrase('Schl\u00fcssel', null);
    const profile = await enrolled(store, 'A', [1]);
    const { store: later } = testStore(name);
    // The same letter in two code points, as some keyboards give it.
    await later.unlockVault('Schlu\u0308ssel');
    expect(await seedsOf(later, profile.id)).toEqual([1]);
  });

  it('makes templates unreadable when its key is destroyed, and the store goes on with a new one', async () => {
    const { store, changes } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const gone = await enrolled(store, 'Gone', [1], id);
    await store.destroyKey();
    expect(changes.at(-1)).toEqual({ vault: 'changed' });
    const unreadable = code('TEMPLATES_UNREADABLE');
    await expect(store.templatesOf(null, gone.id)).rejects.toMatchObject(unreadable);
    await expect(store.loadCollection(null, id, SPACE)).rejects.toMatchObject(unreadable);
    const kept = await enrolled(store, 'Kept', [2], id);
    await expect(store.templatesOf(null, gone.id)).rejects.toMatchObject(unreadable);
    await expect(store.loadCollection(null, id, SPACE)).rejects.toMatchObject(unreadable);
    // A new passphrase carries over what can be read.
    await store.setPassphrase('correct horse', null);
    expect(await seedsOf(store, kept.id)).toEqual([2]);
    await store.deleteProfile(null, gone.id);
    expect(templatesIn(await store.loadCollection(null, id, SPACE))).toHaveLength(1);
  });
});

describe('eraseAll', () => {
  it('leaves nothing but one line in the audit trail', async () => {
    const { store, name, changes } = testStore();
    const { id } = await store.createCollection(null, 'Home', false);
    const profile = await enrolled(store, 'Anna', [1], id);
    await store.deleteProfile(null, profile.id);
    await enrolled(store, 'Berta', [2], id);
    const { secret } = await store.createApiKey('door', ['match']);
    await store.setPassphrase('correct horse', null);
    await store.lockVault();
    await store.eraseAll();
    expect(await store.count()).toEqual({ profiles: 0, templates: 0, collections: 0 });
    expect(await store.listAudit(null)).toMatchObject([{ action: 'erase-all', subject: null }]);
    expect(await store.verifyApiKey(secret)).toBeNull();
    await expect(store.getProfile(null, profile.id)).rejects.toMatchObject(code('PROFILE_NOT_FOUND'));
    const db = await openDB(name);
    for (const storeName of db.objectStoreNames) {
      // The identity says which database this is, and nothing else.
      const left = storeName === 'audit' || storeName === 'identity' ? 1 : 0;
      expect(await db.count(storeName)).toBe(left);
    }
    db.close();
    expect(changes.at(-1)).toMatchObject({ profiles: { change: 'reset' }, collections: { change: 'reset' } });
    expect(await store.vaultStatus()).toMatchObject({ state: 'open', hasPassphrase: false });
    await enrolled(store, 'New', [1]);
  });
});

describe('a file that another worker had open when it ended', () => {
  it('is waited for until the browser releases it', async ({ skip }) => {
    skip(!HAS_STORAGE_MANAGER, 'WebKitGTK has no private files');
    const name = `store-${crypto.randomUUID()}`;
    const tab = openTab(name);
    onTestFinished(async () => {
      await tab.call('close');
      tab.terminate();
      await deleteDB(name);
    });
    tab.refuseFiles(3);
    expect(await tab.call('setPassphrase', 'correct horse', null)).toMatchObject({ state: 'open' });
  });
});

describe('a store whose half of the key in a file is gone', () => {
  it('is listed, and goes on after eraseAll or destroyKey', async ({ skip }) => {
    skip(!HAS_STORAGE_MANAGER, 'WebKitGTK has no private files');
    for (const recover of ['eraseAll', 'destroyKey'] as const) {
      const name = `store-${crypto.randomUUID()}`;
      /** Only a worker has such a file. */
      const open = () => {
        const tab = openTab(name);
        onTestFinished(async () => {
          await tab.call('close');
          tab.terminate();
          await deleteDB(name);
        });
        return tab;
      };
      const details = { name: 'Anna', metadata: {}, consent: null, collectionId: null };
      const enroll = async (tab: Tab, seed: number) =>
        (await tab.call('createProfile', null, { ...details, templates: [template(seed)] })).profile.id;
      const tab = open();
      const anna = await enroll(tab, 1);
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name)));
      const fileName = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('inface-secrets');
      await folder.removeEntry(fileName);
      const next = open();
      expect(await next.call('listProfiles', null)).toMatchObject([{ id: anna, name: null }]);
      const unreadable = code('TEMPLATES_UNREADABLE');
      await expect(next.call('templatesOf', null, anna)).rejects.toMatchObject(unreadable);
      await expect(enroll(next, 2)).rejects.toMatchObject(unreadable);
      await next.call(recover);
      const berta = await enroll(next, 2);
      expect(await next.call('templatesOf', null, berta)).toMatchObject([{ vector: { 0: 2 } }]);
    }
  });
});

describe('a database that was deleted', () => {
  /** Opens stores like the starts of kits in one browser: what is kept outside of the database outlives it. */
  function browser(name = `lost-${crypto.randomUUID()}`) {
    const outside = { id: null as string | null, losses: 0 };
    const changes: StoreChange[] = [];
    const start = () => {
      const mark = {
        known: outside.id,
        keep: (id: string | null) => (outside.id = id),
        onLost: () => outside.losses++,
      };
      const store = createStore(name, { audit: true, onChange: (change) => changes.push(change), mark });
      onTestFinished(async () => {
        await store.close();
        await deleteDB(name);
      });
      return store;
    };
    return { name, outside, changes, start };
  }

  /** Returns a store that was started after its database with one person was deleted. */
  async function losing() {
    const { start, name, outside, changes } = browser();
    const before = start();
    const { id } = await before.createCollection(null, 'Home', false);
    const anna = await enrolled(before, 'Anna', [1], id);
    const content = await before.exportContent();
    await before.close();
    await deleteDB(name);
    return { store: start(), start, name, outside, changes, anna, content, collectionId: id, lostId: outside.id };
  }

  const lost = code('STORAGE_LOST');

  it('is not taken for a first start: nothing is written before the application has answered', async () => {
    const { store, outside, anna, collectionId, lostId } = await losing();
    expect(await store.vaultStatus()).toMatchObject({ state: 'lost', hasPassphrase: false });
    expect(outside).toEqual({ id: lostId, losses: 1 });
    expect(await store.listProfiles(null)).toEqual([]);
    for (const write of [
      () => store.assertOpen(),
      () => enrolled(store, 'Berta', [2]),
      () => store.createCollection(null, 'Home', false),
      () => store.deleteProfile(null, anna.id),
      () => store.updateCollection(null, collectionId, { name: 'House' }),
      () => store.setPassphrase('correct horse', null),
      () => store.unlockVault('correct horse'),
      () => store.lockVault(),
      () => store.destroyKey(),
      () => store.updateProfile(null, anna.id, { name: 'Anne' }),
      () => store.addTemplates(null, anna.id, [template(2)], LIMIT),
      () => store.addSighting(anna.id, template(2), 0),
      () => store.removeTemplate(anna.id, SPACE, 't'),
      () => store.deleteCollection(null, collectionId),
      () => store.addNegative(null, collectionId, [{ profileId: anna.id, ...template(2) }], LIMIT),
      // A training that began before the loss comes to its end.
      () => store.saveClassifiers(collectionId, 2, [CLASSIFIER]),
      () => store.beginMigration(OTHER),
      () => store.dropOldTemplates(OTHER, new Date().toISOString()),
      () => store.createApiKey('door', ['match']),
      () => store.revokeApiKey('door'),
      () => store.clearAudit(),
      // An empty backup would replace a good one.
      () => store.exportContent(),
    ]) {
      await expect(write(), String(write)).rejects.toMatchObject(lost);
    }
    expect(await store.count()).toEqual({ profiles: 0, templates: 0, collections: 0 });
    expect(await store.listAudit(null)).toEqual([]);
    expect(outside).toEqual({ id: lostId, losses: 1 });
  });

  it('is still lost at the next start, and begun anew only when that is asked for', async () => {
    const { store, start, outside, lostId } = await losing();
    await store.count();
    await store.close();
    const [next, other, third] = [start(), start(), start()];
    for (const each of [next, other, third]) {
      await expect(enrolled(each, 'Berta', [2])).rejects.toMatchObject(lost);
    }
    await next.startAnew();
    expect(await next.vaultStatus()).toMatchObject({ state: 'open' });
    expect(await next.listAudit(null)).toMatchObject([{ action: 'start-anew' }]);
    // Other tabs know the lost one, too, and accept the answer.
    expect(await other.vaultStatus()).toMatchObject({ state: 'open' });
    await enrolled(third, 'Berta', [2]);
    await enrolled(next, 'Caro', [3]);
    expect(outside.id).not.toBe(lostId);
    expect(await start().count()).toMatchObject({ profiles: 2 });
    expect(outside.losses).toBe(4);
    // Not a second time.
    await next.startAnew();
    expect(await next.count()).toMatchObject({ profiles: 2 });
    expect((await next.listAudit(null)).map(({ action }) => action)).toEqual(['enroll', 'enroll', 'start-anew']);
    // Nor after the data of the site was deleted, but the database.
    outside.id = null;
    expect(await start().vaultStatus()).toMatchObject({ state: 'open' });
  });

  it('is noticed by open stores, and by one that stored nothing itself', async () => {
    const { start, name, outside } = browser();
    const [writer, reader] = [start(), start()];
    await reader.count();
    await enrolled(writer, 'Anna', [1]);
    await deleteDB(name);
    await expect(enrolled(reader, 'Berta', [2])).rejects.toMatchObject(lost);
    await expect(enrolled(writer, 'Berta', [2])).rejects.toMatchObject(lost);
    expect(outside.losses).toBe(2);
  });

  it('is answered by an import, and by an erasure of everything', async () => {
    const one = await losing();
    await one.store.assertOpen(true);
    expect(await one.store.importContent(one.content)).toMatchObject({ profiles: { added: 1 } });
    expect(one.changes.at(-1)).toMatchObject({ profiles: { change: 'reset' }, vault: 'changed' });
    expect([null, one.lostId]).not.toContain(one.outside.id);
    expect(await seedsOf(one.store, one.anna.id)).toEqual([1]);
    await enrolled(one.store, 'Berta', [2]);
    expect(await one.start().count()).toMatchObject({ profiles: 2 });

    const two = await losing();
    await two.store.eraseAll();
    expect(two.outside.id).toBeNull();
    await enrolled(two.store, 'Berta', [2]);
    expect(two.outside.id).not.toBeNull();
  });

  it('is not accepted by an answer that could not be stored', async () => {
    const { store, start, content, lostId, outside } = await losing();
    const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put') as PropertyDescriptor;
    const restore = () => Object.defineProperty(IDBObjectStore.prototype, 'put', put);
    onTestFinished(() => void restore());
    Object.defineProperty(IDBObjectStore.prototype, 'put', {
      ...put,
      value(this: IDBObjectStore, ...args: [unknown, IDBValidKey?]) {
        if (this.name !== 'memberships') return (put.value as typeof this.put).apply(this, args);
        throw new DOMException('The disk is full', 'QuotaExceededError');
      },
    });
    await expect(store.importContent(content)).rejects.toMatchObject(code('STORAGE_QUOTA_EXCEEDED'));
    restore();
    for (const each of [store, start()]) {
      expect(await each.vaultStatus()).toMatchObject({ state: 'lost' });
      await expect(enrolled(each, 'Berta', [2])).rejects.toMatchObject(lost);
    }
    expect(outside.id).toBe(lostId);
    await store.importContent(content);
    expect(await start().vaultStatus()).toMatchObject({ state: 'open' });
  });

  it('is answered once by two tabs at the same time, one of which imports', async () => {
    for (const order of [0, 1]) {
      const { start, content, anna } = await losing();
      const [one, two, late] = [start(), start(), start()];
      const answers = [() => one.importContent(content), () => two.startAnew()];
      await Promise.all((order === 0 ? answers : answers.toReversed()).map((answer) => answer()));
      for (const store of [one, two]) {
        expect(await store.vaultStatus()).toMatchObject({ state: 'open' });
        expect(await seedsOf(store, anna.id)).toEqual([1]);
      }
      await enrolled(two, 'Berta', [2]);
      // Nor is it asked again in a tab that did nothing meanwhile.
      await one.eraseAll();
      expect(await late.vaultStatus()).toMatchObject({ state: 'open' });
    }
  });

  it('is missed again when it was deleted while it counted as lost, and after it was accepted', async () => {
    const { store, start, name, outside } = await losing();
    await store.count();
    await deleteDB(name);
    await expect(enrolled(store, 'Berta', [2])).rejects.toMatchObject(lost);
    await store.startAnew();
    await enrolled(store, 'Berta', [2]);
    await deleteDB(name);
    for (const each of [store, start()]) await expect(enrolled(each, 'Caro', [3])).rejects.toMatchObject(lost);
    expect(outside.losses).toBe(4);
  });

  it('loses no acknowledged write silently, whenever it is deleted meanwhile', async () => {
    for (let turns = 0; turns < 60; turns += 6) {
      const { start, name } = browser();
      const store = start();
      await store.count();
      const written = enrolled(store, 'Anna', [1]).then(
        () => 'enrolled',
        (error: unknown) => (error as { code: string }).code,
      );
      for (let i = 0; i < turns; i++) await Promise.resolve();
      await deleteDB(name);
      const answer = await written;
      const { profiles } = await store.count();
      const { state } = await store.vaultStatus();
      // A refused write may already have made the key, whose loss is reported as well.
      if (answer === 'enrolled' && profiles === 0) expect(state).toBe('lost');
      else expect(['enrolled', 'STORAGE_LOST', 'STORAGE_UNAVAILABLE']).toContain(answer);
    }
  });

  it('is not expected before something was committed to it', async () => {
    const { start, outside } = browser();
    const store = start();
    abortCommits();
    await expect(store.createCollection(null, 'Home', false)).rejects.toMatchObject(code('STORAGE_UNAVAILABLE'));
    expect(outside.id).toBeNull();
  });

  it('is missed if it held a person, a collection, an API key or a passphrase', async () => {
    const fillings: ((store: FaceStore) => Promise<unknown>)[] = [
      async (store) => {
        await enrolled(store, 'Anna', [1]);
        await store.destroyKey();
      },
      (store) => store.createCollection(null, 'Home', false),
      (store) => store.createApiKey('door', ['match']),
      (store) => store.setPassphrase('correct horse', null),
    ];
    for (const fill of fillings) {
      const { start, name } = browser();
      const store = start();
      await fill(store);
      await store.close();
      await deleteDB(name);
      expect(await start().vaultStatus(), String(fill)).toMatchObject({ state: 'lost' });
    }
  });

  it('is missed if another page cleared it as a whole', async () => {
    const { start, name } = browser();
    const store = start();
    await enrolled(store, 'Anna', [1]);
    await store.close();
    const db = await openDB(name);
    for (const each of db.objectStoreNames) await db.clear(each);
    db.close();
    const next = start();
    await expect(enrolled(next, 'Berta', [2])).rejects.toMatchObject(lost);
    await next.startAnew();
    await enrolled(next, 'Berta', [2]);
    expect(await start().vaultStatus()).toMatchObject({ state: 'open' });
  });

  it('is no loss when nothing was in it', async () => {
    const { start, name, outside } = browser();
    const first = start();
    await first.clearAudit();
    await first.dropOldTemplates(SPACE, new Date().toISOString());
    await first.close();
    await deleteDB(name);
    const second = start();
    await enrolled(second, 'Anna', [1]);
    await second.eraseAll();
    await second.close();
    await deleteDB(name);
    await enrolled(start(), 'Berta', [2]);
    expect(outside.losses).toBe(0);
  });

  it('is known again after the mark outside was deleted', async () => {
    const { start, name, outside } = browser();
    const first = start();
    await enrolled(first, 'Anna', [1]);
    await first.close();
    outside.id = null;
    const second = start();
    await second.count();
    await second.close();
    await deleteDB(name);
    await expect(enrolled(start(), 'Berta', [2])).rejects.toMatchObject(lost);
  });
});

describe('versions and connections', () => {
  it('opens a database of version 1 with what it holds, and encrypts it', async () => {
    const { store, name } = testStore();
    const old = await openVersion1(name);
    const at = '2026-01-02T03:04:05.678Z';
    await old.add('profiles', { id: 'p1', name: 'Anna', metadata: {}, templateCount: 2, createdAt: at, updatedAt: at });
    for (const ordinal of [1, 0]) {
      await old.add('templates', {
        id: `t${ordinal}`,
        profileId: 'p1',
        ordinal,
        space: SPACE,
        vector: Float32Array.of(ordinal + 1, 2, 3, 4),
        createdAt: at,
      });
    }
    await old.add('collections', {
      id: 'c1',
      name: 'Home',
      revision: 4,
      trainedRevision: 4,
      createdAt: at,
      updatedAt: at,
    });
    await old.add('memberships', { collectionId: 'c1', profileId: 'p1' });
    await old.add('classifiers', { collectionId: 'c1', classifier: { version: 1, weights: Float32Array.of(5, 6) } });
    old.close();

    expect(await store.listProfiles(null)).toEqual([
      {
        id: 'p1',
        name: 'Anna',
        metadata: {},
        consent: null,
        owner: null,
        templateCount: 2,
        spaces: { [SPACE]: 2 },
        collectionIds: ['c1'],
        createdAt: at,
        updatedAt: at,
      },
    ]);
    expect(await store.getCollection(null, 'c1')).toMatchObject({
      profileIds: ['p1'],
      unknowns: false,
      owner: null,
      classifier: 'untrained',
    });
    const content = await store.loadCollection(null, 'c1', SPACE);
    const { classifier } = content;
    expect(templatesIn(content).map(({ id, vector }) => [id, ...vector])).toEqual([
      ['t0', 1, 2, 3, 4],
      ['t1', 2, 2, 3, 4],
    ]);
    expect(classifier).toBeNull();
    const raw = await rawContent(name);
    expect(raw).not.toContain(bytesOf([2, 3, 4]));
    expect(raw).not.toContain(bytesOf([5, 6]));
    // Templates of version 1 have no quality: they give way first.
    const { replacedTemplateIds } = await store.addTemplates(null, 'p1', [template(9, 0.01)], 2);
    expect(replacedTemplateIds).toEqual(['t0']);
  });

  it('opens a database of version 2, and keeps its templates, rejected faces and classifiers', async () => {
    const { store: made, name } = testStore();
    const { id } = await made.createCollection(null, 'Home', false);
    const anna = await enrolled(made, 'Anna', [1, 2, 3], id);
    await made.addNegative(null, id, [{ profileId: anna.id, ...template(7) }], LIMIT);
    await made.saveClassifiers(id, (await made.collectionRevision(null, id)).revision, [CLASSIFIER]);
    await made.close();
    // The sealed records are those of version 2; only their keys and the counts of the profile are new.
    const db = await openDB(name);
    const names = [...db.objectStoreNames].filter((each) => !['oldSpaces', 'plainDetails', 'identity'].includes(each));
    const records = await Promise.all(names.map(async (each) => [each, await db.getAll(each)] as const));
    db.close();
    await deleteDB(name);
    const old = await openVersion2(name);
    for (const [each, values] of records) {
      for (const value of values as { spaces?: unknown; details?: unknown }[]) {
        delete value.spaces;
        if (each === 'profiles') {
          delete value.details;
          Object.assign(value, { name: 'Anna', metadata: {}, consent: null });
        }
        if (each === 'keys') await old.put(each, value, 'current');
        else await old.put(each, value);
      }
    }
    old.close();

    const { store } = testStore(name);
    expect(await store.getProfile(null, anna.id)).toEqual(await made.getProfile(null, anna.id).catch(() => anna));
    expect(await seedsOf(store, anna.id)).toEqual([1, 2, 3]);
    const { negatives, classifier } = await store.loadCollection(null, id, SPACE);
    expect(negatives).toMatchObject([{ profileId: anna.id, space: SPACE, vector: { 0: 7 } }]);
    expect(classifier).toEqual(CLASSIFIER);
    expect(await store.listSpaces()).toEqual([{ space: SPACE, since: null }]);
  });

  it('opens a database of version 3, and seals its names under a new key, once it is unlocked', async () => {
    const anna = { id: 'anna', name: 'Anna', metadata: { badge: 7 }, consent: 'signed' };
    for (const passphrase of [null, 'correct horse']) {
      const { store, name } = testStore();
      await createVersion3(name, passphrase);
      if (passphrase !== null) {
        expect(await store.getProfile(null, 'anna')).toMatchObject({ name: null, metadata: {}, consent: null });
        await expect(store.unlockVault('wrong horse')).rejects.toMatchObject(code('WRONG_PASSPHRASE'));
        await store.unlockVault(passphrase);
      }
      expect(await store.vaultStatus()).toMatchObject({ state: 'open', hasPassphrase: passphrase !== null });
      const raw = await rawContent(name);
      for (const text of ['Anna', 'badge', 'signed']) expect(raw).not.toContain(text);
      expect(await store.getProfile(null, 'anna')).toMatchObject(anna);
      expect(await seedsOf(store, 'anna')).toEqual([1]);
      const { store: later } = testStore(name);
      if (passphrase !== null) await later.unlockVault(passphrase);
      expect(await later.getProfile(null, 'anna')).toMatchObject(anna);
      const db = await openDB(name);
      expect(await db.get('keys', 'current')).not.toMatchObject({ id: 'key' });
      db.close();
    }
  });

  it('reads the classifier that version 2 stored alone', () => {
    const { commonness, ...head } = { ...CLASSIFIER, profileIds: ['a'], commonness: Float32Array.of(5) };
    const text = new TextEncoder().encode(JSON.stringify(head).padEnd(400));
    const bytes = new Uint8Array([
      ...new Uint8Array(Uint32Array.of(400).buffer),
      ...text,
      ...new Uint8Array(commonness.buffer),
    ]);
    expect(decodeClassifiers(bytes)).toEqual([{ ...head, commonness }]);
  });

  it('lets a newer version in, and says so when it comes back', async () => {
    const { store, name } = testStore();
    await store.createCollection(null, 'Home', false);
    // Would wait for ever if the store kept its connection.
    const newer = await openDB(name, 1000);
    newer.close();
    await expect(store.listCollections(null)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('newer version') as string,
    });
  });

  it('migrates step by step and keeps what is stored', async () => {
    const { store, name } = testStore();
    const profile = await enrolled(store, 'Anna', [1, 2]);
    const steps: number[] = [];
    const step = (version: number) => () => {
      steps.push(version);
      return Promise.resolve();
    };
    const options = { audit: true, onChange: () => undefined };
    const next = createStore(name, options, [...MIGRATIONS, step(5), step(6)]);
    onTestFinished(() => next.close());
    expect(await next.getProfile(null, profile.id)).toEqual(profile);
    expect(await next.templatesOf(null, profile.id)).toHaveLength(2);
    expect(steps).toEqual([5, 6]);
  });

  it('takes a whole upgrade back when one of its steps fails', async () => {
    const { store, name } = testStore();
    const profile = await enrolled(store, 'Anna', [1]);
    await store.close();
    const options = { audit: true, onChange: () => undefined };
    const broken = createStore(name, options, [
      ...MIGRATIONS,
      async (_db, tx) => {
        await tx.objectStore('profiles').clear();
        throw new Error('a defect');
      },
    ]);
    onTestFinished(() => broken.close());
    await expect(broken.count()).rejects.toMatchObject(code('STORAGE_UNAVAILABLE'));
    const { store: again } = testStore(name);
    expect(await again.getProfile(null, profile.id)).toEqual(profile);
  });

  it('completes an upgrade while no other tab writes', async () => {
    const { store, name } = testStore();
    const lock = `inface-write-${name}`;
    let release: () => void = () => undefined;
    const written = new Promise<void>((resolve) => (release = resolve));
    const writing = navigator.locks.request(lock, () => written);
    let isOpen = false;
    const opened = store.count().then(() => (isOpen = true));
    await eventually(async () => {
      const { pending = [] } = await navigator.locks.query();
      expect(isOpen || pending.some((each) => each.name === lock)).toBe(true);
    });
    expect(isOpen).toBe(false);
    release();
    await Promise.all([writing, opened]);
  });

  it('reports a tab that does not let go of an older version, and goes on when it does', async () => {
    const { store, name } = testStore();
    await enrolled(store, 'Anna', [1]);
    await store.close();
    // A connection of idb without a handler for versionchange stays open.
    const stubborn = await openDB(name, MIGRATIONS.length);
    onTestFinished(() => {
      stubborn.close();
    });
    const options = { audit: true, onChange: () => undefined };
    const next = createStore(name, options, [...MIGRATIONS, () => Promise.resolve()]);
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
    await expect(store.count()).rejects.toMatchObject(code('CLOSED'));
  });
});
