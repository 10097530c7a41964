/** Every view, and the kiosk, in light and dark, on a desktop and a phone, with people and photos in it. */
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, openDemo, pickPhotos, test, type ViewName } from './demo.js';
import { enterKiosk, words } from './kiosk.js';
import { CAMERA_FACE, ROOT, samplePhoto } from './places.js';
import { seed } from './seed.js';

const FOLDER = join(ROOT, '.cache', 'screenshots');
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } } as const;

const PEOPLE = [
  { name: 'Dora', photo: samplePhoto(6), face: CAMERA_FACE },
  { name: 'Ada', photo: samplePhoto(1), face: { x: 0.28, y: 0.39 } },
  { name: 'Grace', photo: samplePhoto(1), face: { x: 0.49, y: 0.43 } },
] as const;

/** What a view shows when it is looked at. */
const FILLED: Readonly<Record<ViewName, (page: Page) => Promise<void>>> = {
  start: async (page) => {
    await page.getByRole('button', { name: 'Try a sample photo' }).click();
    await expect(page.getByText(/or more is a match/)).toBeVisible();
  },
  compare: async (page) => {
    await pickPhotos(page, [samplePhoto(6), samplePhoto(1)]);
    await expect(page.getByText('7 faces in 2 photos.')).toBeVisible();
    await page.getByRole('button', { name: 'Compare: Face 1, sample6.jpg' }).click();
    await page.getByRole('button', { name: 'Compare: Face 2, sample6.jpg' }).click();
    await expect(page.getByText(/according to the model/)).toBeVisible();
  },
  enroll: () => Promise.resolve(),
  collections: () => Promise.resolve(),
  identify: async (page) => {
    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(page.getByText('Dora').first()).toBeVisible();
  },
  liveness: () => Promise.resolve(),
  data: async (page) => {
    await expect(page.getByText('Reading…')).toHaveCount(0);
  },
  'self-test': () => Promise.resolve(),
};

test('picture of the README', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1120, height: 760 });
  await seed(page, 'Friends', PEOPLE);
  await openDemo(page, 'identify');
  await FILLED.identify(page);
  await page.screenshot({ path: join(ROOT, 'docs/images/demo.jpg'), type: 'jpeg', quality: 80 });
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`${colorScheme}, ${size}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      const { collectionId } = await seed(page, 'Friends', PEOPLE);
      for (const [view, fill] of Object.entries(FILLED) as [ViewName, (typeof FILLED)[ViewName]][]) {
        await openDemo(page, view);
        await fill(page);
        await page.screenshot({ path: join(FOLDER, `${view}-${colorScheme}-${size}.png`), fullPage: true });
      }
      await enterKiosk(page, collectionId);
      await expect(words(page)).toContainText('Dora');
      await page.screenshot({ path: join(FOLDER, `kiosk-${colorScheme}-${size}.png`) });
    });
  }
}
