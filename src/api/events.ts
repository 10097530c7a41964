/** Events of the kit. */
import type { ClassifierState, TrainProgress } from './collections.js';
import type { Backend } from './runtime.js';
import type { VaultStatus } from './vault.js';

/** Which records changed, and where. */
export interface RecordsChange {
  /** `reset`: by an import or an erasure; read everything again. */
  readonly change: 'created' | 'updated' | 'deleted' | 'reset';
  /** Empty with `reset`. */
  readonly ids: readonly string[];
  /** `other`: by another tab, or another kit of this page. */
  readonly origin: 'this-kit' | 'other';
}

/** What `kit.on` tells. */
export interface KitEvents {
  readonly profiles: RecordsChange;
  readonly collections: RecordsChange;
  /** A classifier got into another state, or its training came further. */
  readonly classifier: {
    readonly collectionId: string;
    readonly state: ClassifierState;
    /** Of a running training of this kit, otherwise `null`. */
    readonly progress: TrainProgress | null;
    /** Why an automatic training failed, otherwise `null`. It is tried again after the next change. */
    readonly error: string | null;
  };
  /** The GPU was lost and the kit goes on with wasm. */
  readonly backend: { readonly backend: Backend; readonly note: string | null };
  /** More than 80 % of what the browser allows this origin is used. */
  readonly 'storage-pressure': { readonly usageBytes: number; readonly quotaBytes: number };
  readonly vault: VaultStatus;
  /** An open image was closed because another one was opened beyond the limit of 8. */
  readonly 'image-closed': { readonly id: string };
}
