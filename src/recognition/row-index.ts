/**
 * Finds the rows of a matrix that could be among the nearest to a probe, by an 8-bit copy of it, which is a quarter as large and
 * is scanned several times as fast. Whoever asks compares those rows exactly, so results are those of a scan of the whole matrix.
 *
 * A row a is stored as m + s q, with the mean m of all rows and q of -127..127, and the probe b as t p, with p of 16 bits. By
 * Cauchy and Schwarz |(a - m)·b - (s q)·(t p)| <= |a - m - s q| |b| + |s q| |b - t p|. Both errors are measured and not
 * estimated, so a row whose distance less its error is beyond the limit cannot be a result, whatever the vectors are. Faces have
 * much in common: without the mean, what is left is half as large, and so are the errors.
 */
import { BLOCK_ROWS, createScan, layOut, type ScanMemory } from './kernel.js';
import { euclideanNorm } from './template.js';

export interface RowIndex {
  /**
   * Calls `look` for all rows whose offset - row·probe may be as low as the limit, in the order of the matrix.
   * @param limit to begin with
   * @param look at a row; it gives the limit for those that follow
   */
  visit(probe: Float32Array, limit: number, look: (row: number) => number): void;
}

/** Below, a second copy saves less than a hundredth of a millisecond. */
const MIN_ROWS = 256;
/** The first block is small: what it finds already sets a limit. */
const FIRST_ROWS = 64;
const LEVELS = 127;
/** Relative error of a few operations in float32, well above its 6e-8. */
const ROUNDING = 1e-6;

/**
 * @param rows of `dimension` values each; they must not change
 * @param offsets one per row, or one for all
 */
export function createRowIndex(rows: Float32Array, dimension: number, offsets: Float32Array | number): RowIndex {
  const count = dimension === 0 ? 0 : rows.length / dimension;
  const quantised = count < MIN_ROWS ? null : quantise(rows, dimension, count, offsets);
  if (!quantised) {
    return {
      visit(_probe, _limit, look) {
        for (let row = 0; row < count; row++) look(row);
      },
    };
  }
  const { layout, memory, mean, maxError, maxNorm, maxOffset } = quantised;
  const hits = new Uint32Array(memory.buffer, layout.hitsAt, BLOCK_ROWS + 1);
  const stored = new Int16Array(memory.buffer, layout.probeAt, layout.stride);
  // So that no sum of products leaves 32 bits.
  const probeLevels = Math.min(2 ** 15 - 1, Math.floor((2 ** 31 - 1) / (LEVELS * layout.stride)));

  return {
    visit(probe, limit, look) {
      const norm = euclideanNorm(probe);
      const step = highest(probe) / probeLevels || 1;
      let [squares, common] = [0, 0];
      for (let d = 0; d < dimension; d++) {
        const value = probe[d] as number;
        const level = Math.round(value / step);
        stored[d] = level;
        squares += (value - step * level) ** 2;
        common += value * (mean[d] as number);
      }
      // Rows have the error of a probe of unit length in their offsets; the rest is the same for all.
      const slack =
        maxError * Math.max(0, norm - 1) +
        maxNorm * Math.sqrt(squares) +
        ROUNDING * (1 + (1 + maxNorm) * norm + maxOffset);
      let reach = limit;
      let blockRows = FIRST_ROWS;
      for (let first = 0; first < count;) {
        const end = Math.min(count, first + blockRows);
        const found = memory.scan(first, end, step, reach + common + slack);
        for (let i = 0; i < found; i++) reach = look(first + (hits[i] as number));
        first = end;
        blockRows = Math.min(BLOCK_ROWS, 2 * blockRows);
      }
    },
  };
}

/** The 8-bit copy, or `null` where there is no memory for it. */
function quantise(rows: Float32Array, dimension: number, count: number, offsets: Float32Array | number) {
  const layout = layOut(dimension, count);
  let memory: ScanMemory;
  try {
    memory = createScan(layout);
  } catch {
    return null;
  }
  const { stride, rowsAt, valuesAt } = layout;
  const values = new Int8Array(memory.buffer, valuesAt, stride * count);
  const pairs = new Float32Array(memory.buffer, rowsAt, 2 * count);
  const mean = meanOf(rows, dimension, count);
  const rest = new Float64Array(dimension);
  let [maxError, maxNorm, maxOffset] = [0, 0, 0];
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < dimension; d++) rest[d] = (rows[row * dimension + d] as number) - (mean[d] as number);
    const most = highest(rest) || 1;
    const scale = Math.fround(most / LEVELS);
    const perUnit = LEVELS / most;
    let errors = 0;
    for (let d = 0; d < dimension; d++) {
      const value = rest[d] as number;
      // Rounded half up; faster than Math.round, which matters with a hundred million values.
      const level = ((value * perUnit + LEVELS + 0.5) | 0) - LEVELS;
      values[row * stride + d] = level;
      errors += (value - scale * level) ** 2;
    }
    const error = Math.sqrt(errors);
    const offset = typeof offsets === 'number' ? offsets : (offsets[row] as number);
    pairs[2 * row] = scale;
    pairs[2 * row + 1] = offset - error;
    maxError = Math.max(maxError, error);
    // A bound that costs nothing: it weighs the error of the probe, which has 16 bits.
    maxNorm = Math.max(maxNorm, most * Math.sqrt(dimension));
    maxOffset = Math.max(maxOffset, Math.abs(offset));
  }
  return { layout, memory, mean, maxError, maxNorm, maxOffset };
}

function meanOf(rows: Float32Array, dimension: number, count: number): Float64Array {
  const mean = new Float64Array(dimension);
  for (let at = 0; at < rows.length; at += dimension) {
    for (let d = 0; d < dimension; d++) mean[d] = (mean[d] as number) + (rows[at + d] as number) / count;
  }
  return mean;
}

/** The highest absolute value. */
function highest(values: Float32Array | Float64Array): number {
  let found = 0;
  for (let d = 0; d < values.length; d++) found = Math.max(found, Math.abs(values[d] as number));
  return found;
}
