/** Collections and the training of their classifiers. */
import type { CallOptions } from './calls.js';

/** `stale`: the collection changed after its classifier was trained. `training`: in this tab or in another one. */
export type ClassifierState = 'untrained' | 'training' | 'trained' | 'stale';

/** A set of profiles with its classifier. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  /** The `unknowns` it was created with. */
  readonly unknowns: boolean;
  readonly profileIds: readonly string[];
  readonly classifier: ClassifierState;
  /** The API key that the collection belongs to, or `null` for the application itself. */
  readonly owner: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CreateCollectionOptions extends CallOptions {
  /**
   * A flag that the REST facade stores and returns. It changes nothing: every trained collection reports the probability of
   * 'unknown'. Defaults to false.
   */
  readonly unknowns?: boolean;
}

/** What changes in a collection; an absent field stays. Ids that are already in, or not in, are ignored. */
export interface CollectionChange {
  readonly name?: string;
  readonly unknowns?: boolean;
  readonly addProfileIds?: readonly string[];
  readonly removeProfileIds?: readonly string[];
}

/** Progress of a training: profiles and synthetic strangers that were looked at. */
export interface TrainProgress {
  readonly done: number;
  readonly total: number;
}

export interface TrainOptions extends CallOptions {
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainResult {
  readonly collectionId: string;
  readonly profileCount: number;
  readonly templateCount: number;
  /** Number of synthetic strangers that the collection was tried on. */
  readonly unknownCount: number;
  readonly durationMs: number;
}
