/** The mean of a profile, and the search among all of them. */
import { describe, expect, it } from 'vitest';
import { createGallery, profileMean } from '../../src/recognition/gallery.js';
import { distance } from '../../src/recognition/scoring.js';
import { unitLength, unitMean } from '../../src/recognition/template.js';
import {
  angularDistance,
  atAngle,
  comparable,
  cosine,
  createRandom,
  errorOf,
  randomVector,
  rowsOf,
  shuffled,
  SPACE,
  template,
  vector,
} from './vectors.js';

/** False matches become e times as frequent over 1 / 160: a template weighs an e-th where its cosine is lower by 1 / 20. */
const AGREEING = {
  fmr: {
    fast: [
      [0, 1e-4],
      [Math.log(100) / 160, 1e-2],
    ],
  },
} as const;

/** Where the mean of templates in a plane lies. */
function meanAngle(...templates: readonly (readonly [degrees: number, quality: number | null])[]): number {
  const mean = profileMean(
    templates.map(([degrees, quality]) => ({ vector: atAngle(degrees), quality })),
    AGREEING,
  );
  expect(Math.hypot(...mean)).toBeCloseTo(1, 6);
  return (Math.atan2(mean[1]!, mean[0]!) * 180) / Math.PI;
}

describe('the mean of a profile', () => {
  it('of one template is its direction, whatever its quality', () => {
    for (const quality of [null, 0, 0.5, 1]) {
      expect(profileMean([{ vector: vector(0, 30), quality }], AGREEING)).toEqual(vector(0, 1));
    }
  });

  it('of two lies in the middle, and nearer to the one of better quality', () => {
    expect(meanAngle([10, 0.6], [30, 0.6])).toBeCloseTo(20, 4);
    // Not measured counts as good.
    expect(meanAngle([10, null], [30, 1])).toBeCloseTo(20, 4);
    // The worst has a quarter of the weight of the best: tan of the angle between 1 at 0 and 1/4 at 90 degrees.
    expect(meanAngle([0, 1], [90, 0])).toBeCloseTo((Math.atan(1 / 4) * 180) / Math.PI, 4);
    expect(meanAngle([0, 0.2], [90, 1])).toBeCloseTo((Math.atan(1 / 0.4) * 180) / Math.PI, 4);
  });

  it('does not depend on the lengths of the vectors', () => {
    const [a, b, c] = [vector(1, 0.1, 0), vector(1, 0, 0.2), vector(0.9, 0.1, 0.1)];
    const mean = profileMean(
      [a, b, c].map((row) => ({ vector: row, quality: 0.5 })),
      AGREEING,
    );
    const scaled = profileMean(
      [a, b, c].map((row, i) => ({ vector: row.map((v) => v * 10 ** i), quality: 0.5 })),
      AGREEING,
    );
    expect(cosine(mean, scaled)).toBeCloseTo(1, 6);
  });

  it('of three that agree is that of all, and bad quality weighs less', () => {
    // Alike, and equally far from each other: nobody agrees less than the others.
    const even = [vector(1, 0.1, 0.1), vector(0.1, 1, 0.1), vector(0.1, 0.1, 1)];
    const mean = profileMean(
      even.map((row) => ({ vector: row, quality: 1 })),
      AGREEING,
    );
    for (const value of mean) expect(value).toBeCloseTo(Math.sqrt(1 / 3), 6);
    const blurred = profileMean(
      even.map((row, i) => ({ vector: row, quality: i === 0 ? 0.1 : 1 })),
      AGREEING,
    );
    expect(blurred[0]).toBeLessThan(blurred[1]! - 0.1);
    expect(blurred[1]).toBeCloseTo(blurred[2]!, 6);
  });

  it('is hardly moved by one of somebody else among three', () => {
    // 40 degrees away, which is a cosine of 0.77 to the others, who have 0.99: e^(-20 x 0.22) is about 0.01.
    const moved = meanAngle([-5, 1], [5, 1], [40, 1]);
    expect(Math.abs(moved)).toBeLessThan(6);
    const plainMean = unitMean([-5, 5, 40].map(atAngle));
    expect((Math.atan2(plainMean[1]!, plainMean[0]!) * 180) / Math.PI).toBeGreaterThan(12);
  });

  it('gives one that agrees a little less than the others a little less weight', () => {
    // By hand: cosines of each to the mean of the others, then weights of e^(20 x (cosine - highest)).
    const angles = [0, 0, 10];
    const agreements = [5, 5, 10].map((degrees) => Math.cos((degrees * Math.PI) / 180));
    const weights = agreements.map((agreement) => Math.exp(20 * (agreement - agreements[0]!)));
    const sum = (axis: 0 | 1) => angles.reduce((all, degrees, i) => all + weights[i]! * atAngle(degrees)[axis]!, 0);
    expect(meanAngle([0, 1], [0, 1], [10, 1])).toBeCloseTo((Math.atan2(sum(1), sum(0)) * 180) / Math.PI, 4);
  });

  it('weighs by the cosine to the mean of the others, as if each of those means was made', () => {
    const random = createRandom(5);
    const person = randomVector(random, 128);
    const templates = Array.from({ length: 5 }, () => ({
      vector: person.map((value) => value + 0.2 * (random() - 0.5)),
      quality: random(),
    }));
    const units = templates.map((one) => unitLength(one.vector));
    const weights = templates.map(({ quality }) => 0.25 + 0.75 * quality);
    const agreements = units.map((one, i) => {
      const others = <T>(all: readonly T[]) => all.filter((_, k) => k !== i);
      return cosine(one, unitMean(others(units), others(weights)));
    });
    const factors = agreements.map((agreement, i) => weights[i]! * Math.exp(20 * (agreement - agreements[0]!)));
    const expected = unitMean(units, factors);
    profileMean(templates, AGREEING).forEach((value, d) => {
      expect(Math.abs(value - expected[d]!)).toBeLessThan(1e-6);
    });
  });

  it('does not depend on the order of the templates', () => {
    const random = createRandom(2);
    const templates = Array.from({ length: 6 }, () => ({
      vector: vector(1 + random(), random(), random()),
      quality: random(),
    }));
    const mean = profileMean(templates, AGREEING);
    for (let trial = 0; trial < 10; trial++) {
      profileMean(shuffled(templates, random), AGREEING).forEach((value, d) => {
        expect(value).toBeCloseTo(mean[d]!, 6);
      });
    }
  });
});

