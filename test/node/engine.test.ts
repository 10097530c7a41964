/** The use cases without a browser: faked roles and a faked store show which stage gets what, and what is never reached. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InfaceError } from '../../src/api/errors.js';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import type { Detection } from '../../src/models/detectors/detector.js';
import type { FaceEmbedder } from '../../src/models/embedder.js';
import type { Classifier } from '../../src/recognition/classifier.js';
import { distanceAtFmr, distanceAtFpir, probabilityScale } from '../../src/recognition/decision.js';
import { createGallery } from '../../src/recognition/gallery.js';
import { createScoring } from '../../src/recognition/scoring.js';
import { MAX_TEMPLATES, unitMean, type Template } from '../../src/recognition/template.js';
import type { Point } from '../../src/api/geometry.js';
import type { SpoofPolicy } from '../../src/api/spoof.js';
import { createPixels, type Pixels } from '../../src/vision/image.js';
import type { FaceFrame, Frame } from '../../src/wire/worker.js';
import { createEngine, type EngineParts } from '../../src/worker/use-cases/engine.js';
import type { CallContext, Operations } from '../../src/worker/use-cases/operations.js';
import type {
  CollectionContent,
  FaceStore,
  Negative,
  NewProfile,
  StoreChange,
} from '../../src/worker/ports/face-store.js';
import { createIdentifier } from '../../src/worker/use-cases/identification.js';
import { createLoadedCollections, type LoadedCollection } from '../../src/worker/use-cases/loaded-collections.js';
import { createTrainer } from '../../src/worker/use-cases/training.js';
import { AS_FACE, landmarks, texture } from './faces.js';
import { angularDistance, atAngle, CALIBRATION, comparable, cosine, storedProfiles, template } from './vectors.js';

const WIDTH = 400;

/** A frame of 400 px whose source has 800 px, so that coordinates must be scaled. */
function frame(closed: string[] = [], name = 'frame'): Frame {
  const bitmap = { width: WIDTH, height: WIDTH, close: () => closed.push(name) } as unknown as ImageBitmap;
  return { bitmap, sourceWidth: 2 * WIDTH, sourceHeight: 2 * WIDTH, mode: 'photo' };
}

const detection = (x: number, y: number, side: number): Detection => ({
  box: { x, y, width: side, height: side },
  score: 0.9,
  roll: 0,
});

/** A head that fills the box; the first of its points is the center. */
const landmarksOf = ({ box }: Detection): Point[] =>
  landmarks({ scale: box.width / 20, x: box.x + box.width / 2, y: box.y + box.height / 2 });

const PIXELS = texture(0.5, 0.25, 0, WIDTH);

function engineWith(detections: readonly Detection[], parts: Partial<EngineParts> = {}) {
  const calls: string[] = [];
  const missing = new Proxy({}, { get: (_target, name) => () => calls.push(`store.${String(name)}`) });
  const unused = () => Promise.reject(new Error('not asked for'));
  const embedder: FaceEmbedder = {
    space: 'space',
    dimension: 2,
    calibration: { ...CALIBRATION, origin: 'test' },
    views: { fast: 2, high: 6 },
    // The embedding is the place of the face, so that a test sees which one was embedded.
    embed: (_pixels, [first], views) => {
      calls.push(`embed ${views}`);
      return Promise.resolve(Array.from({ length: views }, () => Float32Array.of(first?.x ?? 0, first?.y ?? 0)));
    },
  };
  const { operations, purge } = createEngine({
    detector: {
      sizes: [128, 192, 256, 384, 512],
      defaultMinScore: 0.6,
      detect: (_pixels, size, minScore) => {
        calls.push(`detect ${size} ${minScore}`);
        return Promise.resolve([...detections]);
      },
    },
    landmarker: {
      locate: (_pixels, found) => Promise.resolve(found.score < 0.5 ? null : landmarksOf(found)),
      follow: unused,
    },
    embedder,
    scoring: createScoring(2, null),
    loadAntispoof: null,
    loadEyes: null,
    store: missing as FaceStore,
    spaces: { older: () => Promise.resolve([]), problemOf: () => null },
    migration: { sight: unused, sweep: unused, describe: () => Promise.resolve([]) },
    knownSpaces: new Map([['space', 2]]),
    loaded: createLoadedCollections(parts.store ?? (missing as FaceStore), parts.embedder ?? embedder),
    trainer: { train: unused, abort: () => false, resume: unused },
    trainingNow: () => Promise.resolve(new Set<string>()),
    enrollAlone: (_signal, work) => work(),
    backup: { seal: unused, open: unused },
    onUnlock: () => undefined,
    onImageClosed: () => undefined,
    readPixels: () => PIXELS,
    judgeStructure: () => AS_FACE,
    describeRuntime: () => {
      throw new Error('not described here');
    },
    ...parts,
  });
  return { engine: operations, purge, calls };
}

function context(signal = new AbortController().signal): CallContext {
  return { signal, owner: null, onProgress: () => undefined };
}

/** Gives every face this score. */
const antispoofOf = (score: number): FaceAntispoof => ({
  modelId: 'model',
  calibration: {
    origin: 'test',
    threshold: 0.5,
    apcer: [
      [0.5, 0.2],
      [0.9, 0.02],
    ],
    bpcer: [
      [0.5, 0.01],
      [0.9, 0.11],
    ],
  },
  minFaceSizePx: 45,
  check: () => Promise.resolve(score),
});

const face = (choice: FaceFrame['face']): FaceFrame => ({ frame: frame(), face: choice });

describe('detect', () => {
  it('gives faces in pixels of the source, largest first, without those that have no landmarks', async () => {
    const noFace = { ...detection(0, 0, 300), score: 0.1 };
    const { engine, calls } = engineWith([detection(10, 20, 30), noFace, detection(100, 100, 60)]);
    const closed: string[] = [];
    const { faces, width, detectorSizePx } = await engine.detect(context(), frame(closed), {});
    expect(faces.map(({ box }) => box)).toEqual([
      { x: 200, y: 200, width: 120, height: 120 },
      { x: 20, y: 40, width: 60, height: 60 },
    ]);
    expect([width, detectorSizePx]).toEqual([800, 384]);
    expect(calls).toEqual(['detect 384 0.6']);
    expect(closed).toEqual(['frame']);
  });

  it('says whether it left out faces', async () => {
    const { engine } = engineWith([detection(10, 20, 30), detection(100, 100, 60)]);
    for (const landmarks of [0, 5] as const) {
      const find = async (maxFaces: number) => {
        const { faces, truncated } = await engine.detect(context(), frame(), { landmarks, maxFaces });
        return [faces.length, truncated];
      };
      expect([await find(1), await find(2), await find(3)]).toEqual([
        [1, true],
        [2, false],
        [2, false],
      ]);
    }
  });

  it('takes the size and the score that it is given, and 256 for a video', async () => {
    const { engine, calls } = engineWith([]);
    await engine.detect(context(), { ...frame(), mode: 'video' }, {});
    await engine.detect(context(), frame(), { detectorSizePx: 128, minDetectionScore: 0.3 });
    expect(calls).toEqual(['detect 256 0.6', 'detect 128 0.3']);
  });
});

