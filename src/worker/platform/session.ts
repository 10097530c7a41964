/** Runs models with onnxruntime-web. No other module but `ort-loaders.ts` imports it. */
import * as ort from 'onnxruntime-web/webgpu';
import { InfaceError } from '../../api/errors.js';
import type { Run } from '../../models/run.js';
import type { Backend } from '../../api/runtime.js';
import { keepMachineCode, useBinary } from './ort-loaders.js';

/** The backend, chosen before anything is downloaded. */
export interface BackendChoice {
  readonly backend: Backend;
  /** Reason why the backend or its number of threads is not the preferred one, or `null`. */
  readonly note: string | null;
  readonly threads: number;
}

/** Holds models in memory and runs them one at a time. */
export interface Runtime {
  /** Changes from `webgpu` to `wasm` when the GPU is lost. */
  readonly backend: Backend;
  readonly note: string | null;
  readonly threads: number;
  /** Number of live sessions. */
  readonly sessionCount: number;
  /**
   * @param optimized the field of the manifest
   * @throws InfaceError `MODEL_LOAD_FAILED` if the runtime cannot read the file as a model
   */
  addModel(id: string, bytes: Uint8Array, optimized?: boolean): Promise<Run>;
  /** Releases the session of a model after its queued runs. */
  removeModel(run: Run): Promise<void>;
  /** Waits for queued runs and releases all sessions. Later runs reject with `CLOSED`. */
  close(): Promise<void>;
}

/** Time that a failed run waits for the loss of the GPU to be reported. */
const LOSS_GRACE_MS = 100;

/** Runs after which browsers have optimized what runs often. */
const WARM_RUNS = 50;

/** Maximum number of threads with 'auto'. More take cores from the page without speeding up such small nets. */
const MAX_AUTO_THREADS = 4;

/**
 * Chooses the backend. Probes WebGPU first, because onnxruntime would fetch its 27 MB before checking for an adapter.
 * @param served backends whose runtime is among the assets; by default both
 * @throws InfaceError `BACKEND_UNAVAILABLE` if `webgpu` was requested, and its runtime or an adapter is missing
 */
export async function chooseBackend(
  wanted: 'auto' | Backend,
  threads: 'auto' | number,
  served: readonly Backend[] = ['wasm', 'webgpu'],
): Promise<BackendChoice> {
  const wantedThreads =
    threads === 'auto' ? Math.min(MAX_AUTO_THREADS, Math.ceil(navigator.hardwareConcurrency / 2)) : threads;
  const count = hasSharedMemory() ? wantedThreads : 1;
  const obstacle = crossOriginIsolated
    ? 'This browser has no SharedArrayBuffer'
    : 'The page is not cross-origin isolated (COOP and COEP headers)';
  const threadNote = wantedThreads > count ? `${obstacle}, so wasm has one thread.` : null;
  if (wanted === 'wasm') return choice('wasm', threadNote, count);

  const adapter = await requestAdapter();
  const isServed = served.includes('webgpu');
  if (wanted === 'webgpu') {
    if (!isServed) {
      throw new InfaceError(
        'BACKEND_UNAVAILABLE',
        "WebGPU was asked for, and the assets lack its runtime. Copy them with 'npx inface assets DIR --webgpu'.",
      );
    }
    if (adapter) return choice('webgpu', null, count);
    throw new InfaceError(
      'BACKEND_UNAVAILABLE',
      "WebGPU was asked for and this browser offers no adapter. Use backend 'auto' or 'wasm'.",
    );
  }
  // A software adapter is slower than wasm.
  const isHardware = adapter && !adapter.info.isFallbackAdapter;
  if (isHardware && isServed) return choice('webgpu', null, count);
  const reason = isHardware
    ? "The assets lack the runtime for WebGPU ('npx inface assets DIR --webgpu' copies it)"
    : adapter
      ? 'WebGPU runs on the CPU here'
      : 'No WebGPU adapter was found';
  return choice('wasm', [`${reason}, so wasm is used.`, threadNote].filter(Boolean).join(' '), count);
}

