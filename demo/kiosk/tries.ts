/**
 * Slows down whoever tries PINs: some wrong ones are free, then each one locks for twice as long as the one before.
 *
 * The clock of the device counts, so the time passes while no kiosk is open. A clock that is set back makes no lock longer.
 */

const FREE = 4;
const LOCK_MS = { first: 60_000, most: 3_600_000 } as const;

interface Wrong {
  readonly count: number;
  readonly lockedUntilMs: number;
}

export interface Tries {
  /** How long until the next try is allowed, in milliseconds; 0 when it is. */
  lockedForMs(): number;
  /** Counts one; before its outcome is known, so that leaving the page saves nobody from it. */
  add(): void;
  clear(): void;
}

/** @param key of localStorage: each counts by itself */
export function createTries(key: string): Tries {
  function read(): Wrong {
    try {
      const { count, lockedUntilMs } = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Wrong>;
      return { count: Number(count) || 0, lockedUntilMs: Number(lockedUntilMs) || 0 };
    } catch {
      return { count: 0, lockedUntilMs: 0 };
    }
  }

  function write(wrong: Wrong): void {
    localStorage.setItem(key, JSON.stringify(wrong));
  }

  return {
    lockedForMs() {
      const { count, lockedUntilMs } = read();
      const leftMs = Math.max(0, lockedUntilMs - Date.now());
      if (leftMs <= lockOf(count)) return leftMs;
      write({ count, lockedUntilMs: Date.now() + lockOf(count) });
      return lockOf(count);
    },
    add() {
      const count = read().count + 1;
      write({ count, lockedUntilMs: Date.now() + lockOf(count) });
    },
    clear: () => write({ count: 0, lockedUntilMs: 0 }),
  };
}

/** How long the last of so many wrong tries locks, in milliseconds. */
function lockOf(count: number): number {
  return count <= FREE ? 0 : Math.min(LOCK_MS.first * 2 ** (count - FREE - 1), LOCK_MS.most);
}
