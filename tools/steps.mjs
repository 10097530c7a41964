/** The steps of `npm run check` and `npm test`, and the one way to run them. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import { elapsed, ROOT, runNpm } from './process.mjs';

/** Far above the slowest step on a slow machine, so that one that hangs ends as a failure. */
const STEP_LIMIT_MS = 75 * 60_000;
/** On two cores, a third step would only slow the others down. */
const AT_A_TIME = 2;
const SLOWEST = 10;
/** Enough to see the reason of a failure where only the end of the output is at hand. */
const MESSAGE_LINES = 12;
const REPORT_FOLDER = join(ROOT, '.cache', 'reports');

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} script the npm script
 * @property {'vitest' | 'playwright'} [runner] whose report counts the tests; without: the step counts as one
 * @property {readonly string[]} [args] passed to the runner
 * @property {readonly string[]} [needs] scripts of earlier steps that must pass before this one starts
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 *
 * @typedef {object} TestTime
 * @property {string} name with its file
 * @property {number} ms
 * @property {string} [failure] why it failed; none when it passed
 *
 * @typedef {object} Outcome
 * @property {Counts} counts
 * @property {string} reason why the step failed, for people
 * @property {readonly TestTime[]} tests how long each test took; none where the step has no runner
 *
 * @typedef {object} Report
 * @property {Counts} counts
 * @property {TestTime[]} tests
 */

/**
 * The steps of `npm run check`, in the order in which they start, the longest first.
 * `build` waits for `check:types`, because both write the declaration files.
 * @type {readonly Step[]}
 */
export const CHECK_STEPS = [
  { name: 'Node tests', script: 'test:node', runner: 'vitest' },
  { name: 'Lint', script: 'check:lint' },
  { name: 'Types', script: 'check:types' },
  { name: 'Build', script: 'build', needs: ['check:types'] },
  { name: 'Demo build', script: 'build:demo' },
  { name: 'Documentation', script: 'docs:build', needs: ['build'] },
  { name: 'Format', script: 'check:format' },
  { name: 'Prose', script: 'check:prose' },
  { name: 'Links', script: 'check:links' },
  { name: 'Dependencies', script: 'check:deps' },
  { name: 'Unused code', script: 'check:unused' },
  { name: 'Package', script: 'check:package', needs: ['build'] },
  { name: 'API report', script: 'check:api', needs: ['build'] },
  { name: 'Size', script: 'check:size', needs: ['build', 'build:demo'] },
];

/** Scripts that must end before the end-to-end tests can start. */
const BUILD_STEPS = ['check:types', 'build', 'build:demo'];

/**
 * The steps of `npm test`. The two longest ones start as soon as they can. The short ones follow when one of the two
 * has ended, because a short step that ran first would delay the end.
 * @type {readonly Step[]}
 */
export const TEST_STEPS = [
  ...CHECK_STEPS.filter(({ script }) => BUILD_STEPS.includes(script)),
  { name: 'End-to-end tests', script: 'test:e2e', runner: 'playwright', needs: ['build', 'build:demo'] },
  { name: 'Browser tests', script: 'test:browser', runner: 'vitest' },
  { name: 'Fleet tests', script: 'test:fleet', runner: 'vitest' },
  { name: 'Integration tests', script: 'test:integration', runner: 'playwright', args: ['--quick'], needs: ['build'] },
  { name: 'Documentation tests', script: 'test:docs', runner: 'playwright', needs: ['docs:build'] },
  ...CHECK_STEPS.filter(({ script }) => !BUILD_STEPS.includes(script)),
];

/**
 * The steps of the other browsers, which `npm test` leaves out for its time.
 * @type {readonly Step[]}
 */
const ENGINE_STEPS = [
  { name: 'Firefox tests', script: 'test:firefox', runner: 'vitest', needs: ['build:demo'] },
  { name: 'WebKit tests', script: 'test:webkit', runner: 'vitest', needs: ['build:demo'] },
];

/**
 * Returns the steps of one part of the tests, so that several machines can share the run.
 * `check` has the steps of `npm run check`, the other parts one step with those that it needs.
 * @param {string} part `check`, `browser`, `e2e`, `integration`, `docs`, `firefox` or `webkit`
 * @param {string} [shard] which of its tests to run, for example `1/3`; default: all of them
 * @returns {readonly Step[]} none when there is no such part
 */
