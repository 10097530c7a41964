/** The worker's entry: puts the parts together and answers the page. The only `Comlink.expose`. */
import * as Comlink from 'comlink';
import { InfaceError, toWire } from '../api/errors.js';
import { netsOf, type FaceAntispoof } from '../models/antispoof.js';
import { createAdapter, type ModelEntry } from '../models/families.js';
import { findModel, parseManifest } from '../models/manifest.js';
import type { AntispoofEntry } from '../models/antispoof.js';
import { parseBackground, sampleBackground } from '../recognition/background.js';
import { COHORT_SEED, COHORT_SIZE, createScoring } from '../recognition/scoring.js';
import type { RecordsChange } from '../api/events.js';
import type { LoadProgress } from '../api/runtime.js';
import type { FaceFrame, Frame, KitEvent, Reply, WorkerApi, WorkerConfig, WorkerNotice } from '../wire/worker.js';
import { openBackup, sealBackup } from './store/backup.js';
import { createEngine, type CallContext, type Engine } from './use-cases/engine.js';
import type { StoreChange } from './ports/face-store.js';
import { dropOtherFiles, loadJson, openAssets, type AssetFile } from './platform/files.js';
import { createMeansReader } from './use-cases/means.js';
import { createPixelReader } from './platform/pixels.js';
import { createPressureWatch, estimateStorage } from './platform/pressure.js';
import { chooseBackend, createRuntime } from './platform/session.js';
import { createStore } from './store/store.js';
import { createTrainingLocks, openTabs, type TabMessage } from './platform/tabs.js';
import { createTrainer } from './use-cases/training.js';

interface Running {
  readonly engine: Engine;
  close(): Promise<void>;
}

let running: Running | null = null;
let notify: (notice: WorkerNotice) => void = () => undefined;
/** Calls that were not answered yet, by id. */
const calls = new Map<number, AbortController>();
/** Bitmaps of calls that were not answered yet. */
let liveFrames = 0;

const emit = (event: KitEvent) => notify({ kind: 'event', event });

