/**
 * Shared code of the detectors that users bring. Prepares their input and converts their boxes to faces in the image.
 */
import type * as v from 'valibot';
import type { Box, Point } from '../../api/geometry.js';
import { object, type Parsed } from '../../schema/schema.js';
import {
  addAngles,
  applySimilarity,
  boxAround,
  boxCenter,
  composeSimilarities,
  suppressNonMaxima,
} from '../../vision/geometry.js';
import { warpToTensor, type Tensor } from '../../vision/image.js';
import { finite, positive, text } from '../entry.js';
import type { Run } from '../run.js';
import {
  assertOffered,
  DETECTOR,
  POSTPROCESS,
  rollOfEyesAndMouth,
  turnedPart,
  wholeOf,
  type Detection,
  type FaceDetector,
} from './detector.js';

/**
 * Converts a detector's box to the square that BlazeFace would output.
 * Values are in units of the longer side of the box.
 * Detectors frame a face differently, and the landmark crop depends on the box.
 */
const BOX_FIT = object({
  /** Side of the square. */
  scale: positive,
  /** Distance of its center from that of the box, in the direction from the eyes to the mouth. */
  shift: finite,
  /** Measured on which data. */
  origin: text,
});
type BoxFit = Parsed<typeof BOX_FIT>;

/** The fields of their entries. `sizes` are widths of the input. A photo gets the next larger one of 256 to 512. */
export const FRAMED_DETECTOR = { ...DETECTOR, postprocess: object(POSTPROCESS), box: BOX_FIT };

/** A face in pixels of the input. */
export interface FoundFace {
  readonly box: Box;
  /** 0..1. */
  readonly score: number;
  /** Left eye, right eye, nose, left and right mouth corner; left and right are those of the image. */
  readonly points: readonly Point[] | null;
}

/** Decodes the outputs for an input of the given width and height. Drops faces whose score is below `minScore`. */
export type DecodeFaces = (
  outputs: Readonly<Record<string, Tensor>>,
  width: number,
  height: number,
  minScore: number,
) => FoundFace[];

/**
 * Creates a detector around a decoder. Converts its boxes to the squares that BlazeFace would output, because the
 * landmark crop depends on the box.
 * @param heightFor returns the height of the input for its size, which is its width
 */
export function createFramedDetector(
  entry: Parsed<v.ObjectSchema<typeof FRAMED_DETECTOR, undefined>>,
  run: Run,
  heightFor: (size: number) => number,
  decode: DecodeFaces,
): FaceDetector {
  return {
    sizes: entry.sizes,
    defaultMinScore: entry.postprocess.minScore,

    async detect(pixels, size, minScore, part = wholeOf(pixels), turn = 0) {
      assertOffered(entry, size);
      const height = heightFor(size);
      // Fit the part into the center of the input and keep its aspect ratio.
      const scale = Math.max(part.width / size, part.height / height);
      const fitted = boxAround(boxCenter(part), size * scale, height * scale);
      const toSource = composeSimilarities(turnedPart(fitted, turn), { a: scale, b: 0, tx: 0, ty: 0 });
      const input = warpToTensor(pixels, toSource, size, height, entry.input);
      const outputs = await run({ [entry.input.name]: input });
      const kept = suppressNonMaxima(decode(outputs, size, height, minScore), entry.postprocess.nmsIou);
      return kept.map(({ box, score, points }): Detection => {
        const roll = points ? rollOfEyesAndMouth(eyesAndMouth(points)) : 0;
        const square = frameBox(box, roll, entry.box);
        const center = applySimilarity(toSource, boxCenter(square));
        return {
          box: boxAround(center, square.width * scale, square.height * scale),
          score,
          roll: addAngles(roll, turn),
        };
      });
    },
  };
}

/** Converts a box to a square and shifts it along the axis of the head. */
function frameBox(box: Box, roll: number, fit: BoxFit): Box {
  const longer = Math.max(box.width, box.height);
  const side = longer * fit.scale;
  const { x, y } = boxCenter(box);
  const shift = longer * fit.shift;
  return boxAround({ x: x - Math.sin(roll) * shift, y: y + Math.cos(roll) * shift }, side, side);
}

function eyesAndMouth(points: readonly Point[]): Point[] {
  const [leftEye, rightEye, , leftMouth, rightMouth] = points as readonly [Point, Point, Point, Point, Point];
  return [leftEye, rightEye, { x: (leftMouth.x + rightMouth.x) / 2, y: (leftMouth.y + rightMouth.y) / 2 }];
}

/** Number of values of five points. */
export const POINT_VALUES = 10;

/** Returns the five points of an anchor, stored as offsets from its position in units of its stride. */
export function pointsAt(values: Float32Array, anchor: number, place: Point, stride: number): Point[] {
  return Array.from({ length: POINT_VALUES / 2 }, (_, k) => {
    const at = anchor * POINT_VALUES + 2 * k;
    return { x: place.x + (values[at] as number) * stride, y: place.y + (values[at + 1] as number) * stride };
  });
}

/** Returns the upper left corner of an anchor's cell, in pixels of the input. */
export function cellCorner(anchor: number, perCell: number, width: number, stride: number): Point {
  const cell = Math.floor(anchor / perCell);
  const columns = width / stride;
  return { x: (cell % columns) * stride, y: Math.floor(cell / columns) * stride };
}