describe('a gallery', () => {
  const templates = [
    template('t1', 'anna', atAngle(0)),
    template('t2', 'ben', atAngle(90)),
    template('t3', 'anna', atAngle(20)),
    template('t4', 'cleo', atAngle(180)),
  ];
  const gallery = createGallery(templates, SPACE, 0, AGREEING);

  it('lists every profile once, in the order of the templates, with its mean', () => {
    expect(gallery.profileIds).toEqual(['anna', 'ben', 'cleo']);
    expect(gallery.size).toBe(3);
    const [anna, ben] = rowsOf(gallery.rows, 2);
    expect(cosine(anna!, atAngle(10))).toBeCloseTo(1, 6);
    expect(ben).toEqual(atAngle(90));
  });

  it('measures distances to the means', () => {
    const [anna, ben, cleo] = gallery.distances(comparable(atAngle(40)));
    expect(anna).toBeCloseTo(angularDistance(30), 6);
    expect(ben).toBeCloseTo(angularDistance(50), 6);
    expect(cleo).toBeCloseTo(angularDistance(140), 6);
    for (let again = 0; again < 2; again++) {
      expect([...gallery.distances(comparable(atAngle(40)), 2)]).toEqual([anna, cleo]);
      expect([...gallery.distances(comparable(atAngle(40)), 3)]).toEqual([anna]);
    }
  });

  it('adds how common the probe and the profiles are, one for all or each its own', () => {
    const probe = comparable(atAngle(10), 0.125);
    const plain = gallery.distances(comparable(atAngle(10)));
    createGallery(templates, SPACE, 0.25, AGREEING)
      .distances(probe)
      .forEach((own, i) => {
        expect(own).toBeCloseTo(plain[i]! + 0.375, 12);
      });
    const each = createGallery(templates, SPACE, vector(0.5, 0.25, 0), AGREEING);
    each.distances(probe).forEach((own, i) => {
      expect(own).toBeCloseTo(plain[i]! + 0.125 + [0.5, 0.25, 0][i]!, 12);
    });
    expect([...each.distances(probe, 2)]).toEqual([0, 2].map((row) => each.distances(probe)[row]));
    // Just on Anna's side, who is too common to be named first.
    const between = comparable(atAngle(49));
    expect(gallery.search(between, 1)[0]?.profileId).toBe('anna');
    expect(each.search(between, 1)[0]?.profileId).toBe('ben');
  });

  it('finds the k nearest profiles, nearest first', () => {
    const found = gallery.search(comparable(atAngle(80)), 2);
    expect(found.map(({ profileId }) => profileId)).toEqual(['ben', 'anna']);
    expect(found[0]?.distance).toBeCloseTo(angularDistance(10), 6);
    expect(gallery.search(comparable(atAngle(200)), 1)[0]?.profileId).toBe('cleo');
    expect(gallery.search(comparable(atAngle(80)), 10)).toHaveLength(3);
  });

  it('orders equal distances by profile id, in any order of the templates', () => {
    const equal = ['d', 'a', 'c', 'b'].map((id, i) => template(`t${i}`, id, vector(i % 2 === 0 ? 1 : -1, 0)));
    for (const order of [equal, equal.toReversed()]) {
      const found = createGallery(order, SPACE, 0, AGREEING).search(comparable(vector(0, 1)), 3);
      expect(found.map(({ profileId }) => profileId)).toEqual(['a', 'b', 'c']);
    }
  });

  it('agrees with brute force, to the last bit and in any order of the profiles', () => {
    const random = createRandom(1);
    for (const dimension of [1, 3, 6, 128]) {
      const ids = Array.from({ length: 30 }, (_, i) => `p${i}`);
      const commonness = new Map(ids.map((id) => [id, Math.fround(random() / 4)]));
      const byProfile = ids.map((id) =>
        Array.from({ length: 1 + Math.floor(random() * 4) }, (_, k) =>
          template(`${id}-${k}`, id, randomVector(random, dimension), { quality: random() }),
        ),
      );
      const make = (order: readonly (readonly ReturnType<typeof template>[])[]) =>
        createGallery(
          order.flat(),
          SPACE,
          Float32Array.from(order, ([first]) => commonness.get(first!.profileId)!),
          AGREEING,
        );
      const [one, other] = [make(byProfile), make(shuffled(byProfile, random))];
      const means = byProfile.map((own) => {
        const { profileId } = own[0]!;
        return { profileId, mean: comparable(profileMean(own, AGREEING), commonness.get(profileId)) };
      });
      for (let trial = 0; trial < 20; trial++) {
        const probe = comparable(unitLength(randomVector(random, dimension)), random() / 4);
        const expected = means.map(({ profileId, mean }) => ({ profileId, distance: distance(mean, probe) }));
        one.distances(probe).forEach((found, i) => {
          expect(found).toBeCloseTo(expected[i]!.distance, 12);
        });
        const exact = expected.map(({ profileId }, i) => ({ profileId, row: i, distance: one.distances(probe)[i]! }));
        const ranked = exact.sort((a, b) => a.distance - b.distance || (a.profileId < b.profileId ? -1 : 1));
        for (const k of [1, 2, 5, ranked.length, ranked.length + 1]) {
          expect(one.search(probe, k)).toEqual(ranked.slice(0, k));
          const moved = ranked.map((near) => ({ ...near, row: other.profileIds.indexOf(near.profileId) }));
          expect(other.search(probe, k)).toEqual(moved.slice(0, k));
        }
      }
    }
  });

  it('finds nobody when it is empty', () => {
    const empty = createGallery([], SPACE, 0, AGREEING);
    expect(empty.size).toBe(0);
    expect(empty.search(comparable(vector(1, 0)), 5)).toEqual([]);
    expect(empty.distances(comparable(vector(1, 0)))).toHaveLength(0);
  });

  it('keeps its own copy of the templates', () => {
    const row = vector(1, 0);
    const copy = createGallery([template('t', 'anna', row)], SPACE, 0, AGREEING);
    row.set([0, 1]);
    expect(copy.search(comparable(vector(1, 0)), 1)).toEqual([{ profileId: 'anna', row: 0, distance: 0 }]);
  });

  it('refuses templates of another space, repeated ones and vectors that do not fit', () => {
    const { message } = errorOf(
      () =>
        createGallery([...templates, template('t5', 'dora', vector(1, 1), { space: 'space-b' })], SPACE, 0, AGREEING),
      'EMBEDDING_SPACE_MISMATCH',
    );
    expect(message).toContain('space-a');
    expect(message).toContain('space-b');
    const again = template('t2', 'dora', vector(1, 1));
    expect(errorOf(() => createGallery([...templates, again], SPACE, 0, AGREEING), 'INVALID_INPUT').message).toContain(
      "'t2'",
    );
    for (const bad of [vector(1, 2, 3), vector(0, 0), vector(NaN, 1)]) {
      errorOf(() => createGallery([...templates, template('t5', 'dora', bad)], SPACE, 0, AGREEING), 'INVALID_INPUT');
    }
    for (const commonness of [vector(0, 0), vector(0, 0, 0, 0)]) {
      const refused = errorOf(() => createGallery(templates, SPACE, commonness, AGREEING), 'INVALID_INPUT');
      expect(refused.message).toContain(`got ${commonness.length}`);
    }
  });

  it('refuses probes that do not fit and impossible numbers of neighbors', () => {
    for (const bad of [vector(1), vector(1, 0, 0)]) {
      errorOf(() => gallery.distances(comparable(bad)), 'INVALID_INPUT');
      errorOf(() => gallery.search(comparable(bad), 1), 'INVALID_INPUT');
    }
    for (const k of [0, -1, 1.5, NaN]) {
      errorOf(() => gallery.search(comparable(vector(1, 0)), k), 'INVALID_INPUT');
    }
  });
});
