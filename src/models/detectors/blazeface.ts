/** The BlazeFace family of Google MediaPipe. */
import * as v from 'valibot';
import type { Point } from '../../api/geometry.js';
import { list, object, type Parsed } from '../../schema/schema.js';
import {
  addAngles,
  applySimilarity,
  boxAround,
  composeSimilarities,
  similarityScale,
  suppressNonMaxima,
} from '../../vision/geometry.js';
import { letterbox, warpToTensor } from '../../vision/image.js';
import { positive } from '../entry.js';
import { readOutput, type Run } from '../run.js';
import {
  assertOffered,
  DETECTOR,
  POSTPROCESS,
  rollOfEyesAndMouth,
  SECOND_LOOK,
  turnedPart,
  wholeOf,
  type Detection,
  type FaceDetector,
} from './detector.js';

/** With a dynamic input; `sizes` are multiples of all strides. */
export const BLAZEFACE = object({
  ...DETECTOR,
  family: v.literal('blazeface'),
  /** One entry per feature map, in the order of the outputs `scores_k`, `boxes_k`. */
  anchors: list(object({ stride: positive, perCell: positive })),
  postprocess: object({ ...POSTPROCESS, secondLook: SECOND_LOOK }),
});
export type BlazeFaceEntry = Parsed<typeof BLAZEFACE>;

/**
 * Number of values per anchor. The center x, center y, width and height, then x, y of 6 keypoints: eyes, nose, mouth
 * and ears.
 */
const VALUES_PER_ANCHOR = 16;

/**
 * Creates BlazeFace. Its boxes and keypoints are offsets in input pixels from the center of an anchor's cell. Source:
 * V. Bazarevsky and others, 'BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs', 2019.
 */
export function createBlazeFace(entry: BlazeFaceEntry, run: Run): FaceDetector {
  const coarsest = Math.max(...entry.anchors.map(({ stride }) => stride));
  return {
    sizes: entry.sizes,
    defaultMinScore: entry.postprocess.minScore,
    secondLook: entry.postprocess.secondLook,

    async detect(pixels, size, minScore, part = wholeOf(pixels), turn = 0) {
      assertOffered(entry, size);
      const { width, height, toSource: toPart } = letterbox(part.width, part.height, size, coarsest);
      const toSource = composeSimilarities(turnedPart(part, turn), toPart);
      const scale = similarityScale(toSource);
      const input = warpToTensor(pixels, toSource, width, height, entry.input);
      const outputs = await run({ [entry.input.name]: input });

      const found: Detection[] = [];
      // Test sigmoid(x) >= minScore on the logit, so that only hits need an exponential.
      const minLogit = Math.log(minScore / (1 - minScore));
      entry.anchors.forEach(({ stride, perCell }, level) => {
        const columns = width / stride;
        const count = columns * (height / stride) * perCell;
        const scores = readOutput(outputs, `scores_${level}`, count, entry);
        const boxes = readOutput(outputs, `boxes_${level}`, count * VALUES_PER_ANCHOR, entry);
        for (let i = 0; i < count; i++) {
          const logit = scores[i] as number;
          if (!(logit >= minLogit)) continue;
          const cell = Math.floor(i / perCell);
          const anchorX = ((cell % columns) + 0.5) * stride;
          const anchorY = (Math.floor(cell / columns) + 0.5) * stride;
          const value = (k: number) => boxes[i * VALUES_PER_ANCHOR + k] as number;
          const center = applySimilarity(toSource, { x: value(0) + anchorX, y: value(1) + anchorY });
          const box = boxAround(center, value(2) * scale, value(3) * scale);
          const keypoint = (k: number): Point => ({ x: value(4 + 2 * k), y: value(5 + 2 * k) });
          const roll = addAngles(rollOfEyesAndMouth([keypoint(0), keypoint(1), keypoint(3)]), turn);
          found.push({ box, score: 1 / (1 + Math.exp(-logit)), roll });
        }
      });
      return suppressNonMaxima(found, entry.postprocess.nmsIou);
    },
  };
}
