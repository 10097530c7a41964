/** What distances and probabilities decide: 1:1 at a false match rate, 1:N at a false positive identification rate. */
import { InfaceError } from '../errors.js';
import type { Candidate, TemplateComparison, UnknownReason } from '../types.js';

type Points = readonly (readonly [x: number, y: number])[];

/** What Euclidean distances mean in one embedding space: two lists of two or more pairs. */
export interface Calibration {
  readonly metric: 'euclidean';
  /** (distance, false match rate of one comparison), ascending in both; log-linear between and beyond them. */
  readonly fmr: Points;
  /**
   * (distance, similarity), ascending in distance, descending in similarity: from 1 at distance 0 to 0 at a distance
   * where nobody matches any more. Linear between them; beyond them distances could not be told apart.
   */
  readonly similarity: Points;
}

/** The 1:1 decision on one probe. */
export interface MatchDecision {
  /** True when the best score reaches the threshold. */
  readonly match: boolean;
  /** The best score. */
  readonly score: number;
  /** The similarity threshold that was applied. */
  readonly threshold: number;
  /** In the order of the distances. */
  readonly comparisons: readonly TemplateComparison[];
}

/** The 1:N decision on one probe; the part of an `IdentifiedFace` that says who it is. */
export type IdentityDecision =
  | { readonly decision: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly decision: 'unknown'; readonly reason: UnknownReason };

/** Least similarity of a match where the caller asks for none: the calibrations put FMR 0.001 here. */
const DEFAULT_THRESHOLD = 0.5;

/**
 * How many times as probable as the runner-up a profile must be. It is a ratio because probabilities shrink as profiles
 * get more: of the right answers that are near enough at an FPIR of 1 %, 'at least 0.5' refuses up to 4.5 % (600 profiles
 * of 1 template), 'three times the runner-up' at most 0.5 %, and of 52 wrong ones it refuses 36 (synthetic embeddings,
 * 10 to 600 profiles).
 *
 * The unknown class is one of the runners-up. Asked for an FPIR of 1 %, with 10 profiles that lets through 0.38 % of the
 * strangers, 'more probable than unknown' 0.62 %, no unknown class 0.75 %; of the right people it names 94.8, 95.7 and
 * 95.8 %. At thresholds of the distance that let through 1 and 0.3 %, it names 96.7 and 93.2 % (10 profiles), 89.5 and 74.3 %
 * (50), 84.7 and 69.0 % (100), without an unknown class 96.7 and 89.9, 87.2 and 73.7, 82.9 and 69.1 % (LFW, three templates
 * each, see tools/measure/open-set.ts).
 */
const CLEAR_PREFERENCE = 3;

/** Similarity of a Euclidean distance, 0..1; it never rises with the distance. */
export function similarityAt(distance: number, calibration: Calibration): number {
  return Math.min(1, Math.max(0, interpolate(calibration.similarity, distance)));
}

/**
 * The Euclidean distance below which a comparison of two people falls with the probability `fmr`, 0 or more. Beyond the
 * measured rates the line goes on, which is cautious: the logarithm of the true rate falls faster towards 0.
 * @throws InfaceError `INVALID_INPUT` when `fmr` is not between 0 and 1
 */
export function distanceAtFmr(fmr: number, calibration: Calibration): number {
  assertRate('fmr', fmr);
  const logarithmic = calibration.fmr.map(([distance, rate]) => [Math.log(rate), distance] as const);
  return Math.max(0, interpolate(logarithmic, Math.log(fmr)));
}

/**
 * The similarity threshold of a 1:1 decision.
 * @param options `threshold` itself (0..1, defaults to 0.5), or the false match rate `maxFmr` that the decision keeps
 * (between 0 and 1)
 * @param comparisons number of templates of the reference; each is one more chance of a false match
 * @throws InfaceError `INVALID_INPUT` when both are given, or one is out of its range
 */
export function matchThreshold(
  options: { readonly threshold?: number | undefined; readonly maxFmr?: number | undefined },
  comparisons: number,
  calibration: Calibration,
): number {
  const { threshold, maxFmr } = options;
  if (maxFmr !== undefined) {
    if (threshold !== undefined) {
      throw new InfaceError(
        'INVALID_INPUT',
        `Both threshold (${threshold}) and maxFmr (${maxFmr}) are given. Give one of them.`,
      );
    }
    assertRate('maxFmr', maxFmr);
    return thresholdForRate(maxFmr, comparisons, calibration);
  }
  if (threshold === undefined) return DEFAULT_THRESHOLD;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new InfaceError('INVALID_INPUT', `threshold is ${threshold}. Give a similarity of 0 to 1.`);
  }
  return threshold;
}

/**
 * The similarity threshold of a 1:N decision, at which a stranger is given a name with the probability `maxFpir`.
 * @param maxFpir false positive identification rate, between 0 and 1
 * @param comparisons number of templates of the gallery, not of its profiles: with 5 templates each, counting profiles
 * lets through four times as many strangers as were asked for (synthetic embeddings)
 * @throws InfaceError `INVALID_INPUT` when `maxFpir` is not between 0 and 1
 */
