/// <reference lib="esnext.disposable" preserve="true" />
/** Images that stay open in the worker for several operations. */
import type { CallOptions } from './calls.js';
import type { DetectOptions, DetectResult } from './detection.js';
import type { EnrollOptions, EnrollResult } from './enrollment.js';
import type { DetectorOptions, FaceChoice } from './faces.js';
import type { IdentifyOptions, IdentifyResult } from './identification.js';
import type { MatchOptions, MatchResult } from './matching.js';
import type { CheckSpoofOptions, SpoofResult } from './spoof.js';

/** Options of `open`. The search options apply to all operations on the image. */
export interface OpenOptions extends CallOptions, DetectorOptions {}

/** Options of an operation on an open image. Search options are set when the image is opened. */
type OnOpen<O> = Omit<O, keyof DetectorOptions> & {
  /** The face to use, as in `FaceImage`; usually one that `detect` returned. */
  readonly face?: FaceChoice;
};

/**
 * An image in the memory of the worker. However many operations use it, it is decoded once and its faces are detected
 * once. It is also an `ImageInput`, for `kit.compare` and for `kit.enroll` with several images.
 *
 * A kit keeps at most 8 images open. Opening another closes the least recently used one and emits `image-closed`. An
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
  /** Id of the image, as in the event `image-closed`. */
  readonly id: string;
  /** Width of the source in pixels. */
  readonly width: number;
  /** Height of the source in pixels. */
  readonly height: number;
  /** Detects faces. @throws InfaceError as `kit.detect`, `IMAGE_CLOSED` */
  detect(options?: Omit<DetectOptions, keyof DetectorOptions>): Promise<DetectResult>;
  /**
   * Checks a face, by default the largest, for presentation attacks.
   * @throws InfaceError as `kit.checkSpoof`, `IMAGE_CLOSED`
   */
  checkSpoof(options?: OnOpen<CheckSpoofOptions>): Promise<SpoofResult>;
  /** Compares a face, by default the largest, with a profile. @throws InfaceError as `kit.match`, `IMAGE_CLOSED` */
  match(profileId: string, options?: OnOpen<MatchOptions>): Promise<MatchResult>;
  /** Identifies every face. @throws InfaceError as `kit.identify`, `IMAGE_CLOSED` */
  identify(collectionId: string, options?: Omit<IdentifyOptions, keyof DetectorOptions>): Promise<IdentifyResult>;
  /** Enrolls a face, by default the only face of the image. @throws InfaceError as `kit.enroll`, `IMAGE_CLOSED` */
  enroll(options?: OnOpen<EnrollOptions>): Promise<EnrollResult>;
  /** Releases the memory once running operations have finished. Calling it again does nothing. */
  close(): void;
  /** Calls `close`, for `using` declarations. */
  [Symbol.dispose](): void;
}
