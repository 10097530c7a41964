/**
 * Limits failed liveness attempts, per face and per device, without reading the time of day. Each failure has a
 * remaining time that only decreases while a page runs, so neither changing the clock nor reloading the page lifts the
 * limit.
 */

/** An attempt that failed. */
export interface Failure {
  /** Id of the face that failed. */
  readonly faceId: string;
  /** Remaining time for which the failure counts, in milliseconds. */
  readonly leftMs: number;
}

const COUNTS_FOR_MS = 15 * 60_000;
/**
 * Number of failures after which the next attempt has to wait. The waits of a single face grow so fast that it never
 * reaches the limit of the device, so one person cannot lock the device for others.
 */
const LIMITS = { face: 3, device: 20 } as const;
/** Wait at the limit. It doubles with each further failure. */
const FIRST_WAIT_MS = 30_000;

export function addFailure(failures: readonly Failure[], faceId: string): readonly Failure[] {
  return [...failures, { faceId, leftMs: COUNTS_FOR_MS }];
}

/** Returns the failures that still count after some time. */
export function elapse(failures: readonly Failure[], elapsedMs: number): readonly Failure[] {
  return failures
    .map(({ faceId, leftMs }) => ({ faceId, leftMs: leftMs - Math.max(0, elapsedMs) }))
    .filter(({ leftMs }) => leftMs > 0);
}

/**
 * Returns the time until another attempt is allowed, in milliseconds; 0 if one is allowed now.
 * @param faceId counts only the failures of this face; without it, those of all faces against the limit of the device
 */
export function lockedForMs(failures: readonly Failure[], faceId?: string): number {
  const counted = failures.filter((failure) => faceId === undefined || failure.faceId === faceId);
  const excess = counted.length - (faceId === undefined ? LIMITS.device : LIMITS.face);
  if (excess < 0) return 0;
  const sinceMs = COUNTS_FOR_MS - Math.max(...counted.map(({ leftMs }) => leftMs));
  return Math.max(0, Math.min(FIRST_WAIT_MS * 2 ** excess, COUNTS_FOR_MS) - sinceMs);
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
    'faceId' in value &&
    typeof value.faceId === 'string' &&
    'leftMs' in value &&
    typeof value.leftMs === 'number' &&
    value.leftMs > 0 &&
    value.leftMs <= COUNTS_FOR_MS;
  return Array.isArray(stored) ? stored.filter(isFailure) : [];
}
