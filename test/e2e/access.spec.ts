/** What every view owes to everybody: no axe violation, no sideways scrolling, and all of it with the keyboard. */
import { findViolations } from './axe.js';
import { expect, openDemo, pickPhotos, test, type ViewName } from './demo.js';
import { samplePhoto } from './places.js';

const VIEWS: readonly ViewName[] = [
  'start',
  'compare',
  'enroll',
  'collections',
  'identify',
  'liveness',
  'data',
  'self-test',
];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in any view, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const view of VIEWS) {
      await openDemo(page, view);
      if (view === 'compare') {
        await pickPhotos(page, [samplePhoto(4)]);
        await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
      }
      expect(await findViolations(page), view).toEqual([]);
    }
  });
}

test('no view scrolls sideways, from 360 px to 4K', async ({ page }) => {
  for (const view of VIEWS) {
    await openDemo(page, view);
    if (view === 'compare') await pickPhotos(page, [samplePhoto(6)]);
    if (view === 'compare') await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
    for (const width of [360, 768, 1280, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${view} at ${width} px`).toBeLessThanOrEqual(0);
    }
  }
});

test('views are reached and photos removed with the keyboard, and the focus is never lost', async ({ page }) => {
  await openDemo(page, 'compare');
  // Ask for it before the keys: on a busy machine, the key that opens the dialog could be faster than this request.
  const chooser = page.waitForEvent('filechooser');
  const focused = () => page.evaluate(() => document.activeElement?.textContent.trim() ?? '');
  // The order is that of the page: skip link, home, language, views, then the view itself.
  const order: string[] = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    order.push(await focused());
  }
  expect(order[0]).toBe('Skip to the content');
  expect(order.slice(3, 11)).toEqual([
    'Start',
    'Compare',
    'Enroll',
    'Collections',
    'Identify',
    'Liveness',
    'Data',
    'Self-test',
  ]);
  expect(order[11]).toContain('Choose photos');

  await page.keyboard.press('Enter');
  await (await chooser).setFiles([samplePhoto(1), samplePhoto(2)]);
  await expect(page.getByText('6 faces in 2 photos.')).toBeVisible();
  const remove = (name: string) => page.getByRole('button', { name: `Remove ${name}` });
  await remove('sample1.jpg').focus();
  await page.keyboard.press('Enter');
  await expect(remove('sample2.jpg')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Photos', exact: true })).toBeFocused();

  await page.getByRole('link', { name: 'Liveness' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Liveness' })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1, name: /^Compare faces/ })).toBeFocused();
});
