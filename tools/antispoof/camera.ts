/**
 * The one camera that both classes are seen by: lens, exposure, contrast and white balance, noise, sharpening. All of it is
 * drawn from the same distributions. Exposure, white balance and sharpening are automatic, as in every phone, and aim at values
 * that do not depend on the class, so that no plain feature gives it away.
 */
import type { Box } from '../../src/types.js';
import { cropRound } from '../../src/models/antispoof.js';
import { warp, type Pixels } from '../../src/vision/image.js';
import { channelMean, CROP_SIZE, energy, greyOf, laplacian, spread } from './features.js';
import { blur, chance, encodeGamma, normal, toPixels, type Random, type Raster } from './raster.js';

/** Of the crop that exposure is measured in, in sides of the box. */
const METERED_SCALE = 2.2;
/**
 * Mean and standard deviation of the plain features of unchanged photos (features.ts) over the photos to train with, at this
 * crop; `npx tsx tools/antispoof/make-data.ts --features` prints them.
 */
const PHOTOS = {
  brightness: [102, 27],
  contrast: [59, 13],
  sharpness: [6, 0.6],
  blueMinusRed: [-24, 23],
} as const;
/** How far one channel or the contrast may be amplified. */
const MAX_GAIN = 2.5;

/**
 * Exposes and develops what falls onto the sensor.
 * @param frame light; a square
 * @param box of the face in it, in pixels
 */
export function develop(frame: Raster, box: Box, random: Random): Pixels {
  const { width, height } = frame;
  const facePx = Math.max(box.width, box.height);
  const lens = (random(0.25, 0.9) * facePx) / 110;
  const light = vignette({ ...frame, data: blur(width, height, frame.data, Math.max(0.3, lens)) }, random(0, 0.3));
  const values = expose(width, encodeGamma(light), box, random);
  addNoise(width, height, values, random);
  return toPixels(width, height, sharpen(width, height, values, box, random));
}

/** Lenses give less light to the corners. */
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
  return warp(pixels, cropRound(pixels, box, METERED_SCALE, CROP_SIZE), CROP_SIZE, CROP_SIZE);
}

/** White balance, exposure and contrast, towards values that photos have. */
function expose(width: number, values: Float32Array, box: Box, random: Random): Float32Array {
  const seen = meter(width, values, box);
  const [red, blue] = [channelMean(seen, 0), channelMean(seen, 2)];
  const { mean, deviation } = spread(greyOf(seen));
  const [brightness, contrast, difference] = [
    Math.min(Math.max(draw(PHOTOS.brightness, random), 40), 200),
    Math.max(draw(PHOTOS.contrast, random), 18),
    draw(PHOTOS.blueMinusRed, random),
  ];
  const gain = Math.min(MAX_GAIN, contrast / Math.max(1, deviation));
  // The contrast comes after the white balance, and widens the difference as well.
  const shift = (difference / gain - (blue - red)) / Math.max(1, blue + red);
  const balance = [1 - shift, 1, 1 + shift].map((factor) => Math.min(Math.max(factor, 1 / MAX_GAIN), MAX_GAIN));
  return values.map((value, i) => Math.min(255, Math.max(0, (value * balance[i % 3]! - mean) * gain + brightness)));
}

/** Noise of the sensor, as it is or smeared by the camera's own filter. */
function addNoise(width: number, height: number, values: Float32Array, random: Random): void {
  const strength = chance(random, 0.2) ? 0 : random(0, 7);
  const colour = random(0.2, 0.8);
  const noise = new Float32Array(values.length);
  for (let i = 0; i < noise.length; i += 3) {
    const grey = normal(random);
    for (let c = 0; c < 3; c++) noise[i + c] = strength * (grey + colour * random(-1.7, 1.7));
  }
  const smear = chance(random, 0.5) ? random(0.4, 1) : 0;
  const added = smear > 0 ? blur(width, height, noise, smear) : noise;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + added[i]! * (1 + smear);
}

/** Unsharp masking towards a sharpness that photos have; what is too sharp already is softened. */
function sharpen(width: number, height: number, values: Float32Array, box: Box, random: Random): Float32Array {
  const target = Math.exp(draw(PHOTOS.sharpness, random));
  const scale = (METERED_SCALE * Math.max(box.width, box.height)) / CROP_SIZE;
  const soft = blur(width, height, values, Math.max(0.7, 0.8 * scale));
  const seen = laplacian(greyOf(meter(width, values, box)));
  const seenSoft = laplacian(greyOf(meter(width, soft, box)));
  const lost = seen.map((value, i) => value - seenSoft[i]!);
  // Energy of seen + k lost is a + 2 k b + k k c; k so that it is the target.
  const [a, b, c] = [energy(seen, seen), energy(seen, lost), energy(lost, lost)];
  const root = Math.sqrt(Math.max(0, b * b - c * (a - target)));
  const k = Math.min(3, Math.max(-1, (root - b) / Math.max(1e-6, c)));
  return values.map((value, i) => Math.min(255, Math.max(0, value + k * (value - soft[i]!))));
}

function draw([mean, deviation]: readonly [mean: number, deviation: number], random: Random): number {
  return mean + deviation * normal(random);
}
