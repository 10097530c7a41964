/** The challenge on the page: options, frames, what counts as a failure. Its faces are simulated, and its kit answers at once. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createLivenessChallenge,
  InfaceError,
  type FaceImage,
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

/**
 * Sees the head where it is now, none where it is nowhere, and its eyes as open as they are if it is asked for them.
 * People differ by the red of their images.
 */
function fakeKit(where: () => Partial<Placement> | null, shape = HEAD, openness: () => number = () => 1): Kit {
  const timings = { pixelsMs: 0, detectMs: 0, landmarksMs: 0, spoofMs: 0, embedMs: 0 };
  const see = () => {
    const placement = { ...FRONTAL, ...where() };
    const rotation = rotationOf(placement);
    const landmarks: Point[] = shape.map((v) => project(place(v, rotation, placement), 620, { x: 320, y: 240 }));
    return { box: { x: 200, y: 150, width: 200, height: 200 }, detectionScore: 1, landmarks, rollDegrees: 0 };
  };
  const people = new Map<unknown, number>();
  const personIn = (face: FaceImage) => {
    const image = (face as { readonly image?: unknown }).image ?? face;
    return people.get(image) ?? redOf(image as ImageBitmap);
  };
  return {
    open: (bitmap) => {
      const isThere = where() !== null;
      const image: Partial<OpenImage> = {
        detect: (options) => {
          const eyes = options?.eyes ? { left: openness(), right: openness() } : null;
          const faces = isThere ? [{ ...see(), quality: null, spoof: null, eyes }] : [];
          return Promise.resolve({ faces, truncated: false, width: 640, height: 480, detectorSizePx: 256, timings });
        },
        checkSpoof: () => Promise.reject(new InfaceError('SPOOF_MODEL_UNAVAILABLE', 'No model.')),
        close: () => open.delete(image),
      };
      open.add(image);
      people.set(image, redOf(bitmap as ImageBitmap));
      return Promise.resolve(image as OpenImage);
    },
    compare: (...[first, second]) => {
      const [probe, reference] = [first, second].map(personIn);
      return Promise.resolve({
        outcome: 'compared',
        match: probe === reference,
        score: probe === reference ? 0.9 : 0.1,
        threshold: 0.5,
        comparisons: [],
        face: see(),
        spoof: null,
        timings,
      });
    },
  };
}

/** The red of the first pixel. */
function redOf(image: ImageBitmap): number {
  const context = new OffscreenCanvas(1, 1).getContext('2d')!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, 1, 1).data[0]!;
}

/** Images that the challenges opened and have not closed. */
const open = new Set<object>();

afterEach(() => {
  expect(open.size).toBe(0);
});

interface Actor {
  /** Of the turn, positive to the left. */
  readonly angle?: number;
  readonly person?: number;
  /** Leaves instead of turning. */
  readonly leaves?: boolean;
  readonly shape?: readonly Vector[];
  readonly openness?: () => number;
}

