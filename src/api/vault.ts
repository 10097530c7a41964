/** The key that templates are encrypted with. */

/** `locked`: templates cannot be read or written before `vault.unlock()`. */
export type VaultState = 'open' | 'locked';

export interface VaultStatus {
  readonly state: VaultState;
  /** Whether a passphrase protects the key. */
  readonly hasPassphrase: boolean;
}
