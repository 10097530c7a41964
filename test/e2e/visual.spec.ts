/**
 * Four views as they looked when somebody last looked at them. After a change that is meant, write them anew with
 * `npm run test:e2e -- visual.spec.ts --update-snapshots`, and look at them.
 */
import { expect, openDemo, pickPhotos, test, type ViewName } from './demo.js';
import { findLayoutFaults } from './layout.js';
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

/** Faults as a change of the style sheet would make them, and what is said of them. */
const FAULTS = {
  'a control over another': {
    css: 'nav li:nth-child(2) a { translate: -1.5rem }',
    fault: 'a “Try” overlaps a “Enroll”',
  },
  'text over text': {
    css: '#header .lead { margin-top: -1.5rem }',
    fault: 'text “inface” overlaps text “Faces found, enrolled and identified in this page. Nothing is sent anywhere.”',
  },
  'a control over text': {
    css: '.erase button { translate: 0 -3rem }',
    fault: /^button\.danger “Erase everything…” overlaps text “Deletes all people/,
  },
  'a label that is cut off': {
    css: '.vault button { overflow: hidden; width: 5rem; white-space: nowrap }',
    fault: 'button “Set the passphrase” is cut off',
  },
  'lines that are cut off': {
    css: '.backup > p { overflow: hidden; height: 1rem }',
    fault: 'p.muted “All people and collections as one encryp…” is cut off',
  },
  'an element that is too wide': {
    css: '.storage { width: 120vw }',
    fault: /^section\.card\.storage “.*” sticks out of the page$/,
  },
  'a control beside the page': {
    css: '.choice select { translate: 50vw }',
    fault: /^select “Language.*” sticks out of the page$/,
  },
  'a control that is too small': {
    css: '.audit button { min-height: 0; padding-block: 0; line-height: 1rem }',
    fault: /^button “Clear the trail” is too small: \d+ × 18 px$/,
  },
  'a level of headings that is missing': {
    css: '.storage h2, .backup h2 { display: none }',
    fault: 'h3 “Save a backup” follows a heading of level 1',
  },
  'a card that is not dark': {
    css: '.vault { background: #eef2f2 }',
    fault: /^section\.card\.vault “.*” is not dark$/,
  },
} as const;

test('faults of a layout are named', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('./#/data');
  await expect(page.getByRole('button', { name: 'Set the passphrase' })).toBeVisible();
  expect(await findLayoutFaults(page, 'dark')).toEqual([]);
  for (const [name, { css, fault }] of Object.entries(FAULTS)) {
    await page.evaluate(async (text) => {
      document.adoptedStyleSheets = [await new CSSStyleSheet().replace(text)];
    }, css);
    const faults = await findLayoutFaults(page, 'dark');
    expect(faults, name).toContainEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault));
  }
});
