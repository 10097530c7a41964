/** Verification, 1:1. */
import type { CallOptions, StageTimings } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * How many views of a face are compared: the face chip alone; the chip and its mirror image; six chips, cut a little
 * differently and mirrored. Each view costs one run of the embedder. Faces that are enrolled always get six.
 */
export type Accuracy = 'fast' | 'balanced' | 'high';

/** How carefully a face is compared. */
export interface AccuracyOptions {
  /** Defaults to `'balanced'`. `docs/accuracy.md` has the errors of each. */
  readonly accuracy?: Accuracy;
}

/** `spoof` is about the probe: a reference may well be the photo of a document. */
export interface MatchOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Least similarity of a match, 0..1. Defaults to 0.5, which is a false match rate of 0.001 on LFW. */
  readonly threshold?: number;
  /** Instead of `threshold`: the false match rate to be kept, above 0 and below 1. */
  readonly maxFmr?: number;
}

/** The probe against one template of the reference. */
export interface TemplateComparison {
  /** `null` for the template of a reference image. */
  readonly templateId: string | null;
  /** Calibrated similarity, 0..1, falling with the distance. */
  readonly score: number;
  readonly match: boolean;
}

/** The 1:1 decision. `failure-to-acquire`: one side gave no template, and nothing was decided. */
export type MatchResult =
  | {
      readonly outcome: 'compared';
      /** True when the score reaches the threshold. */
      readonly match: boolean;
      /** Calibrated similarity of the probe and the mean of the reference's templates, 0..1. */
      readonly score: number;
      /** The similarity threshold that was applied. */
      readonly threshold: number;
      readonly comparisons: readonly TemplateComparison[];
      readonly face: DetectedFace;
      /** The verdict on the probe, or `null` where the check was off. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    }
  | {
      readonly outcome: 'failure-to-acquire';
      readonly side: 'probe' | 'reference';
      readonly reason: AcquisitionFailure | SpoofFailure;
      readonly faceCount: number;
      /** The verdict that refused the probe, `null` with every other reason. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    };
