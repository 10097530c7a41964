/** Options and timings shared by all calls. */

/** Options of every call. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with the signal's reason. Takes effect before the next stage; a call that has
   * already stored its result resolves.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Time spent in each stage of a call, in milliseconds, summed over all faces. 0 for a stage that did not run. */
export interface StageTimings {
  readonly pixelsMs: number;
  readonly detectMs: number;
  readonly landmarksMs: number;
  readonly spoofMs: number;
  readonly embedMs: number;
}
