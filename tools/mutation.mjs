/**
 * Runs mutation tests of the pure rooms with Stryker: `npm run test:mutation [-- --room NAME]`.
 * Prints how many mutants the node tests kill, and fails when a room is below the limit.
 */
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { Problem, ROOT, runMain } from './process.mjs';

/** Lowest share of killed mutants in a room, in percent. */
const LIMIT = 85;
/** @type {Record<string, string>} */
const ROOMS = {
  vision: 'src/vision',
  models: 'src/models',
  recognition: 'src/recognition',
  liveness: 'src/liveness',
  'use-cases': 'src/worker/use-cases',
};

/**
 * Mutates one room and returns its line of the report.
 * @param {string} room
 * @param {string} folder
 */
async function mutate(room, folder) {
  const mutants = await new Stryker({
    mutate: [`${folder}/**/*.ts`],
    testRunner: 'vitest',
    vitest: { configFile: 'tools/mutation.config.ts' },
    plugins: ['@stryker-mutator/vitest-runner'],
    coverageAnalysis: 'perTest',
    // A static mutant runs every test of the room in a new process, mostly for measured constants.
    ignoreStatic: true,
    concurrency: 2,
    incremental: true,
    incrementalFile: `.cache/mutation/${room}.json`,
    tempDirName: '.cache/stryker',
    // None of these tests reads a model or a built page.
    ignorePatterns: ['/public', '/dist', '/dist-demo', '/coverage', '/.cache'],
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    allowEmpty: false,
  }).runMutationTest();
  /** @param {string} status */
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length;
  const counts = {
    killed: count('Killed'),
    timeout: count('Timeout'),
    survived: count('Survived'),
    noCoverage: count('NoCoverage'),
  };
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const percent = Number(((100 * (counts.killed + counts.timeout)) / total).toFixed(1));
  return { ...counts, total, percent };
}

await runMain(async () => {
  process.chdir(ROOT);
  const { room: only } = parseArgs({ options: { room: { type: 'string' } } }).values;
  const names = Object.keys(ROOMS);
  if (only !== undefined && !names.includes(only)) {
    throw new Problem(
      `Could not test the room '${only}'.`,
      'there is no such room.',
      `Use one of ${names.join(', ')}.`,
    );
  }
  /** @type {Record<string, Awaited<ReturnType<typeof mutate>>>} */
  const report = {};
  for (const [room, folder] of Object.entries(ROOMS)) {
    if (only === undefined || room === only) report[room] = await mutate(room, folder);
  }
  console.table(report);
  // Written so that a room without mutants fails.
  const weak = Object.keys(report).filter((room) => !((report[room]?.percent ?? 0) >= LIMIT));
  if (weak.length > 0) {
    throw new Problem(
      `Less than ${LIMIT} % of the mutants are killed in ${weak.join(', ')}.`,
      'the mutants listed above survive.',
      'Add tests that fail for these mutants, or delete the code that makes no difference.',
    );
  }
});
