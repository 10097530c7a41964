/**
 * Runs `train` and `identify` as the kit does, on precomputed embeddings.
 *
 * Uses the kit's engine and trainer, with a store that holds one collection and stages that return the embeddings.
 * kit.ts checks that the kit makes the same decisions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryOf } from '../../src/models/families.js';
import { parseBackground, sampleBackground, type Background } from '../../src/recognition/background.js';
import {
  COHORT_SEED,
  COHORT_SIZE,
  createScoring,
  type Comparable,
  type Scoring,
} from '../../src/recognition/scoring.js';
import type { IdentifiedFace } from '../../src/api/identification.js';
import { createPixels } from '../../src/vision/image.js';
import { createEngine } from '../../src/worker/use-cases/engine.js';
import type { CollectionContent, FaceStore } from '../../src/worker/ports/face-store.js';
import { createLoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { createTrainer } from '../../src/worker/use-cases/training.js';
import type { FaceVectors, Person } from './data.js';
import { defaultEmbedder } from './measure.js';

/** An embedder, and the statistics of its space. */
export interface EmbedderData {
  readonly entry: Pick<EntryOf<'embedder'>, 'embeddingSpace' | 'dimension' | 'calibration' | 'views' | 'cohort'>;
  /** `null` if the manifest has no statistics. */
  readonly background: Background | null;
  readonly scoring: Scoring;
}

/**
 * Reads the default embedder.
 * @param models folder with a manifest.json and its files
 */
export function readEmbedder(models: string): EmbedderData {
  const entry = defaultEmbedder(models);
  if (!entry.background) return withScoring(entry, null);
  const bytes = readFileSync(join(models, entry.background.file));
  return withScoring(entry, parseBackground(bytes, entry.dimension));
}

/** Combines an entry and statistics as the worker does. */
export function withScoring(entry: EmbedderData['entry'], background: Background | null): EmbedderData {
  const cohort =
    entry.cohort && background ? () => sampleBackground(background, COHORT_SIZE, COHORT_SEED, 'cohort') : null;
  const scoring = createScoring(entry.dimension, cohort);
  // Preparing a face takes a millisecond, and each face is a probe in dozens of galleries.
  const known = new Map<string, Comparable>();
  const prepare: Scoring['prepare'] = (embedding) => {
    const key = embedding.subarray(0, 4).join(' ');
    const prepared = known.get(key) ?? scoring.prepare(embedding);
    known.set(key, prepared);
    return prepared;
  };
  return { entry, background, scoring: { ...scoring, prepare } };
}

/**
 * Identifies a face. The profile ids are the people's names.
 * @param maxFpir as in the kit
 */
export type Identify = (face: FaceVectors, maxFpir: number) => Promise<IdentifiedFace>;

/**
 * Enrolls people into a collection.
 * @param train whether to train its classifier
 */
export async function identifyLikeTheKit(
  people: readonly Person[],
  { entry, background, scoring }: EmbedderData,
  train: boolean,
): Promise<Identify> {
  const space = entry.embeddingSpace;
  const profiles = people.map(({ name, photos }) => ({
    id: name,
    seal: '',
    // Like the kit, enroll at the highest accuracy and compare at the default one.
    templates: photos.map(({ high }, i) => ({
      id: `${name} ${i}`,
      profileId: name,
      space,
      vector: high,
      quality: null,
      createdAt: '',
    })),
  }));
  let content: CollectionContent = { revision: 1, profiles, negatives: [], classifier: null };
  const unused = () =>
    Promise.reject(
      new Error('The evaluation called a stage that it does not provide. Add the stage to lab/eval/identify.ts.'),
    );
  const used: Partial<FaceStore> = {
    collectionRevision: () =>
      Promise.resolve({ revision: 1, classifier: content.classifier ? 'trained' : 'untrained' }),
    loadCollection: () => Promise.resolve(content),
    saveClassifiers: (_id, _revision, [classifier = null]) => {
      content = { ...content, classifier };
      return Promise.resolve('trained');
    },
    namesOf: (ids) => Promise.resolve([...ids]),
  };
  // Calling any other method of the store fails.
  const store = used as FaceStore;

  let current = new Float32Array(0);
  const loaded = createLoadedCollections(store, { space, dimension: entry.dimension, calibration: entry.calibration });
  const trainer = createTrainer({
    store,
    loaded,
    current: { embedder: { space, calibration: entry.calibration }, scoring, background },
    older: () => Promise.resolve([]),
    locks: {
      run: (_id, _signal, work) => work(),
      tryRun: () => Promise.resolve(false),
      held: () => Promise.resolve(new Set()),
    },
    auto: false,
    announce: () => undefined,
  });
  const box = { x: 0, y: 0, width: 1, height: 1 };
  const { operations } = createEngine({
    detector: { sizes: [256], defaultMinScore: 0.5, detect: () => Promise.resolve([{ box, score: 1, roll: 0 }]) },
    landmarker: {
      locate: () => Promise.resolve(Array.from({ length: 68 }, () => ({ x: 0, y: 0 }))),
      follow: unused,
    },
    embedder: {
      space,
      dimension: entry.dimension,
      calibration: entry.calibration,
      views: entry.views,
      embed: () => Promise.resolve([current]),
    },
    loadAntispoof: null,
    loadEyes: null,
    scoring,
    store,
    spaces: { older: () => Promise.resolve([]), problemOf: () => null },
    migration: { sight: unused, sweep: unused, describe: unused },
    knownSpaces: new Map(),
    loaded,
    trainer,
    trainingNow: () => Promise.resolve(new Set<string>()),
    enrollAlone: (_signal, work) => work(),
    backup: { seal: unused, open: unused },
    onUnlock: () => undefined,
    onImageClosed: () => undefined,
    readPixels: () => createPixels(1, 1, new Uint8ClampedArray(4)),
    judgeStructure: () => ({ occlusion: 0, faceLikeness: 1 }),
    describeRuntime: () => {
      throw new Error('not described here');
    },
  });
  const context = { signal: new AbortController().signal, owner: null, onProgress: () => undefined };
  if (train) await operations.train(context, '');
  const bitmap = { close: () => undefined } as ImageBitmap;

  return async ({ fast }, maxFpir) => {
    current = new Float32Array(fast);
    const frame = { bitmap, sourceWidth: 1, sourceHeight: 1, mode: 'photo' } as const;
    const { faces } = await operations.identify(context, frame, '', { maxFpir, maxCandidates: 1 });
    return faces[0]!;
  };
}
