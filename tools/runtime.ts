/** The files of onnxruntime-web that the worker loads at run time: which they are, and their copies. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Per backend the loader script and the wasm binary; the worker imports and fetches exactly one pair. */
const FILES = {
  wasm: { script: 'ort-wasm-simd-threaded.mjs', wasm: 'ort-wasm-simd-threaded.wasm' },
  webgpu: { script: 'ort-wasm-simd-threaded.asyncify.mjs', wasm: 'ort-wasm-simd-threaded.asyncify.wasm' },
} as const;

const DIST = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/webgpu'));

/** What `__ORT_FILES__` becomes in the worker. */
export function describeRuntime() {
  const describe = ({ script, wasm }: (typeof FILES)[keyof typeof FILES]) => {
    const content = readFileSync(join(DIST, wasm));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { script: `ort/${script}`, wasm: { path: `ort/${wasm}`, bytes: content.length, sha256 } };
  };
  return { wasm: describe(FILES.wasm), webgpu: describe(FILES.webgpu) };
}

/** Copies the files where the server finds them, unless they are there already. */
export function copyRuntime(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of Object.values(FILES).flatMap(({ script, wasm }) => [script, wasm])) {
    const [from, to] = [join(DIST, file), join(folder, basename(file))];
    const there = statSync(to, { throwIfNoEntry: false });
    const source = statSync(from);
    if (there?.size === source.size && there.mtimeMs >= source.mtimeMs) continue;
    rmSync(to, { force: true });
    copyFileSync(from, to);
  }
}
