/** Results of importing a backup. */

/** A record that both sides of an import had, in different states. */
export interface ImportConflict {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  /** Which one stays: the newer one. */
  readonly kept: 'stored' | 'imported';
  /** When the stored one was changed or, with `storedDeleted`, deleted. ISO 8601, UTC. */
  readonly storedAt: string;
  readonly storedDeleted: boolean;
  readonly importedAt: string;
}

/** Numbers of records by what an import did with them. */
export interface ImportCounts {
  readonly added: number;
  readonly updated: number;
  /** Equal, or the stored one is newer. */
  readonly kept: number;
}

export interface ImportResult {
  readonly profiles: ImportCounts;
  readonly collections: ImportCounts;
  readonly conflicts: readonly ImportConflict[];
}
