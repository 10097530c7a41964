/**
 * Plain image features of a crop.
 * None of them may separate the simulated classes, or the network learns that feature and nothing else.
 */

/** Side of the model's input crop, in pixels. */
export const CROP_SIZE = 160;
/**
 * Side of the crop as a multiple of the face box's side.
 * Wide enough to include the edge of a sheet, close enough to resolve its dots.
 */
export const CROP_SCALE = 2;

export interface PlainFeatures {
  /** Mean luminance, 0..255. */
  readonly brightness: number;
  /** Standard deviation of the luminance. */
  readonly contrast: number;
  /** Logarithm of the mean square of the Laplacian of the luminance. */
  readonly sharpness: number;
  /** Mean of blue minus mean of red. */
  readonly blueMinusRed: number;
  /** Unevenness of the steps between columns at period 8, relative to periods 7 and 9. */
  readonly jpegGrid: number;
}

export const FEATURE_NAMES = ['brightness', 'contrast', 'sharpness', 'blueMinusRed', 'jpegGrid'] as const;

/**
 * Computes the plain features of a crop.
 * @param planes R, G, B of {@link CROP_SIZE} squared, 0..255
 */
export function plainFeatures(planes: ArrayLike<number>): PlainFeatures {
  const gray = grayOf(planes);
  const { mean, deviation } = spread(gray);
  return {
    brightness: mean,
    contrast: deviation,
    sharpness: Math.log(energy(laplacian(gray), laplacian(gray)) + 1e-3),
    blueMinusRed: channelMean(planes, 2) - channelMean(planes, 0),
    jpegGrid: gridStrength(gray),
  };
}

/** Returns the luminance of planes R, G, B (ITU-R BT.601). */
export function grayOf(planes: ArrayLike<number>): Float32Array {
  const plane = planes.length / 3;
  return Float32Array.from(
    { length: plane },
    (_, i) => 0.299 * planes[i]! + 0.587 * planes[plane + i]! + 0.114 * planes[2 * plane + i]!,
  );
}

export function channelMean(planes: ArrayLike<number>, channel: number): number {
  const plane = planes.length / 3;
  let sum = 0;
  for (let i = channel * plane; i < (channel + 1) * plane; i++) sum += planes[i]!;
  return sum / plane;
}

export function spread(gray: Float32Array): { readonly mean: number; readonly deviation: number } {
  let [sum, squares] = [0, 0];
  for (const value of gray) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / gray.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / gray.length - mean * mean)) };
}

/** Returns the Laplacian: the difference of each inner pixel from its four neighbors; 0 at the border. */
export function laplacian(gray: Float32Array): Float32Array {
  const out = new Float32Array(gray.length);
  for (let y = 1; y < CROP_SIZE - 1; y++) {
    for (let x = 1, i = y * CROP_SIZE + 1; x < CROP_SIZE - 1; x++, i++) {
      out[i] = 4 * gray[i]! - gray[i - 1]! - gray[i + 1]! - gray[i - CROP_SIZE]! - gray[i + CROP_SIZE]!;
    }
  }
  return out;
}

/** Returns the mean of the pixelwise product of two images. */
export function energy(first: Float32Array, second: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < first.length; i++) sum += first[i]! * second[i]!;
  return sum / first.length;
}

/** Cap on a step, in gray levels: block edges are weak, and strong image edges would hide them. */
const MAX_STEP = 6;

/**
 * Measures the JPEG grid: unevenness at period 8 relative to that at 7 and 9.
 * Crops with little texture are uneven at every period, JPEG blocks only at 8.
 */
function gridStrength(gray: Float32Array): number {
  return unevenness(gray, 8) / ((unevenness(gray, 7) + unevenness(gray, 9)) / 2);
}

/** Returns the column steps at the strongest phase of a period over the mean of all phases. */
function unevenness(gray: Float32Array, period: number): number {
  const steps = new Float64Array(period);
  const counts = new Float64Array(period);
  for (let x = 1; x < CROP_SIZE; x++) {
    for (let y = 0; y < CROP_SIZE; y++) {
      const i = y * CROP_SIZE + x;
      steps[x % period]! += Math.min(MAX_STEP, Math.abs(gray[i]! - gray[i - 1]!));
      counts[x % period]!++;
    }
  }
  const means = steps.map((sum, phase) => sum / counts[phase]! + 1e-3);
  return Math.max(...means) / (means.reduce((sum, value) => sum + value, 0) / period);
}
