/** Changes to a photo before it is measured, on a canvas of the page. */
import { takeShot } from '../antispoof/browser.js';

/** Grey that is neither a shadow nor a highlight, for what a photo does not show. */
const GREY = '#808080';
/** Any constant: every run adds the same noise. */
const NOISE_SEED = 1;

/**
 * One transform after the other; the bitmap that is given is closed.
 * @param steps separated by commas, empty for none: `blur:2` (standard deviation in pixels), `brightness:0.4` (factor),
 * `contrast:0.5` (factor), `scale:0.3` (factor of both sides), `roll:30` (degrees clockwise, on a grey square that holds
 * the photo at every angle), `jpeg:0.3` (the encoder's quality, 0..1), `noise:20` (standard deviation in grey levels,
 * seeded), `grey:10:20:30:40` (covers the rectangle x, y, width, height), `trim:18` (cuts so many pixels off all round),
 * `spoof:2:7:10:20:30:40` (the simulator of lab/antispoof: kind, seed, and the face's box)
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
      context.fillStyle = GREY;
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
    case 'grey': {
      const [x = 0, y = 0, w = 0, h = 0] = values;
      const { context, done } = draw(width, height);
      context.drawImage(bitmap, 0, 0);
      context.fillStyle = GREY;
      context.fillRect(x, y, w, h);
      return done();
    }
    case 'trim':
      return createImageBitmap(bitmap, value, value, width - 2 * value, height - 2 * value);
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

/** Adds normally distributed noise to every channel. */
function noisy(bitmap: ImageBitmap, deviation: number): ImageBitmap {
  const { context, done } = draw(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const random = seeded(NOISE_SEED);
  // Rounds and clamps by itself; every fourth value is the opacity.
  for (let i = 0; i < image.data.length; i++) {
    if (i % 4 !== 3) image.data[i] = image.data[i]! + deviation * normal(random);
  }
  context.putImageData(image, 0, 0);
  return done();
}

/** Box and Muller's method: one of its two numbers. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32 by T. Ettinger: uniform in 0..1, without 1. */
function seeded(seed: number): () => number {
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
  if (!context) throw new Error('The browser gives no 2D canvas.');
  context.imageSmoothingQuality = 'high';
  return { context, done: () => canvas.transferToImageBitmap() };
}

function unknown(step: string): Error {
  return new Error(`Unknown transform '${step}'.`);
}
