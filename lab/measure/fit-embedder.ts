/**
 * Fits the background statistics of an embedder to all people and checks its calibration.
 *
 * Run with `npm run fit:embedder -- [--models DIR] --data DIR`, where the data has `lfw/`. The models are the kit's own by
 * default; tools/models/reference.ts makes a folder of another set. Writes the statistics to tools/models, measures the
 * calibration of distances with them, and compares that with the calibration in tools/models/entries.ts. Takes about 15
 * minutes the first time, two from the cached embeddings.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { lfwFolder, loadLfw, peopleOf } from '../eval/data.js';
import { withScoring } from '../eval/identify.js';
import { DEFAULT_MODELS, defaultEmbedder } from '../eval/measure.js';
import { parseBackground } from '../../src/recognition/background.js';
import { similarityAt } from '../../src/recognition/decision.js';
import { BACKGROUNDS } from '../../tools/models/entries.js';
import { encodeBackground } from './background.js';
import { backgroundOf, bestDistance, measureCalibration, type Curve } from './calibrate.js';

const COMPONENTS = 64;
/**
 * Tolerance of the calibration: a quarter of a rate of the narrowest curve.
 * Browsers decode photos slightly differently.
 */
const TOLERANCE = 0.0015;

const at = process.argv.indexOf('--models');
const models = at < 0 ? DEFAULT_MODELS : resolve(process.argv[at + 1] ?? '');
const entry = defaultEmbedder(models);
const { calibration, dimension } = entry;
const file = BACKGROUNDS.find(({ embedder }) => embedder.embeddingSpace === entry.embeddingSpace)?.file;
if (file === undefined) throw new Error(`${entry.id} is not an embedder of the kit. Use fit-calibration.ts for it.`);
const folder = lfwFolder(process.argv);
if (folder === null) {
  console.log('skipped: no data (--data DIR, a folder with lfw/)');
} else {
  const lfw = await loadLfw(folder, models);
  const people = peopleOf(lfw.photos);
  const found = people.reduce((sum, person) => sum + person.photos.length, 0);
  console.log(`${lfw.photos.length} photos of ${people.length} people, no face in ${lfw.photos.length - found}`);

  const bytes = encodeBackground(backgroundOf(people, COMPONENTS));
  // Parse the bytes as the worker does, so that the measurements use the rounded values.
  const background = parseBackground(bytes, dimension);
  writeFileSync(new URL(`../../tools/models/${file}`, import.meta.url), bytes);
  const least = Math.round(Math.min(...background.shares) * people.length);
  console.log(`${file}: ${COMPONENTS} centers, each of ${least} people or more, ${bytes.length} bytes written`);

  const { scoring } = withScoring(entry, background);
  const measured = measureCalibration(
    lfw.photos,
    (some) => withScoring(entry, backgroundOf(some, COMPONENTS / 2)).scoring,
  );
  const best = bestDistance(lfw, scoring, 'fast');
  console.log(JSON.stringify({ ...measured, bestDistance: Number(best.toFixed(4)) }, null, 1));

  const usual = measured.fmr.fast.find(([, rate]) => rate === 1e-3)![0];
  const faults = [
    ...(['fast', 'high'] as const).flatMap((accuracy) =>
      compare(accuracy, calibration.fmr[accuracy], measured.fmr[accuracy]),
    ),
    ...compare('profile', calibration.profile, measured.profile),
    ...compare('commonness', [[calibration.commonness ?? 0, 1]], [[measured.commonness, 1]]),
    ...compare('similarity 0.5', [[inverse(0.5), 1]], [[usual, 1]]),
    ...compare('similarity 0.4', [[inverse(0.4), 1]], [[best, 1]]),
  ];
  for (const fault of faults)
    console.error(`The calibration in tools/models/entries.ts differs from the measured one: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

function compare(name: string, stored: Curve | undefined, measured: Curve): string[] {
  return measured
    .filter(([distance], i) => !(Math.abs(distance - (stored?.[i]?.[0] ?? NaN)) <= TOLERANCE))
    .map(([distance, rate]) => `${name}, ${rate}: ${distance.toFixed(4)}`);
}

/** Returns the distance of a similarity that is a knot of the curve. */
function inverse(similarity: number): number {
  const knot = calibration.similarity.find(([distance]) => similarityAt(distance, calibration) === similarity);
  return knot?.[0] ?? NaN;
}
