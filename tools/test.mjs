/**
 * Runs every check and test: `npm test [-- PART [SHARD]]`. Installs missing packages and a browser first.
 * A part is `check`, `browser`, `e2e`, `integration`, `docs`, `firefox` or `webkit`, and a shard of it for example `e2e 1/3`.
 * The part `integration` has the fixtures whose tools have to be installed as well. The last two are not part of `npm test`.
 */
import process from 'node:process';
import { ensureBrowser } from './browser.mjs';
import { ensureEngine, variableOf } from './engines.mjs';
import { prepare, requireNode, withLock } from './prepare.mjs';
import { Problem, report, runMain } from './process.mjs';
import { runSteps, stepsOf, summarize, TEST_STEPS } from './steps.mjs';

await runMain(async () => {
  const [part, shard] = process.argv.slice(2);
  const steps = part === undefined ? TEST_STEPS : stepsOf(part, shard);
  const engine = part === 'firefox' || part === 'webkit' ? part : undefined;
  let browser;
  try {
    if (steps.length === 0)
      throw new Problem(
        `There is no part '${String(part)}'.`,
        '',
        'Use: npm test -- check|browser|e2e|integration|docs|firefox|webkit [SHARD]',
      );
    requireNode();
    await withLock(prepare);
    browser = engine === undefined ? await ensureBrowser(console.log) : await ensureEngine(engine, console.log);
  } catch (error) {
    // Whatever reads the last line learns also from here that the run failed.
    report(error);
    console.log(summarize({ passed: 0, failed: 1, skipped: 0 }));
    return;
  }
  console.log(`Browser: ${browser}`);
  await runSteps(steps, { [engine === undefined ? 'INFACE_BROWSER' : variableOf(engine)]: browser });
});
