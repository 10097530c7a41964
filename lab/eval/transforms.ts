/** Changes a photo before it is measured, on a canvas of the page. */
import { takeShot } from '../antispoof/browser.js';

/** Mid gray, neither shadow nor highlight, for areas that the photo does not cover. */
const GRAY = '#808080';
/** Seed of the noise; constant, so that every run adds the same noise. */
const NOISE_SEED = 1;

/**
 * Applies transforms in order, and closes the given bitmap.
 * @param steps separated by commas, empty for none: `blur:2` (standard deviation in pixels), `brightness:0.4` (factor),
 *   `contrast:0.5` (factor), `scale:0.3` (factor of both sides), `roll:30` (degrees clockwise, on a gray square that
 *   holds the photo at every angle), `jpeg:0.3` (the encoder's quality, 0..1), `noise:20` (standard deviation in gray
 *   levels, seeded), `gray:10:20:30:40` (covers the rectangle x, y, width, height), `cover:7:200:150:120:10:20:40:20:25:60`
 *   (covers a polygon: seed of its shading and stripes, red, green, blue, then x and y of each corner), `trim:18` (crops this many pixels
 *   on every side), `crop:10:20:30:40` (crops to what the photo has of the rectangle x, y, width, height), `spoof:2:7:10:20:30:40` (the simulator of lab/antispoof: kind, seed, and the face's box)
 */
export async function transform(bitmap: ImageBitmap, steps: string): Promise<ImageBitmap> {
  let changed = bitmap;
  for (const step of steps.split(',').filter((name) => name !== '')) {
    const before = changed;
    changed = await apply(before, step);
    before.close();
  }
  return changed;
}

async function apply(bitmap: ImageBitmap, step: string): Promise<ImageBitmap> {
  const [name = '', ...texts] = step.split(':');
  const values = texts.map(Number);
  const [value = NaN] = values;
  const { width, height } = bitmap;
  if (texts.length === 0 || values.some((number) => !Number.isFinite(number))) throw unknown(step);
  switch (name) {
    case 'blur':
      return filtered(bitmap, `blur(${value}px)`);
    case 'brightness':
    case 'contrast':
      return filtered(bitmap, `${name}(${value})`);
    case 'scale': {
      const { context, done } = draw(Math.round(width * value), Math.round(height * value));
      context.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height);
      return done();
    }
    case 'roll': {
      const side = Math.ceil(Math.hypot(width, height));
      const { context, done } = draw(side, side);
      context.fillStyle = GRAY;
      context.fillRect(0, 0, side, side);
      context.translate(side / 2, side / 2);
      context.rotate((value * Math.PI) / 180);
      context.drawImage(bitmap, -width / 2, -height / 2);
      return done();
    }
    case 'jpeg': {
      const { context } = draw(width, height);
      context.drawImage(bitmap, 0, 0);
      return createImageBitmap(await context.canvas.convertToBlob({ type: 'image/jpeg', quality: value }));
    }
    case 'noise':
      return noisy(bitmap, value);
    case 'gray': {
      const [x = 0, y = 0, w = 0, h = 0] = values;
      const { context, done } = draw(width, height);
      context.drawImage(bitmap, 0, 0);
      context.fillStyle = GRAY;
      context.fillRect(x, y, w, h);
      return done();
    }
    case 'cover': {
      const [seed = 0, red = 0, green = 0, blue = 0, ...corners] = values;
      return covered(bitmap, seed, [red, green, blue], corners);
    }
    case 'trim':
      return createImageBitmap(bitmap, value, value, width - 2 * value, height - 2 * value);
    case 'crop': {
      const [x = 0, y = 0, w = 0, h = 0] = values;
      const [left, top] = [Math.max(0, x), Math.max(0, y)];
      return createImageBitmap(bitmap, left, top, Math.min(width, x + w) - left, Math.min(height, y + h) - top);
    }
    case 'spoof': {
      const [kind = 0, seed = 0, x = 0, y = 0, w = 0, h = 0] = values;
      return takeShot(bitmap, kind, seed, { x, y, width: w, height: h });
    }
    default:
      throw unknown(step);
  }
}

