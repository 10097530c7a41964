/** What distances and probabilities decide. */
import { describe, expect, it } from 'vitest';
import {
  decideIdentity,
  decideMatch,
  describeFmr,
  distanceAtFmr,
  distanceAtFpir,
  fmrCurve,
  matchThreshold,
  probabilityScale,
  similarityAt,
  type Calibration,
} from '../../src/recognition/decision.js';
import type { DetectedFace } from '../../src/api/faces.js';
import type { Candidate, IdentifiedFace } from '../../src/api/identification.js';
import { createRandom, errorOf } from './vectors.js';

const FAST = [
  [0.48, 1e-4],
  [0.55, 1e-3],
  [0.65, 1e-2],
] as const;
const HIGH = [
  [0.46, 1e-4],
  [0.52, 1e-3],
] as const;
const PROFILE = [
  [0.42, 1e-4],
  [0.5, 1e-3],
  [0.58, 1e-2],
] as const;
const CALIBRATION: Calibration = {
  fmr: { fast: FAST },
  similarity: [
    [0, 1],
    [0.4, 0.8],
    [0.55, 0.5],
    [0.8, 0.1],
    [1.1, 0],
  ],
};
const ALL_CURVES: Calibration = { ...CALIBRATION, fmr: { fast: FAST, high: HIGH }, profile: PROFILE };

describe('the similarity', () => {
  it.each([
    [-0.1, 1],
    [0, 1],
    [0.1, 0.95],
    [0.4, 0.8],
    [0.475, 0.65],
    [0.55, 0.5],
    [0.675, 0.3],
    [0.95, 0.05],
    [1.1, 0],
    [2, 0],
  ])('of the distance %d is %d', (d, similarity) => {
    expect(similarityAt(d, CALIBRATION)).toBeCloseTo(similarity, 12);
  });

  it('is 1 below a curve that does not begin at 0, and 0 beyond its end', () => {
    const calibration: Calibration = {
      ...CALIBRATION,
      similarity: [
        [0.75, 1],
        [0.85, 0.4],
        [1, 0],
      ],
    };
    expect([0, 0.7, 0.75, 1, 1.3].map((d) => similarityAt(d, calibration))).toEqual([1, 1, 1, 0, 0]);
    expect(similarityAt(0.8, calibration)).toBeCloseTo(0.7, 12);
  });

  it('never rises with the distance, or leaves 0..1', () => {
    const random = createRandom(6);
    for (let trial = 0; trial < 2000; trial++) {
      const [a, b] = [random() * 1.5, random() * 1.5].sort((x, y) => x - y) as [number, number];
      const [near, far] = [similarityAt(a, CALIBRATION), similarityAt(b, CALIBRATION)];
      expect(near).toBeGreaterThanOrEqual(far);
      expect(far).toBeGreaterThanOrEqual(0);
      expect(near).toBeLessThanOrEqual(1);
    }
  });

  it('needs a curve', () => {
    errorOf(() => similarityAt(0.5, { ...CALIBRATION, similarity: [[0, 1]] }), 'INTERNAL');
  });
});

describe('the curve of a comparison', () => {
  it('is that of its accuracy for one template, and that of profiles for several', () => {
    expect(fmrCurve(ALL_CURVES, 'fast', 1)).toBe(FAST);
    expect(fmrCurve(ALL_CURVES, 'high', 1)).toBe(HIGH);
    for (const accuracy of ['fast', 'high'] as const) {
      expect(fmrCurve(ALL_CURVES, accuracy, 2)).toBe(PROFILE);
      expect(fmrCurve(ALL_CURVES, accuracy, 50)).toBe(PROFILE);
    }
  });

  it('is that of fast where another one is missing', () => {
    expect(fmrCurve(CALIBRATION, 'high', 1)).toBe(FAST);
    expect(fmrCurve({ ...CALIBRATION, fmr: { fast: FAST, high: HIGH } }, 'high', 3)).toBe(FAST);
  });
});

