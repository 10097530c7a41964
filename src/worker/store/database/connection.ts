/** The connection to the database: transactions, and one writer at a time over all tabs. */
import { openDB, type IDBPDatabase } from 'idb';
import { InfaceError } from '../../../api/errors.js';
import type { Migration, ReadTransaction, Schema, WriteTransaction } from './schema.js';

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
      read: (work) => work(db.transaction(db.objectStoreNames, 'readonly')),
      async commit(work) {
        const tx = db.transaction(db.objectStoreNames, 'readwrite', { durability: 'strict' });
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
