/** Builds the use cases of a kit whose models changed. The store is in memory, and the embeddings are given. */
import type { Point } from '../../src/api/geometry.js';
import type { IdentifiedFace } from '../../src/api/identification.js';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import type { Detection } from '../../src/models/detectors/detector.js';
import type { FaceEmbedder } from '../../src/models/embedder.js';
import type { FaceLandmarker } from '../../src/models/landmarker.js';
import type { Pixels } from '../../src/vision/image.js';
import type { FaceFrame, Frame } from '../../src/wire/worker.js';
import { createEngine } from '../../src/worker/use-cases/engine.js';
import { createLoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { createMigration } from '../../src/worker/use-cases/migration.js';
import type { CallContext } from '../../src/worker/use-cases/operations.js';
import { createSpaces, type LoadedSpace, type Space } from '../../src/worker/use-cases/spaces.js';
import { createTrainer } from '../../src/worker/use-cases/training.js';
import { createMemoryStore, type MemoryStore } from './memory-store.js';

/** A face in front of the camera, with the output of the models for it. */
export interface ShownFace {
  readonly personId: string;
  readonly box: Detection['box'];
  /** 68 points. */
  readonly landmarks: readonly Point[];
  /** One embedding per view, by embedding space. The landmarker of a space that is absent does not find the face. */
  readonly views: Readonly<Record<string, readonly Float32Array[]>>;
}

/** An embedding space of simulated models. */
export interface SimulatedSpace extends Pick<Space, 'scoring' | 'background'> {
  readonly embedder: Omit<FaceEmbedder, 'embed'>;
}

export interface SimulationSettings {
  readonly current: SimulatedSpace;
  /** Spaces of older models that the manifest still has. */
  readonly older: readonly SimulatedSpace[];
  /** As in `createMigration`. */
  readonly graceMs: number | null;
  /** Returns the pixels of a picture, whose light and sharpness are judged. */
  readonly pixelsOf: (scene: readonly ShownFace[]) => Pixels;
  /** Score of the anti-spoof model. A face is bona fide from 0.5 on; defaults to 1. */
  readonly spoofScore?: number;
  /** Defaults to an empty store. Kits that share one are like several tabs. */
  readonly memory?: MemoryStore;
}

export type SimulatedKit = ReturnType<typeof createSimulatedKit>;

/** Creates the context of a call. */
export const callContext = (): CallContext => ({
  signal: new AbortController().signal,
  owner: null,
  onProgress: () => undefined,
});

/** Creates a kit. The camera shows what is in `scene`; the other fields record what happens. */
export function createSimulatedKit({
  current,
  older,
  graceMs,
  pixelsOf,
  spoofScore = 1,
  memory = createMemoryStore(),
}: SimulationSettings) {
  const kit = {
    scene: [] as readonly ShownFace[],
    /** The profiles that have enough templates, each with the number of those that do not. */
    migrated: [] as string[],
    /** Older spaces without templates. */
    ended: [] as string[],
    /** Attempts to load older models. */
    loads: [] as string[],
    /** Number of older models that were released. */
    closed: 0,
    /** Error that makes loading fail. */
    failure: null as Error | null,
    /** Embeddings made: the space, and the number of views. */
    views: [] as string[],
  };
  const { store } = memory;

  /** Returns the face whose first landmark is nearest to these landmarks. */
  function faceAt([point]: readonly Point[]): ShownFace | undefined {
    const distanceTo = ({ landmarks: [first] }: ShownFace) =>
      point && first ? Math.hypot(first.x - point.x, first.y - point.y) : Infinity;
    return kit.scene.toSorted((a, b) => distanceTo(a) - distanceTo(b))[0];
  }

  /** Completes a space. Each has its own landmarker, because a kit locates the landmarks again for other models. */
  function spaceOf({ embedder, ...statistics }: SimulatedSpace): Space {
    const landmarker: FaceLandmarker = {
      locate(_pixels, { box }) {
        const found = kit.scene.find((face) => face.box.x === box.x && face.box.y === box.y);
        return Promise.resolve(found?.views[embedder.space] ? [...found.landmarks] : null);
      },
      follow: (_pixels, points) => Promise.resolve([...points]),
    };
    const embed: FaceEmbedder['embed'] = (_pixels, landmarks, count) => {
      kit.views.push(`${embedder.space} ${count}`);
      return Promise.resolve([...(faceAt(landmarks)?.views[embedder.space] ?? [])].slice(0, count));
    };
    return { ...statistics, landmarker, embedder: { ...embedder, embed } };
  }

  const own = spaceOf(current);
  const { space } = own.embedder;
  const known = new Map([current, ...older].map(({ embedder }) => [embedder.space, embedder.dimension]));
  const loaded = createLoadedCollections(store, own.embedder);
  const spaces = createSpaces({
    current: space,
    store,
    known,
    load(name): Promise<LoadedSpace> {
      kit.loads.push(name);
      const wanted = older.find(({ embedder }) => embedder.space === name);
      if (kit.failure || !wanted) return Promise.reject(kit.failure ?? new Error(`no ${name}`));
      const close = () => {
        kit.closed++;
        return Promise.resolve();
      };
      return Promise.resolve({ ...spaceOf(wanted), close });
    },
    enabled: graceMs !== null,
    onGone(gone) {
      loaded.drop(gone);
      kit.ended.push(gone);
    },
  });
  const onMigrated = ({ profileId, left }: { profileId: string; left: number }) => {
    kit.migrated.push(`${profileId} ${left}`);
  };
  const migration = createMigration({ current: own, spaces, store, graceMs, onMigrated });
  const trainer = createTrainer({
    store,
    loaded,
    current: own,
    older: () => spaces.older(),
    locks: {
      run: (_id, _signal, work) => work(),
      tryRun: () => Promise.resolve(false),
      held: () => Promise.resolve(new Set()),
    },
    auto: false,
    announce: () => undefined,
  });
  const antispoof: FaceAntispoof = {
    modelId: 'model',
    calibration: { origin: 'simulation', threshold: 0.5 },
    minFaceSizePx: 45,
    check: () => Promise.resolve(spoofScore),
  };
  const unused = () => Promise.reject(new Error('The simulation has no backup.'));
  const { operations: engine, purge } = createEngine({
    detector: {
      sizes: [128, 192, 256, 384, 512],
      defaultMinScore: 0.6,
      detect: () => Promise.resolve(kit.scene.map(({ box }) => ({ box, score: 0.9, roll: 0 }))),
    },
    landmarker: own.landmarker,
    embedder: own.embedder,
    scoring: own.scoring,
    loadAntispoof: () => Promise.resolve(antispoof),
    loadEyes: null,
    store,
    spaces,
    migration,
    knownSpaces: known,
    loaded,
    trainer,
    trainingNow: () => Promise.resolve(new Set<string>()),
    enrollAlone: (_signal, work) => work(),
    backup: { seal: unused, open: unused },
    onUnlock: () => undefined,
    onImageClosed: () => undefined,
    readPixels: () => pixelsOf(kit.scene),
    judgeStructure: () => ({ occlusion: 0, faceLikeness: 1 }),
    describeRuntime: () => Promise.resolve({ live: {} } as never),
  });
  memory.listeners.push(purge);

  /** Returns a photo of the scene. */
  function frame(): Frame {
    const { width, height } = pixelsOf(kit.scene);
    const bitmap = { width, height, close: () => undefined };
    return { bitmap, sourceWidth: width, sourceHeight: height, mode: 'photo' };
  }

  return Object.assign(kit, {
    engine,
    purge,
    memory,
    migration,
    loaded,
    frame,
    face: (): FaceFrame => ({ frame: frame(), face: 'largest' }),
    async identify(...scene: readonly ShownFace[]): Promise<readonly IdentifiedFace[]> {
      kit.scene = scene;
      return (await engine.identify(callContext(), frame(), 'home', {})).faces;
    },
    /** Trains the collection. */
    train: () => engine.train(callContext(), 'home'),
  });
}
