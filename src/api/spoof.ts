/** Presentation attack detection. */
import type { CallOptions } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { QualityIssue } from './quality.js';

/** At most one of `threshold`, `maxApcer` and `maxBpcer`. Without, the model's own threshold counts, see its model card. */
export interface CheckSpoofOptions extends CallOptions, DetectorOptions {
  /** Least score of a bona fide face, 0..1. */
  readonly threshold?: number;
  /** The share of attacks that may pass (APCER), above 0 and below 1, as the model's calibration has it. */
  readonly maxApcer?: number;
  /** The share of bona fide faces that may be refused (BPCER), above 0 and below 1. */
  readonly maxBpcer?: number;
}

/**
 * Whether a face is looked at for presentation attacks, on the very frame that is embedded. `'require'` uses no face that is
 * not found bona fide; `'report'` tells the verdict and uses it anyway; both throw `SPOOF_MODEL_UNAVAILABLE` without a model.
 */
export type SpoofPolicy = 'require' | 'report' | 'off';

export interface SpoofOptions {
  /** Defaults to `'off'`. */
  readonly spoof?: SpoofPolicy;
}

/** Why a face was not used although it was found. `spoof-not-judged`: too small, dark, bright or blurred for a verdict. */
export type SpoofFailure = 'attack' | 'spoof-not-judged';

/** What presentation attack detection says of one face, on one frame. `modelId` is that of the manifest. */
export type SpoofVerdict =
  | {
      readonly verdict: 'bona-fide' | 'attack';
      /** 0 (attack) to 1 (bona fide). */
      readonly bonaFideScore: number;
      /** The least score of a bona fide face that was applied. */
      readonly threshold: number;
      readonly modelId: string;
    }
  | {
      readonly verdict: 'not-judged';
      /** One or more: what keeps the model from seeing enough of the face. */
      readonly reasons: readonly QualityIssue[];
      readonly modelId: string;
    };

/** The verdict of presentation attack detection on the largest face, or the chosen one. */
export type SpoofResult =
  | (SpoofVerdict & { readonly outcome: 'checked'; readonly face: DetectedFace })
  | { readonly outcome: 'failure-to-acquire'; readonly reason: AcquisitionFailure; readonly faceCount: number };
