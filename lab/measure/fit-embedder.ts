/**
 * Fits the background statistics to all people and checks the calibration.
 *
 * Run with `npm run fit:embedder -- --data DIR`, where DIR has `lfw/`. Writes tools/models/dlib-background.bin,
 * measures the calibration of distances with it, and compares that with the calibration in tools/models/entries.ts.
 * Takes about 15 minutes the first time, two from the cached embeddings.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lfwFolder, loadLfw, peopleOf } from '../eval/data.js';
import { withScoring } from '../eval/identify.js';
import { parseBackground } from '../../src/recognition/background.js';
import { similarityAt } from '../../src/recognition/decision.js';
import { DLIB_INT8 } from '../../tools/models/entries.js';
import { makeReferenceFolder, REFERENCE_FOLDER } from '../../tools/models/reference.js';
import { encodeBackground } from './background.js';
import { backgroundOf, bestDistance, measureCalibration, type Curve } from './calibrate.js';

const BACKGROUND_FILE = new URL('../../tools/models/dlib-background.bin', import.meta.url);
/** A folder of the models that the statistics belong to. */
const MODELS = fileURLToPath(new URL('../../.cache/models/public-domain', import.meta.url));
const COMPONENTS = 64;
/**
 * Tolerance of the calibration: a quarter of a rate.
 * Browsers decode photos slightly differently.
 */
const TOLERANCE = 0.0015;

const { calibration, dimension } = DLIB_INT8;
const folder = lfwFolder(process.argv);
if (folder === null) {
  console.log('skipped: no data (--data DIR, a folder with lfw/)');
} else {
  makeReferenceFolder(REFERENCE_FOLDER, MODELS, [], { set: 'public-domain' });
  const lfw = await loadLfw(folder, MODELS);
  const people = peopleOf(lfw.photos);
  const found = people.reduce((sum, person) => sum + person.photos.length, 0);
  console.log(`${lfw.photos.length} photos of ${people.length} people, no face in ${lfw.photos.length - found}`);

  const bytes = encodeBackground(backgroundOf(people, COMPONENTS));
  // Parse the bytes as the worker does, so that the measurements use the rounded values.
  const background = parseBackground(bytes, dimension);
  writeFileSync(BACKGROUND_FILE, bytes);
  const least = Math.round(Math.min(...background.shares) * people.length);
  console.log(`background: ${COMPONENTS} centers, each of ${least} people or more, ${bytes.length} bytes written`);

  const { scoring } = withScoring(DLIB_INT8, background);
  const measured = measureCalibration(
    lfw.photos,
    (some) => withScoring(DLIB_INT8, backgroundOf(some, COMPONENTS / 2)).scoring,
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
