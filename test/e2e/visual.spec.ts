/**
 * Every view as it was when somebody last looked at it: its content, and a layout without faults. It compares no
 * pictures, because letters differ between machines. After an intended change, edit the files in `views`: patterns
 * stand for figures that differ. A file that is missing is written.
 */
import type { Page } from '@playwright/test';
import { expect, openDemo, pickPhotos, test } from './demo.js';
import { DORA } from './kiosk.js';
import { findLayoutFaults } from './layout.js';
import { samplePhoto } from './places.js';
import { seed } from './seed.js';

const VIEWPORTS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;
const VIEWS = [
  'start',
  'compare',
  'enroll',
  'collections',
  'collection',
  'identify',
  'liveness',
  'data',
  'self-test',
] as const;
const COLLECTION = 'Friends';

/** Opens a view without loading the page again. */
async function show(page: Page, view: (typeof VIEWS)[number], collectionId: string): Promise<void> {
  const isCollection = view === 'collection';
  await page.evaluate(
    (address) => {
      location.hash = address;
    },
    isCollection ? `#/collections/${collectionId}` : `#/${view}`,
  );
  const title = isCollection
    ? page.getByRole('heading', { level: 1, name: COLLECTION })
    : page.locator(`.host.${view} h1`);
  await expect(title).toBeVisible();
}

async function expectContent(page: Page, role: 'banner' | 'main' | 'contentinfo' | 'dialog', name: string) {
  // What is read from the database comes in a moment; a file that is missing is written after this time.
  await expect(page.getByRole(role)).toMatchAriaSnapshot({ name: `${name}.aria.yml`, timeout: 15_000 });
}

/** The themes differ in their colors only, so both are looked at in one page. */
async function findFaults(page: Page, where: string): Promise<string[]> {
  const faults: string[] = [];
  // At its end, where a sheet that sticks to the lower edge has its place and covers nothing.
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const fault of await findLayoutFaults(page, colorScheme)) faults.push(`${where}, ${colorScheme}: ${fault}`);
  }
  return faults;
}

async function comparePhoto(page: Page): Promise<void> {
  await pickPhotos(page, [samplePhoto(4)]);
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
  await page.getByRole('button', { name: 'Compare: Face 1, sample4.jpg' }).click();
  await page.getByRole('button', { name: 'Compare: Face 2, sample4.jpg' }).click();
  await expect(page.getByText('Different people, according to the model.')).toBeVisible();
}

test('every view has its content, and a layout without faults', async ({ page }) => {
  const { collectionId } = await seed(page, COLLECTION, [DORA]);
  await openDemo(page);
  const faults: string[] = [];
  const look = async (role: 'main' | 'dialog', name: string) => {
    for (const [device, viewport] of Object.entries(VIEWPORTS)) {
      await page.setViewportSize(viewport);
      await expectContent(page, role, name);
      faults.push(...(await findFaults(page, `${name}, ${device}`)));
    }
  };
  for (const view of VIEWS) {
    await show(page, view, collectionId);
    if (view === 'compare') await comparePhoto(page);
    await look('main', view);
  }
  await expectContent(page, 'banner', 'header');
  await expectContent(page, 'contentinfo', 'footer');

  await show(page, 'data', collectionId);
  await page.getByRole('button', { name: 'Erase everything…' }).click();
  await look('dialog', 'question');
  await page.keyboard.press('Escape');

  // German has the longer words, and a phone the least room for them.
  await page.getByLabel('Language').selectOption({ label: 'Deutsch' });
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  for (const view of VIEWS) {
    await show(page, view, collectionId);
    faults.push(...(await findFaults(page, `${view}, German`)));
  }
  expect(faults).toEqual([]);
});

/** Faults as a change of the style sheet would make them, and what is said of them. */
const FAULTS = {
  'a control over another': {
    css: 'nav li:nth-child(7) a { translate: -1.5rem }',
    fault: 'a “Liveness” overlaps a “Data”',
  },
  'text over text': {
    css: '.backup > p { translate: 0 -2rem }',
    fault: /^text “Backup” overlaps text “All people and collections/,
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
  await page.setViewportSize(VIEWPORTS.phone);
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
