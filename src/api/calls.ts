/** What every call takes and reports. */

/** The `AbortSignal` that every call takes. An aborted call rejects with the signal's reason. */
export interface CallOptions {
  /**
   * Aborts the call. It is heard before and between the stages; a call that had already written keeps its result and
   * resolves.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Time spent per stage of one call, in milliseconds, summed over its faces. A stage that did not run has 0. */
export interface StageTimings {
  readonly pixelsMs: number;
  readonly detectMs: number;
  readonly landmarksMs: number;
  readonly spoofMs: number;
  readonly embedMs: number;
}