describe('the distance of a rate', () => {
  it.each([
    [1e-4, 0.48],
    [1e-3, 0.55],
    [1e-2, 0.65],
    [10 ** -3.5, 0.515],
    [10 ** -2.5, 0.6],
    [1e-5, 0.41],
    [1e-1, 0.75],
    [1e-30, 0],
  ])('of false matches is log-linear: %d at %d', (fmr, d) => {
    expect(distanceAtFmr(fmr, FAST)).toBeCloseTo(d, 10);
  });

  /** The FMR at a distance, by bisection. */
  const fmrAt = (d: number, curve: Parameters<typeof distanceAtFmr>[1]) => {
    let [low, high] = [-30, -0.001];
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (distanceAtFmr(10 ** middle, curve) < d) low = middle;
      else high = middle;
    }
    return 10 ** low;
  };

  it.each([
    ['of profiles', ALL_CURVES, PROFILE],
    ['of fast, where profiles have none', CALIBRATION, FAST],
  ] as const)('of named strangers is the inverse of 1 - (1 - FMR)^N on the curve %s', (_, calibration, curve) => {
    for (const fpir of [0.001, 0.01, 0.3]) {
      let previous = Infinity;
      for (const profiles of [1, 2, 10, 300, 5000, 100_000]) {
        const d = distanceAtFpir(fpir, profiles, calibration);
        expect((1 - (1 - fmrAt(d, curve)) ** profiles) / fpir).toBeCloseTo(1, 4);
        expect(d).toBeLessThan(previous);
        previous = d;
      }
    }
  });

  it('of named strangers rises with the rate, and takes an empty gallery for one profile', () => {
    const distances = [1e-9, 1e-6, 1e-3, 0.01, 0.1, 0.5].map((fpir) => distanceAtFpir(fpir, 100, ALL_CURVES));
    expect(distances.toSorted((a, b) => a - b)).toEqual(distances);
    expect(new Set(distances).size).toBe(distances.length);
    expect(distanceAtFpir(0.01, 1, CALIBRATION)).toBeCloseTo(0.65, 10);
    expect(distanceAtFpir(0.01, 0, CALIBRATION)).toBe(distanceAtFpir(0.01, 1, CALIBRATION));
  });

  it('has a difference at which false matches are e times as frequent', () => {
    expect(probabilityScale(CALIBRATION)).toBeCloseTo((0.65 - 0.48) / Math.log(100), 12);
    expect(probabilityScale(ALL_CURVES)).toBeCloseTo((0.58 - 0.42) / Math.log(100), 12);
  });
});

describe('the threshold of a match', () => {
  it('is taken as it is given, or from the rate, or 0.5', () => {
    expect(matchThreshold({}, FAST, CALIBRATION)).toBe(0.5);
    expect(matchThreshold({ threshold: undefined, maxFmr: undefined }, FAST, CALIBRATION)).toBe(0.5);
    expect(matchThreshold({ threshold: 0 }, FAST, CALIBRATION)).toBe(0);
    expect(matchThreshold({ threshold: 1 }, FAST, CALIBRATION)).toBe(1);
    expect(matchThreshold({ threshold: 0.7 }, FAST, CALIBRATION)).toBe(0.7);
    expect(matchThreshold({ maxFmr: 0.001 }, FAST, CALIBRATION)).toBeCloseTo(0.5, 10);
    // 0.48 lies 8/15 of the way from 0.4 to 0.55, 0.42 two of 15.
    expect(matchThreshold({ maxFmr: 1e-4 }, FAST, CALIBRATION)).toBeCloseTo(0.8 - 0.3 * (8 / 15), 10);
    expect(matchThreshold({ maxFmr: 1e-4 }, PROFILE, CALIBRATION)).toBeCloseTo(0.8 - 0.3 * (2 / 15), 10);
  });

  it('rises as the rate falls', () => {
    const rates = [0.3, 0.1, 0.01, 1e-3, 1e-4, 1e-6, 1e-9];
    const thresholds = rates.map((maxFmr) => matchThreshold({ maxFmr }, FAST, CALIBRATION));
    expect(thresholds.toSorted((a, b) => a - b)).toEqual(thresholds);
  });

  it('and rates are refused when they are out of range, or both are given', () => {
    const both = errorOf(() => matchThreshold({ threshold: 0.5, maxFmr: 0.01 }, FAST, CALIBRATION), 'INVALID_INPUT');
    expect(both.message).toContain('maxFmr (0.01)');
    for (const threshold of [-0.1, 1.1, NaN]) {
      errorOf(() => matchThreshold({ threshold }, FAST, CALIBRATION), 'INVALID_INPUT');
    }
    for (const rate of [0, 1, -0.5, 2, NaN]) {
      const { message } = errorOf(() => matchThreshold({ maxFmr: rate }, FAST, CALIBRATION), 'INVALID_INPUT');
      expect(message).toContain(`maxFmr is ${rate}`);
      const fpir = errorOf(() => distanceAtFpir(rate, 10, CALIBRATION), 'INVALID_INPUT');
      expect(fpir.message).toContain(`maxFpir is ${rate}`);
      errorOf(() => distanceAtFmr(rate, FAST), 'INVALID_INPUT');
    }
  });
});