/** Checks whether threads can share memory. WebKitGTK calls pages isolated that have no SharedArrayBuffer. */
export function hasSharedMemory(): boolean {
  return crossOriginIsolated && typeof SharedArrayBuffer !== 'undefined';
}

function choice(backend: Backend, note: string | null, threads: number): BackendChoice {
  return { backend, note, threads };
}

/** The part of WebGPU that is used here. TypeScript's worker library does not declare it yet. */
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

interface Slot {
  readonly id: string;
  readonly optimized: boolean;
  /** Kept on WebGPU, to rebuild the session if the GPU is lost. */
  readonly bytes: Uint8Array | null;
  session: ort.InferenceSession;
}

/**
 * Creates the runtime. Sets up onnxruntime, which can be done only once per worker.
 * @param wasm the module compiled from the binary for the backend; if it rejects, `addModel` does
 * @param onFallback called after the GPU was lost and all models were moved to wasm
 */
export function createRuntime(
  chosen: BackendChoice,
  wasm: Promise<WebAssembly.Module>,
  onFallback: () => void,
): Runtime {
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = chosen.threads;
  // The path selects a loader in `ort-loaders.ts`; nothing is loaded from it.
  ort.env.wasm.wasmPaths = { mjs: chosen.backend };
  const loaded = wasm.then(useBinary);
  loaded.catch(() => undefined);

  const slots: Slot[] = [];
  const slotOf = new WeakMap<Run, Slot>();
  let { backend, note } = chosen;
  let closed = false;
  /** Rejects when the GPU is lost; never resolves. `null` until the first session has created the device. */
  let deviceLost: Promise<never> | null = null;

  async function createSession(id: string, optimized: boolean, bytes: Uint8Array): Promise<ort.InferenceSession> {
    try {
      await loaded;
      return await ort.InferenceSession.create(bytes, {
        executionProviders: [backend],
        graphOptimizationLevel: optimized && backend === 'wasm' ? 'disabled' : 'all',
        // With WebGPU, the int8 embedder and some shape arithmetic stay on the CPU. This is intended: do not warn.
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
    // Between two runs, nothing else handles the rejection.
    deviceLost.catch(() => undefined);
  }

  /** Rebuilds every session on wasm. Memory that the lost ones still hold is freed when the worker ends. */
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
    // If the device is lost first, nothing else handles a rejection of the run.
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
        throw describe(cause, 'DEVICE_LOST', `${lost.message} Continuing on wasm failed as well`);
      }
    }
  }

  // onnxruntime runs one session at a time. A failed task rejects for its caller only; the next one still runs.
  let queue: Promise<unknown> = Promise.resolve();
  function enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task);
    queue = result.catch(() => undefined);
    return result;
  }

  const takeTurn = createTurns();
  let runs = 0;

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
      const runModel: Run = (feeds) =>
        enqueue(async () => {
          await takeTurn();
          if (++runs === WARM_RUNS) keepMachineCode();
          return run(slot, feeds);
        });
      slotOf.set(runModel, slot);
      return runModel;
    },
    removeModel(model) {
      return enqueue(async () => {
        const place = slots.findIndex((slot) => slot === slotOf.get(model));
        for (const slot of place < 0 ? [] : slots.splice(place, 1)) await slot.session.release();
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

/** Returns the loss of the device if it made a run fail, else `null`. A run may fail shortly before the report. */
async function lossOf(deviceLost: Promise<never> | null): Promise<InfaceError | null> {
  if (!deviceLost) return null;
  try {
    return await Promise.race([deviceLost, new Promise<null>((resolve) => setTimeout(resolve, LOSS_GRACE_MS, null))]);
  } catch (error) {
    return error as InfaceError;
  }
}

/**
 * Converts an error to an InfaceError. A trap in wasm leaves its memory in an unknown state, so its code is
 * `WORKER_CRASHED`: the page then ends the worker and starts another.
 */
function describe(error: unknown, code: 'MODEL_LOAD_FAILED' | 'INFERENCE_FAILED' | 'DEVICE_LOST', what: string) {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const trapped = error instanceof WebAssembly.RuntimeError;
  return new InfaceError(trapped ? 'WORKER_CRASHED' : code, `${what}: ${reason}`, { cause: error });
}
