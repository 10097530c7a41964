/**
 * Makes a folder of models in which reference models replace the kit's own.
 *
 * Run with `npx tsx tools/models/reference.ts --models ../shared/models --out DIR --detector yunet --embedder
 * mobilefacenet --antispoof minifasnet`. `--models` is a folder that holds the files, at any depth; they are checked
 * against the manifest entries. `--set public-domain` starts with this set of the kit instead of the default one, whose
 * folder can then be measured.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_SET, findSet, parseManifest, type ModelManifest, type ModelSet } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/families.js';
import { filesOf, idsOf, sha256Of } from './files.js';
import { ANTISPOOFS, DETECTORS, EMBEDDERS } from './reference-entries.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OWN_MODELS = join(ROOT, 'public/models');
/** Default folder of the reference models. */
export const REFERENCE_FOLDER = join(ROOT, '../shared/models');

/**
 * Finds an entry's file.
 * @returns the path below `folder`, or `null` if missing
 */
export function findReferenceFile(folder: string, { file }: Pick<ModelEntry, 'file'>): string | null {
  if (!existsSync(folder)) return null;
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => basename(path) === file);
  return found === undefined ? null : join(folder, found);
}

/**
 * Makes the folder. Its manifest has one set.
 * @param entries replace those of the same role in a set of the kit, by default the default one
 * @throws when a file is missing, or does not match its entry
 */
export function makeReferenceFolder(
  folder: string,
  outFolder: string,
  entries: readonly ModelEntry[],
  { ownModels = OWN_MODELS, set = DEFAULT_SET }: { readonly ownModels?: string; readonly set?: string } = {},
): ModelManifest {
  const own = parseManifest(JSON.parse(readFileSync(join(ownModels, 'manifest.json'), 'utf8')));
  const chosen: ModelSet = { ...findSet(own, set), ...Object.fromEntries(entries.map(({ role, id }) => [role, id])) };
  const used = idsOf(chosen);
  const kept = own.models.filter(({ id, role }) => used.includes(id) && !entries.some((entry) => entry.role === role));
  const manifest: ModelManifest = { ...own, models: [...entries, ...kept], sets: { [DEFAULT_SET]: chosen } };
  mkdirSync(outFolder, { recursive: true });
  for (const wanted of entries.flatMap(filesOf)) {
    const path = findReferenceFile(folder, wanted);
    if (path === null) throw new Error(`${folder} has no ${wanted.file}. docs/models.md says where to get it.`);
    const sha256 = sha256Of(readFileSync(path));
    if (sha256 !== wanted.sha256)
      throw new Error(`${path} has SHA-256 ${sha256}, but the entry expects ${wanted.sha256}.`);
    copyFileSync(path, join(outFolder, wanted.file));
  }
  for (const { file } of kept.flatMap(filesOf)) copyFileSync(join(ownModels, file), join(outFolder, file));
  writeFileSync(join(outFolder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/**
 * Returns the entry with this name.
 * @throws with the available names
 */
function choose<E>(choices: Readonly<Record<string, E>>, name: string): E {
  const entry = choices[name];
  if (entry === undefined)
    throw new Error(`'${name}' does not exist. Choose one of ${Object.keys(choices).join(', ')}.`);
  return entry;
}

function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { models: text, out: text, set: text, detector: text, embedder: text, antispoof: text },
  });
  const { models = REFERENCE_FOLDER, out, set = DEFAULT_SET, detector, embedder, antispoof } = values;
  if (out === undefined) throw new Error('The option --out is missing. Pass --out DIR, the folder to write to.');
  const entries = [
    ...(detector === undefined ? [] : [choose(DETECTORS, detector)]),
    ...(embedder === undefined ? [] : [choose(EMBEDDERS, embedder)]),
    ...(antispoof === undefined ? [] : [choose(ANTISPOOFS, antispoof)]),
  ];
  const manifest = makeReferenceFolder(models, out, entries, { set });
  console.log(`${manifest.models.map(({ id }) => id).join(', ')} in ${out}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
