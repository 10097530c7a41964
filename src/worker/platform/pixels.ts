/** Reads the pixels of an ImageBitmap. */
import { InfaceError } from '../../api/errors.js';
import { createPixels, type Pixels } from '../../vision/image.js';

/** Number of pixels of the largest canvas to keep: that of a 1080p video, 8 MB. */
const MAX_KEPT = 1920 * 1080;

/** @throws InfaceError `INVALID_INPUT` when the browser cannot provide the pixels */
type ReadPixels = (bitmap: ImageBitmap) => Pixels;

/** Creates a function that draws a bitmap onto white, which flattens transparency, and reads it back. */
export function createPixelReader(): ReadPixels {
  // All frames of a video have the same size, and creating a canvas for each takes longer than drawing and reading.
  let kept: OffscreenCanvas | null = null;

  return (bitmap) => {
    const { width, height } = bitmap;
    const canvas = kept?.width === width && kept.height === height ? kept : new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) {
      throw new InfaceError(
        'INVALID_INPUT',
        `The browser has no memory for ${width} x ${height} pixels. Use a smaller image.`,
      );
    }
    if (width * height <= MAX_KEPT) kept = canvas;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    return createPixels(width, height, context.getImageData(0, 0, width, height).data);
  };
}
