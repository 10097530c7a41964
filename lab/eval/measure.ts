/**
 * Measures photos with the kit's stages and caches the results.
 *
 * The cache below .cache/eval/ is valid as long as the models and the code that determines the results stay the same.
 * An interrupted run resumes where it stopped.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import type { EntryOf } from '../../src/models/families.js';
import { findModel, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { ROOT } from '../../tools/process.mjs';
import type { EvalPage, PhotoLine } from './page.js';
import { openPage, URLS } from './server.js';
import type { MeasuredFace, MeasureOptions } from './stages.js';

export interface PhotoRequest {
  /** Absolute path. */
  readonly path: string;
  /** Transform applied before the detection, see transforms.ts. Defaults to none. */
  readonly transform?: string;
}

/** All faces of one photo. */
export interface MeasuredPhoto extends Omit<PhotoLine, 'faces'> {
  readonly path: string;
  readonly transform: string;
  /** Largest first; empty if no face was found. */
  readonly faces: readonly MeasuredFace[];
}

/** A line of the cache. */
interface CacheLine extends PhotoLine {
  readonly path: string;
  readonly transform: string;
}

/** The kit's own models. */
export const DEFAULT_MODELS = join(ROOT, 'public/models');

/** Reads the manifest of a folder of models. */
export function readManifest(models: string): ModelManifest {
  return parseManifest(JSON.parse(readFileSync(join(models, 'manifest.json'), 'utf8')));
}

/** Returns the embedder that the shipped worker uses on wasm. */
export function defaultEmbedder(models: string): EntryOf<'embedder'> {
  return findModel(readManifest(models), 'embedder');
}

/** Code that determines the results, in addition to the models and onnxruntime. */
const CODE = [
  'vision',
  'models',
  'worker/use-cases/acquisition.ts',
  'worker/use-cases/finder.ts',
  'worker/platform/session.ts',
  'worker/platform/pixels.ts',
];
/**
 * Entry fields that are fitted to the measurements.
 * They are not part of the cache key, because fitting them must not invalidate the cache.
 */
const FITTED = ['calibration', 'background', 'cohort'];
const PROGRESS_EVERY_MS = 10_000;

/**
 * Measures photos, using the cache.
 * @param options options of the measurement, the same for all photos
 * @param models folder with a manifest.json and its files; defaults to the kit's own
 * @param label label of the progress on stderr
 * @returns one result per request, in order
 * @throws when no browser starts, or a photo cannot be decoded
 */
export async function measurePhotos(
  requests: readonly PhotoRequest[],
  { options = {}, models = DEFAULT_MODELS, label = 'photos', code = [] }: MeasureSettings = {},
): Promise<MeasuredPhoto[]> {
  const texts = code.map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const way = code.length === 0 ? options : [options, texts];
  const file = join(ROOT, '.cache/eval', versionKey(models), `${hash(JSON.stringify(way))}.jsonl`);
  const known = readLines(file);
  const missing = [...new Map(requests.map((request) => [keyOf(request), request])).values()].filter(
    (request) => !known.has(keyOf(request)),
  );
  if (missing.length > 0) {
    await measureMissing(missing, options, models, label, (line) => {
      appendFileSync(file, `${JSON.stringify(line)}\n`);
      known.set(keyOf(line), line);
    });
  }
  return requests.map((request) => decode(known.get(keyOf(request))!));
}

export interface MeasureSettings {
  readonly options?: MeasureOptions;
  readonly models?: string;
  readonly label?: string;
  /** Additional files that determine the result, relative to the root of the repository. */
  readonly code?: readonly string[];
}

async function measureMissing(
  requests: readonly PhotoRequest[],
  options: MeasureOptions,
  models: string,
  label: string,
  onLine: (line: CacheLine) => void,
): Promise<void> {
  const { page, origin, close } = await openPage(
    models,
    requests.map(({ path }) => path),
  );
  try {
    await call(page, 'open', origin + URLS.assets);
    const start = performance.now();
    let told = start;
    for (const [i, { path, transform = '' }] of requests.entries()) {
      onLine({ path, transform, ...(await call(page, 'measure', `${URLS.photo}${i}`, transform, options)) });
      const now = performance.now();
      if (now - told < PROGRESS_EVERY_MS && i + 1 < requests.length) continue;
      told = now;
      const each = (now - start) / (i + 1);
      const left = Math.round((each * (requests.length - i - 1)) / 1000);
      console.error(`${label}: ${i + 1} of ${requests.length}, ${Math.round(each)} ms each, ${left} s left`);
    }
  } finally {
    await close();
  }
}

/** Calls a function of the page; arguments and result are passed as JSON. */
function call<Name extends keyof EvalPage>(
  page: Page,
  name: Name,
  ...parameters: Parameters<EvalPage[Name]>
): Promise<Awaited<ReturnType<EvalPage[Name]>>> {
  return page.evaluate<Awaited<ReturnType<EvalPage[Name]>>>(
    `globalThis.evalPage.${name}(...${JSON.stringify(parameters)})`,
  );
}

/** Returns a cache key that changes with any model, entry constant, or code between pixels and vector. */
function versionKey(models: string): string {
  const manifest = JSON.parse(readFileSync(join(models, 'manifest.json'), 'utf8'), (key, value: unknown) =>
    FITTED.includes(key) ? undefined : value,
  ) as unknown;
  const runtime = readFileSync(join(ROOT, 'node_modules/onnxruntime-web/package.json'), 'utf8');
  const code = CODE.map((name) => join(ROOT, 'src', name)).flatMap((path) => {
    if (path.endsWith('.ts')) return [readFileSync(path, 'utf8')];
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    return files.sort().map((file) => readFileSync(join(path, file), 'utf8'));
  });
  return hash(JSON.stringify([manifest, runtime, code]));
}

/** Reads the results of earlier runs, and drops an incomplete last line from the file. */
function readLines(file: string): Map<string, CacheLine> {
  const known = new Map<string, CacheLine>();
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) return known;
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) writeFileSync(file, whole);
  for (const row of whole.split('\n')) {
    if (row === '') continue;
    const line = JSON.parse(row) as CacheLine;
    known.set(keyOf(line), line);
  }
  return known;
}

function keyOf({ path, transform = '' }: PhotoRequest): string {
  return `${path} ${transform}`;
}

function decode({ faces, ...photo }: CacheLine): MeasuredPhoto {
  return {
    ...photo,
    faces: faces.map((face) => ({ ...face, views: face.views.map(toVector) })),
  };
}

function toVector(base64: string): Float32Array {
  // Copy, because a Buffer can start at an unaligned address.
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