describe('the description of the rates', () => {
  it('has a similarity for each rate of comparing two images, from strict to lax', () => {
    const described = describeFmr(ALL_CURVES);
    expect(described.map(([, fmr]) => fmr)).toEqual([1e-4, 1e-3, 1e-2]);
    // 0.48 lies 8/15 of the way from 0.8 to 0.5, and 0.65 four tenths from 0.5 to 0.1.
    [0.64, 0.5, 0.34].forEach((similarity, i) => {
      expect(described[i]![0]).toBeCloseTo(similarity, 12);
    });
    const fast = [
      [0.4, 1e-4],
      [0.55, 1e-3],
    ] as const;
    expect(describeFmr({ ...ALL_CURVES, fmr: { fast, high: HIGH } })[0]).toEqual([0.8, 1e-4]);
  });
});

describe('a match', () => {
  const near = { templateId: 't1', distance: 0.4 };
  const far = { templateId: 't2', distance: 0.675 };

  it('is decided by the mean of the templates, and told of each of them', () => {
    const decision = decideMatch(0.475, [far, near], 0.5, CALIBRATION);
    expect(decision).toMatchObject({ match: true, threshold: 0.5 });
    expect(decision.score).toBeCloseTo(0.65, 12);
    expect(decision.comparisons.map(({ templateId, match }) => [templateId, match])).toEqual([
      ['t2', false],
      ['t1', true],
    ]);
    expect(decision.comparisons[0]?.score).toBeCloseTo(0.3, 12);
    // Neither one near template nor all of them make up for the mean.
    expect(decideMatch(0.675, [near, near], 0.5, CALIBRATION).match).toBe(false);
    expect(decideMatch(0.475, [far, far], 0.5, CALIBRATION).match).toBe(true);
  });

  it('needs the threshold, and a number', () => {
    const alone = (d: number) => decideMatch(d, [{ templateId: null, distance: d }], 0.5, CALIBRATION);
    expect(alone(0.55)).toMatchObject({ match: true, comparisons: [{ templateId: null, match: true }] });
    expect(alone(0.55001)).toMatchObject({ match: false, comparisons: [{ match: false }] });
    expect(alone(NaN)).toMatchObject({ match: false, comparisons: [{ match: false }] });
  });

  it('is found up to the very distance that the rate allows', () => {
    for (const curve of [FAST, PROFILE]) {
      for (const maxFmr of [1e-6, 1e-4, 1e-3, 0.003, 0.05]) {
        const threshold = matchThreshold({ maxFmr }, curve, CALIBRATION);
        const limit = distanceAtFmr(maxFmr, curve);
        expect(decideMatch(limit - 1e-9, [], threshold, CALIBRATION).match).toBe(true);
        expect(decideMatch(limit + 1e-9, [], threshold, CALIBRATION).match).toBe(false);
      }
    }
  });
});

