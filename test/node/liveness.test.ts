/** The challenge: what it asks, what it sees in heads and sheets, and how it ends. Simulated throughout. */
import { describe, expect, it } from 'vitest';
import { addFailure, elapse, lockedForMs, parseFailures, type Failure } from '../../src/liveness/attempts.js';
import {
  createChallenge,
  drawGestures,
  drawSteps,
  type Challenge,
  type ChallengeChecks,
  type ChallengeStep,
} from '../../src/liveness/challenge.js';
import { angleTo, isContinuous, meanState, progressOf, stateOf } from '../../src/liveness/gestures.js';
import { applyHomography, fitHomography, leastSquares } from '../../src/liveness/homography.js';
import { createReliefMeter, isHead, isSheet, isTurnedSheet, type Relief } from '../../src/liveness/relief.js';
import { review, type Step } from '../../src/liveness/review.js';
import type { Point } from '../../src/api/geometry.js';
import type { LivenessGesture } from '../../src/api/liveness.js';
import type { SpoofVerdict } from '../../src/api/spoof.js';
import { readHeads } from '../../lab/liveness/heads.js';
import { bend } from '../../lab/liveness/scene.js';
import { createRandom } from '../../lab/liveness/simulate.js';
import { FRONTAL, place, project, rotationOf, type Placement, type Vector } from '../../lab/liveness/solid.js';
import { landmarks, type View } from './faces.js';

const HEADS = readHeads();
const HEAD = HEADS[0]!;
const FRAME = { width: 640, height: 480 };

function see(shape: readonly Vector[], change: Partial<Placement> = {}): Point[] {
  const placement = { ...FRONTAL, ...change };
  const rotation = rotationOf(placement);
  return shape.map((v) => project(place(v, rotation, placement), 620, { x: 320, y: 240 }));
}

/** Points of an image, scaled from its middle and moved. */
function drawn(points: readonly Point[], { scale = 1, x = 0, y = 0 }): Point[] {
  return points.map((p) => ({ x: 320 + scale * (p.x - 320) + x, y: 240 + scale * (p.y - 240) + y }));
}

const sheet = (curvature: number, axisDegrees: number) =>
  HEAD.map(([x, y]) => bend([x, y], { curvature, axisDegrees }));

describe('the homography', () => {
  it('takes any view of a plane to any other', () => {
    const flat = sheet(0, 0);
    const [from, to] = [
      see(flat),
      see(flat, { yawDegrees: 40, pitchDegrees: -20, rollDegrees: 15, x: 5, distance: 35 }),
    ];
    const h = fitHomography(from, to)!;
    for (const [i, point] of from.entries()) {
      const { x, y } = applyHomography(h, point);
      expect(Math.hypot(x - to[i]!.x, y - to[i]!.y)).toBeLessThan(1e-6);
    }
  });

  it('is found again from the points it moved', () => {
    const h = [1.2, 0.1, 30, -0.2, 0.9, 10, 0.001, 0.0005, 1];
    const from = [
      { x: 0, y: 0 },
      { x: 100, y: 10 },
      { x: 90, y: 110 },
      { x: -20, y: 80 },
      { x: 40, y: 60 },
    ];
    const fitted = fitHomography(
      from,
      from.map((p) => applyHomography(h, p)),
    )!;
    h.forEach((value, i) => {
      expect(fitted[i]! / fitted[8]!).toBeCloseTo(value, 9);
    });
  });

  it('divides by the depth of each point', () => {
    // x' = (2 + 6 + 3) / 4, y' = (8 + 15 + 6) / 4
    expect(applyHomography([1, 2, 3, 4, 5, 6, -1, 1, 3], { x: 2, y: 3 })).toEqual({ x: 2.75, y: 7.25 });
  });

  it('is none where the points lie on a line', () => {
    const line = Array.from({ length: 8 }, (_, i) => ({ x: i, y: 2 * i }));
    expect(fitHomography(line, line)).toBeNull();
  });
});

describe('least squares', () => {
  it('fit a line', () => {
    // Mean 1.5, 3; covariance 5 of a variance of 5: slope 1.
    const [slope, offset] = leastSquares(
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      [1, 3, 4, 4],
    )!;
    expect(slope).toBeCloseTo(1, 12);
    expect(offset).toBeCloseTo(1.5, 12);
  });

  it('solve a system that has a solution, in any order of the unknowns', () => {
    const rows = [
      [1, 2, -1],
      [0, 1e-3, 4],
      [30, -1, 2],
      [2, 2, 2],
    ];
    const solution = [3, -7, 0.5];
    for (const [i, j, k] of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ] as const) {
      const order = (row: readonly number[]) => [row[i]!, row[j]!, row[k]!];
      const right = rows.map((row) => row.reduce((sum, value, d) => sum + value * solution[d]!, 0));
      const found = leastSquares(rows.map(order), right)!;
      order(solution).forEach((value, d) => {
        expect(found[d]).toBeCloseTo(value, 9);
      });
    }
  });

  it('have no answer where one unknown can stand for another', () => {
    const rows = [1, 2, 3].map((value) => [value, 2 * value]);
    expect(leastSquares(rows, [1, 2, 3])).toBeNull();
  });
});

describe('the relief', () => {
  const measure = (shape: readonly Vector[], change: Partial<Placement>) => {
    const meter = createReliefMeter(see(shape));
    return meter.measure([meter.view(see(shape, change))!]);
  };

  it('of a head shows when it turns or nods, as deep as the angle asks for', () => {
    const turned = measure(HEAD, { yawDegrees: 28 });
    expect(isHead(turned, true)).toBe(true);
    expect(turned.depth).toBeGreaterThan(0.7);
    expect(turned.depth).toBeLessThan(1.4);
    expect(Math.abs(turned.turnDegrees - 28)).toBeLessThan(8);
    expect(isHead(measure(HEAD, { pitchDegrees: 22 }), false)).toBe(true);
  });

  it('of a flat sheet is none, however it is moved', () => {
    for (const change of [
      { yawDegrees: 40 },
      { pitchDegrees: 35, x: 4 },
      { yawDegrees: -30, pitchDegrees: 20, distance: 35 },
    ]) {
      const relief = measure(sheet(0, 0), change);
      expect(relief.parallax).toBeLessThan(1e-9);
      expect(isSheet(relief)).toBe(true);
    }
  });

  it('of a sheet shows by how far it turned', () => {
    // From far away, where hardly any perspective adds to the foreshortening.
    for (const yawDegrees of [10, 25, 40, -60]) {
      const { turnDegrees } = measure(sheet(0, 0), { yawDegrees, distance: 2000 });
      expect(Math.abs(turnDegrees - Math.abs(yawDegrees))).toBeLessThan(1);
    }
  });

  it('does not depend on the roll, place and size of the face in the image', () => {
    const meter = createReliefMeter(see(HEAD));
    const turned = see(HEAD, { yawDegrees: 25, pitchDegrees: 10 });
    const plain = meter.measure([meter.view(turned)!]);
    const [a, b] = [0.6 * 1.7, 0.8 * 1.7];
    const moved = turned.map(({ x, y }) => ({ x: a * x - b * y + 40, y: b * x + a * y - 90 }));
    const same = meter.measure([meter.view(moved)!]);
    for (const key of ['parallax', 'unbent', 'depth', 'turnDegrees'] as const) {
      expect(same[key] / plain[key], key).toBeCloseTo(1, 6);
    }
  });

  it('is explained by a bent sheet better than by a head where it is one, and the other way round', () => {
    for (const axisDegrees of [0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165]) {
      const { unbent } = measure(sheet(1 / 8, axisDegrees), { yawDegrees: 35 });
      expect(unbent, `${axisDegrees} degrees`).toBeLessThan(-2);
    }
    expect(measure(HEAD, { yawDegrees: 35 }).unbent).toBeGreaterThan(0.5);
  });

  it('of a bent sheet is not that of a head, whatever direction it is bent in', () => {
    for (const radius of [6, 9, 15, -9]) {
      for (const axisDegrees of [0, 30, 60, 90, 120, 150]) {
        const relief = measure(sheet(1 / radius, axisDegrees), { yawDegrees: 35 });
        expect(isHead(relief, true), `radius ${radius}, ${axisDegrees} degrees`).toBe(false);
      }
    }
  });
});

