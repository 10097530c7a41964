/**
 * Decodes YuNet, which has one anchor per cell, at the upper left corner. Source: W. Wu, H. Peng, S. Yu, 'YuNet: A Tiny
 * Millisecond-level Face Detector', 2023. Decoded as in OpenCV's FaceDetectorYN
 * (modules/objdetect/src/face_detect.cpp).
 */
import * as v from 'valibot';
import { list, object, type Parsed } from '../../schema/schema.js';
import { positive } from '../entry.js';
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

/** With a dynamic square input. Outputs `cls_S`, `obj_S`, `bbox_S` and `kps_S` for each stride S. */
export const YUNET = object({
  ...FRAMED_DETECTOR,
  family: v.literal('yunet'),
  /** Pixels per cell of the feature maps; each divides all `sizes`. */
  strides: list(positive),
});
export type YuNetEntry = Parsed<typeof YUNET>;

export function createYuNet(entry: YuNetEntry, run: Run): FaceDetector {
  return createFramedDetector(
    entry,
    run,
    (size) => size,
    (outputs, width, height, minScore) => {
      const found: FoundFace[] = [];
      for (const stride of entry.strides) {
        const count = (width / stride) * (height / stride);
        const read = (name: string, values: number) => readOutput(outputs, `${name}_${stride}`, count * values, entry);
        const [classes, objects] = [read('cls', 1), read('obj', 1)];
        const [boxes, points] = [read('bbox', 4), read('kps', POINT_VALUES)];
        for (let i = 0; i < count; i++) {
          const score = Math.sqrt((classes[i] as number) * (objects[i] as number));
          if (!(score >= minScore)) continue;
          const corner = cellCorner(i, 1, width, stride);
          const value = (k: number) => boxes[i * 4 + k] as number;
          const [w, h] = [Math.exp(value(2)) * stride, Math.exp(value(3)) * stride];
          const x = corner.x + value(0) * stride - w / 2;
          const y = corner.y + value(1) * stride - h / 2;
          found.push({ box: { x, y, width: w, height: h }, score, points: pointsAt(points, i, corner, stride) });
        }
      }
      return found;
    },
  );
}
