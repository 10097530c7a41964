/** The backend, the models, and their loading. */

export type Backend = 'webgpu' | 'wasm';

/** Bytes of the models and the wasm runtime on their way in. `total` is known from the start. */
export interface LoadProgress {
  /** The file that grew. */
  readonly file: string;
  /** Bytes of all files so far, and in the end. */
  readonly loaded: number;
  readonly total: number;
  /** True when this file came from the cache and not from the network. */
  readonly fromCache: boolean;
}

export interface ModelInfo {
  readonly id: string;
  readonly role: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface KitInfo {
  readonly version: string;
  readonly backend: Backend;
  /** Why `backend` is not what `'auto'` would prefer, or what happened to it; `null` when there is nothing to say. */
  readonly backendNote: string | null;
  readonly threads: number;
  readonly models: readonly ModelInfo[];
  readonly embeddingSpace: string;
  /**
   * Of 1:1 comparisons of two images at `accuracy: 'balanced'`: pairs of a similarity threshold, 0..1 and falling, and the false match rate
   * of that threshold, as measured (docs/accuracy.md).
   */
  readonly fmrCurve: readonly (readonly [similarity: number, fmr: number])[];
  readonly profileCount: number;
  readonly templateCount: number;
  readonly collectionCount: number;
  /** Live resources of the worker, to find leaks. */
  readonly live: {
    /** Number of images in calls that are running. */
    readonly frames: number;
    readonly sessions: number;
    /** Number of images from `kit.open` that are not closed, and the bytes of their pixels. */
    readonly openImages: number;
    readonly openImageBytes: number;
  };
}
