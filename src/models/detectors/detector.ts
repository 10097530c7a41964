/** The detector role: finds faces, their scores, and the rotation of the heads. */
import { InfaceError } from '../../api/errors.js';
import type { Box, Point } from '../../api/geometry.js';
import { fitSimilarity, suppressNonMaxima } from '../../vision/geometry.js';
import { letterbox, warpToTensor, type Pixels } from '../../vision/image.js';
import type { BlazeFaceEntry, SecondLook } from '../manifest.js';
import { readOutput, type Run } from '../run.js';

/** A face found by a detector, in pixels of the image passed to it. */
export interface Detection {
  readonly box: Box;
  /** 0..1. */
  readonly score: number;
  /** Rotation of the head in the image plane, in radians, clockwise in the image. */
  readonly roll: number;
}

export interface FaceDetector {
  /** Offered sizes of the longer side of the input, ascending, in pixels. */
  readonly sizes: readonly number[];
  /** Least score of a face when the caller does not pass one, 0..1. */
  readonly defaultMinScore: number;
  /** Absent for detectors for which a second pass is not known to be worth its time. */
  readonly secondLook?: SecondLook;
  /**
   * @param part of the image to search, fitted into the input; may extend beyond the image. Defaults to the whole image
   * @returns faces by descending score, in pixels of the image
   */
  detect(pixels: Pixels, size: number, minScore: number, part?: Box): Promise<Detection[]>;
}

/** Returns the smallest offered size that is at least `wanted`, or else the largest one. */
export function offeredSize(sizes: FaceDetector['sizes'], wanted: number): number {
  return sizes.find((size) => size >= wanted) ?? (sizes.at(-1) as number);
}

/**
 * Number of values per anchor. The center x, center y, width and height, then x, y of 6 keypoints: eyes, nose, mouth
 * and ears.
 */
const VALUES_PER_ANCHOR = 16;

/** Eyes and mouth of an upright face with an eye distance of 1. The mouth is about one eye distance below the eyes. */
const UPRIGHT: readonly Point[] = [
  { x: -0.5, y: 0 },
  { x: 0.5, y: 0 },
  { x: 0, y: 1 },
];

/**
 * Returns the roll of a face, fitted to the eyes and the mouth together. In a profile view the eyes nearly coincide, so
 * the direction of the line through them would be arbitrary.
 */
export function rollOf(eyesAndMouth: readonly Point[]): number {
  const { a, b } = fitSimilarity(UPRIGHT, eyesAndMouth);
  return Math.atan2(b, a);
}

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

    async detect(pixels, size, minScore, part = { x: 0, y: 0, width: pixels.width, height: pixels.height }) {
      if (!entry.sizes.includes(size)) {
        throw new InfaceError(
          'INVALID_INPUT',
          `Detector '${entry.id}' does not offer size ${size}. Choose one of ${entry.sizes.join(', ')}.`,
        );
      }
      const { width, height, toSource: toPart } = letterbox(part.width, part.height, size, coarsest);
      const toSource = { ...toPart, tx: toPart.tx + part.x, ty: toPart.ty + part.y };
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
