/**
 * Runs mutation tests of the pure rooms with Stryker: `npm run test:mutation [-- --room NAME]`.
 * Prints how many mutants the node tests kill, and fails when a room is below the limit.
 */
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { Problem, ROOT, runMain } from './process.mjs';

/** Lowest share of killed mutants in a room, in percent. */
const LIMIT = 85;
/**
 * Folder of each room, and the names of its tests. A room without names is tested with all tests, which takes longer: a
 * mutant loads every file that reaches it.
 * @type {Record<string, { folder: string, tests?: string[] }>}
 */
const ROOMS = {
  vision: { folder: 'src/vision', tests: ['vision', 'quality', 'tracking', 'finder'] },
  models: { folder: 'src/models' },
  recognition: {
    folder: 'src/recognition',
    tests: ['scoring', 'decision', 'gallery', 'row-index', 'background', 'classifier', 'enrollment'],
  },
  liveness: { folder: 'src/liveness', tests: ['liveness'] },
  'use-cases': { folder: 'src/worker/use-cases' },
};

/**
 * Mutates one room and returns its line of the report.
 * @param {string} room
 * @param {(typeof ROOMS)[string]} plan
 */
async function mutate(room, { folder, tests }) {
  const mutants = await new Stryker({
    mutate: [`${folder}/**/*.ts`],
    ...(tests && { testFiles: tests.map((name) => `test/node/${name}.test.ts`) }),
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
    ignorePatterns: ['/public', '/dist', '/dist-demo', '/.cache'],
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
  for (const [room, plan] of Object.entries(ROOMS)) {
    if (only === undefined || room === only) report[room] = await mutate(room, plan);
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
