/** Faces from frame to frame, in a world of people whose places, looks and vectors are known. */
import { describe, expect, it } from 'vitest';
import type { Detection } from '../../src/models/detectors/detector.js';
import { createGallery } from '../../src/recognition/gallery.js';
import { createScoring } from '../../src/recognition/scoring.js';
import type { Box, Point } from '../../src/api/geometry.js';
import type { QualityReport } from '../../src/api/quality.js';
import type { TrackedFace } from '../../src/api/tracking.js';
import { appearanceOf, likeness } from '../../src/vision/appearance.js';
import { smooth, type Smoothed } from '../../src/vision/smoothing.js';
import type { OpenFrame } from '../../src/worker/use-cases/acquisition.js';
import { createIdentifier, type IdentificationParts, type Search } from '../../src/worker/use-cases/identification.js';
import type { LoadedCollection } from '../../src/worker/use-cases/loaded-collections.js';
import { createTracking, NO_TRACKS, type TrackContext } from '../../src/worker/use-cases/tracking.js';
import { landmarks, texture } from './faces.js';
import { atAngle, CALIBRATION, createRandom, SPACE, template } from './vectors.js';

/** Somebody in a frame: where, who (the angle of the vector), and what picture of them. */
interface Person {
  readonly x: number;
  readonly y: number;
  readonly degrees: number;
  readonly look: Float32Array;
  readonly quality?: number;
  /** Score of the anti-spoof model, by default 0.9 for Anna and 0.1 for others; `null` if the face is too dark for it. */
  readonly score?: number | null;
  /** Height of the face and its box in pixels, by default `SIDE`. */
  readonly size?: number;
  /** Width of the box as a fraction of its height, by default 1. */
  readonly aspect?: number;
}

const SIDE = 100;
const [ANNA, BERTA, CLARA] = [0, 90, 180].map((degrees, i) => ({
  degrees,
  look: Float32Array.from({ length: 3 }, (_, k) => (k === i ? 1 : 0)),
})) as [Omit<Person, 'x' | 'y'>, Omit<Person, 'x' | 'y'>, Omit<Person, 'x' | 'y'>];
const at = (person: Omit<Person, 'x' | 'y'>, x: number, y = 200): Person => ({ ...person, x, y });

const pointsOf = ({ x, y, size = SIDE }: Person): Point[] => landmarks({ x, y, scale: size / 20 });
const centerOf = (points: readonly Point[]): Point => points[0] as Point;
const detectionOf = ({ x, y, size = SIDE, aspect = 1 }: Person): Detection => ({
  box: { x: x - (aspect * size) / 2, y: y - size / 2, width: aspect * size, height: size },
  score: 0.9,
  roll: 0,
});

const COLLECTION: LoadedCollection = {
  id: 'home',
  revision: 1,
  space: SPACE,
  calibration: CALIBRATION,
  otherSpaces: [],
  gallery: createGallery(
    [template('t1', 'anna', atAngle(0)), template('t2', 'berta', atAngle(90)), template('t3', 'clara', atAngle(180))],
    SPACE,
    0,
    CALIBRATION,
  ),
  classifier: null,
  negatives: [],
  isCurrent: () => true,
};
const partsOf = (namesOf: IdentificationParts['namesOf'] = (ids) => Promise.resolve(ids)) => ({
  scoring: createScoring(2, null),
  calibration: CALIBRATION,
  identifier: createIdentifier({ namesOf }),
});

