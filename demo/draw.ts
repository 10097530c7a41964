/** Sizes and pictures of faces. */
import type { Box } from '../src/index.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How far around the box a thumbnail reaches, in box sizes. */
const THUMBNAIL_REACH = 1.5;

/** A size reduced to at most `max` on its longer side. */
export function fit({ width, height }: Size, max: number): Size {
  const scale = Math.min(1, max / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A photo that is shown reduced. */
export interface Painted {
  readonly picture: HTMLCanvasElement;
  /** Of the photo itself. */
  readonly size: Size;
}

/** Paints a photo with at most `maxSide` pixels on its longer side. @throws what `createImageBitmap` throws */
export async function paintPhoto(file: Blob, maxSide: number): Promise<Painted> {
  const bitmap = await createImageBitmap(file);
  const size = { width: bitmap.width, height: bitmap.height };
  const picture = Object.assign(document.createElement('canvas'), fit(size, maxSide));
  picture.getContext('2d')?.drawImage(bitmap, 0, 0, picture.width, picture.height);
  bitmap.close();
  return { picture, size };
}

/** A square picture of one face. */
export function drawThumbnail(picture: CanvasImageSource, pictureScale: number, box: Box): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 144;
  const side = Math.max(box.width, box.height) * THUMBNAIL_REACH * pictureScale;
  const x = (box.x + box.width / 2) * pictureScale - side / 2;
  const y = (box.y + box.height / 2) * pictureScale - side / 2;
  canvas.getContext('2d')?.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function centerOf({ x, y, width, height }: Box): { x: number; y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}

/** Faces in the order in which a picture is read. */
export function leftToRight<F extends { readonly box: Box }>(faces: readonly F[]): readonly F[] {
  return faces.toSorted((a, b) => centerOf(a.box).x - centerOf(b.box).x);
}
