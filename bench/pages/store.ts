/** Measures opening a collection from a separate database, repeatedly. */
import { galleryOf } from '../../src/recognition/gallery.js';
import { createLoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { createStore } from '../../src/worker/store/store.js';

const SPACE = 'bench';
const DIMENSION = 128;
/** Nothing is compared here. */
const CALIBRATION = { origin: 'bench', similarity: [], fmr: { fast: [] } };

/** The functions that the page exposes to the bench. */
export interface StorePage {
  /** Creates the collection that `open` opens. */
  prepare(profiles: number): Promise<null>;
  /**
   * Opens the collection.
   * @returns milliseconds from a closed database to a searchable gallery
   */
  open(): Promise<number>;
}

let database = '';
let collectionId = '';

const createClosed = () => createStore(database, { audit: false, onChange: () => undefined });

const page: StorePage = {
  async prepare(count) {
    if (database !== '') indexedDB.deleteDatabase(database);
    database = `bench-${crypto.randomUUID()}`;
    collectionId = crypto.randomUUID();
    const at = new Date().toISOString();
    const dated = { owner: null, createdAt: at, updatedAt: at };
    const profiles = Array.from({ length: count }, () => ({
      ...dated,
      id: crypto.randomUUID(),
      name: null,
      metadata: {},
      consent: null,
      space: SPACE,
      templates: [
        {
          id: crypto.randomUUID(),
          createdAt: at,
          quality: 1,
          vector: Float32Array.from({ length: DIMENSION }, () => Math.random() - 0.5),
        },
      ],
    }));
    const profileIds = profiles.map(({ id }) => id);
    const collection = { ...dated, id: collectionId, name: 'bench', unknowns: false, profileIds, negatives: [] };
    const store = createClosed();
    await store.importContent({ profiles, collections: [collection] });
    await store.close();
    return null;
  },

  async open() {
    const started = performance.now();
    const store = createClosed();
    const loaded = createLoadedCollections(store, { space: SPACE, dimension: DIMENSION, calibration: CALIBRATION });
    const { profileIds, rows } = await loaded.read(null, collectionId);
    const gallery = galleryOf(profileIds, rows, 0);
    const spent = performance.now() - started;
    if (gallery.size === 0) throw new Error('The collection is empty. Call prepare() first.');
    await store.close();
    return spent;
  },
};

Object.assign(globalThis, { benchPage: page });
