/** Runs the simulator in a browser: takes a bitmap and returns what a camera would store of it. */
import type { Box } from '../../src/api/geometry.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { KINDS, simulate, type Shot } from './simulate.js';

const readPixels = createPixelReader();

/** Encodes the shot as JPEG with the browser's encoder, and decodes it again. */
export async function compress({ pixels, jpegQuality }: Shot): Promise<ImageBitmap> {
  const { width, height, data } = pixels;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context)
    throw new Error('The browser did not return a 2D canvas context. Use a browser that supports OffscreenCanvas.');
  context.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return createImageBitmap(await canvas.convertToBlob({ type: 'image/jpeg', quality: jpegQuality }));
}

/**
 * Simulates one shot of a photo, including its JPEG compression.
 * @param kind index in {@link KINDS}
 */
export async function takeShot(photo: ImageBitmap, kind: number, seed: number, box: Box): Promise<ImageBitmap> {
  return compress(simulate(readPixels(photo), box, KINDS[kind] ?? 'bona fide', seed));
}
