/** Image quality of a face. */

/** A defect in the image of a face. */
export type QualityIssue =
  'too-small' | 'too-dark' | 'too-bright' | 'blurred' | 'extreme-pose' | 'occluded' | 'not-a-face';

/**
 * Image quality of a face. A face with `unusable` issues is recognized much worse than others, one with `poor` issues a
 * little worse. `src/vision/quality.ts` has the limits and their measurements.
 */
export interface QualityReport {
  /** Distance between the centers of the eyes, in source pixels. */
  readonly eyeDistancePx: number;
  /** Mean luminance of the face, 0 (black) to 1 (white). */
  readonly brightness: number;
  /** Sharpness of the face, scaled to a fixed size; 0 is a uniform area, higher is sharper. */
  readonly sharpness: number;
  /** Estimated yaw of the head, in degrees; 0 is frontal, positive is to the right in the image. */
  readonly yawDegrees: number;
  /** Estimated pitch of the head, in degrees; 0 is frontal, positive is upward. */
  readonly pitchDegrees: number;
  /**
   * Probability that a part of the face is covered, for example by a mask, a hand or sunglasses, 0..1. It is estimated
   * from the edges in the image and assumes that half of all faces are covered.
   */
  readonly occlusion: number;
  /**
   * Probability that this is a face, 0..1, estimated from the edges in the image. It assumes that half of all detections
   * are. Animals, drawings and things that a detector takes for a face have low values.
   */
  readonly faceLikeness: number;
  /**
   * Combined score of all measures, 0 (unusable) to 1 (ideal). When a profile is full, `addImages` replaces the
   * templates with the lowest score first.
   */
  readonly score: number;
  /** Issues that harm recognition a little. */
  readonly poor: readonly QualityIssue[];
  /** Issues that harm recognition a lot. */
  readonly unusable: readonly QualityIssue[];
}
