/** The profiles and collections as the page knows them, kept true to what this and other tabs do. */
import type { Collection, FaceKit, Profile } from '../src/index.js';
import type { KitHandle } from './kit-handle.js';
import { recall, remember } from './remembered.js';
import { retry } from './retry.js';

/** The collection that was last chosen, across visits. */
const CHOSEN_KEY = 'inface-demo-collection';

export interface Library {
  /** Oldest first; empty until `loaded`. */
  readonly profiles: readonly Profile[];
  readonly collections: readonly Collection[];
  readonly loaded: boolean;
  /** Why the first reading failed last; `null` if it did not. It is tried again. */
  readonly problem: unknown;
  /** Whether the browser or another page deleted the database, and the user has not answered that yet. */
  readonly lost: boolean;
  /** The collection that views look in: the one that was chosen last, or else the first. */
  readonly chosen: Collection | null;
  choose(collectionId: string): void;
  /** The chosen collection; a first one of this name where there is none. */
  chosenOr(name: string): Promise<Collection>;
  /** The profiles of a collection, oldest first. */
  profilesOf(collectionId: string): readonly Profile[];
  /** Reads everything again; views do so after they changed something. */
  refresh(): Promise<void>;
  /** @returns ends the listening */
  onChange(listener: () => void): () => void;
}

/** @param report what could not be read */
export function createLibrary(handle: KitHandle, report: (error: unknown) => void): Library {
  let profiles: readonly Profile[] = [];
  let collections: readonly Collection[] = [];
  let loaded = false;
  let problem: unknown = null;
  let lost = false;
  let chosenId = recall(CHOSEN_KEY);
  /** The reading that began last. */
  let latest: Promise<void> = Promise.resolve();
  const listeners = new Set<() => void>();

  function changed(): void {
    for (const listener of listeners) listener();
  }

  function read(kit: FaceKit): Promise<void> {
    const mine: Promise<void> = readAll(kit, () => mine === latest);
    latest = mine;
    return mine;
  }

  async function readAll(kit: FaceKit, isLatest: () => boolean): Promise<void> {
    const all = await Promise.all([kit.profiles.list(), kit.collections.list(), kit.vault.status()]);
    // A later reading knows more; whoever asked for this one sees what it read.
    if (!isLatest()) return latest;
    [profiles, collections] = all;
    lost = all[2].state === 'lost';
    loaded = true;
    problem = null;
    changed();
  }

  async function watch(): Promise<void> {
    const kit = await handle.ready();
    const again = () => {
      read(kit).catch(report);
    };
    // Names can be read only while the vault is open.
    for (const event of ['profiles', 'collections', 'vault'] as const) kit.on(event, again);
    kit.on('classifier', ({ progress }) => {
      if (progress === null) again();
    });
    await retry(
      () => read(kit),
      ({ error }) => {
        if (problem === null) report(error);
        problem = error;
        changed();
      },
    );
  }
  void watch();

  const library: Library = {
    get profiles() {
      return profiles;
    },
    get collections() {
      return collections;
    },
    get problem() {
      return problem;
    },
    get loaded() {
      return loaded;
    },
    get lost() {
      return lost;
    },
    get chosen() {
      return collections.find(({ id }) => id === chosenId) ?? collections[0] ?? null;
    },
    choose(collectionId) {
      chosenId = collectionId;
      remember(CHOSEN_KEY, collectionId);
      changed();
    },
    async chosenOr(name) {
      const kit = await handle.ready();
      await read(kit);
      if (library.chosen) return library.chosen;
      const collection = await kit.collections.create(name);
      await read(kit);
      return collection;
    },
    profilesOf: (collectionId) => profiles.filter(({ collectionIds }) => collectionIds.includes(collectionId)),
    refresh: async () => read(await handle.ready()),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return library;
}
