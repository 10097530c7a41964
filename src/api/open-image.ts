/// <reference lib="esnext.disposable" preserve="true" />
/** An image that stays open in the worker. */
import type { CallOptions } from './calls.js';
import type { DetectOptions, DetectResult } from './detection.js';
import type { EnrollOptions, EnrollResult } from './enrollment.js';
import type { DetectorOptions, FaceChoice } from './faces.js';
import type { IdentifyOptions, IdentifyResult } from './identification.js';
import type { MatchOptions, MatchResult } from './matching.js';
import type { CheckSpoofOptions, SpoofResult } from './spoof.js';

export interface OpenOptions extends CallOptions, DetectorOptions {}

/** Options of an operation on an open image: how faces are searched was decided when it was opened. */
type OnOpen<O> = Omit<O, keyof DetectorOptions> & {
  /** As in `FaceImage`; usually a face that `detect` found. */
  readonly face?: FaceChoice;
};

/**
 * An image in the memory of the worker: it is decoded once, and its faces are detected once, however many operations follow.
 * It is also an `ImageInput`, for `kit.compare` and for `kit.enroll` with several images.
 *
 * A kit keeps at most 8 images open. One more closes the least recently used one, with the event `image-closed`. An
 * operation on a closed image throws `IMAGE_CLOSED`.
 * @example
 * ```ts
 * using photo = await kit.open(file);
 * const { faces } = await photo.detect({ quality: true });
 * const verdict = await photo.checkSpoof({ face: faces[1] });
 * const result = await photo.enroll({ face: faces[1], name: 'Anna' });
 * ```
 */
export interface OpenImage {
  /** As in the event `image-closed`. */
  readonly id: string;
  /** Size of the source in pixels. */
  readonly width: number;
  readonly height: number;
  /** @throws InfaceError `INVALID_INPUT`, `IMAGE_CLOSED` */
  detect(options?: Omit<DetectOptions, keyof DetectorOptions>): Promise<DetectResult>;
  /** Checks a face, by default the largest one. @throws InfaceError as `kit.checkSpoof`, `IMAGE_CLOSED` */
  checkSpoof(options?: OnOpen<CheckSpoofOptions>): Promise<SpoofResult>;
  /** Compares a face, by default the largest one, with a profile. @throws InfaceError as `kit.match`, `IMAGE_CLOSED` */
  match(profileId: string, options?: OnOpen<MatchOptions>): Promise<MatchResult>;
  /** Identifies every face. @throws InfaceError as `kit.identify`, `IMAGE_CLOSED` */
  identify(collectionId: string, options?: Omit<IdentifyOptions, keyof DetectorOptions>): Promise<IdentifyResult>;
  /** Enrolls a face, by default the only one. @throws InfaceError as `kit.enroll`, `IMAGE_CLOSED` */
  enroll(options?: OnOpen<EnrollOptions>): Promise<EnrollResult>;
  /** Releases the memory. Operations that are running finish; closing twice does nothing. */
  close(): void;
  /** As `close`, for `using`. */
  [Symbol.dispose](): void;
}
