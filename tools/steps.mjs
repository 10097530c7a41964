/** The steps of `npm run check` and `npm test`, and the one way to run them. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { elapsed, ROOT, runNpm } from './process.mjs';

/** Far above the slowest step, so that one that hangs ends as a failure. */
const STEP_LIMIT_MS = 20 * 60_000;
const REPORT_FOLDER = join(ROOT, '.cache', 'reports');

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} script the npm script
 * @property {'vitest' | 'playwright'} [runner] whose report tells how many tests passed; without: the step counts as one
 * @property {string} [needs] the script of the earlier step without which this one makes no sense
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @type {readonly Step[]} */
export const CHECK_STEPS = [
  { name: 'Format', script: 'check:format' },
  { name: 'Lint', script: 'check:lint' },
  { name: 'Types', script: 'check:types' },
  { name: 'Dependencies', script: 'check:deps' },
  { name: 'Unused code', script: 'check:unused' },
  { name: 'Node tests', script: 'test:node', runner: 'vitest' },
  { name: 'Build', script: 'build' },
  { name: 'Package', script: 'check:package', needs: 'build' },
  { name: 'Demo build', script: 'build:demo' },
  { name: 'Size', script: 'check:size', needs: 'build:demo' },
];

/** @type {readonly Step[]} */
export const TEST_STEPS = [
  ...CHECK_STEPS,
  { name: 'Browser tests', script: 'test:browser', runner: 'vitest' },
  { name: 'End-to-end tests', script: 'test:e2e', runner: 'playwright', needs: 'build:demo' },
];

/**
 * Runs all steps, also after a failure so that every failure is seen at once, and prints a table of them. The last line
 * is the sum, for example `120 passed, 0 failed`. Sets the exit code of the process.
 * @param {readonly Step[]} steps
 * @param {Record<string, string>} [env] added to the environment of every step
 */
export async function runSteps(steps, env = {}) {
  mkdirSync(REPORT_FOLDER, { recursive: true });
  /** @type {{ step: Step, counts: Counts, time: string }[]} */
  const results = [];
  for (const [index, step] of steps.entries()) {
    console.log(`\n=== ${index + 1}/${steps.length} ${step.name} (npm run ${step.script})`);
    const needed = results.find((result) => result.step.script === step.needs);
    if (needed !== undefined && needed.counts.failed > 0) {
      console.log(`=== ${step.name}: skipped, as ${needed.step.name} failed`);
      results.push({ step, counts: { passed: 0, failed: 0, skipped: 1 }, time: '' });
      continue;
    }
    const started = performance.now();
    const { counts, reason } = await runStep(step, env);
    const time = elapsed(started);
    console.log(`=== ${step.name}: ${counts.failed === 0 ? 'passed' : `FAILED, ${reason}`} (${time})`);
    results.push({ step, counts, time });
  }

  const width = Math.max(...steps.map(({ name }) => name.length));
  console.log('');
  for (const { step, counts, time } of results) {
    const verdict = counts.failed > 0 ? 'FAILED' : counts.passed > 0 ? 'passed' : 'skipped';
    const detail = step.runner !== undefined && verdict !== 'skipped' ? summarise(counts) : '';
    console.log(`${step.name.padEnd(width)}  ${verdict.padEnd(7)}  ${time.padStart(10)}  ${detail}`.trimEnd());
  }
  const total = results.reduce((sum, { counts }) => add(sum, counts), { passed: 0, failed: 0, skipped: 0 });
  console.log(`\nAll steps took ${elapsed()}`);
  console.log(summarise(total));
  if (total.failed > 0) process.exitCode = 1;
}

/**
 * `N passed, N failed`, and `, N skipped` when there are any.
 * @param {Counts} counts
 */
export function summarise({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @param {Step} step
 * @param {Record<string, string>} env
 * @returns {Promise<{ counts: Counts, reason: string }>}
 */
async function runStep({ name, script, runner }, env) {
  const reportFile = join(REPORT_FOLDER, `${script.replace(':', '-')}.json`);
  rmSync(reportFile, { force: true });
  /** @type {string[]} */
  let reporters = [];
  if (runner === 'vitest')
    reporters = ['--', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  if (runner === 'playwright') reporters = ['--', '--reporter=list,json'];
  const result = await runNpm(['run', script, ...reporters], {
    label: `running: ${name}`,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile },
    timeoutMs: STEP_LIMIT_MS,
  });
  if (runner === undefined) {
    return { counts: { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, skipped: 0 }, reason: result.reason };
  }
  const counts = runner === 'vitest' ? readVitestReport(reportFile) : readPlaywrightReport(reportFile);
  // A runner may fail for more than its tests (a coverage threshold, an error outside them), and must not pass by
  // running none.
  const ranNone = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (!result.ok || ranNone)) counts.failed = 1;
  if (!result.ok) return { counts, reason: result.reason };
  return { counts, reason: ranNone ? 'it ran no test' : 'a test passed only when repeated' };
}

/**
 * @param {string} file
 * @returns {Counts}
 */
function readVitestReport(file) {
  /** @typedef {{ status: string, assertionResults: unknown[] }} TestFile */
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: TestFile[] } | undefined} */
  const report = readReport(file);
  if (report === undefined) return { passed: 0, failed: 0, skipped: 0 };
  // A file that could not be loaded has no tests, and is a failure all the same.
  const broken = report.testResults.filter((tests) => tests.status === 'failed' && tests.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * @param {string} file
 * @returns {Counts}
 */
function readPlaywrightReport(file) {
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } } | undefined} */
  const report = readReport(file);
  if (report === undefined) return { passed: 0, failed: 0, skipped: 0 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  // A test that passed only when repeated has failed once for a reason.
  return { passed: expected, failed: unexpected + flaky, skipped };
}

/**
 * @param {string} file
 * @returns {any} undefined when the runner ended before it wrote its report
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
