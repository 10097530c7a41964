/**
 * Computes error rates from scores.
 * Higher scores are more similar; a comparison matches when its score is above the threshold.
 */
import type { Point } from '../../src/api/geometry.js';

/** One operating point of a verification system. */
export interface OperatingPoint {
  /** Requested false match rate. */
  readonly fmr: number;
  /** Share of same-person comparisons that do not match. */
  readonly fnmr: number;
  /** The threshold: the highest score that does not match. */
  readonly score: number;
}

/**
 * Returns the threshold that at most the share `rate` of `sorted` exceeds.
 * It is the highest score that does not pass.
 * @param sorted scores of comparisons that should not match, ascending, one or more
 */
export function thresholdAtRate(sorted: ArrayLike<number>, rate: number): number {
  const passing = Math.floor(rate * sorted.length);
  return passing >= sorted.length ? -Infinity : sorted[sorted.length - 1 - passing]!;
}

/** Returns the share of `sorted` (ascending) above the threshold. */
export function shareAbove(sorted: ArrayLike<number>, threshold: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > threshold) high = middle;
    else low = middle + 1;
  }
  return (sorted.length - low) / sorted.length;
}

/**
 * Computes the FNMR at false match rates.
 * @param same scores of same-person comparisons, ascending
 * @param different scores of different-person comparisons, ascending
 */
export function fnmrAtFmr(
  same: ArrayLike<number>,
  different: ArrayLike<number>,
  rates: readonly number[],
): OperatingPoint[] {
  return rates.map((fmr) => {
    const score = thresholdAtRate(different, fmr);
    return { fmr, fnmr: 1 - shareAbove(same, score), score };
  });
}

/**
 * Returns a detection error tradeoff curve.
 * It has `count` false match rates, evenly spaced on a logarithmic axis, ascending.
 */
export function detCurve(
  same: ArrayLike<number>,
  different: ArrayLike<number>,
  from: number,
  to: number,
  count: number,
): OperatingPoint[] {
  const step = Math.log(to / from) / (count - 1);
  const rates = Array.from({ length: count }, (_, i) => from * Math.exp(i * step));
  return fnmrAtFmr(same, different, rates);
}

/** A comparison for cross-validation; the score is NaN when a photo shows no face. */
export interface FoldPair {
  readonly fold: number;
  readonly same: boolean;
  readonly score: number;
}

export interface FoldResult {
  /** Mean share of right decisions over the folds. A comparison without a score counts as wrong. */
  readonly accuracy: number;
  /** Standard error of that mean: the standard deviation between folds / sqrt(folds). */
  readonly standardError: number;
  /** Share of comparisons without a score. */
  readonly failureToAcquire: number;
  /** Threshold of each fold, chosen on the other folds. */
  readonly thresholds: readonly number[];
}

/**
 * Cross-validates as in view 2 of LFW: each fold is decided by the best threshold of the others.
 *
 * G. B. Huang and others, 'Labeled Faces in the Wild', 2007, section IV.
 */
export function crossValidate(pairs: readonly FoldPair[]): FoldResult {
  const folds = [...new Set(pairs.map(({ fold }) => fold))];
  const results = folds.map((fold) => {
    const threshold = bestThreshold(pairs.filter((pair) => pair.fold !== fold));
    const tested = pairs.filter((pair) => pair.fold === fold);
    const right = tested.filter(({ score, same }) => (same ? score > threshold : score <= threshold)).length;
    return { threshold, accuracy: right / tested.length };
  });
  const accuracies = results.map(({ accuracy }) => accuracy);
  const accuracy = mean(accuracies);
  const variance = accuracies.reduce((sum, value) => sum + (value - accuracy) ** 2, 0) / (folds.length - 1);
  return {
    accuracy,
    standardError: Math.sqrt(variance / folds.length),
    failureToAcquire: pairs.filter(({ score }) => Number.isNaN(score)).length / pairs.length,
    thresholds: results.map(({ threshold }) => threshold),
  };
}

