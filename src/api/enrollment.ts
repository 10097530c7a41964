/** Options and results of `enroll` and `addImages`. */
import type { CallOptions } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { JsonValue, Profile } from './profiles.js';
import type { QualityIssue, QualityReport } from './quality.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * How strictly images of an enrollment are checked.
 *
 * - `guidance` rejects images that would harm recognition: unusable ones, repeated ones, those of another person, and
 *   those of a person whom the collection already contains. It accepts poor images with a warning.
 * - `strict` also rejects poor images.
 * - `off` accepts every face.
 */
export type EnrollPolicy = 'strict' | 'guidance' | 'off';

/** Reason why an image of an enrollment was rejected. */
export type RejectionReason =
  | AcquisitionFailure
  | QualityIssue
  | SpoofFailure
  /** The call has this image more than once; only the first one counts. */
  | 'same-image'
  /**
   * The face does not belong to the person. In `addImages`, it resembles no template of the profile. In `enroll`, it
   * does not belong to a group of similar faces with more than half of the usable images.
   */
  | 'not-the-same-person'
  /** The face would be identified as another profile of the collection, the one in `duplicateOf`. */
  | 'duplicate-of';

/** Outcome of one image of an enrollment. */
export type ImageReport =
  | {
      readonly outcome: 'accepted';
      readonly templateId: string;
      readonly face: DetectedFace;
      readonly quality: QualityReport;
      /** Quality issues that harm recognition a little. */
      readonly warnings: readonly QualityIssue[];
      /** The verdict on this image, or `null` when the check was off. */
      readonly spoof: SpoofVerdict | null;
    }
  | {
      readonly outcome: 'rejected';
      /** One or more reasons, most important first. */
      readonly reasons: readonly RejectionReason[];
      /** Number of faces in the image; at most 1 with the face choice `'largest'`. */
      readonly faceCount: number;
      /** The selected face, or `null` when none was selected. */
      readonly face: DetectedFace | null;
      /** `null` when no face was selected, or when the spoof check refused it. */
      readonly quality: QualityReport | null;
      /** Id of the profile that the face resembles; `null` unless the reason is `'duplicate-of'`. */
      readonly duplicateOf: string | null;
      /** The verdict on this image, or `null` when the check was off or no face was selected. */
      readonly spoof: SpoofVerdict | null;
    };

/**
 * Options of `addImages`.
 * @example
 * ```ts
 * const { outcome, images } = await kit.addImages(profile.id, [photo], { policy: 'strict' });
 * ```
 */
export interface AddImagesOptions extends CallOptions, DetectorOptions, SpoofOptions {
  /** How strictly the images are checked. Defaults to `'guidance'`. */
  readonly policy?: EnrollPolicy;
}

/**
 * Options of `enroll`.
 * @example
 * ```ts
 * const result = await kit.enroll([front, left, right], { name: 'Anna', collectionId: collection.id });
 * if (result.outcome === 'enrolled') console.log(result.profile.id);
 * ```
 */
export interface EnrollOptions extends AddImagesOptions {
  /** Name of the person, at most 200 characters. Defaults to none. */
  readonly name?: string;
  /** Id of a collection to add the new profile to. Defaults to none. */
  readonly collectionId?: string;
  /** Data of the application to store with the profile, at most 10,000 characters as JSON. Defaults to `{}`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** Note on the person's consent, at most 2,000 characters. Defaults to none. */
  readonly consent?: string;
}

/** Result of `enroll`. With `rejected`, no image was accepted and nothing was stored. */
export type EnrollResult =
  | {
      readonly outcome: 'enrolled';
      readonly profile: Profile;
      /** One report per image, in the order of the call. */
      readonly images: readonly ImageReport[];
      /** `few-images`: fewer than 3 images were accepted; 3 or more are recommended. */
      readonly warnings: readonly 'few-images'[];
    }
  | { readonly outcome: 'rejected'; readonly images: readonly ImageReport[] };

/** Result of `addImages`. With `rejected`, no image was accepted and the profile is unchanged. */
export interface AddImagesResult {
  readonly outcome: 'added' | 'rejected';
  readonly profile: Profile;
  /** One report per image, in the order of the call. */
  readonly images: readonly ImageReport[];
  /** Ids of the templates of lowest quality that were removed, because a profile holds at most 50. */
  readonly replacedTemplateIds: readonly string[];
}
