/** Describes and copies the files of onnxruntime-web that the worker loads at run time. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Base name of each backend's loader script and wasm binary. The worker loads exactly one pair. */
const FILES = { wasm: 'ort-wasm-simd-threaded', webgpu: 'ort-wasm-simd-threaded.asyncify' } as const;

/**
 * Returns the name of the script that wraps onnxruntime's loader.
 * The wrapper passes in the compiled module. Without it onnxruntime would fetch the binary itself, unchecked, or
 * compile a buffer again at each start.
 */
const loaderName = (name: string) => `compiled-${name}.mjs`;
const loaderText = (name: string) => `import load from './${name}.mjs';
let module;
export const use = (compiled) => {
  module = compiled;
};
export default (options) =>
  new Promise((resolve, reject) => {
    const instantiateWasm = (imports, done) => {
      WebAssembly.instantiate(module, imports).then((instance) => done(instance, module), reject);
      return {};
    };
    load({ ...options, instantiateWasm }).then(resolve, reject);
  });
`;

const DIST = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/webgpu'));

/** Returns the value of `__ORT_FILES__` in the worker. */
export function describeRuntime() {
  const describe = (name: string) => {
    const content = readFileSync(join(DIST, `${name}.wasm`));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { script: `ort/${loaderName(name)}`, wasm: { path: `ort/${name}.wasm`, bytes: content.length, sha256 } };
  };
  return { wasm: describe(FILES.wasm), webgpu: describe(FILES.webgpu) };
}

/** Copies the files to the folder that the server serves, unless they are up to date. */
export function copyRuntime(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of Object.values(FILES)) writeFileSync(join(folder, loaderName(name)), loaderText(name));
  for (const file of Object.values(FILES).flatMap((name) => [`${name}.mjs`, `${name}.wasm`])) {
    const [from, to] = [join(DIST, file), join(folder, basename(file))];
    const there = statSync(to, { throwIfNoEntry: false });
    const source = statSync(from);
    if (there?.size === source.size && there.mtimeMs >= source.mtimeMs) continue;
    rmSync(to, { force: true });
    copyFileSync(from, to);
  }
}