describe('the choice of a face', () => {
  // A small face in front of a large one, and one apart.
  const faces = [detection(0, 0, 200), detection(120, 120, 40), detection(300, 300, 50)];
  const loadAntispoof = () => Promise.resolve(antispoofOf(0.6));

  it.each<[FaceFrame['face'], object]>([
    ['largest', { face: { box: { width: 400 } } }],
    ['only', { outcome: 'failure-to-acquire', reason: 'many-faces', faceCount: 3 }],
    // In pixels of the source: the center of the small face lies in both boxes, the other point in the large one only.
    [{ x: 280, y: 280 }, { face: { box: { width: 80 } } }],
    [{ x: 150, y: 150 }, { face: { box: { width: 400 } } }],
    [
      { x: 790, y: 10 },
      { outcome: 'failure-to-acquire', reason: 'no-face-at-point', faceCount: 3 },
    ],
  ])('%j', async (choice, expected) => {
    const { engine } = engineWith(faces, { loadAntispoof });
    expect(await engine.checkSpoof(context(), face(choice), {})).toMatchObject(expected);
  });

  it('locates one face where the largest is enough', async () => {
    const located: Detection[] = [];
    const landmarker: EngineParts['landmarker'] = {
      locate: (_pixels, found) => {
        located.push(found);
        return Promise.resolve(landmarksOf(found));
      },
      follow: () => Promise.resolve(null),
    };
    const { engine } = engineWith(faces, { loadAntispoof, landmarker });
    await engine.checkSpoof(context(), face('largest'), {});
    expect(located).toEqual([faces[0]]);
    await engine.checkSpoof(context(), face('only'), {});
    expect(located).toHaveLength(1 + 3);
  });

  it('of an empty picture is none', async () => {
    const { engine } = engineWith([], { loadAntispoof });
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
    loadAntispoof: () => Promise.resolve(antispoofOf(score)),
  });
  const spoof = async (
    score: number,
    options: Parameters<ReturnType<typeof engineWith>['engine']['checkSpoof']>[2] = {},
  ) => engineWith([detection(0, 0, 50)], scored(score)).engine.checkSpoof(context(), face('largest'), options);

  it('calls a face bona fide from the threshold on, and an attack below', async () => {
    expect(await spoof(0.5)).toMatchObject({
      outcome: 'bona-fide',
      bonaFideScore: 0.5,
      threshold: 0.5,
      modelId: 'model',
    });
    expect(await spoof(0.49)).toMatchObject({ outcome: 'attack' });
    expect(await spoof(0.6, { maxBpcer: 0.06 })).toMatchObject({
      outcome: 'attack',
      threshold: expect.closeTo(0.7, 9) as number,
    });
    expect(await spoof(Number.NaN)).toMatchObject({ outcome: 'attack' });
  });

  it.each([
    [{ maxApcer: 0.02 }, 0.9],
    [{ maxApcer: 0.11 }, 0.7],
    [{ maxApcer: 0.5 }, 0.5],
    [{ maxBpcer: 0.01 }, 0.5],
    [{ maxBpcer: 0.06 }, 0.7],
    [{ maxBpcer: 0.5 }, 0.9],
  ])('takes the threshold of %j from the calibration', async (options, threshold) => {
    expect((await spoof(0.95, options)) as object).toMatchObject({ threshold: expect.closeTo(threshold, 9) as number });
  });

  it.each([
    [{ maxApcer: 0.01 }, /'maxApcer' is 0.01.*lowest rate that was measured is 0.02/],
    [{ maxBpcer: 0.001 }, /'maxBpcer' is 0.001.*lowest rate that was measured is 0.01/],
  ])('refuses %j, which nobody measured', async (options, message) => {
    await expect(spoof(0.95, options)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each<[string, number, Pixels, object]>([
    ['too small', 40, PIXELS, { reasons: ['too-small'] }],
    ['too dark', 100, texture(0.03, 0.02, 0, WIDTH), { reasons: ['too-dark'] }],
    ['blurred', 100, texture(0.5, 0.25, 40, WIDTH), { reasons: ['blurred'] }],
  ])('does not judge a face that is %s', async (_name, side, pixels, expected) => {
    const parts = { ...scored(1), readPixels: () => pixels };
    const { engine } = engineWith([detection(100, 100, side)], parts);
    const verdict = await engine.checkSpoof(context(), face('largest'), {});
    expect(verdict).toMatchObject({ outcome: 'not-judged', modelId: 'model', ...expected });
    expect(verdict).not.toHaveProperty('bonaFideScore');
  });

  it('throws without a model, before it looks at anything', async () => {
    const { engine, calls } = engineWith([detection(0, 0, 50)]);
    await expect(engine.checkSpoof(context(), face('largest'), {})).rejects.toMatchObject({
      code: 'SPOOF_MODEL_UNAVAILABLE',
    });
    for (const policy of ['require', 'report'] as const) {
      await expect(engine.enroll(context(), [face('only')], { spoof: policy })).rejects.toMatchObject({
        code: 'SPOOF_MODEL_UNAVAILABLE',
      });
    }
    expect(calls.filter((call) => !call.startsWith('store.assertOpen'))).toEqual([]);
  });
});

describe('a check of the frame that is embedded', () => {
  const withScore = (score: number, faces = [detection(0, 0, 100)]) =>
    engineWith(faces, { loadAntispoof: () => Promise.resolve(antispoofOf(score)) });

  it('refuses an attack before it is embedded, where it is required', async () => {
    const { engine, calls } = withScore(0.2);
    const images = await engine.enroll(context(), [face('only')], { spoof: 'require', policy: 'off' });
    const verdict = { outcome: 'attack', bonaFideScore: 0.2 };
    expect(images).toMatchObject({
      outcome: 'rejected',
      images: [{ outcome: 'rejected', reasons: ['attack'], face: { detectionScore: 0.9 }, spoof: verdict }],
    });
    const matched = await engine.compare(context(), face('only'), face('only'), { spoof: 'require' });
    expect(matched).toMatchObject({ outcome: 'failure-to-acquire', side: 'probe', reason: 'attack', spoof: verdict });
    expect(calls.filter((call) => call.startsWith('embed'))).toEqual([]);
  });

  it('refuses what cannot be judged, where it is required', async () => {
    const { engine } = withScore(1, [detection(0, 0, 40)]);
    const matched = await engine.compare(context(), face('only'), face('only'), { spoof: 'require' });
    expect(matched).toMatchObject({ reason: 'spoof-not-judged', spoof: { reasons: ['too-small'] } });
  });

  it('tells the verdict of the probe, and does nothing else, where it is reported', async () => {
    const { engine } = withScore(0.2);
    const matched = await engine.compare(context(), face('only'), face('only'), { spoof: 'report' });
    expect(matched).toMatchObject({ outcome: 'compared', match: true, spoof: { outcome: 'attack' } });
  });

  it('lets a bona fide face through', async () => {
    const { engine } = withScore(0.8);
    const matched = await engine.compare(context(), face('only'), face('only'), { spoof: 'require' });
    expect(matched).toMatchObject({ outcome: 'compared', match: true, spoof: { outcome: 'bona-fide' } });
  });

  it('is off unless it is asked for', async () => {
    const { engine } = engineWith([detection(0, 0, 100)]);
    const matched = await engine.compare(context(), face('only'), face('only'), {});
    expect(matched).toMatchObject({ outcome: 'compared', spoof: null });
  });
});

/** An embedder whose views are in these directions. */
const embedding = (...degrees: readonly number[]): EngineParts['embedder'] => ({
  space: 'space',
  dimension: 2,
  calibration: { ...CALIBRATION, origin: 'test' },
  views: { fast: 2, high: 6 },
  embed: (_pixels, _landmarks, views) =>
    Promise.resolve(Array.from({ length: views }, (_, i) => atAngle(degrees[i % degrees.length] as number))),
});

/** Gives every image a direction of its own, one degree after the other. */
function turningEmbedding(): EngineParts['embedder'] {
  let degrees = 50;
  return {
    ...embedding(0),
    embed: (_pixels, _landmarks, views) => Promise.resolve(Array(views).fill(atAngle(degrees++))),
  };
}

/** A template in this direction. */
const stored = (profileId: string, degrees: number, quality: number | null = null) =>
  template(`${profileId} ${degrees}`, profileId, atAngle(degrees), { space: 'space', quality });

describe('enroll', () => {
  it('stores nothing when it is aborted while the images are judged', async () => {
    const reason = new Error('enough');
    const calls: string[] = [];
    for (const operation of ['enroll', 'addImages'] as const) {
      const controller = new AbortController();
      const write = (name: string) => () => {
        calls.push(name);
        return Promise.resolve({ profile: {}, templateIds: ['t'], replacedTemplateIds: [] });
      };
      const store = {
        ...homeStore([]).store,
        getProfile: () => Promise.resolve({ collectionIds: ['home'] }),
        templatesOf: () => Promise.resolve([]),
        collectionRevision: () => Promise.resolve({ revision: 1, classifier: 'untrained' }),
        loadCollection: () => {
          // The collection is read to find duplicates, after the last image was embedded.
          controller.abort(reason);
          return Promise.resolve({ profiles: [], classifier: null, revision: 1, negatives: [] });
        },
        createProfile: write('createProfile'),
        addTemplates: write('addTemplates'),
      } as unknown as FaceStore;
      const { engine } = engineWith([detection(0, 0, 50)], { store });
      const images = [face('largest')];
      const call =
        operation === 'enroll'
          ? engine.enroll(context(controller.signal), images, { collectionId: 'home' })
          : engine.addImages(context(controller.signal), 'anna', images, {});
      await expect(call).rejects.toBe(reason);
    }
    expect(calls).toEqual([]);
  });

  it('stores the mean of the views of high accuracy, with the quality of the picture', async () => {
    const created: NewProfile[] = [];
    const store = {
      assertOpen: () => Promise.resolve(),
      createProfile: (_owner: unknown, profile: NewProfile) => {
        created.push(profile);
        return Promise.resolve({ profile: {}, templateIds: ['t'] });
      },
    } as unknown as FaceStore;
    const views: number[] = [];
    const directions = [0, 40, 80, 10, 20, 30];
    const embedder = embedding(...directions);
    const { engine } = engineWith([detection(0, 0, 50)], {
      store,
      embedder: {
        ...embedder,
        embed: (pixels, landmarks, count) => {
          views.push(count);
          return embedder.embed(pixels, landmarks, count);
        },
      },
    });
    const result = await engine.enroll(context(), [face('largest')], { policy: 'off' });
    expect(result.outcome).toBe('enrolled');
    expect(views).toEqual([6]);
    const [{ templates } = { templates: [] }] = created;
    expect(templates).toHaveLength(1);
    expect(templates[0]?.vector).toEqual(unitMean(directions.map(atAngle)));
    expect(templates[0]?.space).toBe('space');
    expect(templates[0]?.quality).toBe(result.images[0]?.quality?.score);
  });
});

describe('match', () => {
  const withTemplates = (...templates: readonly ReturnType<typeof stored>[]) =>
    ({ templatesOf: () => Promise.resolve(templates) }) as unknown as FaceStore;

  it('scores the mean of the templates and each of them, by the mean of the views', async () => {
    const store = withTemplates(stored('p', 20), stored('p', 100));
    // The two views of a fast comparison have their mean at 30.
    const { engine } = engineWith([detection(0, 0, 50)], { store, embedder: embedding(20, 40) });
    const result = await engine.match(context(), face('largest'), 'p', {});
    if (result.outcome !== 'compared') throw new Error(result.outcome);
    expect(result.match).toBe(true);
    // The similarity is 1 less the distance, and the mean of the templates lies at 60.
    expect(result.score).toBeCloseTo(1 - angularDistance(30), 6);
    expect(result.threshold).toBe(0.5);
    expect(result.comparisons.map(({ templateId, match }) => [templateId, match])).toEqual([
      ['p 20', true],
      ['p 100', false],
    ]);
    expect(result.comparisons[0]?.score).toBeCloseTo(1 - angularDistance(10), 6);
    expect(result.comparisons[1]?.score).toBeCloseTo(1 - angularDistance(70), 6);
  });

  it('weighs templates by their quality', async () => {
    const store = withTemplates(stored('p', 0, 1), stored('p', 90, 0));
    const { engine } = engineWith([detection(0, 0, 50)], { store, embedder: embedding(0) });
    const result = await engine.match(context(), face('largest'), 'p', {});
    if (result.outcome !== 'compared') throw new Error(result.outcome);
    expect(result.score).toBeCloseTo(Math.cos(Math.atan(1 / 4)), 6);
  });

  it('adds how common both faces are', async () => {
    const store = withTemplates(stored('p', 60));
    // Ten of the cohort at 60 and ten at 0: each face adds 0.4.
    const cohort = Float32Array.from(Array.from({ length: 20 }, (_, i) => [...atAngle(i < 10 ? 0 : 60)]).flat());
    const scoring = createScoring(2, () => cohort);
    const { engine } = engineWith([detection(0, 0, 50)], { store, scoring, embedder: embedding(60) });
    const result = await engine.match(context(), face('largest'), 'p', {});
    if (result.outcome !== 'compared') throw new Error(result.outcome);
    expect(result.score).toBeCloseTo(1 - 0.8, 6);
    expect(result.comparisons[0]?.score).toBeCloseTo(1 - 0.8, 6);
  });

  it('looks at as many views as the embedder needs for the accuracy, of the probe and of a reference', async () => {
    const store = withTemplates(stored('p', 45));
    const { engine, calls } = engineWith([detection(0, 0, 50)], { store });
    await engine.match(context(), face('largest'), 'p', {});
    await engine.match(context(), face('largest'), 'p', { accuracy: 'fast' });
    await engine.compare(context(), face('largest'), face('largest'), { accuracy: 'high' });
    const embedded = calls.filter((call) => call.startsWith('embed'));
    expect(embedded).toEqual(['embed 2', 'embed 2', 'embed 6', 'embed 6']);
  });

  it('keeps a rate by the curve of its accuracy, and by that of profiles where there are several templates', async () => {
    const moved = (by: number) => CALIBRATION.fmr.fast.map(([d, rate]) => [d - by, rate] as const);
    const calibration = {
      ...CALIBRATION,
      origin: 'test',
      fmr: { ...CALIBRATION.fmr, high: moved(0.1) },
      profile: moved(0.2),
    };
    const embedder = { ...embedding(0), calibration };
    const threshold = async (templates: number, accuracy: 'fast' | 'high') => {
      const store = withTemplates(...Array.from({ length: templates }, (_, i) => stored('p', i)));
      const { engine } = engineWith([detection(0, 0, 50)], { store, embedder });
      const result = await engine.match(context(), face('largest'), 'p', { maxFmr: 0.003, accuracy });
      return 'threshold' in result ? result.threshold : null;
    };
    const single = 1 - distanceAtFmr(0.003, CALIBRATION.fmr.fast);
    expect(await threshold(1, 'fast')).toBeCloseTo(single, 10);
    expect(await threshold(1, 'high')).toBeCloseTo(single + 0.1, 10);
    expect(await threshold(2, 'fast')).toBeCloseTo(single + 0.2, 10);
    expect(await threshold(3, 'high')).toBeCloseTo(single + 0.2, 10);
  });

  it('compares two pictures', async () => {
    const { engine } = engineWith([detection(0, 0, 50)]);
    const result = await engine.compare(context(), face('largest'), face('largest'), {});
    expect(result).toMatchObject({
      outcome: 'compared',
      match: true,
      comparisons: [{ templateId: null, match: true }],
    });
  });

  it('refuses a profile without templates, and templates of another embedding space, naming both', async () => {
    const match = (store: FaceStore) =>
      engineWith([detection(0, 0, 50)], { store }).engine.match(context(), face('largest'), 'p', {});
    await expect(match(withTemplates())).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('0 templates') as string,
    });
    await expect(match(withTemplates({ ...stored('p', 0), space: 'other' }))).rejects.toMatchObject({
      code: 'EMBEDDING_SPACE_MISMATCH',
      message: expect.stringMatching(/other.*space/) as string,
    });
  });
});

/** A store with one collection, 'home', that counts how often it is read. */
function homeStore(templates: readonly Template[], classifier: Classifier | null = null) {
  const state = {
    reads: 0,
    namesRead: [] as string[][],
    negatives: [] as Negative[],
    revision: 1,
    trained: classifier !== null,
  };
  const store = {
    assertOpen: () => Promise.resolve(),
    collectionRevision: () =>
      Promise.resolve({ revision: state.revision, classifier: state.trained ? 'trained' : 'untrained' }),
    loadCollection: () => {
      state.reads++;
      const { revision, negatives } = state;
      const profiles = storedProfiles(templates);
      return Promise.resolve({ profiles, classifier, revision, negatives });
    },
    namesOf: (ids: readonly string[]) => {
      state.namesRead.push([...ids]);
      return Promise.resolve(ids.map((id) => `name of ${id}`));
    },
    addNegative: (_owner: unknown, _collectionId: string, negatives: readonly Negative[]) => {
      state.negatives.push(...negatives);
      state.revision++;
      return Promise.resolve(state.negatives.length);
    },
  };
  return { state, store: store as unknown as FaceStore };
}

describe('identify', () => {
  // A face of the box (0, 0, 50, 50) is embedded at 45 degrees, see `landmarksOf`.
  const near = [stored('anna', 46), stored('berta', 50)];

  /** Two who are equally far, and one of them so common that the other is four times as probable. */
  const equal = [stored('anna', 45), stored('berta', 45)];
  const SCALE = probabilityScale(CALIBRATION);
  const CLASSIFIER: Classifier = {
    version: 3,
    space: 'space',
    profileIds: ['anna', 'berta'],
    commonness: Float32Array.of(0.1 + SCALE * Math.log(4), 0.1),
    strangerShift: 0,
  };

  it('reads a collection once per revision, and again when its secrets were forgotten', async () => {
    const { store, state } = homeStore(near);
    const { engine, purge } = engineWith([detection(0, 0, 50)], { store });
    const identify = () => engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    const { faces } = await identify();
    expect(faces).toMatchObject([
      {
        outcome: 'identified',
        profileId: 'anna',
        name: 'name of anna',
        candidates: [{ profileId: 'anna' }, { profileId: 'berta' }],
        unknownProbability: null,
      },
    ]);
    await identify();
    expect(state.reads).toBe(1);
    purge({ vault: 'changed' });
    await identify();
    expect(state.reads).toBe(2);
    state.revision++;
    await identify();
    expect(state.reads).toBe(3);
  });

  it('reads the names of all faces at once, and gives each face its own', async () => {
    const { store, state } = homeStore([...near, stored('cleo', 200)]);
    const { engine } = engineWith([detection(0, 0, 50), detection(100, 100, 60)], { store });
    const { faces } = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5, maxCandidates: 3 });
    expect(faces).toHaveLength(2);
    const ids = faces.map(({ candidates }) => candidates.map(({ profileId }) => profileId));
    expect(state.namesRead).toEqual([[...new Set(ids.flat())]]);
    for (const { candidates } of faces) {
      expect(candidates.map(({ name }) => name)).toEqual(candidates.map(({ profileId }) => `name of ${profileId}`));
    }
  });

  it('says that a training runs, unless a trained classifier answered', async () => {
    const trainingNow = () => Promise.resolve(new Set(['home']));
    const untrained = engineWith([], { store: homeStore(near).store, trainingNow });
    expect(await untrained.engine.identify(context(), frame(), 'home', {})).toMatchObject({ classifier: 'training' });
    const { store } = homeStore(near, CLASSIFIER);
    const trained = engineWith([], { store, trainingNow });
    expect(await trained.engine.identify(context(), frame(), 'home', {})).toMatchObject({ classifier: 'trained' });
  });

  it('names by what was learnt: how common the profiles are, and where strangers stay', async () => {
    const limit = distanceAtFpir(0.5, 2, CALIBRATION);
    // Where unknown is half as probable as the first.
    const strangerShift = 0.1 + SCALE * Math.log(2) - limit;
    const identify = (classifier: Classifier, maxFpir = 0.5) =>
      engineWith([detection(0, 0, 50)], {
        store: homeStore(equal, classifier).store,
      }).engine.identify(context(), frame(), 'home', { maxFpir });

    const result = await identify({ ...CLASSIFIER, strangerShift });
    expect(result.threshold).toBeCloseTo(1 - limit - strangerShift, 10);
    const [found] = result.faces;
    expect(found).toMatchObject({ outcome: 'identified', profileId: 'berta', name: 'name of berta' });
    expect(found?.candidates.map(({ profileId }) => profileId)).toEqual(['berta', 'anna']);
    expect(found?.candidates[0]?.score).toBeCloseTo(0.9, 6);
    // Odds of 4 to 1, and 2 for unknown.
    expect(found?.candidates[0]?.probability).toBeCloseTo(4 / 7, 6);
    expect(found?.candidates[1]?.probability).toBeCloseTo(1 / 7, 6);
    expect(found?.unknownProbability).toBeCloseTo(2 / 7, 6);

    // Strangers come nearer than 0.1 here.
    const strict = await identify({ ...CLASSIFIER, strangerShift: 0.09 - limit });
    expect(strict.faces).toMatchObject([{ outcome: 'unknown', reason: 'not-near' }]);
    const alike = await identify({ ...CLASSIFIER, commonness: Float32Array.of(0.1, 0.1) });
    expect(alike.faces).toMatchObject([{ outcome: 'unknown', reason: 'ambiguous' }]);
  });

  it('weighs two candidates although it returns one, and names no more than it returns or weighs', async () => {
    const { store, state } = homeStore([...equal, stored('cleo', 200)], {
      ...CLASSIFIER,
      profileIds: ['anna', 'berta', 'cleo'],
      commonness: Float32Array.of(0.1, 0.1, 0.1),
    });
    const { engine } = engineWith([detection(0, 0, 50)], { store });
    const { faces } = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5, maxCandidates: 1 });
    expect(faces).toMatchObject([{ outcome: 'unknown', reason: 'ambiguous', candidates: { length: 1 } }]);
    expect(state.namesRead).toEqual([['anna', 'berta']]);
  });

  it('returns as many candidates as it is asked for, and 5 if nothing is said', async () => {
    const people = Array.from({ length: 7 }, (_, i) => stored(`p${i}`, 45 + 10 * i));
    const candidates = async (options: object) => {
      const { engine } = engineWith([detection(0, 0, 50)], { store: homeStore(people).store });
      const { faces } = await engine.identify(context(), frame(), 'home', options);
      return faces[0]?.candidates.map(({ profileId }) => profileId);
    };
    expect(await candidates({})).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
    expect(await candidates({ maxCandidates: 3 })).toEqual(['p0', 'p1', 'p2']);
    expect(await candidates({ maxCandidates: 9 })).toHaveLength(7);
  });

  it('shares the probability among all profiles, not only the nearest', async () => {
    // A hundred profiles at the distance at which unknown is as probable as one of them.
    const ids = Array.from({ length: 100 }, (_, i) => `p${i}`);
    const strangerShift = 0.1 - distanceAtFpir(0.5, 100, CALIBRATION);
    const classifier = { ...CLASSIFIER, profileIds: ids, commonness: new Float32Array(100).fill(0.1), strangerShift };
    const { store } = homeStore(
      ids.map((id) => stored(id, 45)),
      classifier,
    );
    const { engine } = engineWith([detection(0, 0, 50)], { store });
    const { faces } = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    expect(faces[0]?.unknownProbability).toBeCloseTo(1 / 101, 6);
    for (const { probability } of faces[0]?.candidates ?? []) expect(probability).toBeCloseTo(1 / 101, 6);
  });

  it('takes all profiles for equally common before they are trained, and an FPIR of 1 % if nothing is said', async () => {
    const calibration = { ...CALIBRATION, origin: 'test', commonness: 0.25 };
    const embedder = { ...embedding(0), calibration };
    const templates = [stored('anna', 60), stored('berta', 180), stored('berta', 200), stored('cleo', 270)];
    const { engine } = engineWith([detection(0, 0, 50)], { store: homeStore(templates).store, embedder });
    const { faces, threshold, classifier } = await engine.identify(context(), frame(), 'home', {});
    expect(classifier).toBe('untrained');
    // Three profiles, whatever the number of their templates.
    expect(threshold).toBeCloseTo(1 - distanceAtFpir(0.01, 3, CALIBRATION), 10);
    expect(faces).toMatchObject([{ outcome: 'unknown', reason: 'not-near', unknownProbability: null }]);
    expect(faces[0]?.candidates[0]).toMatchObject({ profileId: 'anna', probability: null });
    expect(faces[0]?.candidates[0]?.score).toBeCloseTo(1 - 0.5 - 0.25, 6);
  });

  it('looks at as many views as the embedder needs for the accuracy', async () => {
    const { engine, calls } = engineWith([detection(0, 0, 50)], { store: homeStore(near).store });
    await engine.identify(context(), frame(), 'home', {});
    for (const accuracy of ['fast', 'high'] as const) {
      await engine.identify(context(), frame(), 'home', { accuracy });
    }
    expect(calls.filter((call) => call.startsWith('embed'))).toEqual(['embed 2', 'embed 2', 'embed 6']);
  });

  it('refuses what is stored of another embedding space', async () => {
    const foreign = [{ ...stored('anna', 45), space: 'other' }];
    const rejected: Negative = { profileId: 'anna', space: 'other', vector: atAngle(45) };
    const { store, state } = homeStore(near);
    state.negatives.push(rejected);
    for (const home of [homeStore(foreign).store, store]) {
      const { engine } = engineWith([detection(0, 0, 50)], { store: home });
      await expect(engine.identify(context(), frame(), 'home', {})).rejects.toMatchObject({
        code: 'EMBEDDING_SPACE_MISMATCH',
      });
    }
  });
});

