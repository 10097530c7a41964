/** What happened at the kiosk: the newest 2,000 entries, each in a place of its own, so that writing one costs no more later. */
import type { Cell } from '../csv.js';

const PREFIX = 'inface-kiosk-log-';
const NEXT_KEY = 'inface-kiosk-log-next';
const PLACES = 2_000;

export type KioskEvent =
  | 'started'
  | 'identified'
  | 'unknown'
  | 'attack'
  | 'challenge-passed'
  | 'challenge-failed'
  | 'camera-lost'
  | 'camera-back'
  | 'models-failed'
  | 'watchdog-restart'
  | 'watchdog-reload'
  | 'update'
  | 'admin';

export interface LogEntry {
  /** Rises by one with each entry, whatever the clock does. */
  readonly number: number;
  /** By the clock of the device. ISO 8601, UTC. */
  readonly at: string;
  /** Since the page was loaded, in milliseconds, whatever the clock does. */
  readonly runningMs: number;
  readonly event: KioskEvent;
  /** A name, or what went wrong. */
  readonly detail: string;
  readonly score: number | null;
}

export interface KioskLog {
  add(event: KioskEvent, detail?: string, score?: number | null): void;
  /** Newest first. */
  list(): readonly LogEntry[];
  clear(): void;
}

export function createLog(): KioskLog {
  return {
    add(event, detail = '', score = null) {
      const number = Number(localStorage.getItem(NEXT_KEY) ?? 1);
      const runningMs = Math.round(performance.now());
      const entry: LogEntry = { number, at: new Date().toISOString(), runningMs, event, detail, score };
      try {
        localStorage.setItem(PREFIX + String(number % PLACES), JSON.stringify(entry));
        localStorage.setItem(NEXT_KEY, String(number + 1));
      } catch (error) {
        // A full disk must not stop the kiosk.
        reportError(error);
      }
    },
    list() {
      const entries: LogEntry[] = [];
      for (let place = 0; place < PLACES; place++) {
        const text = localStorage.getItem(PREFIX + String(place));
        if (text !== null) entries.push(JSON.parse(text) as LogEntry);
      }
      return entries.sort((a, b) => b.number - a.number);
    },
    clear() {
      // The numbers go on: a gap tells that something was cleared.
      for (let place = 0; place < PLACES; place++) localStorage.removeItem(PREFIX + String(place));
    },
  };
}

export function toJsonLines(entries: readonly LogEntry[]): Blob {
  return new Blob(
    entries.map((entry) => `${JSON.stringify(entry)}\n`),
    { type: 'application/jsonl' },
  );
}

export function toTable(entries: readonly LogEntry[]): readonly (readonly Cell[])[] {
  const columns = ['number', 'at', 'runningMs', 'event', 'detail', 'score'] as const;
  return [columns, ...entries.map((entry) => columns.map((column) => entry[column]))];
}