describe('what the relief says', () => {
  it('of a head: enough parallax, depth and bumps at a turn that tells, and less of it for a nod', () => {
    const turned: Relief = { parallax: 0.03, unbent: 1, depth: 1, turnDegrees: 30 };
    const nodded: Relief = { parallax: 0.012, unbent: 0.3, depth: 0.4, turnDegrees: 15 };
    expect(isHead(turned, true)).toBe(true);
    expect(isHead(nodded, false)).toBe(true);
    expect(isHead(nodded, true)).toBe(false);
    for (const [change, isOne] of [
      [{ turnDegrees: 20 }, true],
      [{ turnDegrees: 19.9 }, false],
      // More than a face can have.
      [{ parallax: 0.09 }, true],
      [{ parallax: 0.0901 }, false],
      [{ parallax: 0.025 }, true],
      [{ parallax: 0.0249 }, false],
      [{ unbent: 0.15 }, true],
      [{ unbent: 0.14 }, false],
      [{ depth: 0.57 }, true],
      [{ depth: 0.56 }, false],
      // Each is enough, but not both together.
      [{ unbent: 0.25, depth: 0.66 }, true],
      [{ unbent: 0.25, depth: 0.64 }, false],
    ] as const) {
      expect(isHead({ ...turned, ...change }, true), JSON.stringify(change)).toBe(isOne);
    }
    for (const [change, isOne] of [
      [{ parallax: 0.2 }, true],
      [{ parallax: 0.0109 }, false],
      [{ unbent: 0.09, depth: 2 }, false],
      [{ unbent: 2, depth: 0.29 }, false],
      [{ unbent: 0.15, depth: 0.34 }, false],
    ] as const) {
      expect(isHead({ ...nodded, ...change }, false), JSON.stringify(change)).toBe(isOne);
    }
  });

  it('of a sheet: that it turned, and shows hardly any', () => {
    const flat: Relief = { parallax: 0.009, unbent: 0, depth: 0.29, turnDegrees: 25 };
    expect(isSheet(flat)).toBe(true);
    for (const change of [{ turnDegrees: 24.9 }, { parallax: 0.01 }, { depth: 0.3 }]) {
      expect(isSheet({ ...flat, ...change }), JSON.stringify(change)).toBe(false);
    }
    // Too deep to be certainly flat, and not deep enough for a head.
    const bent: Relief = { parallax: 0.015, unbent: 0.2, depth: 0.4, turnDegrees: 25 };
    expect([isSheet(bent), isTurnedSheet(bent, true), isTurnedSheet(bent, false)]).toEqual([false, true, false]);
    expect(isTurnedSheet({ ...bent, turnDegrees: 24.9 }, true)).toBe(false);
  });
});

describe('a face in a frame', () => {
  const face = stateOf(see(HEAD));

  it('has the place and size of its outer eye corners, and the mean log-odds that the eyes are open', () => {
    const points = landmarks({ scale: 10, x: 150, y: 130 });
    points[36] = { x: 0, y: 0 };
    points[45] = { x: 12, y: 3 };
    const state = stateOf(points, { left: 0.5, right: 0.8 });
    expect(state.openness).toBeCloseTo(Math.log(4) / 2, 12);
    expect(stateOf(points, { left: 0, right: 1 }).openness).toBeCloseTo(0, 3);
    expect(stateOf(points).openness).toBeNull();
    expect(state.center).toEqual({ x: 6, y: 1.5 });
    expect(state.size).toBeCloseTo(Math.hypot(12, 3), 12);
  });

  it('is averaged over frames by its points', () => {
    const points = see(HEAD, { yawDegrees: 5, y: 3 });
    const around = [-4, 1, 3].map((x) => ({
      ...stateOf(drawn(points, { x, y: 2 * x })),
      openness: 6 + x,
    }));
    const mean = meanState(around);
    mean.landmarks.forEach(({ x, y }, i) => {
      expect(x).toBeCloseTo(points[i]!.x, 9);
      expect(y).toBeCloseTo(points[i]!.y, 9);
    });
    expect(mean.size).toBeCloseTo(stateOf(points).size, 9);
    expect(mean.openness).toBeCloseTo(6, 9);
    expect(meanState([around[0]!, stateOf(points)]).openness).toBeNull();
  });

  it('has done a gesture as far as it moved from the reference', () => {
    const at = { ...face, yawDegrees: 3, pitchDegrees: -2, size: 100, openness: 8 };
    expect(progressOf('turn-left', { ...at, yawDegrees: 23 }, at)).toBeCloseTo(1, 12);
    expect(progressOf('turn-right', { ...at, yawDegrees: 23 }, at)).toBeCloseTo(-1, 12);
    expect(progressOf('turn-right', { ...at, yawDegrees: -7 }, at)).toBeCloseTo(0.5, 12);
    expect(progressOf('look-up', { ...at, pitchDegrees: 10 }, at)).toBeCloseTo(1, 12);
    expect(progressOf('come-closer', { ...at, size: 130 }, at)).toBeCloseTo(1, 12);
    // The same factor twice is twice as far, and back is negative.
    expect(progressOf('come-closer', { ...at, size: 169 }, at)).toBeCloseTo(2, 12);
    expect(progressOf('come-closer', { ...at, size: 100 / 1.3 }, at)).toBeCloseTo(-1, 12);
    expect(progressOf('blink', { ...at, openness: 3 }, at)).toBeCloseTo(1, 12);
    expect(progressOf('blink', { ...at, openness: 8 }, at)).toBe(0);
    // A turned head, or eyes that were not measured, show nothing.
    expect(progressOf('blink', { ...at, openness: 3, pitchDegrees: 9.9 }, at)).toBeCloseTo(1, 12);
    expect(progressOf('blink', { ...at, openness: 3, pitchDegrees: 10.1 }, at)).toBe(0);
    expect(progressOf('blink', { ...at, openness: null }, at)).toBe(0);
    expect(progressOf('blink', at, { ...at, openness: null })).toBe(0);
    expect(angleTo({ ...at, yawDegrees: 6, pitchDegrees: 2 }, at)).toBeCloseTo(5, 12);
  });

  it('cannot jump: the more time, the further it may have moved, grown or turned', () => {
    const { center, size, yawDegrees, pitchDegrees } = face;
    const moved = (x: number, y: number) => ({ ...face, center: { x: center.x + x * size, y: center.y + y * size } });
    const grown = (logarithm: number) => ({ ...face, size: size * Math.exp(logarithm) });
    const turned = (yaw: number, pitch: number) => ({
      ...face,
      yawDegrees: yawDegrees + yaw,
      pitchDegrees: pitchDegrees + pitch,
    });
    for (const [now, elapsedMs, expected] of [
      [face, 0, true],
      // 0.6 eye distances and 5 a second.
      [moved(1.09, 0), 100, true],
      [moved(1.11, 0), 100, false],
      [moved(0, -1.11), 100, false],
      [moved(0.9, 0.9), 100, false],
      [moved(5.5, 0), 1000, true],
      [moved(5.7, 0), 1000, false],
      // A factor of e^0.2, and e^1.2 a second.
      [grown(0.31), 100, true],
      [grown(0.33), 100, false],
      [grown(-0.31), 100, true],
      [grown(-0.33), 100, false],
      [grown(1.39), 1000, true],
      [grown(1.41), 1000, false],
      // 20 degrees, and 250 a second.
      [turned(44, 0), 100, true],
      [turned(46, 0), 100, false],
      [turned(-33, 33), 100, false],
      [turned(0, 260), 1000, true],
    ] as const) {
      expect(isContinuous(face, now, elapsedMs)).toBe(expected);
    }
  });
});

