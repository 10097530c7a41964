/** Detected faces, and options of the search for them. */
import type { Box, Point } from './geometry.js';

/** A detected face. */
export interface DetectedFace {
  readonly box: Box;
  /** The detector's confidence that this is a face, 0..1. */
  readonly detectionScore: number;
  /**
   * Landmarks in source pixels. Either 5 points: left eye, right eye, nose tip, left and right mouth corner. Or 68
   * points in iBUG order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67. Empty with `landmarks: 0`.
   */
  readonly landmarks: readonly Point[];
  /** Roll of the head in degrees, clockwise in the image; 0 is upright. */
  readonly rollDegrees: number;
}

/** Whether the eyes of a face are open, 0 (closed) to 1 (open). Left and right are those of the image. */
export interface EyesOpen {
  readonly left: number;
  readonly right: number;
}

/** Options of the search for faces. Every operation on images takes them. */
export interface DetectorOptions {
  /**
   * Whether the image is a photo or a video frame. A photo is searched thoroughly, with a second pass at higher
   * resolution on uncertain detections; a video frame is searched fast, without it. Defaults to `'video'` for an
   * `HTMLVideoElement` and a `VideoFrame`, and to `'photo'` for all other images.
   * @example A frame of a video, drawn to a canvas:
   * ```ts
   * await kit.detect(canvas, { mode: 'video' });
   * ```
   */
  readonly mode?: 'photo' | 'video';
  /**
   * Parts of the image to search. Defaults to `'auto'`, or to `'whole'` with `detectorSizePx`.
   *
   * - `'whole'` searches the image as a whole.
   * - `'tiles'` also searches two or four overlapping parts of an image whose longer side has 640 px or more. It finds
   *   the small faces of a group photo and takes about five times as long.
   * - `'auto'` searches tiles only in photos whose first pass finds several small faces or no face.
   * @example The small faces of a class photo:
   * ```ts
   * await kit.detect(photo, { search: 'tiles' });
   * ```
   */
  readonly search?: 'auto' | 'whole' | 'tiles';
  /**
   * Longer side of the detector's input for the whole image, in pixels. A larger input finds smaller faces and takes
   * longer. Defaults to 384 for a photo whose longer side exceeds 384 px, and to 256 for all other images.
   * @example The fastest search, for a face near the camera:
   * ```ts
   * await kit.detect(video, { detectorSizePx: 128 });
   * ```
   */
  readonly detectorSizePx?: 128 | 192 | 256 | 384 | 512;
  /** Minimum `detectionScore` of a face, 0..1. Defaults to the value in the detector's model card. */
  readonly minDetectionScore?: number;
}

/**
 * The face to use in an image, for operations on one person.
 *
 * - `'only'` uses the only face, and rejects an image with several.
 * - `'largest'` uses the face with the largest box.
 * - A point, in source pixels, uses the face whose box contains it. If several do, it uses the one whose center is
 *   nearest.
 * - A face that `detect` returned is equivalent to the point at the center of its box.
 */
export type FaceChoice = 'only' | 'largest' | Point | { readonly box: Box };

/** Reason why an image gave no face to process. */
export type AcquisitionFailure =
  /** No face was found. */
  | 'no-face'
  /** The image shows several faces, and the face choice was `'only'`. */
  | 'many-faces'
  /** No face contains the given point. */
  | 'no-face-at-point';
