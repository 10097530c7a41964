/** An ImageBitmap as pixels. */
import { InfaceError } from '../../api/errors.js';
import { createPixels, type Pixels } from '../../vision/image.js';

/** Pixels of the largest canvas that is kept: those of a video of 1080 lines, 8 MB. */
const MAX_KEPT = 1920 * 1080;

/** @throws InfaceError `INVALID_INPUT` when the browser cannot give the pixels */
type ReadPixels = (bitmap: ImageBitmap) => Pixels;

/** Makes a function that draws a bitmap onto white, which flattens transparency, and reads it back. */
export function createPixelReader(): ReadPixels {
  // The frames of a video have one size, and a new canvas for each takes longer than drawing and reading.
  let kept: OffscreenCanvas | null = null;

  return (bitmap) => {
    const { width, height } = bitmap;
    const canvas = kept?.width === width && kept.height === height ? kept : new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new InfaceError('INVALID_INPUT', `The browser has no memory for ${width} x ${height} pixels.`);
    if (width * height <= MAX_KEPT) kept = canvas;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    return createPixels(width, height, context.getImageData(0, 0, width, height).data);
  };
}
