/** What the detectors that users bring share: from an image to the input, and from the input's boxes to faces in the image. */
import { InfaceError } from '../../api/errors.js';
import type { Box, Point } from '../../api/types.js';
import { boxCenter, suppressNonMaxima } from '../../vision/geometry.js';
import { warpToTensor, type Tensor } from '../../vision/image.js';
import { rollOf, type Detection, type FaceDetector } from './detector.js';
import type { ScrfdEntry, UltraFaceEntry, YuNetEntry } from '../manifest.js';
import type { Run } from '../run.js';

/** A face in pixels of the input. */
export interface FoundFace {
  readonly box: Box;
  /** 0..1. */
  readonly score: number;
  /** The eye and the mouth corner of either side, the left of the image first, and the nose between: e e n m m. */
  readonly points: readonly Point[] | null;
}

/** Reads the outputs for an input of a width and a height; faces below the score are left out. */
export type DecodeFaces = (
  outputs: Readonly<Record<string, Tensor>>,
  width: number,
  height: number,
  minScore: number,
) => FoundFace[];

/**
 * A detector around a decoder. Its boxes are made squares where BlazeFace would have put them, since they are what the
 * landmark crop is cut by.
 * @param heightFor height of the input for a size that is its width
 */
export function createFramedDetector(
  entry: YuNetEntry | ScrfdEntry | UltraFaceEntry,
  run: Run,
  heightFor: (size: number) => number,
  decode: DecodeFaces,
): FaceDetector {
  return {
    sizes: entry.sizes,
    defaultMinScore: entry.postprocess.minScore,

    async detect(pixels, size, minScore, part = { x: 0, y: 0, width: pixels.width, height: pixels.height }) {
      if (!entry.sizes.includes(size)) {
        throw new InfaceError(
          'INVALID_INPUT',
          `Detector size ${size} is not offered by '${entry.id}'; choose one of ${entry.sizes.join(', ')}.`,
        );
      }
      const height = heightFor(size);
      // Centred, its aspect ratio kept.
      const scale = Math.max(part.width / size, part.height / height);
      const [left, top] = [part.x + (part.width - size * scale) / 2, part.y + (part.height - height * scale) / 2];
      const input = warpToTensor(pixels, { a: scale, b: 0, tx: left, ty: top }, size, height, entry.input);
      const outputs = await run({ [entry.input.name]: input });
      const kept = suppressNonMaxima(decode(outputs, size, height, minScore), entry.postprocess.nmsIou);
      return kept.map(({ box, score, points }): Detection => {
        const roll = points ? rollOf(eyesAndMouth(points)) : 0;
        const square = frameBox(box, roll, entry.box);
        return {
          box: {
            x: square.x * scale + left,
            y: square.y * scale + top,
            width: square.width * scale,
            height: square.height * scale,
          },
          score,
          roll,
        };
      });
    },
  };
}

/** A square, moved along the axis of the head. */
function frameBox(box: Box, roll: number, fit: { readonly scale: number; readonly shift: number }): Box {
  const longer = Math.max(box.width, box.height);
  const side = longer * fit.scale;
  const { x, y } = boxCenter(box);
  const shift = longer * fit.shift;
  return {
    x: x - Math.sin(roll) * shift - side / 2,
    y: y + Math.cos(roll) * shift - side / 2,
    width: side,
    height: side,
  };
}

function eyesAndMouth(points: readonly Point[]): Point[] {
  const [leftEye, rightEye, , leftMouth, rightMouth] = points as readonly [Point, Point, Point, Point, Point];
  return [leftEye, rightEye, { x: (leftMouth.x + rightMouth.x) / 2, y: (leftMouth.y + rightMouth.y) / 2 }];
}

/** Numbers that hold five points. */
export const POINT_VALUES = 10;

/** The five points of an anchor, stored as offsets from its place in units of its stride. */
export function pointsAt(values: Float32Array, anchor: number, place: Point, stride: number): Point[] {
  return Array.from({ length: POINT_VALUES / 2 }, (_, k) => {
    const at = anchor * POINT_VALUES + 2 * k;
    return { x: place.x + (values[at] as number) * stride, y: place.y + (values[at + 1] as number) * stride };
  });
}

/** The upper left corner of the cell of an anchor, in pixels of the input. */
export function cellCorner(anchor: number, perCell: number, width: number, stride: number): Point {
  const cell = Math.floor(anchor / perCell);
  const columns = width / stride;
  return { x: (cell % columns) * stride, y: Math.floor(cell / columns) * stride };
}
