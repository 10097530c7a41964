import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InfaceError, type ErrorCode } from '../../src/errors.js';
import {
  backgroundCount,
  parseBackground,
  sampleBackground,
  type Background,
} from '../../src/recognition/background.js';
import { predict, trainClassifier, type Classifier, type TrainingSet } from '../../src/recognition/classifier.js';
import {
  decideIdentity,
  decideMatch,
  distanceAtFmr,
  identificationThreshold,
  matchThreshold,
  similarityAt,
  type Calibration,
} from '../../src/recognition/decision.js';
import { createGallery } from '../../src/recognition/gallery.js';
import { minimise, type Objective } from '../../src/recognition/lbfgs.js';
import {
  assertEmbedding,
  assertSameSpace,
  distance,
  euclideanNorm,
  type Template,
} from '../../src/recognition/template.js';
import type { Candidate, DetectedFace, IdentifiedFace } from '../../src/types.js';
import { encodeBackground } from '../../tools/measure/background.js';

const SPACE = 'space-a';

/** mulberry32: uniform in 0..1, the same sequence for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function createNormal(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function vector(...values: number[]): Float32Array {
  return Float32Array.from(values);
}

function randomVector(random: () => number, dimension: number): Float32Array {
  return Float32Array.from({ length: dimension }, () => random() - 0.5);
}

function template(id: string, profileId: string, values: Float32Array, space = SPACE): Template {
  return { id, profileId, space, vector: values, createdAt: '2026-01-01T00:00:00.000Z' };
}

/** The error that an action throws; fails when it throws none of this code. */
function errorOf(action: () => unknown, code: ErrorCode): InfaceError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(InfaceError);
    expect((error as InfaceError).code).toBe(code);
    return error as InfaceError;
  }
  throw new Error(`Nothing was thrown, expected ${code}`);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe('template', () => {
  it('measures Euclidean distances', () => {
    expect(distance(vector(1, 2), vector(4, 6))).toBe(5);
    expect(distance(vector(1, 2, 3), vector(1, 2, 3))).toBe(0);
    expect(euclideanNorm(vector(3, 0, 4))).toBe(5);
  });

  it('counts every element once, whatever the length', () => {
    for (let length = 1; length <= 130; length++) {
      const zero = new Float32Array(length);
      for (let i = 0; i < length; i++) {
        const unit = new Float32Array(length);
        unit[i] = 2;
        expect(distance(zero, unit)).toBe(2);
      }
    }
  });

  it('refuses to measure vectors of different lengths', () => {
    const error = errorOf(() => distance(vector(1, 2), vector(1, 2, 3)), 'INVALID_INPUT');
    expect(error.message).toContain('2 values');
    expect(error.message).toContain('3 values');
  });

  it('refuses to mix embedding spaces, naming both and what to do', () => {
    expect(() => {
      assertSameSpace({ space: SPACE }, SPACE);
    }).not.toThrow();
    const { message } = errorOf(() => {
      assertSameSpace({ space: 'old' }, 'new');
    }, 'EMBEDDING_SPACE_MISMATCH');
    expect(message).toContain("'old'");
    expect(message).toContain("'new'");
    expect(message).toContain('enrol');
  });

  it('refuses vectors that are no embeddings', () => {
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
});

describe('gallery', () => {
  const templates = [
    template('t1', 'anna', vector(0, 1)),
    template('t2', 'ben', vector(3, 0)),
    template('t3', 'anna', vector(6, 8)),
    template('t4', 'cleo', vector(0, 12)),
  ];
  const gallery = createGallery(templates, SPACE);

  it('lists every profile once, in the order of the templates', () => {
    expect(gallery.profileIds).toEqual(['anna', 'ben', 'cleo']);
    expect(gallery.size).toBe(4);
  });

  it('takes the nearest template of every profile', () => {
    expect([...gallery.distances(vector(3, 5))]).toEqual([Math.sqrt(18), 5, Math.sqrt(58)]);
    expect([...gallery.distances(vector(1, 1))]).toEqual([1, Math.sqrt(5), Math.sqrt(122)]);
  });

  it('finds the k nearest profiles, nearest first', () => {
    expect(gallery.search(vector(1, 1), 2)).toEqual([
      { profileId: 'anna', distance: 1 },
      { profileId: 'ben', distance: Math.sqrt(5) },
    ]);
    expect(gallery.search(vector(0, 11), 1)).toEqual([{ profileId: 'cleo', distance: 1 }]);
    expect(gallery.search(vector(1, 1), 10).map(({ profileId }) => profileId)).toEqual(['anna', 'ben', 'cleo']);
  });

  it('orders equal distances by profile id, in any order of the templates', () => {
    const equal = ['d', 'a', 'c', 'b'].map((id, i) => template(`t${i}`, id, vector(i % 2 === 0 ? 1 : -1, 0)));
    for (const order of [equal, equal.toReversed()]) {
      const found = createGallery(order, SPACE).search(vector(0, 5), 3);
      expect(found.map(({ profileId }) => profileId)).toEqual(['a', 'b', 'c']);
    }
  });

  it('agrees with brute force, to the last bit and in any order of the templates', () => {
    const random = createRandom(1);
    for (const dimension of [1, 3, 6, 128]) {
      const many = Array.from({ length: 60 }, (_, i) =>
        template(`t${i}`, `p${Math.floor(random() * 20)}`, randomVector(random, dimension)),
      );
      const search = createGallery(many, SPACE);
      const other = createGallery(shuffled(many, random), SPACE);
      for (let trial = 0; trial < 20; trial++) {
        const probe = randomVector(random, dimension);
        const nearest = new Map<string, number>();
        for (const { profileId, vector: row } of many) {
          nearest.set(profileId, Math.min(nearest.get(profileId) ?? Infinity, distance(probe, row)));
        }
        expect([...search.distances(probe)]).toEqual(search.profileIds.map((id) => nearest.get(id)));
        const ranked = [...nearest]
          .map(([profileId, d]) => ({ profileId, distance: d }))
          .sort((a, b) => a.distance - b.distance || (a.profileId < b.profileId ? -1 : 1));
        for (const k of [1, 2, 5, ranked.length, ranked.length + 1]) {
          expect(search.search(probe, k)).toEqual(ranked.slice(0, k));
          expect(other.search(probe, k)).toEqual(ranked.slice(0, k));
        }
      }
    }
  });

  it('finds nobody when it is empty', () => {
    const empty = createGallery([], SPACE);
    expect(empty.size).toBe(0);
    expect(empty.search(vector(1, 1), 5)).toEqual([]);
    expect(empty.distances(vector(1, 1))).toHaveLength(0);
  });

  it('keeps its own copy of the templates', () => {
    const row = vector(1, 0);
    const copy = createGallery([template('t', 'anna', row)], SPACE);
    row[0] = 100;
    expect(copy.search(vector(2, 0), 1)).toEqual([{ profileId: 'anna', distance: 1 }]);
  });

  it('refuses templates of another space, repeated ones and vectors that do not fit', () => {
    const { message } = errorOf(
      () => createGallery([...templates, template('t5', 'dora', vector(1, 1), 'space-b')], SPACE),
      'EMBEDDING_SPACE_MISMATCH',
    );
    expect(message).toContain('space-a');
    expect(message).toContain('space-b');
    const again = template('t2', 'dora', vector(1, 1));
    expect(errorOf(() => createGallery([...templates, again], SPACE), 'INVALID_INPUT').message).toContain("'t2'");
    for (const bad of [vector(1, 2, 3), vector(0, 0), vector(NaN, 1)]) {
      errorOf(() => createGallery([...templates, template('t5', 'dora', bad)], SPACE), 'INVALID_INPUT');
    }
  });

  it('refuses probes that do not fit and impossible numbers of neighbours', () => {
    errorOf(() => gallery.distances(vector(1)), 'INVALID_INPUT');
    errorOf(() => gallery.search(vector(NaN, 1), 1), 'INVALID_INPUT');
    for (const k of [0, -1, 1.5, NaN]) errorOf(() => gallery.search(vector(1, 1), k), 'INVALID_INPUT');
  });
});

describe('minimise', () => {
  const options = { firstStep: 1, tolerance: 1e-10, maxIterations: 500 };

  /** sum of (i + 1)^2 / 2 (x_i - i)^2: condition (n)^2, minimum 0 at x_i = i. */
  const bowl: Objective = (x, gradient) => {
    let value = 0;
    for (let i = 0; i < x.length; i++) {
      const curvature = (i + 1) ** 2;
      const offset = (x[i] as number) - i;
      value += (curvature * offset * offset) / 2;
      gradient[i] = curvature * offset;
    }
    return value;
  };

  /** Convex and not quadratic, minimum at (-ln(2) / 2, 0): S. Boyd, L. Vandenberghe, 'Convex Optimization', (9.20). */
  const exponentials: Objective = (x, gradient) => {
    const [a, b] = [x[0] as number, x[1] as number];
    const up = Math.exp(a + 3 * b - 0.1);
    const down = Math.exp(a - 3 * b - 0.1);
    const back = Math.exp(-a - 0.1);
    gradient[0] = up + down - back;
    gradient[1] = 3 * (up - down);
    return up + down + back;
  };

  it('finds the minimum of a quadratic function of 40 variables and condition 1,600', async () => {
    const start = new Float64Array(40).fill(5);
    const { point, value, iterations } = await minimise(bowl, start, options, () => undefined);
    for (let i = 0; i < 40; i++) expect(point[i]).toBeCloseTo(i, 4);
    expect(value).toBeLessThan(1e-9);
    // Steepest descent needs some 10,000 steps here.
    expect(iterations).toBeLessThan(400);
    expect([...start]).toEqual(Array.from({ length: 40 }, () => 5));
  });

  it('finds the minimum of a function whose curvature changes, and never goes upwards', async () => {
    const values: number[] = [];
    const { point, value, iterations } = await minimise(exponentials, Float64Array.of(-2, 2), options, (i, reached) => {
      expect(i).toBe(values.length);
      values.push(reached);
    });
    expect(point[0]).toBeCloseTo(-Math.LN2 / 2, 6);
    expect(point[1]).toBeCloseTo(0, 6);
    expect(value).toBeCloseTo(2 * Math.SQRT2 * Math.exp(-0.1), 12);
    expect(iterations).toBeLessThan(30);
    expect(values).toHaveLength(iterations + 1);
    expect(values.at(-1)).toBe(value);
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThan(values[i - 1] as number);
  });

  it('stays where the gradient is zero already', async () => {
    const seen: number[] = [];
    const start = Float64Array.of(0, 1, 2);
    const { point, value, iterations } = await minimise(bowl, start, options, (iteration) => {
      seen.push(iteration);
    });
    expect([...point]).toEqual([0, 1, 2]);
    expect([value, iterations, seen]).toEqual([0, 0, [0]]);
  });

  it('ends at the limit of iterations, and at the tolerance', async () => {
    const start = new Float64Array(40).fill(5);
    const few = await minimise(bowl, start, { ...options, maxIterations: 3 }, () => undefined);
    expect(few.iterations).toBe(3);
    const gradient = new Float64Array(40);
    bowl(start, gradient);
    const atStart = Math.hypot(...gradient);
    const rough = await minimise(bowl, start, { ...options, tolerance: 0.1 }, () => undefined);
    bowl(rough.point, gradient);
    expect(Math.hypot(...gradient)).toBeLessThanOrEqual(0.1 * atStart);
    expect(Math.hypot(...gradient)).toBeGreaterThan(1e-6 * atStart);
  });

  it('ends where no step leads down, whatever the gradient says', async () => {
    const start = Float64Array.of(2, 3);
    const end = await minimise(
      (x, gradient) => {
        gradient.fill(1);
        return Math.abs((x[0] as number) - 2) + Math.abs((x[1] as number) - 3);
      },
      start,
      options,
      () => undefined,
    );
    expect(end).toEqual({ point: start, value: 0, iterations: 0 });
  });

  it('needs no tolerance to end at a minimum that doubles cannot hit', async () => {
    const start = Float64Array.of(-2, 2);
    const { point, iterations } = await minimise(exponentials, start, { ...options, tolerance: 0 }, () => undefined);
    expect(iterations).toBeLessThan(100);
    expect(point[0]).toBeCloseTo(-Math.LN2 / 2, 7);
  });

  it('waits for its observer and ends with the error that it throws', async () => {
    let waiting = 0;
    await minimise(bowl, new Float64Array(4), options, async () => {
      expect(++waiting).toBe(1);
      await Promise.resolve();
      waiting--;
    });
    const stop = new Error('stop');
    let calls = 0;
    const search = minimise(bowl, new Float64Array(4), options, () => {
      if (++calls === 3) throw stop;
    });
    await expect(search).rejects.toBe(stop);
    expect(calls).toBe(3);
  });
});

interface LabelledRow {
  /** `null` for nobody of the collection. */
  readonly profileId: string | null;
  readonly vector: Float32Array;
}

function trainingSet(
  rows: readonly LabelledRow[],
  profileIds = [...new Set(rows.flatMap(({ profileId }) => profileId ?? []))],
) {
  const dimension = rows[0]?.vector.length ?? 0;
  const vectors = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    vectors.set(row.vector, i * dimension);
  });
  const labels = rows.map(({ profileId }) => (profileId === null ? -1 : profileIds.indexOf(profileId)));
  return { vectors, labels, profileIds, space: SPACE, dimension } satisfies TrainingSet;
}

