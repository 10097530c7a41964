/** Options and result of `detect`. */
import type { CallOptions, StageTimings } from './calls.js';
import type { DetectedFace, DetectorOptions } from './faces.js';
import type { QualityReport } from './quality.js';
import type { SpoofPolicy, SpoofVerdict } from './spoof.js';

export interface DetectOptions extends CallOptions, DetectorOptions {
  /**
   * Whether to check each face for presentation attacks. `detect` refuses no face, so `'require'` and `require: true` are
   * refused. Defaults to `'off'`.
   */
  readonly spoof?: Exclude<SpoofPolicy, 'require'>;
  /**
   * Number of landmarks per face. Defaults to 5. 5 and 68 take the same time; with 0 there are boxes alone, which are the
   * detector's own: what it took for a face and has no landmarks is among them.
   */
  readonly landmarks?: 0 | 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
  /** Whether to judge how well each face is shown, by its landmarks. Defaults to false. */
  readonly quality?: boolean;
}

export interface DetectResult {
  /** Faces by size, largest first; empty when there is none. `quality` and `spoof` are `null` unless requested. */
  readonly faces: readonly (DetectedFace & {
    readonly quality: QualityReport | null;
    readonly spoof: SpoofVerdict | null;
  })[];
  /** Size of the source image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Longer side of the detector's input for the whole image, in pixels, whether or not parts of it were looked at, too. */
  readonly detectorSizePx: number;
  readonly timings: StageTimings;
}