describe('the choice of gestures', () => {
  it('puts a turn in the place of another gesture, where none was drawn', () => {
    const drawn = [0.6, 0.1, 0.9, 0];
    expect(drawGestures(['look-up', 'turn-left'], 2, () => drawn.shift()!)).toEqual(['turn-left', 'look-up']);
    expect(drawGestures(['look-up', 'turn-left', 'turn-right'], 2, () => 0)).toEqual(['turn-left', 'look-up']);
    const draws = [0, 0.2, 0.1, 0.9, 0.99];
    const random = () => draws.shift()!;
    expect(drawGestures(['look-up', 'blink', 'turn-left', 'turn-right'], 3, random)).toEqual([
      'look-up',
      'look-up',
      'turn-right',
    ]);
  });

  it('gives each gesture a wait of its own, up to two seconds', () => {
    const random = createRandom(4);
    const waits = Array.from({ length: 100 }, () => drawSteps(['turn-left'], 3, random).map(({ waitMs }) => waitMs));
    expect(new Set(waits.flat()).size).toBe(300);
    expect(Math.min(...waits.flat())).toBeLessThan(50);
    expect(Math.max(...waits.flat())).toBeGreaterThan(1_950);
    expect(Math.max(...waits.flat())).toBeLessThan(2_000);
  });

  it('has a turn in every sequence, and all that is allowed in some', () => {
    const allowed = ['turn-right', 'look-up', 'come-closer', 'blink'] as const;
    const random = createRandom(3);
    const drawn = Array.from({ length: 200 }, () => drawGestures(allowed, 3, random));
    for (const sequence of drawn) {
      expect(sequence).toHaveLength(3);
      expect(sequence).toContain('turn-right');
    }
    expect(new Set(drawn.flat())).toEqual(new Set(allowed));
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(15);
  });
});

/** Gestures that are asked for after a wait. */
const atOnce = (gestures: readonly LivenessGesture[], waitMs = 0) => gestures.map((gesture) => ({ gesture, waitMs }));

const verdict = (
  outcome: 'bona-fide' | 'attack',
  bonaFideScore = outcome === 'bona-fide' ? 0.9 : 0.1,
): SpoofVerdict => ({
  outcome,
  bonaFideScore,
  threshold: 0.5,
  modelId: 'passive',
});

/** A challenge and a face before it, 10 frames a second. */
function begin(
  gestures: readonly LivenessGesture[],
  options: { readonly spoof?: boolean; readonly waitMs?: number; readonly random?: () => number } = {},
) {
  const { spoof = false, waitMs = 0, random = () => 0.99 } = options;
  const challenge: Challenge = createChallenge({ steps: atOnce(gestures, waitMs), timeLimitMs: 5_000, spoof, random });
  let timeMs = 0;
  const answers: { -readonly [Key in keyof ChallengeChecks]: ChallengeChecks[Key] } = {
    similarity: 0.9,
    spoof: spoof ? verdict('bona-fide') : null,
  };
  const show = (faces: readonly (readonly Point[])[], afterMs = 100, open = 1): ChallengeStep => {
    timeMs += afterMs;
    const step = challenge.step({ timeMs, ...FRAME, faces, eyes: { left: open, right: open } });
    if (step.look) challenge.report({ ...answers, ...(step.look === 'reference' ? { similarity: null } : {}) });
    return step;
  };
  /** Goes there in steps and stays until what is asked for changes, or it ended. */
  const move = (from: Partial<Placement>, to: Partial<Placement>, shape: readonly Vector[] = HEAD): ChallengeStep => {
    const keys = ['yawDegrees', 'pitchDegrees', 'x', 'distance'] as const;
    const asked = show([see(shape, from)]).prompt;
    for (let i = 1; i < 60; i++) {
      const t = Math.min(1, i / 6);
      const between = keys.map((k) => {
        const [a, b] = [from[k] ?? FRONTAL[k], to[k] ?? FRONTAL[k]];
        return [k, a + (b - a) * t] as const;
      });
      const step = show([see(shape, Object.fromEntries(between))]);
      if (step.ended || step.prompt.gesture !== asked.gesture) return step;
    }
    throw new Error('Nothing came of it.');
  };
  return { challenge, show, move, answers };
}

