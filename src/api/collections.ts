/** Collections and the training of their classifiers. */
import type { CallOptions } from './calls.js';

/**
 * State of a collection's classifier. With `stale`, the collection changed after the classifier was trained. With
 * `training`, a training is running in this tab or another.
 */
export type ClassifierState = 'untrained' | 'training' | 'trained' | 'stale';

/** A set of profiles with a classifier. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  /** The flag set by `collections.create` or `collections.update`; see {@link CreateCollectionOptions}. */
  readonly unknowns: boolean;
  readonly profileIds: readonly string[];
  readonly classifier: ClassifierState;
  /** Id of the API key that owns the collection, or `null` for the application itself. */
  readonly owner: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}

/** Options of `collections.create`. */
export interface CreateCollectionOptions extends CallOptions {
  /**
   * A flag that the kit stores and returns but does not use. Defaults to false. Every trained collection reports the
   * probability of 'unknown', whatever the flag says.
   */
  readonly unknowns?: boolean;
}

/** Changes to a collection. Absent fields are left unchanged. */
export interface CollectionChange {
  /** New name, at most 200 characters. */
  readonly name?: string;
  /** New value of the flag; see {@link CreateCollectionOptions}. */
  readonly unknowns?: boolean;
  /** Profiles to add. Ids of profiles that the collection already contains are ignored. */
  readonly addProfileIds?: readonly string[];
  /** Profiles to remove. Ids of profiles that the collection does not contain are ignored. */
  readonly removeProfileIds?: readonly string[];
}

/** Progress of a training. */
export interface TrainProgress {
  /** Number of profiles and synthetic strangers that were processed. */
  readonly done: number;
  /** Number of profiles and synthetic strangers to process. */
  readonly total: number;
}

/**
 * Options of `train`.
 * @example
 * ```ts
 * await kit.train(collection.id, { onProgress: ({ done, total }) => console.log(`${done} of ${total}`) });
 * ```
 */
export interface TrainOptions extends CallOptions {
  /** Called at the start and the end of the training, and in between at most every 30 ms. */
  readonly onProgress?: (progress: TrainProgress) => void;
}

/** Result of `train`. */
export interface TrainResult {
  readonly collectionId: string;
  readonly profileCount: number;
  readonly templateCount: number;
  /**
   * Number of synthetic strangers that the classifier was tested with; 0 when the embedder has no statistics for them.
   */
  readonly unknownCount: number;
  readonly durationMs: number;
}
