/** Copies what a page serves, the models of chosen sets and onnxruntime, and verifies it. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Backend } from '../../src/api/runtime.js';
import { MANIFEST_VERSION, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { filesOf, idsOf, replaceFile, sha256Of } from '../models/files.js';
import { CliProblem, reasonOf } from './problem.js';

/** Path of the manifest in a folder of assets. */
const MANIFEST = 'models/manifest.json';
/** Scripts that work without a bundler, and that of the worker, for bundlers that do not provide it. */
const SCRIPTS = ['worker.js', 'inface.global.js', 'service-worker.standalone.js'];

/** A file of the package that is copied. */
interface AssetFile {
  /** Path in the folder of assets, with '/'. */
  readonly path: string;
  /** SHA-256 of the content. */
  readonly sha256: string;
}

/** Folders of the package. */
export interface PackageFolders {
  /** The models and the runtimes. */
  readonly assets: string;
  /** The scripts. */
  readonly scripts: string;
}

/** The assets that a page needs. */
export interface AssetChoice {
  /** Names of the sets of models. */
  readonly sets: readonly string[];
  /** Whether the runtime for WebGPU is among them. */
  readonly webgpu: boolean;
}

/** A summary of what was written. */
interface Copied {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Sets of the manifest that was replaced and that the new one lacks. */
  readonly droppedSets: readonly string[];
}

/** Source of the assets that the package does not carry. */
export interface OptionalAssets {
  /** A folder of assets that was written before: nothing is fetched that it has. */
  readonly kept?: string;
  /** Receives a line for each npm package that is fetched. */
  readonly log: (line: string) => void;
}

/**
 * Reads the assets of chosen sets, with a manifest of these sets. Fetches what the package does not carry.
 * @returns the content of each file by its path in the folder of assets, with '/'; the manifest is the last
 * @throws CliProblem if a set does not exist, or a file is missing or was altered
 * @throws Error if a package cannot be fetched or is not the expected one
 */
export async function readAssets(
  { assets, scripts }: PackageFolders,
  { sets, webgpu }: AssetChoice,
  { kept, log }: OptionalAssets,
): Promise<Map<string, Uint8Array>> {
  const backends = webgpu ? (['wasm', 'webgpu'] as const) : (['wasm'] as const);
  const manifest = { ...chooseSets(readManifest(assets), sets), backends };
  const files = new Map(
    [
      ...manifest.models.flatMap(filesOf).map(({ file, sha256 }): AssetFile => ({ path: `models/${file}`, sha256 })),
      ...runtimesOf(backends),
    ].map((file) => [file.path, file]),
  );
  const contents = new Map<string, Uint8Array>();
  const missing: AssetFile[] = [];
  for (const file of files.values()) {
    const content = readVerified(assets, file) ?? (kept === undefined ? null : readKept(kept, file));
    if (content) contents.set(file.path, content);
    else missing.push(file);
  }
  for (const [path, content] of await makeMissing(assets, missing, log)) contents.set(path, content);
  for (const name of SCRIPTS) contents.set(name, readPackaged(join(scripts, name)));
  return contents.set(MANIFEST, encodeManifest(manifest));
}

/** Returns the binaries of onnxruntime for some backends. For wasm, there is a shorter one for the models of the package. */
export function runtimesOf(backends: readonly Backend[]): readonly AssetFile[] {
  return backends.flatMap((backend) => (backend === 'wasm' ? [__ORT__.cut, __ORT__.wasm] : [__ORT__.webgpu]));
}

/**
 * Copies the assets of chosen sets.
 *
 * Verifies every file before the first is written, replaces each file atomically and the manifest last, and removes
 * nothing. Fetches what neither the package nor the folder has.
 *
 * @param to folder to write to, created if missing
 * @throws CliProblem if a set does not exist, a file was altered, or the folder cannot be written to
 * @throws Error if a package cannot be fetched or is not the expected one
 */
export async function copyAssets(
  from: PackageFolders,
  to: string,
  choice: AssetChoice,
  log: (line: string) => void,
): Promise<Copied> {
  if (existsSync(to) && realpathSync(to) === realpathSync(from.assets))
    throw new CliProblem(`${to} is the package's folder of assets. Name another one.`);
  const contents = await readAssets(from, choice, { kept: to, log });
  const replaced = existsSync(join(to, MANIFEST)) ? Object.keys(readManifest(to).sets) : [];
  for (const [path, content] of contents) writeAsset(to, path, content);
  return {
    files: [...contents].map(([path, { byteLength }]) => ({ path, bytes: byteLength })),
    droppedSets: replaced.filter((name) => !choice.sets.includes(name)),
  };
}

