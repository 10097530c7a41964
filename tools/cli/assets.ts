/** Copies what a page serves, the models of chosen sets and onnxruntime, and verifies it. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MANIFEST_VERSION, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { filesOf, idsOf, replaceFile, sha256Of } from '../models/files.js';
import { CliProblem, reasonOf } from './problem.js';

/** Path of the manifest in a folder of assets. */
const MANIFEST = 'models/manifest.json';

/** A file of the package that is copied. */
interface AssetFile {
  /** Path in the folder of assets, with '/'. */
  readonly path: string;
  /** SHA-256 of the content. */
  readonly sha256: string;
}

interface CopyOptions {
  /** The package's folder of assets. */
  readonly from: string;
  /** Folder to write to, created if missing. */
  readonly to: string;
  /** Names of the sets of models to copy. */
  readonly sets: readonly string[];
  /** Whether to also copy the runtime for WebGPU. */
  readonly webgpu: boolean;
}

/** A summary of what was written. */
interface Copied {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Sets of the manifest that was replaced and that the new one lacks. */
  readonly droppedSets: readonly string[];
}

/**
 * Copies the assets of chosen sets, with a manifest of these sets.
 *
 * Verifies every file before the first is written, replaces each file atomically and the manifest last, and removes
 * nothing.
 *
 * @throws CliProblem if a set does not exist, a file was altered, or the folder cannot be written to
 */
export function copyAssets({ from, to, sets, webgpu }: CopyOptions): Copied {
  if (existsSync(to) && realpathSync(to) === realpathSync(from))
    throw new CliProblem(`${to} is the package's folder of assets. Name another one.`);
  const manifest = chooseSets(readManifest(from), sets);
  const files = [
    ...manifest.models.flatMap(filesOf).map(({ file, sha256 }): AssetFile => ({ path: `models/${file}`, sha256 })),
    ...runtimeFiles(webgpu),
  ];
  const contents = new Map<string, Uint8Array>();
  for (const file of files) if (!contents.has(file.path)) contents.set(file.path, readVerified(from, file));
  const replaced = existsSync(join(to, MANIFEST)) ? Object.keys(readManifest(to).sets) : [];
  contents.set(MANIFEST, encodeManifest(manifest));
  for (const [path, content] of contents) writeAsset(to, path, content);
  return {
    files: [...contents].map(([path, { byteLength }]) => ({ path, bytes: byteLength })),
    droppedSets: replaced.filter((name) => !Object.hasOwn(manifest.sets, name)),
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

/** Lists the wasm binaries of onnxruntime. */
function runtimeFiles(webgpu: boolean): AssetFile[] {
  return (webgpu ? (['wasm', 'webgpu'] as const) : (['wasm'] as const)).map((backend) => __ORT_FILES__[backend].wasm);
}

function readVerified(folder: string, { path, sha256 }: AssetFile): Uint8Array {
  const source = join(folder, path);
  let content: Uint8Array;
  try {
    content = readFileSync(source);
  } catch (cause) {
    throw new CliProblem(`Cannot read ${source} (${reasonOf(cause)}). Install inface again.`, 1, { cause });
  }
  const actual = sha256Of(content);
  if (actual === sha256) return content;
  throw new CliProblem(`${source} was altered: SHA-256 is ${actual}, expected ${sha256}. Install inface again.`);
}
