/** Images that operations accept. */
import type { FaceChoice } from './faces.js';
import type { OpenImage } from './open-image.js';

/**
 * An image that an operation accepts.
 *
 * A string or URL is the absolute address of an image (http:, https:, blob: or data:), which the page fetches. Other
 * origins must send CORS headers, and a Content-Security-Policy must allow the address in `connect-src`. A video
 * provides the frame that it currently shows. The kit applies the EXIF orientation, flattens transparency onto white,
 * and reduces the image to at most 3,072 px on its longer side before it detects faces.
 *
 * A file is a JPEG, PNG, GIF, WebP, AVIF, HEIC or BMP that the browser decodes. Its size is read before it is decoded:
 * more than 100 megapixels are `LIMIT_EXCEEDED`, and a file whose header states no size is `INVALID_INPUT`.
 */
export type ImageInput =
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame
  | OpenImage
  | string
  | URL;

/** An image of one person. `face` selects one of several faces; its default depends on the operation. */
export type FaceImage = ImageInput | { readonly image: ImageInput; readonly face?: FaceChoice };
