/** State of the vault, which holds the key for stored templates. */

/** State of the vault. With `locked`, templates cannot be read or written until `vault.unlock()` is called. */
export type VaultState = 'open' | 'locked';

/** Status of the vault. */
export interface VaultStatus {
  readonly state: VaultState;
  /** Whether a passphrase protects the key. */
  readonly hasPassphrase: boolean;
}
