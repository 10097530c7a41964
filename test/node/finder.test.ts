/** The search without a net: a fake detector that sees a face where it is shown one large enough, as a real one does. */
import { describe, expect, it } from 'vitest';
import type { Detection, FaceDetector } from '../../src/models/detectors/detector.js';
import type { Box } from '../../src/api/geometry.js';
import { intersectionOverUnion, meanBox, squareAround, tilesOf } from '../../src/vision/geometry.js';
import { createPixels } from '../../src/vision/image.js';
import { findFaces, planSearch, type SearchPlan } from '../../src/worker/use-cases/finder.js';

const SIZES = [128, 192, 256, 384, 512];
const LOOK = { from: 0.35, certain: 0.85, size: 128, cropScales: [3, 4], missed: 0.2, bias: 0.5 };
const photo = (width: number, height = width) => createPixels(width, height, new Uint8ClampedArray(width * height * 4));
const square = (x: number, y: number, side: number): Box => ({ x, y, width: side, height: side });
const never = new AbortController().signal;

/** Something in the photo. */
interface Thing {
  readonly box: Box;
  /** The score of a look that shows it `side` pixels large in its input; `from` the whole photo or a part. */
  readonly score: (side: number, from: 'whole' | 'part') => number;
  readonly roll?: number;
}

/** A detector mistakes what is more than 90 degrees from upright for something upright, with half the score. */
const HALF = 0.5;

/** A face that is seen from 20 px of the input on, and for certain from 40 px on. */
const face = (box: Box): Thing => ({ box, score: (side) => (side < 20 ? 0 : side < 40 ? 0.6 : 0.9) });

/**
 * Sees what is in the part that it is shown, cut at the part's edges. Notes `size` or `size@x,y,side` of each look, and
 * `/degrees` of one that is turned.
 */
function detectorOf(things: readonly Thing[], parts: Partial<FaceDetector> = {}) {
  const looks: string[] = [];
  const detector: FaceDetector = {
    sizes: SIZES,
    defaultMinScore: 0.6,
    secondLook: LOOK,
    detect(pixels, size, minScore, part, turn = 0) {
      const shown = part ?? { x: 0, y: 0, width: pixels.width, height: pixels.height };
      const place = part ? `@${[part.x, part.y, part.width].map(Math.round).join()}` : '';
      looks.push(`${size}${place}${turn === 0 ? '' : `/${Math.round((turn * 180) / Math.PI)}`}`);
      const seen = things.flatMap(({ box, score, roll = 0 }): Detection[] => {
        const left = Math.max(box.x, shown.x);
        const top = Math.max(box.y, shown.y);
        const width = Math.min(box.x + box.width, shown.x + shown.width) - left;
        const height = Math.min(box.y + box.height, shown.y + shown.height) - top;
        if (width <= 0 || height <= 0) return [];
        const cut = (width * height) / (box.width * box.height);
        const side = (box.width * size) / Math.max(shown.width, shown.height);
        const isUpright = Math.cos(roll - turn) > -1e-9;
        const seenScore = cut * score(side, part ? 'part' : 'whole') * (isUpright ? 1 : HALF);
        return [{ box: { x: left, y: top, width, height }, score: seenScore, roll: isUpright ? roll : turn }];
      });
      return Promise.resolve(seen.filter((d) => d.score >= minScore).sort((a, b) => b.score - a.score));
    },
    ...parts,
  };
  return { detector, looks };
}

/** The looks that are not turned. */
const upright = (looks: readonly string[]) => looks.filter((look) => !look.includes('/'));

const PLAN: SearchPlan = { size: 384, tiles: 'never', secondLook: true };
const logit = (score: number) => Math.log(score / (1 - score));
const fused = (...scores: number[]) =>
  1 / (1 + Math.exp(-(scores.reduce((sum, score) => sum + logit(score), 0) / scores.length + LOOK.bias)));

