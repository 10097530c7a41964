/** Fits the background statistics of `src/recognition/background.ts` to the embeddings of many people. */
import type { Background } from '../../src/recognition/background.js';

/** Photos of one person, as length-normalized embeddings. */
export type Person = readonly Float32Array[];

/** Minimum number of people per center, so that no person's template dominates a mean. */
const MIN_PEOPLE = 20;
const MAX_ROUNDS = 100;
/**
 * Ridge added to the diagonal of the covariance, whose mean is about 0.002.
 * People hardly differ in some directions.
 */
const RIDGE = 1e-6;

/**
 * Fits the background statistics: centers, and the covariance around them.
 *
 * Runs k-means on one mean per person, so that no person dominates, with at least 20 people per center; then takes the
 * covariance of all photos around the centers, with every person weighted equally. Deterministic for the same people in
 * the same order.
 * @param components number of centers
 */
export function fitBackground(people: readonly Person[], components: number): Background {
  const dimension = people[0]?.[0]?.length ?? 0;
  const means = people.map((photos) => meanOf(photos));
  // Start from people taken at regular intervals.
  let centers = Array.from({ length: components }, (_, k) => means[Math.floor((k * means.length) / components)]!);
  let owners: number[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = assign(means, centers);
    if (next.every((owner, i) => owner === owners[i])) break;
    owners = next;
    centers = centers.map((_, k) => meanOf(means.filter((_mean, i) => owners[i] === k)));
  }
  const covariance = new Float64Array(dimension * dimension);
  people.forEach((photos, i) => {
    const center = centers[owners[i]!]!;
    for (const photo of photos) addOuter(covariance, photo, center, 1 / (people.length * photos.length));
  });
  for (let d = 0; d < dimension; d++) covariance[d * dimension + d]! += RIDGE;
  return {
    dimension,
    shares: Float32Array.from(centers, (_, k) => owners.filter((owner) => owner === k).length / people.length),
    centers: Float32Array.from(centers.flatMap((center) => [...center])),
    factor: choleskyFactor(covariance, dimension),
    strangerCommonness: new Float32Array(0),
  };
}

/** Encodes the statistics as the bytes that `parseBackground` reads. */
export function encodeBackground(background: Background): Uint8Array {
  const { dimension, shares, centers, factor, strangerCommonness } = background;
  const values = [...shares, ...centers, ...factor, ...strangerCommonness];
  const bytes = new Uint8Array(8 + 4 * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x46, 0x42, 1]);
  view.setUint16(4, dimension, true);
  view.setUint16(6, shares.length, true);
  values.forEach((value, i) => {
    view.setFloat32(8 + 4 * i, value, true);
  });
  return bytes;
}

/**
 * Assigns people to the nearest center, and fills small centers from larger ones.
 * A center with too few people takes the nearest people of centers that can spare them.
 */
function assign(means: readonly Float64Array[], centers: readonly Float64Array[]): number[] {
  const distances = means.map((mean) => centers.map((center) => squaredDistance(mean, center)));
  const owners = distances.map((row) => row.indexOf(Math.min(...row)));
  const counts = centers.map((_, k) => owners.filter((owner) => owner === k).length);
  centers.forEach((_, k) => {
    while (counts[k]! < MIN_PEOPLE) {
      let best = -1;
      owners.forEach((owner, i) => {
        const isFree = counts[owner]! > MIN_PEOPLE && owner !== k;
        if (isFree && (best < 0 || distances[i]![k]! < distances[best]![k]!)) best = i;
      });
      if (best < 0)
        throw new Error(
          `${means.length} people are too few for ${centers.length} centers. Use at least ${MIN_PEOPLE} people per center.`,
        );
      counts[owners[best]!]!--;
      counts[k]!++;
      owners[best] = k;
    }
  });
  return owners;
}

function meanOf(vectors: readonly ArrayLike<number>[]): Float64Array {
  const mean = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let d = 0; d < mean.length; d++) mean[d]! += vector[d]! / vectors.length;
  return mean;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d]! - b[d]!) ** 2;
  return sum;
}

/** Adds weight * (photo - center) (photo - center)^T to the covariance. */
function addOuter(covariance: Float64Array, photo: Float32Array, center: Float64Array, weight: number): void {
  const offset = center.map((value, d) => photo[d]! - value);
  const { length } = offset;
  for (let d = 0; d < length; d++) {
    for (let e = 0; e < length; e++) covariance[d * length + e]! += weight * offset[d]! * offset[e]!;
  }
}

/** Returns the lower triangle L, row by row, with L L^T = the covariance. */
function choleskyFactor(covariance: Float64Array, dimension: number): Float32Array {
  const rows: Float64Array[] = [];
  for (let d = 0; d < dimension; d++) {
    const row = new Float64Array(d + 1);
    for (let e = 0; e <= d; e++) {
      let rest = covariance[d * dimension + e]!;
      for (let k = 0; k < e; k++) rest -= row[k]! * (rows[e]?.[k] ?? row[k]!);
      row[e] = e === d ? Math.sqrt(rest) : rest / rows[e]![e]!;
    }
    rows.push(row);
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}
