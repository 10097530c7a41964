/** The audit trail. */
import type { CallOptions } from './calls.js';

/** An entry of the audit trail. Contains ids and counts, but no names, images or biometric data. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The operation that was performed. */
  readonly action:
    | 'enroll'
    | 'add-images'
    | 'migrate'
    | 'remove-template'
    | 'drop-old-templates'
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
    | 'erase-all'
    | 'start-anew';
  /** Id of the API key that acted, or `null` for the application itself. */
  readonly actor: string | null;
  /** Id of the affected profile, collection or API key; `null` when the action concerns the whole store. */
  readonly subject: string | null;
  /**
   * Number of affected records, or `null` for all other actions.
   *
   * - `enroll`, `add-images`, `migrate`: templates that were added
   * - `remove-template`, `drop-old-templates`: templates that were removed
   * - `delete-profile`: templates of the profile
   * - `update-collection`: profiles that were added or removed
   * - `delete-collection`: profiles in the collection
   * - `reject`: negative examples of the profile in the collection
   * - `export`, `import`: profiles
   */
  readonly count: number | null;
}

/** Options of `audit.list`. */
export interface AuditListOptions extends CallOptions {
  /** Maximum number of entries, 1 to 10,000; the newest are returned. Defaults to 100. */
  readonly limit?: number;
}
