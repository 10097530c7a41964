/** The images that an operation accepts. */
import type { FaceChoice } from './faces.js';
import type { OpenImage } from './open-image.js';

/**
 * An image that an operation accepts. A string or URL is the absolute address of an image (http:, https:, blob: or data:),
 * which the page fetches: another origin needs CORS headers, and a Content-Security-Policy must allow the address in
 * `connect-src`. A video gives the frame it shows. EXIF orientation is applied, transparency is flattened onto white, and an
 * image is reduced to at most 3,072 px on its longer side before faces are detected.
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

/** An image of one person; `face` chooses one of several. */
export type FaceImage = ImageInput | { readonly image: ImageInput; readonly face?: FaceChoice };
