/** The files of onnxruntime-web that the worker loads at run time: which they are, and their copies. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Per backend what its two files are called: the loader script and the wasm binary. The worker uses exactly one pair. */
const FILES = { wasm: 'ort-wasm-simd-threaded', webgpu: 'ort-wasm-simd-threaded.asyncify' } as const;

/** A script in front of onnxruntime's own, which would fetch the binary itself, unchecked, or compile a buffer anew at each start. */
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

/** What `__ORT_FILES__` becomes in the worker. */
export function describeRuntime() {
  const describe = (name: string) => {
    const content = readFileSync(join(DIST, `${name}.wasm`));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { script: `ort/${loaderName(name)}`, wasm: { path: `ort/${name}.wasm`, bytes: content.length, sha256 } };
  };
  return { wasm: describe(FILES.wasm), webgpu: describe(FILES.webgpu) };
}

/** Puts the files where the server finds them, unless they are there already. */
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
