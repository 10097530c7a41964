/** The database connection: transactions, and a lock that allows one writer at a time across all tabs. */
import { openDB, type IDBPDatabase } from 'idb';
import { InfaceError } from '../../../api/errors.js';
import type { Migration, ReadTransaction, Schema, WriteTransaction } from './schema.js';

export interface Database {
  /** Runs `work` in one transaction, on a consistent snapshot. `work` must await nothing but the transaction. */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` while no other tab can write. Encrypt here, between a read and a commit, because a transaction does not
   * wait for encryption.
   */
  exclusive<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Write access to the database, given to the holder of the write lock. */
export interface Writer extends Pick<Database, 'read'> {
  /** Stores everything that `work` writes, or nothing. `work` must await nothing but the transaction. */
  commit<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T>;
}

/**
 * Creates a database. Connects on first use, and again after the browser or another tab closed the connection.
 * @param migrations the migrations up to this version; tests append to them
 * @param onOpen completes what an upgrade transaction cannot do; runs before any other use of the connection
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

  /** Runs `work` while holding the Web Lock that every write requires. */
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
            // The transaction has already aborted, as it does when the disk is full.
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

/** Opens and migrates the database. Calls `onClosed` when the browser or another tab ends the connection. */
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
        // idb does not await this. A failed migration rolls back the whole upgrade.
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
        // A newer version wants to migrate. Close the connection, or it would wait until this tab is closed.
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

/** Checks whether the browser denies storage. In Chromium, only the error of the locks shows it. */
async function isDenied(error: unknown): Promise<boolean> {
  const isSecurity = (reason: unknown) => reason instanceof Error && reason.name === 'SecurityError';
  if (isSecurity(error)) return true;
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks ? locks.query().then(() => false, isSecurity) : false;
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
  if (await isDenied(error)) {
    return new InfaceError(
      'STORAGE_DENIED',
      'The browser does not let this page store anything: cookies are blocked, or the page is in a frame of another site. ' +
        'Allow cookies for this site, or open it in its own tab.',
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
