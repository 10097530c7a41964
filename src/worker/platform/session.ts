/** The inference runtime. The only module that knows onnxruntime-web. */
import * as ort from 'onnxruntime-web/webgpu';
import { InfaceError } from '../../api/errors.js';
import type { Run } from '../../models/run.js';
import type { Backend } from '../../api/runtime.js';
import type { AssetFile } from './files.js';

/** What was decided before anything is loaded. */
export interface BackendChoice {
  readonly backend: Backend;
  /** Why it is not the preferred one, or `null`. */
  readonly note: string | null;
  readonly threads: number;
  /** The runtime's wasm binary, to be loaded along with the models. */
  readonly wasm: AssetFile;
}

/** Models in memory, run one at a time. */
export interface Runtime {
  /** Changes from `webgpu` to `wasm` when the GPU is lost. */
  readonly backend: Backend;
  readonly note: string | null;
  readonly threads: number;
  /** Number of live sessions. */
  readonly sessionCount: number;
  /**
   * @param optimized see the manifest
   * @throws InfaceError `MODEL_LOAD_FAILED` when the file is no model that the runtime can read
   */
  addModel(id: string, bytes: Uint8Array, optimized?: boolean): Promise<Run>;
  /** Waits for the current run and releases all sessions. Later runs reject with `CLOSED`. */
  close(): Promise<void>;
}

/** How long a failed run waits for the news that the GPU is gone. */
const LOSS_GRACE_MS = 100;

/** More threads than this do not make such small nets faster, they only take cores from the page. */
const MAX_AUTO_THREADS = 4;

/**
 * Chooses the backend. WebGPU is probed first, because onnxruntime would fetch its 27 MB before it found no adapter.
 * @throws InfaceError `BACKEND_UNAVAILABLE` when `webgpu` was asked for and there is no adapter
 */
export async function chooseBackend(wanted: 'auto' | Backend, threads: 'auto' | number): Promise<BackendChoice> {
  const isolated = crossOriginIsolated;
  const wantedThreads =
    threads === 'auto' ? Math.min(MAX_AUTO_THREADS, Math.ceil(navigator.hardwareConcurrency / 2)) : threads;
  const count = isolated ? wantedThreads : 1;
  const threadNote =
    wantedThreads > count
      ? 'The page is not cross-origin isolated (COOP and COEP headers), so wasm has one thread.'
      : null;
  if (wanted === 'wasm') return choice('wasm', threadNote, count);

  const adapter = await requestAdapter();
  if (wanted === 'webgpu') {
    if (adapter) return choice('webgpu', null, count);
    throw new InfaceError(
      'BACKEND_UNAVAILABLE',
      "WebGPU was asked for and this browser offers no adapter. Use backend 'auto' or 'wasm'.",
    );
  }
  // A software adapter is slower than wasm.
  if (adapter && !adapter.info.isFallbackAdapter) return choice('webgpu', null, count);
  const reason = adapter ? 'WebGPU runs on the CPU here' : 'No WebGPU adapter was found';
  return choice('wasm', [`${reason}, so wasm is used.`, threadNote].filter(Boolean).join(' '), count);
}

function choice(backend: Backend, note: string | null, threads: number): BackendChoice {
  return { backend, note, threads, wasm: __ORT_FILES__[backend].wasm };
}

/** The part of WebGPU that is needed here; TypeScript's worker library does not have it yet. */
interface GpuAdapter {
  readonly info: { readonly isFallbackAdapter?: boolean };
}

async function requestAdapter(): Promise<GpuAdapter | null> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<GpuAdapter | null> } };
  try {
    return (await gpu?.requestAdapter()) ?? null;
  } catch {
    return null;
  }
}

/** What the loader script of tools/runtime.ts offers beside onnxruntime's own. */
interface OrtLoader {
  readonly use: (wasm: WebAssembly.Module) => void;
}

interface Slot {
  readonly id: string;
  readonly optimized: boolean;
  /** Kept where the session may have to be built again. */
  readonly bytes: Uint8Array | null;
  session: ort.InferenceSession;
}

/**
 * Sets onnxruntime up, which it allows once per worker.
 * @param wasm what `choice.wasm` compiles to; what goes wrong with it is told by whoever adds a model
 * @param onFallback called when the GPU was lost and all models are on wasm
 */
