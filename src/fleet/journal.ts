/** The knowledge that a kiosk has of its fleet, kept over restarts. Types only, so that tests use plain objects. */
import type { RecordName } from './record.js';
import type { Stamp } from './stamp.js';

/** The newest version of a record that this kiosk has seen in the fleet. */
export interface Known {
  readonly name: RecordName;
  readonly stamp: Stamp;
  /** Key of the bucket. */
  readonly key: string;
  /** The revision of the bucket that is there for the key, 0 for none that is known. */
  readonly revision: number;
  /** Whether the bucket has an older version, or none, because its data was lost. */
  readonly isStale: boolean;
  /** Whether the store holds this version. False while a newer local one waits, or a person has not arrived. */
  readonly isHeld: boolean;
  /** Whether the store refused this version, although a writer signed it. */
  readonly isInvalid: boolean;
  readonly local: LocalContent;
}

/** Identifies the content of a record in the store. */
export interface LocalContent {
  /** The `updatedAt` or `mark` at which the store has this content; `null` if it has to be compared. */
  readonly checked: string | null;
  /** Digest of the content of a collection or a membership, `''` for a profile and a deletion. */
  readonly digest: string;
  /** Whether the person belongs to the collection. False for other records. */
  readonly isMember: boolean;
}

/** A local change that the fleet does not have yet. All of them are the outbox. */
export interface Draft {
  readonly name: RecordName;
  readonly stamp: Stamp;
  readonly local: LocalContent;
}

/** A membership whose person or collection has not arrived yet. It stays sealed, because it can hold templates. */
export interface Pending {
  readonly name: RecordName;
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How far this kiosk has read the bucket. */
export interface Position {
  /** The last revision that was taken. */
  readonly revision: number;
  /** When the bucket was created, to detect another one with the same name. */
  readonly bucket: string;
  /** The fleet, and the number of the fleet key that the keys of the records are made with. */
  readonly fleetId: string;
  readonly epoch: number;
  /** The embedding spaces that the kit of this kiosk took when the bucket was read. */
  readonly spaces: readonly string[];
  /** The sealed list of writers, which a bucket that lost it gets back. */
  readonly head: Uint8Array<ArrayBuffer> | null;
  /** ISO 8601, UTC: when a change was last taken or sent. */
  readonly lastChange: string | null;
}

export interface JournalContent {
  readonly known: readonly Known[];
  readonly drafts: readonly Draft[];
  readonly pending: readonly Pending[];
  readonly position: Position | null;
}

/** Changes of the journal. `null` removes the entry. All are written in one transaction. */
export interface JournalChange {
  readonly known?: ReadonlyMap<RecordName, Known>;
  readonly drafts?: ReadonlyMap<RecordName, Draft | null>;
  readonly pending?: ReadonlyMap<RecordName, Pending | null>;
  readonly position?: Position;
}

export interface Journal {
  load(): Promise<JournalContent>;
  loadPosition(): Promise<Position | null>;
  save(change: JournalChange): Promise<void>;
  erase(): Promise<void>;
  close(): void;
}