describe('reject', () => {
  it('keeps the very face that was identified, and names it so no more', async () => {
    const { store, state } = homeStore([stored('anna', 47)]);
    const { engine } = engineWith([detection(0, 0, 50)], { store });
    const identify = () => engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
    const { faces } = await identify();
    const rejected = await engine.reject(context(), faces[0]?.identificationId as string, {});
    expect(rejected).toEqual({ collectionId: 'home', profileId: 'anna', negativeCount: 1 });
    expect(state.negatives).toMatchObject([{ profileId: 'anna', space: 'space' }]);
    expect(cosine(state.negatives[0]!.vector, atAngle(45))).toBeCloseTo(1, 6);
    expect((await identify()).faces).toMatchObject([{ outcome: 'unknown', reason: 'rejected-before' }]);
  });

  it('leaves the name to faces that are nearer to the profile, and to other profiles', async () => {
    const { store, state } = homeStore([stored('anna', 47), stored('berta', 90)]);
    // What a profile adds to a distance, a rejected face adds, too.
    const calibration = { ...CALIBRATION, origin: 'test', commonness: 0.25 };
    const decide = async (degrees: number) => {
      const embedder = { ...embedding(degrees), calibration };
      const { engine } = engineWith([detection(0, 0, 50)], { store, embedder });
      const { faces } = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
      return faces[0]?.outcome === 'identified' ? faces[0].profileId : faces[0]?.reason;
    };
    const negative = (vector: Float32Array) => ({ profileId: 'anna', space: 'space', vector });
    state.negatives.push(negative(Float32Array.of(30, 30)), negative(atAngle(86)));
    expect(await decide(45.5)).toBe('rejected-before');
    expect(await decide(46.5)).toBe('anna');
    expect(await decide(86)).toBe('berta');
    // A rejected face that is the mean of the profile itself is not nearer than that.
    state.negatives.splice(0, 2, negative(atAngle(47)));
    expect(await decide(47)).toBe('anna');
  });

  it('knows the last 200 faces, those with a candidate, and none after its secrets were forgotten', async () => {
    const { store } = homeStore([stored('anna', 45)]);
    const { engine, purge } = engineWith([detection(0, 0, 50)], { store });
    const ids: string[] = [];
    for (let i = 0; i < 201; i++) {
      const { faces } = await engine.identify(context(), frame(), 'home', {});
      ids.push(faces[0]?.identificationId as string);
    }
    expect(new Set(ids).size).toBe(201);
    const notFound = { code: 'IDENTIFICATION_NOT_FOUND' };
    await expect(engine.reject(context(), ids[0] as string, {})).rejects.toMatchObject(notFound);
    await engine.reject(context(), ids[1] as string, {});
    await expect(engine.reject(context(), 'unknown', { profileId: 'anna' })).rejects.toMatchObject(notFound);
    const chosen = await engine.reject(context(), ids[200] as string, { profileId: 'berta' });
    expect(chosen.profileId).toBe('berta');
    purge({ vault: 'changed' });
    await expect(engine.reject(context(), ids[200] as string, {})).rejects.toMatchObject(notFound);

    const empty = engineWith([detection(0, 0, 50)], { store: homeStore([]).store });
    const { faces } = await empty.engine.identify(context(), frame(), 'home', {});
    const id = faces[0]?.identificationId as string;
    await expect(empty.engine.reject(context(), id, {})).rejects.toMatchObject(notFound);
  });
});