/** A tracker with the calls that its frames cost. */
function trackerOf(settings: Partial<TrackContext> = {}) {
  const calls: string[] = [];
  const namesOf = (profileIds: readonly string[]) => {
    calls.push('names');
    return Promise.resolve(profileIds);
  };
  const step = createTracking(partsOf(namesOf));
  let state = NO_TRACKS;
  let spoofDecisionMs = 0;
  let atMs = 0;

  function frameOf(people: readonly Person[], seen: readonly Person[]): OpenFrame {
    const nearest = (points: readonly Point[]) => {
      const { x, y } = centerOf(points);
      return people
        .map((person) => ({ person, d: Math.hypot(person.x - x, person.y - y) }))
        .filter(({ d }) => d < 0.6 * SIDE)
        .sort((a, b) => a.d - b.d)[0]?.person;
    };
    const known = (face: { readonly landmarks: readonly Point[] }) => {
      const person = nearest(face.landmarks);
      if (!person) throw new Error('nobody is there');
      return person;
    };
    const unused = () => {
      throw new Error('not asked for');
    };
    return {
      width: 640,
      height: 480,
      size: 256,
      detect: unused,
      describeDetection: unused,
      find: (limit) => {
        calls.push('find');
        const found = seen.map((person) => ({ detection: detectionOf(person), landmarks: pointsOf(person) }));
        return Promise.resolve({ faces: found.slice(0, limit), truncated: found.length > limit });
      },
      follow: (points) => {
        calls.push('follow');
        const person = nearest(points);
        return Promise.resolve(person ? pointsOf(person) : null);
      },
      appearance: (face) => known(face).look,
      judge: (face) => ({ score: known(face).quality ?? 0.5 }) as QualityReport,
      embed: (face) => {
        calls.push('embed');
        return Promise.resolve(atAngle(known(face).degrees));
      },
      checkSpoof: (_check, face) => {
        calls.push('check');
        // The check looks at what is in the box.
        const { x, y, width, height } = face.detection.box;
        const { degrees, score = degrees === 0 ? 0.9 : 0.1 } = known({
          landmarks: [{ x: x + width / 2, y: y + height / 2 }],
        });
        if (score === null) return Promise.resolve({ outcome: 'not-judged', reasons: ['too-dark'], modelId: 'model' });
        const outcome = score >= 0.5 ? 'bona-fide' : 'attack';
        return Promise.resolve({ outcome, bonaFideScore: score, threshold: 0.5, modelId: 'model' });
      },
      describe: ({ detection: { box, score }, landmarks: points }, landmarkCount) => ({
        box,
        detectionScore: score,
        landmarks: landmarkCount === 68 ? points : [],
        rollDegrees: 0,
      }),
      choose: unused,
      embedWith: unused,
      embedViews: unused,
      readEyes: unused,
    };
  }

  return {
    calls,
    /** @param seen whom the detector sees, by default everybody */
    async frame(people: readonly Person[], { seen = people, afterMs = 40 } = {}) {
      calls.length = 0;
      atMs += afterMs;
      const context = { options: {}, check: null, search: [COLLECTION] as const, older: [], atMs, ...settings };
      const result = await step(frameOf(people, seen), state, context);
      ({ state, spoofDecisionMs } = result);
      return result.faces;
    },
    get state() {
      return state;
    },
    get spoofDecisionMs() {
      return spoofDecisionMs;
    },
  };
}

const names = (faces: Awaited<ReturnType<ReturnType<typeof trackerOf>['frame']>>) =>
  [...faces]
    .sort((a, b) => a.box.x - b.box.x)
    .map(({ identification, box }) => [
      Math.round(box.x + box.width / 2),
      identification?.outcome === 'identified' ? identification.profileId : null,
    ]);
/** From left to right. */
const ids = (faces: readonly TrackedFace[]) =>
  [...faces].sort((a, b) => a.box.x - b.box.x).map(({ trackId }) => trackId);

