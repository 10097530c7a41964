/**
 * Measures an embedder's `calibration` on LFW.
 *
 * Run with `npx tsx lab/measure/fit-calibration.ts --models DIR [--data DIR]`, where DIR is a folder of models with
 * that embedder; tools/models/reference.ts makes one.
 */
import { resolve } from 'node:path';
import { lfwFolder, loadLfw, peopleOf } from '../eval/data.js';
import { readEmbedder } from '../eval/identify.js';
import { bestDistance, measureCalibration } from './calibrate.js';

const models = process.argv[process.argv.indexOf('--models') + 1];
const folder = lfwFolder(process.argv);
if (!process.argv.includes('--models') || models === undefined)
  throw new Error('The option --models is missing. Pass --models DIR, a folder that tools/models/reference.ts made.');
if (folder === null) {
  console.log('skipped: no data (--data DIR, a folder with lfw/)');
} else {
  const { scoring } = readEmbedder(resolve(models));
  const lfw = await loadLfw(folder, resolve(models));
  const people = peopleOf(lfw.photos);
  // Nothing was fitted to these people, so both halves use the same scoring.
  const measured = measureCalibration(lfw.photos, () => scoring);
  const missing = lfw.photos.filter(({ vectors }) => vectors === null).length;
  console.log(`${lfw.photos.length} photos of ${people.length} people, no face in ${missing}`);
  console.log(`similarity 0.5 at the distance of FMR 1e-3, 0.4 at ${bestDistance(lfw, scoring, 'fast').toFixed(4)}`);
  console.log(JSON.stringify(measured, null, 1));
}
