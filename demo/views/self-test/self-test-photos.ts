/** The photos of the self-test, and what is done to them: each transformation knows where it moves a point to. */
import type { Box, Point } from '../../../src/index.js';
import { centerOf } from '../../draw.js';

/** As many faces are in the sample photos. */
export const FACES_IN_PHOTOS = 22;

export const TRANSFORMATIONS = ['mirrored', 'smaller', 'compressed', 'darker', 'rotated'] as const;
export type Transformation = (typeof TRANSFORMATIONS)[number];

const SMALLER = 0.8;
const JPEG_QUALITY = 0.7;
/** How much of the light is taken away. */
const DARKER = 0.4;
const RADIANS = (10 * Math.PI) / 180;
/** How far around the box a cut-out reaches, in box sizes, and how large it is at most, in pixels. */
const CUT = { reach: 2.2, maxPx: 320 } as const;

export interface Transformed {
  readonly picture: HTMLCanvasElement;
  readonly scale: number;
  readonly map: (point: Point) => Point;
}

/** A face that was cut out; it is in the middle. */
export interface Cut {
  readonly image: HTMLCanvasElement;
  readonly face: Point;
}

export async function transform(photo: ImageBitmap, how: Transformation): Promise<Transformed> {
  const { width, height } = photo;
  switch (how) {
    case 'mirrored': {
      const { picture, context } = createPicture(width, height);
      context.setTransform(-1, 0, 0, 1, width, 0);
      context.drawImage(photo, 0, 0);
      return { picture, scale: 1, map: ({ x, y }) => ({ x: width - x, y }) };
    }
    case 'smaller': {
      const { picture, context } = createPicture(width * SMALLER, height * SMALLER);
      context.drawImage(photo, 0, 0, picture.width, picture.height);
      return { picture, scale: SMALLER, map: ({ x, y }) => ({ x: x * SMALLER, y: y * SMALLER }) };
    }
    case 'compressed': {
      const { picture, context } = createPicture(width, height);
      context.drawImage(photo, 0, 0);
      const file = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, 'image/jpeg', JPEG_QUALITY));
      if (file) context.drawImage(await createImageBitmap(file), 0, 0);
      return { picture, scale: 1, map: (point) => point };
    }
    case 'darker': {
      const { picture, context } = createPicture(width, height);
      context.drawImage(photo, 0, 0);
      context.fillStyle = `rgb(0 0 0 / ${DARKER})`;
      context.fillRect(0, 0, width, height);
      return { picture, scale: 1, map: (point) => point };
    }
    case 'rotated': {
      const [cos, sin] = [Math.cos(RADIANS), Math.sin(RADIANS)];
      // Large enough that no corner is cut off.
      const { picture, context } = createPicture(width * cos + height * sin, width * sin + height * cos);
      const [dx, dy] = [height * sin, 0];
      context.setTransform(cos, sin, -sin, cos, dx, dy);
      context.drawImage(photo, 0, 0);
      return { picture, scale: 1, map: ({ x, y }) => ({ x: cos * x - sin * y + dx, y: sin * x + cos * y + dy }) };
    }
  }
}

/** @param box where the face is in the photo; @param how where that came to */
export function cutOut(source: CanvasImageSource, box: Box, { scale, map }: Omit<Transformed, 'picture'>): Cut {
  const center = map(centerOf(box));
  const side = Math.max(box.width, box.height) * CUT.reach * scale;
  const size = Math.round(Math.min(CUT.maxPx, side));
  const { picture, context } = createPicture(size, size);
  context.drawImage(source, center.x - side / 2, center.y - side / 2, side, side, 0, 0, size, size);
  return { image: picture, face: { x: size / 2, y: size / 2 } };
}

function createPicture(
  width: number,
  height: number,
): { readonly picture: HTMLCanvasElement; readonly context: CanvasRenderingContext2D } {
  const picture = document.createElement('canvas');
  picture.width = Math.round(width);
  picture.height = Math.round(height);
  const context = picture.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser draws no canvas.');
  return { picture, context };
}
