/**
 * The failed attempts of this origin, in localStorage: it survives a reload, is written at once, and erasing the kit's database
 * unlocks nothing. Whoever clears the browser's data starts anew, as with any store of a page.
 */
import { InfaceError } from '../../api/errors.js';
import { elapse, parseFailures, type Failure } from '../../liveness/attempts.js';

const KEY = 'inface-liveness';
const TICK_MS = 1_000;

/**
 * Changes the failures, one tab at a time, and lets their time pass for as long as this page runs.
 * @throws InfaceError `STORAGE_UNAVAILABLE`
 */
export async function changeFailures(
  change: (failures: readonly Failure[]) => readonly Failure[],
): Promise<readonly Failure[]> {
  const changed = await alone('store', () => {
    try {
      const failures = change(parseFailures(localStorage.getItem(KEY)));
      localStorage.setItem(KEY, JSON.stringify(failures));
      return failures;
    } catch (cause) {
      throw new InfaceError(
        'STORAGE_UNAVAILABLE',
        'Failed attempts cannot be remembered: this browser gives the page no localStorage.',
        { cause },
      );
    }
  });
  if (changed.length > 0) void countDown();
  return changed;
}

/** Lets the time of the failures pass until there are none. One tab does, or it would pass faster. */
async function countDown(): Promise<void> {
  await alone('clock', async () => {
    for (let last = performance.now(); ;) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const now = performance.now();
      const left = await alone('store', () => {
        const failures = elapse(parseFailures(localStorage.getItem(KEY)), now - last);
        localStorage.setItem(KEY, JSON.stringify(failures));
        return failures;
      });
      last = now;
      if (left.length === 0) return;
    }
  }).catch(() => undefined);
}

/** Runs something while no other tab does. */
function alone<T>(what: 'store' | 'clock', work: () => T | Promise<T>): Promise<T> {
  // Absent on plain http pages, which have no camera either.
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks
    ? locks.request(`inface-liveness-${what}`, work)
    : new Promise((resolve) => {
        resolve(work());
      });
}
