/** Identification (1:N). */
import type { CallOptions, StageTimings } from './calls.js';
import type { ClassifierState } from './collections.js';
import type { DetectedFace, DetectorOptions } from './faces.js';
import type { AccuracyOptions } from './matching.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * Options of `identify`.
 * @example
 * ```ts
 * const { faces } = await kit.identify(photo, collection.id, { maxFpir: 0.003 });
 * for (const face of faces) console.log(face.outcome === 'identified' ? face.name : face.reason);
 * ```
 */
export interface IdentifyOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** Maximum number of faces, 1 to 100; the largest are identified. Defaults to 100. */
  readonly maxFaces?: number;
  /**
   * Maximum false positive identification rate, the fraction of strangers identified as someone. Above 0 and below 1;
   * defaults to 0.01. The threshold becomes stricter as the collection grows, and training adapts it to the collection.
   */
  readonly maxFpir?: number;
  /** Maximum number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
}

/** A profile that a face may show. */
export interface Candidate {
  readonly profileId: string;
  readonly name: string | null;
  /** Calibrated similarity of the face to the mean of the profile's templates, 0..1. */
  readonly score: number;
  /**
   * The classifier's probability, 0..1, or `null` without a trained classifier. The probabilities of all profiles and
   * `unknownProbability` sum to 1. In collections of more than 4,096 profiles they are estimates whose ratios are
   * exact, see `predict` in `src/recognition/classifier.ts`.
   */
  readonly probability: number | null;
}

/**
 * Reason why a face was not identified.
 *
 * - `empty-collection`: the collection has no templates
 * - `not-near`: the similarity of the best candidate is below the threshold
 * - `ambiguous`: the classifier does not clearly prefer the best candidate to the second
 * - `rejected-before`: the face is nearer to a negative example of the best candidate (`kit.reject`) than to the
 *   candidate
 * - a {@link SpoofFailure}: the spoof check is required, and the face was not found to be bona fide
 */
export type UnknownReason = 'empty-collection' | 'not-near' | 'ambiguous' | 'rejected-before' | SpoofFailure;

/** The 1:N decision on one face. */
export type Identification = {
  /**
   * Id to pass to `kit.reject`. The kit keeps the last 200 identified faces in memory. It clears them when profiles or
   * collections are removed or imported, and when the vault changes.
   */
  readonly identificationId: string;
  /** Candidates, best first. */
  readonly candidates: readonly Candidate[];
  /** Probability that the face shows none of the profiles, 0..1; `null` without a trained classifier. */
  readonly unknownProbability: number | null;
  /** The verdict on this face, or `null` when the check was off. */
  readonly spoof: SpoofVerdict | null;
} & (
  | { readonly outcome: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly outcome: 'unknown'; readonly reason: UnknownReason }
);

/** A detected face with its identification. */
export type IdentifiedFace = DetectedFace & Identification;

/** Options of `reject`. */
export interface RejectOptions extends CallOptions {
  /** Id of the profile that the face does not show. Defaults to the best candidate of the identification. */
  readonly profileId?: string;
}

/** Result of `reject`: the face was stored as a negative example of the profile. */
export interface RejectResult {
  readonly collectionId: string;
  readonly profileId: string;
  /**
   * Number of negative examples of the profile in the collection. The limit is 50; beyond it, the oldest is removed.
   */
  readonly negativeCount: number;
}

/** Result of `identify`. */
export interface IdentifyResult {
  /** Faces with their identification, largest first; may be empty. */
  readonly faces: readonly IdentifiedFace[];
  /** Whether `maxFaces` left out smaller faces. */
  readonly truncated: boolean;
  /**
   * State of the collection's classifier. With `trained`, the distance to each profile is normalized and the threshold
   * is adapted to how near strangers come; see docs/accuracy.md.
   */
  readonly classifier: ClassifierState;
  /** The applied similarity threshold, 0..1. It depends on `maxFpir`, the number of profiles and the classifier. */
  readonly threshold: number;
  readonly timings: StageTimings;
}