const train = (set: TrainingSet): Promise<Classifier> => trainClassifier(set, () => undefined);

const probabilitiesOf = (classifier: Classifier, probe: Float32Array): Float32Array =>
  predict(classifier, probe).probabilities;

/** Examples of nobody, as rows of a training set. */
function strangersOf(vectors: Float32Array, dimension: number): LabelledRow[] {
  return Array.from({ length: vectors.length / dimension }, (_, i) => ({
    profileId: null,
    vector: vectors.subarray(i * dimension, (i + 1) * dimension),
  }));
}

/**
 * People like those of dlib's embedder: 128 values, norm about 1.4, photos of one person about 0.4 apart, people about
 * 0.8.
 * @returns one function per person that gives another photo at every call
 */
function createPeople(count: number, seed: number): (() => Float32Array)[] {
  const normal = createNormal(createRandom(seed));
  const values = (spread: number) => Array.from({ length: 128 }, () => spread * normal());
  const common = values(0.11);
  return Array.from({ length: count }, () => {
    const own = values(0.043);
    return () => {
      const photo = values(0.025);
      return Float32Array.from(common, (value, i) => value + (own[i] as number) + (photo[i] as number));
    };
  });
}

/** The loss as it is documented, computed row by row without any of the classifier's shortcuts. */
function documentedLoss(set: TrainingSet, weights: ArrayLike<number>): { loss: number; gradient: Float64Array } {
  const { vectors, profileIds, dimension } = set;
  // Every example of nobody is a class of its own.
  let classes = profileIds.length;
  const labels = [...set.labels].map((label) => (label === -1 ? classes++ : label));
  const all = Array.from({ length: classes }, (_, c) => c);
  const share = all.map((c) => 1 / (classes * labels.filter((label) => label === c).length));
  const rows = labels.map((_, i) => {
    const row = [...vectors.subarray(i * dimension, (i + 1) * dimension)];
    const norm = Math.hypot(...row);
    return row.map((value) => value / norm);
  });
  const centre = Array.from({ length: dimension }, (_, d) =>
    rows.reduce((sum, row, i) => sum + (share[labels[i] as number] as number) * (row[d] as number), 0),
  );
  const l2 = 1e-5 / classes;
  const gradient = Float64Array.from(weights, (weight) => l2 * weight);
  let loss = (l2 / 2) * [...gradient].reduce((sum, _, k) => sum + (weights[k] as number) ** 2, 0);
  rows.forEach((row, i) => {
    const label = labels[i] as number;
    const weight = share[label] as number;
    const centred = row.map((value, d) => value - (centre[d] as number));
    const scores = all.map((c) =>
      centred.reduce((sum, value, d) => sum + value * (weights[c * dimension + d] as number), 0),
    );
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    loss -= weight * Math.log(Math.exp(scores[label] as number) / total);
    scores.forEach((score, c) => {
      const residual = weight * (Math.exp(score) / total - (c === label ? 1 : 0));
      centred.forEach((value, d) => {
        gradient[c * dimension + d] = (gradient[c * dimension + d] as number) + residual * value;
      });
    });
  });
  return { loss, gradient };
}

