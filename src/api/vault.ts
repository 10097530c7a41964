/** State of the vault, which holds the key for stored templates. */
import type { CallOptions } from './calls.js';

/**
 * State of the vault. With `locked`, templates cannot be read or written until `vault.unlock()` is called. With `lost`, the
 * browser or another page deleted the database, and nothing can be written until `storage.startAnew()`, `storage.eraseAll()`
 * or `backup.import()` is called.
 */
export type VaultState = 'open' | 'locked' | 'lost';

/** Status of the vault. */
export interface VaultStatus {
  readonly state: VaultState;
  /** Whether a passphrase protects the key. */
  readonly hasPassphrase: boolean;
  readonly erasure: KeyErasure;
}

/**
 * How a key is erased when it is replaced or destroyed. With `overwritten`, half of it lies in a file of the origin
 * private file system, which is overwritten on the disk. With `deleted`, the browser has no such files, or the vault was
 * locked since a version without them: the key is deleted from the database, whose files may hold it for a while.
 */
export type KeyErasure = 'overwritten' | 'deleted';

/** Options of `vault.setPassphrase`. */
export interface SetPassphraseOptions extends CallOptions {
  /** The passphrase that is replaced. Required when one is set, even if the vault is open. */
  readonly currentPassphrase?: string | undefined;
}
