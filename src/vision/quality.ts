/** Measures the quality of a face image: size, light, sharpness, pose and structure. Its limits are set by recognition errors. */
import type { Point } from '../api/geometry.js';
import type { QualityIssue, QualityReport } from '../api/quality.js';
import { dlibChip, eyeCenters } from './align.js';
import { similarityScale, type Similarity } from './geometry.js';
import { luminanceOf, warp, type Pixels } from './image.js';
import { poseOf } from './pose.js';
import type { FaceStructure } from './structure.js';

/** The values beyond which a measure is rated `poor` and `unusable`. */
interface Limit {
  readonly poor: number;
  readonly unusable: number;
}

/**
 * Limits of each measure, set on LFW with `npx tsx lab/measure/quality.ts --data DIR`. The data are 250 people with at
 * least two photos each; one photo is degraded, the other is not. The limits serve both sets of models. Below, each value
 * of a measure is the median at one level of degradation, followed by the FNMR of the default embedder and that of
 * dlib's, at the threshold for an FMR of 1e-3. Without degradation, the FNMR is 2.0 and 8.0 %. It begins to rise at `poor`
 * and is three to five times as high at `unusable`.
 */
const LIMITS = {
  /**
   * Eye distance that a frontal face of this size has, in pixels of the image passed to recognition: 21 (2.8 and 7.6 %),
   * 17 (2.4 and 8.4 %), 12 (5.2 and 12.8 %), 10.5 (8.8 and 21.6 %), 8.4 (26.4 and 40.4 %).
   */
  size: { poor: 16, unusable: 10.5 },
  /**
   * Mean luminance: 0.25 (2.8 and 7.6 %), 0.15 (4.0 and 8.4 %), 0.10 (5.2 and 9.6 %), 0.07 (7.2 and 17.2 %), 0.05 (17.2
   * and 26.4 %). The darkest of 5,310 LFW photos has 0.195, so the limit reacts to poor light and not to dark skin.
   */
  dark: { poor: 0.12, unusable: 0.06 },
  /**
   * Mean luminance: 0.72 (3.6 and 13.2 %), 0.85 (12.0 and 25.2 %), 0.91 (26.4 and 44.0 %). The brightest LFW photo has
   * 0.79.
   */
  bright: { poor: 0.7, unusable: 0.8 },
  /**
   * See {@link sharpnessOf}: 0.32 (3.2 and 8.0 %), 0.26 (4.0 and 9.2 %), 0.17 (8.4 and 18.0 %), 0.11 (37.6 and 47.2 %).
   * 1 % of the LFW photos are below 0.24.
   */
  sharpness: { poor: 0.27, unusable: 0.18 },
  /**
   * Angle between the face and the camera, in degrees. Measured with undegraded photos of LFW compared with those of the
   * same person below 20 degrees: below 25 (0.8 to 1.4 %), 25 to 35 (1.9 %), 35 to 40 (0.1 %), 40 to 50 (5.3 %), 50 to
   * 60 (34.4 %, seven photos). With dlib's embedder, errors double from 25 degrees on.
   */
  pose: { poor: 40, unusable: 50 },
  /**
   * Probability of `judgeStructure`. For each value, the shares of 3,539 covered faces and of 1,200 others above it, all
   * of LFW: 0.92 (74 and 0.2 %), 0.82 (83 and 0.5 %), 0.68 (90 and 1 %). The FNMR is 0.6 % for uncovered faces, 10 to 42 %
   * for covered ones, depending on the cover, and 26 % for all faces above 0.7. It is never unusable, because some people
   * always cover a part of their face. At most, it halves the score.
   */
  occlusion: { poor: 0.68, unusable: 1.5 },
  /**
   * Probability of `judgeStructure`. For each value, the shares below it of 69 false detections, 1,200 faces of LFW and
   * 334 faces of WIDER FACE: 0.45 (77, 0.2 and 13.5 %), 0.63 (83, 0.5 and 19.8 %). All have 48 px or more.
   */
  faceLikeness: { poor: 0.63, unusable: 0.45 },
} as const satisfies Record<string, Limit>;

/**
 * Values beyond which {@link QualityReport.score} no longer improves. They are the medians of LFW or better.
 */
const IDEAL = {
  size: 40,
  dark: 0.25,
  bright: 0.6,
  sharpness: 0.5,
  pose: 20,
  occlusion: 0.5,
  faceLikeness: 0.9,
} as const;

/**
 * Side of the chip on which light and sharpness are measured, in pixels. The chip has no padding: the face fills it.
 */
const CHIP_SIZE = 100;
/**
 * Eye distance in a chip without padding, as a fraction of its side. Follows from the eye corners of dlib's template.
 */
const CHIP_EYES = 0.525;

/**
 * Measures the quality of a face. Takes about a millisecond.
 * @param landmarks 68 points in iBUG order, in pixels of `pixels`
 * @param scale pixels of the source per pixel of `pixels`, which may be a reduced copy
 */
