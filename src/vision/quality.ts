/** How well a face is shown: size, light, sharpness and pose, and where recognition suffers from them. */
import type { Point, QualityIssue, QualityReport } from '../api/types.js';
import { dlibChip } from './align.js';
import { similarityScale, type Similarity } from './geometry.js';
import { luminanceOf, warp, type Pixels } from './image.js';
import { poseOf } from './pose.js';

/** From where on a measure is `poor`, and from where on `unusable`. */
interface Limit {
  readonly poor: number;
  readonly unusable: number;
}

/**
 * Set on LFW (`npx tsx lab/measure/quality.ts --data DIR`): 250 people with two photos or more, one photo degraded, one
 * not, at the distance of FMR 1e-3. Undegraded, 8.0 % are not recognised; unusable is where it is about three times that,
 * poor where it begins to rise. In brackets what is not recognised, at the median of the measure.
 */
const LIMITS = {
  /**
   * Distance of the eyes of a frontal face of this size, in pixels of the image that recognition sees: 21 (7.6 %), 17
   * (8.4 %), 12 (12.8 %), 10.5 (21.6 %), 8.4 (40.4 %).
   */
  size: { poor: 16, unusable: 10.5 },
  /**
   * Mean luminance: 0.25 (7.6 %), 0.15 (8.4 %), 0.10 (9.6 %), 0.07 (17.2 %), 0.05 (26.4 %). The darkest of 5,310 LFW photos
   * has 0.195: this is about light, and far from telling skins apart.
   */
  dark: { poor: 0.12, unusable: 0.06 },
  /** Mean luminance: 0.72 (13.2 %), 0.85 (25.2 %), 0.91 (44.0 %). The brightest LFW photo has 0.79. */
  bright: { poor: 0.7, unusable: 0.8 },
  /** See {@link sharpnessOf}: 0.32 (8.0 %), 0.26 (9.2 %), 0.17 (18.0 %), 0.11 (47.2 %). 1 % of LFW is below 0.24. */
  sharpness: { poor: 0.27, unusable: 0.18 },
  /**
   * Angle between the face and the camera in degrees, on undegraded photos with frontal ones of the same person: below 25
   * 6.6 to 8.1 %, 25 to 30 14.2 %, 30 to 40 19.4 %, 40 to 50 25.9 %, above 72.7 %.
   */
  pose: { poor: 25, unusable: 45 },
} as const satisfies Record<string, Limit>;

/** Where each measure is so good that more does not help, for {@link QualityReport.score}: the medians of LFW or beyond. */
const IDEAL = { size: 40, dark: 0.25, bright: 0.6, sharpness: 0.5, pose: 10 } as const;

/** Side of the chip that light and sharpness are measured on, in pixels. The face fills it: no padding. */
const CHIP_SIZE = 100;
/** Distance of the eyes in a chip without padding, as a part of its side: the eye corners of dlib's template. */
const CHIP_EYES = 0.525;

/**
 * Measures a face. Takes about a millisecond.
 * @param landmarks 68 points in iBUG order, in pixels of `pixels`
 * @param scale pixels of the source per pixel of `pixels`, which may be a reduced copy
 */
export function measureQuality(pixels: Pixels, landmarks: readonly Point[], scale: number): QualityReport {
  const toSource = dlibChip(landmarks, CHIP_SIZE, 0);
  const luminance = luminanceOf(warp(pixels, toSource, CHIP_SIZE, CHIP_SIZE));
  hideOutside(luminance, pixels, toSource);
  const size = similarityScale(toSource) * CHIP_SIZE * CHIP_EYES;
  const brightness = mean(luminance);
  const sharpness = sharpnessOf(luminance);
  const { yawDegrees, pitchDegrees } = poseOf(landmarks);
  const angle = Math.hypot(yawDegrees, pitchDegrees);

  const measures: readonly (readonly [QualityIssue, value: number, Limit, ideal: number])[] = [
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
  const [left, right] = [centre(landmarks, 36, 42), centre(landmarks, 42, 48)];
  const eyeDistancePx = Math.hypot(right.x - left.x, right.y - left.y) * scale;
  return { eyeDistancePx, brightness, sharpness, yawDegrees, pitchDegrees, score, poor, unusable };
}

/** Whether a value lies on the side of the limit that is away from the ideal. */
function isBeyond(value: number, limit: number, ideal: number): boolean {
  return ideal > limit ? value < limit : value > limit;
}

/**
 * Makes what lies outside of the image NaN. `warp` paints it black, which would make a face at the border dark, and its
 * edge would make a blurred one sharp.
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

/** Of the values that are numbers; 0 when there is none. */
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
 * Root mean square of the Laplacian of the chip at half its size, divided by the standard deviation of what it is taken
 * of: fine detail as a part of all detail, which halves with blur and keeps when the light is halved. Of the scales and
 * filters that were tried it depends least on brightness: 0.50 at full light and at a tenth of it.
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
  // One grey level: a plain area has no detail, and its rounding is none either.
  return Math.sqrt(mean(energies) / (variance + 1 / 255 ** 2));
}

function centre(landmarks: readonly Point[], from: number, to: number): Point {
  const points = landmarks.slice(from, to);
  return {
    x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
    y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
  };
}
