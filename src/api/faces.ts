/** A detected face, and how faces are searched. */
import type { Box, Point } from './geometry.js';

/** A found face. */
export interface DetectedFace {
  readonly box: Box;
  /** The detector's confidence, 0..1. */
  readonly score: number;
  /**
   * 5 points: left eye, right eye, nose tip, left and right mouth corner. Or 68 points in iBUG order: jaw 0-16, brows
   * 17-26, nose 27-35, eyes 36-47, mouth 48-67. None where none were asked for.
   */
  readonly landmarks: readonly Point[];
  /** Roll of the head in degrees, clockwise in the image; 0 is upright. */
  readonly rollDegrees: number;
}

/** How faces are looked for; part of the options of every operation on images. */
export interface DetectorOptions {
  /**
   * Longer side of the detector's input in pixels: one look at the whole image. Larger finds smaller faces and costs more.
   * `'group'` looks at the whole image and, from 640 px on, at two or four overlapping parts of it: it finds the small faces of
   * a group photo and takes about five times as long. `'auto'`, the default, takes 256 for a video frame and 256 or 384 for
   * a photo, by its size, and does what `'group'` does where the first look shows several small faces or none.
   * In all but video frames, what the detector is not certain of is looked at again from near.
   */
  readonly detectorSize?: 'auto' | 'group' | 128 | 192 | 256 | 384 | 512;
  /** Least score of a face, 0..1. Defaults to the detector's own, see its model card. */
  readonly minScore?: number;
}

/** Why no template could be made from an image. */
export type AcquisitionFailure =
  /** No face was found. */
  | 'no-face'
  /** Several faces, and `'only'` was asked for. */
  | 'many-faces'
  /** The point that was given lies in no face. */
  | 'no-face-at-point';