describe('a tracker', () => {
  it('looks for faces once in 15 frames, and recognizes each once, while nothing happens', async () => {
    const tracker = trackerOf();
    const spent: string[] = [];
    for (let i = 0; i < 31; i++) {
      const faces = await tracker.frame([at(ANNA, 100 + i), at(BERTA, 400 - i)]);
      expect(ids(faces)).toEqual([1, 2]);
      expect(faces.map(({ identification }) => identification?.outcome)).toEqual(['identified', 'identified']);
      spent.push(...tracker.calls);
    }
    expect(spent.filter((call) => call === 'find')).toHaveLength(3);
    expect(spent.filter((call) => call === 'embed')).toHaveLength(2);
    expect(spent.filter((call) => call === 'follow')).toHaveLength(60);
  });

  it('never carries a name over when two people swap places between frames', async () => {
    const tracker = trackerOf();
    const before = await tracker.frame([at(ANNA, 100), at(BERTA, 400)]);
    expect(names(before)).toEqual([
      [100, 'anna'],
      [400, 'berta'],
    ]);
    const after = await tracker.frame([at(BERTA, 100), at(ANNA, 400)]);
    expect(names(after)).toEqual([
      [100, 'berta'],
      [400, 'anna'],
    ]);
    // The ids went with the people.
    expect(ids(after)).toEqual([2, 1]);
  });

  it('never carries a name over when a face is replaced by another within one frame', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100)]);
    const after = await tracker.frame([at(CLARA, 103)]);
    expect([names(after), ids(after)]).toEqual([[[103, 'clara']], [2]]);
  });

  it('finds out that a face is another even when it looks the same, within 90 frames', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100)]);
    const double = { ...BERTA, look: ANNA.look };
    let frames = 0;
    for (;;) {
      const [face] = await tracker.frame([at(double, 100)]);
      frames++;
      if (face?.trackId === 1 && frames < 200) continue;
      expect(face).toMatchObject({ trackId: 2, identification: { outcome: 'identified', profileId: 'berta' } });
      break;
    }
    expect(frames).toBe(90);
  });

  it('gives a face that comes back its id again, and one that was gone for long another', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100)]);
    expect(await tracker.frame([])).toEqual([]);
    for (let i = 0; i < 10; i++) await tracker.frame([]);
    expect(ids(await tracker.frame([at(ANNA, 300)]))).toEqual([1]);
    for (let i = 0; i < 80; i++) await tracker.frame([]);
    expect(ids(await tracker.frame([at(ANNA, 300)]))).not.toEqual([1]);
  });

  it('knows nobody after a gap of more than a second, until it has recognized them', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100), at(BERTA, 400)]);
    const faces = await tracker.frame([at(BERTA, 100), at(ANNA, 400)], { afterMs: 1_001 });
    expect(tracker.calls).toEqual(['find', 'embed', 'embed', 'names']);
    expect(names(faces)).toEqual([
      [100, 'berta'],
      [400, 'anna'],
    ]);
  });

  it('drops what the detector does not see twice in a row, and keeps what it misses once', async () => {
    const tracker = trackerOf();
    const people = [at(ANNA, 100), at(BERTA, 400)];
    await tracker.frame(people);
    const counts: number[] = [];
    for (let i = 0; i < 31; i++) counts.push((await tracker.frame(people, { seen: [people[0] as Person] })).length);
    expect(counts.slice(0, 29)).toEqual(Array<number>(29).fill(2));
    expect(counts.at(-1)).toBe(1);
  });

  it('recognizes a face again when it is seen better, and not when it is seen worse', async () => {
    const tracker = trackerOf();
    const qualities = [0.5, 0.4, 0.4, 0.4, 0.4, 0.55, 0.55, 0.55, 0.55, 0.55, 0.7, 0.7];
    const embeds: number[] = [];
    for (const [i, quality] of qualities.entries()) {
      await tracker.frame([at({ ...ANNA, quality }, 100)]);
      if (tracker.calls.includes('embed')) embeds.push(i);
    }
    // Judged at frames 0, 5 and 10; 0.55 is not enough better than 0.5.
    expect(embeds).toEqual([0, 10]);
  });

  it('decides by the face that it recognized last, and not by what it decided before', async () => {
    const tracker = trackerOf();
    expect(names(await tracker.frame([at(ANNA, 100)]))).toEqual([[100, 'anna']]);
    // Seen better, the face is still enough like the one of before, and more like Berta.
    const better = at({ ...ANNA, degrees: 60, quality: 0.9 }, 100);
    let faces: readonly TrackedFace[] = [];
    for (let i = 0; i < 5; i++) faces = await tracker.frame([better]);
    expect(tracker.calls).toEqual(['follow', 'embed', 'names']);
    expect([names(faces), ids(faces)]).toEqual([[[100, 'berta']], [1]]);
  });

  it('reads the names of all faces of a frame at once', async () => {
    const tracker = trackerOf();
    const people = [at(ANNA, 100), at(BERTA, 300)];
    await tracker.frame(people);
    expect(tracker.calls).toEqual(['find', 'embed', 'embed', 'names']);
    await tracker.frame(people);
    expect(tracker.calls).toEqual(['follow', 'follow']);
    // Berta's appearance changed, so the tracker recognizes her again; Clara is new.
    const faces = await tracker.frame([people[0] as Person, at({ ...BERTA, look: CLARA.look }, 300), at(CLARA, 500)]);
    expect(tracker.calls.filter((call) => call === 'names')).toHaveLength(1);
    expect(names(faces)).toEqual([
      [100, 'anna'],
      [300, 'berta'],
      [500, 'clara'],
    ]);
  });

  it('decides anew when the collection changed, without another look', async () => {
    const tracker = trackerOf();
    const [first] = await tracker.frame([at(ANNA, 100)]);
    const changed = {
      ...COLLECTION,
      revision: 2,
      gallery: createGallery([template('t2', 'berta', atAngle(90))], SPACE, 0, CALIBRATION),
    };
    const later = trackerOf({ search: [changed] });
    expect(first?.identification?.outcome).toBe('identified');
    const step = createTracking(partsOf());
    const { faces } = await step(
      {
        follow: () => Promise.resolve(pointsOf(at(ANNA, 100))),
        appearance: () => ANNA.look,
        judge: () => ({ score: 0.5 }),
        describe: () => ({}),
      } as unknown as OpenFrame,
      tracker.state,
      { options: {}, check: null, search: [changed], older: [], atMs: 80 },
    );
    expect(faces[0]?.identification).toMatchObject({ outcome: 'unknown', candidates: [{ profileId: 'berta' }] });
    expect(later.calls).toEqual([]);
  });

  it('is as it was after a frame that failed', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100)]);
    const { state } = tracker;
    const broken = { follow: () => Promise.reject(new Error('broken')) } as unknown as OpenFrame;
    const failing = createTracking(partsOf())(broken, state, {
      options: {},
      check: null,
      search: [COLLECTION],
      older: [],
      atMs: 80,
    });
    await expect(failing).rejects.toThrow('broken');
    expect(ids(await tracker.frame([at(ANNA, 101)]))).toEqual([1]);
    expect(tracker.calls).toEqual(['follow']);
  });

  describe('checks for presentation attacks', () => {
    const check = { antispoof: { modelId: 'model' } as never, threshold: 0.5, required: true };
    /** The outcomes of a frame, from left to right. */
    const outcomes = (faces: readonly TrackedFace[]) =>
      [...faces].sort((a, b) => a.box.x - b.box.x).map(({ spoof }) => spoof?.outcome);

    it('at most every 150 ms, and decides on the third frame', async () => {
      const tracker = trackerOf({ check });
      const people = [at(ANNA, 100), at(BERTA, 400)];
      const spent: number[] = [];
      for (let i = 0; i < 9; i++) {
        const faces = await tracker.frame(people);
        spent.push(tracker.calls.filter((call) => call === 'check').length);
        if (i < 8) {
          expect(faces).toMatchObject([
            { spoof: { reasons: ['few-frames'] }, identification: { outcome: 'unknown', reason: 'spoof-not-judged' } },
            { spoof: { reasons: ['few-frames'] }, identification: { outcome: 'unknown', reason: 'spoof-not-judged' } },
          ]);
          expect(tracker.spoofDecisionMs).toBe(0);
          continue;
        }
        expect(faces).toMatchObject([
          { spoof: { outcome: 'bona-fide' }, identification: { outcome: 'identified', profileId: 'anna' } },
          { spoof: { outcome: 'attack' }, identification: { outcome: 'unknown', reason: 'attack' } },
        ]);
        expect(tracker.spoofDecisionMs).toBe(8 * 40);
      }
      expect(spent).toEqual([2, 0, 0, 0, 2, 0, 0, 0, 2]);
      const after = await tracker.frame(people);
      expect(after.map(({ identification, spoof }) => identification?.spoof === spoof)).toEqual([true, true]);
      expect(tracker.calls).toEqual(['follow', 'follow']);
      expect(tracker.spoofDecisionMs).toBe(0);
    });

    it('without names', async () => {
      const tracker = trackerOf({ check, search: null });
      await tracker.frame([at(ANNA, 100)]);
      expect(tracker.calls).toEqual(['find', 'check']);
      for (let i = 0; i < 2; i++) await tracker.frame([at(ANNA, 100)], { afterMs: 150 });
      expect(tracker.spoofDecisionMs).toBe(300);
    });

    it('and one bad frame neither opens nor refuses, at any time', async () => {
      for (const [score, outcome] of [
        [0.9, 'bona-fide'],
        [0.1, 'attack'],
      ] as const) {
        for (let bad = 0; bad < 9; bad++) {
          const tracker = trackerOf({ check });
          for (let i = 0; i < 9; i++) {
            const isBad = i === bad;
            // The bad frame is as sure and as sharp as can be.
            const seen = { ...ANNA, score: isBad ? 1 - Math.round(score) : score, quality: isBad ? 1 : 0.3 };
            const faces = await tracker.frame([at(seen, 100)], { afterMs: 150 });
            expect(outcomes(faces), `frame ${i}, ${bad} is bad`).toEqual([i < 2 ? 'not-judged' : outcome]);
          }
        }
      }
    });

    it('and weights frames by their quality', async () => {
      for (const [quality, outcome] of [
        [0.9, 'bona-fide'],
        [0.1, 'attack'],
      ] as const) {
        const tracker = trackerOf({ check });
        let faces: readonly TrackedFace[] = [];
        for (const seen of [
          { score: 0.3, quality: 1 - quality },
          { score: 0.3, quality: 1 - quality },
          { score: 0.7, quality },
          { score: 0.7, quality },
        ]) {
          faces = await tracker.frame([at({ ...ANNA, ...seen }, 100)], { afterMs: 150 });
        }
        expect(outcomes(faces)).toEqual([outcome]);
      }
    });

    it('and drops a verdict whose frames are 3 seconds old', async () => {
      const tracker = trackerOf({ check });
      for (let i = 0; i < 3; i++) await tracker.frame([at(ANNA, 100)], { afterMs: 150 });
      const dark = { ...ANNA, score: null };
      for (let i = 0; i < 9; i++) {
        expect(outcomes(await tracker.frame([at(dark, 100)], { afterMs: 300 }))).toEqual(['bona-fide']);
      }
      expect(await tracker.frame([at(dark, 100)], { afterMs: 1 })).toMatchObject([
        { spoof: { outcome: 'not-judged', reasons: ['too-dark'] }, identification: { reason: 'spoof-not-judged' } },
      ]);
    });

    it.each([
      ['with names', COLLECTION],
      ['without names', null],
    ])('and starts at zero for a face that replaces another within a frame, %s', async (_, collection) => {
      const tracker = trackerOf({ check, search: collection && ([collection] as const) });
      const verdicts: unknown[] = [];
      for (const person of [ANNA, ANNA, ANNA, BERTA, BERTA, BERTA, ANNA, ANNA, ANNA]) {
        verdicts.push(...outcomes(await tracker.frame([at(person, 100)], { afterMs: 150 })));
        expect(tracker.calls).toContain('check');
      }
      expect(verdicts).toEqual(
        ['bona-fide', 'attack', 'bona-fide'].flatMap((outcome) => ['not-judged', 'not-judged', outcome]),
      );
    });

    it('and starts at zero when two people swap places', async () => {
      const tracker = trackerOf({ check });
      for (let i = 0; i < 3; i++) await tracker.frame([at(ANNA, 100), at(BERTA, 400)], { afterMs: 150 });
      for (const wanted of [
        ['not-judged', 'not-judged'],
        ['not-judged', 'not-judged'],
        ['attack', 'bona-fide'],
      ]) {
        expect(outcomes(await tracker.frame([at(BERTA, 100), at(ANNA, 400)], { afterMs: 150 }))).toEqual(wanted);
      }
    });

    it('and starts at zero for a face that comes back, and for another that looks the same', async () => {
      const tracker = trackerOf({ check });
      const see = async (people: readonly Person[]) => outcomes(await tracker.frame(people, { afterMs: 150 }));
      for (let i = 0; i < 3; i++) await see([at(ANNA, 100)]);
      await see([]);
      expect(await see([at(ANNA, 100)])).toEqual(['not-judged']);
      expect(tracker.state.tracks).toMatchObject([{ id: 1, evidence: { judged: { length: 1 } } }]);
      for (let i = 0; i < 2; i++) await see([at(ANNA, 100)]);
      // The picture is the same, but the embedder, which runs because it is better, finds another person.
      const double = at({ ...BERTA, look: ANNA.look, quality: 0.9 }, 100);
      await see([double]);
      expect(await see([double])).toEqual(['not-judged']);
      expect(tracker.state.tracks).toMatchObject([{ evidence: { judged: { length: 1 } } }]);
      expect(tracker.state.tracks[0]?.id).not.toBe(1);
    });

    it('where the face is now, and not where the detector found it', async () => {
      const tracker = trackerOf({ check });
      for (let i = 0; i < 4; i++) await tracker.frame([at(ANNA, 100 + 25 * i)]);
      // Somebody else is where she was, whom the detector has not found yet.
      const faces = await tracker.frame([at(ANNA, 200), at(BERTA, 100)]);
      expect(tracker.calls).toContain('check');
      expect(tracker.state.tracks[0]?.evidence.judged[1]?.logit).toBeCloseTo(Math.log(9), 6);
      expect(ids(faces)).toEqual([1]);
    });
  });

  it('moves the box with the points', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100)]);
    let box = { x: 0, y: 0, width: 0, height: 0 };
    // Then it rests, and the smoothing settles.
    for (let i = 1; i <= 60; i++) {
      const [face] = await tracker.frame([at(ANNA, 100 + 2 * Math.min(i, 20))]);
      box = face?.box ?? box;
    }
    expect(box.x + box.width / 2).toBeCloseTo(140, 0);
    expect(box.width).toBeCloseTo(SIDE, 0);
  });

  it('goes on after a gap of a second, and finds the ids again after a longer one', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100), at(BERTA, 400)]);
    await tracker.frame([at(ANNA, 100), at(BERTA, 400)], { afterMs: 1_000 });
    expect(tracker.calls).toEqual(['follow', 'follow']);
    const faces = await tracker.frame([at(BERTA, 100), at(ANNA, 400)], { afterMs: 1_001 });
    expect(tracker.calls).not.toContain('follow');
    expect(ids(faces)).toEqual([2, 1]);
  });

  it('remembers a lost face for 3 seconds', async () => {
    for (const [afterMs, id] of [
      [3_000, 1],
      [3_001, 2],
    ] as const) {
      const tracker = trackerOf();
      await tracker.frame([at(ANNA, 100)]);
      await tracker.frame([]);
      expect(ids(await tracker.frame([at(ANNA, 300)], { afterMs }))).toEqual([id]);
    }
  });

  it('remembers no face that it did not recognize', async () => {
    const tracker = trackerOf({ search: null });
    const [face] = await tracker.frame([at(ANNA, 100)]);
    expect(face).toMatchObject({ trackId: 1, identification: null, spoof: null });
    expect(tracker.calls).toEqual(['find']);
    await tracker.frame([at(ANNA, 100)]);
    expect(tracker.calls).toEqual(['follow']);
    await tracker.frame([]);
    expect(ids(await tracker.frame([at(ANNA, 100)]))).toEqual([2]);
  });

  it('recognizes the faces that it tracks as soon as a collection is asked for', async () => {
    const settings: { search: Search | null } = { search: null };
    const tracker = trackerOf(settings);
    await tracker.frame([at(ANNA, 100), at(BERTA, 400)]);
    // Anna is lost without having been recognized.
    await tracker.frame([at(BERTA, 400)]);
    settings.search = [COLLECTION];
    const faces = await tracker.frame([at(BERTA, 400)]);
    expect([names(faces), ids(faces)]).toEqual([[[400, 'berta']], [2]]);
    await tracker.frame([]);
    expect(ids(await tracker.frame([at(ANNA, 100), at(BERTA, 400)]))).toEqual([3, 2]);
  });

  it('gives a new face no id of a face that is still there, however alike they are', async () => {
    const tracker = trackerOf();
    const people = [at(ANNA, 100)];
    await tracker.frame(people);
    people.push(at({ ...ANNA, look: BERTA.look }, 400));
    let last: readonly TrackedFace[] = [];
    for (let frame = 2; frame <= 16; frame++) last = await tracker.frame(people);
    expect(ids(last)).toEqual([1, 2]);
  });

  it('gives each lost id to one face, of two that are alike', async () => {
    const twins = (x: number) => [at(ANNA, x), at({ ...ANNA, look: BERTA.look }, x + 200)];
    const tracker = trackerOf();
    await tracker.frame(twins(100));
    await tracker.frame([]);
    expect(ids(await tracker.frame(twins(150)))).toEqual([1, 2]);
    const single = trackerOf();
    await single.frame([at(ANNA, 100)]);
    await single.frame([]);
    const [first, second] = ids(await single.frame(twins(150)));
    expect(first).toBe(1);
    expect(second).not.toBe(1);
  });

  it('leaves its id to a face that stays, although one that is alike was lost', async () => {
    const twin = { ...ANNA, look: BERTA.look };
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100), at(twin, 400)]);
    // Seen better, the twin is recognized again.
    const embeds: number[] = [];
    for (let i = 0; i < 6; i++) {
      expect(ids(await tracker.frame([at({ ...twin, quality: 0.9 }, 400)]))).toEqual([2]);
      if (tracker.calls.includes('embed')) embeds.push(i);
    }
    expect(embeds).toEqual([4]);
  });

  it('gives an id back to a face of a similarity of 0.5 or more, whose cosine it is here', async () => {
    for (const [degrees, id] of [
      [59, 1],
      [61, 2],
    ] as const) {
      const tracker = trackerOf();
      await tracker.frame([at(ANNA, 100)]);
      await tracker.frame([]);
      expect(ids(await tracker.frame([at({ ...ANNA, degrees }, 100)]))).toEqual([id]);
    }
  });

  it('takes a face that is recognized again for another below a similarity of 0.4', async () => {
    for (const [degrees, id] of [
      [66, 1],
      [67, 2],
    ] as const) {
      const tracker = trackerOf();
      await tracker.frame([at(ANNA, 100)]);
      let last: readonly TrackedFace[] = [];
      for (let i = 0; i < 5; i++) last = await tracker.frame([at({ ...ANNA, degrees, quality: 0.9 }, 100)]);
      expect(tracker.calls).toContain('embed');
      expect(ids(last)).toEqual([id]);
      // Whatever its id is now, somebody else gets another one.
      const both = await tracker.frame([at({ ...ANNA, degrees }, 100), at(CLARA, 400)], { afterMs: 2_000 });
      expect(ids(both)[0]).toBe(id);
      expect(ids(both)[1]).toBeGreaterThan(id);
    }
  });

  it('follows a face only while its appearance changes little', async () => {
    for (const [likeness, calls] of [
      [0.95, ['follow']],
      [0.93, ['follow', 'find', 'embed', 'names']],
    ] as const) {
      const tracker = trackerOf();
      await tracker.frame([at(ANNA, 100)]);
      const look = Float32Array.of(likeness, Math.sqrt(1 - likeness ** 2), 0);
      // Recognized, it is the same again.
      expect(ids(await tracker.frame([at({ ...ANNA, look }, 100)]))).toEqual([1]);
      expect(tracker.calls).toEqual(calls);
    }
  });

  it('expects a face to move on as it did', async () => {
    const tracker = trackerOf();
    await tracker.frame([at(ANNA, 100, 100)]);
    await tracker.frame([at(ANNA, 140, 130)]);
    // 100 px away from the last place, and 50 px from the expected one; up to 60 px are found.
    await tracker.frame([at(ANNA, 220, 190)]);
    expect(tracker.calls).toEqual(['follow']);
    await tracker.frame([at(ANNA, 220, 190)]);
    expect(tracker.calls).toEqual(['follow', 'find', 'embed', 'names']);
  });

  it('keeps a face that the detector misses every other time', async () => {
    const tracker = trackerOf();
    const people = [at(ANNA, 100), at(BERTA, 400)];
    const finds: number[] = [];
    for (let frame = 1; frame <= 61; frame++) {
      const isMissed = frame === 16 || frame === 46;
      const faces = await tracker.frame(people, { seen: isMissed ? people.slice(0, 1) : people });
      expect(ids(faces)).toEqual([1, 2]);
      if (tracker.calls.includes('find')) finds.push(frame);
    }
    expect(finds).toEqual([1, 16, 31, 46, 61]);
  });

  it('tracks the 10 largest faces, or as many as it is asked for', async () => {
    const crowd = Array.from({ length: 12 }, (_, i) => at({ ...ANNA, size: 90 }, 100 * i));
    expect(await trackerOf().frame(crowd)).toHaveLength(10);
    const tracker = trackerOf({ options: { maxFaces: 2 } });
    const tracked = [at(ANNA, 100), at(BERTA, 300)];
    const others = [at(CLARA, 500), at({ ...ANNA, degrees: 270 }, 700)];
    const all: number[][] = [];
    for (let frame = 1; frame <= 31; frame++) {
      const seen = frame === 1 ? tracked : others;
      all.push(ids(await tracker.frame([...tracked, ...others], { seen })));
    }
    // Others get a place when the first ones were missed twice.
    expect(all.slice(0, 30)).toEqual(Array(30).fill([1, 2]));
    expect(all[30]).toEqual([3, 4]);
  });

  it('takes two boxes for one face when more than 30 % of them overlap', async () => {
    // At a distance of 54 and of 53 px, squares of 100 px share 46 and 47 of 154 and 153 px: 29.9 and 30.7 %.
    for (const [distance, count] of [
      [54, 2],
      [53, 1],
    ] as const) {
      const faces = await trackerOf().frame([at(ANNA, 100), at(BERTA, 100 + distance)]);
      expect(faces).toHaveLength(count);
    }
  });

  it('gives the largest face first', async () => {
    const faces = await trackerOf().frame([at({ ...ANNA, size: 90 }, 100), at({ ...BERTA, size: 110 }, 400)]);
    expect(faces.map(({ box }) => Math.round(box.height))).toEqual([110, 90]);
    const wide = [at({ ...ANNA, aspect: 0.5 }, 100), at({ ...BERTA, size: 90 }, 400)];
    expect((await trackerOf().frame(wide)).map(({ box }) => Math.round(box.height))).toEqual([90, 100]);
  });

  it('measures the quality of a new face, and then every 5 frames', async () => {
    const tracker = trackerOf();
    const scores: (number | undefined)[] = [];
    for (let frame = 1; frame <= 11; frame++) {
      const [face] = await tracker.frame([at({ ...ANNA, quality: frame / 100 }, 100)]);
      scores.push(face?.quality.score);
    }
    expect(scores).toEqual([1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 11].map((score) => score / 100));
  });

  it('decides once until something changes, and tells no name when no collection is asked for', async () => {
    const settings: { search: Search | null } = { search: [COLLECTION] };
    const tracker = trackerOf(settings);
    const decided = async () => {
      const [face] = await tracker.frame([at(ANNA, 100)]);
      return face?.identification?.identificationId;
    };
    const first = await decided();
    expect(await decided()).toBe(first);
    settings.search = null;
    expect(await decided()).toBeUndefined();
    settings.search = [COLLECTION];
    const again = await decided();
    expect([again === first, typeof again]).toEqual([false, 'string']);
    // The face is still known.
    expect(tracker.calls).toEqual(['follow', 'names']);
  });

  it('smooths the box and the points by the time that passed', async () => {
    const tracker = trackerOf({ options: { landmarks: 68 } });
    const numbersOf = ({ x, y, width, height }: Box, points: readonly Point[]) => [
      ...[x, y, width, height],
      ...points.flatMap((point) => [point.x, point.y]),
    ];
    let expected: Smoothed | null = null;
    for (const [x, y, size, afterMs] of [
      [100, 200, 100, 40],
      [110, 190, 110, 40],
      [130, 195, 105, 100],
      [130, 195, 105, 0],
    ] as const) {
      const person = at({ ...ANNA, size, aspect: 0.8 }, x, y);
      const [face] = await tracker.frame([person], { afterMs });
      const values = numbersOf(detectionOf(person).box, pointsOf(person));
      // The box is higher than it is wide. Two frames at once are a millisecond apart.
      expected = smooth(expected, values, size, Math.max(afterMs, 1) / 1_000);
      if (!face) throw new Error('no face');
      const got = numbersOf(face.box, face.landmarks);
      expect(got).toHaveLength(4 + 2 * 68);
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(expected?.values[i] as number, 6);
      });
    }
  });

  it('takes the box of the detector whenever it sees the face, moved and scaled with the points since', async () => {
    const tracker = trackerOf();
    let width = 0;
    for (let frame = 1; frame <= 29; frame++) {
      // The detector makes the box of frame 16 wider. From there on, the face grows by 2 % a frame up to 110 %.
      const size = SIDE * (1 + 0.02 * Math.min(5, Math.max(0, frame - 16)));
      const person = at({ ...ANNA, size, aspect: frame === 16 ? 1.2 : 1 }, 200);
      const [face] = await tracker.frame([person]);
      width = face?.box.width ?? 0;
    }
    // Smoothing still lacks a few percent.
    expect(width).toBeGreaterThan(0.96 * 1.2 * 1.1 * SIDE);
    expect(width).toBeLessThan(1.2 * 1.1 * SIDE);
  });
});

