/** Bundles the scripts of onnxruntime-web into the worker, and copies the wasm files that it fetches. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Base name of each backend's loader and wasm binary. The worker fetches one binary; both loaders are in its script. */
const FILES = { wasm: 'ort-wasm-simd-threaded', webgpu: 'ort-wasm-simd-threaded.asyncify' } as const;

const DIST = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/webgpu'));

/** Returns the value of `__ORT_FILES__` in the worker. */
export function describeRuntime() {
  const describe = (name: string) => {
    const content = readFileSync(join(DIST, `${name}.wasm`));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { wasm: { path: `ort/${name}.wasm`, bytes: content.length, sha256 } };
  };
  return { wasm: describe(FILES.wasm), webgpu: describe(FILES.webgpu) };
}

/** Copies the files to the folder that the server serves, unless they are up to date. */
export function copyRuntime(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of Object.values(FILES).map((name) => `${name}.wasm`)) {
    const [from, to] = [join(DIST, file), join(folder, basename(file))];
    const there = statSync(to, { throwIfNoEntry: false });
    const source = statSync(from);
    if (there?.size === source.size && there.mtimeMs >= source.mtimeMs) continue;
    rmSync(to, { force: true });
    copyFileSync(from, to);
  }
}

/** The module that hands out the loaders. */
const LOADERS = fileURLToPath(new URL('../src/worker/platform/ort-loaders.ts', import.meta.url));

/**
 * Creates a Vite plugin that makes onnxruntime take its loader from the worker's script. As published, it imports the
 * loader by its URL, and the loader starts its threads from there, so nothing could check what is executed.
 */
export function bundleRuntime(): Plugin {
  return {
    name: 'inface:runtime',
    enforce: 'pre',
    transform(code, id) {
      const file = basename(id.split('?', 1)[0] as string);
      if (file === 'ort.webgpu.min.mjs') {
        const bundled = replaceOnce(
          code,
          /\(await import\(\/\*webpackIgnore:true\*\/ ?\/\*@vite-ignore\*\/(\w+)\)\)\.default/,
          'loaderOf($1)',
        );
        return { code: `import { loaderOf } from ${JSON.stringify(LOADERS)};${bundled}`, map: null };
      }
      const backend = Object.entries(FILES).find(([, name]) => file === `${name}.mjs`)?.[0];
      if (backend === undefined) return null;
      return { code: bundledLoader(code, backend), map: null };
    },
  };
}

/** Adapts a loader to the worker's script, which its threads run as well. */
function bundledLoader(code: string, backend: string): string {
  // What follows the export starts a thread as soon as the script is loaded, with whichever loader is first.
  const end = 'export default ortWasmThreaded;';
  let text = code.slice(0, code.indexOf(end) + end.length);
  if (text.length < end.length) throw new Error(`onnxruntime's loader for ${backend} has no default export.`);
  text = replaceOnce(text, /new Worker\(new URL\(import\.meta\.url\)/, 'new Worker(self.location.href');
  text = replaceOnce(text, /name:"em-pthread"/, `name:"em-pthread-${backend}"`);
  // The binary is passed to it. Vite would copy the one it finds named here.
  text = replaceOnce(text, /\(new URL\("[\w.-]+\.wasm",\s*import\.meta\.url\)\)\.href/, '""');
  // For Node alone.
  text = text.replaceAll('await import("module")', '{}');
  return text.replaceAll('import.meta.url', 'self.location.href');
}

/** @throws Error if the pattern is not found, as in another version of onnxruntime */
function replaceOnce(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`onnxruntime-web has changed: ${pattern} is not in it.`);
  return text.replace(pattern, by);
}
