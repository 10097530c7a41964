/** Identification, 1:N. */
import type { CallOptions, StageTimings } from './calls.js';
import type { ClassifierState } from './collections.js';
import type { DetectedFace, DetectorOptions } from './faces.js';
import type { AccuracyOptions } from './matching.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

export interface IdentifyOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
  /**
   * The false positive identification rate to be kept: how often a stranger may be given a name. Above 0 and below 1,
   * defaults to 0.01. The threshold gets stricter as profiles get more; a trained collection knows its own.
   */
  readonly maxFpir?: number;
  /** Number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
}

/** A profile that a face may belong to. */
export interface Candidate {
  readonly profileId: string;
  readonly name: string | null;
  /** Calibrated similarity to the mean of the profile's templates, 0..1. */
  readonly score: number;
  /**
   * The classifier's probability, or `null` where there is none. Those of all profiles sum to 1 with that of 'unknown'. In
   * collections of more than 4,096 profiles they are estimates with exact ratios, see `predict` in
   * `src/recognition/classifier.ts`.
   */
  readonly probability: number | null;
}

/**
 * Why nobody is named: the collection has no templates; the best candidate is not near enough for the rate that was asked
 * for; the classifier does not clearly prefer it to the second; or the face is nearer to one that was rejected as this person
 * (`kit.reject`) than to the person. With `spoof: 'require'`, also because the face was not found bona fide.
 */
export type UnknownReason = 'empty-collection' | 'not-near' | 'ambiguous' | 'rejected-before' | SpoofFailure;

/** The 1:N decision on one face. */
export type Identification = {
  /** For `kit.reject`; remembered for the last 200 faces that this kit identified. */
  readonly identificationId: string;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** The probability that the face belongs to none of the profiles, 0..1; `null` unless the collection is trained. */
  readonly unknownProbability: number | null;
  /** The verdict on this face, or `null` where the check was off. */
  readonly spoof: SpoofVerdict | null;
} & (
  | { readonly outcome: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly outcome: 'unknown'; readonly reason: UnknownReason }
);

/** A face with the decision on it. */
export type IdentifiedFace = DetectedFace & Identification;

export interface RejectOptions extends CallOptions {
  /** Whom the face does not show. Defaults to the best candidate of the identification. */
  readonly profileId?: string;
}

/** What a rejected identification became: an example of who the profile is not. */
export interface RejectResult {
  readonly collectionId: string;
  readonly profileId: string;
  /** Number of such examples for this profile in this collection; the oldest of more than 50 gives way. */
  readonly negativeCount: number;
}

export interface IdentifyResult {
  /** Faces by size, largest first; empty when there is none. */
  readonly faces: readonly IdentifiedFace[];
  /** A `trained` one normalizes the distance to each profile, and knows how near strangers come; see docs/accuracy.md. */
  readonly classifier: ClassifierState;
  /** The least similarity that was asked of a name, from `maxFpir`, the number of profiles and the classifier. */
  readonly threshold: number;
  readonly timings: StageTimings;
}