describe('the challenge', () => {
  /** A challenge whose reference is taken. */
  const started = (gestures: readonly LivenessGesture[], options: Parameters<typeof begin>[1] = {}) => {
    const begun = begin(gestures, options);
    begun.move({}, {});
    return begun;
  };
  const LEFT = { yawDegrees: 30 };
  const STEPS: readonly [LivenessGesture, Partial<Placement>][] = [
    ['turn-left', LEFT],
    ['turn-right', { yawDegrees: -30 }],
    ['look-up', { pitchDegrees: 25 }],
    ['come-closer', { distance: 33 }],
  ];

  it('is passed by a head that does what is asked, whatever the order', () => {
    for (const order of [STEPS, STEPS.toReversed()]) {
      const { move } = begin(order.map(([gesture]) => gesture));
      let step = move({}, {});
      for (const [i, [gesture, to]] of order.entries()) {
        expect(step.prompt).toMatchObject({ gesture, done: i, total: 4 });
        step = move({}, to);
        expect(step.prompt).toMatchObject({ gesture: 'look-straight', done: i + 1 });
        step = move(to, {});
      }
      expect(step.ended).toEqual({ outcome: 'passed' });
    }
  });

  it('fails a flat and a bent sheet that turns', () => {
    for (const shape of [sheet(0, 0), sheet(1 / 8, 0)]) {
      const { move } = begin(['turn-left']);
      move({}, {}, shape);
      const { ended } = move({}, { yawDegrees: 45 }, shape);
      expect(ended?.outcome === 'failed' && ended.reasons[0]).toBe('flat-target');
    }
  });

  it('fails a flat sheet as soon as it turned, before a gesture is done', () => {
    const flat = sheet(0, 0);
    const { move } = begin(['turn-left']);
    move({}, {}, flat);
    expect(move({}, { yawDegrees: 35 }, flat).ended).toMatchObject({ outcome: 'failed', reasons: ['flat-target'] });
  });

  it('wants the person to look straight, near enough, alone and still before it begins', () => {
    const { show } = begin(['turn-left']);
    expect(show([]).prompt.hint).toBe('no-face');
    expect(show([see(HEAD, { distance: 150 })]).prompt.hint).toBe('move-closer');
    expect(show([see(HEAD, { distance: 25 })]).prompt.hint).toBe('move-back');
    expect(show([see(HEAD, { yawDegrees: 35 })]).prompt.hint).toBe('look-straight');
    expect(show([see(HEAD), see(HEAD, { x: 12 })]).prompt.hint).toBe('many-faces');
    expect(show([see(HEAD, { x: 3 })]).prompt).toMatchObject({ hint: 'hold-still', caption: 'Hold still' });
  });

  it('fails another gesture than was asked for, and one that came before it was', () => {
    const wrong = begin(['turn-left']);
    wrong.move({}, {});
    const { ended } = wrong.move({}, { yawDegrees: -30 });
    expect(ended).toMatchObject({
      outcome: 'failed',
      reasons: ['wrong-order'],
      advice: ['wait-for-prompt', 'move-slower'],
    });
    const early = begin(['turn-left']);
    early.move({}, {});
    expect(early.show([see(HEAD, LEFT)], 150).ended).toBeNull();
    expect(early.move(LEFT, LEFT).ended).toMatchObject({ outcome: 'failed', reasons: ['wrong-order'] });
  });

  it('counts a wrong gesture only of a person who stays for another second', () => {
    const turned = see(HEAD, { yawDegrees: -30 });
    const stays = started(['turn-left']);
    stays.show([turned], 400);
    expect(stays.show([turned], 999).ended).toBeNull();
    expect(stays.show([turned], 1).ended).toMatchObject({ outcome: 'failed', reasons: ['wrong-order'] });
    const leaves = started(['turn-left']);
    leaves.show([turned], 400);
    leaves.show([], 900);
    expect(leaves.show([], 1_000).ended).toMatchObject({ outcome: 'interrupted', reason: 'face-gone' });
  });

  it('asks for a gesture after its wait, and takes a movement before it for a wrong one', () => {
    const { show, move } = begin(['turn-left', 'look-up'], { waitMs: 1_000 });
    for (let i = 0; i < 5; i++) show([see(HEAD)]);
    const asked = Array.from({ length: 10 }, () => show([see(HEAD)]).prompt);
    expect(asked.map(({ gesture }) => gesture)).toEqual([
      ...Array.from({ length: 9 }, () => 'look-straight'),
      'turn-left',
    ]);
    expect(asked[0]).toMatchObject({ done: 0, progress: 1, remainingMs: 5_000 });
    move({}, LEFT);
    for (let i = 0; i < 8; i++) show([see(HEAD, { yawDegrees: Math.max(0, 25 - 5 * i) })]);
    // Within the second wait.
    expect(show([see(HEAD, { pitchDegrees: 20 })], 300).prompt).toMatchObject({ gesture: 'look-straight', done: 1 });
    expect(show([see(HEAD, { pitchDegrees: 20 })], 1_000).ended).toMatchObject({ reasons: ['wrong-order'] });
    // Whoever is not straight when the wait is over is not asked yet.
    const turned = begin(['turn-left'], { waitMs: 500 });
    for (let i = 0; i < 5; i++) turned.show([see(HEAD)]);
    for (let i = 0; i < 7; i++) {
      expect(turned.show([see(HEAD, { yawDegrees: 14 })]).prompt.gesture).toBe('look-straight');
    }
    expect(turned.show([see(HEAD)]).prompt.gesture).toBe('turn-left');
  });

  it('fails when nothing happens in time', () => {
    const { move } = begin(['turn-left']);
    move({}, {});
    expect(move({}, {}).ended).toMatchObject({ outcome: 'failed', reasons: ['timeout'] });
  });

  it('is interrupted when the face is gone, far away or suddenly elsewhere, and when no frames come', () => {
    const left = { outcome: 'interrupted', reason: 'face-gone', advice: ['stay-in-picture', 'move-slower'] };
    const gone = started(['turn-left']);
    expect(gone.show([]).prompt.hint).toBe('no-face');
    expect(gone.show([], 1_000).ended).toEqual(left);
    const far = started(['turn-left']);
    expect(far.show([see(HEAD, { distance: 70 })], 600).prompt.hint).toBeNull();
    expect(far.show([see(HEAD, { distance: 105 })], 600)).toMatchObject({ prompt: { hint: 'no-face' }, ended: null });
    expect(far.show([see(HEAD, { distance: 105 })], 1_000).ended).toEqual(left);
    // A head that turns far is narrow, and as high as before.
    const turned = started(['turn-left']);
    for (let yawDegrees = 10; yawDegrees < 70; yawDegrees += 10) {
      expect(turned.show([see(HEAD, { yawDegrees })], 300).prompt.hint).not.toBe('no-face');
    }
    for (const change of [{ x: 14 }, { distance: 30 }]) {
      expect(started(['turn-left']).show([see(HEAD, change)]).ended).toEqual(left);
    }
    const paused = started(['turn-left']);
    expect(paused.show([see(HEAD)], 900).ended).toBeNull();
    expect(paused.show([see(HEAD)], 1_100).ended).toEqual({ outcome: 'interrupted', reason: 'no-frames', advice: [] });
  });

  it('is interrupted when nobody is ready in time, and tells what was missing', () => {
    for (const [faces, hint] of [
      [[], 'no-face'],
      [[see(HEAD, { distance: 150 })], 'move-closer'],
    ] as const) {
      const { show } = begin(['turn-left']);
      show(faces);
      expect(show(faces, 5_000).ended).toEqual({ outcome: 'interrupted', reason: 'not-ready', advice: [hint] });
    }
  });

  it('is interrupted when somebody else comes, but not for faces far behind', () => {
    const { move, show } = begin(['turn-left']);
    move({}, {});
    for (let i = 0; i < 5; i++) expect(show([see(HEAD), see(HEAD, { x: 60, distance: 200 })]).ended).toBeNull();
    show([see(HEAD), see(HEAD, { x: 15 })]);
    show([see(HEAD), see(HEAD, { x: 15 })]);
    expect(show([see(HEAD), see(HEAD, { x: 15 })]).ended).toEqual({
      outcome: 'interrupted',
      reason: 'many-faces',
      advice: ['many-faces'],
    });
  });

  it('fails when the person is another one, and waits while it cannot compare', () => {
    const other = begin(['turn-left']);
    other.move({}, {});
    other.move({}, LEFT);
    other.answers.similarity = 0.2;
    expect(other.move(LEFT, {}).ended).toMatchObject({ outcome: 'failed', reasons: ['identity-changed'] });
    const blind = begin(['turn-left']);
    blind.move({}, {});
    blind.move({}, LEFT);
    blind.answers.similarity = null;
    expect(blind.move(LEFT, {}).ended).toMatchObject({ outcome: 'failed', reasons: ['timeout'] });
  });

  it('follows the passive check over all frames that it judged', () => {
    for (const [outcome, ended] of [
      ['bona-fide', { outcome: 'passed' }],
      ['attack', { outcome: 'failed', reasons: ['attack'] }],
    ] as const) {
      const { move, answers } = begin(['turn-left'], { spoof: true });
      answers.spoof = verdict(outcome);
      move({}, {});
      move({}, LEFT);
      expect(move(LEFT, {}).ended).toMatchObject(ended);
    }
  });

  const FOUR_THEN_REFERENCE = [null, null, null, null, 'reference'];

  it('takes the reference of five still frames in a row', () => {
    const other = [see(HEAD), see(HEAD, { x: 12 })];
    for (const [between, afterMs] of [
      [null, 0],
      [other, 100],
      [[], 100],
      [[see(HEAD, { x: 14 })], 100],
    ] as const) {
      const { show } = begin(['turn-left']);
      const five = (firstMs = 100) =>
        Array.from({ length: 5 }, (_, i) => show([see(HEAD)], i === 0 ? firstMs : 100).look);
      if (between) {
        for (let i = 0; i < 4; i++) show([see(HEAD)]);
        expect(show(between, afterMs)).toMatchObject({ look: null, ended: null });
        // A face that jumps back also moves.
        if (between.length === 1) show([see(HEAD)]);
      }
      expect(five()).toEqual(FOUR_THEN_REFERENCE);
    }
    const paused = begin(['turn-left']);
    for (let i = 0; i < 4; i++) paused.show([see(HEAD)]);
    const after = Array.from({ length: 5 }, (_, i) => paused.show([see(HEAD)], i === 0 ? 1_100 : 100));
    expect(after.map(({ look }) => look)).toEqual(FOUR_THEN_REFERENCE);
  });

  it('asks for a face of the right size that looks straight, within limits', () => {
    const hintOf = (points: readonly Point[], frame = FRAME) => {
      const steps = atOnce(['turn-left']);
      const challenge = createChallenge({ steps, timeLimitMs: 5_000, spoof: false, random: () => 1 });
      return challenge.step({ timeMs: 0, ...frame, faces: [points] }).prompt.hint;
    };
    // Outer eye distance as a fraction of the shorter side.
    const sized = (fraction: number) => drawn(see(HEAD), { scale: (480 * fraction) / stateOf(see(HEAD)).size });
    expect([0.099, 0.101, 0.319, 0.321].map((fraction) => hintOf(sized(fraction)))).toEqual([
      'move-closer',
      null,
      null,
      'move-back',
    ]);
    expect(hintOf(sized(0.3), { width: 480, height: 640 })).toBeNull();
    expect(hintOf(sized(0.3), { width: 440, height: 640 })).toBe('move-back');
    // The mean face seems to nod by 4 degrees.
    const at = (view: View) => landmarks({ pitch: -4, ...view });
    for (const [inside, outside] of [
      [{ yaw: 13.5 }, { yaw: 14.5 }],
      [{ yaw: -13.5 }, { yaw: -14.5 }],
      [{ pitch: 20.5 }, { pitch: 21.5 }],
      [{ pitch: -28.5 }, { pitch: -29.5 }],
    ]) {
      expect(hintOf(at(inside!))).toBeNull();
      expect(hintOf(at(outside!))).toBe('look-straight');
    }
  });

  it('finds a face still that hardly moves or turns from one frame to the next', () => {
    const at = (view: View) => landmarks({ pitch: -5, x: 150, y: 150, scale: 10, ...view });
    const { size } = stateOf(at({}));
    for (const [view, hint] of [
      [{ x: 150 + 0.119 * size }, null],
      [{ x: 150 - 0.121 * size }, 'hold-still'],
      [{ y: 150 + 0.119 * size }, null],
      [{ y: 150 + 0.121 * size }, 'hold-still'],
      [{ x: 150 + 0.09 * size, y: 150 - 0.09 * size }, 'hold-still'],
      [{ yaw: 3.9 }, null],
      [{ yaw: -4.1 }, 'hold-still'],
      [{ pitch: -9.1 }, 'hold-still'],
    ] as const) {
      const { show } = begin(['turn-left']);
      show([at({})]);
      expect(show([at(view)]).prompt.hint).toBe(hint);
    }
  });

  it('shows how much time is left, for each of its phases', () => {
    const { show, move } = begin(['turn-left']);
    expect(begin(['turn-left', 'look-up']).show([]).prompt).toMatchObject({
      gesture: 'look-straight',
      done: 0,
      total: 2,
      progress: 0,
    });
    expect([100, 100, 250].map((afterMs) => show([], afterMs).prompt.remainingMs)).toEqual([5_000, 4_900, 4_650]);
    expect(move({}, {}).prompt).toMatchObject({ remainingMs: 5_000, done: 0, total: 1, gesture: 'turn-left' });
    expect(show([see(HEAD)], 999).prompt.remainingMs).toBe(4_001);
    for (let i = 0; i < 4; i++) expect(show([see(HEAD)], 999).ended).toBeNull();
    expect(show([see(HEAD)], 4).ended).toBeNull();
    expect(show([see(HEAD)], 1)).toMatchObject({
      prompt: { remainingMs: 0 },
      ended: { outcome: 'failed', reasons: ['timeout'], advice: ['move-further', 'look-straight'] },
    });
  });

  it('shows how far a gesture is, and that it goes the other way', () => {
    const reference = stateOf(see(HEAD));
    for (const direction of [1, -1]) {
      const { show } = started(['turn-left']);
      const hints = new Set<string | null>();
      for (let yaw = 0; yaw < 30; yaw++) {
        const points = see(HEAD, { yawDegrees: direction * yaw });
        const done = progressOf('turn-left', stateOf(points), reference);
        if (Math.abs(done) >= 1) break;
        const { prompt } = show([points]);
        expect(prompt.progress).toBeCloseTo(Math.max(0, done), 6);
        expect(prompt.hint).toBe(done < -0.5 ? 'other-way' : null);
        hints.add(prompt.hint);
      }
      expect(hints.size).toBe(direction === 1 ? 1 : 2);
    }
    const { show } = started(['turn-left']);
    const { prompt } = show([see(HEAD), see(HEAD, { x: 15 })]);
    expect(prompt.hint).toBe('many-faces');
    expect(prompt.progress).toBeCloseTo(0, 9);
  });

  it('wants a gesture to be held for three frames in a row', () => {
    const { show } = started(['turn-left']);
    const asked = [7, 14, 20, 20, 30, 30, 20, 30, 30, 30].map(
      (yawDegrees) => show([see(HEAD, { yawDegrees })]).prompt.gesture,
    );
    expect(asked).toEqual([...Array.from({ length: 9 }, () => 'turn-left'), 'look-straight']);
  });

  it('takes no gesture for an answer that comes within 350 ms of the request', () => {
    const endOf = (gesture: LivenessGesture, change: Partial<Placement>, afterMs: number) => {
      const { show } = started([gesture]);
      show([see(HEAD, change)], afterMs);
      return show([see(HEAD, change)], 1_000).ended;
    };
    const wrong = { outcome: 'failed', reasons: ['wrong-order'] };
    expect(endOf('turn-left', LEFT, 349)).toMatchObject(wrong);
    expect(endOf('turn-left', LEFT, 350)).toBeNull();
    // Nor for one that was not asked for, however little of it was done.
    expect(endOf('turn-left', { pitchDegrees: 25 }, 500)).toMatchObject(wrong);
    expect(endOf('come-closer', LEFT, 500)).toMatchObject(wrong);
    // Who turns and looks up at once did turn.
    expect(endOf('turn-left', { yawDegrees: 30, pitchDegrees: 22 }, 500)).toBeNull();
  });

  it('is patient for ten frames with a turn that does not look like that of a head', () => {
    const bent = sheet(1 / 6, 0);
    const { show, move } = begin(['turn-left']);
    move({}, {}, bent);
    const reference = stateOf(see(bent));
    let held = 0;
    let last: ChallengeStep | null = null;
    for (let i = 1; !last?.ended; i++) {
      const points = see(bent, { yawDegrees: Math.min(50, 8 * i) });
      if (progressOf('turn-left', stateOf(points), reference) >= 1) held++;
      last = show([points]);
    }
    expect(last.ended).toMatchObject({ outcome: 'failed', reasons: ['flat-target'] });
    // The tenth of those that end three or more held frames.
    expect(held).toBe(12);
  });

  it('says after the time that what turned was flat, unless it hardly turned', () => {
    const bent = sheet(1 / 8, 0);
    for (const [yawDegrees, reasons] of [
      [38, ['flat-target', 'timeout']],
      [12, ['timeout']],
    ] as const) {
      const { move } = begin(['turn-left']);
      move({}, {}, bent);
      expect(move({}, { yawDegrees }, bent).ended).toMatchObject({ outcome: 'failed', reasons });
    }
  });

  it('does not ask a blink or an approach for relief', () => {
    const flat = sheet(0, 0);
    const { show, move } = begin(['blink', 'come-closer']);
    move({}, {}, flat);
    for (let i = 0; i < 4; i++) expect(show([see(flat)]).prompt.progress).toBe(0);
    const asked = Array.from({ length: 3 }, () => show([see(flat)], 100, 0).prompt.gesture);
    expect(asked).toEqual(['blink', 'blink', 'look-straight']);
    expect(move({}, {}, flat).prompt.gesture).toBe('come-closer');
    expect(move({}, { distance: 33 }, flat).prompt.gesture).toBe('look-straight');
  });

  it('takes eyes that close for a moment, or sooner than anybody could react, neither for a blink nor for a fault', () => {
    const { show, move } = begin(['blink']);
    move({}, {});
    const look = (open: number) => show([see(HEAD)], 100, open);
    // Early until 350 ms after the prompt; then less than three frames.
    for (const open of [0, 0, 0, 0, 1, 0, 0, 1]) {
      expect(look(open)).toMatchObject({ prompt: { gesture: 'blink' }, ended: null });
    }
    for (const open of [0, 0]) expect(look(open).prompt.gesture).toBe('blink');
    expect(look(0).prompt.gesture).toBe('look-straight');
  });

  it('ignores a second face that is less than 0.4 times as large, or gone within three frames', () => {
    const beside = (scale: number) => [see(HEAD), drawn(see(HEAD), { scale, x: 200 })];
    const behind = started(['turn-left']);
    for (let i = 0; i < 5; i++)
      expect(behind.show(beside(0.39))).toMatchObject({ prompt: { hint: null }, ended: null });
    const { show } = started(['turn-left']);
    for (const scale of [0.41, 0.41, 0.39, 0.41, 0.41]) expect(show(beside(scale)).ended).toBeNull();
    expect(show(beside(0.41)).ended).toMatchObject({ reason: 'many-faces' });
  });

  it('loses a face after a second, and begins to count again when it is back', () => {
    const { show } = started(['turn-left']);
    show([], 100);
    expect(show([], 800).ended).toBeNull();
    expect(show([see(HEAD)], 50).ended).toBeNull();
    show([], 100);
    expect(show([], 800).ended).toBeNull();
    expect(show([], 199).ended).toBeNull();
    expect(show([], 1).ended).toMatchObject({ reason: 'face-gone' });
    // Whoever comes back that much larger is somebody else.
    const swapped = started(['turn-left']);
    swapped.show([], 300);
    expect(swapped.show([see(HEAD, { distance: 15 })], 300).ended).toMatchObject({ reason: 'face-gone' });
    // Before there is a reference, there is nobody to lose.
    const waiting = begin(['turn-left']);
    waiting.show([see(HEAD)]);
    for (let i = 0; i < 4; i++) expect(waiting.show([], 900).ended).toBeNull();
    // Points that no camera could see.
    const odd = started(['turn-left']);
    const line = see(HEAD).map(({ x }) => ({ x, y: 240 }));
    expect(odd.show([line]).ended).toMatchObject({ reason: 'face-gone' });
  });

  it('wants a straight and still look of three frames after a gesture, checks the last and ends with the next', () => {
    const { show, move } = started(['turn-left']);
    move({}, LEFT);
    const steps = Array.from({ length: 5 }, () => show([see(HEAD)]));
    expect(steps.map(({ look }) => look)).toEqual([null, null, null, 'check', null]);
    [0, 1 / 3, 2 / 3, 1, 1].forEach((progress, i) => {
      expect(steps[i]!.prompt.progress).toBeCloseTo(progress, 12);
      expect(steps[i]!.prompt.hint).toBe('look-straight');
    });
    expect(steps.map(({ ended }) => ended?.outcome)).toEqual([...Array.from({ length: 4 }, () => undefined), 'passed']);
  });

  it('takes a look for straight within 8 degrees of the reference, and at about its distance', () => {
    const reference = stateOf(see(HEAD));
    for (const [key, from, to] of [
      ['yawDegrees', 0, 15],
      ['pitchDegrees', 0, -15],
      ['distance', 50, 40],
      ['distance', 50, 60],
    ] as const) {
      const { show, move, answers } = started(['turn-left']);
      move({}, LEFT);
      // Without a comparison, it does not end.
      answers.similarity = null;
      for (let i = 0; i < 3; i++) show([see(HEAD)]);
      const seen = new Set<boolean>();
      for (let i = 0; i <= 20; i++) {
        const points = see(HEAD, { [key]: from + ((to - from) * i) / 20 });
        const now = stateOf(points);
        const straight =
          angleTo(now, reference) <= 8 && Math.abs(Math.log(now.size / reference.size)) < 0.5 * Math.log(1.3);
        expect(show([points]).prompt.progress > 0, `${key} ${i}`).toBe(straight);
        seen.add(straight);
      }
      expect(seen.size).toBe(2);
    }
  });

  it('takes no look for straight while somebody else is there, but says so', () => {
    const { show, move } = started(['turn-left']);
    move({}, LEFT);
    expect(show([see(HEAD), see(HEAD, { x: 15 })]).prompt).toMatchObject({
      hint: 'many-faces',
      caption: 'Only one person, please',
      gesture: 'look-straight',
    });
  });

  it('fails after two comparisons in a row that show somebody else', () => {
    const report = (challenge: Challenge, ...similarities: readonly (number | null)[]) => {
      for (const similarity of similarities) challenge.report({ similarity, spoof: null });
    };
    const { challenge, show } = started(['turn-left']);
    report(challenge, 0.39, 0.4, 0.39, null);
    expect(show([see(HEAD)]).ended).toBeNull();
    report(challenge, 0.39);
    expect(show([see(HEAD)]).ended).toMatchObject({ outcome: 'failed', reasons: ['identity-changed'] });
  });

  it('says which frame is the best: the most frontal one of the same person', () => {
    const steps = atOnce(['turn-left']);
    const challenge = createChallenge({ steps, timeLimitMs: 9_000, spoof: false, random: () => 0 });
    expect(challenge.report({ similarity: 0.9, spoof: null })).toBe(false);
    let timeMs = 0;
    const show = (yaw: number) => {
      timeMs += 100;
      return challenge.step({ timeMs, ...FRAME, faces: [landmarks({ pitch: -5, yaw, scale: 10 })] });
    };
    for (let i = 0; i < 4; i++) show(6);
    expect(show(6).look).toBe('reference');
    expect(challenge.report({ similarity: null, spoof: null })).toBe(true);
    expect(show(8).look).toBe('check');
    // Less frontal, then not compared, somebody else, and at last better.
    expect(challenge.report({ similarity: null, spoof: null })).toBe(false);
    show(4);
    expect(challenge.report({ similarity: 0.3, spoof: null })).toBe(false);
    show(4);
    expect(challenge.report({ similarity: 0.9, spoof: null })).toBe(true);
    expect(challenge.report({ similarity: 0.9, spoof: null })).toBe(false);
  });

  it('compares frames at random, until one in each phase could be compared', () => {
    const lookAt = (random: number, yawDegrees: number) => {
      const { show } = started(['turn-left'], { random: () => random });
      return show([see(HEAD, { yawDegrees })]).look;
    };
    // A quarter of the frames, and no face that is turned too far for a comparison.
    expect(lookAt(0.249, 0)).toBe('check');
    expect(lookAt(0.25, 0)).toBeNull();
    const { show, move, answers } = started(['turn-left', 'turn-right'], { random: () => 0 });
    answers.similarity = null;
    expect([0, 0, 14].map((yawDegrees) => show([see(HEAD, { yawDegrees })]).look)).toEqual(['check', 'check', 'check']);
    answers.similarity = 0.9;
    expect([14, 14, 14].map((yawDegrees) => show([see(HEAD, { yawDegrees })]).look)).toEqual(['check', null, null]);
    move({ yawDegrees: 14 }, { yawDegrees: 35 });
    const returning = [35, 25, 15, 8, 0].map((yawDegrees) => {
      const points = see(HEAD, { yawDegrees });
      const { yawDegrees: yaw, pitchDegrees: pitch } = stateOf(points);
      return { isFar: Math.hypot(yaw, pitch) > 20, look: show([points]).look };
    });
    const compared = returning.findIndex(({ isFar }) => !isFar);
    expect(compared).toBeGreaterThan(0);
    returning.forEach(({ look }, i) => {
      expect(look).toBe(i === compared ? 'check' : null);
    });
  });

  it('decides by the mean of three passive verdicts or more, and is interrupted without them', () => {
    /** Of verdicts with these scores, one after the other, then `after` for all others. */
    const outcomeOf = (scores: readonly (number | null)[], after: number | null = null) => {
      const left = [...scores];
      const { challenge, show, move, answers } = begin(['turn-left'], { spoof: true });
      const report = challenge.report.bind(challenge);
      challenge.report = (checks) => {
        const score = left.length > 0 ? left.shift()! : after;
        const spoof: SpoofVerdict =
          score === null
            ? { outcome: 'not-judged', reasons: ['too-dark'], modelId: 'passive' }
            : verdict(score >= 0.5 ? 'bona-fide' : 'attack', score);
        return report({ ...checks, spoof });
      };
      answers.spoof = null;
      move({}, {});
      move({}, LEFT);
      for (let i = 0; i < 100; i++) {
        const { ended, prompt } = show([see(HEAD, { yawDegrees: Math.max(0, 30 - 6 * i) })]);
        if (ended) return { ended, hint: prompt.hint };
      }
      throw new Error('It did not end.');
    };
    // The one farthest from the median is left out.
    expect(outcomeOf([0.9, 0.1, 0.8]).ended.outcome).toBe('passed');
    expect(outcomeOf([0.1, 0.9, 0.2]).ended).toMatchObject({ reasons: ['attack'] });
    expect(outcomeOf([0.9, 0.8, NaN]).ended).toMatchObject({ reasons: ['attack'] });
    // Frames that were not judged count for nothing, and it waits for more.
    expect(outcomeOf([0.9, null, null, 0.9, null, 0.9]).ended.outcome).toBe('passed');
    expect(outcomeOf([0.9, 0.9])).toEqual({
      ended: { outcome: 'interrupted', reason: 'not-judged', advice: ['more-light'] },
      hint: 'more-light',
    });
  });

  it('looks at frames that nobody can foresee', () => {
    const { show, move } = begin(['turn-left'], { random: () => 0 });
    move({}, {});
    expect(show([see(HEAD)]).look).toBe('check');
    expect(show([see(HEAD)]).look).toBeNull();
  });
});

