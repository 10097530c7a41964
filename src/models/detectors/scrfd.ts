/**
 * Decodes SCRFD. Each anchor is the upper left corner of its cell; its box is given as the distances to the four sides.
 * Source: J. Guo and others, 'Sample and Computation Redistribution for Efficient Face Detection', 2021. Decoded as in
 * InsightFace (python-package/insightface/model_zoo/scrfd.py).
 */
import * as v from 'valibot';
import { list, object, type Parsed } from '../../schema/schema.js';
import { positive, text } from '../entry.js';
import { readOutput, type Run } from '../run.js';
import type { FaceDetector } from './detector.js';
import {
  cellCorner,
  createFramedDetector,
  FRAMED_DETECTOR,
  POINT_VALUES,
  pointsAt,
  type FoundFace,
} from './framed-detector.js';

/** With five points and a square input. */
export const SCRFD = object({
  ...FRAMED_DETECTOR,
  family: v.literal('scrfd'),
  /** The feature maps, with the names of their outputs; each stride divides all `sizes`. */
  levels: list(object({ stride: positive, perCell: positive, scores: text, boxes: text, points: text })),
});
export type ScrfdEntry = Parsed<typeof SCRFD>;

export function createScrfd(entry: ScrfdEntry, run: Run): FaceDetector {
  return createFramedDetector(
    entry,
    run,
    (size) => size,
    (outputs, width, height, minScore) => {
      const found: FoundFace[] = [];
      for (const level of entry.levels) {
        const { stride, perCell } = level;
        const count = (width / stride) * (height / stride) * perCell;
        const scores = readOutput(outputs, level.scores, count, entry);
        const boxes = readOutput(outputs, level.boxes, count * 4, entry);
        const points = readOutput(outputs, level.points, count * POINT_VALUES, entry);
        for (let i = 0; i < count; i++) {
          const score = scores[i] as number;
          if (!(score >= minScore)) continue;
          const corner = cellCorner(i, perCell, width, stride);
          const [left, top, right, bottom] = [0, 1, 2, 3].map((k) => (boxes[i * 4 + k] as number) * stride) as [
            number,
            number,
            number,
            number,
          ];
          const box = { x: corner.x - left, y: corner.y - top, width: left + right, height: top + bottom };
          found.push({ box, score, points: pointsAt(points, i, corner, stride) });
        }
      }
      return found;
    },
  );
}
