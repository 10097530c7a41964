/** A tab that is killed in the middle of a write: what it wanted to write is there in the end, or nothing of it is. */
import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { server } from 'vitest/browser';
import type { BackupContent, FaceStore } from '../../src/worker/ports/face-store.js';
import { createStore } from '../../src/worker/store/store.js';
import { createVersion3, openVersion1 } from './support.js';
import { openTab, type TabMethod } from './tab.js';

const SPACE = 'space';
const PASSPHRASE = 'correct horse';
const NEXT_PASSPHRASE = 'battery staple';
const AT = '2026-01-02T03:04:05.678Z';

const template = (seed: number, quality = 0.5) => ({ space: SPACE, vector: Float32Array.of(seed, 1, 2, 3), quality });

const CLASSIFIER = {
  version: 3,
  space: SPACE,
  profileIds: ['p'],
  commonness: Float32Array.of(1, 2, 3, 4),
  strangerShift: 0.5,
} as const;

/** What a scenario works on. */
interface Ids {
  readonly anna: string;
  readonly home: string;
  readonly key: string;
  readonly revision: number;
}

/** Two people, a collection of both with a negative example and a classifier, and an API key. */
async function setUp(store: FaceStore): Promise<Ids> {
  const home = await store.createCollection(null, 'Home', true);
  const enroll = async (name: string, seeds: readonly number[]) => {
    const templates = seeds.map((seed) => template(seed));
    const profile = { name, metadata: {}, consent: null, templates, collectionId: home.id };
    return (await store.createProfile(null, profile)).profile;
  };
  const anna = await enroll('Anna', [1, 2, 3]);
  await enroll('Berta', [10, 11]);
  await store.addNegative(null, home.id, [{ profileId: anna.id, ...template(77) }], 50);
  const { revision } = await store.collectionRevision(null, home.id);
  await store.saveClassifiers(home.id, revision, [CLASSIFIER]);
  const { key } = await store.createApiKey('door', ['match']);
  await store.keepKeys('copies', { name: await hmacKey() });
  return { anna: anna.id, home: home.id, key: key.id, revision };
}

/** The same in all databases. */
function hmacKey(): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
}

const IMPORTED: BackupContent = {
  profiles: [
    {
      id: 'imported',
      name: 'Imported',
      metadata: {},
      consent: null,
      owner: null,
      createdAt: AT,
      updatedAt: AT,
      space: SPACE,
      templates: [{ id: 't', createdAt: AT, quality: 1, vector: Float32Array.of(9, 1, 2, 3) }],
    },
  ],
  collections: [
    {
      id: 'other',
      name: 'Other',
      unknowns: false,
      owner: null,
      createdAt: AT,
      updatedAt: AT,
      profileIds: ['imported'],
      negatives: [
        {
          profileId: 'imported',
          space: SPACE,
          templates: [{ id: 'n', createdAt: AT, quality: null, vector: Float32Array.of(8, 1, 2, 3) }],
        },
      ],
    },
  ],
};

type Call = { [M in TabMethod]: readonly [method: M, ...args: Parameters<FaceStore[M]>] }[TabMethod];

