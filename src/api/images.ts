/** What an operation takes as an image, and which face of it counts. */
import type { Point } from './geometry.js';

/**
 * What an operation accepts as an image. A string is a `data:` URL; other URLs are refused, fetch them first.
 * Videos give the frame they show. EXIF orientation is honored, transparency is flattened onto white, and a photo is
 * reduced to at most 3,072 px on its longer side before faces are looked for.
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
  | string;

/**
 * Which face of an image counts where one person is meant: `'only'` rejects an image with several faces, `'largest'`
 * takes the one of the largest box, a point takes the face whose box contains it, and of several the one whose center
 * is nearest.
 */
export type FaceChoice = 'only' | 'largest' | Point;

/** An image of one person; with `face`, the choice for an image that shows several. */
export type FaceImage = ImageInput | { readonly image: ImageInput; readonly face?: FaceChoice };