describe('the plan of a search', () => {
  it.each<[number, Parameters<typeof planSearch>[2], Parameters<typeof planSearch>[3], SearchPlan]>([
    [250, 'photo', { search: 'auto' }, { size: 256, tiles: 'never', secondLook: true }],
    [384, 'photo', {}, { size: 256, tiles: 'never', secondLook: true }],
    [385, 'photo', {}, { size: 384, tiles: 'never', secondLook: true }],
    [400, 'photo', {}, { size: 384, tiles: 'never', secondLook: true }],
    [639, 'photo', { search: 'tiles' }, { size: 384, tiles: 'never', secondLook: true }],
    [640, 'photo', {}, { size: 384, tiles: 'where-it-pays', secondLook: true }],
    [640, 'photo', { search: 'tiles' }, { size: 384, tiles: 'always', secondLook: true }],
    // Here a tile would show nothing that the whole does not show.
    [300, 'photo', { search: 'tiles' }, { size: 256, tiles: 'never', secondLook: true }],
    [640, 'photo', { search: 'whole' }, { size: 384, tiles: 'never', secondLook: true }],
    [3000, 'photo', { detectorSizePx: 128 }, { size: 128, tiles: 'never', secondLook: true }],
    [3000, 'photo', { detectorSizePx: 128, search: 'auto' }, { size: 128, tiles: 'where-it-pays', secondLook: true }],
    [3000, 'photo', { detectorSizePx: 128, search: 'tiles' }, { size: 128, tiles: 'always', secondLook: true }],
    [3000, 'video', {}, { size: 256, tiles: 'never', secondLook: false }],
    [3000, 'video', { detectorSizePx: 512 }, { size: 512, tiles: 'never', secondLook: false }],
    [3000, 'video', { search: 'tiles' }, { size: 256, tiles: 'always', secondLook: false }],
  ])('of a frame of %i px in a %s with %j', (side, mode, options, plan) => {
    expect(planSearch(photo(side, 100), { sizes: SIZES, secondLook: LOOK }, mode, options)).toEqual(plan);
  });

  it('takes what a detector offers', () => {
    expect(planSearch(photo(1000, 100), { sizes: [320, 640] }, 'photo', { search: 'tiles' })).toMatchObject({
      size: 640,
      tiles: 'always',
    });
    expect(planSearch(photo(1000, 100), { sizes: [320] }, 'photo', {})).toMatchObject({ size: 320, tiles: 'never' });
  });
});

