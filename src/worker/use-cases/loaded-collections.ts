/**
 * Caches the vectors of collections between calls. Drops them when the person or the collection is removed.
 * No other module holds vectors of a collection longer than a call.
 */
import type { FaceEmbedder } from '../../models/embedder.js';
import { withoutProfiles, type Classifier, type Training } from '../../recognition/classifier.js';
import type { Calibration } from '../../recognition/decision.js';
import { createGallery, galleryOf, type Gallery } from '../../recognition/gallery.js';
import { assertSameSpace, pickRows } from '../../recognition/template.js';
import type {
  CollectionContent,
  FaceStore,
  Negative,
  Owner,
  StoreChange,
  StoredClassifierState,
} from '../ports/face-store.js';

/** The embedder whose templates to read. */
type Reader = Pick<FaceEmbedder, 'space' | 'dimension' | 'calibration'>;

/** A collection with the data that a search in one embedding space needs. */
export interface LoadedCollection {
  readonly id: string;
  readonly revision: number;
  readonly space: string;
  readonly calibration: Calibration;
  /** Other embedding spaces that profiles of the collection have templates of. */
  readonly otherSpaces: readonly string[];
  readonly gallery: Gallery;
  readonly classifier: Classifier | null;
  readonly negatives: readonly Negative[];
  /** Returns false if there was a purge since the collection was read. Data derived from it must not be kept then. */
  readonly isCurrent: () => boolean;
}

/** A collection with the data that a training needs. */
export interface CollectionMeans extends Omit<CollectionContent, 'profiles'> {
  readonly profileIds: readonly string[];
  /** One unit-length mean per profile, row by row in the order of `profileIds`. */
  readonly rows: Float32Array;
  /** Number of templates of all profiles. */
  readonly templateCount: number;
  /** The last training of the collection, so that the next one measures only what changed. */
  readonly before: Training | null;
  /** Keeps a training for the next one, unless there was a purge since the collection was read. */
  readonly keep: (training: Training | null) => void;
}

export interface LoadedCollections {
  /**
   * Returns a collection for a search. Reads it again only if it has changed, in this tab or another one.
   * @param embedder the embedder of the space to search in; defaults to that of the kit
   * @throws InfaceError as {@link LoadedCollections.read} does
   */
  load(
    owner: Owner,
    collectionId: string,
    embedder?: Reader,
  ): Promise<LoadedCollection & { readonly state: StoredClassifierState }>;
  /**
   * Reads a collection. Decrypts only the profiles that were written since the last read.
   * @param embedder as for {@link LoadedCollections.load}
   * @throws InfaceError as `FaceStore.loadCollection` and `createGallery` do
   */
  read(owner: Owner, collectionId: string, embedder?: Reader): Promise<CollectionMeans>;
  /** Returns a function that checks that there was no purge since this call. */
  watch(): () => boolean;
  /**
   * Drops the data that a change removed. Additions drop nothing: the revision and the seals show that they are new.
   * @returns whether the change removed a person, and not only templates of an older embedding space
   */
  purge(change: StoreChange): boolean;
  /** Drops the data of an embedding space that has no templates any more. */
  drop(space: string): void;
  /** Counts the vectors held per profile id, including negatives. For tests. */
  held(): ReadonlyMap<string, number>;
}

/** A profile at the time it was last read. */
interface Known {
  readonly seal: string;
  readonly templateCount: number;
  /** Index of its row. */
  readonly place: number;
}

/** The cached data of one collection in one embedding space. */
interface Held {
  /** As in `KnownContent`. */
  readonly revision: number | null;
  readonly profiles: ReadonlyMap<string, Known>;
  readonly rows: Float32Array;
  /** With whether the stored classifier was current. */
  readonly loaded: (Omit<LoadedCollection, 'isCurrent'> & { readonly trained: boolean }) | null;
  readonly training: Training | null;
}