describe('the review of a run', () => {
  const LEFT = { yawDegrees: 30 };
  const RIGHT = { yawDegrees: -30 };
  type Part = readonly [frames: number, asked: number | null, change: Partial<Placement>];

  /** Reviews frames of 10 per second, beginning with the reference. */
  function reviewed(steps: readonly Step[], parts: readonly Part[], shape: readonly Vector[] = HEAD) {
    const reference = stateOf(see(shape));
    const meter = createReliefMeter(reference.landmarks);
    let timeMs = -100;
    const frames = parts.flatMap(([count, asked, change]) =>
      Array.from({ length: count }, () => {
        timeMs += 100;
        const face = stateOf(see(shape, change));
        return { timeMs, face, view: meter.view(face.landmarks)!, asked };
      }),
    );
    return review(steps, reference, meter, frames);
  }

  const turn = (waitMs = 900): readonly Step[] => [{ gesture: 'turn-left', waitMs }];
  const still: Part = [10, null, {}];
  const asked: Part = [5, 0, {}];
  const turned: Part = [5, 0, LEFT];

  it('finds nothing where the person did what was asked, when it was asked', () => {
    expect(reviewed(turn(), [still, asked, turned, [3, null, LEFT], still])).toBeNull();
    const two: Step[] = [...turn(), { gesture: 'look-up', waitMs: 500 }];
    const up = { pitchDegrees: 25 };
    expect(reviewed(two, [still, asked, turned, still, [5, 1, {}], [5, 1, up], still])).toBeNull();
    expect(reviewed(two, [still, [5, 1, {}], [5, 1, up], still, asked, turned, still])).toBe('wrong-order');
  });

  it('finds a gesture that was asked for before its wait was over, or done before a person can react', () => {
    expect(reviewed(turn(901), [still, asked, turned, still])).toBe('wrong-order');
    expect(reviewed(turn(), [still, [3, 0, {}], turned, still])).toBeNull();
    expect(reviewed(turn(), [still, [2, 0, {}], turned, still])).toBe('wrong-order');
    const two: Step[] = [...turn(), { gesture: 'look-up', waitMs: 901 }];
    const up: Part = [5, 1, { pitchDegrees: 25 }];
    expect(reviewed(two, [still, asked, turned, [9, null, {}], [5, 1, {}], up, still])).toBe('wrong-order');
    expect(reviewed(two, [still, asked, turned, still, [5, 1, {}], up, still])).toBeNull();
  });

  it('finds movements that were not asked for, wherever they are, if they are held', () => {
    for (const [extra, found] of [
      [[3, null, RIGHT], 'wrong-order'],
      [[2, null, RIGHT], null],
      [[3, null, { distance: 35 }], 'wrong-order'],
    ] as const) {
      expect(reviewed(turn(0), [still, extra, still, asked, turned, still])).toBe(found);
      expect(reviewed(turn(0), [still, asked, turned, still, extra, still])).toBe(found);
    }
    expect(reviewed(turn(), [still, asked, [5, 0, RIGHT], still])).toBe('wrong-order');
    expect(reviewed(turn(), [still, asked, still])).toBe('wrong-order');
    expect(reviewed(turn(), [])).toBe('wrong-order');
  });

  it('looks for no movement in a blink, and for no relief in an approach', () => {
    const steps: Step[] = [{ gesture: 'blink', waitMs: 0 }, ...turn(0)];
    expect(reviewed(steps, [still, [5, 0, {}], still, [5, 1, {}], [5, 1, LEFT], still])).toBeNull();
    const closer: Part = [5, 0, { distance: 35 }];
    expect(reviewed([{ gesture: 'come-closer', waitMs: 0 }], [still, asked, closer, still], sheet(0, 0))).toBeNull();
  });

  it('finds a sheet by all frames of a turn', () => {
    for (const shape of [sheet(1 / 6, 0), sheet(1 / 8, 0)]) {
      expect(reviewed(turn(), [still, asked, [5, 0, { yawDegrees: 60 }], still], shape)).toBe('flat-target');
    }
  });
});

