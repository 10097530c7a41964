/**
 * Compares the 68 landmarks with annotated ones.
 *
 * The landmarks of LFPW were set by hand. Those of dlib's example faces come from dlib's own landmarker, so they show
 * how well two landmarkers agree.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box, Point } from '../../src/api/geometry.js';
import { boxContains } from '../../src/vision/geometry.js';
import { folderOf, type Settings } from './data.js';
import { measurePhotos } from './measure.js';
import { percent, type Outcome } from './report.js';
import { mean, median, normalizedMeanError } from './statistics.js';

const POINTS = 68;
/** Index of the first point that counts. */
const SETS = { 'all 68': 0, 'inner 51': 17 } as const;
/** Errors above this value are failures, as in the 300-W challenge. */
const FAILURE = 0.08;

export interface AnnotatedFace {
  readonly path: string;
  /** 68 points in iBUG order, in pixels whose centers are at .5. */
  readonly points: readonly Point[];
}

interface Summary {
  /** Mean error of the detected faces. */
  readonly nme: number;
  readonly median: number;
  /** Share of errors above 8 %; a face that was not detected counts as one. */
  readonly failures: number;
}

export async function runLandmarks(settings: Settings): Promise<Outcome> {
  const sets = {
    lfpw: readLfpw(folderOf(settings, 'lfpw')),
    dlibFaces: readDlibFaces(folderOf(settings, 'dlib_faces')),
  };
  const results: Record<string, { faces: number; notFound: number; 'all 68': Summary; 'inner 51': Summary }> = {};
  for (const [name, all] of Object.entries(sets)) {
    if (all.length === 0) continue;
    results[name] = await judge(all.slice(0, settings.limit), name, settings.models);
  }
  if (Object.keys(results).length === 0) return { skipped: 'no lfpw/ and no dlib_faces/ in the data' };

  const rows = Object.entries(results).flatMap(([name, result]) =>
    (['all 68', 'inner 51'] as const).map((points) => {
      const { nme, median: middle, failures } = result[points];
      const row = { 'NME %': percent(nme), median: percent(middle), 'failures %': percent(failures) };
      return [`${name}, ${points}`, { faces: result.faces, 'not found': result.notFound, ...row }];
    }),
  );
  console.table(Object.fromEntries(rows));

  const [first] = Object.keys(results);
  const headline = results[first!]!;
  return { json: { landmarks: { set: first, ...headline['all 68'], sets: results } } };
}

async function judge(annotated: readonly AnnotatedFace[], label: string, models: string) {
  const photos = await measurePhotos(annotated, { options: { views: 0 }, models, label });
  const found = annotated.flatMap(({ points }, i) => {
    const face = annotatedFace(photos[i]!.faces, points);
    return face ? [{ landmarks: face.landmarks, points }] : [];
  });
  const notFound = annotated.length - found.length;
  const summarize = (first: number): Summary => {
    const errors = found.map(({ landmarks, points }) => normalizedMeanError(landmarks, points, first));
    const failed = errors.filter((error) => error > FAILURE).length + notFound;
    return { nme: mean(errors), median: median(errors), failures: failed / annotated.length };
  };
  return {
    faces: annotated.length,
    notFound,
    'all 68': summarize(SETS['all 68']),
    'inner 51': summarize(SETS['inner 51']),
  };
}

/** Returns the face whose box contains most of the annotated points, if more than half of them. */
export function annotatedFace<F extends { readonly box: Box }>(
  faces: readonly F[],
  points: readonly Point[],
): F | null {
  const counted = faces.map((face) => ({ face, inside: points.filter((p) => boxContains(face.box, p)).length }));
  const [best] = counted.sort((a, b) => b.inside - a.inside);
  return best && best.inside > POINTS / 2 ? best.face : null;
}

/** Reads one face per image: `image_NNNN.png` and `.pts`, in which the first pixel's center is (1, 1). */
export function readLfpw(folder: string | null): AnnotatedFace[] {
  if (folder === null) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.pts'));
  return files.sort().map((file) => {
    const [, body = ''] = /\{([^}]*)\}/.exec(readFileSync(join(folder, file), 'utf8')) ?? [];
    const points = body
      .trim()
      .split('\n')
      .map((row): Point => {
        const [x = NaN, y = NaN] = row.trim().split(/\s+/).map(Number);
        return { x: x - 0.5, y: y - 0.5 };
      });
    if (points.length !== POINTS)
      throw new Error(`${file} has ${points.length} points instead of ${POINTS}. Download the data set again.`);
    return { path: join(folder, file.replace(/pts$/, 'png')), points };
  });
}

/** Reads several faces per image from dlib's files, in which the first pixel's center is (0, 0). */
function readDlibFaces(folder: string | null): AnnotatedFace[] {
  if (folder === null) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('_with_face_landmarks.xml'));
  return files.sort().flatMap((file) => {
    const images = readFileSync(join(folder, file), 'utf8').matchAll(/<image file='([^']+)'[\s\S]*?<\/image>/g);
    return [...images].flatMap(([image, name = '']) =>
      [...image.matchAll(/<box [\s\S]*?<\/box>/g)].map(([box]) => {
        const parts = [...box.matchAll(/<part name='\d+' x='(-?\d+)' y='(-?\d+)'/g)];
        const points = parts.map(([, x, y]) => ({ x: Number(x) + 0.5, y: Number(y) + 0.5 }));
        if (points.length !== POINTS)
          throw new Error(
            `${file} has a face with ${points.length} points instead of ${POINTS} in ${name}. Download the data set again.`,
          );
        return { path: join(folder, name), points };
      }),
    );
  });
}
