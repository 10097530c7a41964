/**
 * At most five tries of the PIN in three minutes, without asking what time it is: each try has a rest of time that only shrinks
 * while a kiosk runs, so that setting the clock unlocks nothing, and neither does loading the page again.
 */

const KEY = 'inface-kiosk-tries';
const MAX_TRIES = 5;
const COUNTS_FOR_MS = 3 * 60_000;
const TICK_MS = 1_000;

export interface Tries {
  /** How long until the next try is allowed, in milliseconds; 0 when it is. */
  lockedForMs(): number;
  /** Counts one; before its outcome is known, so that leaving the page saves nobody from it. */
  add(): void;
  clear(): void;
}

/** Counts for as long as the page is open. */
export function startTries(): Tries {
  // One tab lets the time pass, or it would pass faster.
  void navigator.locks.request('inface-kiosk-clock', () => {
    let last = performance.now();
    return new Promise(() => {
      setInterval(() => {
        const now = performance.now();
        const before = read();
        if (before.length > 0) write(before.map((leftMs) => leftMs - (now - last)).filter((leftMs) => leftMs > 0));
        last = now;
      }, TICK_MS);
    });
  });
  return {
    lockedForMs: () => read().sort((a, b) => b - a)[MAX_TRIES - 1] ?? 0,
    add: () => write([...read(), COUNTS_FOR_MS]),
    clear: () => write([]),
  };
}

/** For how long each try still counts, in milliseconds. */
function read(): number[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    const isRest = (value: unknown): value is number =>
      typeof value === 'number' && value > 0 && value <= COUNTS_FOR_MS;
    return Array.isArray(stored) ? stored.filter(isRest) : [];
  } catch {
    return [];
  }
}

function write(rests: readonly number[]): void {
  localStorage.setItem(KEY, JSON.stringify(rests));
}
