/** Puts the assets that the package carries into one folder. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { DEFAULT_SET, parseManifest } from '../src/models/manifest.js';
import { filesOf, idsOf } from './models/files.js';

/** The highest one takes ten times as long for a tenth of the bytes. */
const QUALITY = 9;
const WINDOW_BITS = 24;

/**
 * Packs the models of the default set and the runtime for wasm. `inface assets` makes everything else (cli/optional.ts).
 *
 * The whole runtime is compressed, as `.wasm.br`: few pages load it, and in the tarball it would have twice the size.
 * The manifest still describes all models, because the hashes of those to be made are in it.
 *
 * @param from folder with all assets
 * @param to folder to write to, created if missing
 */
export function packAssets(from: string, to: string, { cut, wasm }: Pick<typeof __ORT__, 'cut' | 'wasm'>): void {
  for (const folder of ['models', 'ort']) mkdirSync(join(to, folder), { recursive: true });
  const manifest = parseManifest(JSON.parse(readFileSync(join(from, 'models/manifest.json'), 'utf8')));
  const standard = manifest.sets[DEFAULT_SET];
  if (!standard) throw new Error(`The manifest has no set '${DEFAULT_SET}'. Run npm run models.`);
  const used = new Set(idsOf(standard));
  const packed = new Set(
    manifest.models.filter(({ id }) => used.has(id)).flatMap((entry) => filesOf(entry).map(({ file }) => file)),
  );
  for (const name of readdirSync(join(from, 'models'))) {
    if (!name.endsWith('.onnx') || packed.has(name)) cpSync(join(from, 'models', name), join(to, 'models', name));
  }
  const described = { ...manifest, backends: ['wasm'] };
  writeFileSync(join(to, 'models/manifest.json'), `${JSON.stringify(described, undefined, 2)}\n`);
  cpSync(join(from, cut.path), join(to, cut.path));
  const whole = readFileSync(join(from, wasm.path));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: whole.length,
  };
  writeFileSync(join(to, 'ort', `${basename(wasm.path)}.br`), brotliCompressSync(whole, { params }));
}
