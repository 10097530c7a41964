/**
 * Evaluates verification on LFW: view 2 of its protocol, and all pairs of photos.
 *
 * LFW is not balanced over demographic groups, and its results do not show fitness for any purpose.
 */
import { folderOf, loadLfw, peopleOf, type Lfw, type LfwPhoto, type Settings } from './data.js';
import { readEmbedder } from './identify.js';
import { percent, rateKey, writeChart, type Outcome } from './report.js';
import { scorersFor, type Scorer } from './scorer.js';
import { crossValidate, detCurve, fnmrAtFmr, mean, shareAbove } from './statistics.js';
import type { Chart } from './svg.js';

const RATES = [1e-2, 1e-3, 1e-4, 1e-5];
const CURVE_POINTS = 81;
/** Shares of the photos to reject for low quality, lowest quality first. */
const REJECTED = [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2];
/** FMR that sets the threshold of the error-versus-reject curve; the threshold stays fixed, as in use. */
const REJECT_FMR = 1e-4;

export async function runLfw(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'lfw');
  if (folder === null) return { skipped: 'no lfw/ in the data' };
  const lfw = await loadLfw(folder, settings.models, settings.limit);
  const scorers = scorersFor(readEmbedder(settings.models).scoring);
  const missing = lfw.photos.filter(({ vectors }) => !vectors).length;
  console.log(`${lfw.photos.length} photos, no face found in ${missing}; ${lfw.pairs.length} pairs of view 2`);
  console.log('FNMR % of all pairs / with every person weighing the same (score), at false match rates');

  const results = scorers.map((scorer) => ({ name: scorer.name, scorer, ...judge(lfw, scorer) }));
  console.table(Object.fromEntries(results.map(({ name, row }) => [name, row])));
  const curves = results.map(({ name, curve }) => ({
    name,
    points: curve.map(({ fmr, fnmr }) => [fmr, fnmr] as const),
  }));
  writeChart(settings.charts, 'lfw-det', detChart(curves));

  const rejections = results.map(({ name, scorer, json: { scoreAtFmr } }) => ({
    name,
    points: errorVersusReject(lfw.photos, scorer, scoreAtFmr[rateKey(REJECT_FMR)]!),
  }));
  console.log(`FNMR % at FMR ${rateKey(REJECT_FMR)} where the worst photos by quality are rejected`);
  console.table(
    Object.fromEntries(
      rejections.map(({ name, points }) => [
        name,
        Object.fromEntries(points.map(([share, fnmr]) => [`${percent(share)} %`, percent(fnmr)])),
      ]),
    ),
  );
  writeChart(settings.charts, 'lfw-reject', rejectChart(rejections));

  const byScorer = Object.fromEntries(results.map(({ name, json }) => [name, json]));
  const ours = results.at(-1)!;
  const photos = { photos: lfw.photos.length, failuresToAcquire: missing };
  const errorVersusRejection = Object.fromEntries(rejections.map(({ name, points }) => [name, points]));
  return {
    json: { lfw: { scorer: ours.name, ...ours.json, ...photos, errorVersusRejection, scorers: byScorer } },
  };
}

function judge({ photos, pairs }: Lfw, scorer: Scorer) {
  const prepared = new Map(
    photos.flatMap((photo) => (photo.vectors ? [[photo, scorer.prepare(photo.vectors)] as const] : [])),
  );
  const view2 = crossValidate(
    pairs.map(({ fold, same, first, second }) => {
      const [a, b] = [prepared.get(first), prepared.get(second)];
      return { fold, same, score: a === undefined || b === undefined ? NaN : scorer.score(a, b) };
    }),
  );
  const { same, different } = crossPairs(photos, scorer);
  const perPerson = sameByPerson(photos, scorer);
  const points = fnmrAtFmr(same, different, RATES).map((point) => ({
    ...point,
    fnmrPerPerson: 1 - mean(perPerson.map((scores) => shareAbove(scores, point.score))),
  }));
  const keyed = (value: (point: (typeof points)[number]) => number) =>
    Object.fromEntries(points.map((point) => [rateKey(point.fmr), value(point)]));
  const json = {
    accuracy: view2.accuracy,
    standardError: view2.standardError,
    failureToAcquire: view2.failureToAcquire,
    bestScore: mean(view2.thresholds),
    fnmrAtFmr: keyed(({ fnmr }) => fnmr),
    /** The same, with every person weighted equally. */
    fnmrAtFmrPerPerson: keyed(({ fnmrPerPerson }) => fnmrPerPerson),
    scoreAtFmr: keyed(({ score }) => score),
    samePairs: same.length,
    differentPairs: different.length,
  };
  const row = {
    'accuracy %': percent(view2.accuracy),
    '+-': percent(view2.standardError),
    'no face %': percent(view2.failureToAcquire),
    'best score': json.bestScore.toFixed(3),
    ...Object.fromEntries(
      points.map(({ fmr, fnmr, fnmrPerPerson, score }) => [
        `FMR ${rateKey(fmr)}`,
        `${percent(fnmr)} / ${percent(fnmrPerPerson)} (${score.toFixed(3)})`,
      ]),
    ),
  };
  return { row, json, curve: detCurve(same, different, 1e-6, 1e-1, CURVE_POINTS) };
}

