/**
 * A database in memory, for browsers that deny storage. Does what the store uses of idb's interface, in the order of
 * IndexedDB's keys, on copies like it, and with transactions that take effect completely or not at all.
 */
import type { IDBPDatabase } from 'idb';
import type { Connection } from './connection.js';
import type { Migration, ReadTransaction, Schema, WriteTransaction } from './schema.js';

type Key = string | number | readonly Key[];
type KeyPath = string | readonly string[];
type Query = Key | IDBKeyRange | null | undefined;

interface Row {
  readonly key: Key;
  readonly value: unknown;
}

interface Table {
  readonly keyPath: KeyPath | null;
  readonly indexes: ReadonlyMap<string, KeyPath>;
  /** In the order of their keys. */
  readonly rows: readonly Row[];
}

type Tables = ReadonlyMap<string, Table>;

/** Creates an empty database and migrates it. */
export async function openMemory(migrations: readonly Migration[]): Promise<Connection> {
  let tables: Tables = new Map();
  const commit = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    const tx = new Transaction(tables);
    const result = await work(tx);
    tables = tx.tables;
    return result;
  };
  for (const migrate of migrations) {
    await commit((tx) => migrate(tx as unknown as IDBPDatabase<Schema>, tx as never));
  }
  return {
    read: (work) => work(new Transaction(tables) as unknown as ReadTransaction),
    commit: (work) => commit((tx) => work(tx as unknown as WriteTransaction)),
    close: () => undefined,
  };
}

/** A transaction, which a migration also uses as the database. Its tables replace those of the database at the end. */
class Transaction {
  readonly #tables: Map<string, Table>;

  constructor(tables: Tables) {
    this.#tables = new Map(tables);
  }

  get tables(): Tables {
    return this.#tables;
  }