/** A head that turns when it is asked to. */
function obedient(
  options: Partial<LivenessOptions> = {},
  { angle = 30, person = 255, leaves = false, shape = HEAD, openness = () => 1 }: Actor = {},
) {
  let yawDegrees = 0;
  const target = { value: 0 };
  const prompts: LivenessPrompt[] = [];
  const kit = fakeKit(() => (leaves && target.value !== 0 ? null : { yawDegrees }), shape, openness);
  const challenge = createLivenessChallenge(kit, {
    // 30 frames a second, as a camera gives them.
    source: async () => {
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      yawDegrees += Math.max(-3, Math.min(3, target.value - yawDegrees));
      return opaque(640, 480, person);
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

const stored = () => JSON.parse(localStorage.getItem(KEY) ?? '[]') as { faceId: string; leftMs: number }[];

beforeEach(() => {
  localStorage.removeItem(KEY);
});

/** An image of one color, which tells who is in it. */
function opaque(width: number, height: number, red = 255): ImageData {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < data.length; i += 4) data[i] = red;
  return new ImageData(data, width, height);
}

/** The head as a flat picture of it. */
const FLAT = HEAD.map(([x, y]): Vector => [x, y, 0]);

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

  it('that asks for a blink sees it in the eyes', async () => {
    // The lowest number is drawn each time: twice the first gesture, of which a turn replaces one.
    const draw = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => array);
    let openness = 1;
    const { challenge } = obedient(
      {
        gestures: ['blink', 'turn-left'],
        count: 2,
        onPrompt: ({ gesture, remainingMs }) => {
          openness = gesture === 'blink' && remainingMs < 9_400 ? 0 : 1;
        },
      },
      { openness: () => openness },
    );
    try {
      const result = await challenge.run();
      expect(result).toMatchObject({ outcome: 'passed', gestures: ['turn-left', 'blink'] });
      if (result.outcome === 'passed') result.frame.close();
    } finally {
      draw.mockRestore();
    }
  });

  it('that is failed counts for that face: it has to wait after three, and nobody else', async () => {
    const flat = { angle: 45, shape: FLAT };
    for (let i = 0; i < 3; i++) {
      expect(await obedient({}, flat).challenge.run()).toMatchObject({ outcome: 'failed', reasons: ['flat-target'] });
    }
    expect(stored()).toHaveLength(3);
    expect(new Set(stored().map(({ faceId }) => faceId)).size).toBe(1);
    const again = await obedient({}, flat).challenge.run();
    if (again.outcome !== 'locked') throw new Error(`The outcome is ${again.outcome}.`);
    expect(again.by).toBe('face');
    expect(again.retryAfterMs).toBeGreaterThan(20_000);

    const other = await obedient({}, { person: 100 }).challenge.run();
    expect(other.outcome).toBe('passed');
    if (other.outcome === 'passed') other.frame.close();
    expect(await obedient({}, { ...flat, person: 100 }).challenge.run()).toMatchObject({ outcome: 'failed' });
    expect(new Set(stored().map(({ faceId }) => faceId)).size).toBe(2);
  });

  it('that people walk away from five times counts as no failure', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => obedient({}, { leaves: true }).challenge.run()));
    for (const result of results) expect(result).toMatchObject({ outcome: 'interrupted', reason: 'face-gone' });
    expect(stored()).toEqual([]);
    const result = await obedient().challenge.run();
    expect(result.outcome).toBe('passed');
    if (result.outcome === 'passed') result.frame.close();
  });

  it('whose person did something else counts as failed', async () => {
    const result = await obedient({}, { angle: -30 }).challenge.run();
    expect(result).toMatchObject({ outcome: 'failed', reasons: ['wrong-order'] });
    expect(stored()).toHaveLength(1);
  });

  it('asks for nothing after twenty failures of any faces', async () => {
    const failures = Array.from({ length: 20 }, (_, i) => ({ faceId: `${i}`, leftMs: 890_000 }));
    localStorage.setItem(KEY, JSON.stringify(failures));
    const { challenge, prompts } = obedient();
    const result = await challenge.run();
    if (result.outcome !== 'locked') throw new Error(`The outcome is ${result.outcome}.`);
    expect(result.by).toBe('device');
    expect(result.retryAfterMs).toBeGreaterThan(15_000);
    expect(prompts).toEqual([]);
  });

  it('whose camera fails or gives no more frames counts as no failure', async () => {
    const failing = obedient({ source: () => Promise.reject(new Error('The camera is gone.')) });
    await expect(failing.challenge.run()).rejects.toThrow('The camera is gone.');
    let frames = 0;
    const silent = obedient({ source: () => (frames++ < 2 ? opaque(640, 480) : new Promise(() => undefined)) });
    expect(await silent.challenge.run()).toEqual({ outcome: 'interrupted', reason: 'no-frames', advice: [] });
    expect(stored()).toEqual([]);
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
});
