/** Error rates from scores. Higher scores are more alike; a comparison matches when its score is above the threshold. */
import type { Point } from '../../src/api/geometry.js';

/** One operating point of a verification. */
export interface OperatingPoint {
  /** False match rate that was asked for. */
  readonly fmr: number;
  /** Share of comparisons of one person that do not match. */
  readonly fnmr: number;
  /** The threshold: the highest score that does not match. */
  readonly score: number;
}

/**
 * The threshold that lets at most the share `rate` of `sorted` through: its highest score that is not let through.
 * @param sorted scores of comparisons that should not match, ascending, one or more
 */
export function thresholdAtRate(sorted: ArrayLike<number>, rate: number): number {
  const passing = Math.floor(rate * sorted.length);
  return passing >= sorted.length ? -Infinity : sorted[sorted.length - 1 - passing]!;
}

/** Share of `sorted` (ascending) that is above the threshold. */
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
 * FNMR at false match rates.
 * @param same scores of comparisons of one person, ascending
 * @param different scores of comparisons of two people, ascending
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

/** A detection error tradeoff curve at `count` false match rates, evenly spaced on a logarithmic axis, ascending. */
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

/** A comparison of a cross-validation; the score is NaN when one of its photos shows no face. */
export interface FoldPair {
  readonly fold: number;
  readonly same: boolean;
  readonly score: number;
}

export interface FoldResult {
  /** Mean share of right decisions over the folds. A comparison without a score is a wrong one. */
  readonly accuracy: number;
  /** Standard error of that mean: the deviation between folds / sqrt(folds). */
  readonly standardError: number;
  /** Share of comparisons without a score. */
  readonly failureToAcquire: number;
  /** The threshold of each fold, from the other folds. */
  readonly thresholds: readonly number[];
}

/**
 * View 2 of LFW: the threshold that is best on the other folds decides each one (G. B. Huang and others, 'Labeled Faces in
 * the Wild', 2007, section IV).
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

/** The score that tells most pairs apart; the middle where a range of scores does. */
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
  /** Of who would be named; `-Infinity` where nobody would be, at any threshold. */
  readonly score: number;
  /** Whether that is the person of the probe. */
  readonly isRight: boolean;
}

/**
 * Detection and identification rate at false positive identification rates: the share of known people who are named as who
 * they are, at the threshold that names a given share of strangers (P. Grother and others, NISTIR 8271, section 3).
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
 * Average precision: the area below the curve of precision over recall, with each precision raised to the best one at a
 * higher recall, as PASCAL VOC has computed it since 2010.
 * @param detections `isTrue` when one shows an object that no better one has shown
 * @param positives number of objects there are
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

/** The chance that a value of the first list is above one of the second (area below the ROC curve); ties count a half. */
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
    // Equal values share the mean of their ranks.
    for (let k = i; k < j; k++) ranks += (sorted[k]!.isHigher * (i + j + 1)) / 2;
    i = j;
  }
  return (ranks - (higher.length * (higher.length + 1)) / 2) / (higher.length * lower.length);
}

/** Outer corners of the eyes, in iBUG order. */
const OUTER_CORNERS = [36, 45] as const;

/**
 * Normalised mean error of landmarks: the mean distance to the annotated points, as a fraction of the distance between the
 * outer corners of the eyes (C. Sagonas and others, '300 Faces in-the-Wild Challenge', 2013).
 * @param found 68 points
 * @param truth 68 points
 * @param first first point that counts: 0 for all, 17 for those without the jaw
 */
export function normalisedMeanError(found: readonly Point[], truth: readonly Point[], first: number): number {
  const [left, right] = OUTER_CORNERS.map((i) => truth[i]!) as [Point, Point];
  const size = Math.hypot(left.x - right.x, left.y - right.y);
  const errors = truth.slice(first).map((point, i) => {
    const other = found[first + i]!;
    return Math.hypot(other.x - point.x, other.y - point.y);
  });
  return mean(errors) / size;
}

/** NaN of an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones; NaN of an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
