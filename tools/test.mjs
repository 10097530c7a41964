/** `npm test`: installs what is missing, finds a browser, and runs every check and test. */
import { ensureBrowser } from './browser.mjs';
import { prepare, requireNode, withLock } from './prepare.mjs';
import { report, runMain } from './process.mjs';
import { runSteps, summarise, TEST_STEPS } from './steps.mjs';

await runMain(async () => {
  let browser;
  try {
    requireNode();
    await withLock(prepare);
    browser = await ensureBrowser(console.log);
  } catch (error) {
    // Whatever reads the last line learns also from here that the run failed.
    report(error);
    console.log(summarise({ passed: 0, failed: 1, skipped: 0 }));
    return;
  }
  console.log(`Browser: ${browser}`);
  await runSteps(TEST_STEPS, { INFACE_BROWSER: browser });
});
