/** The database: its transactions, its one writer at a time across all tabs, and its loss. */
import { InfaceError } from '../../../api/errors.js';
import type { Locks } from '../../ports/locks.js';
import type { ReadTransaction, StoreIdentity, WriteTransaction } from './schema.js';

export interface Database {
  /** Runs `work` in one transaction, on a consistent snapshot. `work` must await nothing but the transaction. */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` while no other tab can write. Encrypt here, between a read and a commit, because a transaction does not
   * wait for encryption.
   * @param acceptsLoss whether `work` is what the application does about a lost database, and calls {@link Writer.accept}.
   * Other work is refused then.
   * @throws InfaceError `STORAGE_LOST`
   */
  exclusive<T>(work: (writer: Writer) => Promise<T>, acceptsLoss?: boolean): Promise<T>;
  /** Returns whether the database was lost, and the application has not done anything about it yet. */
  isLost(): Promise<boolean>;
  /** @throws InfaceError `STORAGE_LOST` */
  assertNotLost(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Knowledge of a database that is kept outside of it. Browsers delete databases, for example when the disk is full, and so
 * can other pages of the origin. Without a mark outside, the new and empty one would look like a first start.
 */
export interface StoreMark {
  /** Id of the database that held data when this worker started, or `null`. */
  readonly known: string | null;
  /** Keeps the id of the database that holds data; `null` if it is empty, and therefore not missed. */
  keep(id: string | null): void;
  /** Called when a connection opens a database other than the known one. */
  onLost(): void;
}

/** Write access to the database, given to the holder of the write lock. */
export interface Writer extends Pick<Database, 'read'> {
  /**
   * Stores everything that `work` writes, or nothing. `work` must await nothing but the transaction.
   * @param empties whether `work` leaves nothing that would be missed. To look for it takes a second after 20,000 profiles
   * were deleted.
   */
  commit<T>(work: (tx: WriteTransaction) => Promise<T>, empties?: boolean): Promise<T>;
  /**
   * Makes a lost database the expected one, for other tabs and later starts as well. Part of the transaction that stores
   * the answer of the application: an import that fails must not leave an empty database that counts as accepted.
   */
  accept(tx: WriteTransaction): Promise<void>;
}

/** An open database. */
export interface Connection extends Omit<Writer, 'accept'> {
  close(): void;
}

/**
 * Creates a database. Connects on first use, and again after the browser or another tab closed the connection.
 * @param connectTo opens a connection; calls `onClosed` when the browser or another tab ends it
 * @param onOpen completes what an upgrade transaction cannot do; runs before any other use of the connection, but not while
 * the database counts as lost
 */
export function createDatabase(
  name: string,
  locks: Locks,
  mark: StoreMark,
  connectTo: (onClosed: () => void) => Promise<Connection>,
  onOpen: (writer: Writer) => Promise<void>,
): Database {
  let connection: Promise<Connection> | null = null;
  let closed = false;
  /** Id of the database that this worker expects to open. */
  let expected = mark.known;
  /** Whether the last connection opened another one. */
  let lost = false;

  function connect(): Promise<Connection> {
    if (closed) throw new InfaceError('CLOSED', 'The kit was closed. Create a new one with createFaceKit().');
    const forget = () => {
      connection = null;
    };
    connection ??= connectTo(forget)
      .then(async (db) => {
        await locked(async () => {
          lost = await isAnother(db);
          if (lost) mark.onLost();
          else await finishOpening(db);
        });
        return db;
      })
      .catch((error: unknown) => {
        forget();
        throw error;
      });
    return connection;
  }

  /** Runs `work` while holding the lock that every write requires. */
  function locked<T>(work: () => Promise<T>): Promise<T> {
    return locks.request(`inface-write-${name}`, {}, work);
  }

  async function finishOpening(db: Connection): Promise<void> {
    const writer = writerOf(db);
    await onOpen(writer);
    // The database may be of a version without a mark, or the mark was deleted with other data of the site.
    if (await writer.read(holdsData)) mark.keep(expected);
  }

  /** Checks for another database than expected, unless the application has accepted it. */
  async function isAnother(db: Connection): Promise<boolean> {
    const { id, replaces } = await db.read(readIdentity);
    if (expected !== null && expected !== id && expected !== replaces) return true;
    expected = id;
    return false;
  }

  function writerOf(db: Connection): Writer {
    return {
      read: (work) => db.read(work),
      async commit(work, empties = false) {
        const { result, isFilled } = await db.commit(async (tx) => ({
          result: await work(tx),
          isFilled: !empties && (await holdsData(tx)),
        }));
        // This transaction may have accepted it.
        if (lost) lost = await isAnother(db);
        mark.keep(isFilled ? expected : null);
        return result;
      },
      async accept(tx) {
        if (lost) await tx.objectStore('identity').put({ ...(await readIdentity(tx)), replaces: expected }, 'current');
      },
    };
  }

  async function isLost(): Promise<boolean> {
    try {
      const db = await connect();
      // Another tab may have accepted it since.
      if (lost) lost = await isAnother(db);
      return lost;
    } catch (error) {
      throw await describe(error);
    }
  }

  return {
    async read(work) {
      try {
        const db = await connect();
        return await db.read(work);
      } catch (error) {
        throw await describe(error);
      }
    },
    async exclusive(work, acceptsLoss = false) {
      try {
        const db = await connect();
        return await locked(async () => {
          if (lost) lost = await isAnother(db);
          if (!lost) return work(writerOf(db));
          if (!acceptsLoss) throw storageLost(name);
          const result = await work(writerOf(db));
          await finishOpening(db);
          return result;
        });
      } catch (error) {
        throw await describe(error);
      }
    },
    isLost,
    async assertNotLost() {
      if (await isLost()) throw storageLost(name);
    },
    async close() {
      closed = true;
      const db = await connection?.catch(() => null);
      db?.close();
    },
  };
}

async function readIdentity(tx: ReadTransaction): Promise<StoreIdentity> {
  // The migration that creates the store writes it. Another page, or a developer, can clear it like any other data.
  return (await tx.objectStore('identity').get('current')) ?? { id: '', replaces: null };
}

/** Checks whether there is anything that would be missed. */
async function holdsData(tx: ReadTransaction): Promise<boolean> {
  for (const name of ['keys', 'collections', 'profiles', 'apiKeys'] as const) {
    if ((await tx.objectStore(name).getAllKeys(null, 1)).length > 0) return true;
  }
  return false;
}

function storageLost(name: string): InfaceError {
  return new InfaceError(
    'STORAGE_LOST',
    `The database '${name}' was deleted by the browser or by another page of this site, with all people in it. ` +
      'Import a backup, or call storage.startAnew() to begin with an empty one.',
  );
}

/** Free space below which a failed write is taken for a full disk. */
const FULL_BYTES = 1_000_000;

/** Returns the bytes that are left to this origin; not a number if the browser does not say. */
async function measureFree(): Promise<{ readonly free: number; readonly quota: number }> {
  // Absent in WebKitGTK.
  const storage = navigator.storage as StorageManager | undefined;
  const { usage = NaN, quota = NaN } = (await storage?.estimate().catch(() => null)) ?? {};
  return { free: Math.max(0, quota - usage), quota };
}

async function describe(error: unknown): Promise<InfaceError> {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof Error && error.name === 'SecurityError') {
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
  // On a full disk, Chromium's error has another name and message.
  const { free, quota } = await measureFree();
  if (/QuotaExceeded|NO_SPACE/.test(reason) || free < FULL_BYTES) {
    const figures = Number.isNaN(free) ? '' : ` (${free} of ${quota} bytes are free)`;
    return new InfaceError(
      'STORAGE_QUOTA_EXCEEDED',
      `The browser refused to store more${figures}; nothing was written. ` +
        'Delete profiles, or free space on the device.',
      { cause: error },
    );
  }
  return new InfaceError('STORAGE_UNAVAILABLE', `The browser's database cannot be used: ${reason}`, { cause: error });
}
