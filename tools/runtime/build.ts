/** Bundles the scripts of onnxruntime-web into the worker, and makes the wasm files that it fetches. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { replaceFile, sha256Of } from '../models/files.js';
import type { FetchedSource } from '../models/weights.js';
import { cutBinary } from './cut.js';
import { readProfile } from './profile.js';

/** Base name of each backend's loader and wasm binary. The worker fetches one binary; both loaders are in its script. */
const FILES = { wasm: 'ort-wasm-simd-threaded', webgpu: 'ort-wasm-simd-threaded.asyncify' } as const;

const LOCK_FILE = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
/** Folder of onnxruntime's scripts and binaries. */
export const DIST = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/webgpu'));

/** The binary for wasm as onnxruntime-web publishes it. */
export const readBinary = (): Uint8Array => readFileSync(join(DIST, `${FILES.wasm}.wasm`));

/**
 * Writes the binaries to the folder that the server serves.
 *
 * `cut` is the binary for wasm without the functions, kernels and operators that no model of the package uses. With `INFACE_UNCUT=1` in the
 * environment it is the whole binary, for a record of what is called.
 *
 * @returns the value of `__ORT` in the worker
 * @throws Error if the profile was recorded with another binary
 */
export function writeRuntime(folder: string) {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: Uint8Array) => {
    const path = join(folder, `${name}.wasm`);
    const sha256 = sha256Of(content);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.size !== content.length || sha256Of(readFileSync(path)) !== sha256) replaceFile(path, content);
    return { path: `ort/${name}.wasm`, bytes: content.length, sha256 };
  };
  const wasm = readBinary();
  const profile = readProfile(sha256Of(wasm));
  const whole = write(FILES.wasm, wasm);
  const isUncut = process.env['INFACE_UNCUT'] === '1';
  return {
    cut: isUncut ? whole : write(`${FILES.wasm}.cut`, cutBinary(wasm, profile)),
    wasm: whole,
    webgpu: write(FILES.webgpu, readFileSync(join(DIST, `${FILES.webgpu}.wasm`))),
    // Every model starts with nothing, which lets the kit take the binary under this name for all.
    profiled: isUncut ? [''] : profile.models,
  };
}

/**
 * Returns the package of the binaries, with the hash of its tarball: the value of `__ORT_SOURCE__`.
 * @throws Error if package-lock.json does not name it
 */
export function readRuntimeSource(): Omit<FetchedSource, 'files'> {
  const name = 'onnxruntime-web';
  const lock = JSON.parse(readFileSync(LOCK_FILE, 'utf8')) as {
    packages: Readonly<Record<string, { readonly version: string; readonly integrity: string } | undefined>>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (!locked) throw new Error(`package-lock.json does not name ${name}. Run npm install.`);
  return { package: name, version: locked.version, integrity: locked.integrity };
}

/** The module that hands out the loaders. */
const LOADERS = fileURLToPath(new URL('../../src/worker/platform/ort-loaders.ts', import.meta.url));

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
        // Bundlers would look for the files that they find named beside `import.meta.url`.
        const bundled = replaceOnce(
          code.replaceAll('import.meta.url', 'self.location.href'),
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
  // For Node alone. Bundlers of applications would replace the global variables that it uses, or ask for a package that does.
  text = replaceOnce(text, /globalThis\.process\?\.versions\?\.node&&"renderer"!=globalThis\.process\?\.type/, 'false');
  text = text.replaceAll('await import("module")', '{}');
  return text.replaceAll('import.meta.url', 'self.location.href');
}

/** @throws Error if the pattern is not found, as in another version of onnxruntime */
function replaceOnce(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`onnxruntime-web has changed: ${pattern} is not in it.`);
  return text.replace(pattern, by);
}
