/**
 * Stores the failed attempts of this origin in localStorage. It survives a reload, is written at once, and erasing the
 * kit's database does not lift the lock. Clearing the browser's data does, as with any storage of a page.
 */
import { InfaceError } from '../../api/errors.js';
import { elapse, parseFailures, type Failure } from '../../liveness/attempts.js';

const KEY = 'inface-liveness';
const TICK_MS = 1_000;

/**
 * Changes the failures, one tab at a time, and counts down their remaining time while this page runs.
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

/** Counts down the time of the failures until none are left. One tab does it, or time would pass faster. */
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

/** Runs `work` while no other tab runs work of the same kind. */
function alone<T>(what: 'store' | 'clock', work: () => T | Promise<T>): Promise<T> {
  // Absent on plain http pages, which cannot use the camera either.
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks
    ? locks.request(`inface-liveness-${what}`, work)
    : new Promise((resolve) => {
        resolve(work());
      });
}
