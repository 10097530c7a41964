/**
 * Preselects the rows of a matrix that could be nearest to a probe, by scanning an 8-bit copy. The copy is a quarter as
 * large as the matrix and is scanned several times as fast. The caller compares the preselected rows exactly, so the
 * results are those of a scan of the whole matrix.
 *
 * A row a is stored as m + s q, with the mean m of all rows and q of -127..127, and the probe b as t p, with p of 16
 * bits. By the Cauchy-Schwarz inequality |(a - m)·b - (s q)·(t p)| <= |a - m - s q| |b| + |s q| |b - t p|. Both errors
 * are measured, not estimated. So a row whose distance minus its error exceeds the limit cannot be a result, whatever
 * the vectors are. Faces have much in common: subtracting the mean halves the rows, and with them the errors.
 */
import { BLOCK_ROWS, createScan, layOut, type ScanMemory } from './kernel.js';
import { euclideanNorm } from './template.js';

export interface RowIndex {
  /**
   * Calls `look` for each row whose offset - row·probe may reach the limit, in the order of the matrix.
   * @param limit initial limit
   * @param look compares a row and returns the limit for the following rows
   */
  visit(probe: Float32Array, limit: number, look: (row: number) => number): void;
}

/** Number of rows below which a second copy saves less than a hundredth of a millisecond. */
const MIN_ROWS = 256;
/** Number of rows in the first block. It is small because its hits already set a limit. */
const FIRST_ROWS = 64;
const LEVELS = 127;
/** Bound on the relative error of a few float32 operations, well above the 6e-8 of a single one. */
const ROUNDING = 1e-6;

/**
 * Creates the index of a matrix.
 * @param rows of `dimension` values each; they must not change
 * @param offsets one per row, or one for all
 */
export function createRowIndex(rows: Float32Array, dimension: number, offsets: Float32Array | number): RowIndex {
  const count = dimension === 0 ? 0 : rows.length / dimension;
  const quantized = count < MIN_ROWS ? null : quantize(rows, dimension, count, offsets);
  if (!quantized) {
    return {
      visit(_probe, _limit, look) {
        for (let row = 0; row < count; row++) look(row);
      },
    };
  }
  const { layout, memory, mean, maxError, maxNorm, maxOffset } = quantized;
  const hits = new Uint32Array(memory.buffer, layout.hitsAt, BLOCK_ROWS + 1);
  const stored = new Int16Array(memory.buffer, layout.probeAt, layout.stride);
  // Keeps every sum of products within 32 bits.
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
      // The offset of each row already includes its error for a probe of unit length. The rest is the same for all
      // rows.
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

/** Creates the 8-bit copy, or returns `null` when there is not enough memory for it. */
function quantize(rows: Float32Array, dimension: number, count: number, offsets: Float32Array | number) {
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
      // Rounds half up. Faster than Math.round, which matters for a hundred million values.
      const level = ((value * perUnit + LEVELS + 0.5) | 0) - LEVELS;
      values[row * stride + d] = level;
      errors += (value - scale * level) ** 2;
    }
    const error = Math.sqrt(errors);
    const offset = typeof offsets === 'number' ? offsets : (offsets[row] as number);
    pairs[2 * row] = scale;
    pairs[2 * row + 1] = offset - error;
    maxError = Math.max(maxError, error);
    // An upper bound suffices: it only scales the error of the probe, which has 16 bits.
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

/** Returns the highest absolute value. */
function highest(values: Float32Array | Float64Array): number {
  let found = 0;
  for (let d = 0; d < values.length; d++) found = Math.max(found, Math.abs(values[d] as number));
  return found;
}
