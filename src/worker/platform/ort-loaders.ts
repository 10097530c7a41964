/**
 * The loaders of onnxruntime, which instantiate its wasm binary. They are bundled, so that the worker executes no script
 * but its own, and no binary whose hash was not checked. See `bundleRuntime` in tools/runtime/build.ts.
 */
import loadWasm from 'onnxruntime-web/ort-wasm-simd-threaded.mjs';
import type { Backend } from '../../api/runtime.js';

const LOADERS: Readonly<Record<Backend, () => Promise<OrtLoader>>> = {
  wasm: () => Promise.resolve(loadWasm),
  // The demo, which may have several files, loads it only when it needs it: it is large.
  webgpu: async () => (await import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs')).default,
};

/** The compiled binary, set before the first session is created. */
let binary: WebAssembly.Module | null = null;

/** A function of the shorter binary, see `tools/runtime/bulk.ts`. */
let bulk: ((times: number) => void) | undefined;

/** Times that V8 takes for enough work to optimize the function; it returns within milliseconds. */
const BULK_TIMES = 1_000;

/** Makes Chromium keep the machine code of the binary, which it does above a certain size. */
export function keepMachineCode(): void {
  bulk?.(BULK_TIMES);
}

/** Sets the binary. Without it onnxruntime would fetch one itself, unchecked, or compile a buffer at each start. */
export function useBinary(compiled: WebAssembly.Module): void {
  binary = compiled;
}

/**
 * Returns the loader that onnxruntime calls.
 * @param backend what `session.ts` passes to it in place of a URL
 */
export function loaderOf(backend: Backend): OrtLoader {
  return (options) =>
    new Promise((resolve, reject) => {
      const instantiateWasm = (imports: WebAssembly.Imports, done: (...made: unknown[]) => void) => {
        const compiled = binary as WebAssembly.Module;
        WebAssembly.instantiate(compiled, imports).then((instance) => {
          bulk = instance.exports['inface_bulk'] as typeof bulk;
          done(instance, compiled);
        }, reject);
        return {};
      };
      LOADERS[backend]()
        .then((load) => load({ ...options, instantiateWasm }))
        .then(resolve, reject);
    });
}

/**
 * Runs this worker as a thread of onnxruntime, if it was started as one.
 * Threads run the same script.
 * @returns whether it was
 */
export function runAsThread(): boolean {
  const [, backend] = /^em-pthread-(wasm|webgpu)$/.exec(self.name) ?? [];
  if (backend === undefined) return false;
  void startThread(LOADERS[backend as Backend]);
  return true;
}

async function startThread(importLoader: () => Promise<OrtLoader>): Promise<void> {
  const early: MessageEvent[] = [];
  self.onmessage = (event) => early.push(event);
  const load = await importLoader();
  // It takes over the messages at once, and ends when the first one has come.
  void load();
  for (const event of early) self.onmessage(event);
}
