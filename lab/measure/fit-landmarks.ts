/**
 * Fits the mean error of each point of the landmarkers, in the crop of each pass.
 *
 * Run with `npm run fit:landmarks -- --data DIR`, where DIR has `lfpw/`; takes a minute. Writes the files of offsets in
 * tools/models and prints the error on held-out photos, by ten-fold cross-validation.
 */
import { writeFileSync } from 'node:fs';
import { dataFolder, folderOf } from '../eval/data.js';
import { annotatedFace, readLfpw, type AnnotatedFace } from '../eval/landmarks.js';
import { DEFAULT_MODELS } from '../eval/measure.js';
import { openPage, URLS } from '../eval/server.js';
import { mean, normalizedMeanError } from '../eval/statistics.js';
import type { Landmark68Entry } from '../../src/models/landmarker.js';
import type { Point } from '../../src/api/geometry.js';
import { applySimilarity, invertSimilarity } from '../../src/vision/geometry.js';
import { FR_LANDMARK_68, LANDMARK_68, type LandmarkOffsets } from '../../tools/models/entries.js';
import type { FitPage, LocatedFace } from './fit-landmarks-page.js';

const SCRIPT = '/lab/measure/fit-landmarks-page.ts';
const NONE = new Array<number>(136).fill(0);
const FOLDS = 10;
const ORIGIN = '150 faces of the LFPW training set with 68 points marked by hand (npm run fit:landmarks)';

/** The landmarkers by set. `again` is the pass over the points of an earlier pass or frame. */
const LANDMARKERS = [
  { set: 'default', entry: FR_LANDMARK_68, again: FR_LANDMARK_68.follow, file: 'fr-landmark-offsets.json' },
  { set: 'public-domain', entry: LANDMARK_68, again: LANDMARK_68.passes[1], file: 'landmark-offsets.json' },
] as const;

type Passes = Landmark68Entry['passes'];
type Pair = readonly [face: LocatedFace, annotated: AnnotatedFace];

const at = process.argv.indexOf('--data');
const folder = folderOf({ data: dataFolder(at < 0 ? undefined : process.argv[at + 1]) }, 'lfpw');
if (folder === null) {
  console.log('skipped: no data (--data DIR, a folder with lfpw/)');
} else {
  const annotated = readLfpw(folder);
  const { page, origin, close } = await openPage(
    DEFAULT_MODELS,
    annotated.map(({ path }) => path),
    SCRIPT,
  );
  const call = <Name extends keyof FitPage>(name: Name, ...parameters: Parameters<FitPage[Name]>) =>
    page.evaluate<Awaited<ReturnType<FitPage[Name]>>>(`globalThis.evalPage.${name}(...${JSON.stringify(parameters)})`);
  const locateAll = async (passes: Passes): Promise<Pair[]> => {
    const pairs: Pair[] = [];
    for (const [i, face] of annotated.entries()) {
      const found = annotatedFace(await call('locate', `${URLS.photo}${i}`, passes), face.points);
      if (found) pairs.push([found, face]);
    }
    return pairs;
  };
  try {
    for (const { set, entry, again, file } of LANDMARKERS) {
      await call('open', origin + URLS.assets, set);
      const [first] = entry.passes;
      const firstPairs = await locateAll([{ ...first, offsets: NONE }]);
      const box = fitOffsets(firstPairs, entry.size);
      const pairs = await locateAll([
        { ...first, offsets: box },
        { ...again, offsets: NONE },
      ]);
      report(`${entry.id}, crop of the box`, firstPairs, entry.size);
      report(`${entry.id}, crop of the points`, pairs, entry.size);
      const offsets: LandmarkOffsets = { origin: ORIGIN, box, points: fitOffsets(pairs, entry.size) };
      writeFileSync(new URL(`../../tools/models/${file}`, import.meta.url), `${JSON.stringify(offsets)}\n`);
      console.log(`offsets of ${pairs.length} faces written to tools/models/${file}`);
    }
  } finally {
    await close();
  }
}

/** Returns the mean offset of each point, in fractions of the crop. */
function fitOffsets(pairs: readonly Pair[], size: number): number[] {
  return NONE.map((_, k) => {
    const offsets = pairs.map(([{ landmarks, crop }, { points }]) => {
      const toCrop = invertSimilarity(crop);
      const place = (all: readonly Point[]) => applySimilarity(toCrop, all[Math.floor(k / 2)]!);
      const [found, truth] = [place(landmarks), place(points)];
      return (k % 2 === 0 ? truth.x - found.x : truth.y - found.y) / size;
    });
    return Number(mean(offsets).toFixed(4));
  });
}

/** Prints the normalized mean error without offsets, and with those of the other folds. */
function report(name: string, pairs: readonly Pair[], size: number): void {
  const errors = (offsetsFor: (i: number) => readonly number[]) =>
    pairs.map(([{ landmarks, crop }, { points }], i) => {
      const offsets = offsetsFor(i);
      const toCrop = invertSimilarity(crop);
      const corrected = landmarks.map((point, k) => {
        const { x, y } = applySimilarity(toCrop, point);
        return applySimilarity(crop, { x: x + offsets[2 * k]! * size, y: y + offsets[2 * k + 1]! * size });
      });
      return normalizedMeanError(corrected, points, 0);
    });
  const folds = Array.from({ length: FOLDS }, (_, fold) =>
    fitOffsets(
      pairs.filter((_pair, i) => i % FOLDS !== fold),
      size,
    ),
  );
  const percent = (values: readonly number[]) => `${(100 * mean(values)).toFixed(2)} %`;
  const plain = percent(errors(() => NONE));
  console.log(`${name}: NME ${plain} plain, ${percent(errors((i) => folds[i % FOLDS]!))} with offsets of other folds`);
}
