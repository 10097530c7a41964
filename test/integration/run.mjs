/**
 * Runs the integration tests: `npm run test:integration [-- NAME ... | --quick]`. Needs `npm run build` before.
 *
 * A name is that of a fixture. Without names and without `--quick`, which needs no installation, all of them run. Other
 * options are passed to Playwright.
 */
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensureBrowser } from '../../tools/browser.mjs';
import { run, runMain } from '../../tools/process.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith('--'));
  const options = args.filter((arg) => arg.startsWith('--') && arg !== '--quick');
  if (args.includes('--quick')) options.push('--grep=@quick');
  // Playwright compares with the path of the file, the title and the tags, separated by spaces.
  else if (names.length > 0) options.push(`--grep=(^| )(${names.join('|')})( |$)`);
  const playwright = createRequire(import.meta.url).resolve('@playwright/test/cli');
  const config = fileURLToPath(new URL('playwright.config.ts', import.meta.url));
  const { ok } = await run(process.execPath, [playwright, 'test', '-c', config, ...options], {
    label: 'running the integration tests',
    env: { INFACE_BROWSER: process.env['INFACE_BROWSER'] ?? (await ensureBrowser(console.log)) },
  });
  if (!ok) process.exitCode = 1;
});
