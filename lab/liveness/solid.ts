/**
 * Geometry in space: rotations, the pinhole camera, and the alignment of two point sets.
 *
 * Lengths are in centimeters; x points right in the image, y down, z toward the camera.
 */
import type { Point } from '../../src/api/geometry.js';

export type Vector = readonly [x: number, y: number, z: number];
/** A rotation matrix, by rows. */
export type Rotation = readonly [Vector, Vector, Vector];

/** The placement of an object in front of the camera. */
export interface Placement {
  /**
   * Yaw about the vertical axis, positive to the right in the image.
   * Pitch is positive upward; roll is positive clockwise.
   */
  readonly yawDegrees: number;
  readonly pitchDegrees: number;
  readonly rollDegrees: number;
  /** Offset from the optical axis. */
  readonly x: number;
  readonly y: number;
  /** Distance from the camera to the origin of the object. */
  readonly distance: number;
}

export const FRONTAL: Placement = { yawDegrees: 0, pitchDegrees: 0, rollDegrees: 0, x: 0, y: 0, distance: 50 };

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function rotate(rotation: Rotation, v: Vector): Vector {
  return [dot(rotation[0], v), dot(rotation[1], v), dot(rotation[2], v)];
}

function multiply(a: Rotation, b: Rotation): Rotation {
  const column = (j: 0 | 1 | 2): Vector => [b[0][j], b[1][j], b[2][j]];
  const row = (r: Vector): Vector => [dot(r, column(0)), dot(r, column(1)), dot(r, column(2))];
  return [row(a[0]), row(a[1]), row(a[2])];
}

/** Returns the rotation: first yaw, then pitch, then roll. */
export function rotationOf({ yawDegrees, pitchDegrees, rollDegrees }: Placement): Rotation {
  const [yaw, pitch, roll] = [yawDegrees, pitchDegrees, rollDegrees].map((d) => (d * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  const aboutY: Rotation = [
    [Math.cos(yaw), 0, Math.sin(yaw)],
    [0, 1, 0],
    [-Math.sin(yaw), 0, Math.cos(yaw)],
  ];
  const aboutX: Rotation = [
    [1, 0, 0],
    [0, Math.cos(pitch), -Math.sin(pitch)],
    [0, Math.sin(pitch), Math.cos(pitch)],
  ];
  const aboutZ: Rotation = [
    [Math.cos(roll), -Math.sin(roll), 0],
    [Math.sin(roll), Math.cos(roll), 0],
    [0, 0, 1],
  ];
  return multiply(aboutZ, multiply(aboutX, aboutY));
}

/** Transforms a point of the object to camera coordinates: z is the distance along the optical axis. */
export function place(v: Vector, rotation: Rotation, { x, y, distance }: Placement): Vector {
  const [px, py, pz] = rotate(rotation, v);
  return [px + x, py + y, distance - pz];
}

/**
 * Projects a point through the pinhole camera.
 * @param focalPx focal length in pixels; the optical axis goes through `center`
 */
export function project([x, y, z]: Vector, focalPx: number, center: Point): Point {
  return { x: center.x + (focalPx * x) / z, y: center.y + (focalPx * y) / z };
}

/** A similarity transform of space: v -> scale * rotation * (v - from) + to. */
export interface Alignment {
  readonly rotation: Rotation;
  readonly scale: number;
  readonly from: Vector;
  readonly to: Vector;
}

export function align({ rotation, scale, from, to }: Alignment, v: Vector): Vector {
  const [x, y, z] = rotate(rotation, [v[0] - from[0], v[1] - from[1], v[2] - from[2]]);
  return [scale * x + to[0], scale * y + to[1], scale * z + to[2]];
}

/**
 * Fits the similarity transform that takes `from` closest to `to` in the least-squares sense.
 *
 * B. K. P. Horn, 'Closed-form solution of absolute orientation using unit quaternions', 1987. The eigenvector is found
 * by power iteration.
 */
export function fitAlignment(from: readonly Vector[], to: readonly Vector[]): Alignment {
  const centerOf = (all: readonly Vector[]): Vector =>
    [0, 1, 2].map((d) => all.reduce((sum, v) => sum + v[d as 0], 0) / all.length) as unknown as Vector;
  const [a, b] = [centerOf(from), centerOf(to)];
  const s = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => from.reduce((sum, v, k) => sum + (v[i as 0] - a[i as 0]) * (to[k]![j as 0] - b[j as 0]), 0)),
  );
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = s as unknown as Rotation;
  const n = [
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, -xx + yy - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, -xx - yy + zz],
  ];
  // Shift the matrix to be positive definite, so that its largest eigenvalue also has the largest magnitude.
  const shift = Math.max(...n.map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0)));
  let q = [1, 0.01, 0.02, 0.03];
  for (let i = 0; i < 500; i++) {
    const next = n.map((row, r) => row.reduce((sum, value, c) => sum + value * q[c]!, shift * q[r]!));
    const length = Math.hypot(...next);
    q = next.map((value) => value / length);
  }
  const [w, x, y, z] = q as [number, number, number, number];
  const rotation: Rotation = [
    [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
  ];
  let [along, spread] = [0, 0];
  from.forEach((v, k) => {
    const d: Vector = [v[0] - a[0], v[1] - a[1], v[2] - a[2]];
    const e = to[k]!;
    along += dot(rotate(rotation, d), [e[0] - b[0], e[1] - b[1], e[2] - b[2]]);
    spread += dot(d, d);
  });
  return { rotation, scale: along / spread, from: a, to: b };
}