interface Scenario {
  readonly name: string;
  /** Brings the store into the state that it needs. */
  readonly before?: (store: FaceStore, ids: Ids) => Promise<unknown>;
  /** What the tab does first, undisturbed: the passphrase that opens the vault in it. */
  readonly unlock?: string;
  /** It makes a key in a transaction of its own, which stays when the rest is killed: each try needs a new database. */
  readonly makesKey?: true;
  /** It overwrites the secret of the old key after its transaction: a kill there leaves the state after. */
  readonly erasesKey?: true;
  /** The write operation. */
  readonly call: (ids: Ids) => Call;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'createProfile',
    call: ({ home }) => {
      const templates = [template(20), template(21)];
      const profile = { name: 'New', metadata: { a: 1 }, consent: 'yes', templates, collectionId: home };
      return ['createProfile', null, profile];
    },
  },
  {
    name: 'addTemplates, with two that are replaced',
    call: ({ anna }) => ['addTemplates', null, anna, [template(4, 0.9), template(5, 0.9)], 3],
  },
  {
    name: 'updateProfile',
    call: ({ anna }) => ['updateProfile', null, anna, { name: 'Anne', metadata: { b: 2 }, consent: 'no' }],
  },
  { name: 'deleteProfile', call: ({ anna }) => ['deleteProfile', null, anna] },
  { name: 'createCollection', call: () => ['createCollection', null, 'Second', false] },
  {
    name: 'updateCollection',
    call: ({ home, anna }) => [
      'updateCollection',
      null,
      home,
      { name: 'House', unknowns: false, removeProfileIds: [anna] },
    ],
  },
  {
    name: 'updateCollection, with one more profile',
    before: (store, { home, anna }) => store.updateCollection(null, home, { removeProfileIds: [anna] }),
    call: ({ home, anna }) => ['updateCollection', null, home, { addProfileIds: [anna] }],
  },
  { name: 'deleteCollection', call: ({ home }) => ['deleteCollection', null, home] },
  {
    name: 'saveClassifiers',
    call: ({ home, revision }) => ['saveClassifiers', home, revision, [{ ...CLASSIFIER, strangerShift: 0.25 }]],
  },
  { name: 'saveClassifiers with none', call: ({ home, revision }) => ['saveClassifiers', home, revision, []] },
  {
    name: 'addNegative, with one that is replaced',
    call: ({ home, anna }) => ['addNegative', null, home, [{ profileId: anna, ...template(78) }], 1],
  },
  {
    name: 'addSighting',
    call: ({ anna }) => ['addSighting', anna, { ...template(30), space: 'newer' }, 0],
  },
  {
    name: 'beginMigration',
    call: () => ['beginMigration', 'newer'],
  },
  {
    name: 'dropOldTemplates',
    before: async (store, { anna }) => {
      await store.beginMigration('newer');
      for (const seed of [30, 31, 32]) await store.addSighting(anna, { ...template(seed), space: 'newer' }, 0);
    },
    call: () => ['dropOldTemplates', 'newer', '2999-01-01T00:00:00.000Z'],
  },
  { name: 'setPassphrase', erasesKey: true, call: () => ['setPassphrase', PASSPHRASE, null] },
  {
    name: 'setPassphrase to another one',
    erasesKey: true,
    before: (store) => store.setPassphrase(PASSPHRASE, null),
    unlock: PASSPHRASE,
    call: () => ['setPassphrase', NEXT_PASSPHRASE, PASSPHRASE],
  },
  {
    name: 'setPassphrase to none',
    erasesKey: true,
    before: (store) => store.setPassphrase(PASSPHRASE, null),
    unlock: PASSPHRASE,
    call: () => ['setPassphrase', null, PASSPHRASE],
  },
  {
    name: 'setPassphrase to none, from the key of the device',
    erasesKey: true,
    call: () => ['setPassphrase', null, null],
  },
  { name: 'keepKeys with none', call: () => ['keepKeys', 'copies', null] },
  { name: 'destroyKey', erasesKey: true, call: () => ['destroyKey'] },
  { name: 'importContent', call: () => ['importContent', IMPORTED] },
  {
    name: 'importContent over what is there',
    before: async (store) => {
      const older = '2025-01-02T03:04:05.678Z';
      const dated = <T extends object>(records: readonly T[]) =>
        records.map((record) => ({ ...record, name: 'Older', createdAt: older, updatedAt: older }));
      await store.importContent({
        profiles: dated(IMPORTED.profiles),
        collections: dated(IMPORTED.collections),
      });
    },
    call: () => ['importContent', IMPORTED],
  },
  { name: 'exportContent, for its line in the audit trail', call: () => ['exportContent'] },
  { name: 'clearAudit', call: () => ['clearAudit'] },
  { name: 'createApiKey', call: () => ['createApiKey', 'desk', ['enroll']] },
  { name: 'revokeApiKey', call: ({ key }) => ['revokeApiKey', key] },
  { name: 'eraseAll', erasesKey: true, call: () => ['eraseAll'] },
  {
    name: 'createProfile, as the first one',
    makesKey: true,
    before: (store) => store.eraseAll(),
    call: () => {
      const profile = { name: 'First', metadata: {}, consent: null, templates: [template(1)], collectionId: null };
      return ['createProfile', null, profile];
    },
  },
  {
    name: 'importContent into an empty store',
    makesKey: true,
    before: (store) => store.eraseAll(),
    call: () => ['importContent', IMPORTED],
  },
  {
    name: 'createProfile after destroyKey',
    makesKey: true,
    before: (store) => store.destroyKey(),
    call: ({ home }) => {
      const profile = { name: 'First', metadata: {}, consent: null, templates: [template(1)], collectionId: home };
      return ['createProfile', null, profile];
    },
  },
];

function testDatabase({ onTestFinished }: TestContext): { name: string; store: FaceStore } {
  const name = `kill-${crypto.randomUUID()}`;
  const store = createStore(name, { audit: true, onChange: () => undefined });
  onTestFinished(async () => {
    await store.close();
    await deleteDB(name);
  });
  return { name, store };
}

