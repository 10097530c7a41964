/** The kiosk with the active challenge: nobody is named before it is passed. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './demo.js';
import { closeAdmin, logged, openAdmin, startKiosk, words } from './kiosk.js';
import { CAMERA_FILE } from './places.js';

/** A kiosk that knows whom the camera shows, from its first picture, and asks for the challenge. */
async function startWithChallenge(page: Page, photo: string): Promise<void> {
  const pictures = readFileSync(CAMERA_FILE);
  writeFileSync(photo, pictures.subarray(0, pictures.indexOf(Buffer.from([0xff, 0xd9, 0xff, 0xd8])) + 2));
  await startKiosk(page, [{ name: 'Fay', photo, face: { x: 0.5, y: 0.5 } }]);
  await openAdmin(page);
  await page.getByLabel('Ask for movements').check();
  // What is tested is the challenge alone.
  await page.getByLabel('Check that the face is really there').selectOption('Do not check');
  await page.reload();
}

/** Everything that a kiosk says from its start on. */
function listen(): void {
  addEventListener('DOMContentLoaded', () => {
    const main = document.getElementById('view');
    // The page that enrolls is another one.
    if (!main) return;
    new MutationObserver(() => {
      const said = document.querySelector('.kiosk-large')?.textContent ?? '';
      main.dataset['said'] = `${main.dataset['said'] ?? ''}\n${said}`;
    }).observe(main, { subtree: true, childList: true, characterData: true });
  });
}

test('a still picture is asked, does not move, and is not named', async ({ page }, info) => {
  test.setTimeout(240_000);
  await page.addInitScript(listen);
  await startWithChallenge(page, info.outputPath('fay.jpg'));
  await expect(words(page)).toContainText('That did not work.');
  const said = await page.locator('#view').getAttribute('data-said');
  expect(said).toContain('Look straight into the camera.');
  expect(said).not.toContain('Fay');
  await openAdmin(page);
  await expect(logged(page).nth(1)).toHaveText('Movements not done');
  await closeAdmin(page);
});
