/** What the admin of a kiosk corrects: pictures of the last people, for a while and in memory only. */
import type { Page } from '@playwright/test';
import { findViolations } from './axe.js';
import { expect, test } from './demo.js';
import { closeAdmin, DORA, EMIL, logged, openAdmin, PIN, startKiosk, words } from './kiosk.js';

const PICTURES = 'Keep pictures of the last 20 people';

/** A kiosk that keeps pictures, and has named or refused whoever is there. */
async function startWithPictures(page: Page, people: Parameters<typeof startKiosk>[1], said: string): Promise<string> {
  await page.addInitScript(() => {
    if (localStorage.getItem('inface-kiosk-settings') === null)
      localStorage.setItem('inface-kiosk-settings', JSON.stringify({ pictures: true }));
  });
  const collectionId = await startKiosk(page, people);
  await expect(words(page)).toContainText(said);
  await openAdmin(page);
  return collectionId;
}

function sightings(page: Page) {
  return page.getByRole('region', { name: 'Correct mistakes' }).getByRole('listitem');
}

async function answer(page: Page, title: string, button: string): Promise<void> {
  await page.getByRole('dialog', { name: title }).getByRole('button', { name: button }).click();
}

test('no picture is kept unless the admin wants it, and none when that ends', async ({ page }) => {
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  await expect(page.getByRole('heading', { name: 'Correct mistakes' })).toBeHidden();
  await page.getByLabel(PICTURES).check();
  await expect(page.getByText('Nobody was here since')).toBeVisible();
  await closeAdmin(page);
  // The visit goes on, so it has no picture. After a reload the page begins another.
  await page.reload();
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  await expect(sightings(page)).toHaveCount(1);
  const picture = sightings(page).locator('canvas');
  expect(await picture.evaluate((canvas: HTMLCanvasElement) => canvas.width)).toBeGreaterThan(100);
  expect(await findViolations(page)).toEqual([]);

  await page.getByLabel(PICTURES).uncheck();
  await expect(sightings(page)).toHaveCount(0);
  expect(await picture.count()).toBe(0);
  await page.getByLabel(PICTURES).check();
  await expect(page.getByText('Nobody was here since')).toBeVisible();
});

test('somebody who was taken for another person is not any more', async ({ page }) => {
  await startWithPictures(page, [DORA, EMIL], 'Dora');
  await sightings(page).getByRole('button', { name: 'Not Dora' }).click();
  await answer(page, 'This is not Dora?', 'Cancel');
  await sightings(page).getByRole('button', { name: 'Not Dora' }).click();
  await answer(page, 'This is not Dora?', 'Not Dora');
  await expect(page.getByText('The kiosk will no longer take this face for Dora.')).toBeVisible();
  await expect(logged(page)).toHaveText(['Corrected: not this person', 'Admin', 'Recognized', 'Started']);
  await closeAdmin(page);
  await expect(words(page)).toContainText('Unknown');
});

test('all pictures go when anybody is deleted', async ({ page, context }) => {
  const collectionId = await startWithPictures(page, [DORA, EMIL], 'Dora');
  await expect(sightings(page)).toHaveCount(1);
  const other = await context.newPage();
  await other.goto(`./#/collections/${collectionId}`);
  await other.getByLabel('PIN', { exact: true }).fill(PIN);
  await other.keyboard.press('Enter');
  await other.getByRole('button', { name: 'Delete Emil' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(other.getByRole('button', { name: 'Delete Emil' })).toBeHidden();
  await page.bringToFront();
  await expect(page.getByText('Nobody was here since')).toBeVisible();
  await expect(sightings(page)).toHaveCount(0);
});

test('somebody unknown is enrolled', async ({ page }) => {
  await startWithPictures(page, [EMIL], 'Unknown');
  await expect(sightings(page)).toContainText('Unknown person');
  await sightings(page).getByRole('button', { name: 'Enroll this person' }).click();
  const name = sightings(page).getByLabel('Name');
  await sightings(page).getByRole('button', { name: 'Enroll', exact: true }).click();
  await expect(page.getByText('Enter a name first.')).toBeVisible();
  await name.fill('emil');
  await name.press('Enter');
  await expect(page.getByText('emil is enrolled already.')).toBeVisible();
  await name.fill('Fay');
  await sightings(page).getByLabel('Consent note').fill('agreed at the door');
  await name.press('Enter');
  await expect(page.getByText('Fay is enrolled.')).toBeVisible();
  await expect(sightings(page)).toHaveCount(0);
  await closeAdmin(page);
  await expect(words(page)).toContainText('Fay');
});

test('a picture is added to the right person, and counts against the wrong one', async ({ page }) => {
  await startWithPictures(page, [DORA, EMIL], 'Dora');
  await sightings(page).getByRole('button', { name: 'This is…' }).click();
  await sightings(page).getByLabel('Person').selectOption('Emil');
  await sightings(page).getByRole('button', { name: 'Add the picture' }).click();
  await answer(page, 'Add this picture to Emil?', 'Add the picture');
  await answer(page, 'Is this really Emil?', 'Add it anyway');
  await expect(page.getByText('The picture was added to Emil.')).toBeVisible();
  await expect(logged(page)).toHaveText([
    'Corrected: not this person',
    'Corrected: picture added',
    'Admin',
    'Recognized',
    'Started',
  ]);
  await closeAdmin(page);
  await expect(words(page)).not.toContainText('Dora');
});
