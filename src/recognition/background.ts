/**
 * Synthetic embeddings of people who do not exist, drawn from the statistics of many real people. They form the cohort
 * of `scoring.ts` and the strangers of `classifier.ts`.
 *
 * The statistics are a mixture of normal distributions with a common covariance, in the space of length-normalized
 * embeddings. Every center is the mean of at least 20 people, so none of them is the template of a real person.
 */
import { InfaceError } from '../api/errors.js';

/** Aggregate statistics of the embeddings of one space. */
export interface Background {
  readonly dimension: number;
  /** Share of each component; they sum to 1. */
  readonly shares: Float32Array;
  /** One row of `dimension` values per component. */
  readonly centers: Float32Array;
  /**
   * Lower triangle of the Cholesky factor of the common covariance, row by row. It has dimension * (dimension + 1) / 2
   * values.
   */
  readonly factor: Float32Array;
  /**
   * Commonness (`scoring.ts`) of the first strangers, measured when the models were built. That of others is not
   * stored.
   */
  readonly strangerCommonness: Float32Array;
}

/**
 * Spread of samples around their center, relative to the deviation of people. Strangers with 0.85 come as near to a
 * gallery as real ones: the distance below which 1 % of them fall differs by less than 0.002 (10 to 235 profiles of 1
 * to 5 templates); with 1 it is 0.003 too far. In the cohort only the nearest members count. With 0.7 they are as near
 * as those of a cohort of real people: FNMR at FMR 1e-4 is 10.8 %; with 1 it is 11.5 %.
 */
const SPREAD = { cohort: 0.7, stranger: 0.85 } as const;

/** Number of strangers per profile to test a collection with. In a larger one, a threshold shift names more of them. */
const STRANGERS_PER_PROFILE = 4;
const MIN_STRANGERS = 500;
export const MAX_STRANGERS = 2_000;

/** The first bytes of a file: 'IFB' and the version of the format. */
const MAGIC = [0x49, 0x46, 0x42, 1] as const;
const HEADER_BYTES = 8;

/**
 * Parses a file of background statistics, all of it little-endian. It consists of the 4 bytes of {@link MAGIC}, the
 * dimension and the number of components as uint16, then float32 values: shares, centers, factor, and up to 2,000
 * values of the commonness of strangers. `lab/measure/fit-embedder.ts` writes the file; the build of the models appends
 * the commonness.
 * @param dimension required length of the embeddings
 * @throws InfaceError `MODEL_LOAD_FAILED` when the file is damaged or has another dimension
 */
export function parseBackground(bytes: Uint8Array, dimension: number): Background {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw damaged('its first bytes are not those of such a file');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [stored, components] = [view.getUint16(4, true), view.getUint16(6, true)];
  if (stored !== dimension) throw damaged(`it is for ${stored} values, but the embedder returns ${dimension}`);
  const sizes = [components, components * dimension, (dimension * (dimension + 1)) / 2] as const;
  const expected = HEADER_BYTES + 4 * (sizes[0] + sizes[1] + sizes[2]);
  const strangers = (bytes.length - expected) / 4;
  if (components === 0 || strangers < 0 || strangers > MAX_STRANGERS || !Number.isInteger(strangers)) {
    throw damaged(`${components} components need ${expected} bytes, but it has ${bytes.length}`);
  }
  let offset = HEADER_BYTES;
  const read = (count: number): Float32Array => {
    const values = Float32Array.from({ length: count }, (_, i) => view.getFloat32(offset + 4 * i, true));
    offset += 4 * count;
    return values;
  };
  const [shares, centers, factor] = [read(sizes[0]), read(sizes[1]), read(sizes[2])];
  const strangerCommonness = read(strangers);
  const total = shares.reduce((sum, share) => sum + share, 0);
  // Written so that NaN is rejected.
  if (!(Math.abs(total - 1) < 1e-3 && shares.every((share) => share > 0))) throw damaged(`its shares sum to ${total}`);
  if (![...centers, ...factor, ...strangerCommonness].every(Number.isFinite))
    throw damaged('some of its values are not finite');
  return { dimension, shares, centers, factor, strangerCommonness };
}