describe('a removal', () => {
  /** Anna and Berta in 'home'. A call stops where it says `here` until the test lets it go on. */
  function twoPeople() {
    let members = ['anna', 'berta'];
    let exists = true;
    let onChange: (change: StoreChange) => void = () => undefined;
    let stopAt: string | null = null;
    let reached: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const here = (place: string): Promise<void> =>
      new Promise((resolve) => {
        if (place !== stopAt) {
          resolve();
          return;
        }
        goOn = resolve;
        reached();
      });
    const content = (): CollectionContent => ({
      revision: 1,
      profiles: storedProfiles(members.map((id) => stored(id, id === 'anna' ? 45 : 80))),
      negatives: members.map((profileId) => ({ profileId, space: 'space', vector: atAngle(200) })),
      classifier: null,
    });
    /** Writes as the store does: the change is delivered after the commit. */
    const write = (left: readonly string[], change: StoreChange) => () => {
      members = members.filter((id) => left.includes(id));
      exists = change.collections?.change !== 'deleted';
      onChange(change);
      return Promise.resolve({ id: 'home' });
    };
    const reset = { change: 'reset', ids: [] } as const;
    const writes: Readonly<Record<string, () => Promise<unknown>>> = {
      deleteProfile: write(['berta'], { profiles: { change: 'deleted', ids: ['anna'] } }),
      updateCollection: write(['berta'], { removed: { collectionId: 'home', profileIds: ['anna'] } }),
      deleteCollection: write([], { collections: { change: 'deleted', ids: ['home'] } }),
      lockVault: write(['anna', 'berta'], { vault: 'changed' }),
      destroyKey: write([], { vault: 'changed' }),
      eraseAll: write([], { profiles: reset, collections: reset, vault: 'changed' }),
      importContent: write(['anna', 'berta'], { profiles: reset, collections: reset }),
    };
    const store = {
      assertOpen: () => Promise.resolve(),
      collectionRevision: () =>
        exists
          ? Promise.resolve({ revision: 1, classifier: 'untrained' })
          : Promise.reject(new InfaceError('COLLECTION_GONE', 'gone')),
      async loadCollection() {
        const read = content();
        await here('identify');
        return read;
      },
      saveClassifiers: () => here('train').then(() => 'untrained'),
      namesOf: (ids: readonly string[]) => Promise.resolve(ids.map(() => null)),
      ...writes,
    } as unknown as FaceStore;
    const calibration = { ...CALIBRATION, origin: 'test' };
    const loaded = createLoadedCollections(store, { space: 'space', dimension: 2, calibration });
    const trainer = createTrainer({
      store,
      loaded,
      current: { embedder: { space: 'space', calibration }, scoring: createScoring(2, null), background: null },
      older: () => Promise.resolve([]),
      locks: {
        run: (_id, _signal, work) => work(),
        tryRun: () => Promise.resolve(false),
        held: () => Promise.resolve(new Set()),
      },
      auto: false,
      announce: () => undefined,
    });
    const open = () => Promise.resolve({ profiles: [], collections: [] });
    const backup = { seal: () => Promise.reject(new Error('not used')), open };
    const { engine, purge } = engineWith([detection(0, 0, 50)], { store, loaded, trainer, backup });
    onChange = purge;
    const removals: Readonly<Record<string, () => Promise<unknown>>> = {
      deleteProfile: () => engine.deleteProfile(context(), 'anna'),
      updateCollection: () => engine.updateCollection(context(), 'home', { removeProfileIds: ['anna'] }),
      deleteCollection: () => engine.deleteCollection(context(), 'home'),
      lockVault: () => engine.lockVault(context()),
      destroyKey: () => engine.destroyKey(context()),
      eraseAll: () => engine.eraseAll(context()),
      importContent: () => engine.importBackup(context(), new Blob(), 'secret', {}),
    };
    const identify = async () => {
      const { faces } = await engine.identify(context(), frame(), 'home', { maxFpir: 0.5 });
      return faces[0]?.identificationId as string;
    };
    const train = () => engine.train(context(), 'home');
    /** Starts a call and waits until it has come to its stop. @returns lets it go on, and waits for its end */
    async function stop(place: 'identify' | 'train') {
      stopAt = place;
      const arrived = new Promise<void>((resolve) => (reached = resolve));
      const call = place === 'identify' ? identify() : train();
      await arrived;
      return async () => {
        goOn();
        return call.catch(() => null);
      };
    }
    const rowsOfAnna = () => loaded.held().get('anna') ?? 0;
    return { engine, identify, train, stop, rowsOfAnna, loaded, removals, writes };
  }

  const kinds = [
    ['deleteProfile', 'updateCollection', 'deleteCollection', 'lockVault', 'destroyKey', 'eraseAll', 'importContent'],
    ['here', 'in another tab'],
  ] as const;
  const cases = kinds[0].flatMap((removal) => kinds[1].map((place) => [removal, place] as const));
  const notFound = { code: 'IDENTIFICATION_NOT_FOUND' };

  it('is what these cases depend on: without one, all three ways hold the person', async () => {
    const idle = twoPeople();
    const id = await idle.identify();
    await idle.train();
    expect(idle.rowsOfAnna()).toBeGreaterThan(2);
    expect(await idle.engine.reject(context(), id, {}).catch((error: unknown) => error)).not.toMatchObject(notFound);
    for (const place of ['identify', 'train'] as const) {
      const { stop, rowsOfAnna } = twoPeople();
      const end = await stop(place);
      await end();
      expect(rowsOfAnna()).toBeGreaterThan(0);
    }
  });

  it.each(cases)('%s %s leaves nothing of the person in memory', async (removal, place) => {
    const remove = async ({ removals, writes }: ReturnType<typeof twoPeople>) =>
      (place === 'here' ? removals : writes)[removal]?.();

    const idle = twoPeople();
    const id = await idle.identify();
    await idle.train();
    await remove(idle);
    expect(idle.rowsOfAnna()).toBe(0);
    await expect(idle.engine.reject(context(), id, {})).rejects.toMatchObject(notFound);
    const keepsOthers = removal === 'deleteProfile' || removal === 'updateCollection';
    expect(idle.loaded.held().has('berta')).toBe(keepsOthers);

    const identifying = twoPeople();
    const endIdentify = await identifying.stop('identify');
    await remove(identifying);
    const late = await endIdentify();
    expect(identifying.rowsOfAnna()).toBe(0);
    await expect(identifying.engine.reject(context(), late as string, {})).rejects.toMatchObject(notFound);

    const training = twoPeople();
    const endTraining = await training.stop('train');
    await remove(training);
    await endTraining();
    expect(training.rowsOfAnna()).toBe(0);
  });

  it('in any space of a search leaves no identification, and a template of the face brings none back', async () => {
    const identifier = createIdentifier({ namesOf: (ids) => Promise.resolve(ids.map(() => null)) });
    const searched = (space: string, isCurrent: boolean): LoadedCollection => ({
      id: 'home',
      revision: 1,
      space,
      calibration: CALIBRATION,
      otherSpaces: [],
      gallery: createGallery([{ ...stored('anna', 45), space }], space, 0, CALIBRATION),
      classifier: null,
      negatives: [],
      isCurrent: () => isCurrent,
    });
    const identify = async (isNew: boolean, isOld: boolean) => {
      const probe = { face: comparable(atAngle(45)), spoof: null, refusal: null };
      const [found] = await identifier.decide([probe], [searched('new', isNew), searched('old', isOld)], {});
      return found?.identificationId as string;
    };
    const id = await identify(true, true);
    expect(identifier.recall(id)).toMatchObject({ best: 'anna', templateId: null });
    identifier.addTemplate(id, 'template');
    expect(identifier.recall(id)).toMatchObject({ best: 'anna', templateId: 'template' });
    expect(identifier.recall(await identify(false, true))).toBeUndefined();
    expect(identifier.recall(await identify(true, false))).toBeUndefined();
    identifier.forget();
    identifier.addTemplate(id, 'template');
    expect(identifier.recall(id)).toBeUndefined();
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
        follow: () => Promise.resolve(null),
      },
    });
    await expect(late.engine.enroll(context(controller.signal), [face('largest')], {})).rejects.toBe(reason);
    expect(late.calls.filter((call) => call.startsWith('store'))).toEqual(['store.assertOpen']);
  });
});

