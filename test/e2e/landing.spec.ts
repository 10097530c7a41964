/** The landing page: recognized in two clicks, sample photos in one, and a start button in the first screen of every view. */
import type { Page } from '@playwright/test';
import { findViolations } from './axe.js';
import { expect, openDemo, test, type ViewName } from './demo.js';

const VIEWPORTS = { laptop: { width: 1366, height: 650 }, phone: { width: 390, height: 844 } } as const;
const answer = (page: Page) => page.getByRole('region', { name: 'How it works' });

test('two clicks and a name: the camera asks who it is, and names the face from then on, on later visits too', async ({
  page,
}) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByRole('heading', { name: 'Who is this?' })).toBeVisible();
  // The name can be typed at once.
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused();
  expect(await findViolations(page)).toEqual([]);
  await page.keyboard.type('Dora');
  await page.getByRole('button', { name: 'Remember me' }).click();
  await expect(answer(page).getByText('This is Dora.')).toBeVisible();
  await expect(page.getByText('Dora saved in this browser.')).toBeVisible();
  await expect(page.locator('face-camera')).toHaveAttribute('collection', /./);
  expect(await findViolations(page)).toEqual([]);

  await page.reload();
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(answer(page).getByText('This is Dora.')).toBeVisible();

  await page.getByRole('link', { name: 'Add more angles' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Dora');
  await expect(page.getByText('Dora is already in “People”')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop camera' })).toBeVisible();

  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await page.getByRole('button', { name: 'Start camera' }).click();
  await page.getByRole('button', { name: 'Forget Dora' }).click();
  await expect(page.getByText('Nothing about Dora was kept.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Who is this?' })).toBeVisible();
});

test('a name is asked for, and somebody who is known is not remembered twice', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Start camera' }).click();
  await page.getByRole('button', { name: 'Remember me' }).click();
  const name = page.getByLabel('Name', { exact: true });
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveAccessibleDescription('Enter a name first.');
  await expect(name).toBeFocused();
  await page.getByRole('link', { name: 'Collections' }).click();
  await expect(page.getByText('There is no collection yet.')).toBeVisible();
});

test('the sample photos show boxes, a match and none, and what the score means, with one click', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: 'Try a sample photo' }).click();
  await expect(page.getByRole('img', { name: 'Sample photo 1: 3 faces' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'Sample photo 3: 3 faces' })).toBeVisible();
  const pairs = answer(page).getByRole('listitem');
  await expect(pairs).toHaveText([/Same person\s*Similarity 0\.[5-9]\d/, /Different people\s*Similarity 0\.[0-4]\d/]);
  await expect(answer(page)).toContainText(
    '0.50 or more is a match. In our test set, 0.1 % of pairs of different people scored that high.',
  );
  expect(await findViolations(page)).toEqual([]);
  await answer(page).getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByRole('heading', { name: 'Who is this?' })).toBeVisible();
});

/** What to press first. */
const PRIMARY: Readonly<Record<ViewName, string>> = {
  start: 'Start camera',
  compare: 'Choose photos',
  enroll: 'Start camera',
  collections: 'Create',
  identify: 'Start camera',
  liveness: 'Start the check',
  data: 'Save a backup',
  'self-test': 'Run the self-test',
};

for (const [device, viewport] of Object.entries(VIEWPORTS)) {
  test(`every view has its first button in the first screen, on a ${device}`, async ({ page }) => {
    await page.setViewportSize(viewport);
    for (const [view, name] of Object.entries(PRIMARY) as [ViewName, string][]) {
      await openDemo(page, view);
      const box = await page.getByRole('main').getByRole('button', { name }).boundingBox();
      expect(box, view).not.toBeNull();
      expect(box!.y, view).toBeGreaterThan(0);
      expect(box!.y + box!.height, view).toBeLessThanOrEqual(viewport.height);
    }
    await openDemo(page);
    for (const control of [
      page.getByRole('heading', { level: 1 }),
      page.getByRole('button', { name: 'Try a sample photo' }),
      page.getByRole('link', { name: 'Documentation' }),
    ]) {
      const box = await control.boundingBox();
      expect(box!.y + box!.height).toBeLessThanOrEqual(viewport.height);
    }
  });

  test(`the running camera with what it asks fits into the first screen, on a ${device}`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await openDemo(page);
    await page.getByRole('button', { name: 'Start camera' }).click();
    const button = page.getByRole('button', { name: 'Remember me' });
    await expect(button).toBeVisible();
    const box = await button.boundingBox();
    expect(box!.y + box!.height).toBeLessThanOrEqual(viewport.height);
    const stage = await page.locator('face-camera video').boundingBox();
    expect(stage!.height).toBeLessThanOrEqual(0.55 * viewport.height + 1);
  });
}