/** The value, or the code of what it rejects with. */
async function orCode<T>(promise: Promise<T>): Promise<T | string> {
  try {
    return await promise;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

/** Everything that can be seen of a database but its random ids and times: two with the same history have the same. */
async function summarize(name: string, store: FaceStore): Promise<unknown> {
  const vault = await store.vaultStatus();
  if (vault.state === 'locked') {
    const isOpen = await orCode(store.unlockVault(PASSPHRASE));
    if (isOpen === 'WRONG_PASSPHRASE') await store.unlockVault(NEXT_PASSPHRASE);
    else expect(isOpen).toMatchObject({ state: 'open' });
  }
  const collections = await store.listCollections(null);
  const profiles = await store.listProfiles(null);
  const nameOf = (id: string) => profiles.find((profile) => profile.id === id)?.name ?? 'nameless';
  const seed = ({ vector }: { readonly vector: Float32Array }) => vector[0];
  const loaded = [];
  for (const { id, name: collection, unknowns, profileIds, classifier } of collections) {
    const content = await orCode(store.loadCollection(null, id, SPACE));
    const { revision } = await store.collectionRevision(null, id);
    loaded.push({
      collection,
      unknowns,
      // An imported collection counts from the time of its import, which is another one in each database.
      revision: revision > Date.parse('2000') ? 'imported' : revision,
      classifier,
      members: profileIds.map(nameOf).sort(),
      content:
        typeof content === 'string'
          ? content
          : {
              templates: content.profiles
                .flatMap(({ templates }) => templates ?? [])
                .map((t) => [nameOf(t.profileId), seed(t)])
                .sort(),
              negatives: content.negatives.map((n) => [nameOf(n.profileId), seed(n)]).sort(),
              shift: content.classifier?.strangerShift ?? null,
            },
    });
  }
  const people = [];
  for (const { id, name: person, consent, metadata, templateCount, collectionIds } of profiles) {
    const templates = await orCode(store.templatesOf(null, id));
    const seeds = typeof templates === 'string' ? templates : templates.map(seed);
    people.push({ person, consent, metadata, templateCount, seeds, collections: collectionIds.length });
  }
  const db = await openDB(name);
  const counts: Record<string, number> = {};
  for (const storeName of db.objectStoreNames) counts[storeName] = await db.count(storeName);
  db.close();
  // A key that opens nothing yet is nothing that anybody can tell from none.
  delete counts['keys'];
  return {
    hasPassphrase: vault.hasPassphrase,
    people: people.sort((a, b) => String(a.person).localeCompare(String(b.person))),
    loaded,
    keys: (await store.listApiKeys()).map((key) => key.name),
    copies: await orCode(signature(store)),
    audit: (await store.listAudit(null)).map(({ action, count }) => [action, count]),
    counts,
  };
}

/** Signs a name with the key in the set 'copies'. Returns the first bytes, or `null` without the key. */
async function signature(store: FaceStore): Promise<number | null> {
  const keys = await store.keptKeys('copies');
  const mac = keys && (await crypto.subtle.sign('HMAC', keys['name']!, new TextEncoder().encode('anna')));
  return mac && new DataView(mac).getUint32(0);
}

/** Lets other events happen, this many times. */
async function pass(times: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  for (let i = 0; i < times; i++) {
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
  }
  port1.close();
}

/** Two people with two templates each, and a trained collection of one of them, as version 1 stored them. */
async function createVersion1(name: string): Promise<void> {
  const old = await openVersion1(name);
  const dated = { createdAt: AT, updatedAt: AT };
  for (const profileId of ['p1', 'p2']) {
    await old.add('profiles', { id: profileId, name: profileId, metadata: {}, templateCount: 2, ...dated });
    for (const ordinal of [0, 1]) {
      const id = `${profileId}-${ordinal}`;
      const vector = Float32Array.of(ordinal + 1, 2, 3, 4);
      await old.add('templates', { id, profileId, ordinal, space: SPACE, vector, createdAt: AT });
    }
  }
  await old.add('collections', { id: 'c', name: 'Home', revision: 1, trainedRevision: 1, ...dated });
  await old.add('memberships', { collectionId: 'c', profileId: 'p1' });
  await old.add('classifiers', { collectionId: 'c', classifier: { version: 1, weights: Float32Array.of(5, 6) } });
  old.close();
}

/** A database on which the operation can be tried. */
async function prepare(context: TestContext, { before }: Scenario) {
  const { name, store } = testDatabase(context);
  const ids = await setUp(store);
  await before?.(store, ids);
  return { name, store, ids };
}

/** What the operation does when nobody disturbs it. */
async function undisturbed(context: TestContext, scenario: Scenario) {
  const { name, store, ids } = await prepare(context, scenario);
  const stateBefore = await summarize(name, store);
  const [method, ...args] = scenario.call(ids);
  await (store[method] as (...values: unknown[]) => Promise<unknown>)(...args);
  const stateAfter = await summarize(name, store);
  expect(stateAfter).not.toEqual(stateBefore);
  return { stateBefore, stateAfter };
}

/** A tab that is ready to do the operation. */
async function readyTab(name: string, { unlock }: Scenario) {
  const tab = openTab(name);
  if (unlock !== undefined) await tab.call('unlockVault', unlock);
  // Answers when it stands.
  await tab.call('count');
  return tab;
}

/** Another connection gets at the lock and at a transaction that writes, which fails and changes nothing. */
async function expectWritable(store: FaceStore): Promise<void> {
  expect(await orCode(store.revokeApiKey('nobody'))).toBe('API_KEY_NOT_FOUND');
}

// Side by side, because the browser takes two seconds to end a worker that stands still.
describe.concurrent('a tab that is killed in the middle of', () => {
  beforeEach(({ skip }) => {
    const canStop = server.browser !== 'webkit' || typeof SharedArrayBuffer !== 'undefined';
    skip(!canStop, 'WebKitGTK has no SharedArrayBuffer, with which a tab stops in the middle of a write');
  });

  it.for(SCENARIOS)('$name leaves the state before or after', async (scenario, context) => {
    const { stateBefore, stateAfter } = await undisturbed(context, scenario);
    let prepared = await prepare(context, scenario);
    expect(await summarize(prepared.name, prepared.store)).toEqual(stateBefore);
    for (let n = 1; ; n++) {
      const { name, store, ids } = prepared;
      const [method, ...args] = scenario.call(ids);
      const tab = await readyTab(name, scenario);
      const reached = tab.killAt(n);
      const done = tab.call(method, ...(args as never)).then(() => 'done' as const);
      const outcome = await Promise.race([reached.then(() => 'reached' as const), done]);
      tab.terminate();
      if (outcome === 'done') {
        // All kill points are behind, and the store has just worked.
        expect(n, `${scenario.name} makes no request that writes`).toBeGreaterThan(1);
        console.log(`${scenario.name}: killed at ${n - 1} writes`);
        break;
      }
      await expectWritable(store);
      const state = await summarize(name, store);
      // The old key is erased after the commit.
      const isErasing = !!scenario.erasesKey && JSON.stringify(state) !== JSON.stringify(stateBefore);
      expect(state, `${scenario.name}, killed at request ${n}`).toEqual(isErasing ? stateAfter : stateBefore);
      if (scenario.makesKey || isErasing) prepared = await prepare(context, scenario);
    }
    const { name, store } = prepared;
    expect(await summarize(name, store)).toEqual(stateAfter);
    const templates = [template(30)];
    const next = { name: 'Next', metadata: {}, consent: null, templates, collectionId: null };
    const { profile } = await store.createProfile(null, next);
    expect(await store.templatesOf(null, profile.id)).toMatchObject([{ vector: templates[0]?.vector }]);
  });

  it('any of them, at any moment, leaves the state before or after', { timeout: 240_000 }, async (context) => {
    const seen = { before: 0, after: 0 };
    for (const scenario of SCENARIOS) {
      const states = await undisturbed(context, scenario);
      const [stateBefore, stateAfter] = [JSON.stringify(states.stateBefore), JSON.stringify(states.stateAfter)];
      let prepared = await prepare(context, scenario);
      for (const events of [0, 40, 150, 400, 1000]) {
        const { name, store, ids } = prepared;
        const [method, ...args] = scenario.call(ids);
        const tab = await readyTab(name, scenario);
        tab.call(method, ...(args as never)).catch(() => undefined);
        await pass(events);
        tab.terminate();
        await expectWritable(store);
        const state = JSON.stringify(await summarize(name, store));
        expect([stateBefore, stateAfter], `${scenario.name}, killed after ${events} events`).toContain(state);
        if (state === stateBefore) seen.before++;
        else {
          seen.after++;
          prepared = await prepare(context, scenario);
        }
      }
    }
    console.log(`killed at random moments: ${JSON.stringify(seen)}`);
    expect(seen.before + seen.after).toBe(5 * SCENARIOS.length);
  });

  it('an answer to a loss accepts the new database with its transaction, or not at all', async ({ onTestFinished }) => {
    const known = 'the lost one';
    // At the last writes of the transaction, after that of the key.
    for (const [killAt, method, ...args] of [
      [14, 'importContent', IMPORTED],
      [2, 'startAnew'],
      [14, 'eraseAll'],
    ] as const) {
      const name = `kill-${crypto.randomUUID()}`;
      const killed = openTab(name, { known });
      expect(await killed.call('vaultStatus')).toMatchObject({ state: 'lost' });
      const reached = killed.killAt(killAt);
      killed.call(method, ...(args as never)).catch(() => undefined);
      await reached;
      killed.terminate();
      const next = openTab(name, { known });
      onTestFinished(async () => {
        await next.call('close');
        next.terminate();
        await deleteDB(name);
      });
      expect(await next.call('vaultStatus'), method).toMatchObject({ state: 'lost' });
      expect(await next.call('listAudit', null), method).toEqual([]);
      await next.call(method, ...(args as never));
      expect(await next.call('vaultStatus'), method).toMatchObject({ state: 'open' });
      expect(await next.call('listAudit', null), method).toHaveLength(1);
    }
  });

  it('the encryption of a database of version 1 loses no template, and leaves none in both forms', async (context) => {
    const countsOf = async (db: IDBPDatabase) => ({
      templates: await db.count('templates'),
      blocks: db.objectStoreNames.contains('blocks') ? await db.count('blocks') : 0,
    });
    for (let n = 1; ; n++) {
      // A new one for each: the upgrade and the key are committed before the encryption, and stay when it is killed.
      const { name, store } = testDatabase(context);
      await createVersion1(name);
      const tab = openTab(name);
      const reached = tab.killAt(n);
      const done = tab.call('count').then(() => 'done' as const);
      const outcome = await Promise.race([reached.then(() => 'reached' as const), done]);
      tab.terminate();
      if (outcome === 'reached') {
        // It lets go when the upgrade asks for it. If it closed here, the upgrade might come first, and find it open.
        const look = await openDB(name, undefined, {
          blocking: (_old, _new, event) => (event.target as IDBDatabase).close(),
        });
        // The names come after the templates.
        const counts = await countsOf(look);
        expect(counts.blocks, `killed at request ${n}`).toBe(counts.templates === 4 ? 0 : 2);
      }
      // The next one brings it to its end.
      for (const id of ['p1', 'p2']) {
        const templates = await store.templatesOf(null, id);
        expect(templates.map(({ id: own, vector }) => [own, vector[0]])).toEqual([
          [`${id}-0`, 1],
          [`${id}-1`, 2],
        ]);
      }
      expect((await store.listProfiles(null)).map((profile) => profile.name).sort()).toEqual(['p1', 'p2']);
      expect(await store.getCollection(null, 'c')).toMatchObject({ profileIds: ['p1'], classifier: 'untrained' });
      const db = await openDB(name);
      expect(await countsOf(db)).toEqual({ templates: 0, blocks: 2 });
      db.close();
      await expectWritable(store);
      if (outcome === 'done') {
        // Two profiles, the classifiers and a collection, the profiles again, and again with their details in the upgrade,
        // and the identity; the secret, written and flushed, and the key; two blocks and what they replace; the same for the
        // details.
        expect(n).toBe(4 + 2 + 4 + 1 + 2 + 1 + 3 + 3 + 1);
        break;
      }
    }
  });

  it.for([null, PASSPHRASE])(
    'the new key of a database of version 3 loses nothing, under %s',
    async (passphrase, context) => {
      for (let n = 1; ; n++) {
        const { name, store } = testDatabase(context);
        await createVersion3(name, passphrase);
        const tab = openTab(name);
        const reached = tab.killAt(n);
        const done = tab
          .call('count')
          .then(() => (passphrase === null ? null : tab.call('unlockVault', passphrase)))
          .then(() => 'done' as const);
        const outcome = await Promise.race([reached.then(() => 'reached' as const), done]);
        tab.terminate();
        const next = openTab(name);
        if (passphrase !== null) await next.call('unlockVault', passphrase);
        const anna = { name: 'Anna', metadata: { badge: 7 }, consent: 'signed' };
        expect(await next.call('getProfile', null, 'anna'), `killed at request ${n}`).toMatchObject(anna);
        expect(await next.call('templatesOf', null, 'anna')).toMatchObject([
          { id: 't', vector: Float32Array.of(1, 2, 3, 4) },
        ]);
        next.terminate();
        if (passphrase !== null) await store.unlockVault(passphrase);
        expect(await store.getProfile(null, 'anna')).toMatchObject(anna);
        if (outcome === 'done') {
          // The details, moved out of the profile, and the identity; the secret; block and key; the details, sealed.
          expect(n).toBe(2 + 1 + 2 + 2 + 2 + 1);
          break;
        }
      }
    },
  );
});