describe('a second look', () => {
  it('is for what is neither certain nor hopeless, and all looks together give the score', async () => {
    const certain: Thing = { box: square(10, 10, 50), score: () => 0.85 };
    const uncertain: Thing = { box: square(200, 200, 40), score: (_side, from) => (from === 'part' ? 0.9 : 0.4) };
    // From near, it is seen no more.
    const mistaken: Thing = { box: square(300, 10, 40), score: (_side, from) => (from === 'part' ? 0.1 : 0.8) };
    const hopeless: Thing = { box: square(10, 300, 40), score: (_side, from) => (from === 'part' ? 0.9 : 0.3) };
    const { detector, looks } = detectorOf([certain, uncertain, mistaken, hopeless]);
    const found = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(found.map(({ box }) => box)).toEqual([uncertain.box, certain.box]);
    expect(found[0]?.score).toBeCloseTo(fused(0.4, 0.9, 0.9), 10);
    expect(found[1]?.score).toBe(0.85);
    // The least score itself is enough.
    expect(await findFaces(detector, photo(384), PLAN, 0.85, never)).toHaveLength(2);
    expect(upright(looks).slice(0, 5)).toEqual([
      '384',
      '128@260,-30,120',
      '128@240,-50,160',
      '128@160,160,120',
      '128@140,140,160',
    ]);

    const [, , rejected] = await findFaces(detector, photo(384), PLAN, 0.3, never);
    expect(rejected?.score).toBeCloseTo(fused(0.8, LOOK.missed, LOOK.missed), 10);
  });

  it('puts the box where the looks see the face on average, and takes the roll of the surest', async () => {
    const answers: readonly Detection[] = [
      { box: square(100, 100, 40), score: 0.5, roll: 0.1 },
      { box: square(103, 100, 43), score: 0.9, roll: 0.2 },
      { box: square(100, 106, 40), score: 0.7, roll: 0.3 },
    ];
    let look = 0;
    const { detector } = detectorOf([], { detect: () => Promise.resolve(answers.slice(look, ++look)) });
    const [found] = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(found).toMatchObject({ box: square(101, 102, 41), roll: 0.2 });
  });

  it('misses a face of which it sees only a neighbor', async () => {
    const uncertain: Thing = { box: square(200, 200, 40), score: (_side, from) => (from === 'part' ? 0.1 : 0.8) };
    // Beside it and in its crops; certain, and for itself.
    const neighbor: Thing = { box: square(245, 200, 40), score: () => 0.9 };
    const { detector } = detectorOf([uncertain, neighbor]);
    const [first, second] = await findFaces(detector, photo(384), PLAN, 0.3, never);
    expect(first).toMatchObject({ box: neighbor.box, score: 0.9 });
    expect(second?.box).toEqual(uncertain.box);
    expect(second?.score).toBeCloseTo(fused(0.8, LOOK.missed, LOOK.missed), 10);
  });

  it('makes one face of two boxes that turn out to be the same', async () => {
    const whole: Detection = { box: square(100, 100, 90), score: 0.8, roll: 0 };
    const forehead: Detection = { box: square(120, 100, 45), score: 0.6, roll: 0 };
    const { detector } = detectorOf([], {
      detect: (_pixels, size) =>
        Promise.resolve(size === 128 ? [{ ...whole, box: square(105, 100, 75), score: 0.9 }] : [whole, forehead]),
    });
    expect(intersectionOverUnion(whole.box, forehead.box)).toBeLessThan(0.3);
    expect(await findFaces(detector, photo(384), PLAN, 0.6, never)).toHaveLength(1);
  });

  it('is not for a video, nor for a detector that has none: their scores stay as they are', async () => {
    const thing: Thing = { box: square(100, 100, 40), score: (_side, from) => (from === 'part' ? 0.1 : 0.6) };
    const { detector, looks } = detectorOf([thing]);
    const expected = [{ box: thing.box, score: 0.6, roll: 0 }];
    expect(await findFaces(detector, photo(384), { ...PLAN, secondLook: false }, 0.6, never)).toEqual(expected);
    const { secondLook, ...plain } = detector;
    expect(secondLook).toBe(LOOK);
    expect(await findFaces(plain, photo(384), PLAN, 0.6, never)).toEqual(expected);
    expect(await findFaces(plain, photo(384), PLAN, 0.61, never)).toEqual([]);
    expect(upright(looks)).toEqual(['384', '384', '384']);
  });
});

