/** The eyes role: whether the eyes of a face are open. */
import * as v from 'valibot';
import type { EyesOpen } from '../api/faces.js';
import type { Point } from '../api/geometry.js';
import { object, type Parsed } from '../schema/schema.js';
import { eyeCrop } from '../vision/align.js';
import { warpToTensor, type Pixels } from '../vision/image.js';
import { MODEL, positive, text } from './entry.js';
import { readOutput, type Run } from './run.js';

/** A classifier of square crops of eyes. It takes both eyes at once, and returns logits of closed and open for each. */
export const FR_EYE = object({
  ...MODEL,
  role: v.literal('eyes'),
  family: v.literal('fr-eye'),
  /** Name of the output. */
  output: text,
  /** Side of the square input in pixels. */
  size: positive,
  /** Side of the crop as a multiple of the distance of the corners of the eye. */
  cropScale: positive,
});
export type EyesEntry = Parsed<typeof FR_EYE>;

export interface EyeReader {
  /** @param landmarks 68 points, in pixels of the image */
  read(pixels: Pixels, landmarks: readonly Point[]): Promise<EyesOpen>;
}

/** Index of the first of the six points of each eye. */
const EYES = [36, 42] as const;

export function createFrEye(entry: EyesEntry, run: Run): EyeReader {
  const { size, cropScale, input, output } = entry;
  return {
    async read(pixels, landmarks) {
      const length = 3 * size * size;
      const data = new Float32Array(EYES.length * length);
      for (const [i, first] of EYES.entries()) {
        const toSource = eyeCrop(landmarks.slice(first, first + 6), cropScale, size);
        data.set(warpToTensor(pixels, toSource, size, size, input).data, i * length);
      }
      const outputs = await run({ [input.name]: { data, dims: [EYES.length, 3, size, size] } });
      const logits = readOutput(outputs, output, 2 * EYES.length, entry);
      const open = (eye: number) => 1 / (1 + Math.exp((logits[2 * eye] as number) - (logits[2 * eye + 1] as number)));
      return { left: open(0), right: open(1) };
    },
  };
}
