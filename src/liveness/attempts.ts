/**
 * At most five failures in three minutes, without asking what time it is: each failure has a rest of time that only shrinks
 * while a page runs, so that setting the clock unlocks nothing, and neither does loading the page again.
 */

/** An attempt that was not passed, or has not been yet. */
export interface Failure {
  readonly id: string;
  /** For how long it counts, in milliseconds. */
  readonly leftMs: number;
}

const MAX_FAILURES = 5;
const COUNTS_FOR_MS = 3 * 60_000;

export function addFailure(failures: readonly Failure[], id: string): readonly Failure[] {
  return [...failures, { id, leftMs: COUNTS_FOR_MS }];
}

/** The failures after some time. */
export function elapse(failures: readonly Failure[], elapsedMs: number): readonly Failure[] {
  return failures
    .map(({ id, leftMs }) => ({ id, leftMs: leftMs - Math.max(0, elapsedMs) }))
    .filter(({ leftMs }) => leftMs > 0);
}

/** How long it takes until another attempt is allowed, in milliseconds; 0 when it is. */
export function lockedForMs(failures: readonly Failure[]): number {
  const left = failures.map(({ leftMs }) => leftMs).sort((a, b) => b - a);
  return left[MAX_FAILURES - 1] ?? 0;
}

/** What was stored; what cannot be read is none. */
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