/** Returns the scores of all pairs of photos with a face: same person and different people, ascending. */
export function crossPairs(
  photos: readonly LfwPhoto[],
  scorer: Scorer,
): { readonly same: Float32Array; readonly different: Float32Array } {
  const faces = photos.flatMap(({ name, vectors }) => (vectors ? [{ name, prepared: scorer.prepare(vectors) }] : []));
  const scores = {
    same: new Float32Array((faces.length * (faces.length - 1)) / 2),
    different: new Float32Array((faces.length * (faces.length - 1)) / 2),
  };
  let [same, different] = [0, 0];
  for (const [i, face] of faces.entries()) {
    for (let j = 0; j < i; j++) {
      const other = faces[j]!;
      const score = scorer.score(face.prepared, other.prepared);
      if (face.name === other.name) scores.same[same++] = score;
      else scores.different[different++] = score;
    }
  }
  return { same: scores.same.slice(0, same).sort(), different: scores.different.subarray(0, different).sort() };
}

/**
 * Returns the scores of all pairs of photos per person, ascending.
 * Per person, because a few people have most of the pairs.
 */
function sameByPerson(photos: readonly LfwPhoto[], scorer: Scorer): Float32Array[] {
  return peopleOf(photos)
    .filter(({ photos: own }) => own.length > 1)
    .map(({ photos: own }) => {
      const prepared = own.map((face) => scorer.prepare(face));
      const scores = prepared.flatMap((a, i) => prepared.slice(0, i).map((b) => scorer.score(a, b)));
      return Float32Array.from(scores).sort();
    });
}

/**
 * Computes the FNMR at a fixed threshold while the photos of the lowest quality are rejected.
 *
 * P. Grother and E. Tabassi, 'Performance of biometric quality measures', 2007.
 * @returns pairs of the share of rejected photos and the FNMR of the remaining pairs
 */
function errorVersusReject(photos: readonly LfwPhoto[], scorer: Scorer, threshold: number): [number, number][] {
  const faces = photos
    .flatMap(({ name, face, vectors }) =>
      face && vectors ? [{ name, quality: face.quality.score, prepared: scorer.prepare(vectors) }] : [],
    )
    .sort((a, b) => a.quality - b.quality);
  // Ranks of the worse photo of each pair, separately for pairs that match and pairs that do not.
  const [matches, misses]: [number[], number[]] = [[], []];
  for (const [i, { name, prepared }] of faces.entries()) {
    for (const better of faces.slice(i + 1)) {
      if (better.name === name) (scorer.score(prepared, better.prepared) > threshold ? matches : misses).push(i);
    }
  }
  return REJECTED.map((share) => {
    const kept = (ranks: readonly number[]) => ranks.filter((rank) => rank >= share * faces.length).length;
    return [share, kept(misses) / (kept(misses) + kept(matches))];
  });
}

function rejectChart(series: Chart['series']): Chart {
  const format = (value: number) => `${Number((100 * value).toPrecision(3))} %`;
  return {
    title: `LFW, errors against rejections at a false match rate of ${rateKey(REJECT_FMR)}`,
    x: {
      label: 'photos rejected, the lowest quality first',
      scale: 'linear',
      from: 0,
      to: 0.2,
      ticks: REJECTED.filter((share) => share !== 0.01),
      format,
    },
    y: { label: 'false non-match rate', scale: 'linear', from: 0, to: 0.2, ticks: [0, 0.05, 0.1, 0.15, 0.2], format },
    series,
  };
}

function detChart(series: Chart['series']): Chart {
  const power = (value: number) => `${Number((100 * value).toPrecision(3))} %`;
  return {
    title: 'LFW, all pairs of photos',
    x: {
      label: 'false match rate',
      scale: 'log',
      from: 1e-6,
      to: 1e-1,
      ticks: [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
      format: power,
    },
    y: {
      label: 'false non-match rate',
      scale: 'log',
      from: 1e-3,
      to: 1,
      ticks: [1e-3, 1e-2, 0.03, 0.1, 0.3, 1],
      format: power,
    },
    series,
  };
}