/** Number of profiles whose means are made at once. In between, the worker handles other calls. */
const PROFILES_PER_TURN = 1_000;

const NOTHING: Held = { revision: null, profiles: new Map(), rows: new Float32Array(0), loaded: null, training: null };

/** @param current the embedder of the kit */
export function createLoadedCollections(
  store: Pick<FaceStore, 'loadCollection' | 'collectionRevision'>,
  current: Reader,
): LoadedCollections {
  /** By embedding space. */
  const spaces = new Map<string, { readonly dimension: number; readonly collections: Map<string, Held> }>();
  /** Number of purges of people. Data that was read before a purge must not be kept after it. */
  let generation = 0;
  /** Number of purges of templates, by embedding space. They do not concern the data of other spaces. */
  const losses = new Map<string, number>();

  function watch(): () => boolean {
    const begun = generation;
    return () => begun === generation;
  }

  function watchSpace(space: string): () => boolean {
    const isCurrent = watch();
    const begun = losses.get(space);
    return () => isCurrent() && begun === losses.get(space);
  }

  function heldOf({ space, dimension }: Reader): Map<string, Held> {
    const held = spaces.get(space) ?? { dimension, collections: new Map<string, Held>() };
    spaces.set(space, held);
    return held.collections;
  }

  function keep(collectionId: string, embedder: Reader, isCurrent: () => boolean, part: Partial<Held>): void {
    if (!isCurrent()) return;
    const collections = heldOf(embedder);
    collections.set(collectionId, { ...(collections.get(collectionId) ?? NOTHING), ...part });
  }

  async function read(owner: Owner, collectionId: string, embedder = current): Promise<CollectionMeans> {
    const { space, dimension } = embedder;
    const isCurrent = watchSpace(space);
    const before = heldOf(embedder).get(collectionId) ?? NOTHING;
    const { profiles, ...content } = await store.loadCollection(owner, collectionId, space, before);
    const rowOf = (matrix: Float32Array, place: number) => matrix.subarray(place * dimension, (place + 1) * dimension);
    const opened = profiles.filter(({ templates }) => templates);
    const means = new Map<string, Float32Array>();
    for (let start = 0; start < opened.length; start += PROFILES_PER_TURN) {
      if (start > 0) await new Promise((resolve) => setTimeout(resolve));
      const templates = opened.slice(start, start + PROFILES_PER_TURN).flatMap((profile) => profile.templates ?? []);
      const gallery = createGallery(templates, space, 0, embedder.calibration);
      for (const [i, id] of gallery.profileIds.entries()) means.set(id, rowOf(gallery.rows, i));
    }
    const known = new Map<string, Known>();
    const rows = new Float32Array(profiles.length * dimension);
    for (const { id, seal, templates } of profiles) {
      const last = templates ? null : before.profiles.get(id);
      const row = last ? rowOf(before.rows, last.place) : means.get(id);
      // A profile without templates cannot match any face.
      if (!row) continue;
      const place = known.size;
      rows.set(row, place * dimension);
      known.set(id, { seal, templateCount: templates?.length ?? last?.templateCount ?? 0, place });
    }
    const used = rows.subarray(0, known.size * dimension);
    const revision = content.otherSpaces?.length ? null : content.revision;
    keep(collectionId, embedder, isCurrent, { revision, profiles: known, rows: used });
    return {
      ...content,
      profileIds: [...known.keys()],
      rows: used,
      templateCount: [...known.values()].reduce((sum, profile) => sum + profile.templateCount, 0),
      before: isCurrent() ? (heldOf(embedder).get(collectionId)?.training ?? null) : null,
      keep: (training) => {
        keep(collectionId, embedder, isCurrent, { training });
      },
    };
  }

  return {
    read,
    watch,

    async load(owner, collectionId, embedder = current) {
      const { space, calibration } = embedder;
      const isCurrent = watchSpace(space);
      const { revision, classifier: state } = await store.collectionRevision(owner, collectionId);
      const last = heldOf(embedder).get(collectionId)?.loaded;
      const isFresh = last?.revision === revision && last.trained === (state === 'trained');
      if (isFresh) return { ...last, isCurrent, state };
      const { profileIds, rows, classifier, negatives, ...content } = await read(owner, collectionId, embedder);
      const gallery = galleryOf(profileIds, rows, classifier?.commonness ?? calibration.commonness ?? 0);
      for (const negative of negatives) assertSameSpace(negative, space);
      const { otherSpaces = [] } = content;
      const parts = { gallery, classifier, negatives, otherSpaces };
      const trained = classifier !== null || state === 'trained';
      const loaded = { id: collectionId, revision: content.revision, space, calibration, ...parts, trained };
      keep(collectionId, embedder, isCurrent, { loaded });
      return { ...loaded, isCurrent, state: classifier ? ('trained' as const) : state };
    },

    purge({ profiles, collections: changed, removed, dropped, vault }) {
      for (const space of dropped?.spaces ?? []) {
        losses.set(space, (losses.get(space) ?? 0) + 1);
        const within = spaces.get(space);
        if (!within) continue;
        const gone = new Set(dropped?.profileIds);
        for (const [id, held] of within.collections) within.collections.set(id, without(held, gone, within.dimension));
      }
      const isAll = vault !== undefined || profiles?.change === 'reset' || changed?.change === 'reset';
      const deletedProfiles = profiles?.change === 'deleted' ? profiles.ids : [];
      const deletedCollections = changed?.change === 'deleted' ? changed.ids : [];
      if (!isAll && !removed && deletedProfiles.length + deletedCollections.length === 0) return false;
      generation++;
      if (isAll) spaces.clear();
      for (const { dimension, collections } of spaces.values()) {
        for (const id of deletedCollections) collections.delete(id);
        for (const [id, held] of collections) {
          const left = removed?.collectionId === id ? removed.profileIds : [];
          const gone = new Set([...deletedProfiles, ...left]);
          if (gone.size > 0) collections.set(id, without(held, gone, dimension));
        }
      }
      return true;
    },

    drop(space) {
      spaces.delete(space);
    },

    held() {
      const counts = new Map<string, number>();
      const count = (id: string) => counts.set(id, (counts.get(id) ?? 0) + 1);
      const all = [...spaces.values()].flatMap(({ collections }) => [...collections.values()]);
      for (const { profiles, loaded, training } of all) {
        for (const id of profiles.keys()) count(id);
        for (const id of loaded?.gallery.profileIds ?? []) count(id);
        for (const { profileId } of loaded?.negatives ?? []) count(profileId);
        for (const id of training?.classifier.profileIds ?? []) count(id);
        for (const neighbor of training?.nearest ?? []) if (neighbor) count(neighbor.profileId);
      }
      return counts;
    },
  };
}

/** Removes profiles from the cached data of a collection. The others are not decrypted or measured again. */
function without(held: Held, gone: ReadonlySet<string>, dimension: number): Held {
  const { revision, profiles, rows, loaded, training } = held;
  // A profile without templates is not in the gallery but may have negatives.
  const isInLoaded =
    loaded?.gallery.profileIds.some((id) => gone.has(id)) ||
    loaded?.negatives.some(({ profileId }) => gone.has(profileId));
  const kept = [...profiles].filter(([id]) => !gone.has(id));
  const places = kept.map(([, { place }]) => place);
  const isSame = kept.length === profiles.size;
  return {
    // The news of a removal may come after the profile was added again, and was read.
    revision: isSame ? revision : null,
    profiles: new Map(kept.map(([id, known], place) => [id, { ...known, place }])),
    rows: isSame ? rows : pickRows(rows, dimension, places),
    loaded: isInLoaded ? null : loaded,
    training: training && withoutProfiles(training, gone, dimension),
  };
}
