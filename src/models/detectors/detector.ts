/** The detector role: finds faces, their scores, and the rotation of the heads. */
import * as v from 'valibot';
import { InfaceError } from '../../api/errors.js';
import type { Box, Point } from '../../api/geometry.js';
import { list, object, type Parsed } from '../../schema/schema.js';
import { boxCenter, fitSimilarity, type Similarity } from '../../vision/geometry.js';
import type { Pixels } from '../../vision/image.js';
import { MODEL, positive } from '../entry.js';

/** The second pass over an uncertain face, in close crops around it, and how the scores are combined. */
export const SECOND_LOOK = object({
  /** Least score of a face that gets a second pass, 0..1. */
  from: positive,
  /** Score above which no second pass is needed. */
  certain: positive,
  /** Side of the input for the crops in pixels, one of the detector's sizes. */
  size: positive,
  /** Sides of the crops, as multiples of the longer side of the box. */
  cropScales: list(positive),
  /** Score of a pass that finds nothing, above 0. */
  missed: positive,
  /** Bias added to the mean logit, so that `minScore` keeps the false-positive rate of a single pass. */
  bias: positive,
});
export type SecondLook = Parsed<typeof SECOND_LOOK>;

/** The fields of every detector's entry. */
export const DETECTOR = {
  ...MODEL,
  role: v.literal('detector'),
  /** Offered sizes of the longer side of the input, ascending, in pixels. */
  sizes: list(positive),
};

/** The fields of every detector's postprocessing. */
export const POSTPROCESS = {
  /** Least score of a reported face, 0..1. */
  minScore: positive,
  /** Overlapping boxes above this IoU are one face. */
  nmsIou: positive,
};

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
   * @param turn angle in radians, clockwise in the image, by which to rotate the part around its center, so that faces
   * with this roll appear upright to the detector. Defaults to 0
   * @returns faces by descending score, in pixels of the image
   */
  detect(pixels: Pixels, size: number, minScore: number, part?: Box, turn?: number): Promise<Detection[]>;
}

/** Returns the box of a whole image. */
export function wholeOf({ width, height }: Pixels): Box {
  return { x: 0, y: 0, width, height };
}

/** Returns the transform from a part of an image, rotated around its center, to the image. */
export function turnedPart(part: Box, turn: number): Similarity {
  const [a, b] = [Math.cos(turn), Math.sin(turn)];
  const { x, y } = boxCenter(part);
  const [u, v] = [part.width / 2, part.height / 2];
  return { a, b, tx: x - (a * u - b * v), ty: y - (b * u + a * v) };
}

/** Returns the smallest offered size that is at least `wanted`, or else the largest one. */
export function offeredSize(sizes: FaceDetector['sizes'], wanted: number): number {
  return sizes.find((size) => size >= wanted) ?? (sizes.at(-1) as number);
}

/** @throws InfaceError `INVALID_INPUT` when a detector does not offer an input size */
export function assertOffered(
  { id, sizes }: { readonly id: string; readonly sizes: readonly number[] },
  size: number,
): void {
  if (sizes.includes(size)) return;
  throw new InfaceError(
    'INVALID_INPUT',
    `Detector '${id}' does not offer size ${size}. Choose one of ${sizes.join(', ')}.`,
  );
}

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
export function rollOfEyesAndMouth(eyesAndMouth: readonly Point[]): number {
  const { a, b } = fitSimilarity(UPRIGHT, eyesAndMouth);
  return Math.atan2(b, a);
}
