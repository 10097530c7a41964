/** Events of the kit. */
import type { ClassifierState, TrainProgress } from './collections.js';
import type { Backend } from './runtime.js';
import type { VaultStatus } from './vault.js';

/** A change of profiles or collections. */
export interface RecordsChange {
  /** `reset`: an import or `eraseAll` changed the store; read all records again. */
  readonly change: 'created' | 'updated' | 'deleted' | 'reset';
  /** Ids of the changed records; empty with `reset`. */
  readonly ids: readonly string[];
  /** `other`: another tab, or another kit of this page, made the change. */
  readonly origin: 'this-kit' | 'other';
}

/** Events of `kit.on`, with the type of each event's value. */
export interface KitEvents {
  /** Profiles were created, updated or deleted. */
  readonly profiles: RecordsChange;
  /** Collections were created, updated or deleted. */
  readonly collections: RecordsChange;
  /** The state of a classifier changed, or its training progressed. */
  readonly classifier: {
    readonly collectionId: string;
    readonly state: ClassifierState;
    /** Progress of a training that runs in this kit, otherwise `null`. */
    readonly progress: TrainProgress | null;
    /** Reason why an automatic training failed, otherwise `null`. The next change triggers another training. */
    readonly error: string | null;
  };
  /**
   * A profile got enough templates of the current embedding space by being seen in this kit. `left` is the number of
   * profiles that have not.
   */
  readonly migrated: { readonly profileId: string; readonly left: number };
  /** The store has no templates of an older embedding space any more, so its models are no longer needed. */
  readonly 'migration-end': { readonly space: string };
  /** The GPU was lost, and the kit continues on wasm. */
  readonly backend: { readonly backend: Backend; readonly note: string | null };
  /** This origin uses more than 80 % of the storage that the browser allows it. */
  readonly 'storage-pressure': { readonly usageBytes: number; readonly quotaBytes: number };
  /** The vault was locked or unlocked, or its key was replaced or destroyed. */
  readonly vault: VaultStatus;
  /**
   * The database that held data was deleted, by the browser or by another page of the origin. Operations that write throw
   * `STORAGE_LOST` until `storage.startAnew()`, `storage.eraseAll()` or `backup.import()` is called. If that happened before
   * the kit was created, the event comes right after its creation, and `vault.status()` says `lost` as well.
   */
  readonly 'storage-lost': { readonly database: string };
  /** The least recently used open image was closed, because the limit of 8 was exceeded. */
  readonly 'image-closed': { readonly id: string };
}
