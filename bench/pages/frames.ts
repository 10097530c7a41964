/** The pictures for all subjects: cut from face-api.js's sample photos (MIT), drawn once. */

export type FrameName = 'photo-720' | 'photo-1080' | 'group';

interface Layout {
  readonly width: number;
  readonly height: number;
  /** Number of columns of equal tiles, filled in reading order. */
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the frame per pixel of the photos. */
  readonly scale: number;
  /** Per tile: the number of the sample photo, and the pixel of it at the tile's center. */
  readonly tiles: readonly (readonly [sample: number, x: number, y: number])[];
}

/** One face in each of the samples 1 to 6, in pixels. */
const FACES = [
  [1, 515, 500],
  [2, 987, 360],
  [3, 693, 484],
  [4, 756, 210],
  [5, 859, 245],
  [6, 783, 498],
] as const;
const ONE = { columns: 1, rows: 1, tiles: FACES.slice(0, 1) };

const LAYOUTS: Readonly<Record<FrameName, Layout>> = {
  // The frame of the peers' published figures: one face of about 330 px.
  'photo-720': { width: 1280, height: 720, scale: 1.63, ...ONE },
  'photo-1080': { width: 1920, height: 1080, scale: 1.5 * 1.63, ...ONE },
  group: { width: 1280, height: 720, scale: 1.2, columns: 3, rows: 2, tiles: FACES },
};

/** Number of faces in a frame. */
export const FACE_COUNTS: Readonly<Record<FrameName, number>> = { 'photo-720': 1, 'photo-1080': 1, group: 6 };

/** Fetched photos, by number. */
const photos = new Map<number, ImageBitmap>();

async function photo(sample: number): Promise<ImageBitmap> {
  const known = photos.get(sample);
  if (known) return known;
  const bitmap = await createImageBitmap(await (await fetch(`/photos/sample${sample}.jpg`)).blob());
  photos.set(sample, bitmap);
  return bitmap;
}

/**
 * Draws a frame.
 * @param canvas is resized to the frame
 * @param shiftX shift of the picture, in pixels of the frame
 */
export async function drawFrame(name: FrameName, canvas: HTMLCanvasElement, shiftX = 0, shiftY = 0): Promise<void> {
  const { width, height, scale, columns, rows, tiles } = LAYOUTS[name];
  const bitmaps = await Promise.all(tiles.map(([sample]) => photo(sample)));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser did not return a 2D canvas context. Use a browser that supports canvas.');
  const [tileWidth, tileHeight] = [width / columns, height / rows];
  for (const [i, [, x, y]] of tiles.entries()) {
    const [left, top] = [(i % columns) * tileWidth, Math.floor(i / columns) * tileHeight];
    context.save();
    context.beginPath();
    context.rect(left, top, tileWidth, tileHeight);
    context.clip();
    context.translate(left + tileWidth / 2 + shiftX, top + tileHeight / 2 + shiftY);
    context.scale(scale, scale);
    context.drawImage(bitmaps[i] as ImageBitmap, -x, -y);
    context.restore();
  }
}
