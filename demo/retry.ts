/** Repeats what failed to load, at growing intervals. */

/** The first wait in milliseconds, and the longest: each is twice as long as the one before. */
const WAIT_MS = { first: 4_000, most: 60_000 } as const;

export interface Failure {
  readonly error: unknown;
  /** Whether it is tried again without a request: soon, and when the network comes back. */
  readonly isRetried: boolean;
  /** Tries again now. */
  readonly again: () => void;
}

interface RetryOptions {
  /** Ends it: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether an error may go away without the visitor's help. Defaults to yes. */
  readonly isTemporary?: (error: unknown) => boolean;
}

/**
 * Repeats work until it succeeds.
 * @param onFailure called after each attempt that failed
 */
export async function retry<T>(
  work: () => Promise<T>,
  onFailure: (failure: Failure) => void,
  { signal, isTemporary = () => true }: RetryOptions = {},
): Promise<T> {
  for (let waitMs: number = WAIT_MS.first; ; waitMs = Math.min(2 * waitMs, WAIT_MS.most)) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const isRetried = isTemporary(error);
      const ended = new AbortController();
      await new Promise<void>((resolve) => {
        const again = () => resolve();
        if (isRetried) {
          const timer = setTimeout(again, waitMs);
          ended.signal.addEventListener('abort', () => clearTimeout(timer));
          addEventListener('online', again, { signal: ended.signal });
        }
        signal?.addEventListener('abort', again, { signal: ended.signal });
        onFailure({ error, isRetried, again });
      });
      ended.abort();
      signal?.throwIfAborted();
    }
  }
}
