/**
 * Prints the size of every file of the built package that a page may load (`npm run sizes`).
 * Both raw and compressed with brotli.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { ROOT } from './process.mjs';

const dist = join(ROOT, 'dist');
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(bin|js|mjs|json|onnx|wasm)$/.test(file))
  .sort();
console.table(
  Object.fromEntries(
    files.map((file) => {
      const content = readFileSync(join(dist, file));
      // Node's default is the highest quality, 11.
      return [file, { bytes: content.length, brotli: brotliCompressSync(content).length }];
    }),
  ),
);
