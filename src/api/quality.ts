/** How well a face is shown. */

/** What may be wrong with the picture of a face. */
export type QualityIssue = 'too-small' | 'too-dark' | 'too-bright' | 'blurred' | 'extreme-pose';

/**
 * How well a face is shown. Limits and what they rest on are in `src/vision/quality.ts`: a face with `unusable` issues is
 * recognized much worse than others, one with `poor` issues a little.
 */
export interface QualityReport {
  /** Distance between the centers of the eyes in pixels of the source. */
  readonly eyeDistancePx: number;
  /** Mean luminance of the face, 0 (black) to 1 (white). */
  readonly brightness: number;
  /** Sharpness of the face at the size that recognition works on; 0 is a plain area, higher is sharper. */
  readonly sharpness: number;
  /** Estimated turn of the head to the side, in degrees; 0 is frontal, positive is to the right in the image. */
  readonly yawDegrees: number;
  /** Estimated nod of the head, in degrees; 0 is frontal, positive is upwards. */
  readonly pitchDegrees: number;
  /** All measures in one number, 0 (useless) to 1 (ideal); the template of the lowest one is replaced first. */
  readonly score: number;
  /** What should be better. */
  readonly poor: readonly QualityIssue[];
  /** What is too bad to be used. */
  readonly unusable: readonly QualityIssue[];
}
