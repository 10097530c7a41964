/** The challenge on the page: options, frames, what counts as a failure. Its faces are simulated, and its kit answers at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createLivenessChallenge,
  InfaceError,
  type FaceKit,
  type LivenessOptions,
  type LivenessPrompt,
  type OpenImage,
  type Point,
} from '../../src/index.js';
import { place, project, rotationOf, FRONTAL, type Placement, type Vector } from '../../lab/liveness/solid.js';
import recorded from '../../lab/liveness/heads.json' with { type: 'json' };

const KEY = 'inface-liveness';
const HEAD = recorded.heads[0] as unknown as readonly Vector[];
const { signal: never } = new AbortController();

type Kit = Pick<FaceKit, 'open' | 'compare'>;

/** Sees the head where it is now. */
function fakeKit(where: () => Partial<Placement>): Kit {
  const timings = { pixelsMs: 0, detectMs: 0, landmarksMs: 0, spoofMs: 0, embedMs: 0 };
  const see = () => {
    const placement = { ...FRONTAL, ...where() };
    const rotation = rotationOf(placement);
    const landmarks: Point[] = HEAD.map((v) => project(place(v, rotation, placement), 620, { x: 320, y: 240 }));
    return { box: { x: 200, y: 150, width: 200, height: 200 }, detectionScore: 1, landmarks, rollDegrees: 0 };
  };
  return {
    open: () => {
      const faces = [{ ...see(), quality: null, spoof: null }];
      const image: Partial<OpenImage> = {
        detect: () =>
          Promise.resolve({ faces, truncated: false, width: 640, height: 480, detectorSizePx: 256, timings }),
        checkSpoof: () => Promise.reject(new InfaceError('SPOOF_MODEL_UNAVAILABLE', 'No model.')),
        close: () => open.delete(image),
      };
      open.add(image);
      return Promise.resolve(image as OpenImage);
    },
    compare: () =>
      Promise.resolve({
        outcome: 'compared',
        match: true,
        score: 0.9,
        threshold: 0.5,
        comparisons: [],
        face: see(),
        spoof: null,
        timings,
      }),
  };
}

/** Images that the challenges opened and have not closed. */
const open = new Set<object>();

afterEach(() => {
  expect(open.size).toBe(0);
});

/** A head that turns when it is asked to, by an angle that is positive to its left. */
function obedient(options: Partial<LivenessOptions> = {}, angle = 30) {
  let yawDegrees = 0;
  const target = { value: 0 };
  const prompts: LivenessPrompt[] = [];
  const kit = fakeKit(() => ({ yawDegrees }));
  const challenge = createLivenessChallenge(kit, {
    // 30 frames a second, as a camera gives them.
    source: async () => {
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      yawDegrees += Math.max(-3, Math.min(3, target.value - yawDegrees));
      return opaque(640, 480);
    },
    gestures: ['turn-left'],
    count: 1,
    spoof: 'off',
    signal: never,
    ...options,
    onPrompt: (prompt) => {
      prompts.push(prompt);
      target.value = prompt.gesture === 'turn-left' && prompt.remainingMs < 9_400 ? angle : 0;
      options.onPrompt?.(prompt);
    },
  });
  return { challenge, prompts };
}

const stored = () => JSON.parse(localStorage.getItem(KEY) ?? '[]') as { id: string; leftMs: number }[];

beforeEach(() => {
  localStorage.removeItem(KEY);
});

/** A white image. What the fake kit sees in it does not depend on its pixels. */
const opaque = (width: number, height: number) =>
  new ImageData(new Uint8ClampedArray(4 * width * height).fill(255), width, height);

describe('the options of a challenge', () => {
  const source = () => opaque(1, 1);
  it.each([
    [{}, 'source'],
    [{ source: 'video' }, 'source'],
    [{ source, gestures: [] }, 'gestures'],
    [{ source, gestures: ['nod'] }, "'gestures'[0]"],
    [{ source, gestures: ['blink', 'look-up', 'come-closer'] }, 'turn-left or turn-right'],
    [{ source, count: 0 }, 'count'],
    [{ source, timeLimitMs: 100 }, 'timeLimitMs'],
    [{ source, spoof: 'report' }, 'spoof'],
    [{ source, seed: 1 }, 'seed'],
  ])('%j is refused', (options, named) => {
    let thrown: unknown;
    try {
      createLivenessChallenge(
        fakeKit(() => ({})),
        options as unknown as LivenessOptions,
      );
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'INVALID_INPUT' });
    expect((thrown as Error).message).toContain(named);
  });
});

describe('a challenge', () => {
  it('that is passed gives its best frame, and counts as no failure', async () => {
    const { challenge, prompts } = obedient();
    const result = await challenge.run();
    expect(result).toMatchObject({ outcome: 'passed', gestures: ['turn-left'] });
    if (result.outcome !== 'passed') return;
    expect([result.frame.width, result.frame.height]).toEqual([640, 480]);
    expect(result.face.landmarks).toHaveLength(68);
    result.frame.close();
    expect(stored()).toEqual([]);
    expect(prompts.some(({ caption }) => caption === 'Turn your head slowly to your left')).toBe(true);
    await expect(challenge.run()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('that is failed counts, and after five nothing is asked', async () => {
    for (let i = 0; i < 5; i++) {
      const { challenge } = obedient({}, -30);
      expect(await challenge.run()).toMatchObject({ outcome: 'failed', reasons: ['wrong-order'] });
    }
    expect(stored()).toHaveLength(5);
    const { challenge, prompts } = obedient();
    const result = await challenge.run();
    if (result.outcome !== 'locked') throw new Error(`The outcome is ${result.outcome}.`);
    expect(result.retryAfterMs).toBeGreaterThan(60_000);
    expect(prompts).toEqual([]);
  });

  it('that is aborted rejects with the reason, and counts as no failure', async () => {
    const controller = new AbortController();
    const { challenge } = obedient({
      signal: controller.signal,
      onPrompt: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(challenge.run()).rejects.toThrow('enough');
    expect(stored()).toEqual([]);
  });

  it('whose required passive check cannot run throws, and counts as no failure', async () => {
    const { challenge } = obedient({ spoof: 'require' });
    await expect(challenge.run()).rejects.toMatchObject({ code: 'SPOOF_MODEL_UNAVAILABLE' });
    expect(stored()).toEqual([]);
  });

  it('counts from its start, so that leaving the page saves nobody', async () => {
    const seen: number[] = [];
    const { challenge } = obedient({ onPrompt: () => seen.push(stored().length) });
    const result = await challenge.run();
    if (result.outcome === 'passed') result.frame.close();
    expect(new Set(seen)).toEqual(new Set([1]));
  });
});
