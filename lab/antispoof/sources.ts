/**
 * The photos of bona fide faces and who may be used for what: the split is this code, a hash of the identity, so that nobody
 * whose photo was trained on is ever evaluated.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { measurePhotos, type MeasuredPhoto } from '../eval/measure.js';
import type { Box } from '../../src/api/geometry.js';

/** What the photos of one identity are for; `validate` chooses among models and thresholds. */
export type Use = 'train' | 'validate' | 'test';

export interface SourcePhoto {
  readonly path: string;
  /** Folder of the data set. */
  readonly source: string;
  readonly use: Use;
  /** What is to be cut off all round before the photo is looked at as it is. */
  readonly trimPx: number;
}

/** A photo with its largest face. */
export interface SourceFace extends SourcePhoto {
  /** As the shipped detector frames it, in pixels of the photo. */
  readonly box: Box;
}

interface Source {
  /** Below the folder of the data. */
  readonly folder: string;
  /** Of whom a photo is, by its path; photos of one identity have one use. */
  readonly identity: (path: string) => string;
  /** All of it is for this, and nothing is trained on it. Without, the hash of the identity decides. */
  readonly use?: Use;
  /** At most so many photos of one identity. */
  readonly perIdentity: number;
  /** Defaults to 0. */
  readonly trimPx?: number;
}

/** LFW and YouTube Faces are of the same people, so both go by the name alone. */
const nameOf = (path: string) => basename(path).replace(/_\d+\.\w+$/, '');
const fileOf = (path: string) => basename(path);

const SOURCES: Readonly<Record<string, Source>> = {
  // Deep-funneled photos were turned upright: their corners are black wedges, like nothing that a camera gives.
  lfw: { folder: 'lfw/images', identity: nameOf, perIdentity: 2, trimPx: 18 },
  ytf: { folder: 'ytf/frames', identity: nameOf, perIdentity: 4 },
  lfpw: { folder: 'lfpw', identity: fileOf, perIdentity: 1 },
  dlib_faces: { folder: 'dlib_faces', identity: fileOf, perIdentity: 1 },
  wider: { folder: 'wider/images', identity: fileOf, perIdentity: 1 },
  // Whole sources that no model sees before it is evaluated.
  azure_family: { folder: 'azure_family', identity: fileOf, use: 'test', perIdentity: 1 },
  deepface: { folder: 'deepface', identity: fileOf, use: 'test', perIdentity: 1 },
  groups: { folder: 'groups', identity: fileOf, use: 'test', perIdentity: 1 },
};

/** Sources of which nothing is trained on. */
export const UNSEEN_SOURCES: readonly string[] = Object.keys(SOURCES).filter((name) => SOURCES[name]?.use);

/** A face must be so large, the longer side of its box in pixels: smaller ones show neither skin nor dots. */
const MIN_FACE_PX = 56;
/** Shares of the identities in 256ths: 60 % train, 10 % validate, 30 % test. */
const [TRAIN_BELOW, VALIDATE_BELOW] = [154, 180];
const PHOTO = /\.(jpe?g|png|webp)$/i;

/** Which use an identity has. */
function useOf(identity: string): Use {
  const byte = createHash('sha256').update(identity).digest()[0]!;
  if (byte < TRAIN_BELOW) return 'train';
  return byte < VALIDATE_BELOW ? 'validate' : 'test';
}

/**
 * All photos there are, in the order of their sources and names.
 * @param data folder of the data sets; those that are not there are left out
 */
export function listPhotos(data: string): SourcePhoto[] {
  return Object.entries(SOURCES).flatMap(([source, { folder, identity, use, perIdentity, trimPx = 0 }]) => {
    const root = join(data, folder);
    if (!existsSync(root)) return [];
    const taken = new Map<string, number>();
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => PHOTO.test(file));
    return files.sort().flatMap((file): SourcePhoto[] => {
      const path = join(root, file);
      const who = identity(path);
      const count = taken.get(who) ?? 0;
      if (count >= perIdentity) return [];
      taken.set(who, count + 1);
      return [{ path, source, use: use ?? useOf(who), trimPx }];
    });
  });
}

/** The largest face of each photo by the shipped worker; photos without one that is large enough are left out. */
export async function findFaces(photos: readonly SourcePhoto[], models?: string): Promise<SourceFace[]> {
  const options = { views: 0, maxFaces: 1 };
  const measured = await measurePhotos(photos, { options, label: 'faces', ...(models !== undefined && { models }) });
  return photos.flatMap((photo, i) => {
    const box = largeFace(measured[i]!);
    return box ? [{ ...photo, box }] : [];
  });
}

function largeFace({ faces }: MeasuredPhoto): Box | null {
  const [face] = faces;
  return face && Math.max(face.box.width, face.box.height) >= MIN_FACE_PX ? face.box : null;
}