describe('failed attempts', () => {
  const MINUTE_MS = 60_000;
  const fail = (failures: readonly Failure[], faceId: string, times: number) =>
    Array.from({ length: times }, () => faceId).reduce(addFailure, failures);

  it('of a face make it wait after three, twice as long after each further one', () => {
    expect(lockedForMs(fail([], 'a', 2), 'a')).toBe(0);
    const waits = [3, 4, 5, 6, 7, 8, 9].map((times) => lockedForMs(fail([], 'a', times), 'a') / MINUTE_MS);
    // No failure counts for longer than 15 minutes.
    expect(waits).toEqual([0.5, 1, 2, 4, 8, 15, 15]);
    const three = fail([], 'a', 3);
    expect(lockedForMs(elapse(three, 29_999), 'a')).toBe(1);
    expect(lockedForMs(elapse(three, 30_000), 'a')).toBe(0);
    // The wait begins with the last failure.
    expect(lockedForMs(fail(elapse(three, 30_000), 'a', 1), 'a')).toBe(MINUTE_MS);
    expect(elapse(three, 15 * MINUTE_MS)).toEqual([]);
  });

  it('of a face make nobody else wait', () => {
    const failures = fail(fail([], 'a', 9), 'b', 2);
    expect(lockedForMs(failures, 'b')).toBe(0);
    expect(lockedForMs(failures)).toBe(0);
  });

  it('of many faces make the device wait after twenty', () => {
    const nineteen = Array.from({ length: 19 }, (_, i) => `${i}`).reduce(addFailure, []);
    expect(lockedForMs(nineteen)).toBe(0);
    const twenty = addFailure(elapse(nineteen, MINUTE_MS), 'x');
    expect(lockedForMs(twenty)).toBe(30_000);
    expect(lockedForMs(twenty, 'x')).toBe(0);
    expect(lockedForMs(addFailure(twenty, 'y'))).toBe(MINUTE_MS);
    expect(lockedForMs(elapse(twenty, 14 * MINUTE_MS))).toBe(0);
  });

  it('of one face that keeps trying for hours never make the device wait', () => {
    let failures: readonly Failure[] = [];
    let most = 0;
    for (let seconds = 0; seconds < 4 * 3600; seconds += 5) {
      if (lockedForMs(failures, 'a') === 0) failures = addFailure(failures, 'a');
      expect(lockedForMs(failures)).toBe(0);
      most = Math.max(most, failures.length);
      failures = elapse(failures, 5_000);
    }
    expect(most).toBeLessThan(10);
  });

  it('are read up to the time they can count for, and only those that count', () => {
    const stored = [0, -1, 1, 900_000, 900_001].map((leftMs) => ({ faceId: `${leftMs}`, leftMs }));
    expect(parseFailures(JSON.stringify(stored)).map(({ leftMs }) => leftMs)).toEqual([1, 900_000]);
  });

  it('do not go away when a clock runs backwards', () => {
    expect(lockedForMs(elapse(fail([], 'a', 3), -10_000), 'a')).toBe(30_000);
  });

  it('survive being written, and what nobody wrote counts as none', () => {
    const five = fail([], 'a', 5);
    expect(parseFailures(JSON.stringify(five))).toEqual(five);
    for (const text of [
      null,
      '',
      'x',
      '{}',
      'null',
      '[{"faceId": "a"}, {"leftMs": 5}, {"faceId": "a", "leftMs": "5"}]',
      '[1, null, {"faceId": 3, "leftMs": 1}, {"faceId": "a", "leftMs": 1e9}]',
      // As an earlier version wrote it.
      '[{"id": "a", "leftMs": 5}]',
    ]) {
      expect(parseFailures(text)).toEqual([]);
    }
  });
});
