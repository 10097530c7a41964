/**
 * Runs an npm script that needs a browser, the built package and the built demo.
 *
 * Run with `node tools/with-demo.mjs SCRIPT [NAME=VALUE ...]`; the variables are added to the environment.
 */
import process from 'node:process';
import { ensureBrowser } from './browser.mjs';
import { prepare, requireNode, runScript, withLock } from './prepare.mjs';
import { Problem, runMain } from './process.mjs';

await runMain(async () => {
  const [script, ...variables] = process.argv.slice(2);
  if (script === undefined)
    throw new Problem('No script is named.', '', 'Usage: node tools/with-demo.mjs SCRIPT [NAME=VALUE ...]');
  requireNode();
  await withLock(prepare);
  process.env['INFACE_BROWSER'] = await ensureBrowser(console.log);
  for (const variable of variables) {
    const [name = '', value = ''] = variable.split('=');
    process.env[name] = value;
  }
  await runScript('build', 'Package');
  await runScript('build:demo', 'Demo');
  await runScript(script, script);
});
