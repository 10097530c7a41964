/** What a face looks like from one frame to the next: not who it is, but whether it is still the same picture of somebody. */
import type { Point } from '../api/types.js';
import { dlibChip } from './align.js';
import { luminanceOf, warp, type Pixels } from './image.js';

/** Side of the chip in pixels, and the border around dlib's template as a part of it. */
const CHIP = { size: 24, padding: 0.1 } as const;

/**
 * A small aligned picture of a face, without its mean light and contrast: zero mean, one unit long.
 * @param landmarks 68 points in pixels of the image
 */
export function appearanceOf(pixels: Pixels, landmarks: readonly Point[]): Float32Array {
  const { size, padding } = CHIP;
  const picture = luminanceOf(warp(pixels, dlibChip(landmarks, size, padding), size, size));
  const mean = picture.reduce((sum, value) => sum + value, 0) / picture.length;
  const centred = picture.map((value) => value - mean);
  const length = Math.hypot(...centred);
  return length > 0 ? centred.map((value) => value / length) : centred;
}

/** The normalised correlation of two appearances, -1 to 1. */
export function likeness(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
