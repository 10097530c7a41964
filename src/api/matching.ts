/** Verification (1:1). */
import type { CallOptions, StageTimings } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * How many views of a face are averaged: slightly different crops, and their mirror images. Each view costs one run of
 * the embedder. Every embedder has a number of views for each value, see `docs/models.md`; the default one takes one
 * view for `fast` and six for `high`.
 *
 * Enrollment always uses `high`.
 */
export type Accuracy = 'fast' | 'high';

/** Options of operations that compare faces. */
export interface AccuracyOptions {
  /** Number of views per face. Defaults to `'fast'`. See `docs/accuracy.md` for the error rates of each value. */
  readonly accuracy?: Accuracy;
}

/**
 * Options of `match` and `compare`. `spoof` applies to the probe only, because a reference may be the photo of a
 * document.
 * @example
 * ```ts
 * const result = await kit.match(photo, profile.id, { maxFmr: 0.0001 });
 * if (result.outcome === 'compared') console.log(result.match, result.score);
 * ```
 */
export interface MatchOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Minimum similarity of a match, 0..1. Defaults to 0.5, a false match rate of 0.001 on LFW. */
  readonly threshold?: number;
  /** Maximum false match rate, above 0 and below 1. Replaces `threshold`; passing both throws `INVALID_INPUT`. */
  readonly maxFmr?: number;
}

/** Result of comparing the probe with one template of the reference. */
export interface TemplateComparison {
  /** Id of the template; `null` for that of a reference image. */
  readonly templateId: string | null;
  /** Calibrated similarity, 0..1; decreases with the distance. */
  readonly score: number;
  /** True when the score reaches the threshold. */
  readonly match: boolean;
}

/** Result of `match` and `compare`. With `failure-to-acquire`, one side gave no template to compare. */
export type MatchResult =
  | {
      readonly outcome: 'compared';
      /** True when the score reaches the threshold. */
      readonly match: boolean;
      /** Calibrated similarity of the probe to the mean of the reference's templates, 0..1. */
      readonly score: number;
      /** The applied similarity threshold, 0..1. */
      readonly threshold: number;
      /** One comparison per template of the reference. */
      readonly comparisons: readonly TemplateComparison[];
      /** The face of the probe. */
      readonly face: DetectedFace;
      /** The verdict on the probe, or `null` when the check was off. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    }
  | {
      readonly outcome: 'failure-to-acquire';
      readonly side: 'probe' | 'reference';
      readonly reason: AcquisitionFailure | SpoofFailure;
      /** Number of faces in the image of that side; at most 1 with the face choice `'largest'`. */
      readonly faceCount: number;
      /** The verdict that refused the probe; `null` for all other reasons. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    };