describe('classifier', () => {
  it('has no doubt in a collection of one profile', async () => {
    const classifier = await train(
      trainingSet([
        { profileId: 'anna', vector: vector(1, 2) },
        { profileId: 'anna', vector: vector(2, 1) },
      ]),
    );
    expect(classifier).toMatchObject({
      version: 2,
      space: SPACE,
      dimension: 2,
      profileIds: ['anna'],
      hasUnknown: false,
    });
    expect(classifier).toMatchObject({ iterations: 0, loss: 0 });
    expect(predict(classifier, vector(-5, 3))).toEqual({ probabilities: vector(1), unknown: null });
  });

  it('is as symmetric as its templates', async () => {
    const profileIds = ['a', 'b', 'c'];
    const axes = [vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)];
    const classifier = await train(trainingSet(profileIds.map((profileId, i) => ({ profileId, vector: axes[i]! }))));
    for (const p of probabilitiesOf(classifier, vector(1, 1, 1))) expect(p).toBeCloseTo(1 / 3, 6);
    const own = probabilitiesOf(classifier, axes[0]!)[0]!;
    expect(own).toBeGreaterThan(0.99);
    axes.forEach((axis, i) => {
      probabilitiesOf(classifier, axis).forEach((p, c) => {
        expect(p).toBeCloseTo(c === i ? own : (1 - own) / 2, 6);
      });
    });
    // Halfway between two, and away from the third.
    const [left, right] = probabilitiesOf(classifier, vector(1, 1, 0));
    expect(left).toBeCloseTo(0.5, 3);
    expect(right).toBeCloseTo(0.5, 3);
  });

  it('weighs profiles equally, however many templates they have', async () => {
    // Profile a has 3 templates at u and 1 at v, profile b has 1 at v. Centred they lie on one line, at 5/8 and -3/8 of
    // u - v, so that the score of a less that of b is k times the position, with one unknown k:
    //   loss(k) = 3/8 ln(1 + exp(-5k/8)) + 1/8 ln(1 + exp(3k/8)) + 1/2 ln(1 + exp(-3k/8))
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const slope = (k: number) =>
      (-15 / 64) * sigmoid((-5 * k) / 8) + (3 / 64) * sigmoid((3 * k) / 8) - (12 / 64) * sigmoid((-3 * k) / 8);
    let [low, high] = [0, 20];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (slope(middle) < 0) low = middle;
      else high = middle;
    }
    const [u, v] = [vector(1, 0), vector(0, 1)];
    const rows = [u, u, u, v].map((row) => ({ profileId: 'a', vector: row }));
    const classifier = await train(trainingSet([...rows, { profileId: 'b', vector: v }]));
    expect(probabilitiesOf(classifier, u)[0]).toBeCloseTo(sigmoid((5 * low) / 8), 3);
    expect(probabilitiesOf(classifier, v)[0]).toBeCloseTo(sigmoid((-3 * low) / 8), 3);
    expect(low).toBeGreaterThan(1);
  });

  it.each([
    ['six profiles', 6],
    ['four profiles and three examples of nobody', 4],
  ])('ends at the minimum of the documented loss, with %s', async (_, profiles) => {
    const people = createPeople(6, 11);
    // 1 to 4 templates each, 13 in all: no multiple of what the inner loops take at once.
    const rows = people.flatMap((photo, i) =>
      Array.from({ length: 1 + (i % 4) }, () => ({ profileId: i < profiles ? `p${i}` : null, vector: photo() })),
    );
    const set = trainingSet(rows);
    expect(rows).toHaveLength(13);
    const classes = profiles === 6 ? 6 : 4 + 3;
    const losses: number[] = [];
    const classifier = await trainClassifier(set, ({ loss }) => {
      losses.push(loss);
    });
    const start = documentedLoss(set, new Float64Array(classes * 128));
    expect(losses[0]).toBeCloseTo(Math.log(classes), 12);
    expect(start.loss).toBeCloseTo(Math.log(classes), 12);
    expect(classifier.weights).toHaveLength(classes * 128);
    expect(classifier.hasUnknown).toBe(profiles < 6);
    const end = documentedLoss(set, classifier.weights);
    expect(classifier.loss).toBe(losses.at(-1));
    expect(end.loss).toBeCloseTo(classifier.loss, 6);
    expect(Math.hypot(...end.gradient)).toBeLessThan(1.01e-4 * Math.hypot(...start.gradient));

    // The gradient of the test agrees with finite differences of its loss, and no direction leads further down.
    const random = createRandom(5);
    for (let trial = 0; trial < 10; trial++) {
      const direction = Float64Array.from(classifier.weights, () => random() - 0.5);
      const along = (length: number) =>
        documentedLoss(
          set,
          classifier.weights.map((w, k) => w + length * direction[k]!),
        ).loss;
      const predicted = end.gradient.reduce((sum, g, k) => sum + g * direction[k]!, 0);
      expect((along(1e-2) - along(-1e-2)) / 2e-2).toBeCloseTo(predicted, 6);
      for (const length of [-1, 1]) expect(along(length)).toBeGreaterThan(end.loss);
    }
  });

  it('depends neither on the order nor on the lengths of the embeddings', async () => {
    const people = createPeople(6, 3);
    const rows = people.flatMap((photo, i) => [1, 2, 3].map(() => ({ profileId: `p${i}`, vector: photo() })));
    const profileIds = people.map((_, i) => `p${i}`);
    const random = createRandom(8);
    const probes = people.map((photo) => photo());
    const classifier = await train(trainingSet(rows, profileIds));
    const reordered = await train(trainingSet(shuffled(rows, random), profileIds.toReversed()));
    const scaled = await train(
      trainingSet(
        rows.map(({ profileId, vector: row }) => {
          const scale = 0.5 + random();
          return { profileId, vector: row.map((value) => value * scale) };
        }),
        profileIds,
      ),
    );
    for (const probe of probes) {
      const expected = probabilitiesOf(classifier, probe);
      const same = [
        probabilitiesOf(reordered, probe).toReversed(),
        probabilitiesOf(scaled, probe),
        probabilitiesOf(
          classifier,
          probe.map((value) => value * 7),
        ),
      ];
      for (const probabilities of same) {
        probabilities.forEach((p, c) => {
          expect(p).toBeCloseTo(expected[c]!, 4);
        });
      }
    }
  });

  it('is the same again for the same input', async () => {
    const people = createPeople(4, 21);
    const set = trainingSet(people.flatMap((photo, i) => [1, 2].map(() => ({ profileId: `p${i}`, vector: photo() }))));
    expect(await train(set)).toEqual(await train(set));
  });

  it('names new photos of 30 people with honest probabilities', async () => {
    const people = createPeople(30, 2);
    const rows = people.flatMap((photo, i) =>
      Array.from({ length: 1 + (i % 5) }, () => ({ profileId: `p${i}`, vector: photo() })),
    );
    const classifier = await train(trainingSet(rows));
    let [right, confidence, count] = [0, 0, 0];
    people.forEach((photo, i) => {
      for (let k = 0; k < 5; k++) {
        const probabilities = probabilitiesOf(classifier, photo());
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
        const best = Math.max(...probabilities);
        if (probabilities.indexOf(best) === i) right++;
        confidence += best;
        count++;
      }
    });
    expect(right / count).toBeGreaterThan(0.98);
    expect(confidence / count).toBeGreaterThan(0.8);
    expect(confidence / count).toBeLessThanOrEqual(right / count);
  });

  it('predicts without overflow', () => {
    const classifier: Classifier = {
      version: 2,
      space: SPACE,
      dimension: 2,
      profileIds: ['a', 'b', 'c'],
      hasUnknown: false,
      weights: vector(3000, 0, 2999, 0, -3000, 0),
      biases: vector(0, 1, 0),
      iterations: 1,
      loss: 0,
    };
    expect([...probabilitiesOf(classifier, vector(2, 0))]).toEqual([0.5, 0.5, 0]);
    expect([...probabilitiesOf(classifier, vector(-2, 0))]).toEqual([0, 0, 1]);
    // Score differences of 1 and 2 ln 2: softmax of (0, 0, 2 ln 2) is 1/6, 1/6, 4/6.
    const mild = { ...classifier, weights: vector(0, 0, 0, 0, 0, 0), biases: vector(0, 0, 2 * Math.LN2) };
    const expected = [1 / 6, 1 / 6, 4 / 6];
    probabilitiesOf(mild, vector(1, 1)).forEach((p, c) => {
      expect(p).toBeCloseTo(expected[c]!, 6);
    });
    // The same with the last two as examples of nobody.
    const one = predict({ ...mild, profileIds: ['a'], hasUnknown: true }, vector(1, 1));
    expect(one.probabilities).toHaveLength(1);
    expect(one.probabilities[0]).toBeCloseTo(1 / 6, 6);
    expect(one.unknown).toBeCloseTo(5 / 6, 6);
  });

  it('takes every example of nobody for a person of their own', async () => {
    const axes = [vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)];
    const three = await train(trainingSet(axes.map((axis, i) => ({ profileId: `p${i}`, vector: axis }))));
    const one = await train(trainingSet(axes.map((axis, i) => ({ profileId: i === 0 ? 'p0' : null, vector: axis }))));
    expect(one).toEqual({ ...three, profileIds: ['p0'], hasUnknown: true });
    for (const probe of [...axes, vector(1, 1, 1), vector(3, -1, 2)]) {
      const { probabilities, unknown } = predict(one, probe);
      const [p0, p1, p2] = probabilitiesOf(three, probe) as unknown as [number, number, number];
      expect([...probabilities]).toEqual([p0]);
      expect(unknown).toBeCloseTo(p1 + p2, 6);
    }
  });

  it('knows strangers from synthetic faces, and its own people all the same', async () => {
    const people = createPeople(260, 31);
    const enrolled = people.slice(0, 20);
    const rows = enrolled.flatMap((photo, i) => [1, 2, 3].map(() => ({ profileId: `p${i}`, vector: photo() })));
    // Statistics of 200 others: mean and standard deviation of every value.
    const others = people.slice(60).map((photo) => {
      const face = photo();
      const norm = euclideanNorm(face);
      return face.map((value) => value / norm);
    });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const centres = Float32Array.from({ length: 128 }, (_, d) => mean(others.map((face) => face[d]!)));
    const factor = Array.from({ length: 128 }, (_, d) => {
      const deviation = Math.sqrt(mean(others.map((face) => (face[d]! - centres[d]!) ** 2)));
      return Array.from({ length: d + 1 }, (_value, e) => (e === d ? deviation : 0));
    });
    const background = { dimension: 128, shares: vector(1), centres, factor: Float32Array.from(factor.flat()) };
    const synthetic = sampleBackground(background, backgroundCount(rows.length), 1);
    const classifier = await train(trainingSet([...rows, ...strangersOf(synthetic, 128)]));
    const prefersUnknown = (probe: Float32Array) => {
      const { probabilities, unknown } = predict(classifier, probe);
      expect(probabilities.reduce((sum, p) => sum + p, unknown!)).toBeCloseTo(1, 5);
      return unknown! > Math.max(...probabilities);
    };
    for (const { vector: own } of rows) expect(prefersUnknown(own)).toBe(false);
    const known = enrolled.flatMap((photo) => [1, 2, 3, 4, 5].map(() => prefersUnknown(photo())));
    expect(known.filter(Boolean).length / known.length).toBeLessThan(0.02);
    const strangers = people.slice(20, 60).flatMap((photo) => [1, 2, 3].map(() => prefersUnknown(photo())));
    expect(strangers.filter(Boolean).length / strangers.length).toBeGreaterThan(0.7);
  });

  it('does not take a rejected face for the person again', async () => {
    const [anna, berta, lookalike] = createPeople(3, 13);
    const rejected = anna!().map((value, d) => 0.5 * value + 0.5 * lookalike!()[d]!);
    const rows = [anna!, berta!].flatMap((photo, i) =>
      [1, 2, 3].map(() => ({ profileId: ['anna', 'berta'][i]!, vector: photo() })),
    );
    const before = await train(trainingSet(rows));
    expect(probabilitiesOf(before, rejected)[0]).toBeGreaterThan(0.9);
    const after = await train(trainingSet([...rows, { profileId: null, vector: rejected }]));
    expect(predict(after, rejected).unknown).toBeGreaterThan(0.9);
    for (const { vector: own } of rows.slice(0, 3)) expect(probabilitiesOf(after, own)[0]).toBeGreaterThan(0.9);
  });

  it('survives structured cloning', async () => {
    const set = trainingSet([
      { profileId: 'a', vector: vector(1, 0) },
      { profileId: 'b', vector: vector(0, 1) },
    ]);
    const classifier = await train(set);
    const clone = structuredClone(classifier);
    expect(clone).toEqual(classifier);
    expect(probabilitiesOf(clone, vector(1, 3))).toEqual(probabilitiesOf(classifier, vector(1, 3)));
  });

  it('reports its progress, waits for the observer and ends when that throws', async () => {
    const people = createPeople(5, 4);
    const set = trainingSet(people.map((photo, i) => ({ profileId: `p${i}`, vector: photo() })));
    const seen: number[] = [];
    const losses: number[] = [];
    let waiting = 0;
    const { iterations } = await trainClassifier(set, async ({ iteration, maxIterations, loss }) => {
      expect(++waiting).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 0));
      waiting--;
      expect(iteration).toBeLessThanOrEqual(maxIterations);
      seen.push(iteration);
      losses.push(loss);
    });
    expect(iterations).toBeGreaterThan(2);
    expect(seen).toEqual(Array.from({ length: iterations + 1 }, (_, i) => i));
    for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThan(losses[i - 1]!);

    const abort = new Error('aborted');
    let calls = 0;
    const stopped = trainClassifier(set, async () => {
      await Promise.resolve();
      if (++calls === 2) throw abort;
    });
    await expect(stopped).rejects.toBe(abort);
    expect(calls).toBe(2);
  });

  it('refuses sets that cannot be trained on', async () => {
    const set = trainingSet([
      { profileId: 'a', vector: vector(1, 0) },
      { profileId: 'b', vector: vector(0, 1) },
    ]);
    const bad: [TrainingSet, string][] = [
      [{ ...set, vectors: vector(1, 0, 0) }, '3'],
      [{ ...set, labels: [0, 2] }, 'label 2'],
      [{ ...set, labels: [0, -2] }, 'label -2'],
      [{ ...set, labels: [0, -1] }, "'b'"],
      [{ ...set, labels: [0, 0.5] }, 'label 0.5'],
      [{ ...set, labels: [0, 0] }, "'b'"],
      [{ ...set, profileIds: ['a', 'a'] }, '1 of them'],
      [{ ...set, vectors: vector(), labels: [], profileIds: [] }, '0 profiles'],
      [{ ...set, vectors: vector(1, 0, 0, 0) }, 'not zero'],
      [{ ...set, vectors: vector(1, 0, NaN, 1) }, 'NaN'],
    ];
    for (const [input, text] of bad) {
      await expect(train(input)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(text) as string,
      });
    }
  });

  it('refuses probes that do not fit', async () => {
    const classifier = await train(trainingSet([{ profileId: 'a', vector: vector(1, 0) }]));
    for (const probe of [vector(1), vector(0, 0), vector(1, NaN)]) {
      errorOf(() => probabilitiesOf(classifier, probe), 'INVALID_INPUT');
    }
    errorOf(() => {
      assertSameSpace(classifier, 'space-b');
    }, 'EMBEDDING_SPACE_MISMATCH');
  });
});

