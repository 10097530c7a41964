/** The landmarker role: 68 points in a detected face. */
import type { Point } from '../api/types.js';
import { faceCrop, LANDMARK_COUNT, landmarkCrop } from '../vision/align.js';
import { applySimilarity, spread, type Similarity } from '../vision/geometry.js';
import { warpToTensor, type Pixels } from '../vision/image.js';
import type { Detection } from './detectors/detector.js';
import type { Landmark68Entry } from './manifest.js';
import { readOutput, type Run } from './run.js';

export interface FaceLandmarker {
  /** @returns 68 points in iBUG order, in pixels of the image, or `null` when there is no face in the box after all */
  locate(pixels: Pixels, detection: Detection): Promise<Point[] | null>;
  /**
   * Finds the points of a face again, a frame later.
   * @param points 68 points of the frame before, or where they are expected now
   * @returns as {@link locate} does; `null` where there is no face any more, but not always: look whether it is the same
   */
  follow(pixels: Pixels, points: readonly Point[]): Promise<Point[] | null>;
}

/**
 * face_landmark_68 of face-api.js: x, y per point as fractions of its square crop. The first pass looks at the detector's
 * box, each further one at a crop round the points of the one before, which lies better.
 */
export function createFaceLandmark68(entry: Landmark68Entry, run: Run): FaceLandmarker {
  const { size, passes, minSpread, minRefinedSpread } = entry;
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
      const { cropScale, offsets } = passes.at(-1) as (typeof passes)[number];
      const next = await look(pixels, landmarkCrop(points, cropScale, size), offsets);
      // Half of what it was: a face does not shrink like that from one frame to the next, but points collapse.
      return spread(next) >= spread(points) / 2 ? next : null;
    },

    async locate(pixels, { box, roll }) {
      const longerSide = Math.max(box.width, box.height);
      let points: Point[] | null = null;
      for (const { cropScale, offsets } of passes) {
        const toSource: Similarity = points
          ? landmarkCrop(points, cropScale, size)
          : faceCrop(box, roll, cropScale, size);
        const next = await look(pixels, toSource, offsets);
        const spreadOfBox = spread(next) / longerSide;
        // Where there is no face, the points collapse into a heap. Put so that a NaN fails it.
        if (!points && !(spreadOfBox >= minSpread)) return null;
        // The crop of a further pass is cut by the points, so it needs points that lie where the face is, and gives such.
        const isRefined = spreadOfBox >= minRefinedSpread;
        if (!points || isRefined) points = next;
        if (!isRefined) break;
      }
      return points;
    },
  };
}
