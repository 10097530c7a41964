/** Connects the parts of the worker and handles calls from the page. The only module that calls `Comlink.expose`. */
import * as Comlink from 'comlink';
import { InfaceError, toWire } from '../api/errors.js';
import type { KitEvents } from '../api/events.js';
import type { LoadProgress } from '../api/runtime.js';
import { sampleBackground } from '../recognition/background.js';
import { COHORT_SEED, COHORT_SIZE, createScoring, type Scoring } from '../recognition/scoring.js';
import { judgeStructure } from '../vision/structure.js';
import type {
  FaceFrame,
  Frame,
  KitEvent,
  Reply,
  WireImage,
  WorkerApi,
  WorkerConfig,
  WorkerNotice,
} from '../wire/worker.js';
import { loadModels, type LoadedModels } from './models.js';
import { createNews } from './news.js';
import { describeBrowser } from './platform/browser.js';
import { runAsThread } from './platform/ort-loaders.js';
import { openLocks } from './platform/locks.js';
import { createPixelReader } from './platform/pixels.js';
import { createPressureWatch, estimateStorage } from './platform/pressure.js';
import { createEnrollmentLock, createTrainingLocks, openTabs } from './platform/tabs.js';
import { openBackup, sealBackup } from './store/backup.js';
import { createStore } from './store/store.js';
import { createEngine, type Engine } from './use-cases/engine.js';
import type { CallContext } from './use-cases/operations.js';
import { createLoadedCollections } from './use-cases/loaded-collections.js';
import { createMigration } from './use-cases/migration.js';
import { createSpaces } from './use-cases/spaces.js';
import { createTrainer } from './use-cases/training.js';