describe('an identification', () => {
  const candidate = (profileId: string, score: number, probability: number | null = null): Candidate => ({
    profileId,
    name: `${profileId}'s name`,
    score,
    probability,
  });
  const identified = (profileId: string) => ({
    outcome: 'identified',
    profileId,
    name: `${profileId}'s name`,
  });
  const unknown = (reason: string) => ({ outcome: 'unknown', reason });
  const decide = (candidates: readonly Candidate[], rejectedBefore = false) =>
    decideIdentity({ candidates, threshold: 0.6, rejectedBefore });

  it.each<[string, Candidate[], object]>([
    ['nobody in an empty collection', [], unknown('empty-collection')],
    ['the nearest, without a classifier', [candidate('a', 0.61), candidate('b', 0.6)], identified('a')],
    ['one that just reaches the threshold', [candidate('a', 0.6)], identified('a')],
    ['nobody below the threshold', [candidate('a', 0.599)], unknown('not-near')],
    ['one twice as probable as the next', [candidate('a', 0.7, 0.5), candidate('b', 0.7, 0.25)], identified('a')],
    ['nobody below that', [candidate('a', 0.7, 0.49), candidate('b', 0.7, 0.25)], unknown('ambiguous')],
    ['nobody of two alike', [candidate('a', 0.9, 0.5), candidate('b', 0.9, 0.5)], unknown('ambiguous')],
    ['one of 3 % among a thousand', [candidate('a', 0.7, 0.03), candidate('b', 0.6, 0.01)], identified('a')],
    ['the only profile of a collection', [candidate('a', 0.7, 1)], identified('a')],
    ['one who is near, however probable unknown is', [candidate('a', 0.61, 0.1)], identified('a')],
    ['nobody who is not near, however probable', [candidate('a', 0.5, 1)], unknown('not-near')],
    ['nobody by a score that is no number', [candidate('a', NaN)], unknown('not-near')],
    ['nobody by a score that is no number, however probable', [candidate('a', NaN, 1)], unknown('not-near')],
    ['nobody by a probability that is no number', [candidate('a', 0.9, NaN)], unknown('ambiguous')],
    [
      'nobody beside a probability that is no number',
      [candidate('a', 0.9, 0.9), candidate('b', 0.7, NaN)],
      unknown('ambiguous'),
    ],
  ])('names %s', (_, candidates, expected) => {
    expect(decide(candidates)).toEqual(expected);
  });

  it('names nobody at a threshold that is no number', () => {
    const candidates = [candidate('a', 1)];
    expect(decideIdentity({ candidates, threshold: NaN, rejectedBefore: false })).toEqual(unknown('not-near'));
  });

  it('names nobody who was rejected before, and says the first reason that holds', () => {
    expect(decide([candidate('a', 0.9)], true)).toEqual(unknown('rejected-before'));
    expect(decide([candidate('a', 0.9, 0.5), candidate('b', 0.9, 0.5)], true)).toEqual(unknown('rejected-before'));
    expect(decide([candidate('a', 0.5, 0.5)], true)).toEqual(unknown('not-near'));
    expect(decide([], true)).toEqual(unknown('empty-collection'));
  });

  it('is the part of an identified face that says who it is', () => {
    const detected: DetectedFace = {
      box: { x: 0, y: 0, width: 10, height: 10 },
      detectionScore: 1,
      landmarks: [],
      rollDegrees: 0,
    };
    const candidates = [candidate('a', 0.9)];
    const face: IdentifiedFace = {
      ...detected,
      identificationId: 'i',
      candidates,
      unknownProbability: null,
      spoof: null,
      ...decide(candidates),
    };
    expect(face.outcome).toBe('identified');
  });

  it('keeps the rate for strangers in a simulated gallery', () => {
    // Distances whose tail is the calibration's: uniform u has the distance of FMR u. Of 4,000 strangers against 200
    // profiles, 200 +- 14 may be near enough at an FPIR of 5 %; 4 standard deviations are allowed.
    const random = createRandom(12);
    const threshold = similarityAt(distanceAtFpir(0.05, 200, ALL_CURVES), ALL_CURVES);
    let accepted = 0;
    for (let stranger = 0; stranger < 4000; stranger++) {
      let smallest = 1;
      for (let i = 0; i < 200; i++) smallest = Math.min(smallest, random());
      const score = similarityAt(distanceAtFmr(smallest, PROFILE), ALL_CURVES);
      const decision = decideIdentity({ candidates: [candidate('a', score)], threshold, rejectedBefore: false });
      if (decision.outcome === 'identified') accepted++;
    }
    expect(accepted).toBeGreaterThan(145);
    expect(accepted).toBeLessThan(255);
  });
});
