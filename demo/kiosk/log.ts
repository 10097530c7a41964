/** The events of the kiosk, in a separate database, for as many days as the admin wants. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Cell } from '../csv.js';

const DATABASE = 'inface-kiosk-log';
const DAY_MS = 24 * 3_600_000;
/** Somebody who is gone for no longer has not left: the visit goes on. */
const VISIT_GAP_MS = 60_000;
/** How often the end of a visit is written while it lasts. */
const VISIT_STEP_MS = 10_000;
/** Entries that are read or deleted in one transaction, so that none blocks the page. */
const BATCH = 5_000;

export type KioskEvent =
  | 'started'
  | 'identified'
  | 'unknown'
  | 'attack'
  | 'challenge-passed'
  | 'challenge-failed'
  | 'challenge-interrupted'
  | 'challenge-locked'
  | 'challenge-help'
  /** Somebody asked how to get help. */
  | 'help'
  /** Somebody came in with a PIN instead of the face. */
  | 'pin'
  | 'pin-wrong'
  | 'camera-lost'
  | 'camera-back'
  | 'models-failed'
  | 'watchdog-restart'
  | 'watchdog-reload'
  | 'update'
  /** By the admin: somebody was not the person whose name was shown. */
  | 'corrected'
  /** By the admin: a picture was added to a person. */
  | 'added'
  | 'enrolled'
  | 'admin';

export interface LogEntry {
  /** Rises by one with each entry, whatever the clock does. */
  readonly number: number;
  /** By the clock of the device. ISO 8601, UTC. */
  readonly at: string;
  /** The end of a visit, so far; null for everything else. */
  readonly until: string | null;
  /** Since the page was loaded, in milliseconds, whatever the clock does. */
  readonly runningMs: number;
  readonly event: KioskEvent;
  /** A name, or what went wrong. */
  readonly detail: string;
  readonly score: number | null;
  /** Who it is about, so that the entry goes with the person. Absent if nobody, because a database has no index of null. */
  readonly profileId?: string;
  /** Of a correction: when the person was seen. ISO 8601, UTC. */
  readonly seenAt?: string;
}

/** Who an entry is about. */
export interface Subject extends Pick<LogEntry, 'seenAt'> {
  readonly profileId: string;
  readonly score: number | null;
}

export interface KioskLog {
  add(event: KioskEvent, detail?: string, about?: Subject | null): void;
  /** Somebody is there right now. @returns whether a visit begins; otherwise it goes on */
  see(visitor: Subject, detail: string): boolean;
  /** @returns the newest ones, newest first, and how many there are */
  newest(limit: number): Promise<{ readonly entries: readonly LogEntry[]; readonly total: number }>;
  /** @returns all, oldest first */
  all(): Promise<readonly LogEntry[]>;
  /** Deletes what is older. */
  keep(days: number): void;
  /** Deletes what is about people who are not known anymore. */
  keepOnly(isKnown: (profileId: string) => boolean): void;
  clear(): Promise<void>;
  /** Waits until everything that was added is stored. */
  written(): Promise<void>;
}

interface Schema extends DBSchema {
  entries: { key: number; value: LogEntry; indexes: { at: string; profileId: string } };
}

interface Visit {
  /** The entry, when it is written. */
  readonly number: Promise<number | null>;
  lastMs: number;
  writtenMs: number;
}

