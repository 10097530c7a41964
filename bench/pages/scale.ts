/** Measures the built kit with a store of 20,000 people in 200 collections. */
import type * as api from '../../src/index.js';
import type { BackupContent } from '../../src/worker/ports/face-store.js';
import { sealBackup } from '../../src/worker/store/backup.js';
import { drawPeople, vary } from './faces.js';
import { createKit } from './kit.js';

const PEOPLE = 20_000;
const TEMPLATES = 3;
/** One collection has everybody, the others have this many people each. */
const COLLECTIONS = 200;
const MEMBERS = 100;
/** Number of people on a page of the list. */
const PAGE = 100;
const PASSPHRASE = 'of the bench';
const FIRST_TIME = Date.parse('2026-01-01');

/** The functions that the page exposes to the bench. */
export interface ScalePage {
  /** Makes the backup that `measure` imports. */
  prepare(): Promise<void>;
  /**
   * Fills a new database and measures operations on it.
   * @returns milliseconds by operation
   */
  measure(): Promise<Readonly<Record<string, readonly number[]>>>;
}

let backup = new Blob();
let everybody = '';

async function makeContent(space: string): Promise<BackupContent> {
  const timeOf = (i: number) => {
    const at = new Date(FIRST_TIME + 60_000 * i).toISOString();
    return { owner: null, createdAt: at, updatedAt: at };
  };
  const profiles = (await drawPeople(PEOPLE, 3)).map((person, i) => ({
    ...timeOf(i),
    id: crypto.randomUUID(),
    name: `Person ${i}`,
    metadata: { badge: i },
    consent: 'signed on paper',
    space,
    templates: Array.from({ length: TEMPLATES }, () => ({
      id: crypto.randomUUID(),
      createdAt: timeOf(i).createdAt,
      quality: 1,
      vector: vary(person),
    })),
  }));
  const ids = profiles.map(({ id }) => id);
  const collections = Array.from({ length: COLLECTIONS }, (_, i) => ({
    ...timeOf(i),
    id: crypto.randomUUID(),
    name: `Collection ${i}`,
    unknowns: false,
    profileIds: i === 0 ? ids : ids.slice((i - 1) * MEMBERS, i * MEMBERS),
    negatives: [],
  }));
  return { profiles, collections };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

const nextTask = () => new Promise<boolean>((resolve) => setTimeout(resolve, 0, false));

const openPhoto = (kit: api.FaceKit, number: number) => kit.open(new URL(`/photos/sample${number}.jpg`, location.href));

/** A new kit has a new worker, which has not read anything yet. */
async function withKit<T>(database: string, work: (kit: api.FaceKit) => Promise<T>): Promise<T> {
  const kit = await createKit({ database });
  try {
    return await work(kit);
  } finally {
    await kit.close();
  }
}

const page: ScalePage = {
  async prepare() {
    const content = await withKit('bench', async (kit) => makeContent((await kit.info()).embeddingSpace));
    everybody = content.collections[0]?.id ?? '';
    backup = await sealBackup(content, PASSPHRASE);
  },

  async measure() {
    const database = `bench-${crypto.randomUUID()}`;
    const importMs = await withKit(database, (kit) => timed(() => kit.backup.import(backup, PASSPHRASE)));

    const lists = await withKit(database, async (kit) => {
      const pages: number[] = [];
      let last: api.Profile | undefined;
      const readPage = () =>
        timed(async () => {
          last = (await kit.profiles.list({ limit: PAGE, after: last })).at(-1);
        });
      for (let i = 0; i < 10; i++) pages.push(await readPage());
      const collections = [await timed(() => kit.collections.list())];
      const all = [await timed(() => kit.profiles.list())];
      const meanwhile: number[] = [];
      const training = timed(() => kit.train(everybody));
      const isOver = () => Promise.race([training.then(() => true), nextTask()]);
      do meanwhile.push(await readPage());
      while (!(await isOver()));
      return { pages, collections, all, train: [await training], meanwhile };
    });

    const searches = await withKit(database, async (kit) => {
      const small = (await kit.collections.list()).find(({ id }) => id !== everybody);
      const photo = await openPhoto(kit, 1);
      const identify = (id: string) => photo.identify(id, { maxFaces: 1 });
      // Detect and embed before, so that the collection alone is measured.
      await identify(small?.id ?? '');
      const first = [await timed(() => identify(everybody))];
      const again = [await timed(() => identify(everybody))];
      const other = await openPhoto(kit, 2);
      const added: number[] = [];
      for (let i = 0; i < 3; i++) {
        const { outcome } = await other.enroll({ policy: 'off', face: 'largest', collectionId: everybody });
        if (outcome !== 'enrolled') throw new Error('sample2.jpg was not enrolled. Check that it shows a face.');
        added.push(await timed(() => identify(everybody)));
      }
      return { first, again, added };
    });

    const passphraseMs = await withKit(database, (kit) => timed(() => kit.vault.setPassphrase(PASSPHRASE)));
    const eraseMs = await withKit(database, async (kit) => {
      const ms = await timed(() => kit.storage.eraseAll());
      if ((await kit.info()).profileCount > 0) throw new Error('eraseAll() left profiles. Nothing else was measured.');
      return ms;
    });
    indexedDB.deleteDatabase(database);
    return {
      import: [importMs],
      'list-page': lists.pages,
      'list-page-training': lists.meanwhile,
      'list-all': lists.all,
      'list-collections': lists.collections,
      train: lists.train,
      'identify-first': searches.first,
      'identify-again': searches.again,
      'identify-added': searches.added,
      'set-passphrase': [passphraseMs],
      'erase-all': [eraseMs],
    };
  },
};

Object.assign(globalThis, { benchPage: page });