/** Reads and checks the manifest of a folder of assets. @throws CliProblem if there is none, or it is not valid */
export function readManifest(folder: string): ModelManifest {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliProblem(`Cannot read ${path} (${reasonOf(cause)}).`, 1, { cause });
  }
  try {
    return parseManifest(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliProblem(`${path} is not a manifest of this version: ${reason}`, 1, { cause });
  }
}

/** Writes one file of a folder of assets. @throws CliProblem if the folder cannot be written to */
export function writeAsset(folder: string, path: string, content: Uint8Array): void {
  const target = join(folder, path);
  try {
    makeFolder(dirname(target));
    replaceFile(target, content);
  } catch (cause) {
    throw new CliProblem(`Cannot write ${target} (${reasonOf(cause)}). Name a folder that you may write to.`, 1, {
      cause,
    });
  }
}

/**
 * Creates a folder and those around it.
 * Node's recursive mkdir does not return where the system refuses with ENOENT, as in /proc.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Writes the manifest of a folder of assets. @throws CliProblem if the folder cannot be written to */
export function writeManifest(folder: string, manifest: ModelManifest): void {
  writeAsset(folder, MANIFEST, encodeManifest(manifest));
}

function encodeManifest(manifest: ModelManifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Returns the part of a manifest that some sets need. */
function chooseSets({ models, sets }: ModelManifest, names: readonly string[]): ModelManifest {
  const chosen = names.map((name) => {
    const set = Object.hasOwn(sets, name) ? sets[name] : undefined;
    if (!set)
      throw new CliProblem(`--models must be one or more of ${Object.keys(sets).join(', ')}, got '${name}'.`, 2);
    return [name, set] as const;
  });
  const used = new Set(chosen.flatMap(([, set]) => idsOf(set)));
  return {
    version: MANIFEST_VERSION,
    models: models.filter(({ id }) => used.has(id)),
    sets: Object.fromEntries(chosen),
  };
}

/** Reads a file of the package. */
function readPackaged(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CliProblem(`Cannot read ${path} (${reasonOf(cause)}). Install inface again.`, 1, { cause });
  }
}

/**
 * Reads a file that the package carries as it is, or as `.br`.
 * @returns null if it carries neither
 * @throws CliProblem if the file was altered
 */
function readVerified(folder: string, { path, sha256 }: AssetFile): Uint8Array | null {
  const source = join(folder, path);
  const content = existsSync(source) ? readPackaged(source) : readCompressed(`${source}.br`);
  if (!content) return null;
  const actual = sha256Of(content);
  if (actual === sha256) return content;
  throw new CliProblem(`${source} was altered: SHA-256 is ${actual}, expected ${sha256}. Install inface again.`);
}

function readCompressed(path: string): Uint8Array | null {
  if (!existsSync(path)) return null;
  const compressed = readPackaged(path);
  try {
    return brotliDecompressSync(compressed);
  } catch (cause) {
    throw new CliProblem(`${path} was altered: it cannot be decompressed. Install inface again.`, 1, { cause });
  }
}

/** Reads a file that was copied before. @returns null if it is not there, or is another one */
function readKept(folder: string, { path, sha256 }: AssetFile): Uint8Array | null {
  const source = join(folder, path);
  const content = existsSync(source) ? readFileSync(source) : null;
  return content && sha256Of(content) === sha256 ? content : null;
}

/** Makes the files that the package does not carry. */
async function makeMissing(
  folder: string,
  missing: readonly AssetFile[],
  log: (line: string) => void,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (missing.length === 0) return new Map();
  // npm's library and the converters are many times the size of the rest, and few pages need them.
  const { makeAssets } = await import('./optional.js');
  const made = await makeAssets(
    missing.map(({ path }) => path),
    log,
  );
  for (const { path, sha256 } of missing) {
    const content = made.get(path);
    if (!content) throw new CliProblem(`${join(folder, path)} is missing. Install inface again.`);
    if (sha256Of(content) !== sha256) {
      throw new CliProblem(`${path} was not made as expected. Install inface again, or report this as a fault.`);
    }
  }
  return made;
}
