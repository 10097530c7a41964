/**
 * Measures the training of a collection by the built kit.
 * A new page has a new worker, which has not trained anything yet.
 */
import { sealBackup } from '../../src/worker/store/backup.js';
import { drawPeople, vary } from './faces.js';
import { createKit } from './kit.js';

const PASSPHRASE = 'of the bench';
const TEMPLATES = 5;
const NAME = 'bench';

/** The functions that the page exposes to the bench. */
export interface TrainingPage {
  /** Stores a collection. */
  prepare(profiles: number): Promise<void>;
  /**
   * Trains the collection.
   * @returns the time in milliseconds
   */
  train(): Promise<number>;
  /**
   * Adds a profile, which is not timed, and trains again.
   * @returns the time of the training in milliseconds
   */
  addOne(): Promise<number>;
}

const kit = await createKit();

const findCollection = async () => {
  const found = (await kit.collections.list()).find(({ name }) => name === NAME);
  if (!found) throw new Error('The collection does not exist yet. Call prepare() first.');
  return found;
};

async function importProfiles(people: readonly Float32Array[]): Promise<string[]> {
  const { embeddingSpace: space } = await kit.info();
  const at = new Date().toISOString();
  const dated = { owner: null, createdAt: at, updatedAt: at };
  const profiles = people.map((person) => ({
    ...dated,
    id: crypto.randomUUID(),
    name: null,
    metadata: {},
    consent: null,
    space,
    templates: Array.from({ length: TEMPLATES }, () => ({
      id: crypto.randomUUID(),
      createdAt: at,
      quality: 1,
      vector: vary(person),
    })),
  }));
  const backup = await sealBackup({ profiles, collections: [] }, PASSPHRASE);
  await kit.backup.import(backup, PASSPHRASE);
  return profiles.map(({ id }) => id);
}

async function train(): Promise<number> {
  const { id } = await findCollection();
  const before = performance.now();
  await kit.train(id);
  return performance.now() - before;
}

const page: TrainingPage = {
  async prepare(count) {
    await kit.storage.eraseAll();
    const addProfileIds = await importProfiles(await drawPeople(count, 3));
    const { id } = await kit.collections.create(NAME);
    await kit.collections.update(id, { addProfileIds });
  },
  train,
  async addOne() {
    const { id } = await findCollection();
    const addProfileIds = await importProfiles(await drawPeople(1, Math.floor(1e9 * Math.random())));
    await kit.collections.update(id, { addProfileIds });
    return train();
  },
};

Object.assign(globalThis, { benchPage: page });
