/** Presentation attack detection. */
import type { CallOptions } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { QualityIssue } from './quality.js';

/**
 * The error rate that a check keeps; at most one of the two. Defaults to the threshold of the model, see its model card.
 * A rate that its calibration does not reach throws `INVALID_INPUT`.
 */
export interface SpoofRates {
  /** Fraction of attacks that may pass (APCER, ISO/IEC 30107-3), above 0 and below 1. */
  readonly maxApcer?: number;
  /** Fraction of bona fide faces that may be refused (BPCER), above 0 and below 1. */
  readonly maxBpcer?: number;
}

/** @example `await kit.checkSpoof(photo, { maxApcer: 0.05 })` */
export interface CheckSpoofOptions extends CallOptions, DetectorOptions, SpoofRates {}

/** A policy with its error rate. */
export interface SpoofRule extends SpoofRates {
  /** `true` is `'require'`, `false` is `'report'`. */
  readonly require: boolean;
}

/**
 * Whether faces are checked for presentation attacks, on the pixels that are embedded. `'require'` refuses a face that is
 * not bona fide, `'report'` only returns the verdict. Both throw `SPOOF_MODEL_UNAVAILABLE` without a model.
 */
export type SpoofPolicy = 'off' | 'report' | 'require' | SpoofRule;

export interface SpoofOptions {
  /**
   * Defaults to `'off'`.
   * @example Refuse faces that are not bona fide, with at most 1 % of attacks passing:
   * ```ts
   * await kit.identify(photo, collectionId, { spoof: { require: true, maxApcer: 0.01 } });
   * ```
   */
  readonly spoof?: SpoofPolicy;
}

/** Why a required check refuses a face. `spoof-not-judged`: too small, dark, bright or blurred for a verdict. */
export type SpoofFailure = 'attack' | 'spoof-not-judged';

/** The verdict of presentation attack detection on one face of one image. `modelId` is that of the manifest. */
export type SpoofVerdict =
  | {
      readonly outcome: 'bona-fide' | 'attack';
      /** 0 (attack) to 1 (bona fide). */
      readonly bonaFideScore: number;
      /** The least score of a bona fide face that was applied. */
      readonly threshold: number;
      readonly modelId: string;
    }
  | {
      readonly outcome: 'not-judged';
      /** One or more reasons why the model cannot see enough of the face. */
      readonly reasons: readonly QualityIssue[];
      readonly modelId: string;
    };

/** The verdict on the chosen face, by default the largest one. */
export type SpoofResult =
  | (SpoofVerdict & { readonly face: DetectedFace })
  | { readonly outcome: 'failure-to-acquire'; readonly reason: AcquisitionFailure; readonly faceCount: number };
