/** State of the vault, which holds the key for stored templates. */
import type { CallOptions } from './calls.js';

/** State of the vault. With `locked`, templates cannot be read or written until `vault.unlock()` is called. */
export type VaultState = 'open' | 'locked';

/** Status of the vault. */
export interface VaultStatus {
  readonly state: VaultState;
  /** Whether a passphrase protects the key. */
  readonly hasPassphrase: boolean;
}

/** Options of `vault.setPassphrase`. */
export interface SetPassphraseOptions extends CallOptions {
  /** The passphrase that is replaced. Required when one is set, even if the vault is open. */
  readonly currentPassphrase?: string | undefined;
}
