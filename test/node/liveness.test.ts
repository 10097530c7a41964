/** The challenge: what it asks, what it sees in heads and sheets, and how it ends. Simulated throughout. */
import { describe, expect, it } from 'vitest';
import { addFailure, elapse, lockedForMs, parseFailures, type Failure } from '../../src/liveness/attempts.js';
import { createChallenge, drawGestures, type Challenge, type ChallengeStep } from '../../src/liveness/challenge.js';
import { applyHomography, fitHomography } from '../../src/liveness/homography.js';
import { createReliefMeter, isHead, isSheet } from '../../src/liveness/relief.js';
import type { Point } from '../../src/api/geometry.js';
import type { LivenessGesture } from '../../src/api/liveness.js';
import { readHeads } from '../../lab/liveness/heads.js';
import { bend } from '../../lab/liveness/scene.js';
import { createRandom } from '../../lab/liveness/simulate.js';
import { FRONTAL, place, project, rotationOf, type Placement, type Vector } from '../../lab/liveness/solid.js';

const HEADS = readHeads();
const HEAD = HEADS[0]!;
const FRAME = { width: 640, height: 480 };

function see(shape: readonly Vector[], change: Partial<Placement> = {}): Point[] {
  const placement = { ...FRONTAL, ...change };
  const rotation = rotationOf(placement);
  return shape.map((v) => project(place(v, rotation, placement), 620, { x: 320, y: 240 }));
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

  it('is none where the points lie on a line', () => {
    const line = Array.from({ length: 8 }, (_, i) => ({ x: i, y: 2 * i }));
    expect(fitHomography(line, line)).toBeNull();
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

  it('of a bent sheet is not that of a head, whatever direction it is bent in', () => {
    for (const radius of [6, 9, 15, -9]) {
      for (const axisDegrees of [0, 30, 60, 90, 120, 150]) {
        const relief = measure(sheet(1 / radius, axisDegrees), { yawDegrees: 35 });
        expect(isHead(relief, true), `radius ${radius}, ${axisDegrees} degrees`).toBe(false);
      }
    }
  });
});

describe('the choice of gestures', () => {
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

/** A challenge and a face before it, 10 frames a second. */
function begin(
  gestures: readonly LivenessGesture[],
  options: { readonly spoof?: boolean; readonly random?: () => number } = {},
) {
  const { spoof = false, random = () => 0.99 } = options;
  const challenge: Challenge = createChallenge({ gestures, timeLimitMs: 5_000, spoof, random });
  let timeMs = 0;
  const answers = {
    similarity: 0.9 as number | null,
    spoof: (spoof ? 'bona-fide' : null) as 'bona-fide' | 'attack' | null,
  };
  const show = (faces: readonly (readonly Point[])[], afterMs = 100): ChallengeStep => {
    timeMs += afterMs;
    const step = challenge.step({ timeMs, ...FRAME, faces });
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
    expect(wrong.move({}, { yawDegrees: -30 }).ended).toEqual({ outcome: 'failed', reasons: ['wrong-order'] });
    const early = begin(['turn-left']);
    early.move({}, {});
    expect(early.show([see(HEAD, LEFT)], 150).ended).toEqual({ outcome: 'failed', reasons: ['wrong-order'] });
  });

  it('fails when nothing happens in time', () => {
    const { move } = begin(['turn-left']);
    move({}, {});
    expect(move({}, {}).ended).toEqual({ outcome: 'failed', reasons: ['timeout'] });
  });

  it('fails when the face is gone, or is suddenly elsewhere', () => {
    const gone = begin(['turn-left']);
    gone.move({}, {});
    expect(gone.show([]).prompt.hint).toBe('no-face');
    expect(gone.show([], 1_000).ended).toEqual({ outcome: 'failed', reasons: ['track-lost'] });
    const paused = begin(['turn-left']);
    paused.move({}, {});
    expect(paused.show([see(HEAD, {})], 900).ended).toBeNull();
    expect(paused.show([see(HEAD, {})], 1_100).ended).toEqual({ outcome: 'failed', reasons: ['track-lost'] });
    for (const change of [{ x: 14 }, { distance: 30 }]) {
      const cut = begin(['turn-left']);
      cut.move({}, {});
      expect(cut.show([see(HEAD, change)]).ended).toEqual({ outcome: 'failed', reasons: ['track-lost'] });
    }
  });

  it('fails when somebody else comes, but not for faces far behind', () => {
    const { move, show } = begin(['turn-left']);
    move({}, {});
    for (let i = 0; i < 5; i++) expect(show([see(HEAD), see(HEAD, { x: 60, distance: 200 })]).ended).toBeNull();
    show([see(HEAD), see(HEAD, { x: 15 })]);
    show([see(HEAD), see(HEAD, { x: 15 })]);
    expect(show([see(HEAD), see(HEAD, { x: 15 })]).ended).toEqual({ outcome: 'failed', reasons: ['many-faces'] });
  });

  it('fails when the person is another one, and waits while it cannot compare', () => {
    const other = begin(['turn-left']);
    other.move({}, {});
    other.move({}, LEFT);
    other.answers.similarity = 0.2;
    expect(other.move(LEFT, {}).ended).toEqual({ outcome: 'failed', reasons: ['identity-changed'] });
    const blind = begin(['turn-left']);
    blind.move({}, {});
    blind.move({}, LEFT);
    blind.answers.similarity = null;
    expect(blind.move(LEFT, {}).ended).toEqual({ outcome: 'failed', reasons: ['timeout'] });
  });

  it('follows the majority of the passive check', () => {
    for (const [verdict, outcome] of [
      ['bona-fide', 'passed'],
      ['attack', 'failed'],
    ] as const) {
      const { move, answers } = begin(['turn-left'], { spoof: true });
      answers.spoof = verdict;
      move({}, {});
      move({}, LEFT);
      expect(move(LEFT, {}).ended).toMatchObject({ outcome, ...(outcome === 'failed' ? { reasons: ['attack'] } : {}) });
    }
  });

  it('looks at frames that nobody can foresee', () => {
    const { show, move } = begin(['turn-left'], { random: () => 0 });
    move({}, {});
    expect(show([see(HEAD)]).look).toBe('check');
    expect(show([see(HEAD)]).look).toBeNull();
  });
});

describe('failed attempts', () => {
  const fail = (failures: readonly Failure[], times: number) =>
    Array.from({ length: times }, (_, i) => `${failures.length}-${i}`).reduce(addFailure, failures);

  it('lock after five, until the oldest has counted for three minutes of a running page', () => {
    const four = fail([], 4);
    expect(lockedForMs(four)).toBe(0);
    const five = fail(elapse(four, 60_000), 1);
    expect(lockedForMs(five)).toBe(120_000);
    expect(lockedForMs(elapse(five, 119_999))).toBe(1);
    expect(lockedForMs(elapse(five, 120_000))).toBe(0);
    expect(elapse(five, 180_000)).toEqual([]);
  });

  it('do not go away when a clock runs backwards', () => {
    expect(lockedForMs(elapse(fail([], 5), -10_000))).toBe(180_000);
  });

  it('survive being written, and what nobody wrote counts as none', () => {
    const five = fail([], 5);
    expect(parseFailures(JSON.stringify(five))).toEqual(five);
    for (const text of [null, '', 'x', '{}', '[1, null, {"id": 3, "leftMs": 1}, {"id": "a", "leftMs": 1e9}]']) {
      expect(parseFailures(text)).toEqual([]);
    }
  });
});
