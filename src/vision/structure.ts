/**
 * Judges the structure of a face: whether it is one at all, and whether a part of it is covered.
 * Structure means where the aligned chip has edges.
 */
import type { Point } from '../api/geometry.js';
import { dlibChip } from './align.js';
import { applySimilarity } from './geometry.js';
import { luminanceOf, warp, type Pixels } from './image.js';
import { FACE_LIKENESS, OCCLUSION } from './structure-weights.js';

/** Probabilities, 0..1. Each assumes that half of the cases are so. */
export interface FaceStructure {
  /** That a part of the face is covered. */
  readonly occlusion: number;
  /** That it is a face. */
  readonly faceLikeness: number;
}

/** A logistic regression on {@link structureOf}. */
interface StructureWeights {
  readonly bias: number;
  /** Value of one unit of `weights`. */
  readonly unit: number;
  /** {@link STRUCTURE_LENGTH} integers, -127 to 127. */
  readonly weights: readonly number[];
}

/** Side of the chip in pixels, and the border around dlib's template as a fraction of its size. */
const CHIP = { size: 48, padding: 0.25 } as const;
/** Cells in each direction. With 6 or 12, fewer covered faces are found. */
const CELLS = 8;
/** Side of a cell in pixels. */
const CELL = CHIP.size / CELLS;
/** Directions of the edges, from 0 to 180 degrees. */
const BINS = 4;
/** Added to relative strengths, to limit their logarithm where there are no edges. */
const FLOOR = 0.05;
/** Length of {@link structureOf}. */
export const STRUCTURE_LENGTH = CELLS * CELLS * BINS;

/**
 * Judges the structure of a face. Takes less than a millisecond. The weights are fitted, and the results measured, by
 * lab/measure/fit-structure.ts.
 * @param landmarks 68 points in iBUG order, in pixels of `pixels`
 */
export function judgeStructure(pixels: Pixels, landmarks: readonly Point[]): FaceStructure {
  const structure = structureOf(pixels, landmarks);
  const probability = ({ bias, unit, weights }: StructureWeights) => {
    const sum = structure.reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
    return 1 / (1 + Math.exp(-(bias + unit * sum)));
  };
  return { occlusion: probability(OCCLUSION), faceLikeness: probability(FACE_LIKENESS) };
}

/**
 * Describes where a face has edges, and in which directions. These are histograms of oriented gradients (Dalal and
 * Triggs, 2005), relative to the mean of the chip, so that they depend neither on contrast nor on light. A face is nearly
 * symmetric, and a cover often is not. Therefore, the values are sums and differences of each cell and its mirror image.
 * @returns {@link STRUCTURE_LENGTH} values: the sums for the left half of the cells, then the differences
 */
export function structureOf(pixels: Pixels, landmarks: readonly Point[]): Float32Array {
  const edges = edgesOf(pixels, landmarks);
  const seen = edges.filter((value) => !Number.isNaN(value));
  const average = seen.reduce((sum, value) => sum + value, 0) / Math.max(1, seen.length);
  // A chip without edges has the same strength everywhere.
  const strengthOf = (value: number) => Math.log((average > 0 ? value / average : 1) + FLOOR);
  const half = STRUCTURE_LENGTH / 2;
  const structure = new Float32Array(STRUCTURE_LENGTH);
  for (let y = 0, i = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS / 2; x++) {
      for (let bin = 0; bin < BINS; bin++, i++) {
        const here = edges[indexOf(x, y, bin)] as number;
        const mirrored = edges[indexOf(CELLS - 1 - x, y, (BINS - bin) % BINS)] as number;
        // A cell outside the image counts as its mirror image. If that is outside as well, it counts as the average.
        const [a = average, b = a] = [here, mirrored].filter((value) => !Number.isNaN(value));
        structure[i] = strengthOf(a) + strengthOf(b);
        structure[half + i] = Math.abs(strengthOf(a) - strengthOf(b));
      }
    }
  }
  return structure;
}

function indexOf(x: number, y: number, bin: number): number {
  return (y * CELLS + x) * BINS + bin;
}

/** Returns the sum of the gradients per cell and direction. It is NaN where a cell is partly outside the image. */
function edgesOf(pixels: Pixels, landmarks: readonly Point[]): Float32Array {
  const { size, padding } = CHIP;
  const toSource = dlibChip(landmarks, size, padding);
  const luminance = luminanceOf(warp(pixels, toSource, size, size));
  const edges = new Float32Array(STRUCTURE_LENGTH);
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      const i = y * size + x;
      const dx = (luminance[i + 1] as number) - (luminance[i - 1] as number);
      const dy = (luminance[i + size] as number) - (luminance[i - size] as number);
      // The bins are centered on the axes, so that the mirror image of a bin is a bin.
      const bin = Math.floor((Math.atan2(dy, dx) / Math.PI) * BINS + 0.5);
      const cell = indexOf(Math.floor(x / CELL), Math.floor(y / CELL), (bin + BINS) % BINS);
      edges[cell] = (edges[cell] as number) + Math.hypot(dx, dy);
    }
  }
  // A gradient reads the pixels beside it. Their centers must be in the image.
  const isInside = (u: number, v: number) => {
    const { x, y } = applySimilarity(toSource, { x: u, y: v });
    return x >= 0 && y >= 0 && x <= pixels.width && y <= pixels.height;
  };
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      const [left, top] = [x, y].map((cell) => Math.max(0, cell * CELL - 1) + 0.5) as [number, number];
      const [right, bottom] = [x, y].map((cell) => Math.min(size, (cell + 1) * CELL + 1) - 0.5) as [number, number];
      if ([left, right].every((u) => [top, bottom].every((v) => isInside(u, v)))) continue;
      edges.fill(Number.NaN, indexOf(x, y, 0), indexOf(x, y, BINS));
    }
  }
  return edges;
}