export function stepsOf(part, shard) {
  if (part === 'check') return CHECK_STEPS;
  const all = [...TEST_STEPS, ...ENGINE_STEPS];
  /** @type {(script: string) => string[]} */
  const needsOf = (script) => {
    const needs = all.find((step) => step.script === script)?.needs ?? [];
    return [script, ...needs.flatMap(needsOf)];
  };
  const target = `test:${part}`;
  const scripts = new Set(needsOf(target));
  const args = shard === undefined ? [] : [`--shard=${shard}`];
  return all
    .filter(({ script }) => scripts.has(script))
    .map((step) => (step.script === target ? { ...step, args } : step));
}

/**
 * Runs all steps, two at a time, and prints the output of each one when it ends.
 * Then prints the slowest tests, the failed ones and a table of the steps. A failure stops only the steps that need the failed one, so that
 * every failure is seen at once. The last line is the sum, for example `120 passed, 0 failed`. Sets the exit code of the
 * process.
 * @param {readonly Step[]} steps
 * @param {Record<string, string>} [env] added to the environment of every step
 */
export async function runSteps(steps, env = {}) {
  mkdirSync(REPORT_FOLDER, { recursive: true });
  /** @type {Map<string, Outcome & { time: string }>} by script */
  const results = new Map();
  /** @type {Map<string, Promise<void>>} by script */
  const running = new Map();
  const waiting = [...steps];
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex(({ needs = [] }) => needs.every((script) => results.has(script)));
    if (next === -1 || running.size === AT_A_TIME) {
      if (running.size === 0) throw new Error(`${String(waiting[0]?.script)} needs a step that is not there.`);
      await Promise.race(running.values());
      continue;
    }
    for (const step of waiting.splice(next, 1)) {
      const failed = step.needs?.find((script) => (results.get(script)?.counts.passed ?? 0) === 0);
      if (failed !== undefined) {
        console.log(`\n=== ${step.name}: skipped, as npm run ${failed} did not pass`);
        results.set(step.script, { counts: { passed: 0, failed: 0, skipped: 1 }, reason: '', tests: [], time: '' });
        continue;
      }
      console.log(`=== ${step.name}: started (npm run ${step.script})`);
      const started = performance.now();
      const end = runStep(step, env).then((outcome) => {
        const time = elapsed(started);
        const verdict = outcome.counts.failed === 0 ? 'passed' : `FAILED, ${outcome.reason}`;
        console.log(`=== ${step.name}: ${verdict} (${time})\n`);
        results.set(step.script, { ...outcome, time });
        running.delete(step.script);
      });
      running.set(step.script, end);
    }
  }

  const tests = [...results.values()].flatMap((result) => result.tests);
  printSlowest(tests);
  printFailed(tests);
  const width = Math.max(...steps.map(({ name }) => name.length));
  console.log('');
  let total = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    const { counts, time } = /** @type {Outcome & { time: string }} */ (results.get(step.script));
    const verdict = counts.failed > 0 ? 'FAILED' : counts.passed > 0 ? 'passed' : 'skipped';
    const detail = step.runner !== undefined && verdict !== 'skipped' ? summarize(counts) : '';
    console.log(`${step.name.padEnd(width)}  ${verdict.padEnd(7)}  ${time.padStart(10)}  ${detail}`.trimEnd());
    total = add(total, counts);
  }
  console.log(`\nAll steps took ${elapsed()}`);
  console.log(summarize(total));
  if (total.failed > 0) process.exitCode = 1;
}

