/**
 * The schema of the database and its versions: what is stored, and the steps that lead there. A storage version is a change of
 * this file alone.
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { ApiKey } from '../../../api/api-keys.js';
import type { AuditEntry } from '../../../api/audit.js';
import type { Profile } from '../../../api/profiles.js';
import type { Sealed, StoredKey } from '../vault.js';

export interface ProfileRecord {
  readonly id: string;
  readonly name: string | null;
  readonly metadata: Profile['metadata'];
  readonly consent: string | null;
  readonly owner: string | null;
  /** Kept beside the templates, and written with them, so that a list of thousands opens none of them. */
  readonly templateCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * The templates of one profile, encrypted together: opening one block costs about as much as opening one vector. One
 * record a profile, so that enrollment and deletion touch nobody else's.
 */
export interface TemplateBlock extends Sealed {
  readonly profileId: string;
  /** In the clear, so that another space is named even when the block cannot be opened. */
  readonly space: string;
}

/** Whom a profile is not, in one collection: sealed like templates. */
export interface NegativeBlock extends TemplateBlock {
  readonly collectionId: string;
}

export interface ClassifierRecord extends Sealed {
  readonly collectionId: string;
}

export interface CollectionRecord {
  readonly id: string;
  readonly name: string;
  readonly unknowns: boolean;
  readonly owner: string | null;
  /** Rises with every change of what the collection recognizes. */
  readonly revision: number;
  /** The revision that the last classifier was trained at, `null` when there was none. It is stored while that is current. */
  readonly trainedRevision: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What was deleted: its id stays taken, and an import learns that it was deleted later than its file was made. */
export interface Tombstone {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  readonly owner: string | null;
  /** ISO 8601, UTC. */
  readonly deletedAt: string;
}

export interface ApiKeyRecord extends ApiKey {
  readonly salt: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the salt and the secret: the secret is 256 random bits, so there is nothing to guess slowly. */
  readonly hash: Uint8Array<ArrayBuffer>;
}

/** A template as version 1 stored it, in the clear. */
export interface PlainTemplate {
  readonly id: string;
  readonly profileId: string;
  readonly ordinal: number;
  readonly space: string;
  readonly vector: Float32Array;
  readonly createdAt: string;
}

export interface Schema extends DBSchema {
  profiles: { key: string; value: ProfileRecord; indexes: { createdAt: string } };
  /** Of version 1; emptied when a database of version 1 is opened. */
  templates: { key: string; value: PlainTemplate; indexes: { profile: [string, number] } };
  blocks: { key: string; value: TemplateBlock };
  negatives: { key: [collectionId: string, profileId: string]; value: NegativeBlock; indexes: { profileId: string } };
  collections: { key: string; value: CollectionRecord; indexes: { createdAt: string } };
  memberships: {
    key: [string, string];
    value: { readonly collectionId: string; readonly profileId: string };
    indexes: { profileId: string };
  };
  classifiers: { key: string; value: ClassifierRecord };
  tombstones: { key: [kind: string, id: string]; value: Tombstone };
  apiKeys: { key: string; value: ApiKeyRecord; indexes: { createdAt: string } };
  audit: { key: number; value: AuditEntry };
  /** One record at most, under the key 'current'. */
  keys: { key: 'current'; value: StoredKey };
}

type Store = StoreNames<Schema>;
export type WriteTransaction = IDBPTransaction<Schema, Store[], 'readwrite'>;
export type ReadTransaction = IDBPTransaction<Schema, Store[], 'readonly' | 'readwrite'>;

/** Takes a database from one version to the next, within the transaction of the upgrade. */
export type Migration = (db: IDBPDatabase<Schema>, tx: UpgradeTransaction) => Promise<void>;

type UpgradeTransaction = IDBPTransaction<Schema, Store[], 'versionchange'>;

/**
 * One step per version: `MIGRATIONS[n]` takes a database of version n to n + 1. A step that was released is never
 * changed, a new one is appended.
 */
export const MIGRATIONS: readonly Migration[] = [
  (db: IDBPDatabase<Schema>): Promise<void> => {
    db.createObjectStore('profiles', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('templates', { keyPath: 'id' }).createIndex('profile', ['profileId', 'ordinal'], {
      unique: true,
    });
    db.createObjectStore('collections', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('memberships', { keyPath: ['collectionId', 'profileId'] }).createIndex(
      'profileId',
      'profileId',
    );
    db.createObjectStore('classifiers', { keyPath: 'collectionId' });
    return Promise.resolve();
  },
  async (db: IDBPDatabase<Schema>, tx: UpgradeTransaction): Promise<void> => {
    db.createObjectStore('blocks', { keyPath: 'profileId' });
    db.createObjectStore('negatives', { keyPath: ['collectionId', 'profileId'] }).createIndex('profileId', 'profileId');
    db.createObjectStore('tombstones', { keyPath: ['kind', 'id'] });
    db.createObjectStore('apiKeys', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('audit', { autoIncrement: true });
    db.createObjectStore('keys');
    for await (const cursor of tx.objectStore('profiles')) {
      await cursor.update({ ...cursor.value, consent: null, owner: null });
    }
    // Classifiers were in the clear; they are trained again. Templates are encrypted after the upgrade, see `open`.
    await tx.objectStore('classifiers').clear();
    for await (const cursor of tx.objectStore('collections')) {
      await cursor.update({ ...cursor.value, unknowns: false, owner: null, trainedRevision: null });
    }
  },
];