/** Returns the score that separates the most pairs, or the middle of a range of such scores. */
function bestThreshold(pairs: readonly FoldPair[]): number {
  const falling = pairs.filter(({ score }) => !Number.isNaN(score)).sort((a, b) => b.score - a.score);
  let right = falling.filter(({ same }) => !same).length;
  let [most, from, to] = [right, Infinity, falling[0]?.score ?? 0];
  falling.forEach(({ same, score }, i) => {
    right += same ? 1 : -1;
    if (right < most) return;
    if (right > most) from = score;
    most = right;
    to = falling[i + 1]?.score ?? -Infinity;
  });
  if (from === Infinity) return to;
  return to === -Infinity ? from : (from + to) / 2;
}

/** One search of a probe in a gallery. */
export interface Search {
  /** Score of the best candidate; `-Infinity` if none would be named at any threshold. */
  readonly score: number;
  /** Whether the candidate is the person of the probe. */
  readonly isRight: boolean;
}

/**
 * Computes detection and identification rates at false positive identification rates.
 *
 * The share of known people who are named correctly, at the threshold that names a given share of strangers (P. Grother
 * and others, NISTIR 8271, section 3).
 */
export function dirAtFpir(
  known: readonly Search[],
  strangers: readonly number[],
  rates: readonly number[],
): { readonly fpir: number; readonly dir: number; readonly score: number }[] {
  const sorted = Float64Array.from(strangers).sort();
  return rates.map((fpir) => {
    const score = thresholdAtRate(sorted, fpir);
    const named = known.filter((search) => search.isRight && search.score > score).length;
    return { fpir, dir: named / known.length, score };
  });
}

/**
 * Computes the average precision: the area below the interpolated precision-recall curve.
 *
 * Each precision is raised to the highest one at a higher recall, as PASCAL VOC has done since 2010.
 * @param detections `isTrue` if the detection shows an object that no better one has shown
 * @param positives number of objects
 */
export function averagePrecision(
  detections: readonly { readonly score: number; readonly isTrue: boolean }[],
  positives: number,
): number {
  const falling = [...detections].sort((a, b) => b.score - a.score);
  let found = 0;
  const precisions = falling.flatMap(({ isTrue }, i) => {
    if (!isTrue) return [];
    found++;
    return [found / (i + 1)];
  });
  let best = 0;
  let sum = 0;
  for (const precision of precisions.reverse()) {
    best = Math.max(best, precision);
    sum += best;
  }
  return sum / positives;
}

/**
 * Returns the area below the ROC curve.
 * It is the probability that a value of the first list exceeds one of the second; ties count a half.
 */
export function areaUnderCurve(higher: readonly number[], lower: readonly number[]): number {
  const sorted = [
    ...higher.map((value) => ({ value, isHigher: 1 })),
    ...lower.map((value) => ({ value, isHigher: 0 })),
  ];
  sorted.sort((a, b) => a.value - b.value);
  let [ranks, i] = [0, 0];
  while (i < sorted.length) {
    let j = i;
    while (j < sorted.length && sorted[j]!.value === sorted[i]!.value) j++;
    // Ties share the mean of their ranks.
    for (let k = i; k < j; k++) ranks += (sorted[k]!.isHigher * (i + j + 1)) / 2;
    i = j;
  }
  return (ranks - (higher.length * (higher.length + 1)) / 2) / (higher.length * lower.length);
}

/** Outer corners of the eyes, in iBUG order. */
const OUTER_CORNERS = [36, 45] as const;

/**
 * Computes the normalized mean error of landmarks.
 *
 * The mean distance to the annotated points, as a fraction of the distance between the outer corners of the eyes (C.
 * Sagonas and others, '300 Faces in-the-Wild Challenge', 2013).
 * @param found 68 points
 * @param truth 68 points
 * @param first first point that counts: 0 for all, 17 to skip the jaw
 */
export function normalizedMeanError(found: readonly Point[], truth: readonly Point[], first: number): number {
  const [left, right] = OUTER_CORNERS.map((i) => truth[i]!) as [Point, Point];
  const size = Math.hypot(left.x - right.x, left.y - right.y);
  const errors = truth.slice(first).map((point, i) => {
    const other = found[first + i]!;
    return Math.hypot(other.x - point.x, other.y - point.y);
  });
  return mean(errors) / size;
}

/** Returns the mean; NaN for an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the middle value, or the mean of the two middle ones; NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
