/** The import of a backup: its options, its progress and its result. */
import type { CallOptions } from './calls.js';

/**
 * How a backup is imported. `'merge'`: of two records with the same id, the newer one is kept, and a deletion counts as a
 * change. `'mirror'`: the store becomes exactly what the file has; other people and collections are deleted.
 */
export type ImportMode = 'merge' | 'mirror';

/** A record of an imported backup that differs from the stored or deleted record with its id. */
export interface ImportConflict {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  /** The version that was kept, which is the newer one with `'merge'`. */
  readonly kept: 'stored' | 'imported';
  /** Time when the stored record was last changed or, with `storedDeleted`, deleted. ISO 8601, UTC. */
  readonly storedAt: string;
  /** Whether the record with this id was deleted from the store. */
  readonly storedDeleted: boolean;
  /** Time when the imported record was last changed or, with `importedDeleted`, deleted. ISO 8601, UTC. */
  readonly importedAt: string;
  /** Whether the record with this id was deleted from the store that the backup was made of. */
  readonly importedDeleted: boolean;
}

/** Number of records, by outcome. */
export interface ImportCounts {
  /** Records that the store did not contain, which includes deleted ones. */
  readonly added: number;
  /** Records that replaced a stored one, which is older with `'merge'`. */
  readonly updated: number;
  /** Records that were not imported, because the stored record or its deletion is as new or newer. */
  readonly kept: number;
  /** Stored records that were deleted: there, after their last change here, or by `'mirror'`. */
  readonly deleted: number;
}

/** Progress of an import. */
export interface ImportProgress {
  /** Number of steps that are done. To encrypt a profile and to write it are a step each. */
  readonly done: number;
  readonly total: number;
}

/** Options of `backup.import`. */
export interface ImportOptions extends CallOptions {
  /** Defaults to `'merge'`. */
  readonly mode?: ImportMode;
  /** Called once the file is decrypted and checked, and then up to the last step. The commit follows. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** Result of `backup.import`. */
export interface ImportResult {
  readonly profiles: ImportCounts;
  readonly collections: ImportCounts;
  readonly conflicts: readonly ImportConflict[];
}
