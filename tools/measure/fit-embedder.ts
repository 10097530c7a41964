/**
 * `npm run fit:embedder -- --data DIR`, DIR a folder with `images/` and `pairs.txt` of LFW: measures what distances of the
 * int8 embedder mean, compares that with the calibration in tools/models/entries.ts, and fits the background statistics
 * (tools/models/dlib-background.bin). About 8 minutes at first, half a minute from the cached embeddings.
 */
import { writeFileSync } from 'node:fs';
import { parseBackground } from '../../src/recognition/background.js';
import { distanceAtFmr, similarityAt } from '../../src/recognition/decision.js';
import { distance, squaredDistanceToRow } from '../../src/recognition/template.js';
import { DLIB_INT8 } from '../models/entries.js';
import { encodeBackground, fitBackground } from './background.js';
import { lfwFolder, loadLfw, peopleOf, unitLength, type LfwPair, type LfwPhoto } from './lfw.js';

const BACKGROUND_FILE = new URL('../models/dlib-background.bin', import.meta.url);
const COMPONENTS = 64;
const RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
/** The calibration may differ by this much from what is measured: another browser decodes photos a little differently. */
const TOLERANCE = 0.003;

const { calibration, dimension } = DLIB_INT8;
const folder = lfwFolder(process.argv);
if (folder === null) {
  console.log('skipped: no data (--data DIR, with images/ and pairs.txt of LFW)');
} else {
  const { photos, pairs, folds } = await loadLfw(folder);
  const people = peopleOf(photos);
  const found = people.reduce((sum, person) => sum + person.photos.length, 0);
  console.log(`${photos.length} photos of ${people.length} people, no face found in ${photos.length - found}`);
  const faults = [...checkAccuracy(pairs, folds), ...checkRates(photos)];

  const background = fitBackground(
    people.map((person) => person.photos.map(unitLength)),
    COMPONENTS,
  );
  const bytes = encodeBackground(background);
  parseBackground(bytes, dimension);
  writeFileSync(BACKGROUND_FILE, bytes);
  const least = Math.round(Math.min(...background.shares) * people.length);
  console.log(`background: ${COMPONENTS} centres, each of ${least} people or more, ${bytes.length} bytes written`);

  for (const fault of faults) console.error(`The calibration in tools/models/entries.ts is off: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** View 2: the threshold of the other folds decides each one. Pairs without a face count as errors. */
function checkAccuracy(pairs: readonly LfwPair[], folds: number): string[] {
  const measured = pairs.map(({ fold, same, first, second }) => ({
    fold,
    same,
    d: first.embedding && second.embedding ? distance(first.embedding, second.embedding) : NaN,
  }));
  const results = Array.from({ length: folds }, (_, fold) => {
    const limit = bestThreshold(measured.filter((pair) => pair.fold !== fold));
    const tested = measured.filter((pair) => pair.fold === fold);
    return { limit, accuracy: tested.filter(({ d, same }) => (same ? d < limit : d >= limit)).length / tested.length };
  });
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const accuracy = mean(results.map((result) => result.accuracy));
  const limit = mean(results.map((result) => result.limit));
  const similarity = similarityAt(limit, calibration);
  console.log(
    `accuracy ${(100 * accuracy).toFixed(2)} % over ${folds} folds, ${pairs.length} pairs; best distance ${limit.toFixed(4)} ` +
      `(${results.map((result) => result.limit.toFixed(3)).join(', ')}), similarity ${similarity.toFixed(3)}`,
  );
  return Math.abs(similarity - 0.4) < 0.005 ? [] : [`best accuracy at similarity ${similarity.toFixed(3)}, not 0.4`];
}

/** The distance that tells most pairs apart; the middle where several do. */
function bestThreshold(pairs: readonly { readonly same: boolean; readonly d: number }[]): number {
  const sorted = pairs.filter(({ d }) => !Number.isNaN(d)).sort((a, b) => a.d - b.d);
  let right = sorted.filter(({ same }) => !same).length;
  let [most, from, to] = [right, 0, 0];
  sorted.forEach(({ same, d }, i) => {
    right += same ? 1 : -1;
    if (right < most) return;
    if (right > most) from = d;
    most = right;
    to = sorted[i + 1]?.d ?? d;
  });
  return (from + to) / 2;
}

/** False match and non-match rates over all pairs of photos. */
function checkRates(photos: readonly LfwPhoto[]): string[] {
  const faces = photos.flatMap(({ name, embedding }) => (embedding ? [{ name, embedding }] : []));
  const matrix = Float32Array.from(faces.flatMap(({ embedding }) => [...embedding]));
  const different = new Float32Array((faces.length * (faces.length - 1)) / 2);
  const same: number[] = [];
  let count = 0;
  for (const [i, face] of faces.entries()) {
    for (let j = 0; j < i; j++) {
      const d = Math.sqrt(squaredDistanceToRow(face.embedding, matrix, j * dimension));
      if (face.name === faces[j]!.name) same.push(d);
      else different[count++] = d;
    }
  }
  const sorted = different.subarray(0, count).sort();
  console.log(
    `${count} pairs of different people, ${same.length} of the same; distances up to ${sorted.at(-1)!.toFixed(3)}`,
  );
  const rows = RATES.map((rate) => {
    const limit = sorted[Math.floor(rate * count)]!;
    const fnmr = same.filter((d) => d >= limit).length / same.length;
    return { rate, limit, fnmr, similarity: similarityAt(limit, calibration) };
  });
  console.table(
    rows.map(({ rate, limit, fnmr, similarity }) => ({
      FMR: rate,
      distance: limit.toFixed(4),
      similarity: similarity.toFixed(3),
      'FNMR %': (100 * fnmr).toFixed(2),
    })),
  );
  const faults = rows
    .filter(({ rate, limit }) => Math.abs(distanceAtFmr(rate, calibration) - limit) > TOLERANCE)
    .map(({ rate, limit }) => `FMR ${rate} at distance ${limit.toFixed(4)}`);
  const usual = rows.find(({ rate }) => rate === 1e-3)!.similarity;
  return Math.abs(usual - 0.5) < 0.005 ? faults : [...faults, `FMR 1e-3 at similarity ${usual.toFixed(3)}, not 0.5`];
}