describe('an open image', () => {
  const closedError = { code: 'IMAGE_CLOSED' };

  it('is read, searched and embedded once for all calls, until it is closed', async () => {
    const [closed, located]: [string[], Detection[]] = [[], []];
    const landmarker: EngineParts['landmarker'] = {
      locate: (_pixels, found) => {
        located.push(found);
        return Promise.resolve(found.score < 0.5 ? null : landmarksOf(found));
      },
      follow: () => Promise.resolve(null),
    };
    const noFace = { ...detection(300, 300, 20), score: 0.1 };
    const { engine, calls } = engineWith([detection(0, 0, 50), noFace], { landmarker });
    await engine.openImage(context(), 'photo', frame(closed), {});
    expect(closed).toEqual(['frame']);
    const opened: FaceFrame = { frame: { imageId: 'photo' }, face: 'only' };
    for (let i = 0; i < 2; i++) {
      expect((await engine.detect(context(), { imageId: 'photo' }, {})).faces).toHaveLength(1);
      expect(await engine.compare(context(), opened, opened, {})).toMatchObject({ outcome: 'compared', match: true });
    }
    // Another accuracy is another embedding.
    await engine.compare(context(), opened, opened, { accuracy: 'high' });
    expect(calls).toEqual(['detect 384 0.6', 'embed 2', 'embed 6']);
    expect(located).toHaveLength(2);

    await engine.closeImage(context(), 'photo');
    await expect(engine.detect(context(), { imageId: 'photo' }, {})).rejects.toMatchObject(closedError);
    await engine.closeImage(context(), 'photo');
  });

  it('keeps the options that it was opened with', async () => {
    const { engine, calls } = engineWith([]);
    await engine.openImage(context(), 'photo', frame(), { detectorSizePx: 128, minDetectionScore: 0.3 });
    await engine.openImage(context(), 'video', frame(), { mode: 'video' });
    for (const imageId of ['photo', 'video']) {
      await engine.detect(context(), { imageId }, { detectorSizePx: 512, minDetectionScore: 0.9 });
    }
    expect(calls).toEqual(['detect 128 0.3', 'detect 256 0.6']);
  });

  it('is closed when 8 others were used since', async () => {
    const closed: string[] = [];
    const { engine } = engineWith([], { onImageClosed: (id) => closed.push(id) });
    const detect = (imageId: string) => engine.detect(context(), { imageId }, {});
    const names = ['1', '2', '3', '4', '5', '6', '7', '8'];
    for (const name of names) await engine.openImage(context(), name, frame(), {});
    expect(closed).toEqual([]);
    await detect('1');
    await engine.openImage(context(), '9', frame(), {});
    expect(closed).toEqual(['2']);
    await expect(detect('2')).rejects.toMatchObject(closedError);
    await detect('1');
  });

  it('is not opened after an abort', async () => {
    const reason = new Error('enough');
    const { engine } = engineWith([]);
    const open = async () => engine.openImage(context(AbortSignal.abort(reason)), 'photo', frame(), {});
    await expect(open()).rejects.toBe(reason);
    await expect(engine.detect(context(), { imageId: 'photo' }, {})).rejects.toMatchObject(closedError);
  });
});

