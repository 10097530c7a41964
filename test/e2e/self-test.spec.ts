/** The self-test of the demo, in the very browser of the tests. */
import type { Page } from '@playwright/test';
import { expect, openDemo, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';
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
  await expect(fact('Faces found in the photos')).toHaveText('22 of 22');
  const [recognized = 0, genuine = 0] = numbersIn(await fact('Same face recognized').innerText());
  expect(genuine).toBe(110);
  expect(recognized).toBeGreaterThan(100);
  const [, impostor] = numbersIn(await fact('Other face taken for it').innerText());
  expect(impostor).toBe(220);
  const [lowest = 0] = numbersIn(await fact('Lowest similarity of the same face').innerText());
  const [highest = 1] = numbersIn(await fact('Highest similarity of different faces').innerText());
  expect(lowest).toBeGreaterThan(highest);
  await expect(fact('Time of a comparison')).toHaveText(/^median [\d,]+ ms, 90 % within [\d,]+ ms \(\d+ calls\)$/);
  for (const chart of ['True match rate by false match rate (ROC)', 'Similarities', 'Time per comparison']) {
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
  expect(copied).toContain('- Faces found in the photos: 22 of 22');
  expect(copied).toMatch(/\| Mirrored \| \d+ of 22 \| \d+ of 22 \|/);

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
  await expect(page.getByRole('heading', { name: 'Result' })).toBeHidden();
  await page.getByRole('button', { name: 'Run the self-test' }).click();
  await expect(page.getByText(/^[1-9]\d* % done/)).toBeVisible();
});

test.describe('without its photos', () => {
  // The browser itself reports failed requests, those of the service worker, too.
  test.use({ allowedConsole: /Failed to (load resource|fetch)|network error response/ });

  test('says so', async ({ page, context }) => {
    await openDemo(page, 'self-test');
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Run the self-test' }).click();
    await expect(page.getByText('The photos of the self-test could not be fetched.')).toBeVisible();
  });
});

function numbersIn(text: string): number[] {
  return (text.match(/[\d.]+/g) ?? []).map(Number);
}

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
