/** LFW through the kit's own stages: one embedding per photo, cached below .cache/ for as long as the models stay. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { euclideanNorm } from '../../src/recognition/template.js';
import type { Box } from '../../src/types.js';
import { measurePhotos, type MeasuredPhoto } from './stages.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, '.cache/measure');

export interface LfwPhoto {
  /** The person's name. */
  readonly name: string;
  /** Number of the photo, from 1. */
  readonly number: number;
  /** Of the face nearest the centre, as the embedder gives it; `null` when no face was found. */
  readonly embedding: Float32Array | null;
}

/** A pair of view 2. */
export interface LfwPair {
  readonly fold: number;
  readonly first: LfwPhoto;
  readonly second: LfwPhoto;
  readonly same: boolean;
}

export interface Lfw {
  /** By name, then by number. */
  readonly photos: readonly LfwPhoto[];
  readonly pairs: readonly LfwPair[];
  readonly folds: number;
}

/** The folder behind `--data`, or null where there is none, or it is no LFW. */
export function lfwFolder(argv: readonly string[]): string | null {
  const folder = argv[argv.indexOf('--data') + 1];
  if (!argv.includes('--data') || folder === undefined) return null;
  return existsSync(join(folder, 'images')) && existsSync(join(folder, 'pairs.txt')) ? folder : null;
}

/** Measures the photos below `folder`, or reads what an earlier run with the same models and photos measured. */
export async function loadLfw(folder: string): Promise<Lfw> {
  const paths = readdirSync(join(folder, 'images'))
    .sort()
    .flatMap((name) =>
      readdirSync(join(folder, 'images', name))
        .sort()
        .map((file) => `${name}/${file}`),
    );
  const embeddings = await loadEmbeddings(folder, paths);
  const photos = paths.map((path, i): LfwPhoto => {
    const [, name = '', number = ''] = /^(.*)\/.*_(\d+)\.jpg$/.exec(path) ?? [];
    const embedding = embeddings[i];
    return { name, number: Number(number), embedding: embedding ? Float32Array.from(embedding) : null };
  });
  return { photos, ...readPairs(readFileSync(join(folder, 'pairs.txt'), 'utf8'), photos) };
}

async function loadEmbeddings(folder: string, paths: readonly string[]): Promise<readonly (number[] | null)[]> {
  // Any change of a model, or of the constants in its entry, is another run.
  const manifest = JSON.parse(readFileSync(join(ROOT, 'public/models/manifest.json'), 'utf8')) as {
    models: { calibration?: unknown; background?: unknown }[];
  };
  for (const entry of manifest.models) {
    // What is fitted here must not make the run that it was fitted on a stale one.
    delete entry.calibration;
    delete entry.background;
  }
  const key = createHash('sha256')
    .update(JSON.stringify([manifest, paths]))
    .digest('hex')
    .slice(0, 16);
  const file = join(CACHE, `lfw-${key}.json`);
  if (!existsSync(file)) {
    const measured = await measurePhotos(paths.map((path) => ({ path: join(folder, 'images', path) })));
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(file, JSON.stringify(measured.map((photo) => centralFace(photo)?.embedding ?? null)));
  }
  return JSON.parse(readFileSync(file, 'utf8')) as (number[] | null)[];
}

/** LFW's subject is the face nearest the centre. */
export function centralFace({ faces, width, height }: MeasuredPhoto): MeasuredPhoto['faces'][number] | null {
  const offset = ({ x, y, width: w, height: h }: Box) => Math.hypot(x + (w - width) / 2, y + (h - height) / 2);
  const [nearest] = faces.toSorted((a, b) => offset(a.box) - offset(b.box));
  return nearest ?? null;
}

/** pairs.txt: `folds<TAB>n`, then per fold n rows `name i j` and n rows `name i other j`. */
function readPairs(text: string, photos: readonly LfwPhoto[]): { pairs: LfwPair[]; folds: number } {
  const byKey = new Map(photos.map((photo) => [`${photo.name} ${photo.number}`, photo]));
  const find = (name: string, number: string): LfwPhoto => {
    const photo = byKey.get(`${name} ${number}`);
    if (!photo) throw new Error(`pairs.txt names photo ${number} of ${name}, which is not there.`);
    return photo;
  };
  const [head = '', ...rows] = text.trim().split('\n');
  const [folds = 0, perClass = 0] = head.split('\t').map(Number);
  const pairs = rows.map((row, i): LfwPair => {
    const [name = '', number = '', other = '', last] = row.trim().split('\t');
    const same = last === undefined;
    return {
      fold: Math.floor(i / (2 * perClass)),
      first: find(name, number),
      second: same ? find(name, other) : find(other, last),
      same,
    };
  });
  return { pairs, folds };
}

/** The embeddings of every person, in the order of the photos; who has none is left out. */
export function peopleOf(photos: readonly LfwPhoto[]): { readonly name: string; readonly photos: Float32Array[] }[] {
  const people = new Map<string, Float32Array[]>();
  for (const { name, embedding } of photos) if (embedding) people.set(name, [...(people.get(name) ?? []), embedding]);
  return [...people].map(([name, embeddings]) => ({ name, photos: embeddings }));
}

/** As a classifier uses embeddings. */
export function unitLength(embedding: Float32Array): Float32Array {
  const norm = euclideanNorm(embedding);
  return embedding.map((value) => value / norm);
}