export function createRuntime(
  assetsUrl: string,
  chosen: BackendChoice,
  wasm: Promise<WebAssembly.Module>,
  onFallback: () => void,
): Runtime {
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = chosen.threads;
  const loaderUrl = new URL(__ORT_FILES__[chosen.backend].script, assetsUrl).href;
  ort.env.wasm.wasmPaths = { mjs: loaderUrl };
  const loaded = (async () => {
    // The very script that onnxruntime imports when it makes its first session.
    const loader = (await import(/* @vite-ignore */ /* webpackIgnore: true */ loaderUrl)) as OrtLoader;
    loader.use(await wasm);
  })();
  loaded.catch(() => undefined);

  const slots: Slot[] = [];
  let { backend, note } = chosen;
  let closed = false;
  /** Rejects when the GPU is gone; never resolves. Known once the first session made the device. */
  let deviceLost: Promise<never> | null = null;

  async function createSession(id: string, optimized: boolean, bytes: Uint8Array): Promise<ort.InferenceSession> {
    try {
      await loaded;
      return await ort.InferenceSession.create(bytes, {
        executionProviders: [backend],
        graphOptimizationLevel: optimized && backend === 'wasm' ? 'disabled' : 'all',
        // The int8 embedder and some shape arithmetic stay on the CPU under WebGPU; that is intended and not worth a warning.
        logSeverityLevel: 3,
      });
    } catch (cause) {
      throw describe(cause, 'MODEL_LOAD_FAILED', `Model '${id}' cannot be used on ${backend}`);
    }
  }

  async function watchDevice(): Promise<void> {
    if (backend !== 'webgpu' || deviceLost) return;
    const device = (await ort.env.webgpu.device) as unknown as {
      readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
    };
    deviceLost = device.lost.then(({ reason, message }) => {
      throw new InfaceError('DEVICE_LOST', `The GPU was lost (${reason || 'unknown reason'}): ${message}`);
    });
    // Between two runs nobody waits for it.
    deviceLost.catch(() => undefined);
  }

  /** Rebuilds every session on wasm. What the lost ones still hold is freed with the worker. */
  async function fallBack(error: InfaceError): Promise<void> {
    backend = 'wasm';
    note = `${error.message} Continued on wasm.`;
    deviceLost = null;
    for (const slot of slots) {
      await slot.session.release().catch(() => undefined);
      if (slot.bytes) slot.session = await createSession(slot.id, slot.optimized, slot.bytes);
    }
    onFallback();
  }

  async function runOnce(slot: Slot, feeds: Parameters<Run>[0]): ReturnType<Run> {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, dims }]) => [name, new ort.Tensor('float32', data, dims)]),
    );
    const running = slot.session.run(inputs);
    // When the device goes first, nobody hears how the run ended.
    running.catch(() => undefined);
    const outputs = await (deviceLost ? Promise.race([running, deviceLost]) : running);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]),
    );
  }

  async function run(slot: Slot, feeds: Parameters<Run>[0]): ReturnType<Run> {
    if (closed) throw new InfaceError('CLOSED', 'The kit was closed. Create a new one with createFaceKit().');
    try {
      return await runOnce(slot, feeds);
    } catch (error) {
      const lost = await lossOf(deviceLost);
      if (!lost) throw describe(error, 'INFERENCE_FAILED', `Model '${slot.id}' failed`);
      try {
        await fallBack(lost);
        return await runOnce(slot, feeds);
      } catch (cause) {
        throw describe(cause, 'DEVICE_LOST', `${lost.message} Going on with wasm failed, too`);
      }
    }
  }

  // onnxruntime runs one session at a time. The link before may have failed: that is its caller's affair.
  let queue: Promise<unknown> = Promise.resolve();
  function enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task);
    queue = result.catch(() => undefined);
    return result;
  }

  const takeTurn = createTurns();

  return {
    get backend() {
      return backend;
    },
    get note() {
      return note;
    },
    threads: chosen.threads,
    get sessionCount() {
      return slots.length;
    },
    async addModel(id, bytes, optimized = false) {
      const slot = await enqueue(async () => {
        const session = await createSession(id, optimized, bytes);
        const created: Slot = { id, optimized, bytes: backend === 'webgpu' ? bytes : null, session };
        await watchDevice();
        slots.push(created);
        return created;
      });
      return (feeds) =>
        enqueue(async () => {
          await takeTurn();
          return run(slot, feeds);
        });
    },
    close() {
      return enqueue(async () => {
        closed = true;
        for (const slot of slots.splice(0)) await slot.session.release();
      });
    },
  };
}

/**
 * Creates a function that waits for one turn of the event loop; calls must not overlap.
 * Awaits between wasm runs are microtasks, so without it the worker receives no abort until a whole call has ended.
 * A message is used because nested timers are delayed by 4 ms.
 */
function createTurns(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = () => {
        resolve();
      };
      port2.postMessage(null);
    });
}

/** The loss of the device, if that is why a run failed. The run may fail a moment before the loss is told. */
async function lossOf(deviceLost: Promise<never> | null): Promise<InfaceError | null> {
  if (!deviceLost) return null;
  try {
    return await Promise.race([deviceLost, new Promise<null>((resolve) => setTimeout(resolve, LOSS_GRACE_MS, null))]);
  } catch (error) {
    return error as InfaceError;
  }
}

/** A trap inside wasm leaves its memory in an unknown state: the worker has to end, and the page starts another. */
function describe(error: unknown, code: 'MODEL_LOAD_FAILED' | 'INFERENCE_FAILED' | 'DEVICE_LOST', what: string) {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const trapped = error instanceof WebAssembly.RuntimeError;
  return new InfaceError(trapped ? 'WORKER_CRASHED' : code, `${what}: ${reason}`, { cause: error });
}