interface Running {
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Time between two searches for old templates whose grace period is over. */
const SWEEP_EVERY_MS = 3_600_000;

let running: Running | null = null;
let notify: (notice: WorkerNotice) => void = () => undefined;
/** Controllers of the pending calls, by id. */
const calls = new Map<number, AbortController>();
/** Number of bitmaps that belong to pending calls. */
let liveFrames = 0;

const emit = (event: KitEvent) => notify({ kind: 'event', event });

/** Creates the scoring of an embedding space. */
function scoringOf({
  embedder,
  background,
  cohort,
}: Pick<LoadedModels, 'embedder' | 'background' | 'cohort'>): Scoring {
  const draw = cohort && background ? () => sampleBackground(background, COHORT_SIZE, COHORT_SEED, 'cohort') : null;
  return createScoring(embedder.dimension, draw);
}

async function start(config: WorkerConfig, signal: AbortSignal): Promise<Running> {
  const listeners = {
    onProgress: (progress: LoadProgress) => notify({ kind: 'load', progress }),
    onBackend: (detail: KitEvents['backend']) => emit({ name: 'backend', detail }),
  };
  const [models, { locks, isDenied }] = await Promise.all([loadModels(config, listeners, signal), openLocks()]);
  const { detector, landmarker, embedder, loadAntispoof, loadEyes } = models;
  const current = { ...models, scoring: scoringOf(models) };
  const { scoring } = current;

  /** The id that the page has. It gets changes only, so that the events of a write do not wait behind it. */
  let keptId: string | null | undefined;
  // Do not await anything below, so that no message from another tab arrives before all parts exist.
  const news = createNews({
    emit,
    post: (message) => tabs.post(message),
    watchStorage: createPressureWatch(estimateStorage, Date.now, (use) => {
      emit({ name: 'storage-pressure', detail: use });
    }),
    vaultStatus: () => store.vaultStatus(),
    purge(change) {
      // Another tab may have erased everything, and with it what the page keeps.
      if (change.vault) keptId = undefined;
      engine.purge(change);
    },
    schedule: (collectionId, isOurs) => trainer.schedule(collectionId, isOurs),
  });
  const tabs = openTabs(config.database, news.onMessage);
  const store = createStore(config.database, {
    audit: config.audit,
    onChange: news.onChange,
    mark: {
      known: config.storeId,
      keep(storeId) {
        if (storeId === keptId) return;
        keptId = storeId;
        notify({ kind: 'store', storeId });
      },
      onLost: () => news.onLost(config.database),
    },
    locks,
    inMemory: isDenied,
  });
  const trainingLocks = createTrainingLocks(config.database, locks);
  const loaded = createLoadedCollections(store, embedder);
  const graceMs = config.migrateGraceMs;
  const spaces = createSpaces({
    current: embedder.space,
    store,
    known: models.spaces,
    async load(space) {
      const older = await models.loadSpace(space);
      return { ...older, scoring: scoringOf(older) };
    },
    enabled: graceMs !== null,
    onGone(space) {
      loaded.drop(space);
      emit({ name: 'migration-end', detail: { space } });
    },
  });
  const onMigrated = (detail: KitEvents['migrated']) => {
    emit({ name: 'migrated', detail });
  };
  const migration = createMigration({ current, spaces, store, graceMs, onMigrated });
  const trainer = createTrainer({
    store,
    loaded,
    current,
    older: () => spaces.older(),
    locks: trainingLocks,
    auto: config.autoTrain,
    announce: news.onTraining,
  });
  const engine = createEngine({
    detector,
    landmarker,
    embedder,
    scoring,
    loadAntispoof,
    loadEyes,
    store,
    spaces,
    migration,
    knownSpaces: models.spaces,
    loaded,
    trainer,
    trainingNow: () => trainingLocks.held(),
    enrollAlone: createEnrollmentLock(config.database, locks),
    backup: { seal: sealBackup, open: openBackup },
    onUnlock: news.onUnlock,
    onImageClosed: (id) => {
      emit({ name: 'image-closed', detail: { id } });
    },
    readPixels: createPixelReader(),
    judgeStructure,
    describeRuntime: async () => ({
      ...(await describeBrowser()),
      version: __INFACE_VERSION__,
      ...models.describe(),
      storage: isDenied ? 'none' : 'indexeddb',
      live: { frames: liveFrames, sessions: models.sessionCount() },
    }),
  });
  // Resume trainings that another tab left unfinished. If the database cannot be opened, the first call reports it.
  trainer.resume().catch(() => undefined);
  // Likewise, load the models of older templates before the first face, and delete those whose time is over.
  const sweep = () => void migration.sweep().catch(() => undefined);
  sweep();
  const sweeping = setInterval(sweep, SWEEP_EVERY_MS);
  return {
    engine,
    async close() {
      clearInterval(sweeping);
      trainer.close();
      tabs.close();
      await models.close();
      await store.close();
    },
  };
}

/** Runs a call and makes it abortable by its id. Never rejects: errors become values. */
async function answer<T>(
  callId: number,
  owner: string | null,
  work: (context: CallContext) => Promise<T>,
): Promise<Reply<T>> {
  const controller = new AbortController();
  calls.set(callId, controller);
  try {
    const value = await work({
      signal: controller.signal,
      owner,
      onProgress: (progress) => notify({ kind: 'progress', callId, progress }),
    });
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  } finally {
    calls.delete(callId);
  }
}

/** Returns the frames among the arguments of a call. */
function framesIn(args: readonly unknown[]): Frame[] {
  return args.flat().flatMap((arg) => {
    if (typeof arg !== 'object' || arg === null) return [];
    const image = 'frame' in arg ? (arg as FaceFrame).frame : (arg as WireImage);
    return 'bitmap' in image ? [image] : [];
  });
}

const api: WorkerApi = {
  hello: (lifeLock) =>
    new Promise((resolve) => {
      const held = () => {
        resolve(__INFACE_VERSION__);
        return new Promise(() => undefined);
      };
      // Locks are denied where storage is. There, only error events show that the worker ended.
      navigator.locks.request(lifeLock, held).catch(held);
    }),

  start: (callId, config, onNotice) =>
    answer(callId, null, async ({ signal }) => {
      notify = onNotice;
      running = await start(config, signal);
    }),

  async call(callId, owner, operation, args) {
    const frames = framesIn(args);
    liveFrames += frames.length;
    try {
      return await answer(callId, owner, (context) => {
        if (!running) throw new InfaceError('CLOSED', 'The worker was not started.');
        // TypeScript cannot relate the indexed operation to its arguments, so it needs a cast.
        const run = running.engine.operations[operation] as (...values: unknown[]) => Promise<never>;
        return run(context, ...args);
      });
    } finally {
      // The engine closes each bitmap after reading it. Close those of a call that failed earlier.
      for (const frame of frames) frame.bitmap.close();
      liveFrames -= frames.length;
    }
  },

  abort(callId) {
    calls.get(callId)?.abort();
  },

  close: () =>
    answer(-1, null, async () => {
      for (const controller of calls.values()) controller.abort();
      await running?.close();
      running = null;
    }),
};

if (!runAsThread()) Comlink.expose(api);
