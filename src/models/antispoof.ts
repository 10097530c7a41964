/** The anti-spoof role: presentation attack detection on one frame. */
import type { Pixels } from '../vision/image.js';
import type { Detection } from './detector.js';

export interface FaceAntispoof {
  /** Least score of a bona fide face when the caller does not say, 0..1. */
  readonly defaultThreshold: number;
  /** @returns 0 (attack) to 1 (bona fide) */
  check(pixels: Pixels, detection: Detection): Promise<number>;
}
