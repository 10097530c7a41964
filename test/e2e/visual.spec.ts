/**
 * Four views as they looked when somebody last looked at them. After a change that is meant, write them anew with
 * `npm run test:e2e -- visual.spec.ts --update-snapshots`, and look at them.
 */
import { expect, openDemo, pickPhotos, test, type ViewName } from './demo.js';
import { samplePhoto } from './places.js';

const VIEWS: readonly {
  readonly view: ViewName;
  readonly colorScheme: 'light' | 'dark';
  readonly viewport: { readonly width: number; readonly height: number };
}[] = [
  { view: 'try', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { view: 'enroll', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { view: 'collections', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { view: 'liveness', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
];

for (const { view, colorScheme, viewport } of VIEWS) {
  test(`${view}, ${colorScheme}, ${viewport.width} px`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(viewport);
    await openDemo(page, view);
    if (view === 'try') {
      await pickPhotos(page, [samplePhoto(4)]);
      await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
    }
    await expect(page).toHaveScreenshot(`${view}.png`, {
      // What runs, and how long it took, differs between devices; letters do by a few pixels.
      mask: [page.locator('.engine'), page.getByText('Time per stage')],
      maxDiffPixelRatio: 0.04,
    });
  });
}
