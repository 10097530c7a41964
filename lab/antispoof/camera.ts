/**
 * The camera that records both classes: lens, exposure, contrast, white balance, noise, sharpening.
 *
 * Both classes draw its parameters from the same distributions. Exposure, white balance and sharpening are automatic,
 * as in any phone, and aim at values that do not depend on the class, so that no plain feature reveals the class.
 */
import type { Box } from '../../src/api/geometry.js';
import { cropRound } from '../../src/models/antispoof.js';
import { warp, type Pixels } from '../../src/vision/image.js';
import { channelMean, CROP_SCALE, CROP_SIZE, energy, grayOf, laplacian, spread } from './features.js';
import { blur, chance, encodeGamma, normal, toPixels, type Random, type Raster } from './raster.js';

/**
 * Mean and standard deviation of the plain features (features.ts) of unchanged training photos.
 * Measured at this crop; `npx tsx lab/antispoof/make-data.ts --features` prints them.
 */
const PHOTOS = {
  brightness: [105, 30],
  contrast: [58, 12],
  sharpness: [5.4, 1],
  blueMinusRed: [-32, 22],
} as const;
/** Largest gain applied to a channel or to the contrast. */
const MAX_GAIN = 4;
/** Range of the unsharp masking strength; -1 returns the blurred image. */
const [MIN_SHARPENING, MAX_SHARPENING] = [-1, 6];
const MAX_ROUNDS = 4;
/**
 * Sharpness removed from attacks beforehand, as a logarithm.
 * JPEG removes less of a medium's dots and pixels than of skin and noise.
 */
const LOST_TO_JPEG = 0.2;

/**
 * Exposes and develops the light that reaches the sensor.
 * @param frame linear light; a square
 * @param box the face's box in the frame, in pixels
 * @param showsMedium whether this is an attack; only affects the correction for the sharpness lost to JPEG
 */
export function develop(frame: Raster, box: Box, showsMedium: boolean, random: Random): Pixels {
  const { width, height } = frame;
  const facePx = Math.max(box.width, box.height);
  const lens = (random(0.25, 0.9) * facePx) / 110;
  const light = vignette({ ...frame, data: blur(width, height, frame.data, Math.max(0.3, lens)) }, random(0, 0.3));
  const exposure = drawExposure(random);
  const values = expose(width, encodeGamma(light), box, exposure);
  addNoise(width, height, values, random);
  const target = Math.exp(draw(PHOTOS.sharpness, random) - (showsMedium ? LOST_TO_JPEG : 0));
  const sharp = sharpen(width, height, values, box, target);
  // Noise and sharpening change the contrast, by different amounts for the two classes: expose again.
  return toPixels(width, height, expose(width, sharp, box, exposure));
}

/** Darkens the corners, as a lens does. */
function vignette(frame: Raster, strength: number): Raster {
  const { width, height, data } = frame;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [(2 * x) / width - 1, (2 * y) / height - 1];
      const gain = 1 - (strength * (dx * dx + dy * dy)) / 2;
      for (let c = 0; c < 3; c++, o++) data[o] = data[o]! * gain;
    }
  }
  return frame;
}

function meter(width: number, values: Float32Array, box: Box): Float32Array {
  const pixels = toPixels(width, values.length / width / 3, values);
  return warp(pixels, cropRound(pixels, box, CROP_SCALE, CROP_SIZE), CROP_SIZE, CROP_SIZE);
}

/** The values that white balance, exposure and contrast aim for, drawn from those of photos. */
type Exposure = Readonly<Record<'brightness' | 'contrast' | 'blueMinusRed', number>>;

function drawExposure(random: Random): Exposure {
  return {
    brightness: Math.min(Math.max(draw(PHOTOS.brightness, random), 40), 200),
    contrast: Math.max(draw(PHOTOS.contrast, random), 18),
    blueMinusRed: draw(PHOTOS.blueMinusRed, random),
  };
}

function expose(width: number, values: Float32Array, box: Box, exposure: Exposure): Float32Array {
  const seen = meter(width, values, box);
  const [red, blue] = [channelMean(seen, 0), channelMean(seen, 2)];
  const { mean, deviation } = spread(grayOf(seen));
  const { brightness, contrast, blueMinusRed } = exposure;
  const gain = Math.min(MAX_GAIN, contrast / Math.max(1, deviation));
  // The contrast gain is applied after the white balance and also scales the blue-red difference.
  const shift = (blueMinusRed / gain - (blue - red)) / Math.max(1, blue + red);
  const balance = [1 - shift, 1, 1 + shift].map((factor) => Math.min(Math.max(factor, 1 / MAX_GAIN), MAX_GAIN));
  return values.map((value, i) => Math.min(255, Math.max(0, (value * balance[i % 3]! - mean) * gain + brightness)));
}

/** Adds sensor noise, raw or smeared as by a camera's denoising filter. */
function addNoise(width: number, height: number, values: Float32Array, random: Random): void {
  const strength = chance(random, 0.2) ? 0 : random(0, 7);
  const color = random(0.2, 0.8);
  const noise = new Float32Array(values.length);
  for (let i = 0; i < noise.length; i += 3) {
    const gray = normal(random);
    for (let c = 0; c < 3; c++) noise[i + c] = strength * (gray + color * random(-1.7, 1.7));
  }
  const smear = chance(random, 0.5) ? random(0.4, 1) : 0;
  const added = smear > 0 ? blur(width, height, noise, smear) : noise;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + added[i]! * (1 + smear);
}

/**
 * Sharpens by unsharp masking to the target sharpness, drawn from that of photos.
 * An image that is already too sharp is blurred, in several rounds if needed.
 */
function sharpen(width: number, height: number, values: Float32Array, box: Box, target: number): Float32Array {
  const scale = (CROP_SCALE * Math.max(box.width, box.height)) / CROP_SIZE;
  for (let round = 0, k = MIN_SHARPENING; round < MAX_ROUNDS && k === MIN_SHARPENING; round++) {
    const soft = blur(width, height, values, Math.max(0.7, 0.8 * scale));
    const seen = laplacian(grayOf(meter(width, values, box)));
    const seenSoft = laplacian(grayOf(meter(width, soft, box)));
    const lost = seen.map((value, i) => value - seenSoft[i]!);
    // The energy of seen + k lost is a + 2 k b + k k c; solve for the k that reaches the target.
    const [a, b, c] = [energy(seen, seen), energy(seen, lost), energy(lost, lost)];
    const root = Math.sqrt(Math.max(0, b * b - c * (a - target)));
    k = Math.min(MAX_SHARPENING, Math.max(MIN_SHARPENING, (root - b) / Math.max(1e-6, c)));
    values = values.map((value, i) => Math.min(255, Math.max(0, value + k * (value - soft[i]!))));
  }
  return values;
}

function draw([mean, deviation]: readonly [mean: number, deviation: number], random: Random): number {
  return mean + deviation * normal(random);
}
