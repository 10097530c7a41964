/**
 * The browser side of make-data.ts.
 * Simulates a shot, compresses it as a camera does, and crops it as the adapter does.
 */
import { cropRound } from '../../src/models/antispoof.js';
import type { Box } from '../../src/api/geometry.js';
import { reduceRegion, warp, type Pixels } from '../../src/vision/image.js';
import { createPixelReader } from '../../src/worker/platform/pixels.js';
import { compress } from './browser.js';
import { CROP_SCALE, CROP_SIZE } from './features.js';
import { seeded } from './raster.js';
import { simulate, type Kind, type Shot } from './simulate.js';

const readPixels = createPixelReader();

/** One crop to make of a photo: the photo itself, a bona fide shot or an attack. */
export interface Job {
  readonly kind: 'photo' | Kind;
  readonly seed: number;
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface DataPage {
  /**
   * @param trimPx border removed on every side when the photo is used unchanged
   * @returns for each job, the bytes of planes R, G, B, {@link CROP_SIZE} squared each, in base64
   */
  readonly crop: (photoUrl: string, box: Box, trimPx: number, jobs: readonly Job[]) => Promise<readonly string[]>;
}

/**
 * Variation of the face box, because detectors frame a face a little differently in each picture.
 * Shifts in sides of the box, and the change of the side as a fraction.
 */
const BOX_JITTER = { shift: 0.04, side: 0.06 } as const;

const evalPage: DataPage = {
  async crop(photoUrl, box, trimPx, jobs) {
    const photo = pixelsOf(await createImageBitmap(await (await fetch(photoUrl)).blob()));
    const crops: string[] = [];
    for (const { kind, seed } of jobs) {
      const shot = kind === 'photo' ? trim(photo, box, trimPx) : await take(simulate(photo, box, kind, seed));
      const transform = cropRound(shot.pixels, jitter(shot.box, seed), CROP_SCALE, CROP_SIZE);
      crops.push(toBase64(warp(shot.pixels, transform, CROP_SIZE, CROP_SIZE)));
    }
    return crops;
  },
};

async function take(shot: Shot): Promise<Pick<Shot, 'pixels' | 'box'>> {
  return { pixels: pixelsOf(await compress(shot)), box: shot.box };
}

function pixelsOf(bitmap: ImageBitmap): Pixels {
  const pixels = readPixels(bitmap);
  bitmap.close();
  return pixels;
}

function trim(photo: Pixels, box: Box, trimPx: number): Pick<Shot, 'pixels' | 'box'> {
  const [width, height] = [photo.width - 2 * trimPx, photo.height - 2 * trimPx];
  const pixels = reduceRegion(photo, { x: trimPx, y: trimPx, width, height }, 1);
  return { pixels, box: { ...box, x: box.x - trimPx, y: box.y - trimPx } };
}

function jitter({ x, y, width, height }: Box, seed: number): Box {
  const random = seeded(seed ^ 0x5bd1e995);
  const side = Math.max(width, height);
  const factor = 1 + random(-BOX_JITTER.side, BOX_JITTER.side);
  const shift = () => random(-BOX_JITTER.shift, BOX_JITTER.shift) * side;
  return {
    x: x + shift() + (width * (1 - factor)) / 2,
    y: y + shift() + (height * (1 - factor)) / 2,
    width: width * factor,
    height: height * factor,
  };
}

function toBase64(planes: Float32Array): string {
  const bytes = new Uint8ClampedArray(planes);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

Object.assign(globalThis, { evalPage });