describe('background', () => {
  /** Three values; one centre so far out that the other two values of a sample are normal once it has norm 1000. */
  const far: Background = {
    dimension: 3,
    shares: vector(1),
    centres: vector(1000, 0, 0),
    factor: vector(0, 0, 2, 0, 1, 3),
  };
  /** Two components that never vary. */
  const still: Background = {
    dimension: 2,
    shares: vector(0.25, 0.75),
    centres: vector(3, 4, 0, -2),
    factor: vector(0, 0, 0),
  };

  it('is drawn with the covariance of its factor', () => {
    const count = 20_000;
    const samples = sampleBackground(far, count, 1);
    const moments = { y: 0, z: 0, yy: 0, yz: 0, zz: 0 };
    for (let i = 0; i < count; i++) {
      const [y, z] = [1000 * samples[3 * i + 1]!, 1000 * samples[3 * i + 2]!];
      moments.y += y / count;
      moments.z += z / count;
      moments.yy += (y * y) / count;
      moments.yz += (y * z) / count;
      moments.zz += (z * z) / count;
    }
    // L L^T is [4, 2; 2, 10] in y and z; the tolerances are five standard errors.
    expect(Math.abs(moments.y)).toBeLessThan(0.07);
    expect(Math.abs(moments.z)).toBeLessThan(0.11);
    expect(Math.abs(moments.yy - 4)).toBeLessThan(0.2);
    expect(Math.abs(moments.yz - 2)).toBeLessThan(0.24);
    expect(Math.abs(moments.zz - 10)).toBeLessThan(0.5);
  });

  it('is drawn by the shares of its components, with norm 1', () => {
    const samples = sampleBackground(still, 4000, 7);
    const firsts = Array.from({ length: 4000 }, (_, i) => [samples[2 * i]!, samples[2 * i + 1]!] as const);
    const [a, b] = [Math.fround(0.6), Math.fround(0.8)];
    expect(firsts.every(([x, y]) => (x === a && y === b) || (x === 0 && y === -1))).toBe(true);
    // 1000 +- 27; five standard deviations are allowed.
    const count = firsts.filter(([x]) => x === a).length;
    expect(count).toBeGreaterThan(863);
    expect(count).toBeLessThan(1137);
    for (const { vector: row } of strangersOf(sampleBackground(far, 10, 3), 3))
      expect(euclideanNorm(row)).toBeCloseTo(1, 6);
  });

  it('is the same for the same seed, and another for another', () => {
    const samples = sampleBackground(far, 50, 5);
    expect(sampleBackground(far, 50, 5)).toEqual(samples);
    expect(sampleBackground(far, 20, 5)).toEqual(samples.slice(0, 60));
    expect(sampleBackground(far, 50, 6)).not.toEqual(samples);
    expect(sampleBackground(far, 0, 5)).toHaveLength(0);
  });

  it('grows with the collection, within bounds', () => {
    expect([0, 1, 512, 513, 800, 2048, 1e6].map(backgroundCount)).toEqual([64, 64, 64, 65, 100, 256, 256]);
  });

  it('is read as it was written, wherever its bytes lie', () => {
    for (const background of [far, still]) {
      const bytes = encodeBackground(background);
      expect(parseBackground(bytes, background.dimension)).toEqual(background);
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      expect(parseBackground(shifted.subarray(1), background.dimension)).toEqual(background);
    }
  });

  it('of the default embedder has 64 centres of 20 people or more, and samples that lie among each other as people do', () => {
    const file = readFileSync(new URL('../../tools/models/dlib-background.bin', import.meta.url));
    const background = parseBackground(file, 128);
    expect(background.shares).toHaveLength(64);
    expect(Math.min(...background.shares) * 2415).toBeGreaterThanOrEqual(20 - 1e-3);
    const samples = strangersOf(sampleBackground(background, 200, 1), 128).map((row) => row.vector);
    const distances = samples.flatMap((a, i) => samples.slice(0, i).map((b) => distance(a, b))).sort((a, b) => a - b);
    // Different people of LFW, as long as these: 0.57 in the middle, 1 % below 0.43.
    expect(Math.abs(distances[Math.floor(distances.length / 2)]! - 0.57)).toBeLessThan(0.02);
    expect(Math.abs(distances[Math.floor(distances.length / 100)]! - 0.43)).toBeLessThan(0.02);
  });

  it('is refused when it is damaged', () => {
    const good = encodeBackground(still);
    const altered = (change: (view: DataView) => void, bytes = good.slice()) => {
      change(new DataView(bytes.buffer));
      return bytes;
    };
    const bad: [Uint8Array, string][] = [
      [new Uint8Array(0), 'does not begin'],
      [good.subarray(0, 7), 'does not begin'],
      [altered((view) => view.setUint8(0, 0)), 'does not begin'],
      [altered((view) => view.setUint8(3, 2)), 'does not begin'],
      [altered((view) => view.setUint16(4, 3, true)), 'for 3 values'],
      [altered((view) => view.setUint16(6, 0, true)), '0 components'],
      [good.subarray(0, good.length - 1), `it has ${good.length - 1}`],
      [new Uint8Array([...good, 0]), `it has ${good.length + 1}`],
      [altered((view) => view.setFloat32(8, 0.5, true)), 'sum to 1.25'],
      [altered((view) => view.setFloat32(8, NaN, true)), 'sum to NaN'],
      [encodeBackground({ ...still, shares: vector(1.5, -0.5) }), 'sum to 1'],
      [altered((view) => view.setFloat32(16, Infinity, true)), 'no numbers'],
      [altered((view) => view.setFloat32(good.length - 4, NaN, true)), 'no numbers'],
    ];
    for (const [bytes, text] of bad) {
      expect(errorOf(() => parseBackground(bytes, 2), 'MODEL_LOAD_FAILED').message).toContain(text);
    }
  });
});