describe('a face that is not upright', () => {
  const degrees = (found: readonly Detection[]) => found.map(({ roll }) => Math.round((roll * 180) / Math.PI));
  const turned = (roll: number, score = 0.88): Thing => ({
    box: square(100, 100, 60),
    score: () => score,
    roll: (roll * Math.PI) / 180,
  });
  /** Half the score is enough to be found. */
  const HALVED = { ...LOOK, from: 0.3, bias: 1.5 };

  it.each([180, 170, -150, 120, -120])('with a roll of %i degrees gets it, and its full score', async (roll) => {
    const { detector } = detectorOf([turned(roll)], { secondLook: HALVED });
    const found = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(Math.abs(degrees(found)[0] as number)).toBe(Math.abs(roll));
    expect(found[0]?.score).toBeGreaterThan(0.88);
  });

  it.each([0, 30, -80, 90])('by less than a right angle stays as it is: %i degrees', async (roll) => {
    const { detector } = detectorOf([turned(roll)]);
    expect(await findFaces(detector, photo(384), PLAN, 0.6, never)).toEqual([
      { box: square(100, 100, 60), score: 0.88, roll: (roll * Math.PI) / 180 },
    ]);
  });

  it('is looked for at one other angle where the score is high, else at three', async () => {
    for (const [roll, score, angles] of [
      [0, 0.9, [180]],
      [80, 0.9, [270]],
      [0, 0.89, [180, 90, -90]],
    ] as const) {
      const { detector, looks } = detectorOf([turned(roll, score)]);
      await findFaces(detector, photo(384), PLAN, 0.6, never);
      const expected = angles.map((angle) => `128@40,40,180/${angle}`);
      expect(looks.slice(1, 1 + angles.length)).toEqual(expected);
    }
  });

  it('does not make a face of what was none before', async () => {
    // At half the score, too little for a face; turned, more than enough.
    const { detector } = detectorOf([turned(180), face(square(250, 250, 100))]);
    const found = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(found.map(({ box }) => box.x)).toEqual([250]);
  });

  it('keeps its roll when only one of two turned looks sees more', async () => {
    const answers: readonly number[] = [0.7, 0.7, 0.7, 0.88, 0.1, 0.1, 0.1];
    let look = 0;
    const { detector } = detectorOf([], {
      detect: (_pixels, _size, minScore, _part, turn = 0) => {
        const seen = [{ box: square(100, 100, 60), score: answers[look++] ?? 0, roll: turn }];
        return Promise.resolve(seen.filter(({ score }) => score >= minScore));
      },
    });
    const found = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(degrees(found)).toEqual([0]);
    expect(look).toBe(7);
  });

  it('is seen in closer crops where it fills the photo, whatever its score there', async () => {
    for (const [atHalfTurn, roll] of [
      [0.8, 180],
      [0.4, 0],
    ] as const) {
      const { detector } = detectorOf([], {
        detect: (_pixels, _size, minScore, part, turn = 0) => {
          const score = part ? (turn === Math.PI ? atHalfTurn : 0.5) : 0.92;
          const seen = [{ box: square(30, 30, 240), score, roll: turn }];
          return Promise.resolve(seen.filter((each) => each.score >= minScore));
        },
      });
      expect(degrees(await findFaces(detector, photo(300), PLAN, 0.6, never))[0]).toBe(roll);
    }
  });

  it('shows that the photo is turned, and that others were missed', async () => {
    // Seen turned only.
    const other: Thing = { box: square(250, 250, 60), score: () => 0.92, roll: Math.PI };
    const sideways = (x: number): Thing => ({ box: square(x, 20, 60), score: () => 0.92, roll: Math.PI / 2 });
    const { detector, looks } = detectorOf([turned(180), other], { secondLook: HALVED });
    const found = await findFaces(detector, photo(384), PLAN, 0.6, never);
    expect(found.map(({ box }) => box.x).sort()).toEqual([100, 250]);
    expect(looks.filter((look) => look.startsWith('384'))).toEqual(['384', '384/180']);
    // Each direction once.
    const two = detectorOf([sideways(20), sideways(200), face(square(100, 200, 100))]);
    expect(await findFaces(two.detector, photo(384), PLAN, 0.6, never)).toHaveLength(3);
    expect(two.looks.filter((look) => look.startsWith('384'))).toEqual(['384', '384/90']);
  });

  it('in a video is looked for upside down only, and only where the score is uncertain', async () => {
    const video: SearchPlan = { ...PLAN, secondLook: false };
    const { detector, looks } = detectorOf([turned(180, 0.94)]);
    const found = await findFaces(detector, photo(384), video, 0.4, never);
    expect(degrees(found)).toEqual([180]);
    expect(looks).toEqual(['384', '128@40,40,180/180', '128@10,10,240/180']);
    looks.length = 0;
    const certain = detectorOf([turned(0, 0.85)]);
    await findFaces(certain.detector, photo(384), video, 0.6, never);
    expect(certain.looks).toEqual(['384']);
  });
});

