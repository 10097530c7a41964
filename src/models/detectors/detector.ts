/** The detector role: where faces are, how sure that is, and how the heads are turned. */
import { InfaceError } from '../../api/errors.js';
import type { Box, Point } from '../../api/types.js';
import { fitSimilarity, suppressNonMaxima } from '../../vision/geometry.js';
import { letterbox, warpToTensor, type Pixels } from '../../vision/image.js';
import type { BlazeFaceEntry, SecondLook } from '../manifest.js';
import { readOutput, type Run } from '../run.js';

/** A face as the detector sees it, in pixels of the image it was given. */
export interface Detection {
  readonly box: Box;
  /** 0..1. */
  readonly score: number;
  /** How far the head is turned in the image plane, in radians, clockwise in the image. */
  readonly roll: number;
}

export interface FaceDetector {
  /** Longer sides of the input that can be asked for, ascending, in pixels. */
  readonly sizes: readonly number[];
  /** Least score of a face when the caller does not say, 0..1. */
  readonly defaultMinScore: number;
  /** Absent where one look is all that is known to be worth its time. */
  readonly secondLook?: SecondLook;
  /**
   * @param part of the image that is looked at, fitted into the input; it may reach beyond the image. Defaults to all of it
   * @returns faces by falling score, in pixels of the image
   */
  detect(pixels: Pixels, size: number, minScore: number, part?: Box): Promise<Detection[]>;
}

/** The size nearest to what was wished that a detector offers: the next larger one, or else its largest. */
export function offeredSize(sizes: FaceDetector['sizes'], wanted: number): number {
  return sizes.find((size) => size >= wanted) ?? (sizes.at(-1) as number);
}

/** Values per anchor: centre x, centre y, width, height, then x, y of 6 keypoints: eyes, nose, mouth and ears. */
const VALUES_PER_ANCHOR = 16;

/** Eyes and mouth of an upright face, one eye distance wide; the mouth lies about as far below the eyes. */
const UPRIGHT: readonly Point[] = [
  { x: -0.5, y: 0 },
  { x: 0.5, y: 0 },
  { x: 0, y: 1 },
];

/**
 * How far a face is turned, from all three points together: in a profile the eyes fall into one, and the line through
 * them could point anywhere.
 */
export function rollOf(eyesAndMouth: readonly Point[]): number {
  const { a, b } = fitSimilarity(UPRIGHT, eyesAndMouth);
  return Math.atan2(b, a);
}

/**
 * BlazeFace: V. Bazarevsky and others, 'BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs', 2019. Boxes
 * and keypoints are offsets in input pixels from the centre of their anchor's cell.
 */
export function createBlazeFace(entry: BlazeFaceEntry, run: Run): FaceDetector {
  const coarsest = Math.max(...entry.anchors.map(({ stride }) => stride));
  return {
    sizes: entry.sizes,
    defaultMinScore: entry.postprocess.minScore,
    secondLook: entry.postprocess.secondLook,

    async detect(pixels, size, minScore, part = { x: 0, y: 0, width: pixels.width, height: pixels.height }) {
      if (!entry.sizes.includes(size)) {
        throw new InfaceError(
          'INVALID_INPUT',
          `Detector size ${size} is not offered by '${entry.id}'; choose one of ${entry.sizes.join(', ')}.`,
        );
      }
      const { width, height, toSource: toPart } = letterbox(part.width, part.height, size, coarsest);
      const toSource = { ...toPart, tx: toPart.tx + part.x, ty: toPart.ty + part.y };
      const input = warpToTensor(pixels, toSource, width, height, entry.input);
      const outputs = await run({ [entry.input.name]: input });

      const found: Detection[] = [];
      // sigmoid(x) >= minScore, asked of the logit, so that the exponential is taken for hits only.
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
          const scale = toSource.a;
          const [boxWidth, boxHeight] = [value(2) * scale, value(3) * scale];
          const box = {
            x: (value(0) + anchorX) * scale + toSource.tx - boxWidth / 2,
            y: (value(1) + anchorY) * scale + toSource.ty - boxHeight / 2,
            width: boxWidth,
            height: boxHeight,
          };
          const keypoint = (k: number): Point => ({ x: value(4 + 2 * k), y: value(5 + 2 * k) });
          const roll = rollOf([keypoint(0), keypoint(1), keypoint(3)]);
          found.push({ box, score: 1 / (1 + Math.exp(-logit)), roll });
        }
      });
      return suppressNonMaxima(found, entry.postprocess.nmsIou);
    },
  };
}
