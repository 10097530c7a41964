/** Presentation attack detection (anti-spoofing). */
import type { CallOptions } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { QualityIssue } from './quality.js';

/**
 * The maximum error rate of a check. Pass at most one of the two rates. Defaults to the threshold in the model card. A
 * rate below those in the model's calibration throws `INVALID_INPUT`.
 */
export interface SpoofRates {
  /** Maximum fraction of attacks that pass (APCER, ISO/IEC 30107-3), above 0 and below 1. */
  readonly maxApcer?: number;
  /** Maximum fraction of bona fide faces that are refused (BPCER), above 0 and below 1. */
  readonly maxBpcer?: number;
}

/**
 * Options of `checkSpoof`.
 * @example
 * ```ts
 * const result = await kit.checkSpoof(photo, { maxApcer: 0.05 });
 * ```
 */
export interface CheckSpoofOptions extends CallOptions, DetectorOptions, SpoofRates {}

/** A spoof policy with an error rate. */
export interface SpoofRule extends SpoofRates {
  /** Whether to refuse faces that are not bona fide: `true` acts like `'require'`, `false` like `'report'`. */
  readonly require: boolean;
}

/**
 * Whether to check faces for presentation attacks, on the image that is also used for recognition. `'require'` refuses
 * a face that is not bona fide; `'report'` only returns the verdict. Both throw `SPOOF_MODEL_UNAVAILABLE` without a
 * model.
 */
export type SpoofPolicy = 'off' | 'report' | 'require' | SpoofRule;

/** Options of operations that can check faces for presentation attacks. */
export interface SpoofOptions {
  /**
   * Whether to check faces for presentation attacks. Defaults to `'off'`.
   * @example Refuse faces that are not bona fide, with at most 1 % of attacks passing:
   * ```ts
   * await kit.identify(photo, collectionId, { spoof: { require: true, maxApcer: 0.01 } });
   * ```
   */
  readonly spoof?: SpoofPolicy;
}

/** Reason why a required check refuses a face. With `spoof-not-judged`, the verdict has the reasons. */
export type SpoofFailure = 'attack' | 'spoof-not-judged';

/**
 * Reason why there is no verdict. Either the image of the face has this issue, or with `few-frames` a tracker has not
 * checked enough frames of the face yet.
 */
export type SpoofIssue = QualityIssue | 'few-frames';

/** The verdict of presentation attack detection on one face. `modelId` is the id in the manifest. */
export type SpoofVerdict =
  | {
      readonly outcome: 'bona-fide' | 'attack';
      /** Score of the model, 0 (attack) to 1 (bona fide). */
      readonly bonaFideScore: number;
      /** The applied minimum score of a bona fide face. */
      readonly threshold: number;
      readonly modelId: string;
    }
  | {
      readonly outcome: 'not-judged';
      /** One or more reasons why there is no verdict. */
      readonly reasons: readonly SpoofIssue[];
      readonly modelId: string;
    };

/** Result of `checkSpoof`: the verdict on the selected face. */
export type SpoofResult =
  | (SpoofVerdict & { readonly face: DetectedFace })
  | { readonly outcome: 'failure-to-acquire'; readonly reason: AcquisitionFailure; readonly faceCount: number };
