/** Information about the backend, the models, and their loading progress. */

/** The runtime's execution backend. */
export type Backend = 'webgpu' | 'wasm';

/** Progress of loading the models and the wasm runtime. */
export interface LoadProgress {
  /** Path of the file that was last read from, within the assets folder. */
  readonly file: string;
  /** Bytes of all files loaded so far. */
  readonly loaded: number;
  /** Bytes of all files, known from the start. */
  readonly total: number;
  /** Whether the file came from the cache and not from the network. */
  readonly fromCache: boolean;
}

/** A model that the kit uses, as listed in the manifest. */
export interface ModelInfo {
  readonly id: string;
  /** Task of the model, such as `'detector'` or `'embedder'`. */
  readonly role: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly sha256: string;
}

/** Features of the browser that the kit uses where they exist. Without them it works, with the consequence named here. */
export interface BrowserFeatures {
  /** Memory that threads share. False without cross-origin isolation or SharedArrayBuffer; wasm then has one thread. */
  readonly sharedMemory: boolean;
  /** WebGPU. Without it, or without a hardware adapter (see `backendNote`), models run on wasm. */
  readonly webgpu: boolean;
  /** The origin private file system. Without it, `vault.status().erasure` is `'deleted'`. */
  readonly privateFiles: boolean;
  /** Figures of the storage. Without them, `storage.usage` returns `null` and no `storage-pressure` event occurs. */
  readonly storageEstimate: boolean;
  /** `VideoFrame` as an image. Without it, pass the video element. */
  readonly videoFrames: boolean;
}

/** Result of `info`: the backend, the models, and the number of records. */
export interface KitInfo {
  /** Version of the package. */
  readonly version: string;
  readonly backend: Backend;
  /** Reason why the backend or its number of threads is not the preferred one, or `null`. */
  readonly backendNote: string | null;
  /** Number of threads of the wasm backend. */
  readonly threads: number;
  readonly features: BrowserFeatures;
  readonly models: readonly ModelInfo[];
  /** Id of the embedding space. Only templates of the same space can be compared. */
  readonly embeddingSpace: string;
  /**
   * Measured false match rates of 1:1 comparisons. Each pair is a similarity threshold, 0..1, and the false match rate
   * at that threshold, in descending order of the threshold. They hold for two images at `accuracy: 'fast'`
   * (docs/accuracy.md).
   */
  readonly fmrCurve: readonly (readonly [similarity: number, fmr: number])[];
  /**
   * The older embedding spaces that still have templates, for example after an update with other models. Empty when all
   * templates are of `embeddingSpace`.
   */
  readonly migration: readonly OldSpaceInfo[];
  /**
   * Place of the stored records. `none`: the browser denies storage, and Web Locks with it, for example because cookies are
   * blocked. Records are then kept in the memory of the worker: they are gone when the kit is closed or the page is left.
   */
  readonly storage: 'indexeddb' | 'none';
  /**
   * Whether the browser promised to keep the records when space runs short (see `storage.persist`). `null` if it has no
   * such promise.
   */
  readonly persisted: boolean | null;
  readonly profileCount: number;
  readonly templateCount: number;
  readonly collectionCount: number;
  /** Resources that the worker currently holds, to find leaks. */
  readonly live: {
    /** Number of images in running calls. */
    readonly frames: number;
    /** Number of models in memory. */
    readonly sessions: number;
    /** Number of images opened by `kit.open` and not closed. */
    readonly openImages: number;
    /** Bytes of the pixels of the open images. */
    readonly openImageBytes: number;
  };
}

/** An older embedding space whose people migrate to the current one. */
export interface OldSpaceInfo {
  readonly space: string;
  /** Time when a kit with the current models first opened the store. ISO 8601, UTC; `null` with `migrate: false`. */
  readonly since: string | null;
  /** Number of profiles with templates of this space. */
  readonly profileCount: number;
  /** How many of them do not have enough templates of the current space yet. */
  readonly leftCount: number;
  /** How many of them cannot be recognized, because the models of all their templates are missing. */
  readonly unreachableCount: number;
  /** Reason why the models of this space are not used, and what to do; `null` if they are. */
  readonly problem: string | null;
}
