/**
 * Limits liveness attempts to five failures in three minutes without reading the time of day. Each failure has a
 * remaining time that only decreases while a page runs, so neither changing the clock nor reloading the page lifts the
 * limit.
 */

/** An attempt that failed or is still running. */
export interface Failure {
  readonly id: string;
  /** Remaining time for which the failure counts, in milliseconds. */
  readonly leftMs: number;
}

const MAX_FAILURES = 5;
const COUNTS_FOR_MS = 3 * 60_000;

export function addFailure(failures: readonly Failure[], id: string): readonly Failure[] {
  return [...failures, { id, leftMs: COUNTS_FOR_MS }];
}

/** Returns the failures that still count after some time. */
export function elapse(failures: readonly Failure[], elapsedMs: number): readonly Failure[] {
  return failures
    .map(({ id, leftMs }) => ({ id, leftMs: leftMs - Math.max(0, elapsedMs) }))
    .filter(({ leftMs }) => leftMs > 0);
}

/** Returns the time until another attempt is allowed, in milliseconds; 0 if one is allowed now. */
export function lockedForMs(failures: readonly Failure[]): number {
  const left = failures.map(({ leftMs }) => leftMs).sort((a, b) => b - a);
  return left[MAX_FAILURES - 1] ?? 0;
}

/** Parses stored failures. Unreadable entries are dropped. */
export function parseFailures(text: string | null): readonly Failure[] {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  const isFailure = (value: unknown): value is Failure =>
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'leftMs' in value &&
    typeof value.leftMs === 'number' &&
    value.leftMs > 0 &&
    value.leftMs <= COUNTS_FOR_MS;
  return Array.isArray(stored) ? stored.filter(isFailure) : [];
}
