/** Enrollment: guided before the camera, and from files. The guided one sees a photo, and a simulated head that turns. */
import { chromium, type Locator, type Page } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { filmFile, makeFilms } from '../../lab/liveness/make-films.js';
import { expect, openDemo, pickPhotos, test } from './demo.js';
import { makePeople } from './people.js';
import { samplePhoto } from './places.js';

const caption = (page: Page) => page.locator('.caption');
const outcome = (page: Page) => page.locator('.outcome').getByRole('status');
const pictures = (page: Page) => page.getByRole('list', { name: '3. Check the pictures' }).getByRole('listitem');
const picture = (page: Page, title: string) => pictures(page).filter({ hasText: title });
const ring = (page: Page) => page.getByRole('progressbar', { name: 'Poses that are taken' });

/** The face of a photo as facemesh orders them does not matter here: the test names the number that the page shows. */
async function pickFace(photo: Locator, number: number): Promise<void> {
  await photo.getByRole('button', { name: `Face ${number} in` }).press('Enter');
  await expect(photo.getByText(`Face ${number} is chosen.`)).toBeVisible();
}

test.describe('guided', () => {
  test('takes the pose that is shown, skips others, enrolls, and takes it back', async ({ page }) => {
    await openDemo(page, 'enroll');
    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(picture(page, 'Straight')).toBeVisible();
    await expect(ring(page)).toHaveAttribute('aria-valuetext', '1 of 5');
    await expect(caption(page)).toHaveText('Turn your head a little to your left');
    await page.getByRole('button', { name: 'Skip this pose' }).click();
    await expect(caption(page)).toHaveText('Turn your head a little to your right');
    await page.getByRole('button', { name: 'Use these pictures' }).click();
    await expect(page.getByRole('button', { name: 'Start camera' })).toBeVisible();
    await expect(page.getByLabel('Name', { exact: true })).toBeFocused();

    await page.keyboard.type('Ann');
    await page.getByText('More options').click();
    await page.getByLabel('Consent note').fill('may be recognized here');
    await page.getByRole('button', { name: 'Enroll Ann from 1 picture' }).click();
    await expect(outcome(page)).toHaveText('Ann is enrolled from 1 photo. Three or more photos are recommended.');
    await expect(picture(page, 'Straight')).toContainText(/Used/);
    await expect(picture(page, 'Straight')).toContainText(/Live face|photo or screen/);
    await expect(page.getByRole('link', { name: 'Try it with the camera' })).toHaveAttribute(
      'href',
      '#/identify/camera',
    );
    await expect(page.getByText('Ann is already in “People”')).toBeVisible();

    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(outcome(page)).toHaveText('Enrollment undone. Nothing about Ann was kept.');
    await expect(page.getByText('Ann is already in “People”')).toBeHidden();
    await expect(page.getByRole('button', { name: 'Enroll Ann from 1 picture' })).toBeVisible();
    // Neither is the collection that was made for her.
    await expect(page.getByLabel('Collection')).toHaveText('People (new)');
  });

  test('asks for a name and a picture first, and starts again', async ({ page }) => {
    await openDemo(page, 'enroll');
    await page.getByRole('button', { name: 'Enroll', exact: true }).click();
    const name = page.getByLabel('Name', { exact: true });
    await expect(name).toBeFocused();
    await expect(name).toHaveAttribute('aria-invalid', 'true');
    await expect(name).toHaveAccessibleDescription('Enter a name first.');
    await page.getByLabel('Name', { exact: true }).fill('Ann');
    await page.getByRole('button', { name: 'Enroll', exact: true }).click();
    await expect(outcome(page)).toHaveText('Take a picture or choose a photo first.');

    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(picture(page, 'Straight')).toBeVisible();
    await page.getByRole('button', { name: 'Remove Straight' }).click();
    await expect(page.getByRole('heading', { name: 'Check the pictures' })).toBeFocused();
    // The pose is open again, and the camera still shows it.
    await expect(picture(page, 'Straight')).toBeVisible();
    for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Skip this pose' }).click();
    await expect(caption(page)).toHaveText('Check the pictures, then enroll');
    await page.getByRole('button', { name: 'Start again' }).click();
    await expect(ring(page)).toHaveAttribute('aria-valuetext', '1 of 5');
    await expect(caption(page)).toHaveText('Turn your head a little to your left');
  });
});

