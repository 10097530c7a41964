/** Reads the data sets from their folders and measures their photos. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FaceEmbedder } from '../../src/models/embedder.js';
import { unitMean } from '../../src/recognition/template.js';
import type { Accuracy } from '../../src/api/matching.js';
import type { MeasuredFace } from './stages.js';
import { ROOT } from '../../tools/process.mjs';
import { DEFAULT_MODELS, defaultEmbedder, measurePhotos, type MeasuredPhoto } from './measure.js';

/** Settings that every runner receives. */
export interface Settings {
  /** Folder of all data sets, or `null` if there is none. */
  readonly data: string | null;
  /** Folder with a manifest.json and its files. */
  readonly models: string;
  /** Maximum number of people or photos, for a trial run; Infinity for all. */
  readonly limit: number;
  /** Folder to write curves to. */
  readonly charts: string;
}

/** Returns the folder of all data sets: the given one, or the one beside the repository; `null` if missing. */
export function dataFolder(given: string | undefined): string | null {
  const folder = resolve(given ?? join(ROOT, '../shared/eval'));
  return existsSync(folder) ? folder : null;
}

/** Returns the LFW folder from `--data` of a command line or beside the repository; `null` if missing. */
export function lfwFolder(argv: readonly string[]): string | null {
  const at = argv.indexOf('--data');
  return folderOf({ data: dataFolder(at < 0 ? undefined : argv[at + 1]) }, 'lfw');
}

/** Returns a folder of the data, or `null` if missing. */
export function folderOf({ data }: Pick<Settings, 'data'>, name: string): string | null {
  if (data === null) return null;
  const folder = join(data, name);
  return existsSync(folder) ? folder : null;
}

/** The embeddings of one face. */
export interface FaceVectors extends Readonly<Record<Accuracy, Float32Array>> {
  /** Embedding of the face chip alone, not normalized. */
  readonly plain: Float32Array;
}

export interface LfwPhoto {
  readonly path: string;
  /** The person's name. */
  readonly name: string;
  /** Number of the photo, from 1. */
  readonly number: number;
  /** The face nearest the center; `null` if none was found. */
  readonly face: MeasuredFace | null;
  /** Embeddings of that face. */
  readonly vectors: FaceVectors | null;
}

/** A pair of view 2. */
export interface LfwPair {
  readonly fold: number;
  readonly first: LfwPhoto;
  readonly second: LfwPhoto;
  readonly same: boolean;
}

export interface Lfw {
  /** Sorted by name, then by number. */
  readonly photos: readonly LfwPhoto[];
  readonly pairs: readonly LfwPair[];
  /** Number of folds of the pairs. */
  readonly folds: number;
}

/** A person of LFW. */
export interface Person {
  readonly name: string;
  /** Embeddings of the photos in which a face was found. */
  readonly photos: readonly FaceVectors[];
}

/**
 * Loads LFW and measures its photos.
 * @param folder with `images/NAME/NAME_0001.jpg` and `pairs.txt`
 * @param limit maximum number of people
 */
export async function loadLfw(folder: string, models = DEFAULT_MODELS, limit = Infinity): Promise<Lfw> {
  const files = listPhotos(folder, limit);
  const photos = await measureFiles(files, models);
  return { photos, ...readPairs(readFileSync(join(folder, 'pairs.txt'), 'utf8'), photos, limit < Infinity) };
}

/** A photo of LFW that is not measured. */
export type PhotoFile = Pick<LfwPhoto, 'path' | 'name' | 'number'>;

/** Lists the photos of LFW by name, then by number. @param limit maximum number of people */
export function listPhotos(folder: string, limit = Infinity): PhotoFile[] {
  return readdirSync(join(folder, 'images'))
    .sort()
    .slice(0, limit)
    .flatMap((name) =>
      readdirSync(join(folder, 'images', name))
        .sort()
        .map((file) => ({
          name,
          number: Number(/_(\d+)\.jpg$/.exec(file)?.[1]),
          path: join(folder, 'images', name, file),
        })),
    );
}

async function measureFiles(files: readonly PhotoFile[], models: string): Promise<LfwPhoto[]> {
  const measured = await measurePhotos(files, { label: 'lfw', models });
  const { views } = defaultEmbedder(models);
  return files.map(({ path, name, number }, i): LfwPhoto => {
    const face = centralFace(measured[i]!);
    return { path, name, number, face, vectors: face && vectorsOf(face, views) };
  });
}

/** Returns the mean of each accuracy's views, computed as the worker does. */
export function vectorsOf({ views }: MeasuredFace, counts: FaceEmbedder['views']): FaceVectors {
  const [plain] = views;
  if (views.length < counts.high)
    throw new Error(
      `The face was measured with ${views.length} views instead of ${counts.high}. Delete .cache/eval and run again.`,
    );
  const mean = (accuracy: Accuracy) => unitMean(views.slice(0, counts[accuracy]));
  return { plain: plain!, fast: mean('fast'), high: mean('high') };
}

/** Returns the face nearest the center, which is LFW's subject. */
export function centralFace({ faces, width, height }: MeasuredPhoto): MeasuredFace | null {
  const offset = ({ box }: MeasuredFace) =>
    Math.hypot(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2);
  const [nearest] = faces.toSorted((a, b) => offset(a) - offset(b));
  return nearest ?? null;
}

/**
 * Returns the half that a person is in: what is fitted on one half is checked on the other.
 * @param split one of several independent ways to halve the people, from 0
 */
export function halfOf(name: string, split = 0): 0 | 1 {
  return createHash('sha256').update(name).digest()[split]! % 2 === 0 ? 0 : 1;
}

/** Returns the people with at least one detected face, in the order of the photos. */
export function peopleOf(photos: readonly LfwPhoto[]): Person[] {
  const people = new Map<string, FaceVectors[]>();
  for (const { name, vectors } of photos) if (vectors) people.set(name, [...(people.get(name) ?? []), vectors]);
  return [...people].map(([name, own]) => ({ name, photos: own }));
}

/**
 * Parses pairs.txt: `folds<TAB>n`, then per fold n rows `name i j` and n rows `name i other j`.
 * @param partial whether to skip pairs with missing photos instead of throwing
 */
function readPairs(text: string, photos: readonly LfwPhoto[], partial: boolean): Pick<Lfw, 'pairs' | 'folds'> {
  const byKey = new Map(photos.map((photo) => [`${photo.name} ${photo.number}`, photo]));
  const [head = '', ...rows] = text.trim().split('\n');
  const [folds = 0, perClass = 0] = head.split('\t').map(Number);
  const pairs = rows.flatMap((row, i): LfwPair[] => {
    const [name = '', number = '', other = '', last] = row.trim().split('\t');
    const same = last === undefined;
    const first = byKey.get(`${name} ${Number(number)}`);
    const second = byKey.get(same ? `${name} ${Number(other)}` : `${other} ${Number(last)}`);
    if (first && second) return [{ fold: Math.floor(i / (2 * perClass)), first, second, same }];
    if (partial) return [];
    throw new Error(
      `pairs.txt names '${row.trim()}', but one of these photos is missing. Use the complete LFW images.`,
    );
  });
  return { pairs, folds };
}
