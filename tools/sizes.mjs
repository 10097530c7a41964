/**
 * Prints the size of every file that a page may load, raw and with brotli (`npm run sizes`).
 * Those are the scripts of the built package, and all assets, also those that it does not carry.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { ROOT } from './process.mjs';

const files = ['dist', 'public']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => /\.(bin|js|mjs|json|onnx|wasm)$/.test(file) && !file.startsWith(join('dist', 'assets')))
  .sort();
console.table(
  Object.fromEntries(
    files.map((file) => {
      const content = readFileSync(join(ROOT, file));
      // Node's default is the highest quality, 11.
      return [file, { bytes: content.length, brotli: brotliCompressSync(content).length }];
    }),
  ),
);
