/** What distances and probabilities decide: 1:1 at a false match rate, 1:N at a false positive identification rate. */
import { InfaceError } from '../api/errors.js';
import type { Candidate, UnknownReason } from '../api/identification.js';
import type { Accuracy, TemplateComparison } from '../api/matching.js';

/** Ascending in x. */
type Points = readonly (readonly [x: number, y: number])[];

/** What distances (`scoring.ts`) mean in one embedding space; every curve has two pairs or more. */
export interface Calibration {
  /**
   * (distance, similarity), descending in similarity: from 1 at the distance of a face to itself to 0 at one where nobody
   * matches any more. Linear between them; beyond them distances could not be told apart.
   */
  readonly similarity: Points;
  /**
   * (distance, false match rate of one comparison of two images), ascending in both; log-linear between and beyond them. By
   * accuracy; one that has none uses that of `fast`.
   */
  readonly fmr: { readonly fast: Points } & { readonly [K in Accuracy]?: Points };
  /** The same for an image and the mean of several templates. Defaults to that of `fast`. */
  readonly profile?: Points;
  /** What profiles add to a distance before they are trained, see `scoring.ts`. Defaults to 0. */
  readonly commonness?: number;
}

/** The 1:1 decision on one probe. */
export interface MatchDecision {
  /** True when the score reaches the threshold. */
  readonly match: boolean;
  /** Of the probe and the mean of all templates. */
  readonly score: number;
  /** The similarity threshold that was applied. */
  readonly threshold: number;
  /** Each template alone, in the order given. */
  readonly comparisons: readonly TemplateComparison[];
}

/** The 1:N decision on one probe; the part of an `IdentifiedFace` that says who it is. */
export type IdentityDecision =
  | { readonly decision: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly decision: 'unknown'; readonly reason: UnknownReason };

/** Least similarity of a match where the caller asks for none: the calibrations put FMR 0.001 here. */
const DEFAULT_THRESHOLD = 0.5;

/**
 * How many times as probable as the next profile one must be to be named. Of 235 people with three templates each it refuses
 * 0.5 % of the right answers at an FPIR of 10 %, 0.1 % at 1 %; without it, one of two look-alikes gets the name of the other.
 */
const CLEAR_PREFERENCE = 2;

/** Similarity of a distance, 0..1; it never rises with the distance. */
export function similarityAt(distance: number, calibration: Calibration): number {
  return Math.min(1, Math.max(0, interpolate(calibration.similarity, distance)));
}

/**
 * The curve of false match rates for a comparison.
 * @param accuracy of the probe
 * @param templates of the reference
 */
export function fmrCurve({ fmr, profile }: Calibration, accuracy: Accuracy, templates: number): Points {
  return templates > 1 ? (profile ?? fmr.fast) : (fmr[accuracy] ?? fmr.fast);
}

/**
 * The distance below which a comparison of two people falls with the probability `fmr`, 0 or more. Beyond the measured rates
 * the line goes on, which is cautious: the logarithm of the true rate falls faster towards 0.
 * @param curve from {@link fmrCurve}
 * @throws InfaceError `INVALID_INPUT` when `fmr` is not between 0 and 1
 */
export function distanceAtFmr(fmr: number, curve: Points): number {
  assertRate('fmr', fmr);
  const logarithmic = curve.map(([distance, rate]) => [Math.log(rate), distance] as const);
  return Math.max(0, interpolate(logarithmic, Math.log(fmr)));
}

/**
 * The distance below which a stranger comes to the nearest of several profiles with the probability `fpir`. From FPIR =
 * 1 - (1 - FMR)^N of independent comparisons (J. L. Wayman, 'Error rate equations for the general biometric system', IEEE
 * Robotics & Automation Magazine 6(1), 1999).
 * @param profiles an empty gallery counts as one
 * @throws InfaceError `INVALID_INPUT` when `fpir` is not between 0 and 1
 */
export function distanceAtFpir(fpir: number, profiles: number, calibration: Calibration): number {
  assertRate('maxFpir', fpir);
  // 1 - (1 - rate)^(1 / N), without the rounding of a difference from 1.
  const fmr = -Math.expm1(Math.log1p(-fpir) / Math.max(1, profiles));
  return distanceAtFmr(fmr, calibration.profile ?? calibration.fmr.fast);
}

/** The difference of distances at which false matches are e times as frequent: between FMR 1e-4 and 1e-2. */
export function probabilityScale({ profile, fmr }: Calibration): number {
  const curve = profile ?? fmr.fast;
  return (distanceAtFmr(1e-2, curve) - distanceAtFmr(1e-4, curve)) / Math.log(100);
}

/**
 * The similarity threshold of a 1:1 decision.
 * @param options `threshold` itself (0..1, defaults to 0.5), or the false match rate `maxFmr` that the decision keeps
 * (between 0 and 1)
 * @param curve from {@link fmrCurve}
 * @throws InfaceError `INVALID_INPUT` when both are given, or one is out of its range
 */
export function matchThreshold(
  options: { readonly threshold?: number | undefined; readonly maxFmr?: number | undefined },
  curve: Points,
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
    return similarityAt(distanceAtFmr(maxFmr, curve), calibration);
  }
  if (threshold === undefined) return DEFAULT_THRESHOLD;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new InfaceError('INVALID_INPUT', `threshold is ${threshold}. Give a similarity of 0 to 1.`);
  }
  return threshold;
}

/** The rates of 1:1 comparisons of two images: pairs of a similarity threshold and its rate, from strict to lax. */
export function describeFmr(calibration: Calibration): Points {
  return fmrCurve(calibration, 'balanced', 1).map(([distance, fmr]) => [similarityAt(distance, calibration), fmr]);
}

/**
 * Decides whether the probe is the person of the reference.
 * @param distance of the probe to the mean of all templates of the reference
 * @param templates distance to each of them
 * @param threshold similarity threshold, from {@link matchThreshold}
 */
export function decideMatch(
  distance: number,
  templates: readonly { readonly templateId: string | null; readonly distance: number }[],
  threshold: number,
  calibration: Calibration,
): MatchDecision {
  const score = similarityAt(distance, calibration);
  const comparisons = templates.map(({ templateId, distance: own }) => {
    const ownScore = similarityAt(own, calibration);
    return { templateId, score: ownScore, match: ownScore >= threshold };
  });
  return { match: score >= threshold, score, threshold, comparisons };
}

/**
 * Decides who the probe is, or that it is nobody known. The nearest candidate is named when it is near enough, was not
 * rejected before and, where a classifier gave probabilities, is at least twice as probable as the second.
 * @param candidates nearest first; two or more where the collection has them
 * @param threshold similarity threshold at the rate that was asked for
 * @param rejectedBefore whether the face is nearer to a negative example of the first candidate than to the candidate
 */
export function decideIdentity({
  candidates,
  threshold,
  rejectedBefore,
}: {
  readonly candidates: readonly Candidate[];
  readonly threshold: number;
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
    const isClear = probability >= CLEAR_PREFERENCE * (second?.probability ?? 0);
    if (!isClear) return { decision: 'unknown', reason: 'ambiguous' };
  }
  return { decision: 'identified', profileId, name };
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
