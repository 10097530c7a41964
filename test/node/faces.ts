/** Faces that are drawn for the tests: the points of a head, and pixels that are neither plain nor blurred. */
import type { Point } from '../../src/api/geometry.js';
import { createPixels, type Pixels } from '../../src/vision/image.js';
import type { FaceStructure } from '../../src/vision/structure.js';

/**
 * A head of 68 points in centimeters, x to the right, y down, z to the camera. The ten that matter for the pose are those
 * of MediaPipe's canonical face model, written down once more; the eyes are closed by points between their corners.
 */
const HEAD = ((): [number, number, number][] => {
  const points = Array.from({ length: 68 }, (): [number, number, number] => [0, 0, 0]);
  const known: Record<number, [number, number, number]> = {
    8: [0, 9.4, 4.26],
    27: [0, -3.27, 5.24],
    30: [0, 0.46, 7.59],
    33: [0, 2.09, 6.06],
    36: [-4.45, -2.66, 3.17],
    39: [-1.86, -2.59, 3.76],
    42: [1.86, -2.59, 3.76],
    45: [4.45, -2.66, 3.17],
    48: [-2.46, 4.34, 4.28],
    54: [2.46, 4.34, 4.28],
  };
  for (const [index, at] of Object.entries(known)) points[Number(index)] = at;
  const eyes: readonly (readonly [from: number, to: number, corner: number, other: number])[] = [
    [36, 42, 36, 39],
    [42, 48, 42, 45],
  ];
  for (const [from, to, outer, inner] of eyes) {
    const [p, q] = [points[outer] as [number, number, number], points[inner] as [number, number, number]];
    for (let i = from; i < to; i++) {
      if (i === outer || i === inner) continue;
      points[i] = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2];
    }
  }
  return points;
})();

/** What is drawn here has the structure of no face, so it is said to have that of one. */
export const AS_FACE: FaceStructure = { occlusion: 0, faceLikeness: 1 };

export interface View {
  readonly yaw?: number;
  readonly pitch?: number;
  readonly roll?: number;
  /** Pixels per centimeter. */
  readonly scale?: number;
  readonly x?: number;
  readonly y?: number;
}

/** The head turned (yaw to the right in the image, pitch upwards, then roll clockwise) and seen from far away. */
export function landmarks({ yaw = 0, pitch = 0, roll = 0, scale = 10, x = 150, y = 150 }: View = {}): Point[] {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [a, b, c] = [radians(yaw), radians(pitch), radians(roll)];
  return HEAD.map(([hx, hy, hz]) => {
    // About the y axis: the nose, which is at positive z, goes to positive x.
    const px = hx * Math.cos(a) + hz * Math.sin(a);
    const depth = hz * Math.cos(a) - hx * Math.sin(a);
    // About the x axis: the nose goes up, which is negative y.
    const py = hy * Math.cos(b) - depth * Math.sin(b);
    return {
      x: x + scale * (px * Math.cos(c) - py * Math.sin(c)),
      y: y + scale * (px * Math.sin(c) + py * Math.cos(c)),
    };
  });
}

/**
 * Averages each value with those before and after it in its line.
 * @param next distance to the same place in the next line; `step` is the distance to the next place in a line
 */
function smoothed(values: Float32Array, side: number, next: number, step: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let line = 0; line < side; line++) {
    for (let k = 0, i = line * next; k < side; k++, i += step) {
      const before = k > 0 ? 1 : 0;
      const after = k < side - 1 ? 1 : 0;
      const around = before * (values[i - before * step] as number) + after * (values[i + after * step] as number);
      out[i] = ((values[i] as number) + around) / (1 + before + after);
    }
  }
  return out;
}

/** Stripes and dots of some contrast around a gray, smoothed `blur` times by a box of 3 pixels. */
export function texture(level = 0.5, contrast = 0.25, blur = 0, side = 300): Pixels {
  let values: Float32Array = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const coarse = Math.sin(x / 17) * Math.cos(y / 23);
    const fine = ((x * 7919 + y * 104729) % 97) / 48.5 - 1;
    return level + contrast * (0.6 * coarse + 0.4 * fine);
  });
  for (let round = 0; round < blur; round++) {
    values = smoothed(values, side, side, 1);
    values = smoothed(values, side, 1, side);
  }
  const data = new Uint8ClampedArray(side * side * 4);
  values.forEach((value, i) => {
    data.fill(255 * value, 4 * i, 4 * i + 3);
  });
  return createPixels(side, side, data);
}
