/**
 * Runs one evaluation with the kit's stages in Chromium.
 *
 * `npm run eval -- NAME [--data DIR] [--models DIR] [--json FILE] [--limit N]`. The data folder has one folder per data
 * set; by default it is ../shared/eval, if that exists. The models folder has a manifest.json and its files; by default
 * it is the kit's own. `--limit` takes only the first people or photos, for a trial run. The JSON goes to
 * .cache/eval/NAME.json unless FILE is given. Curves of the kit's own models on all data go to docs/accuracy/, others
 * beside the JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Problem, ROOT, runMain } from '../../tools/process.mjs';
import { runCalibration } from './calibration.js';
import { dataFolder, type Settings } from './data.js';
import { runLandmarks } from './landmarks.js';
import { runLfw } from './lfw.js';
import { runLiveness } from './liveness.js';
import { DEFAULT_MODELS, readManifest } from './measure.js';
import { runMigration } from './migration.js';
import { runOpenSet } from './open-set.js';
import type { Outcome } from './report.js';
import { runRobustness } from './robustness.js';
import { runSpoof } from './spoof.js';
import { runWider } from './wider.js';

const RUNNERS: Readonly<Record<string, (settings: Settings) => Promise<Outcome>>> = {
  lfw: runLfw,
  'open-set': runOpenSet,
  wider: runWider,
  landmarks: runLandmarks,
  migration: runMigration,
  calibration: runCalibration,
  robustness: runRobustness,
  liveness: runLiveness,
  spoof: runSpoof,
};
const USAGE = `npm run eval -- ${Object.keys(RUNNERS).join('|')} [--data DIR] [--models DIR] [--json FILE] [--limit N]`;

await runMain(async () => {
  const { name, run, data, models, json, limit } = readCommandLine();
  const isWhole = models === DEFAULT_MODELS && limit === Infinity;
  const charts = isWhole ? join(ROOT, 'docs/accuracy') : dirname(json);
  const outcome = await run({ data, models, limit, charts });
  if ('skipped' in outcome) {
    console.log(`skipped: ${outcome.skipped} (--data DIR)`);
    return;
  }
  const used = readManifest(models).models.map(({ id, sha256 }) => ({ id, sha256 }));
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify({ ...outcome.json, models: used }, null, 2)}\n`);
  console.log(`${name}: written to ${json}`);
  if (outcome.failure !== undefined) {
    throw new Problem(`${name}: the figures are not good enough.`, outcome.failure, 'Find the change that caused it.');
  }
});

function readCommandLine() {
  const text = { type: 'string' } as const;
  const refuse = (why: string) => new Problem('The command line is not valid.', why, `Use: ${USAGE}`);
  let args;
  try {
    args = parseArgs({ allowPositionals: true, options: { data: text, models: text, json: text, limit: text } });
  } catch (error) {
    throw refuse(String(error));
  }
  const { positionals, values } = args;
  const [name = ''] = positionals;
  const run = RUNNERS[name];
  if (!run || positionals.length > 1) throw refuse(`There is no evaluation '${positionals.join(' ')}'.`);
  const limit = values.limit === undefined ? Infinity : Number(values.limit);
  if (!(limit >= 1)) throw refuse(`--limit is ${values.limit ?? ''}, and not a number of 1 or more.`);
  return {
    name,
    run,
    limit,
    data: dataFolder(values.data),
    models: resolve(values.models ?? DEFAULT_MODELS),
    json: resolve(values.json ?? join(ROOT, `.cache/eval/${name}.json`)),
  };
}
