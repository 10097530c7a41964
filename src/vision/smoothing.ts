/** Points of a moving face without their jitter. */

/**
 * How strongly values are smoothed at rest, in Hz, and how much less while they move: per unit of speed, in sizes of the face per
 * second. At 30 frames a second, 35 to 40 % of a jitter of 0.5 to 1 % of the face is left, and a face that moves by its own size in
 * a second lags by 2 % of it.
 */
const REST_CUTOFF_HZ = 1;
const CUTOFF_PER_SPEED = 4;
/** Cutoff for the speed itself in Hz, as its authors recommend. */
const SPEED_CUTOFF_HZ = 1;

/** The state of a filter. */
export interface Smoothed {
  readonly values: readonly number[];
  readonly speeds: readonly number[];
}

/**
 * One step of the 1 euro filter: G. Casiez, N. Roussel and D. Vogel, '1 euro filter: a simple speed-based low-pass filter for
 * noisy input in interactive systems', CHI 2012.
 * @param before `null` at the first step
 * @param size of the face, in the unit of the values
 * @param seconds since the step before, above 0
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

/** A first-order low-pass step. */
function mix(before: number, now: number, cutoffHz: number, seconds: number): number {
  const weight = 1 / (1 + 1 / (2 * Math.PI * cutoffHz * seconds));
  return before + weight * (now - before);
}
