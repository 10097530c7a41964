/** Web Locks, and their replacement where the browser denies them. */
import type { Locks } from '../ports/locks.js';

/**
 * Returns the locks, and whether the browser denies storage to this page. It denies both together, for example because
 * cookies are blocked; then no tab shares anything with this worker, and its own locks are enough.
 */
export async function openLocks(): Promise<{ readonly locks: Locks; readonly isDenied: boolean }> {
  try {
    // `databases` is absent in Firefox before 126.
    await Promise.all([navigator.locks.query(), (indexedDB as Partial<IDBFactory>).databases?.()]);
    return { locks: navigator.locks, isDenied: false };
  } catch {
    return { locks: createOwnLocks(), isDenied: true };
  }
}

/** Creates locks of this worker alone. All of them are exclusive. */
function createOwnLocks(): Locks {
  /** The end of the last request of each lock that is held. */
  const held = new Map<string, Promise<unknown>>();
  return {
    async request(name, { signal, ifAvailable = false }, work) {
      if (ifAvailable && held.has(name)) return work(null);
      const before = held.get(name);
      const run = (async () => {
        await before;
        signal?.throwIfAborted();
        return work({ name });
      })();
      const ended = run.then(
        () => undefined,
        () => undefined,
      );
      held.set(name, ended);
      try {
        return await run;
      } finally {
        if (held.get(name) === ended) held.delete(name);
      }
    },
    query: () => Promise.resolve({ held: [...held.keys()].map((name) => ({ name })), pending: [] }),
  };
}
