/** The kiosk with the active challenge: nobody is named before it is passed. The head is simulated, see tools/liveness/make-films.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium, type Page } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { filmFile, makeFilms } from '../../tools/liveness/make-films.js';
import { expect, test as base } from './demo.js';
import { closeAdmin, logged, openAdmin, startKiosk, words } from './kiosk.js';
import { CAMERA_FILE } from './places.js';

const executablePath = process.env['INFACE_BROWSER'];

/** A test in a browser of its own, whose camera shows a film. */
const test = base.extend<{ film: string }>({
  film: [CAMERA_FILE, { option: true }],
  context: async ({ film, baseURL }, use) => {
    const browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...BROWSER_ARGS,
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${film}`,
      ],
    });
    await use(await browser.newContext(baseURL === undefined ? {} : { baseURL }));
    await browser.close();
  },
});

/** A kiosk that knows whom the film shows, from its first picture, and asks for the challenge. */
async function startWithChallenge(page: Page, film: string, photo: string): Promise<void> {
  const pictures = readFileSync(film);
  writeFileSync(photo, pictures.subarray(0, pictures.indexOf(Buffer.from([0xff, 0xd9, 0xff, 0xd8])) + 2));
  await startKiosk(page, [{ name: 'Fay', photo, face: { x: 0.5, y: 0.5 } }]);
  await openAdmin(page);
  await page.getByLabel('Ask for movements').check();
  // A drawn head is a drawing, and the passive check may well say so.
  await page.getByLabel('Check that the face is really there').selectOption('Do not check');
  await page.reload();
}

/** Makes the draw of the gestures the film's, as it cannot hear what is asked for: as in liveness.spec.ts. */
function drawForTheFilm(): void {
  const draws = [0, 0.6, 0.8];
  const original = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
    if (!(array instanceof Uint32Array) || array.length !== 1) return original(array as never);
    array[0] = Math.floor((draws.shift() ?? 0.9) * 2 ** 32);
    return array;
  };
}

/** Everything that a kiosk says from its start on. */
function listen(): void {
  addEventListener('DOMContentLoaded', () => {
    const main = document.getElementById('view');
    // The page that enrols is another one.
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
  await startWithChallenge(page, CAMERA_FILE, info.outputPath('fay.jpg'));
  await expect(words(page)).toContainText('That did not work.');
  const said = await page.locator('#view').getAttribute('data-said');
  expect(said).toContain('Look straight into the camera.');
  expect(said).not.toContain('Fay');
  await openAdmin(page);
  await expect(logged(page).nth(1)).toHaveText('Movements not done');
  await closeAdmin(page);
});

test.describe('a head that does what is asked', () => {
  test.use({ film: filmFile('head') });

  test('is named afterwards, and not before', async ({ page, film }, info) => {
    test.setTimeout(600_000);
    await makeFilms();
    await page.addInitScript(drawForTheFilm);
    await page.addInitScript(listen);
    await startWithChallenge(page, film, info.outputPath('fay.jpg'));
    await expect(words(page)).toContainText('Fay', { timeout: 120_000 });
    const said = (await page.locator('#view').getAttribute('data-said')) ?? '';
    expect(said.indexOf('Turn your head to your left.')).toBeGreaterThan(0);
    expect(said.indexOf('Fay')).toBeGreaterThan(said.indexOf('Come closer.'));
    await openAdmin(page);
    await expect(logged(page).filter({ hasText: 'Movements done' })).toHaveCount(1);
  });
});
