/** In the page of `bench/open.ts`: one collection in a database of its own, opened again and again. */
import { createGallery } from '../src/recognition/gallery.js';
import { createStore } from '../src/worker/store.js';

const SPACE = 'bench';
const DIMENSION = 128;

let database = '';
let collectionId = '';

const open = () => createStore(database, { audit: false, onChange: () => undefined });

/** Makes the collection that {@link openCollection} opens. */
export async function prepareCollection(size: { profiles: number; templates: number }): Promise<void> {
  database = `bench-${crypto.randomUUID()}`;
  collectionId = crypto.randomUUID();
  const at = new Date().toISOString();
  const dated = { owner: null, createdAt: at, updatedAt: at };
  const profiles = Array.from({ length: size.profiles }, () => ({
    ...dated,
    id: crypto.randomUUID(),
    name: null,
    metadata: {},
    consent: null,
    space: SPACE,
    templates: Array.from({ length: size.templates }, () => ({
      id: crypto.randomUUID(),
      createdAt: at,
      quality: 1,
      vector: Float32Array.from({ length: DIMENSION }, () => Math.random() - 0.5),
    })),
  }));
  const profileIds = profiles.map(({ id }) => id);
  const collection = { ...dated, id: collectionId, name: 'bench', unknowns: false, profileIds, negatives: [] };
  const store = open();
  await store.importContent({ profiles, collections: [collection] });
  await store.close();
}

/** @returns milliseconds from a closed database to a gallery */
export async function openCollection(): Promise<number> {
  const started = performance.now();
  const store = open();
  const { templates } = await store.loadCollection(null, collectionId);
  const gallery = createGallery(templates, SPACE, 0);
  const spent = performance.now() - started;
  if (gallery.size === 0) throw new Error('The collection is empty.');
  await store.close();
  return spent;
}
