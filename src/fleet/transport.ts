/** The server as a fleet needs it: a bucket of sealed values, ordered by revision. Types only. */

/** A value of the bucket. */
export interface Entry {
  readonly key: string;
  /** Grows with each write to the bucket. */
  readonly revision: number;
  /** `null` when the key was deleted on the server. */
  readonly value: Uint8Array<ArrayBuffer> | null;
}

export interface BucketInfo {
  /** When the bucket was created, ISO 8601. */
  readonly created: string;
  /** The last revision. */
  readonly revision: number;
}

/** A connection to the bucket. Its calls reject while the server cannot be reached. */
export interface Link {
  info(): Promise<BucketInfo>;
  /**
   * Writes a value if the key still has the expected revision (0: no value).
   * @returns the new revision, or `'conflict'`
   */
  put(key: string, value: Uint8Array<ArrayBuffer>, expected: number): Promise<number | 'conflict'>;
  /** Returns the newest value of a key, or `null` if there is none. */
  get(key: string): Promise<Entry | null>;
  /**
   * Delivers the values after a revision in order, and then those that are written. Waits for `take` before it fetches
   * more. Resolves when the signal aborts, and rejects when the connection is lost.
   * @param take receives some entries, and how many the server has after them
   */
  watch(
    after: number,
    take: (entries: readonly Entry[], left: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Deletes all values whose key starts with `${prefix}.`, without leaving marks. */
  purge(prefix: string): Promise<void>;
}

/** Connects to servers, and again whenever the connection is lost. */
export interface Transport {
  /**
   * Connects and runs `use` until it ends, the connection is lost, or the signal aborts.
   * @throws InfaceError `FLEET_ACCESS_DENIED`; any other error when no server can be reached
   */
  connect(use: (link: Link, lost: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}
