/** What the tests of recognition share: vectors, templates, and a curve of distances that is easy to calculate with. */
import { expect } from 'vitest';
import { InfaceError, type ErrorCode } from '../../src/api/errors.js';
import type { Calibration } from '../../src/recognition/decision.js';
import type { Gallery } from '../../src/recognition/gallery.js';
import type { Comparable } from '../../src/recognition/scoring.js';
import type { Template } from '../../src/recognition/template.js';
import type { StoredProfile } from '../../src/worker/ports/face-store.js';

export const SPACE = 'space-a';

/** mulberry32: uniform in 0..1, the same sequence for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function vector(...values: number[]): Float32Array {
  return Float32Array.from(values);
}

/** One unit long, in a plane: the cosine of two of them is that of the difference of their angles. */
export function atAngle(degrees: number): Float32Array {
  const radians = (degrees * Math.PI) / 180;
  return vector(Math.cos(radians), Math.sin(radians));
}

/** The distance of two vectors that are so far apart, without what commonness adds. */
export function angularDistance(degrees: number): number {
  return 1 - Math.cos((degrees * Math.PI) / 180);
}

export function randomVector(random: () => number, dimension: number): Float32Array {
  return Float32Array.from({ length: dimension }, () => random() - 0.5);
}

/** A vector of unit length as a face that resembles nobody in particular, unless `commonness` says otherwise. */
export function comparable(values: Float32Array, commonness = 0): Comparable {
  return { vector: values, commonness };
}

export function template(
  id: string,
  profileId: string,
  values: Float32Array,
  { space = SPACE, quality = null }: { readonly space?: string; readonly quality?: number | null } = {},
): Template {
  return { id, profileId, space, vector: values, quality, createdAt: '2026-01-01T00:00:00.000Z' };
}

/** The profiles of templates as a store gives them: what is changed has another seal. */
export function storedProfiles(templates: readonly Template[]): StoredProfile[] {
  const ids = [...new Set(templates.map(({ profileId }) => profileId))];
  return ids.map((id) => {
    const own = templates.filter(({ profileId }) => profileId === id);
    return { id, seal: JSON.stringify(own), templates: own };
  });
}

/** The rows of a matrix. */
export function rowsOf(matrix: Float32Array, dimension: number): Float32Array[] {
  return Array.from({ length: matrix.length / dimension }, (_, i) =>
    matrix.subarray(i * dimension, (i + 1) * dimension),
  );
}

export function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** The error that an action throws; fails when it throws none of this code. */
export function errorOf(action: () => unknown, code: ErrorCode): InfaceError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(InfaceError);
    expect((error as InfaceError).code).toBe(code);
    return error as InfaceError;
  }
  throw new Error(`Nothing was thrown, expected ${code}`);
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Ten times as many false matches for every 0.1 of distance, 1e-3 at 0.5; the similarity is what is missing to 1. */
export const CALIBRATION: Calibration = {
  fmr: {
    fast: [
      [0.4, 1e-4],
      [0.5, 1e-3],
    ],
  },
  similarity: [
    [0, 1],
    [1, 0],
  ],
};

/** Expects the search of a gallery to give what sorting the distances to all profiles gives. */
export function expectExact(gallery: Gallery, probe: Float32Array, commonness: number): void {
  const face = comparable(probe, commonness);
  const exact = [...gallery.distances(face)].map((distance, row) => ({
    profileId: gallery.profileIds[row]!,
    row,
    distance,
  }));
  exact.sort((a, b) => a.distance - b.distance || (a.profileId < b.profileId ? -1 : 1));
  for (const k of [1, 2, 7, 60]) expect(gallery.search(face, k)).toEqual(exact.slice(0, k));
}
