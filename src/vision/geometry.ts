/** Boxes, non-maximum suppression and similarity transforms. Coordinates are continuous: pixel i covers [i, i + 1). */
import { InfaceError } from '../api/errors.js';
import type { Box, Point } from '../api/geometry.js';

/** Returns the center of a box. */
export function boxCenter(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Returns the box of the given size around a point. */
export function boxAround({ x, y }: Point, width: number, height: number): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/**
 * Checks whether a point lies in a box. The left and upper edges belong to the box, the right and lower ones do not.
 */
export function boxContains(box: Box, point: Point): boolean {
  return point.x >= box.x && point.y >= box.y && point.x < box.x + box.width && point.y < box.y + box.height;
}

/** Returns the intersection over union of two boxes, 0..1. An empty box has an overlap of 0. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (a.width * a.height + b.width * b.height - intersection);
}

/** Returns the box whose position and size are the mean of those of the given boxes. */
export function meanBox(boxes: readonly Box[]): Box {
  const mean = (value: (box: Box) => number) => boxes.reduce((sum, box) => sum + value(box), 0) / boxes.length;
  return { x: mean((b) => b.x), y: mean((b) => b.y), width: mean((b) => b.width), height: mean((b) => b.height) };
}

/** Returns the square with the center of a box and `scale` times its longer side. */
export function squareAround(box: Box, scale: number): Box {
  const side = scale * Math.max(box.width, box.height);
  return boxAround(boxCenter(box), side, side);
}

/**
 * Covers an image with the fewest squares of the given side, evenly spaced, row by row. Along a dimension that is
 * shorter than the side, it centers a single square, which then extends beyond the image.
 * @param side in pixels
 * @param minOverlap least overlap of neighboring squares, as a fraction of the side, below 1
 */
export function tilesOf(width: number, height: number, side: number, minOverlap: number): Box[] {
  const startsAlong = (length: number): number[] => {
    if (length <= side) return [(length - side) / 2];
    const steps = Math.ceil((length - side) / (side * (1 - minOverlap)));
    return Array.from({ length: steps + 1 }, (_, i) => (i * (length - side)) / steps);
  };
  return startsAlong(height).flatMap((y) => startsAlong(width).map((x) => ({ x, y, width: side, height: side })));
}

/**
 * Applies greedy non-maximum suppression. It repeatedly keeps the item with the highest score and drops all others
 * whose IoU with it exceeds `maxIou`.
 * @returns the kept items by descending score; equal scores keep their order
 */
export function suppressNonMaxima<T extends { readonly box: Box; readonly score: number }>(
  items: readonly T[],
  maxIou: number,
): T[] {
  const kept: T[] = [];
  for (const item of [...items].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => intersectionOverUnion(better.box, item.box) <= maxIou)) kept.push(item);
  }
  return kept;
}

/** Returns the root mean square distance of points from their centroid. */
export function spread(points: readonly Point[]): number {
  const n = points.length;
  const x = points.reduce((sum, p) => sum + p.x, 0) / n;
  const y = points.reduce((sum, p) => sum + p.y, 0) / n;
  return Math.sqrt(points.reduce((sum, p) => sum + (p.x - x) ** 2 + (p.y - y) ** 2, 0) / n);
}

/** Returns the sum of two angles in radians, between -pi and pi. */
export function addAngles(a: number, b: number): number {
  return Math.atan2(Math.sin(a + b), Math.cos(a + b));
}

/** A similarity transform: x' = a x - b y + tx, y' = b x + a y + ty. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

export function applySimilarity(t: Similarity, p: Point): Point {
  return { x: t.a * p.x - t.b * p.y + t.tx, y: t.b * p.x + t.a * p.y + t.ty };
}

/** Returns the transform that applies `first`, then `then`. */
export function composeSimilarities(then: Similarity, first: Similarity): Similarity {
  const { x: tx, y: ty } = applySimilarity(then, { x: first.tx, y: first.ty });
  return { a: then.a * first.a - then.b * first.b, b: then.b * first.a + then.a * first.b, tx, ty };
}

/** Returns the inverse of `t`. */
export function invertSimilarity(t: Similarity): Similarity {
  const norm = t.a * t.a + t.b * t.b;
  const a = t.a / norm;
  const b = -t.b / norm;
  return { a, b, tx: -(a * t.tx - b * t.ty), ty: -(b * t.tx + a * t.ty) };
}

/** Returns the factor by which a transform scales lengths. */
export function similarityScale(t: Similarity): number {
  return Math.hypot(t.a, t.b);
}

/**
 * Fits the similarity transform from `from` to `to` by least squares, without reflection. This is the
 * closed form of S. Umeyama, 'Least-squares estimation of transformation parameters between two point patterns', 1991,
 * in two dimensions.
 * @throws InfaceError `INVALID_INPUT` when the numbers of points differ, there are fewer than two, or all points of
 * `from` coincide
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  if (from.length !== to.length || from.length < 2) {
    throw new InfaceError(
      'INVALID_INPUT',
      `A similarity transform needs two or more pairs of points, got ${from.length} and ${to.length}.`,
    );
  }
  const n = from.length;
  let [fx, fy, gx, gy] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const p = from[i] as Point;
    const q = to[i] as Point;
    fx += p.x / n;
    fy += p.y / n;
    gx += q.x / n;
    gy += q.y / n;
  }
  let [dot, cross, spread] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const p = from[i] as Point;
    const q = to[i] as Point;
    const [px, py, qx, qy] = [p.x - fx, p.y - fy, q.x - gx, q.y - gy];
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    spread += px * px + py * py;
  }
  if (!(spread > 0)) {
    throw new InfaceError('INVALID_INPUT', 'A similarity transform needs points that do not all coincide.');
  }
  const a = dot / spread;
  const b = cross / spread;
  return { a, b, tx: gx - (a * fx - b * fy), ty: gy - (b * fx + a * fy) };
}
