/** The kiosk with the active challenge: nobody is named before it is passed. */
import { writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './demo.js';
import { closeAdmin, logged, openAdmin, startKiosk, words } from './kiosk.js';
import { cameraPicture } from './places.js';

/** A kiosk that knows whom the camera shows, from its first picture, and asks for the challenge. */
async function startWithChallenge(page: Page, photo: string): Promise<void> {
  writeFileSync(photo, cameraPicture());
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
  await page.addInitScript(stepBack);
  await startWithChallenge(page, info.outputPath('fay.jpg'));
  await expect(words(page)).toContainText('That did not work.');
  const said = await page.locator('#view').getAttribute('data-said');
  expect(said).toContain('Look straight into the camera.');
  expect(said).not.toContain('Fay');
  await openAdmin(page);
  await expect(logged(page).nth(1)).toHaveText('Movements not done');
  await closeAdmin(page);
});

/** Puts a camera before the real one that is farther away, and shows nobody while the page says so. */
function stepBack(): void {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wished) => {
    const video = Object.assign(document.createElement('video'), { srcObject: await open(wished), muted: true });
    await video.play();
    const [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    setInterval(() => {
      context.fillRect(0, 0, width, height);
      const isGone = 'gone' in document.documentElement.dataset;
      if (!isGone) context.drawImage(video, width / 4, height / 4, width / 2, height / 2);
    }, 40);
    return canvas.captureStream(25);
  };
}

test('whoever walks away is not held to have failed, and is asked again when back', async ({ page }, info) => {
  test.setTimeout(240_000);
  await page.addInitScript(stepBack);
  await startWithChallenge(page, info.outputPath('fay.jpg'));
  const asked = /Turn your head|Look up|Come closer/;
  await expect(words(page)).toContainText(asked);
  await page.evaluate(() => (document.documentElement.dataset['gone'] = ''));
  await expect(words(page)).toContainText('Look into the camera.');
  await openAdmin(page);
  await expect(logged(page).nth(1)).toHaveText('Movements interrupted');
  await expect(page.getByRole('table').getByText('Fay: face-gone')).toBeVisible();
  await closeAdmin(page);
  await page.evaluate(() => delete document.documentElement.dataset['gone']);
  await expect(words(page)).toContainText(asked);
  // Without a turn of the head, nothing can be decided. Three gestures may be asked for before both turns were.
  const skip = page.getByRole('button', { name: 'I cannot do this' });
  const help = words(page).getByText('Please ask for help.');
  while (!(await help.isVisible())) {
    await expect(words(page)).toContainText(new RegExp(`${asked.source}|ask for help`));
    // At once if it is there: a click by Playwright waits for a button that is gone when the attendant is called.
    await skip.evaluateAll((buttons) => buttons.forEach((button) => (button as HTMLElement).click()));
  }
  await openAdmin(page);
  await expect(logged(page).nth(1)).toHaveText('Help needed: movements not possible');
  await closeAdmin(page);
});