export function identificationThreshold(maxFpir: number, comparisons: number, calibration: Calibration): number {
  assertRate('maxFpir', maxFpir);
  return thresholdForRate(maxFpir, comparisons, calibration);
}

/**
 * Decides whether the probe is the person of the reference.
 * @param comparisons Euclidean distances of the probe to the templates of the reference, one or more
 * @param threshold similarity threshold, from {@link matchThreshold}
 * @throws InfaceError `INVALID_INPUT` when there is nothing to compare with
 */
export function decideMatch(
  comparisons: readonly { readonly templateId: string | null; readonly distance: number }[],
  threshold: number,
  calibration: Calibration,
): MatchDecision {
  if (comparisons.length === 0) {
    throw new InfaceError('INVALID_INPUT', 'The reference has 0 templates to match with. Add images of the person.');
  }
  const scored = comparisons.map(({ templateId, distance }) => {
    const score = similarityAt(distance, calibration);
    return { templateId, score, match: score >= threshold };
  });
  const score = Math.max(...scored.map((comparison) => comparison.score));
  return { match: score >= threshold, score, threshold, comparisons: scored };
}

/**
 * Decides who the probe is, or that it is nobody known. The first candidate is named when it is near enough, was not rejected
 * before and, where a classifier ranked, is at least three times as probable as the second and as the unknown class.
 *
 * Nearness keeps the rate: a stranger is near to the favourite at most as often as to anybody. Of the near ones the
 * classifier decides, also against the nearest template, for it weighs all templates: of 11 such cases at an FPIR of 1 %
 * it was right in 10, the nearest template in none (synthetic embeddings). A favourite that is not near is not replaced
 * by a nearer second: then the two disagree, and nobody is named. The unknown class never makes a far face a known one.
 * @param candidates best first; two or more where the collection has them, for a shorter list counts all the missing
 * probability as that of the runner-up
 * @param threshold similarity threshold, from {@link identificationThreshold}
 * @param unknownProbability of the classifier's unknown class, or `null` when it has none or was not asked
 * @param rejectedBefore whether the face is nearer to a negative example of the first candidate than to its nearest template
 */
export function decideIdentity({
  candidates,
  threshold,
  unknownProbability,
  rejectedBefore,
}: {
  readonly candidates: readonly Candidate[];
  readonly threshold: number;
  readonly unknownProbability: number | null;
  readonly rejectedBefore: boolean;
}): IdentityDecision {
  const [first, second] = candidates;
  if (first === undefined) return { decision: 'unknown', reason: 'empty-collection' };
  const { profileId, name, score, probability } = first;
  // All conditions are put so that a NaN fails them.
  const isNear = score >= threshold;
  if (!isNear) return { decision: 'unknown', reason: 'not-near' };
  if (rejectedBefore) return { decision: 'unknown', reason: 'rejected-before' };
  if (probability !== null) {
    const isKnown = unknownProbability === null || probability > unknownProbability;
    if (!isKnown) return { decision: 'unknown', reason: 'unknown-class' };
    const unknown = unknownProbability ?? 0;
    const runnerUp = Math.max(unknown, second?.probability ?? 1 - probability - unknown);
    const isClear = probability >= CLEAR_PREFERENCE * runnerUp;
    if (!isClear) return { decision: 'unknown', reason: 'ambiguous' };
  }
  return { decision: 'identified', profileId, name };
}

/**
 * The similarity threshold at which the best of several comparisons with other people reaches it with the probability
 * `rate`. From FPIR = 1 - (1 - FMR)^N of independent comparisons (J. L. Wayman, 'Error rate equations for the general
 * biometric system', IEEE Robotics & Automation Magazine 6(1), 1999). Those with templates of one person depend on each
 * other, so the true rate is lower.
 */
function thresholdForRate(rate: number, comparisons: number, calibration: Calibration): number {
  // 1 - (1 - rate)^(1 / N), without the rounding of a difference from 1. An empty gallery counts as one template.
  const fmr = -Math.expm1(Math.log1p(-rate) / Math.max(1, comparisons));
  return similarityAt(distanceAtFmr(fmr, calibration), calibration);
}

function assertRate(name: string, rate: number): void {
  if (rate > 0 && rate < 1) return;
  throw new InfaceError('INVALID_INPUT', `${name} is ${rate}. Give a rate above 0 and below 1, for example 0.001.`);
}

/** The value at `x` of the line through points of ascending x; its outer pieces go on beyond the ends. */
function interpolate(points: Points, x: number): number {
  if (points.length < 2) {
    throw new InfaceError(
      'INTERNAL',
      `A calibration needs two pairs or more, got ${points.length}. Correct the entry of the embedder in the manifest.`,
    );
  }
  let right = 1;
  while (right < points.length - 1 && x > (points[right] as Points[number])[0]) right++;
  const [x0, y0] = points[right - 1] as Points[number];
  const [x1, y1] = points[right] as Points[number];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