describe('a photo that seems to have no face', () => {
  /** Seen only with something around it, as a detector does; `roll` in radians. */
  const filling = (score: number, roll = 0): Thing => ({
    box: square(30, 30, 240),
    score: (side) => (side > 150 ? 0.1 : score),
    roll,
  });

  it('is searched for a face that fills it, in a frame with a border', async () => {
    const { detector, looks } = detectorOf([filling(0.92)]);
    const found = await findFaces(detector, photo(300), PLAN, 0.6, never);
    expect(found).toEqual([{ box: square(30, 30, 240), score: 0.92, roll: 0 }]);
    expect(looks.slice(0, 2)).toEqual(['384', '192@-90,-90,480']);
  });

  it('is not searched for small faces there: those would have been found before', async () => {
    const small: Thing = { box: square(30, 30, 130), score: (side) => (side > 150 ? 0.1 : 0.92) };
    const { detector } = detectorOf([small]);
    expect(await findFaces(detector, photo(300), PLAN, 0.6, never)).toEqual([]);
  });

  it('is searched upside down, with and without a border', async () => {
    const { detector, looks } = detectorOf([{ box: square(100, 100, 60), score: () => 0.92, roll: Math.PI }]);
    expect(await findFaces(detector, photo(300), PLAN, 0.6, never)).toMatchObject([{ score: 0.92, roll: Math.PI }]);
    expect(looks.filter((look) => !look.startsWith('128'))).toEqual(['384', '192@-90,-90,480', '384/180']);
    const close = detectorOf([filling(0.92, Math.PI)]);
    expect(await findFaces(close.detector, photo(300), PLAN, 0.6, never)).toMatchObject([{ roll: Math.PI }]);
    expect(close.looks).toContain('192@-90,-90,480/180');
  });

  it('does not get an upside-down face with a score that a false one may have', async () => {
    const doubtful = (score: number): Thing => ({ box: square(100, 100, 60), score: () => score, roll: Math.PI });
    for (const [score, count] of [
      [0.69, 0],
      [0.7, 1],
    ] as const) {
      const { detector } = detectorOf([doubtful(score)]);
      expect(await findFaces(detector, photo(300), PLAN, 0.6, never)).toHaveLength(count);
    }
  });

  it('is not searched again in a video, nor with a detector that has no second look', async () => {
    const { detector, looks } = detectorOf([filling(0.92)]);
    expect(await findFaces(detector, photo(300), { ...PLAN, secondLook: false }, 0.6, never)).toEqual([]);
    const { secondLook: _none, ...plain } = detector;
    expect(await findFaces(plain, photo(300), PLAN, 0.6, never)).toEqual([]);
    expect(looks).toEqual(['384', '384']);
  });
});

describe('tiles', () => {
  const GROUP: SearchPlan = { ...PLAN, tiles: 'always' };

  it('find what is too small in the whole photo, once per face', async () => {
    // 1000 x 700 px: 2 x 2 tiles of 600 px at 512, so that 30 px are 12 px in the whole and 26 in a tile. The faces in the
    // middle lie in two and in four tiles.
    const small = [square(20, 20, 30), square(480, 60, 30), square(490, 340, 30), square(950, 650, 30)].map(face);
    const large = face(square(200, 250, 200));
    const { detector, looks } = detectorOf([...small, large]);
    const alone = await findFaces(detector, photo(1000, 700), PLAN, 0.6, never);
    expect(alone.map(({ box }) => box)).toEqual([large.box]);
    looks.length = 0;
    const found = await findFaces(detector, photo(1000, 700), GROUP, 0.6, never);
    expect(found.map(({ box }) => box)).toEqual([large, ...small].map(({ box }) => box));
    expect(upright(looks).slice(0, 5)).toEqual([
      '384',
      '512@0,0,600',
      '512@400,0,600',
      '512@0,100,600',
      '512@400,100,600',
    ]);
    // Seen by the tiles but not in the whole, which counts, too.
    expect(found[1]?.score).toBeCloseTo(fused(LOOK.missed, 0.6, 0.9, 0.6), 1);
  });

  it('do not make two faces of one that the edge of a tile cuts', async () => {
    // The edge of the left tiles is at 600: they see 50 of 60 px, or 30 of 60.
    for (const x of [550, 570]) {
      const { detector } = detectorOf([face(square(x, 50, 60))]);
      const found = await findFaces(detector, photo(1000, 700), GROUP, 0.6, never);
      expect(found.map(({ box }) => box)).toEqual([square(x, 50, 60)]);
    }
  });

  it('reach beyond a photo that is narrower than they are', async () => {
    const { detector, looks } = detectorOf([face(square(40, 900, 30))]);
    expect(await findFaces(detector, photo(100, 1000), GROUP, 0.6, never)).toHaveLength(1);
    expect(looks.slice(0, 3)).toEqual(['384', '512@-250,0,600', '512@-250,400,600']);
  });

  it('are not larger than what they show', async () => {
    const { detector, looks } = detectorOf([]);
    await findFaces(detector, photo(640, 360), GROUP, 0.6, never);
    expect(looks.slice(0, 3)).toEqual(['384', '384@0,-12,384', '384@256,-12,384']);
  });

  it('are merged by their scores where a detector has no second look', async () => {
    const { detector } = detectorOf([face(square(480, 60, 60)), face(square(20, 20, 30))]);
    const { secondLook: _none, ...plain } = detector;
    const found = await findFaces(plain, photo(1000, 700), GROUP, 0.6, never);
    expect(found.map(({ score }) => score)).toEqual([0.9, 0.6]);
  });

  it('pay where the first look is sure of two small faces, or of none', async () => {
    const looksFor = async (things: readonly Thing[]) => {
      const { detector, looks } = detectorOf(things);
      await findFaces(detector, photo(1000, 700), { ...PLAN, tiles: 'where-it-pays' }, 0.6, never);
      return looks.filter((look) => look.startsWith('512')).length;
    };
    const seen = (x: number, side: number, score = 0.9): Thing => ({ box: square(x, 100, side), score: () => score });
    expect(await looksFor([])).toBe(4);
    expect(await looksFor([seen(100, 300, 0.59)])).toBe(4);
    expect(await looksFor([seen(100, 300)])).toBe(0);
    expect(await looksFor([seen(100, 300, 0.6)])).toBe(0);
    expect(await looksFor([seen(100, 300), seen(500, 59)])).toBe(0);
    expect(await looksFor([seen(100, 300), seen(500, 59), seen(600, 59)])).toBe(4);
    expect(await looksFor([seen(100, 300), seen(500, 61), seen(600, 61)])).toBe(0);
    // The longer side counts, and 6 % of the 1,000 px are not less than 6 %.
    const narrow = (x: number): Thing => ({ box: { x, y: 100, width: 50, height: 60 }, score: () => 0.9 });
    expect(await looksFor([seen(100, 300), narrow(500), narrow(600)])).toBe(0);
  });
});

