/** The use cases without a browser: faked roles and a faked store show which stage gets what, and what is never reached. */
import { describe, expect, it } from 'vitest';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import type { Detection } from '../../src/models/detector.js';
import type { Point } from '../../src/types.js';
import { createPixels } from '../../src/vision/image.js';
import type { FaceFrame, Frame } from '../../src/wire.js';
import { createEngine, type CallContext, type EngineParts } from '../../src/worker/engine.js';
import type { CollectionContent, FaceStore, Negative } from '../../src/worker/face-store.js';

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
  const unused = () => Promise.reject(new Error('not asked for'));
  const { operations, forgetSecrets } = createEngine({
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
    trainer: { train: unused, abort: () => false, resume: unused },
    trainingNow: () => Promise.resolve(new Set<string>()),
    backup: { seal: unused, open: unused },
    onUnlock: () => undefined,
    readPixels: () => createPixels(WIDTH, WIDTH, new Uint8ClampedArray(WIDTH * WIDTH * 4)),
    describeRuntime: unused,
    ...parts,
  });
  return { engine: operations, forgetSecrets, calls };
}

function context(signal = new AbortController().signal): CallContext {
  return { signal, owner: null, onTrainProgress: () => undefined };
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

/** A store with one collection, 'home', that counts how often it is read. */
function homeStore(content: Partial<CollectionContent>) {
  const state = { reads: 0, negatives: [] as Negative[], revision: 1, trained: content.classifier !== undefined };
  const store = {
    assertOpen: () => Promise.resolve(),
    collectionRevision: () =>
      Promise.resolve({ revision: state.revision, classifier: state.trained ? 'trained' : 'untrained' }),
    loadCollection: () => {
      state.reads++;
      const { revision, negatives } = state;
      return Promise.resolve({ unknowns: false, templates: [], classifier: null, ...content, revision, negatives });
    },
    namesOf: (ids: readonly string[]) => Promise.resolve(ids.map((id) => `name of ${id}`)),
    addNegative: (_owner: unknown, _collectionId: string, negative: Negative) => {
      state.negatives.push(negative);
      state.revision++;
      return Promise.resolve(state.negatives.length);
    },
  };
  return { state, store: store as unknown as FaceStore };
}

/** Where the faked embedder puts a face of the box (0, 0, 50, 50): see `landmarksOf`. */
const EMBEDDED = Float32Array.of(25, 25);
const stored = (profileId: string, ...values: number[]) => ({
  id: `${profileId} ${values.join()}`,
  profileId,
  space: 'space',
  vector: Float32Array.from(values),
  createdAt: '',
});

describe('identify', () => {
  const near = [stored('anna', 25.1, 25), stored('berta', 25, 27)];

  it('reads a collection once per revision, and again when its secrets were forgotten', async () => {
    const { store, state } = homeStore({ templates: near });
    const { engine, forgetSecrets } = engineWith([detection(0, 0, 50)], { store });
    const identify = () => engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    const { faces } = await identify();
    expect(faces).toMatchObject([
      {
        decision: 'identified',
        profileId: 'anna',
        name: 'name of anna',
        candidates: [{ profileId: 'anna' }, { profileId: 'berta' }],
        unknownProbability: null,
      },
    ]);
    expect(faces[0]?.confidence).toBe(faces[0]?.candidates[0]?.score);
    await identify();
    expect(state.reads).toBe(1);
    forgetSecrets();
    await identify();
    expect(state.reads).toBe(2);
    state.revision++;
    await identify();
    expect(state.reads).toBe(3);
  });

  it('keeps nothing that was read while its secrets were being forgotten', async () => {
    const { store, state } = homeStore({ templates: near });
    let forget: () => void = () => undefined;
    const slow: FaceStore = {
      ...store,
      async loadCollection(...args) {
        const content = await store.loadCollection(...args);
        forget();
        return content;
      },
    };
    const { engine, forgetSecrets } = engineWith([detection(0, 0, 50)], { store: slow });
    forget = forgetSecrets;
    await engine.identify(context(), frame(), 'home', {});
    await engine.identify(context(), frame(), 'home', {});
    expect(state.reads).toBe(2);
  });

  it('says that a training runs, unless a trained classifier answered', async () => {
    const trainingNow = () => Promise.resolve(new Set(['home']));
    const untrained = engineWith([], { store: homeStore({ templates: near }).store, trainingNow });
    expect(await untrained.engine.identify(context(), frame(), 'home', {})).toMatchObject({ classifier: 'training' });
    const classifier = {
      version: 2,
      space: 'space',
      dimension: 2,
      profileIds: ['anna', 'berta'],
      hasUnknown: true,
      weights: Float32Array.of(0, 0, 0, 0, 0, 0),
      biases: Float32Array.of(Math.log(8), 0, 0),
      iterations: 1,
      loss: 0,
    } as const;
    const { store } = homeStore({ templates: near, classifier });
    const { engine } = engineWith([detection(0, 0, 50)], { store, trainingNow });
    const result = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    expect(result.classifier).toBe('trained');
    const [face] = result.faces;
    expect(face).toMatchObject({ decision: 'identified', profileId: 'anna' });
    expect(face?.confidence).toBeCloseTo(0.8, 6);
    expect(face?.unknownProbability).toBeCloseTo(0.1, 6);
    expect(face?.candidates[1]?.probability).toBeCloseTo(0.1, 6);
  });
});

describe('reject', () => {
  it('keeps the very face that was identified, and names it so no more', async () => {
    const { store, state } = homeStore({ templates: [stored('anna', 25.1, 25)] });
    const { engine } = engineWith([detection(0, 0, 50)], { store });
    const identify = () => engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    const { faces } = await identify();
    const rejected = await engine.reject(context(), faces[0]?.identificationId as string, {});
    expect(rejected).toEqual({ collectionId: 'home', profileId: 'anna', negativeCount: 1 });
    expect(state.negatives).toEqual([{ profileId: 'anna', space: 'space', vector: EMBEDDED }]);
    expect((await identify()).faces).toMatchObject([{ decision: 'unknown', reason: 'rejected-before' }]);
  });

  it('knows the last 200 faces, those with a candidate, and none after its secrets were forgotten', async () => {
    const { store } = homeStore({ templates: [stored('anna', 25, 25)] });
    const { engine, forgetSecrets } = engineWith([detection(0, 0, 50)], { store });
    const ids: string[] = [];
    for (let i = 0; i < 201; i++) {
      const { faces } = await engine.identify(context(), frame(), 'home', {});
      ids.push(faces[0]?.identificationId as string);
    }
    expect(new Set(ids).size).toBe(201);
    const notFound = { code: 'IDENTIFICATION_NOT_FOUND' };
    await expect(engine.reject(context(), ids[0] as string, {})).rejects.toMatchObject(notFound);
    await engine.reject(context(), ids[1] as string, {});
    const chosen = await engine.reject(context(), ids[200] as string, { profileId: 'berta' });
    expect(chosen.profileId).toBe('berta');
    forgetSecrets();
    await expect(engine.reject(context(), ids[200] as string, {})).rejects.toMatchObject(notFound);

    const empty = engineWith([detection(0, 0, 50)], { store: homeStore({}).store });
    const { faces } = await empty.engine.identify(context(), frame(), 'home', {});
    const id = faces[0]?.identificationId as string;
    await expect(empty.engine.reject(context(), id, {})).rejects.toMatchObject(notFound);
  });
});

describe('an abort', () => {
  it('is heard before anything is read, and between the stages; nothing is written', async () => {
    const reason = new Error('enough');
    const early = engineWith([detection(0, 0, 50)]);
    const aborted = early.engine.enroll(context(AbortSignal.abort(reason)), [face('largest')], {});
    await expect(aborted).rejects.toBe(reason);
    expect(early.calls).toEqual(['store.assertOpen']);

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
    expect(late.calls.filter((call) => call.startsWith('store'))).toEqual(['store.assertOpen']);
  });
});
