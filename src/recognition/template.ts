/** Templates and the arithmetic of their vectors. Vectors of different embedding spaces are never compared. */
import { InfaceError } from '../api/errors.js';

/** Maximum number of templates per profile and embedding space. More do not improve recognition, and each costs one more comparison. */
export const MAX_TEMPLATES = 50;

/** Number of templates from which a profile is recognized about as well as with more. */
export const ENOUGH_TEMPLATES = 3;

/** The stored data of one face image. */
export interface Template {
  readonly id: string;
  /** The profile that the template belongs to. */
  readonly profileId: string;
  /** The embedding space of the vector, as named in the manifest entry of the embedder. */
  readonly space: string;
  /** The mean of the embeddings of its views, see {@link unitMean}. */
  readonly vector: Float32Array;
  /** `QualityReport.score` of its image, 0..1; `null` if it was not measured. */
  readonly quality: number | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/**
 * Rejects a template of another embedding space, or a classifier trained on such templates.
 * @param space the embedding space of the loaded embedder
 * @throws InfaceError `EMBEDDING_SPACE_MISMATCH`
 */
export function assertSameSpace(stored: { readonly space: string }, space: string): void {
  if (stored.space === space) return;
  throw new InfaceError(
    'EMBEDDING_SPACE_MISMATCH',
    `Stored data of the embedding space '${stored.space}' cannot be compared with '${space}'. ` +
      `Use the embedder of '${stored.space}', or enroll the people again and retrain their collections.`,
  );
}

/**
 * Creates the error for stored data of an embedding space that this kit has no models for.
 * @param known the spaces that the manifest has an embedder for
 */
export function unknownSpace(space: string, known: readonly string[]): InfaceError {
  return new InfaceError(
    'EMBEDDING_SPACE_MISMATCH',
    `There is stored data of the embedding space '${space}', but the models in the assets folder are for ` +
      `${known.map((name) => `'${name}'`).join(', ')} only. Add the models that the data was made with, for example ` +
      'by `npx inface assets --models public-domain`, or enroll the people again.',
  );
}

/**
 * Rejects a vector that is not an embedding: of another length, with NaN or infinite values, or zero. Otherwise, NaN
 * would silently fail every comparison; a zero vector has no direction.
 * @param dimension required length
 * @throws InfaceError `INVALID_INPUT`
 */
export function assertEmbedding(vector: Float32Array, dimension: number): void {
  if (vector.length !== dimension) throw lengthMismatch(vector.length, dimension);
  const norm = euclideanNorm(vector);
  if (!(norm > 0 && norm < Infinity)) {
    throw new InfaceError(
      'INVALID_INPUT',
      `An embedding must be finite and nonzero, but this one has the norm ${norm}. Discard it and check its model.`,
    );
  }
}

/** Returns the Euclidean norm of a vector. */
export function euclideanNorm(vector: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < vector.length; d++) sum += (vector[d] as number) ** 2;
  return Math.sqrt(sum);
}

/** Returns a vector of the same direction with unit length. */
export function unitLength(vector: Float32Array): Float32Array {
  const norm = euclideanNorm(vector);
  // Plain loops, here and below: a training computes about ten thousand of these, and a callback per value is several
  // times as slow.
  const unit = new Float32Array(vector.length);
  for (let d = 0; d < unit.length; d++) unit[d] = (vector[d] as number) / norm;
  return unit;
}

/**
 * Returns the mean of the directions of vectors, scaled to unit length. Averaging keeps what the vectors share and
 * reduces their differences.
 * @param vectors one or more, all of the same length
 * @param weights one per vector, above 0; equal by default
 */
export function unitMean(vectors: readonly Float32Array[], weights?: readonly number[]): Float32Array {
  return unitSum(
    vectors,
    vectors.map((vector, i) => (weights?.[i] ?? 1) / euclideanNorm(vector)),
  );
}

/**
 * Returns the weighted sum of vectors, scaled to unit length.
 * @param factors one per vector
 */
export function unitSum(vectors: readonly Float32Array[], factors: readonly number[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (let i = 0; i < vectors.length; i++) {
    const [vector, factor] = [vectors[i] as Float32Array, factors[i] as number];
    for (let d = 0; d < sum.length; d++) sum[d] = (sum[d] as number) + factor * (vector[d] as number);
  }
  return unitLength(sum);
}

/**
 * Returns the dot product of two matrix rows. This is the inner loop of a search. Four independent sums avoid waiting
 * for the previous addition, which is 1.6 times as fast as one sum.
 * @param aOffset index in `a` at which the row begins
 * @param length of both rows
 */
export function dotWithRow(a: Float32Array, aOffset: number, b: Float32Array, bOffset: number, length: number): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    sum0 += (a[aOffset + i] as number) * (b[bOffset + i] as number);
    sum1 += (a[aOffset + i + 1] as number) * (b[bOffset + i + 1] as number);
    sum2 += (a[aOffset + i + 2] as number) * (b[bOffset + i + 2] as number);
    sum3 += (a[aOffset + i + 3] as number) * (b[bOffset + i + 3] as number);
  }
  for (; i < length; i++) sum0 += (a[aOffset + i] as number) * (b[bOffset + i] as number);
  return sum0 + sum1 + sum2 + sum3;
}

/**
 * Copies some rows of a matrix.
 * @param dimension length of a row
 */
export function pickRows(rows: Float32Array, dimension: number, places: readonly number[]): Float32Array {
  const picked = new Float32Array(places.length * dimension);
  for (const [i, place] of places.entries()) {
    picked.set(rows.subarray(place * dimension, (place + 1) * dimension), i * dimension);
  }
  return picked;
}

/** Creates the error for vectors of different length, which come from different embedders. */
export function lengthMismatch(actual: number, expected: number): InfaceError {
  return new InfaceError(
    'INVALID_INPUT',
    `A vector of ${actual} values cannot be compared with one of ${expected} values. Use vectors of one embedder only.`,
  );
}
