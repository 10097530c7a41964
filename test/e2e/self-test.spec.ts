/** The self-test of the demo, in the very browser of the tests. */
import type { Page } from '@playwright/test';
import { expect, openDemo, test } from './demo.js';
import { CAMERA_FACE, cameraPicture, samplePhoto } from './places.js';
import { seed } from './seed.js';

test('measures, shows and copies, and touches nobody who is enrolled', async ({ page, context }) => {
  test.setTimeout(600_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await seed(page, 'Home', [{ name: 'Dora', photo: samplePhoto(6), face: CAMERA_FACE }]);
  await openDemo(page, 'self-test');
  const before = await storedRecords(page);
  await page.getByRole('button', { name: 'Run the self-test' }).click();
  await expect(page.getByRole('progressbar', { name: /\d+ % done/ })).toBeVisible();
  await expect(page.getByText('Done.', { exact: true })).toBeVisible({ timeout: 540_000 });

  const fact = (name: string) => page.locator('dl div').filter({ hasText: name }).locator('dd');
  await expect(page.getByRole('heading', { name: 'As expected' })).toBeVisible();
  const rows = page.locator('.self-test-table tbody tr');
  await expect(rows).toHaveCount(7);
  for (const row of await rows.all()) await expect(row).toContainText('✓ as expected');
  await expect(rows.first()).toContainText('22 of 22');
  await expect(rows.last()).toContainText(/Look-alikes: [\s\S]*\d+ of 220/);
  await expect(fact('Time of a comparison')).toHaveText(/^median [\d,]+ ms, 90 % within [\d,]+ ms \(\d+ calls\)$/);
  for (const chart of ['Similarities', 'Time per comparison']) {
    await expect(page.getByRole('img', { name: chart })).toBeVisible();
  }
  await expect(fact('Memory of the page')).toHaveText(/^\d+\.\d MB$/);
  expect(await storedRecords(page)).toEqual(before);
  await page.setViewportSize({ width: 360, height: 740 });
  // The charts follow the width after the next layout.
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);

  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByText('The report was copied.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^As expected$/m);
  expect(copied).toMatch(/\| Recognized: mirrored \| \d+ of 22 \| 20 or more \| ✓ as expected \|/);

  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'));
  });
  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByLabel('Copy the report by hand')).toHaveValue(copied);
});

test('can be canceled and run again', async ({ page }) => {
  await openDemo(page, 'self-test');
  await page.getByRole('button', { name: 'Run the self-test' }).click();
  await expect(page.getByText(/^[1-9]\d* % done/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Canceled.')).toBeVisible();
  await expect(page.getByRole('table')).toBeHidden();
  await page.getByRole('button', { name: 'Run the self-test' }).click();
  await expect(page.getByText(/^[1-9]\d* % done/)).toBeVisible();
});

test('works without a network', async ({ page, context }) => {
  await openDemo(page, 'self-test');
  await expect(page.getByText('Ready to use offline.')).toBeVisible();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Run the self-test' }).click();
  await expect(page.getByText(/^[1-9]\d* % done/)).toBeVisible();
});

test.describe('with other photos', () => {
  test.use({ serviceWorkers: 'block', allowedConsole: /^Service Worker registration blocked/ });

  test('a result that differs from the reference is named', async ({ page }) => {
    test.setTimeout(600_000);
    // Another photo in the place of all but one: fewer faces, and other ones.
    const body = cameraPicture();
    await page.route(/\/self-test\/sample[2-6]\.jpg$/, (route) => route.fulfill({ contentType: 'image/jpeg', body }));
    await openDemo(page, 'self-test');
    await page.getByRole('button', { name: 'Run the self-test' }).click();
    await expect(page.getByRole('heading', { name: /^Not as expected in this browser: Faces found/ })).toBeVisible({
      timeout: 540_000,
    });
    await expect(page.locator('.self-test-table tbody tr').first()).toContainText(/\b8 of 22\s*22\s*✕ differs/);
  });
});

/** How much is in each store of the demo's database. */
async function storedRecords(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(request.error?.message));
      });
    const database = await done(indexedDB.open('inface-demo'));
    const counts: Record<string, number> = {};
    for (const name of database.objectStoreNames) {
      // The kit trains by itself, some seconds after its start.
      if (name === 'classifiers') continue;
      counts[name] = await done(database.transaction(name).objectStore(name).count());
    }
    database.close();
    return counts;
  });
}
