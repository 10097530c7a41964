/** The landmarker role: 68 points in a detected face. */
import type { Point } from '../types.js';
import { faceCrop, LANDMARK_COUNT } from '../vision/align.js';
import { applySimilarity, spread } from '../vision/geometry.js';
import { packTensor, warp, type Pixels } from '../vision/image.js';
import type { Detection } from './detector.js';
import type { Landmark68Entry } from './manifest.js';
import { readOutput, type Run } from './run.js';

export interface FaceLandmarker {
  /** @returns 68 points in iBUG order, in pixels of the image, or `null` when there is no face in the box after all */
  locate(pixels: Pixels, detection: Detection): Promise<Point[] | null>;
}

/** face_landmark_68 of face-api.js: x, y per point as fractions of its square crop. */
export function createFaceLandmark68(entry: Landmark68Entry, run: Run): FaceLandmarker {
  return {
    async locate(pixels, { box, roll }) {
      const { size } = entry;
      const toSource = faceCrop(box, roll, entry.cropScale, size);
      const input = packTensor(warp(pixels, toSource, size, size), size, size, entry.input);
      const outputs = await run({ [entry.input.name]: input });
      const values = readOutput(outputs, 'points', 2 * LANDMARK_COUNT, entry);
      const points = Array.from({ length: LANDMARK_COUNT }, (_, i) =>
        applySimilarity(toSource, { x: (values[2 * i] as number) * size, y: (values[2 * i + 1] as number) * size }),
      );
      // Where there is no face, the points collapse into a heap. Put so that a NaN fails it.
      const isFace = spread(points) >= entry.minSpread * Math.max(box.width, box.height);
      return isFace ? points : null;
    },
  };
}
