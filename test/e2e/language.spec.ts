/** The page in German: chosen once, kept from then on, and nothing of it left in English. */
import type { Page } from '@playwright/test';
import { expect, openDemo, test, type ViewName } from './demo.js';

const NAMES: Readonly<Record<ViewName, string>> = {
  start: 'Start',
  compare: 'Vergleichen',
  enroll: 'Erfassen',
  collections: 'Sammlungen',
  identify: 'Erkennen',
  liveness: 'Lebenderkennung',
  data: 'Daten',
  'self-test': 'Selbsttest',
};

const TITLES: readonly (readonly [ViewName, string])[] = [
  ['start', 'Gesichtserkennung, die ganz im Browser läuft: nichts verlässt dieses Gerät.'],
  ['compare', 'Gesichter auf Fotos vergleichen'],
  ['enroll', 'Eine Person erfassen'],
  ['collections', 'Sammlungen'],
  ['identify', 'Erkennen'],
  ['liveness', 'Lebenderkennung'],
  ['data', 'Daten'],
  ['self-test', 'Selbsttest'],
];

/** Words of nearly every English sentence, and of no German one. */
const ENGLISH = /\b(the|and|of|is|are|with|from|this|been|nobody|Start camera|Choose|Cancel)\b/;

async function expectGerman(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.getByRole('heading', { level: 1, name: /^Gesichtserkennung, die ganz im Browser/ })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Ansichten' }).getByRole('link')).toHaveText(Object.values(NAMES));
  await expect(page.getByLabel('Sprache')).toHaveValue('de');
  await expect(page).toHaveTitle('Start – inface-Demo');
  await expect(page.getByText(/(WebAssembly, \d+ Threads?|WebGPU) · \d+,\d MB Modelle/)).toBeVisible();
}

test('the page is German once that was chosen, after a reload too, and English again on demand', async ({ page }) => {
  await openDemo(page);
  await page.getByLabel('Language').selectOption({ label: 'Deutsch' });
  await expectGerman(page);
  await page.reload();
  await expectGerman(page);

  for (const [view, title] of TITLES) {
    await page.goto(`./#/${view}`);
    await expect(page.getByRole('heading', { level: 1, name: title, exact: true })).toBeVisible();
    expect(await page.getByText(ENGLISH).allTextContents(), view).toEqual([]);
    const unseen = await page
      .locator('[aria-label], [title], [placeholder]')
      .evaluateAll((elements) =>
        elements.flatMap((element) =>
          ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
        ),
      );
    expect(
      unseen.filter((text) => ENGLISH.test(text)),
      view,
    ).toEqual([]);
  }

  await page.getByLabel('Sprache').selectOption({ label: 'English' });
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.getByRole('heading', { level: 1, name: 'Self-test' })).toBeVisible();
});

test.describe('in a German browser', () => {
  test.use({ locale: 'de-AT' });

  test('the page is German without a choice', async ({ page }) => {
    await page.goto('./');
    await expectGerman(page);
  });
});
