/** Removes the jitter from the points of a moving face. */

/**
 * Cutoff frequency at rest, in Hz, and its increase per unit of speed, in face sizes per second. At 30 frames per
 * second, jitter of 0.5 to 1 % of the face size is reduced to 35 to 40 %, and a face that moves by its size in a second
 * lags by 2 % of its size.
 */
const REST_CUTOFF_HZ = 1;
const CUTOFF_PER_SPEED = 4;
/** Cutoff for the speed itself, in Hz, as the filter's authors recommend. */
const SPEED_CUTOFF_HZ = 1;

/** The state of a filter. */
export interface Smoothed {
  readonly values: readonly number[];
  readonly speeds: readonly number[];
}

/**
 * Runs one step of the 1 euro filter. Source: G. Casiez, N. Roussel and D. Vogel, '1 euro filter: a simple speed-based
 * low-pass filter for noisy input in interactive systems', CHI 2012.
 * @param before state after the previous step, `null` at the first one
 * @param size of the face, in the unit of the values
 * @param seconds since the previous step, above 0
 */
export function smooth(before: Smoothed | null, values: readonly number[], size: number, seconds: number): Smoothed {
  if (!before) return { values, speeds: values.map(() => 0) };
  const speeds = values.map((value, i) => {
    const speed = (value - (before.values[i] as number)) / seconds / size;
    return mix(before.speeds[i] as number, speed, SPEED_CUTOFF_HZ, seconds);
  });
  return {
    speeds,
    values: values.map((value, i) => {
      const cutoff = REST_CUTOFF_HZ + CUTOFF_PER_SPEED * Math.abs(speeds[i] as number);
      return mix(before.values[i] as number, value, cutoff, seconds);
    }),
  };
}

/** Runs one step of a first-order low-pass filter. */
function mix(before: number, now: number, cutoffHz: number, seconds: number): number {
  const weight = 1 / (1 + 1 / (2 * Math.PI * cutoffHz * seconds));
  return before + weight * (now - before);
}
