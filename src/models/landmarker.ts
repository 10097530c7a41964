/** The landmarker role: locates 68 points in a detected face. */
import * as v from 'valibot';
import type { Point } from '../api/geometry.js';
import { list, object, type Parsed } from '../schema/schema.js';
import { faceCrop, LANDMARK_COUNT, landmarkCrop } from '../vision/align.js';
import { applySimilarity, spread, type Similarity } from '../vision/geometry.js';
import { warpToTensor, type Pixels } from '../vision/image.js';
import type { Detection } from './detectors/detector.js';
import { finite, MODEL, numbers, positive, text } from './entry.js';
import { readOutput, type Abortable, type Run } from './run.js';

export interface FaceLandmarker {
  /**
   * Locates the points of a detected face.
   * @param signal checked before each pass
   * @returns 68 points in iBUG order, in pixels of the image, or `null` when the box does not contain a face
   * @throws the signal's reason
   */
  locate(pixels: Pixels, detection: Detection, signal?: Abortable): Promise<Point[] | null>;
  /**
   * Locates the points of a known face in the next frame.
   * @param points 68 points of the previous frame, or their expected positions
   * @returns points as in {@link locate}, or `null` when the face is gone. A lost face does not always yield `null`, so
   * check that it is still the same face
   */
  follow(pixels: Pixels, points: readonly Point[]): Promise<Point[] | null>;
}

/** A pass of the net over one crop. */
const PASS = object({
  /** Side of the crop as a multiple of the longer side of the box, or of what the points span. */
  cropScale: positive,
  /** How far the crop is moved down the head, in fractions of the crop. Defaults to 0. */
  shift: v.exactOptional(finite),
  /** Correction added to the outputs: their mean error in such crops, in fractions of the crop. */
  offsets: numbers<readonly number[]>(2 * LANDMARK_COUNT),
});
type Pass = Parsed<typeof PASS>;

/** A net such as face_landmark_68 of face-api.js: 68 points (iBUG order) in a square face crop. */
export const FACE_LANDMARK_68 = object({
  ...MODEL,
  role: v.literal('landmarker'),
  family: v.literal('face-landmark-68'),
  /** Side of the square input in pixels. */
  size: positive,
  /** One or more passes. The first crops the box, each further one the points of the previous one. */
  passes: list(PASS),
  /** The pass in the next frame, which crops the points of this one. Defaults to the last of `passes`. */
  follow: v.exactOptional(PASS),
  /** The data that the offsets were measured on. */
  offsetsOrigin: text,
  /**
   * Least spread of the points. Below it, the box has no face, or none that can be aligned. The spread is the root mean
   * square distance of the points from their center, as a fraction of the longer side of the box.
   */
  minSpread: positive,
  /**
   * Least spread for a further pass, in the same unit as `minSpread`. Below it, the face is blurred, half hidden or seen
   * from the side, and a further pass does not count.
   */
  minRefinedSpread: positive,
});
export type Landmark68Entry = Parsed<typeof FACE_LANDMARK_68>;

/**
 * Creates a net such as face_landmark_68 of face-api.js. It outputs x, y per point as fractions of its square crop. The
 * first pass crops the detector's box. Each further pass crops around the points of the previous one, which fits the face
 * better.
 */
export function createFaceLandmark68(entry: Landmark68Entry, run: Run): FaceLandmarker {
  const { size, passes, minSpread, minRefinedSpread } = entry;
  const follow = (entry.follow ?? passes.at(-1)) as Pass;
  async function look(pixels: Pixels, toSource: Similarity, offsets: readonly number[]): Promise<Point[]> {
    const input = warpToTensor(pixels, toSource, size, size, entry.input);
    const outputs = await run({ [entry.input.name]: input });
    const values = readOutput(outputs, 'points', 2 * LANDMARK_COUNT, entry);
    const at = (k: number) => ((values[k] as number) + (offsets[k] as number)) * size;
    return Array.from({ length: LANDMARK_COUNT }, (_, i) =>
      applySimilarity(toSource, { x: at(2 * i), y: at(2 * i + 1) }),
    );
  }

  return {
    async follow(pixels, points) {
      const next = await look(pixels, landmarkCrop(points, follow, size), follow.offsets);
      // When the face is gone, the points collapse. A real face does not shrink to half its size between two frames.
      return spread(next) >= spread(points) / 2 ? next : null;
    },

    async locate(pixels, { box, roll }, signal) {
      const longerSide = Math.max(box.width, box.height);
      let points: Point[] | null = null;
      for (const pass of passes) {
        signal?.throwIfAborted();
        const toSource = points ? landmarkCrop(points, pass, size) : faceCrop(box, roll, pass, size);
        const next = await look(pixels, toSource, pass.offsets);
        const spreadOfBox = spread(next) / longerSide;
        // Without a face, the points collapse to a cluster. Written so that NaN is rejected.
        if (!points && !(spreadOfBox >= minSpread)) return null;
        // A further pass crops around the points, so both its input and its result must lie on the face.
        const isRefined = spreadOfBox >= minRefinedSpread;
        if (!points || isRefined) points = next;
        if (!isRefined) break;
      }
      return points;
    },
  };
}
