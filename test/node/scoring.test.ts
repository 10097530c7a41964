/** Vectors, their means, and the distance of two faces. */
import { describe, expect, it, vi } from 'vitest';
import { createScoring, distance } from '../../src/recognition/scoring.js';
import {
  assertEmbedding,
  assertSameSpace,
  dotWithRow,
  euclideanNorm,
  unitLength,
  unitMean,
} from '../../src/recognition/template.js';
import {
  angularDistance,
  atAngle,
  comparable,
  cosine,
  createRandom,
  errorOf,
  randomVector,
  rowsOf,
  SPACE,
  vector,
} from './vectors.js';

describe('a vector', () => {
  it('has a length and a direction', () => {
    expect(euclideanNorm(vector(3, 0, 4))).toBe(5);
    expect(unitLength(vector(3, 0, -4))).toEqual(vector(0.6, 0, -0.8));
  });

  it('is multiplied with a row of a matrix, every element once, whatever the length', () => {
    for (let length = 1; length <= 130; length++) {
      const ones = new Float32Array(length + 5).fill(1);
      for (let i = 0; i < length; i++) {
        const unit = new Float32Array(length + 3);
        unit[3 + i] = 2;
        expect(dotWithRow(ones, 5, unit, 3, length)).toBe(2);
      }
      // What lies beside the rows does not count.
      expect(dotWithRow(ones, 0, new Float32Array(length + 3).fill(9, 0, 3), 3, length)).toBe(0);
    }
  });

  it('is refused as an embedding when it has no direction or another length', () => {
    expect(() => {
      assertEmbedding(vector(0, -1, 0), 3);
    }).not.toThrow();
    for (const bad of [
      vector(0, 0, 0),
      vector(1, NaN, 0),
      vector(1, Infinity, 0),
      vector(1, -Infinity, 0),
      vector(1, 2),
      vector(1, 2, 3, 4),
    ]) {
      errorOf(() => {
        assertEmbedding(bad, 3);
      }, 'INVALID_INPUT');
    }
  });

  it('does not meet those of another embedding space; the error names both and what to do', () => {
    expect(() => {
      assertSameSpace({ space: SPACE }, SPACE);
    }).not.toThrow();
    const { message } = errorOf(() => {
      assertSameSpace({ space: 'old' }, 'new');
    }, 'EMBEDDING_SPACE_MISMATCH');
    expect(message).toContain("'old'");
    expect(message).toContain("'new'");
    expect(message).toContain('enroll');
  });
});

describe('the mean of vectors', () => {
  it('is that of their directions, one unit long', () => {
    const mean = unitMean([vector(2, 0), vector(0, 100)]);
    expect(mean[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(mean[1]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(unitMean([vector(0, -7)])).toEqual(vector(0, -1));
  });

  it('lies where the weights say', () => {
    const mean = unitMean([vector(1, 0), vector(0, 5)], [4, 3]);
    expect(mean[0]).toBeCloseTo(0.8, 6);
    expect(mean[1]).toBeCloseTo(0.6, 6);
  });
});

describe('the distance of two faces', () => {
  const plain = createScoring(2, null);

  it('is 1 less their cosine where there is no cohort', () => {
    for (const degrees of [0, 1, 30, 90, 150, 180]) {
      const [a, b] = [plain.prepare(vector(7, 0)), plain.prepare(atAngle(degrees))];
      expect(a.commonness).toBe(0);
      expect(distance(a, b)).toBeCloseTo(angularDistance(degrees), 6);
    }
  });

  it('grows by how common each of them is', () => {
    const [a, b] = [comparable(atAngle(0), 0.25), comparable(atAngle(60), 0.125)];
    expect(distance(a, b)).toBeCloseTo(0.5 + 0.375, 6);
  });

  it('is the same both ways and does not depend on the lengths of the embeddings', () => {
    const random = createRandom(3);
    const cohort = Float32Array.from(Array.from({ length: 40 }, () => [...unitLength(randomVector(random, 7))]).flat());
    const scoring = createScoring(7, () => cohort);
    for (let trial = 0; trial < 50; trial++) {
      const [x, y] = [randomVector(random, 7), randomVector(random, 7)];
      const [a, b] = [scoring.prepare(x), scoring.prepare(y)];
      expect(distance(a, b)).toBeCloseTo(distance(b, a), 12);
      const longer = scoring.prepare(x.map((value) => value * 300));
      expect(distance(longer, b)).toBeCloseTo(distance(a, b), 6);
    }
  });

  it('is refused for vectors of different lengths', () => {
    const { message } = errorOf(() => distance(comparable(vector(1, 0)), comparable(vector(1, 0, 0))), 'INVALID_INPUT');
    expect(message).toContain('2 values');
    expect(message).toContain('3 values');
  });
});

describe('how common a face is', () => {
  it('is 0.4 times its mean cosine to the ten nearest of the cohort', () => {
    // Ten at 60 degrees, and others that are further away.
    const rows = [...Array.from({ length: 10 }, () => 60), 90, 180, 200, 270].map(atAngle);
    const scoring = createScoring(2, () => Float32Array.from(rows.flatMap((row) => [...row])));
    expect(scoring.prepare(vector(5, 0)).commonness).toBeCloseTo(0.4 * 0.5, 6);
  });

  it('agrees with brute force, wherever in a matrix the face lies and in any order of the cohort', () => {
    const random = createRandom(4);
    for (const [dimension, count] of [
      [3, 10],
      [5, 11],
      [8, 300],
      [128, 60],
    ] as const) {
      const rows = Array.from({ length: count }, () => unitLength(randomVector(random, dimension)));
      const flat = (ordered: readonly Float32Array[]) => Float32Array.from(ordered.flatMap((row) => [...row]));
      const scoring = createScoring(dimension, () => flat(rows));
      const reversed = createScoring(dimension, () => flat(rows.toReversed()));
      const faces = flat(Array.from({ length: 20 }, () => unitLength(randomVector(random, dimension))));
      rowsOf(faces, dimension).forEach((face, i) => {
        const nearest = rows.map((row) => cosine(row, face)).sort((a, b) => b - a);
        const expected = (0.4 * nearest.slice(0, 10).reduce((sum, value) => sum + value, 0)) / 10;
        expect(scoring.commonness(faces, i * dimension)).toBeCloseTo(expected, 6);
        expect(scoring.prepare(face.map((value) => value * 3)).commonness).toBeCloseTo(expected, 6);
        expect(reversed.commonness(faces, i * dimension)).toBe(scoring.commonness(faces, i * dimension));
      });
    }
  });

  it('is measured on a cohort that is drawn once, and not before it is needed', () => {
    const cohort = vi.fn(() => vector(1, 0, 0, 1));
    const scoring = createScoring(2, cohort);
    errorOf(() => scoring.prepare(vector(0, 0)), 'INVALID_INPUT');
    expect(cohort).not.toHaveBeenCalled();
    scoring.prepare(vector(1, 1));
    scoring.prepare(vector(1, 2));
    scoring.commonness(vector(1, 0), 0);
    expect(cohort).toHaveBeenCalledTimes(1);
  });

  it('is asked of embeddings only', () => {
    for (const bad of [vector(1), vector(1, 2, 3), vector(0, 0), vector(1, NaN)]) {
      errorOf(() => createScoring(2, null).prepare(bad), 'INVALID_INPUT');
    }
  });
});
