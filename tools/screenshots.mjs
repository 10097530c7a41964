/** `npm run screenshots`: builds the demo and photographs every view of it into .cache/screenshots, to be looked at. */
import { join } from 'node:path';
import process from 'node:process';
import { ensureBrowser } from './browser.mjs';
import { prepare, requireNode, runScript, withLock } from './prepare.mjs';
import { ROOT, runMain } from './process.mjs';

await runMain(async () => {
  requireNode();
  await withLock(prepare);
  const browser = await ensureBrowser(console.log);
  await runScript('build', 'Package');
  await runScript('build:demo', 'Demo');
  process.env['INFACE_BROWSER'] = browser;
  await runScript('screenshots:take', 'Screenshots');
  console.log(`Screenshots: ${join(ROOT, '.cache', 'screenshots')}`);
});
