/** Decides on distances and probabilities: 1:1 at a false match rate, 1:N at a false positive identification rate. */
import { InfaceError } from '../api/errors.js';
import type { Candidate, UnknownReason } from '../api/identification.js';
import type { Accuracy, TemplateComparison } from '../api/matching.js';

/** Points of a curve, ascending in x. */
type Points = readonly (readonly [x: number, y: number])[];

/** The meaning of distances (`scoring.ts`) in one embedding space. Every curve has two or more points. */
export interface Calibration {
  /**
   * Curve of (distance, similarity), descending in similarity. It runs from 1, at the distance of a face to itself, to
   * 0, at a distance where no faces match. Linear between the points; clamped to 0 and 1 beyond them.
   */
  readonly similarity: Points;
  /**
   * Curves of (distance, false match rate of comparing two images), ascending in both, one per accuracy. Log-linear
   * between and beyond the points. An accuracy without a curve uses that of `fast`.
   */
  readonly fmr: { readonly fast: Points } & { readonly [K in Accuracy]?: Points };
  /** The same curve for an image and the mean of several templates. Defaults to that of `fast`. */
  readonly profile?: Points;
  /** Addition of profiles to a distance before they are trained, see `scoring.ts`. Defaults to 0. */
  readonly commonness?: number;
}

/** The 1:1 decision on one probe. */
export interface MatchDecision {
  /** True when the score reaches the threshold. */
  readonly match: boolean;
  /** Similarity of the probe to the mean of all templates. */
  readonly score: number;
  /** The similarity threshold that was applied. */
  readonly threshold: number;
  /** Comparison with each single template, in the order given. */
  readonly comparisons: readonly TemplateComparison[];
}

/** The 1:N decision on one probe: the part of an `IdentifiedFace` that identifies the person. */
export type IdentityDecision =
  | { readonly outcome: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly outcome: 'unknown'; readonly reason: UnknownReason };

/** Least similarity of a match unless the caller passes another. The calibrations put FMR 0.001 here. */
const DEFAULT_THRESHOLD = 0.5;

/**
 * Least ratio of the probability of the first profile to that of the second. For 235 people with three templates each,
 * it rejects 0.5 % of the correct answers at an FPIR of 10 % and 0.1 % at 1 %. Without it, one of two look-alikes would
 * be identified as the other.
 */
const CLEAR_PREFERENCE = 2;

/** Returns the similarity at a distance, 0..1. It never increases with the distance. */
export function similarityAt(distance: number, calibration: Calibration): number {
  return Math.min(1, Math.max(0, interpolate(calibration.similarity, distance)));
}

/**
 * Returns the curve of false match rates for a comparison.
 * @param accuracy of the probe
 * @param templates number of templates of the reference
 */
export function fmrCurve({ fmr, profile }: Calibration, accuracy: Accuracy, templates: number): Points {
  return templates > 1 ? (profile ?? fmr.fast) : (fmr[accuracy] ?? fmr.fast);
}

/**
 * Returns the distance below which a comparison of two people falls with the probability `fmr`. It is 0 or more.
 * Extrapolates beyond the measured rates, which is conservative: the logarithm of the true rate falls faster toward 0.
 * @param curve from {@link fmrCurve}
 * @throws InfaceError `INVALID_INPUT` when `fmr` is not between 0 and 1
 */
export function distanceAtFmr(fmr: number, curve: Points): number {
  assertRate('fmr', fmr);
  const logarithmic = curve.map(([distance, rate]) => [Math.log(rate), distance] as const);
  return Math.max(0, interpolate(logarithmic, Math.log(fmr)));
}

/**
 * Returns the distance below which the nearest profile of a stranger is with probability `fpir`. Derived from
 * FPIR = 1 - (1 - FMR)^N of independent comparisons (J. L. Wayman, 'Error rate equations for the general biometric
 * system', IEEE Robotics & Automation Magazine 6(1), 1999).
 * @param profiles number of profiles; an empty gallery counts as one
 * @throws InfaceError `INVALID_INPUT` when `fpir` is not between 0 and 1
 */
export function distanceAtFpir(fpir: number, profiles: number, calibration: Calibration): number {
  assertRate('maxFpir', fpir);
  // 1 - (1 - rate)^(1 / N), without the rounding error of a difference from 1.
  const fmr = -Math.expm1(Math.log1p(-fpir) / Math.max(1, profiles));
  return distanceAtFmr(fmr, calibration.profile ?? calibration.fmr.fast);
}

/** Returns the {@link errorScale} of an image and a profile. */
export function probabilityScale({ profile, fmr }: Calibration): number {
  return errorScale(profile ?? fmr.fast);
}

/** Returns the distance over which false matches become e times as frequent, between FMR 1e-4 and 1e-2. */
export function errorScale(curve: Points): number {
  return (distanceAtFmr(1e-2, curve) - distanceAtFmr(1e-4, curve)) / Math.log(100);
}

/**
 * Returns the similarity threshold of a 1:1 decision.
 * @param options `threshold` itself (0..1, defaults to 0.5), or `maxFmr`, the false match rate that the decision keeps
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
        `Both threshold (${threshold}) and maxFmr (${maxFmr}) were passed. Pass only one of them.`,
      );
    }
    assertRate('maxFmr', maxFmr);
    return similarityAt(distanceAtFmr(maxFmr, curve), calibration);
  }
  if (threshold === undefined) return DEFAULT_THRESHOLD;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new InfaceError('INVALID_INPUT', `threshold is ${threshold}. Pass a similarity of 0 to 1.`);
  }
  return threshold;
}

/** Returns the FMR of two images as pairs of (similarity threshold, rate), from strict to lax. */
export function describeFmr(calibration: Calibration): Points {
  return fmrCurve(calibration, 'fast', 1).map(([distance, fmr]) => [similarityAt(distance, calibration), fmr]);
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
 * Decides which profile the probe is, or that it is unknown. The nearest candidate is identified if it is near enough,
 * was not rejected before and, when a classifier returned probabilities, is at least twice as probable as the second.
 * @param candidates nearest first; two or more if the collection has them
 * @param threshold similarity threshold at the requested rate
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
  if (first === undefined) return { outcome: 'unknown', reason: 'empty-collection' };
  const { profileId, name, score, probability } = first;
  // All conditions are written so that NaN fails them.
  const isNear = score >= threshold;
  if (!isNear) return { outcome: 'unknown', reason: 'not-near' };
  if (rejectedBefore) return { outcome: 'unknown', reason: 'rejected-before' };
  if (probability !== null) {
    const isClear = probability >= CLEAR_PREFERENCE * (second?.probability ?? 0);
    if (!isClear) return { outcome: 'unknown', reason: 'ambiguous' };
  }
  return { outcome: 'identified', profileId, name };
}

function assertRate(name: string, rate: number): void {
  if (rate > 0 && rate < 1) return;
  throw new InfaceError('INVALID_INPUT', `${name} is ${rate}. Pass a rate above 0 and below 1, for example 0.001.`);
}

/** Returns the value at `x` of the polyline through points of ascending x. Extrapolates its outer segments. */
function interpolate(points: Points, x: number): number {
  if (points.length < 2) {
    throw new InfaceError(
      'INTERNAL',
      `A calibration needs two or more points, got ${points.length}. Correct the embedder's entry in the manifest.`,
    );
  }
  let right = 1;
  while (right < points.length - 1 && x > (points[right] as Points[number])[0]) right++;
  const [x0, y0] = points[right - 1] as Points[number];
  const [x1, y1] = points[right] as Points[number];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