function filtered(bitmap: ImageBitmap, filter: string): ImageBitmap {
  const { context, done } = draw(bitmap.width, bitmap.height);
  context.filter = filter;
  context.drawImage(bitmap, 0, 0);
  return done();
}

/** Largest change of the color by the shading, as a fraction. */
const SHADING = 0.35;
/** Share of the covers that have stripes, such as those of cloth, and their greatest opacity. */
const STRIPES = { share: 1 / 3, opacity: 0.35 } as const;
/** Greatest standard deviation of the blur of a cover, in pixels: photos are seldom sharper. */
const SOFTNESS = 1.2;

/** Covers a polygon with a shaded surface, which may have stripes. */
function covered(bitmap: ImageBitmap, seed: number, color: readonly number[], corners: readonly number[]): ImageBitmap {
  const { context, done } = draw(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const random = seeded(seed);
  const [xs, ys] = [corners.filter((_, i) => i % 2 === 0), corners.filter((_, i) => i % 2 === 1)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [cx, cy, radius] = [(left + right) / 2, (top + bottom) / 2, Math.hypot(right - left, bottom - top) / 2];
  const layer = draw(bitmap.width, bitmap.height);
  const path = new Path2D();
  for (const [i, x] of xs.entries()) path.lineTo(x, ys[i]!);
  path.closePath();
  layer.context.clip(path);

  const direction = () => {
    const angle = 2 * Math.PI * random();
    return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
  };
  const light = direction();
  const shading = layer.context.createLinearGradient(cx - light.x, cy - light.y, cx + light.x, cy + light.y);
  const tone = (factor: number) => `rgb(${color.map((value) => Math.round(value * factor)).join(' ')})`;
  shading.addColorStop(0, tone(1 + SHADING * random()));
  shading.addColorStop(random(), tone(1));
  shading.addColorStop(1, tone(1 - SHADING * random()));
  layer.context.fillStyle = shading;
  layer.context.fillRect(0, 0, bitmap.width, bitmap.height);
  if (random() < STRIPES.share) {
    layer.context.strokeStyle = `rgb(${random() < 0.5 ? '0 0 0' : '255 255 255'} / ${STRIPES.opacity * random()})`;
    layer.context.lineWidth = radius * (0.03 + 0.1 * random());
    const { x, y } = direction();
    for (let at = -1; at < 1; at += (layer.context.lineWidth * (2 + 3 * random())) / radius) {
      layer.context.beginPath();
      layer.context.moveTo(cx + x * at - y, cy + y * at + x);
      layer.context.lineTo(cx + x * at + y, cy + y * at - x);
      layer.context.stroke();
    }
  }
  context.filter = `blur(${SOFTNESS * random()}px)`;
  context.drawImage(layer.done(), 0, 0);
  return done();
}

/** Adds normally distributed noise to every channel. */
function noisy(bitmap: ImageBitmap, deviation: number): ImageBitmap {
  const { context, done } = draw(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const random = seeded(NOISE_SEED);
  // The array rounds and clamps; every fourth value is the opacity.
  for (let i = 0; i < image.data.length; i++) {
    if (i % 4 !== 3) image.data[i] = image.data[i]! + deviation * normal(random);
  }
  context.putImageData(image, 0, 0);
  return done();
}

/** Returns a normal number by Box and Muller's method, one of its pair. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Creates a generator of uniform numbers in [0, 1): mulberry32 by T. Ettinger. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function draw(width: number, height: number) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const context = canvas.getContext('2d');
  if (!context)
    throw new Error('The browser did not return a 2D canvas context. Use a browser that supports OffscreenCanvas.');
  context.imageSmoothingQuality = 'high';
  return { context, done: () => canvas.transferToImageBitmap() };
}

function unknown(step: string): Error {
  return new Error(`The transform '${step}' does not exist. Use one of those that transform() documents.`);
}
