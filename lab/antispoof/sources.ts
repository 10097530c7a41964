/**
 * The photos of bona fide faces, and the split into uses.
 * A hash of the identity decides the split, so that an identity used in training is never used in evaluation.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { measurePhotos, type MeasuredPhoto } from '../eval/measure.js';
import type { Box } from '../../src/api/geometry.js';

/** Use of an identity's photos; `validate` serves to choose models and thresholds. */
export type Use = 'train' | 'validate' | 'test';

export interface SourcePhoto {
  readonly path: string;
  /** Name of the data set. */
  readonly source: string;
  readonly use: Use;
  /** Border to remove on every side before the photo is used unchanged, in pixels. */
  readonly trimPx: number;
}

/** A photo with its largest face. */
export interface SourceFace extends SourcePhoto {
  /** Box found by the shipped detector, in pixels of the photo. */
  readonly box: Box;
}

interface Source {
  /** Folder, relative to the data folder. */
  readonly folder: string;
  /** Returns the identity of a photo from its path; all photos of one identity have the same use. */
  readonly identity: (path: string) => string;
  /** Use of the whole source, which is then never trained on. By default the hash of the identity decides. */
  readonly use?: Use;
  /** Maximum number of photos per identity. */
  readonly perIdentity: number;
  /** Defaults to 0. */
  readonly trimPx?: number;
}

/** LFW and YouTube Faces show the same people, so both identify a person by name alone. */
const nameOf = (path: string) => basename(path).replace(/_\d+\.\w+$/, '');
const fileOf = (path: string) => basename(path);

const SOURCES: Readonly<Record<string, Source>> = {
  // Deep-funneled photos were rotated upright, which leaves black wedges in the corners that no camera produces.
  lfw: { folder: 'lfw/images', identity: nameOf, perIdentity: 2, trimPx: 18 },
  ytf: { folder: 'ytf/frames', identity: nameOf, perIdentity: 4 },
  lfpw: { folder: 'lfpw', identity: fileOf, perIdentity: 1 },
  dlib_faces: { folder: 'dlib_faces', identity: fileOf, perIdentity: 1 },
  wider: { folder: 'wider/images', identity: fileOf, perIdentity: 1 },
  // Sources held out completely: no model sees them before the evaluation.
  azure_family: { folder: 'azure_family', identity: fileOf, use: 'test', perIdentity: 1 },
  deepface: { folder: 'deepface', identity: fileOf, use: 'test', perIdentity: 1 },
  groups: { folder: 'groups', identity: fileOf, use: 'test', perIdentity: 1 },
};

/** Names of the sources that are never trained on. */
export const UNSEEN_SOURCES: readonly string[] = Object.keys(SOURCES).filter((name) => SOURCES[name]?.use);

/**
 * Minimum length of the longer side of a face's box, in pixels.
 * Smaller faces show neither skin nor dots.
 */
const MIN_FACE_PX = 56;
/** Shares of the identities in 256ths: 60 % train, 10 % validate, 30 % test. */
const [TRAIN_BELOW, VALIDATE_BELOW] = [154, 180];
const PHOTO = /\.(jpe?g|png|webp)$/i;

/** Returns the use of an identity. */
function useOf(identity: string): Use {
  const byte = createHash('sha256').update(identity).digest()[0]!;
  if (byte < TRAIN_BELOW) return 'train';
  return byte < VALIDATE_BELOW ? 'validate' : 'test';
}

/**
 * Lists all photos, ordered by source and name.
 * @param data folder of the data sets; missing data sets are skipped
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

/**
 * Finds the largest face of each photo with the kit's stages.
 * Photos without a large enough face are left out.
 */
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