describe('an appearance', () => {
  const pixels = texture(0.5, 0.25, 0, 300);
  const brighter = texture(0.6, 0.2, 0, 300);

  it('is like itself in another light, and not like another place', () => {
    const own = appearanceOf(pixels, landmarks());
    expect(Math.hypot(...own)).toBeCloseTo(1, 5);
    expect(likeness(own, own)).toBeCloseTo(1, 5);
    expect(likeness(own, appearanceOf(brighter, landmarks()))).toBeGreaterThan(0.99);
    expect(likeness(own, appearanceOf(pixels, landmarks({ x: 120, y: 180 })))).toBeLessThan(0.9);
  });

  it('of a plain area is like nothing', () => {
    const plain = appearanceOf(texture(0.5, 0, 0, 300), landmarks());
    expect(likeness(plain, plain)).toBe(0);
  });
});

describe('smoothing', () => {
  it('takes most of the jitter of a face at rest, and follows one that moves', () => {
    const random = createRandom(3);
    let state: Smoothed | null = null;
    const rest: number[] = [];
    for (let i = 0; i < 300; i++) {
      state = smooth(state, [50 + 2 * (random() - 0.5)], 100, 1 / 30);
      if (i > 60) rest.push(state.values[0] as number);
    }
    const deviation = Math.sqrt(rest.reduce((sum, value) => sum + (value - 50) ** 2, 0) / rest.length);
    // Even noise of +-1 has a deviation of 0.58.
    expect(deviation).toBeLessThan(0.25);

    state = null;
    let value = 0;
    // One size of the face per second.
    for (let i = 0; i < 90; i++) {
      value = (100 * i) / 30;
      state = smooth(state, [value], 100, 1 / 30);
    }
    expect(value - (state?.values[0] as number)).toBeLessThan(2.5);
  });

  it('begins with what it gets', () => {
    expect(smooth(null, [1, 2], 1, 1)).toEqual({ values: [1, 2], speeds: [0, 0] });
  });
});