describe('what a call reports', () => {
  const loadAntispoof = () => Promise.resolve(antispoofOf(0.2));

  it('is as many landmarks as it asks for, the roll, and quality and verdict only on request', async () => {
    const turned: EngineParts['landmarker'] = {
      locate: ({ width }, { box }) =>
        Promise.resolve(landmarks({ scale: box.width / 20, x: width / 2, y: width / 2, roll: 30 })),
      follow: () => Promise.resolve(null),
    };
    const tilted = { ...detection(150, 150, 100), roll: Math.PI / 4 };
    const { engine } = engineWith([tilted], { landmarker: turned, loadAntispoof });
    const detect = async (options: Parameters<typeof engine.detect>[2]) =>
      (await engine.detect(context(), frame(), options)).faces[0];

    const plain = await detect({});
    expect(plain).toMatchObject({ quality: null, spoof: null, detectionScore: 0.9 });
    expect(plain?.rollDegrees).toBeCloseTo(30, 6);
    expect(plain?.landmarks).toHaveLength(5);
    const full = await detect({ landmarks: 68, quality: true, spoof: 'report' });
    expect(full).toMatchObject({ quality: { unusable: [] }, spoof: { outcome: 'attack', bonaFideScore: 0.2 } });
    expect([plain?.eyes, full?.eyes]).toEqual([null, null]);
    // The source has twice the size of the frame: the tip of the nose is near the middle of its 800 px.
    expect(full?.landmarks).toHaveLength(68);
    const nose = landmarks({ scale: 2 * 5, x: WIDTH, y: WIDTH, roll: 30 })[30] as Point;
    expect(full?.landmarks[30]?.x).toBeCloseTo(nose.x, 6);
    expect(full?.landmarks[30]?.y).toBeCloseTo(nose.y, 6);
    // The detector's own roll, as nothing else is known.
    const unlocated = await detect({ landmarks: 0, quality: true });
    expect(unlocated).toMatchObject({ landmarks: [], quality: null, spoof: null, eyes: null });
    expect(unlocated?.rollDegrees).toBeCloseTo(45, 6);
  });

  it('is the state of the eyes where it is asked for, of all 68 points, if there is a model for it', async () => {
    const seen: number[] = [];
    const loadEyes = () =>
      Promise.resolve({
        read: (_pixels: unknown, points: readonly Point[]) => {
          seen.push(points.length);
          return Promise.resolve({ left: 0.1, right: 0.9 });
        },
      });
    const { engine } = engineWith([detection(0, 0, 100), detection(200, 200, 120)], { loadEyes });
    const { faces } = await engine.detect(context(), frame(), { eyes: true });
    expect(faces.map(({ eyes }) => eyes)).toEqual([
      { left: 0.1, right: 0.9 },
      { left: 0.1, right: 0.9 },
    ]);
    expect(seen).toEqual([68, 68]);
    const { engine: without } = engineWith([detection(0, 0, 100)]);
    await expect(without.detect(context(), frame(), { eyes: true })).rejects.toMatchObject({
      code: 'EYE_MODEL_UNAVAILABLE',
    });
  });

  it('are the largest faces, up to the limit', async () => {
    const faces = [20, 60, 40].map((side, i) => detection(100 * i, 0, side));
    const { engine } = engineWith(faces, { store: homeStore([]).store });
    const widths = (found: readonly { readonly box: { readonly width: number } }[]) =>
      found.map(({ box }) => box.width);
    for (const landmarks of [0, 5] as const) {
      const detect = async (maxFaces?: number) =>
        widths((await engine.detect(context(), frame(), { landmarks, ...(maxFaces && { maxFaces }) })).faces);
      expect(await detect()).toEqual([120, 80, 40]);
      expect(await detect(2)).toEqual([120, 80]);
    }
    const { faces: identified } = await engine.identify(context(), frame(), 'home', { maxFaces: 1, landmarks: 68 });
    expect(widths(identified)).toEqual([120]);
    expect(identified[0]?.landmarks).toHaveLength(68);
  });

  it('is in pixels of the source, by the longer side where the shorter one was rounded', async () => {
    const { engine } = engineWith([detection(10, 0, 1)], {
      readPixels: () => createPixels(400, 1, new Uint8ClampedArray(4 * 400)),
    });
    const wide = { ...frame(), sourceWidth: 4000, sourceHeight: 14 };
    const { faces, width, height } = await engine.detect(context(), wide, { landmarks: 0 });
    expect([width, height]).toEqual([4000, 14]);
    expect(faces[0]?.box).toEqual({ x: 100, y: 0, width: 10, height: 10 });
  });

  it('is the time that each stage took, for all faces together', async () => {
    let now = 500;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const taking = <T>(ms: number, value: T): T => {
      now += ms;
      return value;
    };
    const later = <T>(ms: number, value: T): Promise<T> => Promise.resolve().then(() => taking(ms, value));
    const { engine } = engineWith([detection(0, 0, 100), detection(200, 200, 120)], {
      store: homeStore([stored('anna', 45)]).store,
      readPixels: () => taking(1, PIXELS),
      detector: {
        sizes: [384],
        defaultMinScore: 0.6,
        detect: () => later(10, [detection(0, 0, 100), detection(200, 200, 120)]),
      },
      landmarker: {
        locate: (_pixels, found) => later(100, landmarksOf(found)),
        follow: (_pixels, points) => later(30, [...points]),
      },
      loadAntispoof: () => Promise.resolve({ ...antispoofOf(0.9), check: () => later(1_000, 0.9) }),
      embedder: { ...embedding(45), embed: () => later(10_000, [atAngle(45)]) },
    });
    try {
      const { timings } = await engine.identify(context(), frame(), 'home', { spoof: 'report' });
      expect(timings).toEqual({ pixelsMs: 1, detectMs: 10, landmarksMs: 200, spoofMs: 2_000, embedMs: 20_000 });
      await engine.track(context(), 'a', frame(), {});
      const tracked = await engine.track(context(), 'a', frame(), {});
      expect(tracked.timings).toEqual({
        pixelsMs: 1,
        detectMs: 0,
        landmarksMs: 60,
        spoofMs: 0,
        embedMs: 0,
        spoofDecisionMs: 0,
      });
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a face that is checked', () => {
  const judge = async (side: number, view = {}, width = side) => {
    const narrow = { ...detection(100, 100, side), box: { x: 100, y: 100, width, height: side } };
    const { engine } = engineWith([narrow], {
      loadAntispoof: () => Promise.resolve(antispoofOf(0.9)),
      landmarker: {
        locate: () => Promise.resolve(landmarks({ scale: side / 20, x: 100 + side / 2, y: 100 + side / 2, ...view })),
        follow: () => Promise.resolve(null),
      },
    });
    return engine.checkSpoof(context(), face('largest'), {});
  };

  it('is judged from the size on that the model asks for, and refused once for a smaller one', async () => {
    expect(await judge(45)).toMatchObject({ outcome: 'bona-fide' });
    expect(await judge(44)).toMatchObject({ outcome: 'not-judged', reasons: ['too-small'] });
    // The longer side counts.
    expect(await judge(45, {}, 35)).toMatchObject({ outcome: 'bona-fide' });
    // Too small for recognition as well.
    expect(await judge(12)).toMatchObject({ outcome: 'not-judged' });
    const { reasons } = (await judge(12)) as { readonly reasons: readonly string[] };
    expect(reasons.filter((reason) => reason === 'too-small')).toHaveLength(1);
  });

  it('is judged from the side, too', async () => {
    expect(await judge(100, { yaw: 60 })).toMatchObject({ outcome: 'bona-fide', bonaFideScore: 0.9 });
  });

  it('has its name withheld where the check is required, and only reported otherwise', async () => {
    const identify = async (spoof: SpoofPolicy) => {
      const { engine } = engineWith([detection(0, 0, 100)], {
        store: homeStore([stored('anna', 45)]).store,
        loadAntispoof: () => Promise.resolve(antispoofOf(0.6)),
      });
      return (await engine.identify(context(), frame(), 'home', { spoof })).faces[0];
    };
    expect(await identify('report')).toMatchObject({ outcome: 'identified', spoof: { outcome: 'bona-fide' } });
    expect(await identify('require')).toMatchObject({ outcome: 'identified', spoof: { outcome: 'bona-fide' } });
    // At 6 % of bona fide faces refused, the threshold is 0.7.
    const strict = { maxBpcer: 0.06 };
    expect(await identify({ require: false, ...strict })).toMatchObject({
      outcome: 'identified',
      spoof: { outcome: 'attack' },
    });
    expect(await identify({ require: true, ...strict })).toMatchObject({
      outcome: 'unknown',
      reason: 'attack',
      spoof: { outcome: 'attack' },
    });
  });
});

describe('a failure to acquire', () => {
  it('names the side, the reason and the number of faces, and reads no reference for a missing probe', async () => {
    const { engine, calls } = engineWith([detection(0, 0, 50), detection(200, 200, 40)]);
    const [good, nowhere] = [face('largest'), face({ x: 790, y: 10 })];
    expect(await engine.compare(context(), nowhere, good, {})).toMatchObject({
      outcome: 'failure-to-acquire',
      side: 'probe',
      reason: 'no-face-at-point',
      faceCount: 2,
      spoof: null,
    });
    expect(calls).toEqual(['detect 384 0.6']);
    expect(await engine.compare(context(), good, face('only'), {})).toMatchObject({
      outcome: 'failure-to-acquire',
      side: 'reference',
      reason: 'many-faces',
      faceCount: 2,
    });
  });
});

describe('the images of an enrollment', () => {
  /** A store with Anna's templates, and with Berta at -40 degrees in each collection. Writes are noted. */
  function enrollmentStore(templates: readonly Template[] = []) {
    const { store } = homeStore([stored('berta', -40)]);
    const written: unknown[][] = [];
    const profile = { id: 'anna', collectionIds: ['home', 'work'] };
    const missing = () => Promise.reject(new Error('there is no such record'));
    return {
      written,
      profile,
      store: {
        ...store,
        getProfile: () => Promise.resolve(profile),
        templatesOf: (_owner: unknown, id: string) => (id === 'anna' ? Promise.resolve(templates) : missing()),
        loadCollection: (...args: Parameters<FaceStore['loadCollection']>) =>
          profile.collectionIds.includes(args[1]) ? store.loadCollection(...args) : missing(),
        createProfile: (owner: unknown, created: NewProfile) => {
          written.push([owner, created]);
          return Promise.resolve({ profile, templateIds: created.templates.map((_, i) => `t${i}`) });
        },
        addTemplates: (owner: unknown, id: string, added: readonly unknown[], limit: number) => {
          written.push([owner, id, added.length, limit]);
          return Promise.resolve({
            profile: { ...profile, name: 'changed' },
            templateIds: added.map((_, i) => `t${i}`),
            replacedTemplateIds: ['old'],
          });
        },
      } as unknown as FaceStore,
    };
  }
  const anna = { ...context(), owner: 'key' };
  const images = (count: number) => Array.from({ length: count }, () => face('largest'));

  it('make a profile with what was passed, and a warning below three', async () => {
    const { store, written } = enrollmentStore();
    const { engine } = engineWith([detection(0, 0, 100)], { store, embedder: turningEmbedding() });
    const options = { name: 'Anna', metadata: { age: 3 }, consent: 'yes', collectionId: 'home' };
    for (const [count, warnings] of [
      [2, ['few-images']],
      [3, []],
    ] as const) {
      const result = await engine.enroll(anna, images(count), options);
      expect(result).toMatchObject({ outcome: 'enrolled', profile: { id: 'anna' }, warnings });
      expect(result.images.map((image) => image.outcome === 'accepted' && image.templateId)).toEqual(
        ['t0', 't1', 't2'].slice(0, count),
      );
    }
    await engine.enroll(anna, images(1), {});
    expect(written).toMatchObject([
      ['key', options],
      ['key', options],
      ['key', { name: null, metadata: {}, consent: null, collectionId: null }],
    ]);
  });

  it('are added to a profile, up to the limit of a store', async () => {
    const { store, written } = enrollmentStore([stored('anna', 45)]);
    const { engine } = engineWith([detection(0, 0, 100)], { store, embedder: turningEmbedding() });
    expect(await engine.addImages(anna, 'anna', images(2), {})).toMatchObject({
      outcome: 'added',
      profile: { name: 'changed' },
      images: [{ templateId: 't0' }, { templateId: 't1' }],
      replacedTemplateIds: ['old'],
    });
    expect(written).toEqual([['key', 'anna', 2, MAX_TEMPLATES]]);
  });

  it('change nothing when none is accepted', async () => {
    const { store, written, profile } = enrollmentStore();
    const { engine } = engineWith([], { store });
    const rejected = [{ outcome: 'rejected', reasons: ['no-face'], faceCount: 0, face: null }];
    expect(await engine.enroll(anna, images(1), {})).toMatchObject({ outcome: 'rejected', images: rejected });
    expect(await engine.addImages(anna, 'anna', images(1), {})).toMatchObject({
      outcome: 'rejected',
      profile,
      images: rejected,
      replacedTemplateIds: [],
    });
    expect(written).toEqual([]);
  });

  it('are compared with the templates of the profile, and with the other profiles of its collections', async () => {
    const add = async (degrees: number, templates: readonly Template[], options = {}) => {
      const { store } = enrollmentStore(templates);
      const { engine } = engineWith([detection(0, 0, 100)], { store, embedder: embedding(degrees) });
      const [image] = (await engine.addImages(anna, 'anna', images(1), options)).images;
      return image?.outcome === 'rejected' ? [...image.reasons, image.duplicateOf] : image?.outcome;
    };
    expect(await add(80, [stored('anna', 90)])).toBe('accepted');
    expect(await add(0, [stored('anna', 180)])).toEqual(['not-the-same-person', null]);
    expect(await add(-35, [stored('anna', -20)])).toEqual(['duplicate-of', 'berta']);
    expect(await add(-35, [stored('anna', 180)], { policy: 'off' })).toBe('accepted');
    const foreign = [{ ...stored('anna', 90), space: 'other' }];
    await expect(add(80, foreign)).rejects.toMatchObject({ code: 'EMBEDDING_SPACE_MISMATCH' });
    // Nothing is compared.
    expect(await add(80, foreign, { policy: 'off' })).toBe('accepted');
  });

  it('are compared with every collection of the profile, also one that the owner cannot see', async () => {
    const { store } = enrollmentStore([stored('anna', -20)]);
    const seen: (readonly [owner: unknown, id: string])[] = [];
    const empty = { revision: 1, profiles: [], negatives: [], classifier: null };
    const hidden: FaceStore = {
      ...store,
      collectionRevision(owner, id) {
        seen.push([owner, id]);
        if (owner === null) return store.collectionRevision(owner, id);
        return Promise.reject(new InfaceError('COLLECTION_NOT_FOUND', 'not of this owner'));
      },
      // Berta is in the second one only.
      loadCollection: (...args) => (args[1] === 'work' ? store.loadCollection(...args) : Promise.resolve(empty)),
    };
    const { engine } = engineWith([detection(0, 0, 100)], { store: hidden, embedder: embedding(-35) });
    const { images: judged } = await engine.addImages(anna, 'anna', images(1), {});
    expect(judged).toMatchObject([{ reasons: ['duplicate-of'], duplicateOf: 'berta' }]);
    expect(seen).toEqual([
      [null, 'home'],
      [null, 'work'],
    ]);
  });

  it('are not read for a profile, a collection or a vault that cannot be written to', async () => {
    const gone = () => Promise.reject(new InfaceError('COLLECTION_GONE', 'gone'));
    const { store } = enrollmentStore();
    for (const broken of [{ assertOpen: gone }, { collectionRevision: gone }]) {
      const closed: string[] = [];
      const { engine } = engineWith([], { store: { ...store, ...broken } });
      const faces: FaceFrame[] = [{ frame: frame(closed), face: 'only' }];
      await expect(engine.enroll(anna, faces, { collectionId: 'home' })).rejects.toMatchObject({
        code: 'COLLECTION_GONE',
      });
      expect(closed).toEqual([]);
    }
    for (const broken of [{ assertOpen: gone }, { getProfile: gone }]) {
      const closed: string[] = [];
      const { engine } = engineWith([], { store: { ...store, ...broken } });
      const faces: FaceFrame[] = [{ frame: frame(closed), face: 'only' }];
      await expect(engine.addImages(anna, 'anna', faces, {})).rejects.toMatchObject({ code: 'COLLECTION_GONE' });
      expect(closed).toEqual([]);
    }
  });
});

describe('track', () => {
  const stay: EngineParts['landmarker'] = {
    locate: (_pixels, found) => Promise.resolve(landmarksOf(found)),
    follow: (_pixels, points) => Promise.resolve([...points]),
  };
  const one = [detection(100, 100, 100)];

  it('keeps the faces of each tracker apart, from frame to frame', async () => {
    const { engine, calls } = engineWith(one, { landmarker: stay });
    const first = await engine.track(context(), 'a', frame(), {});
    expect(first).toMatchObject({ detected: true, width: 800, height: 800, faces: [{ trackId: 1 }] });
    expect(first.faces[0]).toMatchObject({ identification: null, spoof: null, landmarks: { length: 5 } });
    expect(await engine.track(context(), 'a', frame(), {})).toMatchObject({ detected: false });
    expect(await engine.track(context(), 'b', frame(), {})).toMatchObject({ detected: true });
    // Every frame is one of a video, even that of a canvas.
    expect(calls).toEqual(['detect 256 0.6', 'detect 256 0.6']);
  });

  it('names faces by the collection of the owner', async () => {
    const owners: unknown[] = [];
    const { store } = homeStore([stored('anna', 45)]);
    const spied = {
      ...store,
      collectionRevision: (owner: unknown) => {
        owners.push(owner);
        return Promise.resolve({ revision: 1, classifier: 'untrained' });
      },
    } as unknown as FaceStore;
    const { engine } = engineWith(one, { landmarker: stay, store: spied });
    const { faces } = await engine.track({ ...context(), owner: 'key' }, 'a', frame(), { collectionId: 'home' });
    expect(faces[0]?.identification).toMatchObject({ outcome: 'identified', profileId: 'anna' });
    expect(owners).toEqual(['key']);
  });

  /** An engine whose frames wait in the detector until the test lets them go on. */
  function waiting(found: readonly Detection[] = one) {
    let goOn: (() => void) | null = null;
    let onArrival: () => void = () => undefined;
    const detector: EngineParts['detector'] = {
      sizes: [256],
      defaultMinScore: 0.6,
      detect: () =>
        new Promise((resolve) => {
          goOn = () => {
            resolve([...found]);
          };
          onArrival();
        }),
    };
    const arrival = () =>
      new Promise<void>((resolve) => {
        onArrival = resolve;
        if (goOn) resolve();
      });
    /** Waits for a frame in the detector, and lets it go on. */
    const release = async () => {
      await arrival();
      goOn?.();
      goOn = null;
    };
    return { ...engineWith([], { landmarker: stay, detector }), arrival, release };
  }

  it('takes the frames of a tracker one after the other, also after one that failed', async () => {
    const { engine, arrival, release } = waiting();
    const closed: string[] = [];
    const first = engine.track(context(), 'a', frame(closed, 'first'), {});
    const second = engine.track(context(), 'a', frame(closed, 'second'), {});
    await arrival();
    expect(closed).toEqual(['first']);
    await release();
    // The second frame follows the face that the first one found.
    expect([(await first).detected, (await second).detected]).toEqual([true, false]);
    expect(closed).toEqual(['first', 'second']);

    const reason = new Error('enough');
    const failed = engine.track(context(AbortSignal.abort(reason)), 'a', frame(), {});
    const third = engine.track(context(), 'a', frame(), {});
    await expect(failed).rejects.toBe(reason);
    expect(await third).toMatchObject({ detected: false, faces: [{ trackId: 1 }] });
  });

  it('does not take a third frame before the second is done, although the first is', async () => {
    // Without a face, every frame is searched.
    const { engine, arrival, release } = waiting([]);
    const closed: string[] = [];
    const track = (name: string) => engine.track(context(), 'a', frame(closed, name), {});
    const [first, second] = [track('first'), track('second')];
    await release();
    await first;
    await arrival();
    const third = track('third');
    await new Promise((resolve) => setTimeout(resolve));
    expect(closed).toEqual(['first', 'second']);
    await release();
    await second;
    await release();
    await third;
    expect(closed).toEqual(['first', 'second', 'third']);
  });

  it('forgets a tracker that ends, also while its last frame is processed', async () => {
    const { engine, release } = waiting();
    const last = engine.track(context(), 'a', frame(), {});
    const end = engine.endTracker(context(), 'a');
    await release();
    await Promise.all([last, end]);
    const next = engine.track(context(), 'a', frame(), {});
    await release();
    expect(await next).toMatchObject({ detected: true });
  });

  it('refuses a frame of another tracker than the 32 that follow faces, until one of them ended or is 3 seconds old', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => {
      clock.mockRestore();
    });
    const { engine } = engineWith(one, { landmarker: stay });
    const track = (id: number) => engine.track(context(), `${id}`, frame(), {});
    const detected = async (id: number) => (await track(id)).detected;
    // All at once: pending frames count as well.
    const results = await Promise.allSettled(Array.from({ length: 64 }, (_, i) => track(i + 1)));
    expect(results.map(({ status }) => status)).toEqual(
      Array.from({ length: 64 }, (_, i) => (i < 32 ? 'fulfilled' : 'rejected')),
    );
    expect(results[32]).toMatchObject({ reason: { code: 'LIMIT_EXCEEDED' } });
    expect(await detected(1)).toBe(false);
    await engine.endTracker(context(), '2');
    expect(await detected(33)).toBe(true);
    await expect(track(34)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    now = 3_001;
    expect(await detected(34)).toBe(true);
    // Room was made for one, and 1 was used after 3 was.
    expect((await track(1)).faces[0]?.trackId).toBe(2);
    expect((await track(3)).faces[0]?.trackId).toBe(1);
  });

  it('forgets all faces when somebody is removed, also those of the frame that is processed', async () => {
    const { engine, purge, arrival, release } = waiting();
    const start = engine.track(context(), 'a', frame(), {});
    await release();
    await start;
    purge({ profiles: { change: 'updated', ids: ['anna'] } });
    expect(await engine.track(context(), 'a', frame(), {})).toMatchObject({ detected: false });
    purge({ profiles: { change: 'deleted', ids: ['anna'] } });
    const again = engine.track(context(), 'a', frame(), {});
    await arrival();
    purge({ profiles: { change: 'deleted', ids: ['anna'] } });
    await release();
    expect(await again).toMatchObject({ detected: true });
    const last = engine.track(context(), 'a', frame(), {});
    await release();
    expect(await last).toMatchObject({ detected: true });
  });

  it.each<StoreChange>([
    { vault: 'changed' },
    { profiles: { change: 'reset', ids: [] } },
    { collections: { change: 'reset', ids: [] } },
    { collections: { change: 'deleted', ids: ['home'] } },
    { removed: { collectionId: 'home', profileIds: ['anna'] } },
  ])('forgets all faces after %j, also one that is about to be followed', async (change) => {
    const { store } = homeStore([stored('anna', 45)]);
    let onRead: () => void = () => undefined;
    const spied: FaceStore = {
      ...store,
      collectionRevision: (...args) => {
        onRead();
        return store.collectionRevision(...args);
      },
    };
    const { engine, purge } = engineWith(one, { landmarker: stay, store: spied });
    const detected = async () => (await engine.track(context(), 'a', frame(), { collectionId: 'home' })).detected;
    expect([await detected(), await detected()]).toEqual([true, false]);
    purge(change);
    expect([await detected(), await detected()]).toEqual([true, false]);
    onRead = () => {
      purge(change);
    };
    expect([await detected(), await detected()]).toEqual([true, true]);
  });
});

describe('records', () => {
  /** A store that answers with the name of the method and its arguments. */
  const echo = (overrides: object = {}) =>
    new Proxy(overrides, {
      get: (target, name): unknown =>
        Reflect.get(target, name) ?? ((...args: unknown[]) => Promise.resolve([String(name), ...args])),
    }) as unknown as FaceStore;
  const caller: CallContext = { ...context(), owner: 'key' };
  /** Calls an operation whose store answers with what it was called. */
  function echoed(operation: keyof Operations, ...args: readonly unknown[]): Promise<unknown> {
    const { engine } = engineWith([], { store: echo() });
    return (engine[operation] as (...all: unknown[]) => Promise<unknown>)(caller, ...args);
  }

  it('are read and written for the owner of the call only', async () => {
    const page = { limit: 2 };
    expect(await echoed('listProfiles', page)).toEqual(['listProfiles', 'key', page]);
    expect(await echoed('getProfile', 'anna')).toEqual(['getProfile', 'key', 'anna']);
    const change = { name: 'A' };
    expect(await echoed('updateProfile', 'anna', change)).toEqual(['updateProfile', 'key', 'anna', change]);
    expect(await echoed('deleteProfile', 'anna')).toEqual(['deleteProfile', 'key', 'anna']);
    expect(await echoed('createCollection', 'Home', {})).toEqual(['createCollection', 'key', 'Home', false]);
    const unknowns = { unknowns: true };
    expect(await echoed('createCollection', 'Home', unknowns)).toEqual(['createCollection', 'key', 'Home', true]);
    expect(await echoed('deleteCollection', 'home')).toEqual(['deleteCollection', 'key', 'home']);
  });

  it('are searched, enrolled into and rejected for the owner of the call only', async () => {
    const { store } = homeStore([stored('anna', 45)]);
    const owners: unknown[][] = [];
    const spied = new Proxy(store, {
      get: (target, name) => {
        const method = (Reflect.get(target, name) ?? (() => Promise.resolve([]))) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          owners.push([name, args[0]]);
          return method(...args);
        };
      },
    });
    const { engine } = engineWith([detection(0, 0, 100)], { store: spied });
    const { faces } = await engine.identify(caller, frame(), 'home', { maxFpir: 0.5 });
    await engine.reject(caller, faces[0]?.identificationId as string, {});
    await engine.enroll(caller, [face('largest')], { collectionId: 'home' });
    const asked = (...names: readonly string[]) =>
      owners
        .splice(0)
        .flatMap(([name, owner]) => (names.includes(name as string) ? [`${String(name)} ${String(owner)}`] : []));
    // Duplicates are searched among the people of all owners.
    expect(asked('collectionRevision', 'loadCollection', 'addNegative')).toEqual([
      'collectionRevision key',
      'loadCollection key',
      'addNegative key',
      'collectionRevision key',
      'collectionRevision null',
      'loadCollection null',
    ]);
    await engine.addImages(caller, 'anna', [face('largest')], {}).catch(() => null);
    const read = asked('getProfile', 'templatesOf');
    expect(new Set(read)).toEqual(new Set(['getProfile key', 'templatesOf key']));
  });

  it('of the application have no owner', async () => {
    expect(await echoed('setPassphrase', 'secret', 'old')).toEqual(['setPassphrase', 'secret', 'old']);
    expect(await echoed('removePassphrase', 'old')).toEqual(['setPassphrase', null, 'old']);
    const plain: readonly (readonly [keyof Operations, ...unknown[]])[] = [
      ['vaultStatus'],
      ['lockVault'],
      ['destroyKey'],
      ['listAudit', 3],
      ['clearAudit'],
      ['createApiKey', 'door', ['match']],
      ['listApiKeys'],
      ['revokeApiKey', 'id'],
      ['verifyApiKey', 'secret'],
      ['eraseAll'],
    ];
    for (const call of plain) expect(await echoed(...call)).toEqual(call);
  });

  it('of collections say which are being trained', async () => {
    const collection = (id: string) => ({ id, classifier: 'stale' });
    const store = echo({
      listCollections: () => Promise.resolve(['home', 'work'].map(collection)),
      getCollection: (_owner: unknown, id: string) => Promise.resolve(collection(id)),
      updateCollection: (_owner: unknown, id: string) => Promise.resolve(collection(id)),
    });
    const trainingNow = () => Promise.resolve(new Set(['home']));
    const { engine } = engineWith([], { store, trainingNow });
    const [home, work] = [{ id: 'home', classifier: 'training' }, collection('work')];
    expect(await engine.listCollections(caller)).toEqual([home, work]);
    expect(await engine.getCollection(caller, 'home')).toEqual(home);
    expect(await engine.getCollection(caller, 'work')).toEqual(work);
    expect(await engine.updateCollection(caller, 'home', {})).toEqual(home);
  });

  it('are looked for again to be trained when the vault was unlocked', async () => {
    const order: string[] = [];
    const note = (name: string) => () => {
      order.push(name);
      return Promise.resolve({ state: 'unlocked' });
    };
    const { engine } = engineWith([], {
      store: echo({ unlockVault: note('unlock') }),
      onUnlock: () => order.push('onUnlock'),
      trainer: {
        train: note('train') as never,
        abort: () => false,
        async resume() {
          await note('resume')();
          await new Promise((resolve) => setTimeout(resolve));
          order.push('resumed');
        },
      },
    });
    expect(await engine.unlockVault(caller, 'secret')).toEqual({ state: 'unlocked' });
    // Only once they are scheduled, so that a training that is asked for next replaces theirs.
    expect(order).toEqual(['unlock', 'onUnlock', 'resume', 'resumed']);
  });

  it('are saved to a backup and read from one, unless the vault is locked', async () => {
    const opened: unknown[][] = [];
    const content = { profiles: [], collections: [] };
    const backup: EngineParts['backup'] = {
      seal: (sealed, passphrase) => Promise.resolve([sealed, passphrase] as unknown as Blob),
      open: (...args) => {
        opened.push(args);
        return Promise.resolve(content);
      },
    };
    const assertOpen = vi.fn<FaceStore['assertOpen']>(() => Promise.resolve());
    const { engine } = engineWith([], {
      store: echo({ exportContent: () => Promise.resolve(content), assertOpen }),
      backup,
    });
    expect(await engine.exportBackup(caller, 'secret')).toEqual([content, 'secret']);
    const imported = await engine.importBackup(caller, 'file' as unknown as Blob, 'secret', { mode: 'mirror' });
    expect(imported).toEqual(['importContent', content, 'mirror', caller.onProgress]);
    expect(opened).toEqual([['file', 'secret', new Map([['space', 2]])]]);
    // An import is an answer to a loss.
    expect(assertOpen).toHaveBeenCalledExactlyOnceWith(true);
    const locked = echo({ assertOpen: () => Promise.reject(new InfaceError('VAULT_LOCKED', 'locked')) });
    const failing = engineWith([], { store: locked, backup }).engine.importBackup(caller, new Blob(), 'secret', {});
    await expect(failing).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
    expect(opened).toHaveLength(1);
  });

  it('are trained on request, and the training ends with its collection', async () => {
    const calls: unknown[][] = [];
    const trainer: EngineParts['trainer'] = {
      train: (...args) => {
        calls.push(args);
        return Promise.resolve('trained' as never);
      },
      abort: (id) => {
        calls.push(['abort', id]);
        return id === 'home';
      },
      resume: () => Promise.resolve(),
    };
    const { engine, purge } = engineWith([], { store: echo(), trainer });
    expect(await engine.train(caller, 'home')).toBe('trained');
    expect(calls.splice(0)).toEqual([['key', 'home', caller.signal, caller.onProgress]]);
    expect([await engine.abortTraining(caller, 'home'), await engine.abortTraining(caller, 'work')]).toEqual([
      true,
      false,
    ]);
    calls.length = 0;
    purge({ collections: { change: 'deleted', ids: ['home', 'work'] } });
    expect(calls.splice(0)).toEqual([
      ['abort', 'home'],
      ['abort', 'work'],
    ]);
    purge({ collections: { change: 'updated', ids: ['home'] } });
    purge({ profiles: { change: 'deleted', ids: ['anna'] } });
    expect(calls).toEqual([]);
  });

  it('are counted, with what the worker holds', async () => {
    const store = echo({ count: () => Promise.resolve({ profiles: 1, templates: 2, collections: 3 }) });
    const runtime = { version: '1.0.0', storage: 'indexeddb', live: { frames: 4, sessions: 5 } };
    const describeRuntime = () => Promise.resolve(runtime) as unknown as ReturnType<EngineParts['describeRuntime']>;
    const { engine } = engineWith([], { store, describeRuntime });
    for (const id of ['one', 'two']) await engine.openImage(context(), id, frame(), {});
    expect(await engine.info(caller)).toEqual({
      version: '1.0.0',
      // Four bytes per pixel.
      live: { frames: 4, sessions: 5, openImages: 2, openImageBytes: 2 * 4 * WIDTH * WIDTH },
      embeddingSpace: 'space',
      migration: [],
      // The curve of distances in `CALIBRATION`; a similarity is what is missing to 1.
      fmrCurve: [
        [0.6, 1e-4],
        [0.5, 1e-3],
      ],
      storage: 'indexeddb',
      profileCount: 1,
      templateCount: 2,
      collectionCount: 3,
    });
  });
});