async function start(config: WorkerConfig, signal: AbortSignal): Promise<Running> {
  const backend = await chooseBackend(config.backend, config.threads);
  const manifest = parseManifest(await loadJson(config.assetsUrl, 'models/manifest.json', signal));
  const precision = config.embedder === 'auto' ? (backend.backend === 'webgpu' ? 'lossless' : 'int8') : config.embedder;
  const detector = findModel(manifest, 'detector');
  const landmarker = findModel(manifest, 'landmarker');
  const embedder = findModel(manifest, 'embedder', (entry) => entry.precision === precision);
  const models: readonly ModelEntry[] = [detector, landmarker, embedder];

  const assetFile = ({ file, bytes, sha256 }: Pick<ModelEntry, 'file' | 'bytes' | 'sha256'>): AssetFile => ({
    path: `models/${file}`,
    bytes,
    sha256,
  });
  const backgroundFile = embedder.background ? assetFile(embedder.background) : null;
  const files = [backend.wasm, ...(backgroundFile ? [backgroundFile] : []), ...models.map(assetFile)];
  const onProgress = (progress: LoadProgress) => notify({ kind: 'load', progress });
  const assets = openAssets(config.assetsUrl, files, onProgress, signal);
  const wasm = assets.compile(backend.wasm);
  const runtime = createRuntime(config.assetsUrl, backend, wasm, () => {
    emit({ name: 'backend', detail: { backend: runtime.backend, note: runtime.note } });
  });
  const run = async (entry: ModelEntry) =>
    runtime.addModel(entry.id, await assets.load(assetFile(entry)), entry.optimised);
  const antispoof = manifest.models.some(({ role }) => role === 'antispoof') ? findModel(manifest, 'antispoof') : null;
  const later = antispoof ? netsOf(antispoof).map(assetFile) : [];
  // Each model is set up as soon as it is there, while others are on their way.
  const [detect, locate, embed, background] = await Promise.all([
    run(detector).then((ready) => createAdapter(detector, ready)),
    run(landmarker).then((ready) => createAdapter(landmarker, ready)),
    run(embedder).then((ready) => createAdapter(embedder, ready)),
    backgroundFile && assets.load(backgroundFile).then((bytes) => parseBackground(bytes, embedder.dimension)),
    wasm,
  ]);
  await assets.stored();
  // Not waited for: what it does not get to is dropped at the next start.
  void dropOtherFiles(config.assetsUrl, [...files, ...later]);

  // A page without this check does not need its files, so they come when it is first asked for.
  const closing = new AbortController();
  let antispoofLoad: Promise<FaceAntispoof> | null = null;
  const loadAntispoof = (entry: AntispoofEntry): Promise<FaceAntispoof> => {
    antispoofLoad ??= (async () => {
      const nets = openAssets(config.assetsUrl, later, () => undefined, closing.signal);
      const runs = later.map(async (file, i) => runtime.addModel(`${entry.id} ${i}`, await nets.load(file)));
      return createAdapter(entry, await Promise.all(runs));
    })().catch((error: unknown) => {
      // The next call tries again.
      antispoofLoad = null;
      throw error;
    });
    return antispoofLoad;
  };

  const cohort = background && (() => sampleBackground(background, COHORT_SIZE, COHORT_SEED, 'cohort'));
  const scoring = createScoring(embedder.dimension, cohort);

  // From here on nothing is waited for: a message of another tab finds everything in its place.
  const tabs = openTabs(config.database, onMessage);
  const watchStorage = createPressureWatch(estimateStorage, Date.now, (use) => {
    emit({ name: 'storage-pressure', detail: use });
  });
  const store = createStore(config.database, { audit: config.audit, onChange });
  const locks = createTrainingLocks(config.database);
  const means = createMeansReader(store, embed);
  const trainer = createTrainer({
    store,
    means,
    embedder: embed,
    scoring,
    background,
    locks,
    auto: config.autoTrain,
    announce({ progress, ...news }) {
      // Others learn of states; the progress between them is this kit's own.
      if (progress === null || progress.done === 0) tabs.post({ kind: 'classifier', ...news });
      emit({ name: 'classifier', detail: { ...news, progress } });
    },
  });

  function onChange(change: StoreChange): void {
    tabs.post({ kind: 'change', change });
    deliver(change, 'this-kit');
    watchStorage().catch(() => undefined);
  }

  function onMessage(message: TabMessage): void {
    if (message.kind === 'change') {
      if (message.change.vault === 'locked') store.forgetKey();
      deliver(message.change, 'other');
      return;
    }
    const { collectionId, state, error } = message;
    emit({ name: 'classifier', detail: { collectionId, state, progress: null, error } });
    if (state === 'stale') trainer.schedule(collectionId, false);
  }

  function deliver(change: StoreChange, origin: RecordsChange['origin']): void {
    if (change.vault) {
      engine.forgetSecrets();
      tellVault().catch(() => undefined);
    }
    if (change.profiles) emit({ name: 'profiles', detail: { ...change.profiles, origin } });
    if (change.collections) emit({ name: 'collections', detail: { ...change.collections, origin } });
    for (const { collectionId, state } of change.classifiers ?? []) {
      emit({ name: 'classifier', detail: { collectionId, state, progress: null, error: null } });
      if (state !== 'trained') trainer.schedule(collectionId, origin === 'this-kit');
    }
  }

  async function tellVault(): Promise<void> {
    emit({ name: 'vault', detail: await store.vaultStatus() });
  }

  const engine = createEngine({
    detector: detect,
    landmarker: locate,
    embedder: embed,
    scoring,
    loadAntispoof: antispoof && (() => loadAntispoof(antispoof)),
    store,
    means,
    trainer,
    trainingNow: () => locks.held(),
    backup: { seal: sealBackup, open: openBackup },
    onUnlock: () => void tellVault().catch(() => undefined),
    readPixels: createPixelReader(),
    async describeRuntime() {
      return {
        version: __INFACE_VERSION__,
        backend: runtime.backend,
        backendNote: runtime.note,
        threads: runtime.threads,
        models: [...models, ...(antispoof ? [antispoof] : [])].map(({ id, role, bytes, sha256 }) => ({
          id,
          role,
          bytes,
          sha256,
        })),
        storage: await estimateStorage(),
        live: { frames: liveFrames, sessions: runtime.sessionCount },
      };
    },
  });
  // What no tab lived to train. A database that cannot be opened says so to whoever calls first.
  trainer.resume().catch(() => undefined);
  return {
    engine,
    async close() {
      closing.abort();
      trainer.close();
      tabs.close();
      await runtime.close();
      await store.close();
    },
  };
}

/** Runs one call under its id and answers with a value, whatever happens. */
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
      onTrainProgress: (progress) => notify({ kind: 'train', callId, progress }),
    });
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  } finally {
    calls.delete(callId);
  }
}

/** The bitmaps among the arguments of a call. */
function framesIn(args: readonly unknown[]): Frame[] {
  return args.flat().flatMap((arg) => {
    if (typeof arg !== 'object' || arg === null) return [];
    if ('bitmap' in arg) return [arg as Frame];
    return 'frame' in arg ? [(arg as FaceFrame).frame] : [];
  });
}

const api: WorkerApi = {
  hello: (lifeLock) =>
    new Promise((resolve) => {
      const held = () => {
        resolve(__INFACE_VERSION__);
        return new Promise(() => undefined);
      };
      // Absent on plain http pages: the worker's error events are then the only sign of its end.
      const locks = (navigator as { locks?: LockManager }).locks;
      if (locks) void locks.request(lifeLock, held);
      else void held();
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
        // The link between K and its arguments, which the compiler does not follow through an index.
        const run = running.engine.operations[operation] as (...values: unknown[]) => Promise<never>;
        return run(context, ...args);
      });
    } finally {
      // Closed by the engine once read; a call that failed before has not come that far.
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

Comlink.expose(api);
