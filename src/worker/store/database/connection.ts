/** The database: schema, versions, transactions, and one writer at a time over all tabs. The only module that knows idb. */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import { InfaceError } from '../../../api/errors.js';
import type { ApiKey, AuditEntry, Profile } from '../../../api/types.js';
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
 * record a profile, so that enrolment and deletion touch nobody else's.
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
  /** Rises with every change of what the collection recognises. */
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

export type Store = StoreNames<Schema>;
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

const ALL_STORES: Store[] = [
  'profiles',
  'templates',
  'blocks',
  'negatives',
  'collections',
  'memberships',
  'classifiers',
  'tombstones',
  'apiKeys',
  'audit',
  'keys',
];

export interface Database {
  /** Everything that `work` reads is of one moment. `work` must wait for nothing but the transaction. */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Waits until no other tab writes, and keeps them from it. Encryption is done in here, between a read and a commit,
   * because a transaction does not wait for it.
   */
  exclusive<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Held by the one who may write. */
export interface Writer extends Pick<Database, 'read'> {
  /** Everything that `work` writes is stored, or nothing. `work` must wait for nothing but the transaction. */
  commit<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T>;
}

/**
 * The connection is made at the first use, and again after the browser or another tab closed it.
 * @param migrations the steps of this version; tests append to them
 * @param onOpen completes what an upgrade cannot; runs before anybody else gets the connection
 */
export function createDatabase(
  name: string,
  migrations: readonly Migration[],
  onOpen: (writer: Writer) => Promise<void>,
): Database {
  let connection: Promise<IDBPDatabase<Schema>> | null = null;
  let closed = false;

  function connect(): Promise<IDBPDatabase<Schema>> {
    if (closed) throw new InfaceError('CLOSED', 'The kit was closed. Create a new one with createFaceKit().');
    const forget = () => {
      connection = null;
    };
    connection ??= open(name, migrations, forget)
      .then(async (db) => {
        await locked(() => onOpen(writerOf(db)));
        return db;
      })
      .catch((error: unknown) => {
        forget();
        throw error;
      });
    return connection;
  }

  /** Only the holder of this Web Lock writes. */
  function locked<T>(work: () => Promise<T>): Promise<T> {
    const locks = (navigator as { locks?: LockManager }).locks;
    if (!locks)
      throw new InfaceError('STORAGE_UNAVAILABLE', 'Data can be stored on https pages and on localhost only.');
    return locks.request(`inface-write-${name}`, work);
  }

  function writerOf(db: IDBPDatabase<Schema>): Writer {
    return {
      read: (work) => work(db.transaction(ALL_STORES, 'readonly')),
      async commit(work) {
        const tx = db.transaction(ALL_STORES, 'readwrite', { durability: 'strict' });
        try {
          const result = await work(tx);
          await tx.done;
          return result;
        } catch (error) {
          tx.done.catch(() => undefined);
          try {
            tx.abort();
          } catch {
            // It has aborted already, which is how a full disk shows.
          }
          throw tx.error ?? error;
        }
      },
    };
  }

  return {
    async read(work) {
      try {
        return await writerOf(await connect()).read(work);
      } catch (error) {
        throw await describe(error);
      }
    },
    async exclusive(work) {
      try {
        const db = await connect();
        return await locked(() => work(writerOf(db)));
      } catch (error) {
        throw await describe(error);
      }
    },
    async close() {
      closed = true;
      const db = await connection?.catch(() => null);
      db?.close();
    },
  };
}

/** Opens and migrates the database. `onClosed` is called when the connection ends without our doing. */
async function open(
  name: string,
  migrations: readonly Migration[],
  onClosed: () => void,
): Promise<IDBPDatabase<Schema>> {
  return new Promise((resolve, reject) => {
    let gaveUp = false;
    openDB<Schema>(name, migrations.length, {
      upgrade(db, oldVersion, _newVersion, tx) {
        const run = async () => {
          for (const migrate of migrations.slice(oldVersion)) await migrate(db, tx);
        };
        // Nobody waits for it: a step that fails takes the whole upgrade back.
        run().catch(() => {
          tx.done.catch(() => undefined);
          tx.abort();
        });
      },
      blocked() {
        gaveUp = true;
        reject(
          new InfaceError(
            'STORAGE_BLOCKED',
            `The database '${name}' is held open by another tab with an older version. Close the other tabs of this site.`,
          ),
        );
      },
      blocking(_current, _blocked, event) {
        // A newer version wants to migrate: let go, or it would wait for this tab to be closed.
        (event.target as IDBDatabase).close();
        onClosed();
      },
      terminated: onClosed,
    }).then((db) => {
      if (gaveUp) db.close();
      else resolve(db);
    }, reject);
  });
}

async function describe(error: unknown): Promise<InfaceError> {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof Error && error.name === 'QuotaExceededError') {
    const { usage, quota } = await navigator.storage.estimate().catch(() => ({ usage: undefined, quota: undefined }));
    return new InfaceError(
      'STORAGE_QUOTA_EXCEEDED',
      `The browser refused to store more (${usage ?? 'unknown'} of ${quota ?? 'unknown'} bytes are used); ` +
        'nothing was written. Delete profiles, or free space on the device.',
      { cause: error },
    );
  }
  if (error instanceof Error && error.name === 'VersionError') {
    return new InfaceError(
      'STORAGE_UNAVAILABLE',
      'The database was made by a newer version of this page. Reload the page to get that version.',
      { cause: error },
    );
  }
  return new InfaceError('STORAGE_UNAVAILABLE', `The browser's database cannot be used: ${reason}`, { cause: error });
}