export function measureQuality(
  pixels: Pixels,
  landmarks: readonly Point[],
  { occlusion, faceLikeness }: FaceStructure,
  scale: number,
): QualityReport {
  const toSource = dlibChip(landmarks, CHIP_SIZE, 0);
  const luminance = luminanceOf(warp(pixels, toSource, CHIP_SIZE, CHIP_SIZE));
  hideOutside(luminance, pixels, toSource);
  const size = similarityScale(toSource) * CHIP_SIZE * CHIP_EYES;
  const brightness = mean(luminance);
  const sharpness = sharpnessOf(luminance);
  const { yawDegrees, pitchDegrees } = poseOf(landmarks);
  const angle = Math.hypot(yawDegrees, pitchDegrees);

  type Measure = readonly [issue: QualityIssue, value: number, limit: Limit, ideal: number];
  const ofStructure: readonly Measure[] = [
    ['not-a-face', faceLikeness, LIMITS.faceLikeness, IDEAL.faceLikeness],
    ['occluded', occlusion, LIMITS.occlusion, IDEAL.occlusion],
  ];
  const measures: readonly Measure[] = [
    // A head that is turned far has another structure than the faces that the weights were fitted to.
    ...(angle > LIMITS.pose.unusable ? [] : ofStructure),
    ['too-small', size, LIMITS.size, IDEAL.size],
    ['extreme-pose', angle, LIMITS.pose, IDEAL.pose],
    ['blurred', sharpness, LIMITS.sharpness, IDEAL.sharpness],
    ['too-dark', brightness, LIMITS.dark, IDEAL.dark],
    ['too-bright', brightness, LIMITS.bright, IDEAL.bright],
  ];
  const poor: QualityIssue[] = [];
  const unusable: QualityIssue[] = [];
  let score = 1;
  for (const [issue, value, limit, ideal] of measures) {
    if (isBeyond(value, limit.unusable, ideal)) unusable.push(issue);
    else if (isBeyond(value, limit.poor, ideal)) poor.push(issue);
    score *= Math.min(1, Math.max(0, (value - limit.unusable) / (ideal - limit.unusable)));
  }
  const [left, right] = eyeCenters(landmarks);
  const eyeDistancePx = Math.hypot(right.x - left.x, right.y - left.y) * scale;
  return {
    eyeDistancePx,
    brightness,
    sharpness,
    yawDegrees,
    pitchDegrees,
    occlusion,
    faceLikeness,
    score,
    poor,
    unusable,
  };
}

/** Checks whether a value is on the far side of the limit, as seen from the ideal. */
function isBeyond(value: number, limit: number, ideal: number): boolean {
  return ideal > limit ? value < limit : value > limit;
}

/**
 * Sets the values of a chip that lie outside the image to NaN. The function `warp` fills them with black, which would
 * make a face at the border too dark, and the edge of the black area would make a blurred face seem sharp.
 */
function hideOutside(luminance: Float32Array, { width, height }: Pixels, { a, b, tx, ty }: Similarity): void {
  for (let v = 0, i = 0; v < CHIP_SIZE; v++) {
    for (let u = 0; u < CHIP_SIZE; u++, i++) {
      const x = a * (u + 0.5) - b * (v + 0.5) + tx;
      const y = b * (u + 0.5) + a * (v + 0.5) + ty;
      if (x < 0 || y < 0 || x >= width || y >= height) luminance[i] = Number.NaN;
    }
  }
}

/** Returns the mean of all values except NaN, or 0 when there are none. */
function mean(values: Float32Array): number {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / count : 0;
}

/**
 * Measures the sharpness of a chip as its fine detail relative to all detail. The value is the root mean square of the
 * Laplacian of the chip at half its size, divided by the standard deviation of that reduced chip. Blur halves it; half
 * the light does not change it. Of the scales and filters tried, this one depends least on brightness: it is 0.50 both
 * at full light and at a tenth of it.
 */
function sharpnessOf(luminance: Float32Array): number {
  const side = CHIP_SIZE / 2;
  const half = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const i = 2 * y * CHIP_SIZE + 2 * x;
      const sum =
        (luminance[i] as number) +
        (luminance[i + 1] as number) +
        (luminance[i + CHIP_SIZE] as number) +
        (luminance[i + CHIP_SIZE + 1] as number);
      half[y * side + x] = sum / 4;
    }
  }
  const average = mean(half);
  const variance = mean(half.map((value) => (value - average) ** 2));
  const energies = new Float32Array(side * side).fill(Number.NaN);
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const i = y * side + x;
      const around =
        (half[i - 1] as number) + (half[i + 1] as number) + (half[i - side] as number) + (half[i + side] as number);
      energies[i] = (4 * (half[i] as number) - around) ** 2;
    }
  }
  // Add the variance of one gray level, so that neither a uniform area nor its rounding errors count as detail.
  return Math.sqrt(mean(energies) / (variance + 1 / 255 ** 2));
}
