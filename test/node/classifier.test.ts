/** What is learnt of a collection, and what it says of a face. */
import { describe, expect, it, vi } from 'vitest';
import { sampleBackground, type Background } from '../../src/recognition/background.js';
import {
  createStrangers,
  predict,
  trainClassifier,
  withoutProfiles,
  type Classifier,
  type MeasuredProfiles,
  type TrainingSet,
} from '../../src/recognition/classifier.js';
import {
  distanceAtFmr,
  distanceAtFpir,
  fmrCurve,
  probabilityScale,
  type Calibration,
} from '../../src/recognition/decision.js';
import { createGallery, profileMean } from '../../src/recognition/gallery.js';
import { createScoring, distance, type Comparable, type Scoring } from '../../src/recognition/scoring.js';
import { unitLength, type Template } from '../../src/recognition/template.js';
import { CALIBRATION, createRandom, rowsOf, shuffled, SPACE, template, vector } from './vectors.js';

const DIMENSION = 32;

/** Four groups of people who have much in common, and differ in every direction. */
const BACKGROUND: Background = (() => {
  const random = createRandom(17);
  return {
    dimension: DIMENSION,
    shares: vector(0.4, 0.3, 0.2, 0.1),
    centers: Float32Array.from({ length: 4 * DIMENSION }, () => 0.1 + 0.2 * (random() - 0.5)),
    factor: Float32Array.from(
      Array.from({ length: DIMENSION }, (_, d) =>
        Array.from({ length: d + 1 }, (_value, e) => (e === d ? 0.2 : 0)),
      ).flat(),
    ),
    strangerCommonness: new Float32Array(0),
  };
})();

const strangers = (count: number, seed: number) =>
  rowsOf(sampleBackground(BACKGROUND, count, seed, 'stranger'), DIMENSION);

const SCORING = createScoring(DIMENSION, () => sampleBackground(BACKGROUND, 1000, 1, 'cohort'));

/** Drawn and measured once for all trainings, as in the worker. */
const STRANGERS = createStrangers(BACKGROUND, SCORING);
/** Other strangers than those of a training, each measured once. */
const OTHERS = (() => {
  let faces: Comparable[] | null = null;
  return () => (faces ??= strangers(2000, 23).map((face) => SCORING.prepare(face)));
})();

/** The rates of these people. */
const PEOPLE: Calibration = (() => {
  const faces = strangers(400, 5).map((face) => SCORING.prepare(face));
  const distances = faces.flatMap((a, i) => faces.slice(0, i).map((b) => distance(a, b))).sort((a, b) => a - b);
  const fast = [1e-4, 1e-3, 1e-2, 1e-1].map((rate) => [distances[Math.floor(rate * distances.length)]!, rate] as const);
  return { ...CALIBRATION, fmr: { fast } };
})();
/** The same, measured 0.06 too far out: left to it, far too many strangers would get a name. */
const LENIENT: Calibration = {
  ...PEOPLE,
  fmr: { fast: PEOPLE.fmr.fast.map(([d, rate]) => [d + 0.06, rate] as const) },
};

/**
 * Photos of people. Those of seed 1 are the cohort, and those of seed 2 the strangers of every training.
 * @returns one function per person that gives another photo at every call
 */
function createPhotos(count: number, seed: number): (() => Float32Array)[] {
  const random = createRandom(seed);
  return strangers(count, seed).map((person) => () => person.map((value) => value + 0.1 * (random() - 0.5)));
}

function templatesOf(photos: readonly (() => Float32Array)[], each: number): Template[] {
  return photos.flatMap((photo, i) =>
    Array.from({ length: each }, (_, k) => template(`t${i}-${k}`, `p${i}`, photo(), { quality: 1 - k / 10 })),
  );
}

const setOf = (templates: readonly Template[], other: Partial<TrainingSet> = {}): TrainingSet => ({
  space: SPACE,
  ...createGallery(templates, SPACE, 0, CALIBRATION),
  scoring: SCORING,
  calibration: PEOPLE,
  strangers: STRANGERS,
  before: null,
  ...other,
});

const train = async (set: TrainingSet): Promise<Classifier> => (await trainClassifier(set, () => undefined)).classifier;