/**
 * Draws synthetic embeddings. For each, picks a component by its share, samples around its center and normalizes to
 * unit length.
 * @param count number of embeddings
 * @param seed an integer; the same seed yields the same embeddings
 * @param use purpose of the embeddings; members of a cohort lie nearer to their center than strangers
 * @returns count x dimension values, row by row, every row of norm 1
 */
export function sampleBackground(
  background: Background,
  count: number,
  seed: number,
  use: keyof typeof SPREAD,
): Float32Array {
  const { dimension, shares, centers, factor } = background;
  const uniform = createUniform(seed);
  const rows = new Float32Array(count * dimension);
  const four = () =>
    Array.from({ length: FACES_AT_ONCE }, () => new Float64Array(dimension)) as unknown as Four<Float64Array>;
  const [normals, values] = [four(), four()];
  // Four faces at once: each of the four sums waits only for its previous addition.
  for (let first = 0; first < count; first += FACES_AT_ONCE) {
    for (const [i, row] of normals.entries()) {
      const center = pick(shares, uniform()) * dimension;
      values[i]?.set(centers.subarray(center, center + dimension));
      // Box-Muller transform. 1 - u, because u may be 0.
      for (let d = 0; d < dimension; d++) {
        row[d] = SPREAD[use] * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      }
    }
    multiply(factor, dimension, normals, values);
    for (const [i, row] of values.slice(0, count - first).entries()) {
      let squares = 0;
      for (let d = 0; d < dimension; d++) squares += (row[d] as number) ** 2;
      const norm = Math.sqrt(squares);
      for (let d = 0; d < dimension; d++) rows[(first + i) * dimension + d] = (row[d] as number) / norm;
    }
  }
  return rows;
}

/** Number of faces multiplied at once. */
const FACES_AT_ONCE = 4;
type Four<T> = readonly [T, T, T, T];

/**
 * Adds the product of a lower triangular matrix and normals to four faces.
 * @param values centers of the faces, to which the deviations are added
 */
function multiply(
  factor: Float32Array,
  dimension: number,
  [normals0, normals1, normals2, normals3]: Four<Float64Array>,
  [values0, values1, values2, values3]: Four<Float64Array>,
): void {
  for (let row = 0, entry = 0; row < dimension; row++) {
    let sum0 = values0[row] as number;
    let sum1 = values1[row] as number;
    let sum2 = values2[row] as number;
    let sum3 = values3[row] as number;
    for (let e = 0; e <= row; e++, entry++) {
      const value = factor[entry] as number;
      sum0 += value * (normals0[e] as number);
      sum1 += value * (normals1[e] as number);
      sum2 += value * (normals2[e] as number);
      sum3 += value * (normals3[e] as number);
    }
    values0[row] = sum0;
    values1[row] = sum1;
    values2[row] = sum2;
    values3[row] = sum3;
  }
}

/**
 * Returns the number of strangers to test a collection with.
 * @param profileCount number of profiles of the collection
 */
export function strangerCount(profileCount: number): number {
  return Math.min(MAX_STRANGERS, Math.max(MIN_STRANGERS, STRANGERS_PER_PROFILE * profileCount));
}

/** Returns the component that a number of 0..1 selects. */
function pick(shares: Float32Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < shares.length - 1; k++) {
    sum += shares[k] as number;
    if (at < sum) return k;
  }
  return shares.length - 1;
}

/**
 * Creates the generator mulberry32 by T. Ettinger. It returns numbers from 0 up to but not including 1, and the same
 * sequence for the same seed.
 */
function createUniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function damaged(what: string): InfaceError {
  return new InfaceError(
    'MODEL_LOAD_FAILED',
    `The file of background statistics cannot be used: ${what}. Build the models again and serve the new files.`,
  );
}
