import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, openDemo, pickPhotos, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';
import { seed } from './seed.js';

/** A name that a spreadsheet would run, with all that CSV quotes. */
const NAME = '=1+1, "Anna"';
const ANNA = { name: NAME, photo: samplePhoto(6), face: CAMERA_FACE } as const;
const STRANGER = { name: 'Bea', photo: samplePhoto(1), face: { x: 0.27, y: 0.39 } } as const;

const inView = (page: Page) => page.getByRole('list', { name: 'In view' }).getByRole('listitem');
const logged = (page: Page) => page.getByRole('region', { name: 'Log of who was seen' }).locator('tbody tr');

async function start(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start camera' }).click();
}

test('names a face live, until it is said that it is somebody else, and keeps a log', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'identify');
  await start(page);
  const face = inView(page);
  await expect(face).toContainText(/Face \d+, (\d+ % sure|similarity \d\.\d\d)/);
  await expect(page.getByText(`In view: ${NAME}.`)).toBeVisible();
  const best = face.getByRole('table').getByRole('row', { name: NAME });
  await expect(best.getByRole('cell').first()).toHaveText(/^(0\.[5-9]\d|1\.00)$/);
  await expect(logged(page)).toHaveCount(1);
  await page.getByLabel('Check for photos and screens (experimental)').check();
  await expect(face).toContainText(/Live face: (likely|unlikely) \(\d\.\d\d\)/);
  await page.getByLabel('Check for photos and screens (experimental)').uncheck();

  await face.getByRole('button', { name: `This is not ${NAME}` }).click();
  const question = page.getByRole('dialog');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(face.getByRole('button', { name: `This is not ${NAME}` })).toBeFocused();
  await page.keyboard.press('Enter');
  await question.getByRole('button', { name: `This is not ${NAME}` }).click();
  await expect(page.getByText(`Noted: this is not ${NAME}. 1 such example so far.`)).toBeVisible();
  await expect(face).toContainText('Unknown: it is closer to a face that you marked as somebody else.');
  await expect(page.getByText('In view: unknown.')).toBeVisible();
  await expect(logged(page)).toHaveCount(2);
  await expect(logged(page).first()).toContainText('unknown');

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/^inface-log-\d{4}-\d\d-\d\d\.csv$/);
  const [columns, unknown, named, end] = (await readFile(await download.path(), 'utf8')).split('\r\n');
  expect(columns).toBe('\uFEFFtime,source,decision,name,similarity,probability,reason,collection,max_fpir');
  expect(unknown).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,camera,unknown,,[\d.]+,[\d.]*,rejected-before,Home,0\.01$/);
  expect(named).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,camera,identified,"'=1\+1, ""Anna""",[\d.]+,[\d.]*,,Home,0\.01$/);
  expect(end).toBe('');

  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await question.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(logged(page)).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Log', exact: true })).toBeFocused();
});

test('looks in the collection that is chosen, and frees the camera when the view is left', async ({ page }) => {
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) return;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      const stream = await open(wish);
      Object.assign(window, { openedStream: stream });
      return stream;
    };
  });
  await seed(page, 'Home', [ANNA]);
  await seed(page, 'Others', [STRANGER]);
  await openDemo(page, 'identify');
  await page.getByLabel('Collection').selectOption('Others');
  await start(page);
  await expect(inView(page)).toContainText('Unknown: nobody looks similar enough.');
  await expect(inView(page).getByRole('row', { name: 'Bea' })).toBeVisible();
  await page.getByLabel('Collection').selectOption('Home');
  await expect(inView(page).locator('strong')).toHaveText(NAME);
  await page.getByLabel('Collection').selectOption('Others');
  await expect(inView(page).locator('strong')).toHaveText('unknown');

  const isLive = () => page.evaluate(() => (window as unknown as { openedStream: MediaStream }).openedStream.active);
  expect(await isLive()).toBe(true);
  await page.getByRole('navigation').getByRole('link', { name: 'Data' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Data');
  await expect.poll(isLive).toBe(false);
});

test('says what a rate means, and looks again at photos and faces with it', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'identify');
  const rate = page.getByLabel('Accepted rate of false names');
  await expect(
    page.getByText(
      /Of 1,000 strangers, about 10 would be given a name\. A face must be more alike .* \(now 1 person\)\./,
    ),
  ).toBeVisible();
  await pickPhotos(page, [samplePhoto(6)]);
  const onPhoto = page.getByRole('list', { name: 'Who is in sample6.jpg' }).getByRole('listitem');
  await expect(onPhoto).toHaveCount(4);
  // Somebody else of the same photo is similar enough for 1 %: photos of one session are nearer to each other than the rate says.
  await expect(onPhoto.locator('strong').filter({ hasText: NAME })).toHaveCount(2);
  await expect(logged(page)).toHaveCount(4);

  await rate.selectOption('0.1 %');
  await expect(page.getByText(/Of 1,000 strangers, about 1 would be given a name\./)).toBeVisible();
  await expect(page.locator('face-camera')).toHaveAttribute('max-fpir', '0.001');
  await expect(onPhoto).toHaveCount(4);
  await expect(onPhoto.locator('strong').filter({ hasText: NAME })).toHaveCount(1);
  // Who is said to be the same as before is no news.
  await expect(logged(page)).toHaveCount(5);

  await page.getByRole('button', { name: 'Remove sample6.jpg' }).click();
  await expect(page.getByRole('heading', { name: 'Photos' })).toBeFocused();
});

test('without anybody enrolled, says where to begin', async ({ page }) => {
  await openDemo(page, 'identify');
  await expect(page.getByText('There is no collection yet, so nobody can be recognized.')).toBeVisible();
  await pickPhotos(page, [samplePhoto(1)]);
  await expect(page.getByText('Choose a collection first.')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'Enroll somebody' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Enroll a person');
});
