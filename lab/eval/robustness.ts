/**
 * Evaluates recognition on degraded photos.
 *
 * Takes people with two photos and changes the second one. The threshold is the score with a false match rate of 0.1 %
 * on unchanged photos. LFW is not balanced over demographic groups.
 */
import type { Box, Point } from '../../src/api/geometry.js';
import { centralFace, folderOf, loadLfw, vectorsOf, type LfwPhoto, type Settings } from './data.js';
import { readEmbedder } from './identify.js';
import { crossPairs } from './lfw.js';
import { defaultEmbedder, measurePhotos } from './measure.js';
import { percent, writeChart, type Outcome } from './report.js';
import { kitScorer, PLAIN_SCORERS } from './scorer.js';
import { thresholdAtRate } from './statistics.js';
import type { MeasuredFace } from './stages.js';
import type { Chart } from './svg.js';

const PEOPLE = 250;
const FMR = 1e-3;

/** A kind of degradation and its strengths. */
interface Change {
  readonly label: string;
  /** From weakest to strongest, or in reverse order. */
  readonly values: readonly number[];
  readonly step: (value: number, face: MeasuredFace) => string;
  readonly names?: readonly string[];
}

const CHANGES: Readonly<Record<string, Change>> = {
  roll: {
    label: 'roll of the photo, degrees',
    // At 0 degrees the photo is also placed on the larger square used for every angle.
    values: Array.from({ length: 24 }, (_, i) => 15 * i),
    step: (value) => `roll:${value}`,
  },
  crop: {
    label: 'side of the photo around the face, eye distances',
    values: [2, 2.25, 2.5, 2.75, 3, 3.5, 4, 5, 6],
    step: crop,
  },
  scale: {
    label: 'scale (1: 250 px, eyes about 42 px apart)',
    values: [0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1],
    step: (value) => `scale:${value}`,
  },
  blur: {
    label: 'standard deviation of the blur, px',
    values: [0, 1, 1.5, 2, 3, 4],
    step: (value) => (value === 0 ? '' : `blur:${value}`),
  },
  jpeg: {
    label: 'JPEG quality',
    values: [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8],
    step: (value) => `jpeg:${value}`,
  },
  brightness: {
    label: 'factor of the brightness',
    values: [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 2.5],
    step: (value) => (value === 1 ? '' : `brightness:${value}`),
  },
  noise: {
    label: 'standard deviation of the noise, gray levels',
    values: [0, 5, 10, 20, 30, 45],
    step: (value) => (value === 0 ? '' : `noise:${value}`),
  },
  occlusion: {
    label: 'third of the face that is covered',
    values: [0, 1, 2, 3],
    names: ['none', 'lower', 'upper', 'left'],
    step: cover,
  },
};

