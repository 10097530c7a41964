/** The use cases without a browser: faked roles and a faked store show which stage gets what, and what is never reached. */
import { describe, expect, it } from 'vitest';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import type { Detection } from '../../src/models/detector.js';
import type { Point } from '../../src/types.js';
import { createPixels } from '../../src/vision/image.js';
import type { FaceFrame, Frame } from '../../src/wire.js';
import { createEngine, type CallContext, type EngineParts, type FaceStore } from '../../src/worker/engine.js';

const WIDTH = 400;

/** A frame of 400 px whose source has 800 px, so that coordinates must be scaled. */
function frame(closed: string[] = [], name = 'frame'): Frame {
  const bitmap = { width: WIDTH, height: WIDTH, close: () => closed.push(name) } as unknown as ImageBitmap;
  return { bitmap, sourceWidth: 2 * WIDTH, sourceHeight: 2 * WIDTH, moving: false };
}

const detection = (x: number, y: number, side: number): Detection => ({
  box: { x, y, width: side, height: side },
  score: 0.9,
  roll: 0,
});

/** 68 points at the centre of the box: where they are does not matter here. */
const landmarksOf = ({ box }: Detection): Point[] =>
  Array.from({ length: 68 }, (_, i) => ({ x: box.x + box.width / 2 + (i % 7), y: box.y + box.height / 2 }));

const CALIBRATION = {
  metric: 'euclidean',
  origin: 'test',
  fmr: [
    [0.4, 1e-4],
    [0.5, 1e-3],
  ],
  similarity: [
    [0, 1],
    [1, 0],
  ],
} as const;

function engineWith(detections: readonly Detection[], parts: Partial<EngineParts> = {}) {
  const calls: string[] = [];
  const missing = new Proxy({}, { get: (_target, name) => () => calls.push(`store.${String(name)}`) });
  const engine = createEngine({
    detector: {
      sizes: [128, 192, 256, 384, 512],
      defaultMinScore: 0.6,
      detect: (_pixels, size, minScore) => {
        calls.push(`detect ${size} ${minScore}`);
        return Promise.resolve([...detections]);
      },
    },
    landmarker: { locate: (_pixels, found) => Promise.resolve(found.score < 0.5 ? null : landmarksOf(found)) },
    embedder: {
      space: 'space',
      dimension: 2,
      calibration: CALIBRATION,
      // The embedding is the place of the face, so that a test sees which one was embedded.
      embed: (_pixels, [first]) => Promise.resolve(Float32Array.of(first?.x ?? 0, first?.y ?? 0)),
    },
    antispoof: null,
    store: missing as FaceStore,
    readPixels: () => createPixels(WIDTH, WIDTH, new Uint8ClampedArray(WIDTH * WIDTH * 4)),
    describeRuntime: () => Promise.reject(new Error('not asked for')),
    ...parts,
  });
  return { engine, calls };
}

function context(signal = new AbortController().signal): CallContext {
  return { signal, onTrainProgress: () => undefined };
}

const face = (choice: FaceFrame['face']): FaceFrame => ({ frame: frame(), face: choice });

describe('detect', () => {
  it('gives faces in pixels of the source, largest first, without those that have no landmarks', async () => {
    const noFace = { ...detection(0, 0, 300), score: 0.1 };
    const { engine, calls } = engineWith([detection(10, 20, 30), noFace, detection(100, 100, 60)]);
    const closed: string[] = [];
    const { faces, width, detectorSize } = await engine.detect(context(), frame(closed), {});
    expect(faces.map(({ box }) => box)).toEqual([
      { x: 200, y: 200, width: 120, height: 120 },
      { x: 20, y: 40, width: 60, height: 60 },
    ]);
    expect([width, detectorSize]).toEqual([800, 384]);
    expect(calls).toEqual(['detect 384 0.6']);
    expect(closed).toEqual(['frame']);
  });

  it('takes the size and the score that it is given, and 256 for a video', async () => {
    const { engine, calls } = engineWith([]);
    await engine.detect(context(), { ...frame(), moving: true }, {});
    await engine.detect(context(), frame(), { detectorSize: 128, minScore: 0.3 });
    expect(calls).toEqual(['detect 256 0.6', 'detect 128 0.3']);
  });
});

