/** The worker's entry: puts the parts together and answers the page. The only `Comlink.expose`. */
import * as Comlink from 'comlink';
import { InfaceError, toWire } from '../errors.js';
import { createBlazeFace } from '../models/detector.js';
import { createDlibEmbedder } from '../models/embedder.js';
import { createFaceLandmark68 } from '../models/landmarker.js';
import { findModel, parseManifest, type ModelEntry } from '../models/manifest.js';
import type { FaceFrame, Frame, Reply, WorkerApi, WorkerConfig, WorkerNotice } from '../wire.js';
import { createEngine, type CallContext, type Engine } from './engine.js';
import { loadFiles, loadJson, type AssetFile } from './files.js';
import { readPixels } from './pixels.js';
import { chooseBackend, createRuntime } from './session.js';
import { createStore } from './store.js';

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

async function start(config: WorkerConfig, signal: AbortSignal): Promise<Running> {
  const store = createStore(config.database);
  const backend = await chooseBackend(config.backend, config.threads);
  const manifest = parseManifest(await loadJson(config.assetsUrl, 'models/manifest.json', signal));
  const precision = config.embedder === 'auto' ? (backend.backend === 'webgpu' ? 'lossless' : 'int8') : config.embedder;
  const detector = findModel(manifest, 'detector');
  const landmarker = findModel(manifest, 'landmarker');
  const embedder = findModel(manifest, 'embedder', (entry) => entry.precision === precision);
  const models: readonly ModelEntry[] = [detector, landmarker, embedder];

  const modelFile = (entry: ModelEntry): AssetFile => ({
    path: `models/${entry.file}`,
    bytes: entry.bytes,
    sha256: entry.sha256,
  });
  const content = await loadFiles(
    config.assetsUrl,
    [backend.wasm, ...models.map(modelFile)],
    (progress) => notify({ kind: 'load', progress }),
    signal,
  );
  // Taken out, so that 20 MB of files do not stay in memory beside what was made of them.
  const take = ({ path }: AssetFile) => {
    const bytes = content.get(path) as Uint8Array<ArrayBuffer>;
    content.delete(path);
    return bytes;
  };
  const runtime = createRuntime(config.assetsUrl, backend, take(backend.wasm));
  const run = (entry: ModelEntry) => runtime.addModel(entry.id, take(modelFile(entry)));

  const engine = createEngine({
    detector: createBlazeFace(detector, await run(detector)),
    landmarker: createFaceLandmark68(landmarker, await run(landmarker)),
    embedder: createDlibEmbedder(embedder, await run(embedder)),
    antispoof: null,
    store,
    readPixels,
    async describeRuntime() {
      const { usage, quota } = await navigator.storage.estimate().catch(() => ({ usage: undefined, quota: undefined }));
      return {
        version: __INFACE_VERSION__,
        backend: runtime.backend,
        backendNote: runtime.note,
        threads: runtime.threads,
        models: models.map(({ id, role, bytes, sha256 }) => ({ id, role, bytes, sha256 })),
        storage: usage === undefined || quota === undefined ? null : { usageBytes: usage, quotaBytes: quota },
        live: { frames: liveFrames, sessions: runtime.sessionCount },
      };
    },
  });
  return {
    engine,
    async close() {
      await runtime.close();
      await store.close();
    },
  };
}

/** Runs one call under its id and answers with a value, whatever happens. */
async function answer<T>(callId: number, work: (context: CallContext) => Promise<T>): Promise<Reply<T>> {
  const controller = new AbortController();
  calls.set(callId, controller);
  try {
    const value = await work({
      signal: controller.signal,
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
    answer(callId, async ({ signal }) => {
      notify = onNotice;
      running = await start(config, signal);
    }),

  async call(callId, operation, args) {
    const frames = framesIn(args);
    liveFrames += frames.length;
    try {
      return await answer(callId, (context) => {
        if (!running) throw new InfaceError('CLOSED', 'The worker was not started.');
        // The link between K and its arguments, which the compiler does not follow through an index.
        const run = running.engine[operation] as (...values: unknown[]) => Promise<never>;
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
    answer(-1, async () => {
      for (const controller of calls.values()) controller.abort();
      await running?.close();
      running = null;
    }),
};

Comlink.expose(api);
