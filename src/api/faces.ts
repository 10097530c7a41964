/** A detected face, and how faces are searched. */
import type { Box, Point } from './geometry.js';

/** A found face. */
export interface DetectedFace {
  readonly box: Box;
  /** How certain the detector is that this is a face, 0..1. */
  readonly detectionScore: number;
  /**
   * 5 points: left eye, right eye, nose tip, left and right mouth corner. Or 68 points in iBUG order: jaw 0-16, brows
   * 17-26, nose 27-35, eyes 36-47, mouth 48-67. None where none were asked for.
   */
  readonly landmarks: readonly Point[];
  /** Roll of the head in degrees, clockwise in the image; 0 is upright. */
  readonly rollDegrees: number;
}

/** How faces are searched; part of the options of every operation on images. */
export interface DetectorOptions {
  /**
   * Whether the image is a photo, which gets a thorough search, or one of many frames of a video, which gets a fast one.
   * Defaults to `'video'` for an `HTMLVideoElement` and a `VideoFrame`, and to `'photo'` for everything else. A photo gets
   * a second pass, at higher resolution, on uncertain detections; a video frame does not.
   * @example A frame of a video, drawn to a canvas:
   * ```ts
   * await kit.detect(canvas, { mode: 'video' });
   * ```
   */
  readonly mode?: 'photo' | 'video';
  /**
   * Which parts of the image are searched. `'whole'` searches the image as a whole. `'tiles'` also searches two or four
   * overlapping parts of an image of 640 px or more: it finds the small faces of a group photo and takes about five times
   * as long. `'auto'` does so only for photos whose first pass finds several small faces or none. Defaults to `'auto'`, or
   * to `'whole'` with `detectorSizePx`.
   * @example The small faces of a class photo:
   * ```ts
   * await kit.detect(photo, { search: 'tiles' });
   * ```
   */
  readonly search?: 'auto' | 'whole' | 'tiles';
  /**
   * Longer side of the detector's input for the whole image, in pixels. A larger input finds smaller faces and takes
   * longer. Defaults to 256 for a video frame, and to 256 or 384 for a photo, by its size.
   * @example The fastest search, for a face near the camera:
   * ```ts
   * await kit.detect(video, { detectorSizePx: 128 });
   * ```
   */
  readonly detectorSizePx?: 128 | 192 | 256 | 384 | 512;
  /** Least `detectionScore` of a face, 0..1. Defaults to the detector's own, see its model card. */
  readonly minDetectionScore?: number;
}

/**
 * Which face of an image counts where one person is meant. `'only'` rejects an image with several faces. `'largest'` takes
 * the face with the largest box. A point takes the face whose box contains it, and of several the one whose center is
 * nearest. A face that `detect` found stands for the center of its box.
 */
export type FaceChoice = 'only' | 'largest' | Point | { readonly box: Box };

/** Why no template could be made from an image. */
export type AcquisitionFailure =
  /** No face was found. */
  | 'no-face'
  /** Several faces, and `'only'` was asked for. */
  | 'many-faces'
  /** The point that was given lies in no face. */
  | 'no-face-at-point';