  get objectStoreNames(): string[] {
    return [...this.#tables.keys()];
  }

  createObjectStore(name: string, options: { readonly keyPath?: KeyPath } = {}) {
    this.#tables.set(name, { keyPath: options.keyPath ?? null, indexes: new Map(), rows: [] });
    return this.objectStore(name);
  }

  deleteObjectStore(name: string): void {
    this.#tables.delete(name);
  }

  objectStore(name: string) {
    const table = () => this.#tables.get(name) as Table;
    const replace = (change: Partial<Table>) => {
      this.#tables.set(name, { ...table(), ...change });
    };
    const put = (value: unknown, key?: Key): Promise<Key> => {
      const { keyPath, rows } = table();
      const row = { key: key ?? (keyPath === null ? nextKey(rows) : keyAt(value, keyPath)), value: copy(value) };
      const at = placeOf(rows, row.key);
      replace({ rows: rows.toSpliced(at, hasKey(rows[at], row.key) ? 1 : 0, row) });
      return Promise.resolve(row.key);
    };
    return {
      ...readerOf(() => table().rows),
      put,
      add: (value: unknown, key?: Key): Promise<Key> => {
        const { keyPath, rows } = table();
        const at = key ?? (keyPath === null ? null : keyAt(value, keyPath));
        if (at === null || !hasKey(rows[placeOf(rows, at)], at)) return put(value, key);
        return Promise.reject(new DOMException(`'${name}' has the key ${JSON.stringify(at)}.`, 'ConstraintError'));
      },
      delete: (query: Key | IDBKeyRange): Promise<void> => {
        const { rows } = table();
        const [from, to] = extentOf(rows, query);
        replace({ rows: rows.toSpliced(from, to - from) });
        return Promise.resolve();
      },
      clear: (): Promise<void> => {
        replace({ rows: [] });
        return Promise.resolve();
      },
      createIndex: (index: string, keyPath: KeyPath): void => {
        replace({ indexes: new Map(table().indexes).set(index, keyPath) });
      },
      index: (index: string) => {
        const keyPath = table().indexes.get(index) as KeyPath;
        return readerOf(() => sortedBy(table().rows, keyPath));
      },
    };
  }
}

/** The rows of a table in the order of an index, with the keys of the index. */
interface IndexRow extends Row {
  readonly primaryKey: Key;
}

function sortedBy(rows: readonly Row[], keyPath: KeyPath): IndexRow[] {
  return rows
    .map(({ key, value }) => ({ key: keyAt(value, keyPath), primaryKey: key, value }))
    .sort((a, b) => compare(a.key, b.key) || compare(a.primaryKey, b.primaryKey));
}

function readerOf(read: () => readonly (Row & Partial<IndexRow>)[]) {
  const find = (query: Query, count = Infinity) => {
    const rows = read();
    const [from, to] = extentOf(rows, query);
    return rows.slice(from, Math.min(to, from + count));
  };
  const values = (query?: Query, count?: number) => Promise.resolve(find(query, count).map(({ value }) => copy(value)));
  // eslint-disable-next-line @typescript-eslint/require-await -- the store iterates with `for await`
  async function* iterate(query?: Query, direction: IDBCursorDirection = 'next') {
    const rows = find(query).map(({ key, value }) => ({ key, value: copy(value) }));
    yield* direction === 'prev' ? rows.reverse() : rows;
  }
  return {
    get: async (query: Key): Promise<unknown> => (await values(query, 1))[0],
    getAll: values,
    getAllKeys: (query?: Query, count?: number) =>
      Promise.resolve(find(query, count).map(({ key, primaryKey = key }) => primaryKey)),
    count: (query?: Query) => Promise.resolve(find(query).length),
    getKey: (query: Key) => Promise.resolve(find(query, 1).map(({ key }) => key)[0]),
    openKeyCursor: (query?: Query) => Promise.resolve(find(query, 1)[0] ?? null),
    iterate,
    [Symbol.asyncIterator]: () => iterate(),
  };
}

/** Returns the places of the rows with the keys of a query: the first one, and the one after the last. */
function extentOf(rows: readonly Row[], query: Query): [from: number, to: number] {
  if (query === null || query === undefined) return [0, rows.length];
  if (!(query instanceof IDBKeyRange)) {
    const from = placeOf(rows, query);
    return [from, placeOf(rows, query, true)];
  }
  const { lowerOpen, upperOpen } = query;
  const [lower, upper] = [query.lower, query.upper] as (Key | undefined)[];
  const from = lower === undefined ? 0 : placeOf(rows, lower, lowerOpen);
  const to = upper === undefined ? rows.length : placeOf(rows, upper, !upperOpen);
  return [from, Math.max(from, to)];
}

/** Returns the place of the first row with this key or a later one. @param after whether to skip rows with this key */
function placeOf(rows: readonly Row[], key: Key, after = false): number {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = compare((rows[middle] as Row).key, key);
    if (order < 0 || (after && order === 0)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function hasKey(row: Row | undefined, key: Key): boolean {
  return row !== undefined && compare(row.key, key) === 0;
}

/** The order of keys in IndexedDB: numbers, then strings, then arrays. */
function compare(a: Key, b: Key): number {
  const rank = (key: Key) => ['number', 'string', 'object'].indexOf(typeof key);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a !== 'object' || typeof b !== 'object') return a < b ? -1 : Number(a > b);
  for (const [i, each] of a.entries()) {
    const other = b[i];
    const order = other === undefined ? 1 : compare(each, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function keyAt(value: unknown, keyPath: KeyPath): Key {
  const at = (name: string) => (value as Record<string, Key>)[name] as Key;
  return typeof keyPath === 'string' ? at(keyPath) : keyPath.map(at);
}

function nextKey(rows: readonly Row[]): number {
  return ((rows.at(-1)?.key as number | undefined) ?? 0) + 1;
}

/** IndexedDB stores copies and returns copies. */
function copy(value: unknown): unknown {
  return structuredClone(value);
}
