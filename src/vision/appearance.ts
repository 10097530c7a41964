/**
 * Compares the appearance of a face in consecutive frames. It does not identify the person; it shows whether the
 * tracked face still has the same appearance.
 */
import type { Point } from '../api/geometry.js';
import { dlibChip } from './align.js';
import { luminanceOf, warp, type Pixels } from './image.js';

/** Side of the chip in pixels, and the border around dlib's template as a fraction of its size. */
const CHIP = { size: 24, padding: 0.1 } as const;

/**
 * Computes a small aligned image of a face, normalized to zero mean and unit length.
 * @param landmarks 68 points in pixels of the image
 */
export function appearanceOf(pixels: Pixels, landmarks: readonly Point[]): Float32Array {
  const { size, padding } = CHIP;
  const picture = luminanceOf(warp(pixels, dlibChip(landmarks, size, padding), size, size));
  const mean = picture.reduce((sum, value) => sum + value, 0) / picture.length;
  const centered = picture.map((value) => value - mean);
  const length = Math.hypot(...centered);
  return length > 0 ? centered.map((value) => value / length) : centered;
}

/** Returns the normalized correlation of two appearances, -1..1. */
export function likeness(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