export function createLog(): KioskLog {
  const opened = openDB<Schema>(DATABASE, 1, {
    upgrade(database) {
      const entries = database.createObjectStore('entries', { keyPath: 'number', autoIncrement: true });
      entries.createIndex('at', 'at');
      entries.createIndex('profileId', 'profileId');
    },
  });
  const visits = new Map<string, Visit>();
  /** One after the other, so that the numbers are in the order of the events. */
  let last: Promise<unknown> = Promise.resolve();

  async function write<T>(work: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T | null> {
    const before = last;
    const done = (async () => {
      await before;
      // Where the browser denies storage, the kiosk itself says so.
      const database = await opened.catch(() => null);
      try {
        return database && (await work(database));
      } catch (error) {
        // A full disk must not stop the kiosk.
        reportError(error);
        return null;
      }
    })();
    last = done;
    return done;
  }

  function insert(entry: Omit<LogEntry, 'number' | 'runningMs'>): Promise<number | null> {
    const full = { ...entry, runningMs: Math.round(performance.now()) };
    // The key is the number, which the database gives.
    return write((database) => database.add('entries', full as LogEntry));
  }

  /** Goes on with a visit that was written before the page was loaded, or begins one. */
  async function beginVisit({ profileId, score }: Subject, detail: string): Promise<number | null> {
    const now = new Date();
    const before = await write(async (database) => {
      const cursor = await database.transaction('entries').store.index('profileId').openCursor(profileId, 'prev');
      return cursor?.value ?? null;
    });
    const since = before?.until ? now.getTime() - Date.parse(before.until) : Infinity;
    if (before && since >= 0 && since < VISIT_GAP_MS) return before.number;
    const at = now.toISOString();
    return insert({ event: 'identified', at, until: at, detail, score, profileId });
  }

  async function extend(visit: Visit): Promise<void> {
    visit.writtenMs = visit.lastMs;
    const until = new Date().toISOString();
    const number = await visit.number;
    if (number === null) return;
    await write(async (database) => {
      const { store, done } = database.transaction('entries', 'readwrite');
      const entry = await store.get(number);
      // It may have been deleted meanwhile.
      if (entry) await store.put({ ...entry, until });
      await done;
    });
  }

  /** Deletes entries, some at a time. @param range of an index */
  async function remove(index: 'at' | 'profileId', range: IDBKeyRange): Promise<void> {
    let found = 0;
    do {
      await write(async (database) => {
        const { store, done } = database.transaction('entries', 'readwrite');
        const numbers = await store.index(index).getAllKeys(range, BATCH);
        found = numbers.length;
        await Promise.all([...numbers.map((number) => store.delete(number)), done]);
      });
    } while (found === BATCH);
  }

  return {
    add(event, detail = '', about = null) {
      void insert({
        event,
        at: new Date().toISOString(),
        detail,
        until: null,
        score: about?.score ?? null,
        ...(about && { profileId: about.profileId }),
        ...(about?.seenAt !== undefined && { seenAt: about.seenAt }),
      });
    },
    see(visitor, detail) {
      const nowMs = performance.now();
      for (const [id, { lastMs }] of visits) if (nowMs - lastMs > VISIT_GAP_MS) visits.delete(id);
      const visit = visits.get(visitor.profileId);
      if (!visit) {
        visits.set(visitor.profileId, { number: beginVisit(visitor, detail), lastMs: nowMs, writtenMs: nowMs });
        return true;
      }
      visit.lastMs = nowMs;
      if (nowMs - visit.writtenMs >= VISIT_STEP_MS) void extend(visit);
      return false;
    },
    async newest(limit) {
      const found = await write(async (database) => {
        const { store } = database.transaction('entries');
        const total = await store.count();
        const entries: LogEntry[] = [];
        let cursor = await store.openCursor(null, 'prev');
        for (; cursor && entries.length < limit; cursor = await cursor.continue()) entries.push(cursor.value);
        return { entries, total };
      });
      return found ?? { entries: [], total: 0 };
    },
    async all() {
      const entries: LogEntry[] = [];
      for (;;) {
        const after = IDBKeyRange.lowerBound(entries.at(-1)?.number ?? 0, true);
        const part = await write((database) => database.getAll('entries', after, BATCH));
        entries.push(...(part ?? []));
        if (part?.length !== BATCH) return entries;
      }
    },
    keep(days) {
      void remove('at', IDBKeyRange.upperBound(new Date(Date.now() - days * DAY_MS).toISOString()));
    },
    keepOnly(isKnown) {
      void write(async (database) => {
        const gone: string[] = [];
        let cursor = await database.transaction('entries').store.index('profileId').openKeyCursor(null, 'nextunique');
        for (; cursor; cursor = await cursor.continue()) if (!isKnown(cursor.key)) gone.push(cursor.key);
        return gone;
      }).then((gone) => {
        for (const profileId of gone ?? []) {
          visits.delete(profileId);
          void remove('profileId', IDBKeyRange.only(profileId));
        }
      });
    },
    async clear() {
      visits.clear();
      // The numbers go on: a gap tells that something was cleared.
      await write((database) => database.clear('entries'));
    },
    async written() {
      await last;
    },
  };
}

export function toJsonLines(entries: readonly LogEntry[]): Blob {
  return new Blob(
    entries.map((entry) => `${JSON.stringify(entry)}\n`),
    { type: 'application/jsonl' },
  );
}

/** Every entry, newest first. */
export function toTable(entries: readonly LogEntry[]): readonly (readonly Cell[])[] {
  const columns = ['number', 'at', 'until', 'runningMs', 'event', 'detail', 'score', 'seenAt'] as const;
  return [columns, ...entries.toReversed().map((entry) => columns.map((column) => entry[column] ?? null))];
}

interface Stay {
  readonly profileId: string;
  readonly name: string;
  readonly at: string;
  readonly until: string;
}

/** When people were there, after the corrections of the admin. @param entries oldest first */
function findStays(entries: readonly LogEntry[]): readonly Stay[] {
  const stays: Stay[] = [];
  for (const { event, at, until, profileId, detail, seenAt } of entries) {
    if (profileId === undefined) continue;
    if (event === 'identified' || event === 'pin') stays.push({ profileId, name: detail, at, until: until ?? at });
    if (seenAt === undefined) continue;
    if (event === 'added' || event === 'enrolled') stays.push({ profileId, name: detail, at: seenAt, until: seenAt });
    if (event === 'corrected') {
      // A picture is taken when a visit begins.
      const wrong = stays.findLastIndex((stay) => stay.profileId === profileId && stay.at <= seenAt);
      if (wrong !== -1) stays.splice(wrong, 1);
    }
  }
  return stays;
}

/** For each day and person, when they were there first and last, by the clock on the wall. @param entries oldest first */
export function toDays(entries: readonly LogEntry[]): readonly (readonly Cell[])[] {
  const days = new Map<string, { day: string; name: string; first: string; last: string }>();
  for (const { at, until, profileId, name } of findStays(entries)) {
    const [from, to] = [wallClock(at), wallClock(until)];
    // A visit beyond midnight is one on both days.
    for (const day of new Set([from.day, to.day])) {
      const first = day === from.day ? from.time : '00:00:00';
      const last = day === to.day ? to.time : '23:59:59';
      const known = days.get(`${day} ${profileId}`);
      days.set(`${day} ${profileId}`, {
        day,
        name,
        first: known && known.first < first ? known.first : first,
        last: known && known.last > last ? known.last : last,
      });
    }
  }
  const rows = [...days.values()].sort((a, b) => (a.day === b.day ? compare(a.name, b.name) : compare(a.day, b.day)));
  return [['day', 'name', 'first', 'last'], ...rows.map(({ day, name, first, last }) => [day, name, first, last])];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function wallClock(at: string): { readonly day: string; readonly time: string } {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}
