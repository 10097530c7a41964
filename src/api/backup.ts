/** The import of a backup: its options, its progress and its result. */
import type { CallOptions } from './calls.js';

/** A record of an imported backup that differs from the stored or deleted record with its id. */
export interface ImportConflict {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  /** The version that was kept, which is the newer one. */
  readonly kept: 'stored' | 'imported';
  /** Time when the stored record was last changed or, with `storedDeleted`, deleted. ISO 8601, UTC. */
  readonly storedAt: string;
  /** Whether the record with this id was deleted from the store. */
  readonly storedDeleted: boolean;
  /** Time when the imported record was last changed. ISO 8601, UTC. */
  readonly importedAt: string;
}

/** Number of imported records, by outcome. */
export interface ImportCounts {
  /** Records that the store did not contain, which includes deleted ones. */
  readonly added: number;
  /** Records that replaced an older stored one. */
  readonly updated: number;
  /** Records that were not imported, because the stored record or its deletion is as new or newer. */
  readonly kept: number;
}

/** Progress of an import. */
export interface ImportProgress {
  /** Number of steps that are done. To encrypt a profile and to write it are a step each. */
  readonly done: number;
  readonly total: number;
}

/** Options of `backup.import`. */
export interface ImportOptions extends CallOptions {
  /** Called once the file is decrypted and checked, and then up to the last step. The commit follows. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** Result of `backup.import`. */
export interface ImportResult {
  readonly profiles: ImportCounts;
  readonly collections: ImportCounts;
  readonly conflicts: readonly ImportConflict[];
}
