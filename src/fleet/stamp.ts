/** Versions of records: which of two is newer, on every kiosk alike. PURE. */

/** The version of a record. */
export interface Stamp {
  /** Whether this version deletes the record. Deletions win over all other versions, whatever their times. */
  readonly isDeleted: boolean;
  /**
   * Time of the change on the clock of its kiosk, and always later than the version that it replaces. ISO 8601, UTC.
   * That makes it a hybrid logical clock (Kulkarni et al. 2014): clocks may be wrong by hours, and a change still counts
   * after the one that it was made on.
   */
  readonly time: string;
  /** Id of the kiosk that made the change. It decides between equal times. */
  readonly kiosk: string;
}

/** Compares two versions of one record. @returns below 0 when `a` is older, 0 when they are the same version */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.isDeleted !== b.isDeleted) return a.isDeleted ? 1 : -1;
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  if (a.kiosk === b.kiosk) return 0;
  return a.kiosk < b.kiosk ? -1 : 1;
}

/** Returns the time of a change that is made now on a record. @param before times of the versions that it replaces */
export function nextTime(nowMs: number, ...before: readonly (string | undefined)[]): string {
  const last = before.filter((time) => time !== undefined).map((time) => Date.parse(time) + 1);
  return new Date(Math.max(nowMs, ...last)).toISOString();
}