/** @param {readonly TestTime[]} tests */
function printSlowest(tests) {
  if (tests.length === 0) return;
  console.log('\nThe slowest tests:');
  for (const { name, ms } of tests.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST)) {
    console.log(`${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
  }
}

/** @param {readonly TestTime[]} tests */
function printFailed(tests) {
  for (const { name, failure } of tests) {
    if (failure === undefined) continue;
    const lines = stripVTControlCharacters(failure).trim().split('\n');
    const own = lines.filter((line) => !line.includes('node_modules'));
    console.log(`\nFailed: ${name}\n  ${own.slice(0, MESSAGE_LINES).join('\n  ')}`);
  }
}

/**
 * `N passed, N failed`, and `, N skipped` when there are any.
 * @param {Counts} counts
 */
export function summarize({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @param {Step} step
 * @param {Record<string, string>} env
 * @returns {Promise<Outcome>}
 */
async function runStep({ name, script, runner, args = [] }, env) {
  const reportFile = join(REPORT_FOLDER, `${script.replace(':', '-')}.json`);
  rmSync(reportFile, { force: true });
  /** @type {string[]} */
  let reporters = [];
  if (runner === 'vitest')
    reporters = ['--', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  if (runner === 'playwright') reporters = ['--', '--reporter=list,json'];
  const result = await runNpm(['run', script, ...reporters, ...args], {
    label: `running: ${name}`,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile },
    timeoutMs: STEP_LIMIT_MS,
    quiet: 'until it ends',
  });
  if (runner === undefined) {
    const counts = { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, skipped: 0 };
    return { counts, reason: result.reason, tests: [] };
  }
  const { counts, tests } = runner === 'vitest' ? readVitestReport(reportFile) : readPlaywrightReport(reportFile);
  // A runner may fail for more than its tests (an error outside them), and must not pass by
  // running none.
  const ranNone = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (!result.ok || ranNone)) counts.failed = 1;
  if (!result.ok) return { counts, reason: result.reason, tests };
  return { counts, reason: ranNone ? 'it ran no test' : 'a test passed only when repeated', tests };
}

/**
 * @param {string} file
 * @returns {Report}
 */
function readVitestReport(file) {
  /** @typedef {{ fullName: string, status: string, duration?: number | null, failureMessages?: string[] | null }} Assertion */
  /** @typedef {{ name: string, status: string, message: string, assertionResults: Assertion[] }} TestFile */
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: TestFile[] } | undefined} */
  const report = readReport(file);
  if (report === undefined) return { counts: { passed: 0, failed: 0, skipped: 0 }, tests: [] };
  // A file that could not be loaded has no tests, and is a failure all the same.
  const broken = report.testResults.filter((tests) => tests.status === 'failed' && tests.assertionResults.length === 0);
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, duration, failureMessages }) => ({
      name: `${basename(name)}: ${fullName}`,
      ms: duration ?? 0,
      ...(status === 'failed' && { failure: failureMessages?.join('\n') ?? '' }),
    })),
  );
  const unloaded = broken.map(({ name, message }) => ({ name: basename(name), ms: 0, failure: message }));
  return { counts, tests: [...tests, ...unloaded] };
}

/**
 * @param {string} file
 * @returns {Report}
 */
function readPlaywrightReport(file) {
  /** @typedef {{ duration: number, error?: { message?: string, stack?: string } }} Result */
  /** @typedef {{ title: string, file: string, tests: { status: string, results: Result[] }[] }} Spec */
  /** @typedef {{ specs: Spec[], suites?: Suite[] }} Suite */
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, suites: Suite[] } | undefined} */
  const report = readReport(file);
  if (report === undefined) return { counts: { passed: 0, failed: 0, skipped: 0 }, tests: [] };
  const { expected, unexpected, flaky, skipped } = report.stats;
  /** @type {(suite: Suite) => Spec[]} */
  const specsOf = ({ specs, suites = [] }) => [...specs, ...suites.flatMap(specsOf)];
  const tests = report.suites.flatMap(specsOf).map(({ title, file, tests }) => {
    const results = tests.flatMap(({ results }) => results);
    const failed = tests.some(({ status }) => status === 'unexpected' || status === 'flaky');
    const errors = results.map(({ error }) => error?.stack ?? error?.message ?? '');
    return {
      name: `${file}: ${title}`,
      ms: results.reduce((sum, { duration }) => sum + duration, 0),
      ...(failed && { failure: errors.join('\n') }),
    };
  });
  // A test that passed only when repeated has failed once for a reason.
  return { counts: { passed: expected, failed: unexpected + flaky, skipped }, tests };
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
