/** The challenge in the demo, before a camera that shows a head and sheets: simulated, see lab/liveness/make-films.ts. */
import { chromium, type Page } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { filmFile, makeFilms } from '../../lab/liveness/make-films.js';
import { expect, openDemo, test as base } from './demo.js';

const executablePath = process.env['INFACE_BROWSER'];

/** A test in a browser of its own, whose camera shows a film. */
const test = base.extend<{ film: Parameters<typeof filmFile>[0] }>({
  film: ['head', { option: true }],
  context: async ({ film, baseURL }, use) => {
    const browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...BROWSER_ARGS,
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${filmFile(film)}`,
      ],
    });
    await use(await browser.newContext(baseURL === undefined ? {} : { baseURL }));
    await browser.close();
  },
});

/**
 * Makes the draw of the gestures known, as the film cannot hear what is asked for: of the four that the demo draws from,
 * turn-left, look-up and come-closer, each without a wait. After these, no frame is looked at by surprise.
 */
async function drawForTheFilm(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const draws = [0, 0.6, 0.8, 0, 0, 0];
    const original = crypto.getRandomValues.bind(crypto);
    crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
      if (!(array instanceof Uint32Array) || array.length !== 1) return original(array as never);
      array[0] = Math.floor((draws.shift() ?? 0.9) * 2 ** 32);
      return array;
    };
  });
}

/** Without the passive check, unless it is what is tested: a drawn head is a drawing, and the model may well say so. */
async function startCheck(page: Page, { spoof = false } = {}): Promise<void> {
  await drawForTheFilm(page);
  await openDemo(page, 'liveness');
  await page.getByLabel('Also check for photos and screens').setChecked(spoof);
  await page.getByRole('button', { name: 'Start the check' }).click();
}

const caption = (page: Page) => page.locator('#liveness-caption');
/** In the picture. */
const instruction = (page: Page) => page.locator('face-camera [part=caption]');

test.beforeAll(async () => {
  test.setTimeout(600_000);
  await makeFilms();
});

test.describe('a head that does what is asked', () => {
  test('passes, and its best picture can be enrolled', async ({ page }) => {
    await startCheck(page);
    await expect(instruction(page)).toHaveText('Turn your head slowly to your left');
    await expect(instruction(page)).toHaveText('Look up');
    await expect(instruction(page)).toHaveText('Come a little closer');
    await expect(caption(page)).toHaveText('Passed: a real head made the movements.');
    await expect(page.getByText('3 gestures done: Turn left, Look up, Come closer.')).toBeVisible();
    await expect(page.getByRole('img', { name: 'Best picture of the check' })).toBeVisible();
    await expect(page.getByLabel('Yourself, as in a mirror')).toBeHidden();

    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the picture' }).click();
    const file = await (await saved).path();
    await page.getByRole('link', { name: 'Enroll with this picture' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Enroll a person');
    await page.getByRole('navigation').getByRole('link', { name: 'Compare' }).click();
    // Until then, the field for files is that of the previous view.
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Compare faces in photos');
    await page.locator('input[type=file]').setInputFiles(file);
    await expect(page.getByText('1 face in 1 photo.')).toBeVisible();
  });

  test('ends either way for the passive check, which looks at its frames', async ({ page }) => {
    await startCheck(page, { spoof: true });
    await expect(instruction(page)).toHaveText('Come a little closer');
    await expect(caption(page)).toHaveText(
      /^(Passed|Not passed: the picture looks like a print or a screen\.|Stopped: your face cannot be seen)/,
    );
  });

  test('can be stopped with the keyboard, and that is no failure', async ({ page }) => {
    await startCheck(page);
    await expect(instruction(page)).toHaveText('Turn your head slowly to your left');
    const toggle = page.getByRole('button', { name: 'Stop the check' });
    await expect(toggle).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(caption(page)).toHaveText('The check was stopped.');
    await expect(page.getByRole('button', { name: 'Start the check' })).toBeFocused();
    await expect.poll(() => page.evaluate(() => localStorage.getItem('inface-liveness'))).toBe('[]');
  });
});

for (const name of ['flat', 'bent'] as const) {
  test.describe(`a photo on a ${name} sheet`, () => {
    test.use({ film: name });

    test('fails for what it is', async ({ page }) => {
      await startCheck(page);
      await expect(caption(page)).toHaveText(/^Not passed: it moved like a picture and not like a head/);
    });
  });
}

test('asks for nothing without a turn of the head, which alone tells a head from a picture', async ({ page }) => {
  await openDemo(page, 'liveness');
  await page.getByLabel('Turn left').uncheck();
  await page.getByLabel('Turn right').uncheck();
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(caption(page)).toHaveText(/^Keep one turn of the head/);
  await expect(page.getByLabel('Yourself, as in a mirror')).toBeHidden();

  await page.getByLabel('Turn right').check();
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(page.getByLabel('Yourself, as in a mirror')).toBeVisible();
});

test('somebody who cannot do a movement is asked for another one, and sent to an attendant without a turn', async ({
  page,
}) => {
  await drawForTheFilm(page);
  await openDemo(page, 'liveness');
  await page.getByLabel('Come closer').uncheck();
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(instruction(page)).toHaveText('Turn your head slowly to your left');
  await page.getByRole('button', { name: 'I cannot do this' }).click();
  // Of turn-right and look-up, the draw takes look-up as often as it may.
  await expect(instruction(page)).toHaveText('Look up');
  await page.getByLabel('Turn right').uncheck();
  await page.getByRole('button', { name: 'I cannot do this' }).click();
  await expect(caption(page)).toHaveText(/^Without a turn of the head/);
  await expect(page.getByRole('button', { name: 'I cannot do this' })).toBeHidden();
});

test('failed attempts of many faces lock the device while the page is open, whatever the clock says', async ({
  page,
}) => {
  await openDemo(page, 'liveness');
  await page.evaluate(() => {
    const failures = Array.from({ length: 22 }, (_, i) => ({ faceId: String(i), leftMs: 882_000 }));
    localStorage.setItem('inface-liveness', JSON.stringify(failures));
  });
  await page.addInitScript(() => {
    const original = Date.now.bind(Date);
    Date.now = () => original() + 3_600_000;
  });
  await page.reload();
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(caption(page)).toHaveText(/^Too many attempts failed on this device\./);
  const left = page.getByText(/^Next attempt in 1:(4[0-2]|3\d)$/);
  await expect(left).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start the check' })).toHaveAttribute('aria-disabled', 'true');
  const before = await left.innerText();
  await expect(left).not.toHaveText(before);
});

test('a camera that is not allowed is explained, and can be tried again', async ({ page }) => {
  await openDemo(page, 'liveness');
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
  });
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(caption(page)).toHaveText(/^This page is not allowed to use the camera\./);
  await expect(page.getByRole('button', { name: 'Start the check' })).toBeEnabled();
});
