/** An ImageBitmap as pixels. */
import { InfaceError } from '../errors.js';
import { createPixels, type Pixels } from '../vision/image.js';

/**
 * Draws a bitmap onto white, which flattens transparency, and reads it back.
 * @throws InfaceError `INVALID_INPUT` when the browser cannot give the pixels
 */
export function readPixels(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new InfaceError('INVALID_INPUT', `The browser has no memory for ${width} x ${height} pixels.`);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  return createPixels(width, height, context.getImageData(0, 0, width, height).data);
}
