/** Fits homographies between two views of a plane, and the linear least squares behind them. */
import type { Point } from '../api/geometry.js';

/** A row-major 3 x 3 matrix. Its last entry is 1 in the normalized coordinates in which it was fitted. */
export type Homography = readonly number[];

/**
 * Fits the homography that maps `from` to `to`, by linear least squares in 8 parameters. Coordinates are normalized (R.
 * Hartley, 'In defense of the eight-point algorithm', 1997).
 * @param from four or more points, at least four of them with no three on a line
 * @returns `null` when the points do not determine a homography
 */
export function fitHomography(from: readonly Point[], to: readonly Point[]): Homography | null {
  const [a, b] = [normalization(from), normalization(to)];
  const rows: number[][] = [];
  const right: number[] = [];
  from.forEach((p, i) => {
    const q = to[i] as Point;
    const [x, y] = [(p.x - a.x) * a.scale, (p.y - a.y) * a.scale];
    const [u, v] = [(q.x - b.x) * b.scale, (q.y - b.y) * b.scale];
    rows.push([x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]);
    right.push(u, v);
  });
  const h = leastSquares(rows, right);
  if (!h) return null;
  // Undo the normalization of the coordinates: T_to^-1 H T_from.
  const inner = [...h, 1];
  const forward = [a.scale, 0, -a.scale * a.x, 0, a.scale, -a.scale * a.y, 0, 0, 1];
  const back = [1 / b.scale, 0, b.x, 0, 1 / b.scale, b.y, 0, 0, 1];
  return multiply(back, multiply(inner, forward));
}

export function applyHomography(h: Homography, { x, y }: Point): Point {
  const at = (row: number) => (h[row] as number) * x + (h[row + 1] as number) * y + (h[row + 2] as number);
  const w = at(6);
  return { x: at(0) / w, y: at(3) / w };
}

/**
 * Solves an overdetermined linear system by least squares, using its normal equations. Their matrix is symmetric and
 * positive semidefinite, so the elimination is stable without pivoting.
 * @param rows of coefficients, all of the same length
 * @returns `null` when the columns are linearly dependent
 */
export function leastSquares(rows: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const n = rows[0]?.length ?? 0;
  const system = Array.from({ length: n }, () => new Array<number>(n + 1).fill(0));
  rows.forEach((row, k) => {
    for (let i = 0; i < n; i++) {
      const line = system[i] as number[];
      const value = row[i] as number;
      if (value === 0) continue;
      for (let j = 0; j < n; j++) line[j] = (line[j] as number) + value * (row[j] as number);
      line[n] = (line[n] as number) + value * (right[k] as number);
    }
  });
  const scale = Math.max(...system.map((row, i) => row[i] as number));
  for (let i = 0; i < n; i++) {
    const pivot = system[i] as number[];
    if (!((pivot[i] as number) > 1e-12 * scale)) return null;
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const row = system[k] as number[];
      const factor = (row[i] as number) / (pivot[i] as number);
      for (let j = i; j <= n; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number);
    }
  }
  return system.map((row, i) => (row[n] as number) / (row[i] as number));
}

/** Returns the offset and scale that normalize points to mean 0 and root mean square distance sqrt(2). */
function normalization(points: readonly Point[]): { x: number; y: number; scale: number } {
  const n = points.length;
  const x = points.reduce((sum, p) => sum + p.x, 0) / n;
  const y = points.reduce((sum, p) => sum + p.y, 0) / n;
  const square = points.reduce((sum, p) => sum + (p.x - x) ** 2 + (p.y - y) ** 2, 0) / n;
  return { x, y, scale: Math.sqrt(2 / square) };
}

function multiply(a: Homography, b: Homography): Homography {
  const at = (m: Homography, row: number, column: number) => m[3 * row + column] as number;
  return Array.from({ length: 9 }, (_, k) => {
    const [row, column] = [Math.floor(k / 3), k % 3];
    return [0, 1, 2].reduce((sum, i) => sum + at(a, row, i) * at(b, i, column), 0);
  });
}