/** In a browser of its own, whose camera shows the film. */
const filmTest = test.extend({
  context: async ({ baseURL }, use) => {
    const executablePath = process.env['INFACE_BROWSER'];
    const browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...BROWSER_ARGS,
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${filmFile('poses')}`,
      ],
    });
    await use(await browser.newContext(baseURL === undefined ? {} : { baseURL }));
    await browser.close();
  },
});

filmTest('guided, a head that does what is asked fills the ring by itself', async ({ page }) => {
  filmTest.setTimeout(300_000);
  await makeFilms(['poses']);
  await openDemo(page, 'enroll');
  await page.getByRole('button', { name: 'Start camera' }).click();
  for (const text of ['Turn your head a little to your left', 'Lift your chin a little', 'Lower your chin a little']) {
    await expect(caption(page)).toHaveText(text);
  }
  await expect(caption(page)).toHaveText('Done. Check the pictures, then enroll');
  await expect(ring(page)).toHaveAttribute('aria-valuetext', '5 of 5');
  await expect(pictures(page).getByRole('heading')).toHaveText(['Straight', 'Left', 'Right', 'Up', 'Down']);
  await expect(page.getByRole('button', { name: 'Start camera' })).toBeVisible();
});

test.describe('from files', () => {
  test('the person is chosen in a group, added to, and not enrolled twice', async ({ page }) => {
    await openDemo(page, 'enroll');
    await page.getByLabel('Photo files').check();
    await pickPhotos(page, [samplePhoto(6)]);
    const group = picture(page, 'sample6.jpg');
    await expect(group).toContainText('Several faces: which one is the person?');
    await page.getByLabel('Name', { exact: true }).fill('Ann');
    await page.getByRole('button', { name: 'Enroll', exact: true }).click();
    await expect(outcome(page)).toHaveText('Choose the face in each photo that shows several, or remove the photo.');
    await pickFace(group, 2);
    await page.getByRole('button', { name: 'Enroll Ann from 1 picture' }).click();
    await expect(outcome(page)).toContainText('Ann is enrolled from 1 photo.');

    await page.getByRole('button', { name: 'Enroll another person' }).click();
    await expect(pictures(page)).toHaveCount(0);
    await page.getByLabel('Name', { exact: true }).fill('ann');
    await expect(page.getByText('ann is already in “People”. The pictures are added to that person.')).toBeVisible();
    await pickPhotos(page, [samplePhoto(6)]);
    await pickFace(picture(page, 'sample6.jpg'), 2);
    await page.getByRole('button', { name: 'Add 1 picture to ann' }).click();
    await expect(outcome(page)).toContainText('1 photo added to ann.');

    await page.getByRole('button', { name: 'Enroll another person' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Bob');
    await pickPhotos(page, [samplePhoto(6)]);
    const twice = picture(page, 'sample6.jpg');
    await pickFace(twice, 2);
    await page.getByRole('button', { name: 'Enroll Bob from 1 picture' }).click();
    await expect(outcome(page)).toContainText('Bob was not enrolled because none of the pictures could be used.');
    await expect(twice).toContainText('Not used: it looks like Ann, who is already enrolled.');

    const chooser = page.waitForEvent('filechooser');
    await twice.getByRole('button', { name: 'Replace sample6.jpg' }).click();
    await (await chooser).setFiles(samplePhoto(5));
    await pickFace(picture(page, 'sample5.jpg'), 1);
    await expect(pictures(page)).toHaveCount(1);
    await page.getByRole('button', { name: 'Enroll Bob from 1 picture' }).click();
    await expect(outcome(page)).toContainText('Bob is enrolled from 1 photo.');
    await page.getByRole('link', { name: 'See “People”' }).click();
    await expect(page.getByRole('group', { name: 'People' }).getByRole('listitem')).toHaveText([
      /Ann\s*2 samples/,
      /Bob\s*1 sample/,
    ]);
  });

  test('photos of several people are enrolled one person after the other', async ({ page }) => {
    await openDemo(page, 'enroll');
    const { faces, copies } = await makePeople(page);
    const photo = (name: string, buffer: Buffer | undefined) => ({ name, mimeType: 'image/jpeg', buffer: buffer! });
    await page.getByLabel('Photo files').check();
    await pickPhotos(page, [
      photo('anna.jpg', faces[0]),
      photo('bo.jpg', faces[1]),
      photo('cleo.jpg', faces[2]),
      photo('anna-2.jpg', copies[0]),
      photo('bo-2.jpg', copies[1]),
    ]);
    for (const title of ['anna.jpg', 'anna-2.jpg']) await expect(picture(page, title)).toContainText('Ready.');
    for (const title of ['bo.jpg', 'cleo.jpg', 'bo-2.jpg']) {
      await expect(picture(page, title)).toContainText('Looks like another person, who comes next.');
    }
    // The model may be wrong, and says so when they are enrolled together.
    await picture(page, 'cleo.jpg').getByRole('button', { name: 'Same person: cleo.jpg' }).click();
    await expect(picture(page, 'cleo.jpg')).toContainText('Ready.');
    await picture(page, 'cleo.jpg').getByRole('button', { name: 'Remove cleo.jpg' }).click();

    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Anna');
    await page.getByRole('button', { name: 'Enroll Anna from 2 pictures' }).click();
    await expect(outcome(page)).toContainText('Anna is enrolled from 2 photos.');
    await page.getByRole('button', { name: 'Enroll the next person (2 pictures)' }).click();
    await expect(name).toBeFocused();
    await expect(name).toHaveValue('');
    await expect(pictures(page)).toHaveCount(2);
    for (const title of ['bo.jpg', 'bo-2.jpg']) await expect(picture(page, title)).toContainText('Ready.');
    await name.fill('Bo');
    await page.getByRole('button', { name: 'Enroll Bo from 2 pictures' }).click();
    await expect(outcome(page)).toContainText('Bo is enrolled from 2 photos.');
  });

  test('a click on the picture chooses, and what cannot be used is said', async ({ page }) => {
    await openDemo(page, 'enroll');
    await page.getByLabel('Photo files').check();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose photos' }).click();
    const plain = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
      canvas.getContext('2d')?.fillRect(0, 0, 320, 240);
      return canvas.toDataURL('image/png').split(',')[1] ?? '';
    });
    await (
      await chooser
    ).setFiles([
      { name: 'wall.png', mimeType: 'image/png', buffer: Buffer.from(plain, 'base64') },
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') },
    ]);
    await expect(picture(page, 'wall.png')).toContainText('No face was found.');
    await expect(picture(page, 'notes.jpg')).toContainText('This file is not an image');
    await pickPhotos(
      page,
      Array.from({ length: 9 }, () => samplePhoto(6)),
    );
    await expect(page.getByText('1 photo left out. The limit is 10 per enrollment.')).toBeVisible();
    await expect(pictures(page)).toHaveCount(10);

    const overlay = picture(page, 'sample6.jpg').first().locator('.stage > canvas:last-child');
    const { width, height } = (await overlay.boundingBox())!;
    await overlay.click({ position: { x: 0.18 * width, y: 0.42 * height } });
    await expect(
      picture(page, 'sample6.jpg')
        .first()
        .getByText(/Face \d is chosen\./),
    ).toBeVisible();
  });
});
