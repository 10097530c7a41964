/** Options and result of `detect`. */
import type { CallOptions, StageTimings } from './calls.js';
import type { DetectedFace, DetectorOptions, EyesOpen } from './faces.js';
import type { QualityReport } from './quality.js';
import type { SpoofPolicy, SpoofVerdict } from './spoof.js';

/**
 * Options of `detect`.
 * @example
 * ```ts
 * const { faces } = await kit.detect(photo, { landmarks: 68, quality: true });
 * ```
 */
export interface DetectOptions extends CallOptions, DetectorOptions {
  /**
   * Whether to check each face for presentation attacks. Defaults to `'off'`. `detect` returns every face, so
   * `'require'` and `require: true` throw `INVALID_INPUT`.
   */
  readonly spoof?: Exclude<SpoofPolicy, 'require'>;
  /**
   * Number of landmarks per face. Defaults to 5; 5 and 68 take the same time. With 0, `faces` contains the detector's
   * boxes without landmarks, including those in which the landmark model would find no face.
   */
  readonly landmarks?: 0 | 5 | 68;
  /** Maximum number of faces, 1 to 100; the largest are returned. Defaults to 100. */
  readonly maxFaces?: number;
  /** Whether to measure the image quality of each face. Needs landmarks. Defaults to false. */
  readonly quality?: boolean;
  /**
   * Whether to measure if the eyes are open. Needs landmarks. Defaults to false.
   */
  readonly eyes?: boolean;
}

/** Result of `detect`. */
export interface DetectResult {
  /** Detected faces, largest first; may be empty. `quality`, `spoof` and `eyes` are `null` unless requested. */
  readonly faces: readonly (DetectedFace & {
    readonly quality: QualityReport | null;
    readonly spoof: SpoofVerdict | null;
    readonly eyes: EyesOpen | null;
  })[];
  /** Whether `maxFaces` left out smaller faces. */
  readonly truncated: boolean;
  /** Width of the source image in pixels. */
  readonly width: number;
  /** Height of the source image in pixels. */
  readonly height: number;
  /** Longer side of the detector's input for the whole image, in pixels. Not affected by a search in tiles. */
  readonly detectorSizePx: number;
  readonly timings: StageTimings;
}
