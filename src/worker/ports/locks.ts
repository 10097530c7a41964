/** Locks by name. Types only: `navigator.locks` are such locks, shared by all tabs. */
export interface Locks {
  /**
   * Runs `work` while it holds the lock, with `null` if `ifAvailable` is set and the lock is held.
   * @throws the reason of `signal` if it aborts the wait
   */
  request<T>(name: string, options: LockOptions, work: (lock: unknown) => Promise<T>): Promise<T>;
  query(): Promise<LockManagerSnapshot>;
}
