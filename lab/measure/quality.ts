/**
 * Measures the limits in src/vision/quality.ts.
 *
 * `npx tsx lab/measure/quality.ts --data DIR`, where DIR has `lfw/`, takes about 20 minutes. Prints how often people
 * are not recognized when one of two photos is degraded, with the medians of the measures, and how many ordinary photos
 * the limits call poor or unusable.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { centralFace, lfwFolder, vectorsOf } from '../eval/data.js';
import { readEmbedder } from '../eval/identify.js';
import { DEFAULT_MODELS, measurePhotos, type MeasuredPhoto } from '../eval/measure.js';
import { kitScorer } from '../eval/scorer.js';
import { distanceAtFmr, fmrCurve } from '../../src/recognition/decision.js';
import type { QualityIssue } from '../../src/api/quality.js';

const PEOPLE = 250;
const FMR = 1e-3;
const { entry, scoring } = readEmbedder(DEFAULT_MODELS);
const scorer = kitScorer(scoring, 'fast');
const TRANSFORMS = [
  '',
  ...['0.7', '0.5', '0.4', '0.3', '0.25', '0.2'].map((factor) => `scale:${factor}`),
  ...['1', '1.5', '2', '3'].map((radius) => `blur:${radius}`),
  ...['0.5', '0.3', '0.2', '0.15', '0.1', '0.07', '1.5', '2', '2.5'].map((factor) => `brightness:${factor}`),
];
const ISSUES: readonly QualityIssue[] = [
  'too-small',
  'too-dark',
  'too-bright',
  'blurred',
  'extreme-pose',
  'occluded',
  'not-a-face',
];

const folder = lfwFolder(process.argv);
if (folder === null) {
  console.log('skipped: no data (--data DIR, a folder with lfw/)');
} else {
  const people = readdirSync(join(folder, 'images'))
    .sort()
    .map((name) => readdirSync(join(folder, 'images', name)).sort())
    .map((files) => files.map((file) => join(folder, 'images', file.replace(/_\d+\.jpg$/, ''), file)));
  const all = await measurePhotos(people.flat().map((path) => ({ path })));
  console.log(`Of ${all.length} photos, %`);
  console.table(Object.fromEntries(ISSUES.map((issue) => [issue, share(all, issue)])));

  const several = people.filter(({ length }) => length >= 2).slice(0, PEOPLE);
  const references = new Map(all.map((photo) => [photo.path, photo]));
  const rows: Record<string, unknown> = {};
  for (const transform of TRANSFORMS) {
    const degraded = await measurePhotos(several.map(([, path = '']) => ({ path, transform })));
    const pairs = degraded.map((photo, i) => [photo, references.get(several[i]?.[0] ?? '') ?? null] as const);
    rows[transform || 'none'] = describe(pairs);
  }
  console.log(`One of two photos of ${several.length} people degraded: not recognized at FMR ${FMR}, and medians`);
  console.table(rows);
  console.log('The same people undegraded, by the angle of the head of the second photo');
  console.table(byAngle(people.filter(({ length }) => length >= 2).flatMap((files) => pairsOf(files, references))));
}

/** Returns the percentage of photos with this issue. */
function share(photos: readonly MeasuredPhoto[], issue: QualityIssue): { poor: number; unusable: number } {
  const reports = photos.flatMap((photo) => centralFace(photo)?.quality ?? []);
  const percent = (grade: 'poor' | 'unusable') =>
    round((100 * reports.filter((report) => report[grade].includes(issue)).length) / reports.length, 2);
  return { poor: percent('poor'), unusable: percent('unusable') };
}

type Pair = readonly [degraded: MeasuredPhoto, reference: MeasuredPhoto | null];

function describe(pairs: readonly Pair[]): Record<string, number> {
  const distances = pairs.map(distanceOf);
  const reports = pairs.flatMap(([photo]) => centralFace(photo)?.quality ?? []);
  return {
    'no face': pairs.length - reports.length,
    'FNMR %': round(fnmr(distances), 1),
    eyesPx: round(median(reports.map(({ eyeDistancePx }) => eyeDistancePx)), 1),
    brightness: round(median(reports.map(({ brightness }) => brightness)), 3),
    sharpness: round(median(reports.map(({ sharpness }) => sharpness)), 3),
    score: round(median(reports.map(({ score }) => score)), 2),
  };
}

/** Pairs each photo of a person with that person's first frontal photo. */
function pairsOf(files: readonly string[], photos: ReadonlyMap<string, MeasuredPhoto>): Pair[] {
  const mine = files.flatMap((path) => photos.get(path) ?? []);
  const frontal = mine.find((photo) => angleOf(photo) < 12);
  return frontal ? mine.filter((photo) => photo !== frontal).map((photo) => [photo, frontal]) : [];
}

function angleOf(photo: MeasuredPhoto): number {
  const quality = centralFace(photo)?.quality;
  return quality ? Math.hypot(quality.yawDegrees, quality.pitchDegrees) : Number.NaN;
}

function byAngle(pairs: readonly Pair[]): Record<string, { pairs: number; 'FNMR %': number }> {
  const edges = [0, 10, 20, 25, 30, 40, 50, 180];
  return Object.fromEntries(
    edges.slice(1).map((end, i) => {
      const start = edges[i] as number;
      const found = pairs.filter(([photo]) => angleOf(photo) >= start && angleOf(photo) < end);
      return [`${start} to ${end}`, { pairs: found.length, 'FNMR %': round(fnmr(found.map(distanceOf)), 1) }];
    }),
  );
}

/** Returns the distance of a pair; Infinity if either photo shows no face. */
function distanceOf([photo, reference]: Pair): number {
  const [a, b] = [centralFace(photo), reference && centralFace(reference)];
  if (!a || !b) return Infinity;
  return -scorer.score(scorer.prepare(vectorsOf(a, entry.views)), scorer.prepare(vectorsOf(b, entry.views)));
}

/** Returns the FNMR in percent. */
function fnmr(distances: readonly number[]): number {
  const limit = distanceAtFmr(FMR, fmrCurve(entry.calibration, 'fast', 1));
  return (100 * distances.filter((distance) => distance > limit).length) / distances.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
