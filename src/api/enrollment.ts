/** Options and results of `enroll` and `addImages`. */
import type { CallOptions } from './calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions } from './faces.js';
import type { JsonValue, Profile } from './profiles.js';
import type { QualityIssue, QualityReport } from './quality.js';
import type { SpoofFailure, SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * How strictly images of an enrollment are judged. `'guidance'` rejects what would harm recognition: unusable pictures,
 * pictures of somebody else, and people whom the collection has already; it warns of poor ones. `'strict'` rejects poor
 * pictures, too. `'off'` takes every face.
 */
export type EnrollPolicy = 'strict' | 'guidance' | 'off';

/** Why an image of an enrollment was not taken. */
export type RejectionReason =
  | AcquisitionFailure
  | QualityIssue
  | SpoofFailure
  /** It disagrees with most images of this enrollment, or with all templates of the profile it was to be added to. */
  | 'not-the-same-person'
  /** Another profile of the collection looks the same; `duplicateOf` says which. */
  | 'duplicate-of';

/** What became of one image of an enrollment. */
export type ImageReport =
  | {
      readonly outcome: 'accepted';
      readonly templateId: string;
      readonly face: DetectedFace;
      readonly quality: QualityReport;
      /** What could be better. */
      readonly warnings: readonly QualityIssue[];
      /** The verdict on this very image, or `null` where the check was off. */
      readonly spoof: SpoofVerdict | null;
    }
  | {
      readonly outcome: 'rejected';
      /** One or more, the most important one first. */
      readonly reasons: readonly RejectionReason[];
      readonly faceCount: number;
      /** The face that was judged, where there was one. */
      readonly face: DetectedFace | null;
      readonly quality: QualityReport | null;
      /** The id of the profile that looks the same; only with the reason `'duplicate-of'`. */
      readonly duplicateOf: string | null;
      /** The verdict on this very image, or `null` where the check was off or there was no face. */
      readonly spoof: SpoofVerdict | null;
    };

export interface AddImagesOptions extends CallOptions, DetectorOptions, SpoofOptions {
  /** Defaults to `'guidance'`. */
  readonly policy?: EnrollPolicy;
}

export interface EnrollOptions extends AddImagesOptions {
  /** A label for the person, at most 200 characters. Defaults to none. */
  readonly name?: string;
  /** Adds the new profile to this collection. */
  readonly collectionId?: string;
  /** JSON of at most 10,000 characters. Defaults to `{}`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** What the person agreed to, at most 2,000 characters. Defaults to none. */
  readonly consent?: string;
}

/** `rejected`: no image was usable, and nothing was stored. */
export type EnrollResult =
  | {
      readonly outcome: 'enrolled';
      readonly profile: Profile;
      readonly images: readonly ImageReport[];
      /** `few-images`: fewer than the 3 templates that are recommended. */
      readonly warnings: readonly 'few-images'[];
    }
  | { readonly outcome: 'rejected'; readonly images: readonly ImageReport[] };

/** `rejected`: no image was usable, and the profile is as it was. */
export interface AddImagesResult {
  readonly outcome: 'added' | 'rejected';
  readonly profile: Profile;
  readonly images: readonly ImageReport[];
  /** The weakest templates, which gave way because a profile holds at most 50. */
  readonly replacedTemplateIds: readonly string[];
}
