/** The audit trail. */
import type { CallOptions } from './calls.js';

/** One line of the audit trail. It holds ids and numbers: no name, no picture, nothing biometric. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action:
    | 'enroll'
    | 'add-images'
    | 'update-profile'
    | 'delete-profile'
    | 'create-collection'
    | 'update-collection'
    | 'delete-collection'
    | 'reject'
    | 'export'
    | 'import'
    | 'set-passphrase'
    | 'remove-passphrase'
    | 'destroy-key'
    | 'create-api-key'
    | 'revoke-api-key'
    | 'erase-all';
  /** The API key that acted, or `null` for the application itself. */
  readonly actor: string | null;
  /** The profile, collection or API key that was acted on; `null` when it was everything. */
  readonly subject: string | null;
  /** How many templates, profiles or members it was about, where that says something. */
  readonly count: number | null;
}

export interface AuditListOptions extends CallOptions {
  /** At most this many entries, the newest ones; 1 to 10,000. Defaults to 100. */
  readonly limit?: number;
}