export async function runRobustness(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'lfw');
  if (folder === null) return { skipped: 'no lfw/ in the data' };
  const { photos } = await loadLfw(folder, settings.models, settings.limit);
  const { views } = defaultEmbedder(settings.models);
  const pairs = choosePairs(photos, Math.min(PEOPLE, settings.limit));
  const ways = [
    { name: 'ours', scorer: kitScorer(readEmbedder(settings.models).scoring, 'fast') },
    { name: 'plain', scorer: PLAIN_SCORERS[0] },
  ].map((way) => ({ ...way, threshold: thresholdAtRate(crossPairs(photos, way.scorer).different, FMR) }));

  const requests = Object.values(CHANGES).flatMap(({ values, step }) =>
    values.flatMap((value) => pairs.map(([, { path, face }]) => ({ path, transform: step(value, face!) }))),
  );
  const { models } = settings;
  const measured = (await measurePhotos(requests, { models, label: 'robustness' })).values();

  const json: Record<string, unknown> = {};
  for (const [name, { label, values, names }] of Object.entries(CHANGES)) {
    const rows = values.map((value, i) => {
      const changed = pairs.map(() => {
        const face = centralFace(measured.next().value!);
        return face && vectorsOf(face, views);
      });
      const fnmr = ways.map(({ name: way, scorer, threshold }) => {
        const matching = pairs.filter(([first], k) => {
          const face = changed[k];
          return face && scorer.score(scorer.prepare(first.vectors!), scorer.prepare(face)) > threshold;
        });
        return [way, 1 - matching.length / pairs.length] as const;
      });
      // What a change does to all faces alike makes strangers similar to each other.
      const { scorer, threshold } = ways[0]!;
      const faces = changed.filter((face) => face !== null).map((face) => scorer.prepare(face));
      const strangers = faces.flatMap((face, k) => faces.slice(k + 1).map((other) => scorer.score(face, other)));
      const fmr = strangers.filter((score) => score > threshold).length / strangers.length;
      const noFace = changed.filter((face) => face === null).length / pairs.length;
      return { value, name: names?.[i] ?? String(value), noFace, fmr, fnmr: Object.fromEntries(fnmr) };
    });
    console.log(`${name}: ${label}; FNMR % at FMR ${FMR} of ${pairs.length} people`);
    console.table(
      Object.fromEntries(
        rows.map(({ name: at, noFace, fmr, fnmr }) => [
          // Prefix the number: objects list integer keys before others.
          `${name} ${at}`,
          {
            ours: percent(fnmr['ours']!),
            plain: percent(fnmr['plain']!),
            'no face': percent(noFace),
            'FMR of two changed, ours': (100 * fmr).toFixed(2),
          },
        ]),
      ),
    );
    const series = ways.map((way) => ({
      name: `${way.name} (${way.scorer.name})`,
      points: rows.map(({ value, fnmr }) => [value, fnmr[way.name]!] as const),
    }));
    writeChart(settings.charts, `robustness-${name}`, chartOf(name, CHANGES[name]!, series));
    json[name] = rows;
  }
  return { json: { robustness: { people: pairs.length, fmr: FMR, ...json } } };
}

/** Returns the first two photos of people spread over the alphabet. */
function choosePairs(photos: readonly LfwPhoto[], count: number): (readonly [LfwPhoto, LfwPhoto])[] {
  const byName = new Map<string, LfwPhoto[]>();
  for (const photo of photos) if (photo.face) byName.set(photo.name, [...(byName.get(photo.name) ?? []), photo]);
  const several = [...byName.values()].filter(({ length }) => length >= 2);
  const every = Math.max(1, several.length / count);
  return Array.from({ length: Math.min(count, several.length) }, (_, i) => {
    const [first, second] = several[Math.floor(i * every)]!;
    return [first!, second!];
  });
}

/** Crops the photo to a square around the face, as far as the photo reaches. */
function crop(eyeDistances: number, { landmarks, quality }: MeasuredFace): string {
  const side = eyeDistances * quality.eyeDistancePx;
  const inner = landmarks.slice(17);
  const middle = (value: (point: Point) => number) =>
    inner.reduce((sum, point) => sum + value(point), 0) / inner.length;
  const [x, y] = [middle((point) => point.x) - side / 2, middle((point) => point.y) - side / 2];
  return `crop:${[x, y, side, side].map(Math.round).join(':')}`;
}

/** Covers a third of the face's box; `which` is an index into the names. */
function cover(which: number, { box: { x, y, width, height } }: MeasuredFace): string {
  const parts: Readonly<Record<number, Box>> = {
    1: { x, y: y + (2 * height) / 3, width, height: height / 3 },
    2: { x, y, width, height: height / 3 },
    3: { x, y, width: width / 3, height },
  };
  const part = parts[which];
  return part ? `gray:${[part.x, part.y, part.width, part.height].map(Math.round).join(':')}` : '';
}

function chartOf(title: string, { label, values, names }: Change, series: Chart['series']): Chart {
  const [from, to] = [Math.min(...values), Math.max(...values)];
  return {
    title: `LFW, ${title}: people who are not recognized at FMR ${FMR}`,
    x: { label, scale: 'linear', from, to, ticks: values, format: (value) => names?.[value] ?? String(value) },
    y: {
      label: 'FNMR',
      scale: 'linear',
      from: 0,
      to: 1,
      ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
      format: (value) => `${Math.round(100 * value)} %`,
    },
    series,
  };
}