describe('decision', () => {
  const calibration: Calibration = {
    metric: 'euclidean',
    fmr: [
      [0.48, 1e-4],
      [0.55, 1e-3],
      [0.65, 1e-2],
    ],
    similarity: [
      [0, 1],
      [0.4, 0.8],
      [0.55, 0.5],
      [0.8, 0.1],
      [1.1, 0],
    ],
  };

  it.each([
    [0, 1],
    [0.1, 0.95],
    [0.4, 0.8],
    [0.475, 0.65],
    [0.55, 0.5],
    [0.675, 0.3],
    [0.95, 0.05],
    [1.1, 0],
    [2, 0],
  ])('gives the distance %d the similarity %d', (d, similarity) => {
    expect(similarityAt(d, calibration)).toBeCloseTo(similarity, 12);
  });

  it('never lets the similarity rise with the distance, or leave 0..1', () => {
    const random = createRandom(6);
    for (let trial = 0; trial < 2000; trial++) {
      const [a, b] = [random() * 1.5, random() * 1.5].sort((x, y) => x - y) as [number, number];
      const [near, far] = [similarityAt(a, calibration), similarityAt(b, calibration)];
      expect(near).toBeGreaterThanOrEqual(far);
      expect(far).toBeGreaterThanOrEqual(0);
      expect(near).toBeLessThanOrEqual(1);
    }
  });

  it.each([
    [1e-4, 0.48],
    [1e-3, 0.55],
    [1e-2, 0.65],
    [10 ** -3.5, 0.515],
    [10 ** -2.5, 0.6],
    [1e-5, 0.41],
    [1e-1, 0.75],
    [1e-30, 0],
  ])('finds the distance of FMR %d log-linearly: %d', (fmr, d) => {
    expect(distanceAtFmr(fmr, calibration)).toBeCloseTo(d, 10);
  });

  it('takes the match threshold as it is given, or from the rate, or 0.5', () => {
    expect(matchThreshold({}, 3, calibration)).toBe(0.5);
    expect(matchThreshold({ threshold: undefined, maxFmr: undefined }, 1, calibration)).toBe(0.5);
    expect(matchThreshold({ threshold: 0 }, 3, calibration)).toBe(0);
    expect(matchThreshold({ threshold: 0.7 }, 3, calibration)).toBe(0.7);
    expect(matchThreshold({ maxFmr: 0.001 }, 1, calibration)).toBeCloseTo(0.5, 10);
    // 0.48 lies 8/15 of the way from 0.4 to 0.55.
    expect(matchThreshold({ maxFmr: 1e-4 }, 1, calibration)).toBeCloseTo(0.8 - 0.3 * (8 / 15), 10);
    // 10 templates: each comparison keeps 1 - 0.99^(1/10).
    const single = matchThreshold({ maxFmr: 1 - 0.99 ** 0.1 }, 1, calibration);
    expect(matchThreshold({ maxFmr: 0.01 }, 10, calibration)).toBeCloseTo(single, 10);
  });

  it('spreads the false positive identification rate over all comparisons', () => {
    // The FMR whose distance has this similarity, by bisection.
    const rateAt = (similarity: number) => {
      let [low, high] = [-12, -0.001];
      for (let i = 0; i < 100; i++) {
        const middle = (low + high) / 2;
        if (similarityAt(distanceAtFmr(10 ** middle, calibration), calibration) > similarity) low = middle;
        else high = middle;
      }
      return 10 ** low;
    };
    expect(identificationThreshold(0.01, 1, calibration)).toBeCloseTo(0.5 - 0.4 * 0.4, 10);
    let previous = 0;
    for (const comparisons of [1, 2, 10, 300, 5000, 100_000]) {
      const threshold = identificationThreshold(0.01, comparisons, calibration);
      expect(1 - (1 - rateAt(threshold)) ** comparisons).toBeCloseTo(0.01, 6);
      expect(threshold).toBeGreaterThan(previous);
      expect(threshold).toBeLessThan(1);
      previous = threshold;
    }
    expect(identificationThreshold(0.01, 0, calibration)).toBe(identificationThreshold(0.01, 1, calibration));
    expect(identificationThreshold(0.001, 100, calibration)).toBeGreaterThan(
      identificationThreshold(0.01, 100, calibration),
    );
  });

  it('refuses thresholds and rates that are out of range, or both at once', () => {
    const both = errorOf(() => matchThreshold({ threshold: 0.5, maxFmr: 0.01 }, 1, calibration), 'INVALID_INPUT');
    expect(both.message).toContain('maxFmr (0.01)');
    for (const threshold of [-0.1, 1.1, NaN]) {
      errorOf(() => matchThreshold({ threshold }, 1, calibration), 'INVALID_INPUT');
    }
    for (const rate of [0, 1, -0.5, 2, NaN]) {
      const { message } = errorOf(() => matchThreshold({ maxFmr: rate }, 1, calibration), 'INVALID_INPUT');
      expect(message).toContain(`maxFmr is ${rate}`);
      errorOf(() => identificationThreshold(rate, 10, calibration), 'INVALID_INPUT');
      errorOf(() => distanceAtFmr(rate, calibration), 'INVALID_INPUT');
    }
    errorOf(() => similarityAt(0.5, { ...calibration, similarity: [[0, 1]] }), 'INTERNAL');
  });

  it('matches by the best of the templates', () => {
    const near = { templateId: 't1', distance: 0.4 };
    const far = { templateId: 't2', distance: 0.675 };
    const decision = decideMatch([far, near], 0.5, calibration);
    expect(decision).toMatchObject({ match: true, threshold: 0.5 });
    expect(decision.score).toBeCloseTo(0.8, 12);
    expect(decision.comparisons.map(({ templateId, match }) => [templateId, match])).toEqual([
      ['t2', false],
      ['t1', true],
    ]);
    expect(decision.comparisons[0]?.score).toBeCloseTo(0.3, 12);
    expect(decideMatch([far], 0.5, calibration).match).toBe(false);
    expect(decideMatch([{ templateId: null, distance: 0.55 }], 0.5, calibration)).toMatchObject({
      match: true,
      comparisons: [{ templateId: null, match: true }],
    });
    expect(decideMatch([{ templateId: null, distance: 0.55001 }], 0.5, calibration).match).toBe(false);
    expect(decideMatch([{ templateId: null, distance: NaN }], 0.5, calibration).match).toBe(false);
    errorOf(() => decideMatch([], 0.5, calibration), 'INVALID_INPUT');
  });

  it('matches at the very distance that the rate allows', () => {
    for (const maxFmr of [1e-6, 1e-4, 1e-3, 0.003, 0.05]) {
      const threshold = matchThreshold({ maxFmr }, 1, calibration);
      const limit = distanceAtFmr(maxFmr, calibration);
      expect(decideMatch([{ templateId: null, distance: limit - 1e-9 }], threshold, calibration).match).toBe(true);
      expect(decideMatch([{ templateId: null, distance: limit + 1e-9 }], threshold, calibration).match).toBe(false);
    }
  });

  const candidate = (profileId: string, score: number, probability: number | null = null): Candidate => ({
    profileId,
    name: `${profileId}'s name`,
    score,
    probability,
  });
  const identified = (profileId: string) => ({
    decision: 'identified',
    profileId,
    name: `${profileId}'s name`,
  });
  const unknown = (reason: string) => ({ decision: 'unknown', reason });
  const decide = (candidates: readonly Candidate[], unknownProbability: number | null = null, rejectedBefore = false) =>
    decideIdentity({ candidates, threshold: 0.6, unknownProbability, rejectedBefore });

  it.each<[string, Candidate[], object]>([
    ['nobody in an empty collection', [], unknown('empty-collection')],
    ['the nearest, without a classifier', [candidate('a', 0.61), candidate('b', 0.6)], identified('a')],
    ['one that just reaches the threshold', [candidate('a', 0.6)], identified('a')],
    ['nobody below the threshold', [candidate('a', 0.599)], unknown('not-near')],
    [
      'the favourite, three times the runner-up',
      [candidate('a', 0.7, 0.75), candidate('b', 0.7, 0.25)],
      identified('a'),
    ],
    ['nobody below that', [candidate('a', 0.7, 0.74), candidate('b', 0.7, 0.25)], unknown('ambiguous')],
    ['a favourite of 3 % among a thousand', [candidate('a', 0.7, 0.03), candidate('b', 0.6, 0.01)], identified('a')],
    [
      'the favourite, although another is nearer',
      [candidate('a', 0.7, 0.9), candidate('b', 0.8, 0.1)],
      identified('a'),
    ],
    ['nobody when only the second is near', [candidate('a', 0.5, 0.9), candidate('b', 0.8, 0.1)], unknown('not-near')],
    ['the only profile of a collection', [candidate('a', 0.7, 1)], identified('a')],
    ['one whose unseen rivals are three times weaker', [candidate('a', 0.7, 0.75)], identified('a')],
    ['nobody when an unseen rival may be stronger', [candidate('a', 0.7, 0.74)], unknown('ambiguous')],
    ['nobody by a score that is no number', [candidate('a', NaN)], unknown('not-near')],
    ['nobody by a probability that is no number', [candidate('a', 0.9, NaN)], unknown('ambiguous')],
  ])('identifies %s', (_, candidates, expected) => {
    expect(decide(candidates)).toEqual(expected);
  });

  it.each<[string, number, Candidate[], object]>([
    ['the favourite, three times as probable as unknown', 0.25, [candidate('a', 0.7, 0.75)], identified('a')],
    ['nobody below that', 0.21, [candidate('a', 0.7, 0.6), candidate('b', 0.7, 0.1)], unknown('ambiguous')],
    ['nobody when unknown is as probable', 0.4, [candidate('a', 0.7, 0.4)], unknown('unknown-class')],
    ['nobody when unknown is more probable', 0.9, [candidate('a', 0.7, 0.05)], unknown('unknown-class')],
    ['nobody who is not near, whatever unknown says', 0, [candidate('a', 0.5, 1)], unknown('not-near')],
    [
      'the favourite among many small ones',
      0.02,
      [candidate('a', 0.7, 0.06), candidate('b', 0.7, 0.02)],
      identified('a'),
    ],
    ['one whose unseen rivals are three times weaker', 0.1, [candidate('a', 0.7, 0.675)], identified('a')],
    ['nobody when an unseen rival may be stronger', 0.1, [candidate('a', 0.7, 0.67)], unknown('ambiguous')],
    ['nobody by a NaN of unknown', NaN, [candidate('a', 0.9, 0.9)], unknown('unknown-class')],
  ])('with an unknown class, identifies %s', (_, unknownProbability, candidates, expected) => {
    expect(decide(candidates, unknownProbability)).toEqual(expected);
  });

  it('names nobody who was rejected before, and says the first reason that holds', () => {
    expect(decide([candidate('a', 0.9)], null, true)).toEqual(unknown('rejected-before'));
    expect(decide([candidate('a', 0.9, 0.1)], 0.9, true)).toEqual(unknown('rejected-before'));
    expect(decide([candidate('a', 0.5, 0.1)], 0.9, true)).toEqual(unknown('not-near'));
    expect(decide([candidate('a', 0.9, 0.1), candidate('b', 0.9, 0.1)], 0.8)).toEqual(unknown('unknown-class'));
    expect(decide([], 1, true)).toEqual(unknown('empty-collection'));
  });

  it('is the part of an identified face that says who it is', () => {
    const detected: DetectedFace = {
      box: { x: 0, y: 0, width: 10, height: 10 },
      score: 1,
      landmarks: [],
      rollDegrees: 0,
    };
    const candidates = [candidate('a', 0.9)];
    const face: IdentifiedFace = {
      ...detected,
      identificationId: 'i',
      candidates,
      confidence: 0.9,
      unknownProbability: null,
      ...decide(candidates),
    };
    expect(face.decision).toBe('identified');
  });

  it('keeps the rate for strangers in a simulated gallery', () => {
    // Distances whose tail is the calibration's: uniform u has the distance of FMR u. Of 4,000 strangers against 200
    // templates, 200 +- 14 may be near enough at an FPIR of 5 %; 4 standard deviations are allowed.
    const random = createRandom(12);
    const threshold = identificationThreshold(0.05, 200, calibration);
    let accepted = 0;
    for (let stranger = 0; stranger < 4000; stranger++) {
      let smallest = 1;
      for (let i = 0; i < 200; i++) smallest = Math.min(smallest, random());
      const score = similarityAt(distanceAtFmr(smallest, calibration), calibration);
      const candidates = [candidate('a', score)];
      const decision = decideIdentity({ candidates, threshold, unknownProbability: null, rejectedBefore: false });
      if (decision.decision === 'identified') accepted++;
    }
    expect(accepted).toBeGreaterThan(145);
    expect(accepted).toBeLessThan(255);
  });
});