describe('a training', () => {
  it('finds how common every profile is: its mean, as the scoring says', async () => {
    const templates = templatesOf(createPhotos(7, 3), 3);
    const classifier = await train(setOf(templates));
    expect(classifier).toMatchObject({ version: 3, space: SPACE });
    expect(classifier.profileIds).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
    classifier.profileIds.forEach((id, i) => {
      const mean = SCORING.prepare(
        profileMean(
          templates.filter(({ profileId }) => profileId === id),
          CALIBRATION,
        ),
      );
      expect(mean.commonness).toBeGreaterThan(0.1);
      expect(classifier.commonness[i]).toBeCloseTo(mean.commonness, 6);
    });
    expect(new Set(classifier.commonness).size).toBe(7);
  });

  it.each([
    [5, 1],
    [5, 3],
    [50, 1],
    [50, 3],
  ])('of %d profiles with %d templates lets as many other strangers in as is asked for', async (profiles, each) => {
    const templates = templatesOf(createPhotos(profiles, 11), each);
    const classifier = await train(setOf(templates, { calibration: LENIENT }));
    const gallery = createGallery(templates, SPACE, classifier.commonness, CALIBRATION);
    const nearest = OTHERS().map((face) => gallery.search(face, 1)[0]!.distance);
    const share = (limit: number) => nearest.filter((d) => d <= limit).length / nearest.length;
    for (const fpir of [0.1, 0.05, 0.02]) {
      const limit = distanceAtFpir(fpir, profiles, LENIENT);
      expect(share(limit)).toBeGreaterThan(2 * fpir);
      expect(share(limit + classifier.strangerShift)).toBeGreaterThan(fpir / 2);
      expect(share(limit + classifier.strangerShift)).toBeLessThan(fpir * 2);
    }
  });

  it('makes up for a calibration that is too lenient, and follows none that is too strict', async () => {
    const templates = templatesOf(createPhotos(6, 4), 2);
    const [right, far] = [await train(setOf(templates)), await train(setOf(templates, { calibration: LENIENT }))];
    expect(far.strangerShift).toBeGreaterThan(-0.09);
    expect(far.strangerShift).toBeLessThan(-0.03);
    expect(right.strangerShift).toBeGreaterThan(-0.03);
    expect(right.strangerShift).toBeLessThanOrEqual(0);
  });

  it('tries no strangers where there are no statistics of people', async () => {
    const templates = templatesOf(createPhotos(4, 3), 2);
    const scoring = createScoring(DIMENSION, null);
    const classifier = await train(setOf(templates, { strangers: null, scoring }));
    expect(classifier).toMatchObject({ strangerShift: 0, commonness: vector(0, 0, 0, 0) });
  });

  it('measures nothing again of profiles that are as they were, with the same result', async () => {
    const photos = createPhotos(40, 17);
    const templates = templatesOf(photos, 3);
    const first = await trainClassifier(
      setOf(templates.filter(({ profileId }) => profileId !== 'p7')),
      () => undefined,
    );
    // One is gone, one is new, one has another template.
    const changed = [
      ...templates.filter(({ profileId }) => profileId !== 'p3'),
      template('another', 'p5', photos[5]!(), { quality: 1 }),
    ];
    let measured = 0;
    const counting: Scoring = {
      ...SCORING,
      commonness(matrix, offset) {
        measured++;
        return SCORING.commonness(matrix, offset);
      },
    };
    const next = setOf(changed, { scoring: counting });
    const { classifier, nearest } = await trainClassifier({ ...next, before: first }, () => undefined);
    expect(measured).toBe(2);
    const whole = await trainClassifier(setOf(changed), () => undefined);
    expect(classifier).toEqual(whole.classifier);
    expect(nearest).toEqual(whole.nearest);
    // The new one is the nearest of some strangers.
    expect(nearest.some((neighbor) => neighbor?.profileId === 'p7')).toBe(true);
  });

  it('of what is left when profiles are gone measures nothing again, with the same result', async () => {
    const templates = templatesOf(createPhotos(40, 17), 2);
    const gone = new Set(['p3', 'p39']);
    const left = templates.filter(({ profileId }) => !gone.has(profileId));
    const first = await trainClassifier(setOf(templates), () => undefined);
    const before = withoutProfiles(first, gone, DIMENSION);
    const gallery = createGallery(left, SPACE, 0, CALIBRATION);
    expect(before.classifier.profileIds).toEqual(gallery.profileIds);
    expect(before.rows).toEqual(gallery.rows);
    expect(before.nearest.map((neighbor) => neighbor?.profileId ?? 'p3 or p39')).toEqual(
      first.nearest.map((neighbor) => (gone.has(neighbor!.profileId) ? 'p3 or p39' : neighbor!.profileId)),
    );
    // Each of the two was the nearest of some strangers.
    expect(before.nearest.filter((neighbor) => neighbor === null).length).toBeGreaterThan(2);
    const scoring: Scoring = {
      ...SCORING,
      commonness: () => {
        throw new Error('measured again');
      },
    };
    const { classifier } = await trainClassifier(setOf(left, { scoring, before }), () => undefined);
    expect(classifier).toEqual(await train(setOf(left)));
  });

  it('has the same result for the same input, in any order of the templates, and survives structured cloning', async () => {
    const templates = templatesOf(createPhotos(5, 21), 3);
    const classifier = await train(setOf(templates));
    expect(await train(setOf(templates))).toEqual(classifier);
    expect(structuredClone(classifier)).toEqual(classifier);
    const other = await train(setOf(shuffled(templates, createRandom(2))));
    expect(other.strangerShift).toBeCloseTo(classifier.strangerShift, 6);
    classifier.profileIds.forEach((id, i) => {
      expect(other.commonness[other.profileIds.indexOf(id)]).toBeCloseTo(classifier.commonness[i]!, 6);
    });
  });

  it('tells its progress, waits for the observer and ends when that throws', async () => {
    const set = setOf(templatesOf(createPhotos(40, 4), 1));
    const seen: number[] = [];
    const totals = new Set<number>();
    let waiting = 0;
    await trainClassifier(set, async ({ done, total }) => {
      expect(++waiting).toBe(1);
      await Promise.resolve();
      waiting--;
      seen.push(done);
      totals.add(total);
    });
    // 40 profiles and 500 strangers, in steps of 32 faces.
    expect([...totals]).toEqual([540]);
    expect(seen).toEqual([...Array.from({ length: 17 }, (_, i) => 32 * i), 540]);

    const abort = new Error('aborted');
    let calls = 0;
    const stopped = trainClassifier(set, async () => {
      await Promise.resolve();
      if (++calls === 3) throw abort;
    });
    await expect(stopped).rejects.toBe(abort);
    expect(calls).toBe(3);
  });

  it('refuses an empty collection', async () => {
    await expect(train(setOf([]))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('strangers', () => {
  it('are the same however many are asked for, and drawn again only for more', () => {
    const drawn = createStrangers(BACKGROUND, SCORING);
    const rows = (count: number) => drawn.rows(count);
    const ten = rows(10);
    expect(ten).toEqual(sampleBackground(BACKGROUND, 10, 2, 'stranger'));
    expect(rows(5)).toBe(ten);
    expect(rows(10)).toBe(ten);
    const eleven = rows(11);
    expect(eleven).toHaveLength(11 * DIMENSION);
    expect(eleven.slice(0, ten.length)).toEqual(ten);
  });

  it('are as common as the background says, or measured once', () => {
    const commonness = vi.fn((matrix: Float32Array, offset: number) => SCORING.commonness(matrix, offset));
    const known = { ...BACKGROUND, strangerCommonness: vector(0.5, 0.25) };
    const strangers = createStrangers(known, { ...SCORING, commonness });
    const rows = strangers.rows(4);
    expect([0, 1].map((i) => strangers.commonness(i))).toEqual([0.5, 0.25]);
    expect(commonness).not.toHaveBeenCalled();
    for (let again = 0; again < 2; again++) {
      for (const i of [2, 3]) expect(strangers.commonness(i)).toBe(SCORING.commonness(rows, i * DIMENSION));
    }
    expect(commonness).toHaveBeenCalledTimes(2);
  });
});

describe('a prediction', () => {
  const SCALE = probabilityScale(CALIBRATION);
  const predictAt = (distances: readonly number[], unknownDistance: number, count?: number) => {
    const nearest = distances.map((distance, row) => ({ distance, row })).slice(0, count);
    const sample = Float64Array.from(distances);
    return predict({ nearest, sample, stride: 1, size: distances.length }, unknownDistance, CALIBRATION);
  };

  it('halves the odds where false matches are twice as frequent', () => {
    const at = (times: number) => 0.3 + SCALE * Math.log(times);
    const distances = [at(2), at(1), at(4)];
    const { probabilities, unknown } = predictAt(distances, at(8));
    [4 / 15, 8 / 15, 2 / 15].forEach((p, i) => {
      expect(probabilities[i]).toBeCloseTo(p, 12);
    });
    expect(unknown).toBeCloseTo(1 / 15, 12);
    // From 1e-2 to 1e-4 it is a factor of 100: 0.2 of distance in this calibration.
    const [near, far] = predictAt([0.4, 0.6], 1).probabilities;
    expect(near! / far!).toBeCloseTo(100, 6);
  });

  it('makes unknown as probable as a lone profile at the threshold, and less probable before it', () => {
    expect(predictAt([0.5], 0.5)).toEqual({ probabilities: [0.5], unknown: 0.5 });
    expect(predictAt([0.45], 0.5).unknown).toBeLessThan(0.5);
    expect(predictAt([0.55], 0.5).unknown).toBeGreaterThan(0.5);
  });

  it('sums to 1 and is always a number', () => {
    const random = createRandom(9);
    const cases = [
      [0.5, 0.5, 0.5, 0.5],
      [0, 1e6],
      [1e6, 1e6],
      [1e300, 0.1, 1e300],
      [-5, 2, 0.5],
      ...Array.from({ length: 50 }, () => Array.from({ length: 20 }, () => 2 * random())),
    ];
    for (const distances of cases) {
      for (const limit of [0, 0.4, 1e6]) {
        const { probabilities, unknown } = predictAt(distances, limit);
        for (const p of probabilities) {
          expect(p).toBeGreaterThanOrEqual(0);
          expect(p).toBeLessThanOrEqual(1);
        }
        expect(probabilities.reduce((sum, p) => sum + p, unknown)).toBeCloseTo(1, 10);
        // The nearer, the more probable.
        const byDistance = [...probabilities.keys()].sort((a, b) => distances[a]! - distances[b]!);
        for (let i = 1; i < byDistance.length; i++) {
          expect(probabilities[byDistance[i]!]).toBeLessThanOrEqual(probabilities[byDistance[i - 1]!]!);
        }
      }
    }
    expect(predictAt([3, 3, 3, 3], 1e6)).toEqual({ probabilities: [0.25, 0.25, 0.25, 0.25], unknown: 0 });
  });

  it('of a few is the one among all when the sample holds all', () => {
    const random = createRandom(11);
    for (let trial = 0; trial < 100; trial++) {
      const size = 2 + Math.floor(100 * random());
      const all = Array.from({ length: size }, () => Math.round(20 * random()) / 20).sort((a, b) => a - b);
      const count = 1 + Math.floor(random() * size);
      const exact = predictAt(all, 0.4);
      const few = predictAt(all, 0.4, count);
      expect(few.probabilities).toHaveLength(count);
      few.probabilities.forEach((p, i) => {
        expect(p).toBeCloseTo(exact.probabilities[i]!, 12);
      });
      expect(few.unknown).toBeCloseTo(exact.unknown, 12);
    }
  });

  it('is estimated from a sample with the error that is stated, and with exact ratios', () => {
    const random = createRandom(12);
    const [size, count, stride] = [10_000, 64, 10];
    // A threshold so far away that unknown has no share, which would hide the error of the others.
    const predictFrom = (measured: MeasuredProfiles) => predict(measured, 10, CALIBRATION).probabilities;
    const errors: number[] = [];
    for (let trial = 0; trial < 40; trial++) {
      // A stranger, for whom false match rates are as calibrated: that of each distance is uniform.
      const distances = Float64Array.from({ length: size }, () =>
        distanceAtFmr(random(), fmrCurve(CALIBRATION, 'fast', 2)),
      );
      const ranked = [...distances].map((distance, row) => ({ distance, row })).sort((a, b) => a.distance - b.distance);
      const nearest = ranked.slice(0, count);
      const whole = predictFrom({ nearest, sample: distances, stride: 1, size });
      const sample = distances.filter((_, row) => row % stride === 0);
      const estimated = predictFrom({ nearest, sample, stride, size });
      expect(estimated[0]! / estimated[9]!).toBeCloseTo(whole[0]! / whole[9]!, 9);
      // The error of the sum, in units of the odds of the nearest.
      errors.push(1 / estimated[0]! - 1 / whole[0]!);
    }
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(deviation).toBeGreaterThan(0);
    expect(deviation).toBeLessThan(1.5 * Math.sqrt(stride / count));
  });

  it('names new photos of 30 people, and prefers unknown for strangers', async () => {
    const photos = createPhotos(30, 13);
    const templates = templatesOf(photos, 3);
    const trained = await train(setOf(templates));
    const gallery = createGallery(templates, SPACE, trained.commonness, CALIBRATION);
    const limit = distanceAtFpir(0.01, gallery.size, PEOPLE) + trained.strangerShift;
    const best = (face: Float32Array) => {
      const distances = gallery.distances(SCORING.prepare(unitLength(face)));
      const nearest = [...distances].map((distance, row) => ({ distance, row }));
      const measured = { nearest, sample: distances, stride: 1, size: gallery.size };
      const { probabilities, unknown } = predict(measured, limit, PEOPLE);
      const highest = Math.max(...probabilities);
      return unknown > highest ? null : probabilities.indexOf(highest);
    };
    const own = photos.flatMap((photo, i) => [1, 2, 3].map(() => best(photo()) === i));
    const named = strangers(500, 31).map((face) => best(face) !== null);
    expect(own.filter(Boolean).length / own.length).toBeGreaterThan(0.95);
    expect(named.filter(Boolean).length / named.length).toBeLessThan(0.03);
  });
});