describe('the choice of a face', () => {
  // A small face in front of a large one, and one apart.
  const faces = [detection(0, 0, 200), detection(120, 120, 40), detection(300, 300, 50)];
  const antispoof: FaceAntispoof = {
    defaultThreshold: 0.5,
    check: (_pixels, { box }) => Promise.resolve(box.width / 100),
  };

  it.each<[FaceFrame['face'], object]>([
    ['largest', { outcome: 'checked', face: { box: { width: 400 } } }],
    ['only', { outcome: 'failure-to-acquire', reason: 'many-faces', faceCount: 3 }],
    // In pixels of the source: the centre of the small face lies in both boxes, the other point in the large one only.
    [
      { x: 280, y: 280 },
      { outcome: 'checked', face: { box: { width: 80 } } },
    ],
    [
      { x: 150, y: 150 },
      { outcome: 'checked', face: { box: { width: 400 } } },
    ],
    [
      { x: 790, y: 10 },
      { outcome: 'failure-to-acquire', reason: 'no-face-at-point', faceCount: 3 },
    ],
  ])('%j', async (choice, expected) => {
    const { engine } = engineWith(faces, { antispoof });
    expect(await engine.checkSpoof(context(), face(choice), {})).toMatchObject(expected);
  });

  it('of an empty picture is none', async () => {
    const { engine } = engineWith([], { antispoof });
    for (const choice of ['only', 'largest', { x: 1, y: 1 }] as const) {
      expect(await engine.checkSpoof(context(), face(choice), {})).toEqual({
        outcome: 'failure-to-acquire',
        reason: 'no-face',
        faceCount: 0,
      });
    }
  });
});

describe('checkSpoof', () => {
  const scored = (score: number): Partial<EngineParts> => ({
    antispoof: { defaultThreshold: 0.5, check: () => Promise.resolve(score) },
  });

  it('calls a face bona fide from the threshold on, and an attack below', async () => {
    const spoof = async (score: number, options: { threshold?: number } = {}) =>
      engineWith([detection(0, 0, 50)], scored(score)).engine.checkSpoof(context(), face('largest'), options);
    expect(await spoof(0.5)).toMatchObject({ verdict: 'bona-fide', score: 0.5, threshold: 0.5 });
    expect(await spoof(0.49)).toMatchObject({ verdict: 'attack' });
    expect(await spoof(0.6, { threshold: 0.7 })).toMatchObject({ verdict: 'attack', threshold: 0.7 });
    expect(await spoof(Number.NaN)).toMatchObject({ verdict: 'attack' });
  });

  it('throws without a model, before it looks at anything', async () => {
    const { engine, calls } = engineWith([detection(0, 0, 50)]);
    await expect(engine.checkSpoof(context(), face('largest'), {})).rejects.toMatchObject({
      code: 'SPOOF_MODEL_UNAVAILABLE',
    });
    expect(calls).toEqual([]);
  });
});

describe('match', () => {
  it('refuses templates of another embedding space, and names both', async () => {
    const stored = { id: 't', profileId: 'p', space: 'other', vector: Float32Array.of(1, 2), createdAt: '' };
    const store = { templatesOf: () => Promise.resolve([stored]) } as unknown as FaceStore;
    const { engine } = engineWith([detection(0, 0, 50)], { store });
    await expect(engine.match(context(), face('largest'), 'p', {})).rejects.toMatchObject({
      code: 'EMBEDDING_SPACE_MISMATCH',
      message: expect.stringMatching(/other.*space/) as string,
    });
  });
});

describe('an abort', () => {
  it('is heard before anything is read, and between the stages; nothing is written', async () => {
    const reason = new Error('enough');
    const early = engineWith([detection(0, 0, 50)]);
    const aborted = early.engine.enroll(context(AbortSignal.abort(reason)), [face('largest')], {});
    await expect(aborted).rejects.toBe(reason);
    expect(early.calls).toEqual([]);

    const controller = new AbortController();
    const late = engineWith([detection(0, 0, 50)], {
      landmarker: {
        locate: (_pixels, found) => {
          controller.abort(reason);
          return Promise.resolve(landmarksOf(found));
        },
      },
    });
    await expect(late.engine.enroll(context(controller.signal), [face('largest')], {})).rejects.toBe(reason);
    expect(late.calls.filter((call) => call.startsWith('store'))).toEqual([]);
  });
});
