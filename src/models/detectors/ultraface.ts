/**
 * Decodes Ultra-Light-Fast-Generic-Face-Detector-1MB (github.com/Linzaer), models 'slim' and 'RFB'. The graph already
 * decodes the anchors; its boxes are x1, y1, x2, y2 as fractions of the input. It outputs no points, so heads count as
 * upright.
 */
import * as v from 'valibot';
import { object, type Parsed } from '../../schema/schema.js';
import { positive } from '../entry.js';
import { readOutput, type Run } from '../run.js';
import type { FaceDetector } from './detector.js';
import { createFramedDetector, FRAMED_DETECTOR, type FoundFace } from './framed-detector.js';

/** Outputs `scores` and `boxes`; no points, so no roll. */
export const ULTRAFACE = object({
  ...FRAMED_DETECTOR,
  family: v.literal('ultraface'),
  /** Height of the input in pixels; its width is the only one of `sizes`. */
  height: positive,
  /** Rows of the outputs. */
  anchorCount: positive,
});
export type UltraFaceEntry = Parsed<typeof ULTRAFACE>;

export function createUltraFace(entry: UltraFaceEntry, run: Run): FaceDetector {
  const { anchorCount } = entry;
  return createFramedDetector(
    entry,
    run,
    () => entry.height,
    (outputs, width, height, minScore) => {
      const scores = readOutput(outputs, 'scores', anchorCount * 2, entry);
      const boxes = readOutput(outputs, 'boxes', anchorCount * 4, entry);
      const found: FoundFace[] = [];
      for (let i = 0; i < anchorCount; i++) {
        // Each pair is the score of the background, then that of a face.
        const score = scores[i * 2 + 1] as number;
        if (!(score >= minScore)) continue;
        const value = (k: number) => boxes[i * 4 + k] as number;
        const [x, y] = [value(0) * width, value(1) * height];
        found.push({ box: { x, y, width: value(2) * width - x, height: value(3) * height - y }, score, points: null });
      }
      return found;
    },
  );
}
