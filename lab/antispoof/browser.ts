/** The simulator in a browser: a bitmap in, and what a camera would store of it out. */
import type { Box } from '../../src/api/geometry.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { KINDS, simulate, type Shot } from './simulate.js';

const readPixels = createPixelReader();

/** A camera's JPEG, by the browser's own encoder, decoded. */
export async function compress({ pixels, jpegQuality }: Shot): Promise<ImageBitmap> {
  const { width, height, data } = pixels;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gives no 2D canvas.');
  context.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return createImageBitmap(await canvas.convertToBlob({ type: 'image/jpeg', quality: jpegQuality }));
}

/** @param kind index in {@link KINDS} */
export async function takeShot(photo: ImageBitmap, kind: number, seed: number, box: Box): Promise<ImageBitmap> {
  return compress(simulate(readPixels(photo), box, KINDS[kind] ?? 'bona fide', seed));
}