describe('an aborted search', () => {
  it('ends before the next look, with the reason of the signal', async () => {
    const things = [face(square(20, 20, 30)), face(square(480, 60, 30))];
    const all = detectorOf(things);
    const plan: SearchPlan = { ...PLAN, tiles: 'always' };
    await findFaces(all.detector, photo(1000, 700), plan, 0.6, never);
    expect(all.looks).toHaveLength(15);
    for (let last = 1; last < all.looks.length; last++) {
      const controller = new AbortController();
      const { detector, looks } = detectorOf(things);
      const stopping: FaceDetector = {
        ...detector,
        detect: (...args) => {
          if (looks.length === last - 1) controller.abort(new Error('enough'));
          return detector.detect(...args);
        },
      };
      await expect(findFaces(stopping, photo(1000, 700), plan, 0.6, controller.signal)).rejects.toThrow('enough');
      expect(looks).toHaveLength(last);
    }
  });
});

describe('the geometry of a search', () => {
  it.each([
    [1000, 700, 600, 0.25, 4],
    [1000, 1000, 600, 0.25, 4],
    [1000, 300, 600, 0.25, 2],
    [1000, 700, 400, 0.25, 6],
    [1000, 700, 400, 0.5, 12],
    [100, 80, 100, 0.25, 1],
  ])('covers %i x %i px with tiles of %i px that share %d of it', (width, height, side, overlap, count) => {
    const tiles = tilesOf(width, height, side, overlap);
    expect(tiles).toHaveLength(count);
    for (const [length, from, name] of [
      [width, 'x', 'columns'],
      [height, 'y', 'rows'],
    ] as const) {
      const starts = [...new Set(tiles.map((tile) => tile[from]))].sort((a, b) => a - b);
      expect(starts[0], name).toBeCloseTo(Math.min(0, (length - side) / 2), 9);
      expect((starts.at(-1) as number) + side, name).toBeCloseTo(Math.max(length, (length + side) / 2), 9);
      starts.slice(1).forEach((start, i) => {
        expect(start - (starts[i] as number)).toBeLessThanOrEqual(side * (1 - overlap) + 1e-9);
      });
    }
  });

  it('makes squares around boxes, and means of them', () => {
    expect(squareAround({ x: 10, y: 20, width: 20, height: 40 }, 2)).toEqual(square(-20, 0, 80));
    expect(meanBox([square(0, 0, 10), { x: 2, y: 4, width: 20, height: 30 }])).toEqual({
      x: 1,
      y: 2,
      width: 15,
      height: 20,
    });
  });
});
