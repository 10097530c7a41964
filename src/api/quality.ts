/** Image quality of a face. */

/** A defect in the image of a face. */
export type QualityIssue = 'too-small' | 'too-dark' | 'too-bright' | 'blurred' | 'extreme-pose';

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
   * Combined score of all measures, 0 (unusable) to 1 (ideal). When a profile is full, `addImages` replaces the
   * templates with the lowest score first.
   */
  readonly score: number;
  /** Issues that harm recognition a little. */
  readonly poor: readonly QualityIssue[];
  /** Issues that harm recognition a lot. */
  readonly unusable: readonly QualityIssue[];
}
