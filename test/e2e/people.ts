/** People for an import: the faces of the sample photos, cut out; copies of them in another light; and bad files. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import sampleBoxes from '../fixtures/sample-boxes.json' with { type: 'json' };
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { samplePhoto } from './places.js';

/** Photos by name. */
export interface People {
  /** 22 people. */
  readonly faces: readonly Buffer[];
  /** The same, mirrored and brighter. */
  readonly copies: readonly Buffer[];
  /** Three people in one photo. */
  readonly group: Buffer;
  readonly broken: Buffer;
}

/** @param page any page of the demo, for its canvas */
export async function makePeople(page: Page): Promise<People> {
  const photos = ([1, 2, 3, 4, 5, 6] as const).map((number) => readFileSync(samplePhoto(number)).toString('base64'));
  const counts = sampleFaces.map((faces) => faces.length);
  const made = await page.evaluate(cutOut, { photos, counts, boxes: sampleBoxes });
  const toBuffer = (base64: string) => Buffer.from(base64, 'base64');
  return {
    faces: made.map(([face]) => toBuffer(face)),
    copies: made.map(([, copy]) => toBuffer(copy)),
    group: readFileSync(samplePhoto(1)),
    broken: Buffer.from('This is no image.'),
  };
}

/** Runs in the page. */
async function cutOut({
  photos,
  counts,
  boxes,
}: {
  readonly photos: readonly string[];
  readonly counts: readonly number[];
  readonly boxes: readonly (readonly number[])[];
}): Promise<[string, string][]> {
  const made: [string, string][] = [];
  let next = 0;
  for (const [i, base64] of photos.entries()) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    for (const [x = 0, y = 0, width = 0, height = 0] of boxes.slice(next, (next += counts[i] ?? 0))) {
      const side = 1.7 * Math.max(width, height);
      const paint = (filter: string, direction: 1 | -1) => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 320;
        const context = canvas.getContext('2d');
        if (!context) throw new Error('no canvas');
        context.filter = filter;
        context.setTransform(direction, 0, 0, 1, direction < 0 ? canvas.width : 0, 0);
        const [left, top] = [x + width / 2 - side / 2, y + height / 2 - side / 2];
        context.drawImage(bitmap, left, top, side, side, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL('image/jpeg', 0.92).split(',')[1] ?? '';
      };
      made.push([paint('none', 1), paint('brightness(1.15)', -1)]);
    }
  }
  return made;
}
