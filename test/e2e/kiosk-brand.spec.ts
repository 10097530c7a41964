/** The name, the logo, the words and the language of a kiosk. */
import { join } from 'node:path';
import { findViolations } from './axe.js';
import { expect, test } from './demo.js';
import { closeAdmin, DORA, openAdmin, PIN, startKiosk, words } from './kiosk.js';
import { findLayoutFaults } from './layout.js';
import { ROOT } from './places.js';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1366, height: 650 },
] as const;

test('a kiosk has a name, a logo and a language, which stay after a reload', async ({ page }) => {
  await startKiosk(page, [DORA]);
  await expect(words(page)).toContainText('Dora');
  await openAdmin(page);
  await page.getByLabel('Name of this kiosk').fill('North gate');
  await page.getByLabel('Words below the name').fill('Good morning');
  const logo = page.getByLabel('Logo', { exact: true });
  await logo.setInputFiles({ name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') });
  await expect(page.getByText('This file is not an image we can open.')).toBeVisible();
  await expect(logo).toHaveAttribute('aria-invalid', 'true');
  await logo.setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.alloc(5_000_001) });
  await expect(page.getByText('This file is too large. The limit is 5 MB.')).toBeVisible();
  await logo.setInputFiles(join(ROOT, 'demo', 'icon-512.png'));
  await expect(page.getByRole('button', { name: 'Remove the logo' })).toBeVisible();
  await expect(logo).not.toHaveAttribute('aria-invalid');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    expect(await findLayoutFaults(page, 'dark')).toEqual([]);
  }
  expect(await findViolations(page)).toEqual([]);

  await page.getByLabel('Language of the kiosk').selectOption('Deutsch');
  await closeAdmin(page);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(words(page)).toContainText('Dora');
  await expect(words(page)).toContainText('Good morning');
  const brand = page.locator('.kiosk-brand');
  await expect(brand).toHaveText('North gate');
  await expect(page).toHaveTitle('North gate');
  // Scaled down from 512 pixels.
  await expect(brand.locator('canvas')).toHaveAttribute('width', '160');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    // A name stands on green, a logo on white.
    const faults = await findLayoutFaults(page, 'dark');
    expect(faults.filter((fault) => !fault.endsWith('is not dark'))).toEqual([]);
  }

  await page.getByRole('button', { name: 'Verwaltung' }).click();
  await page.getByLabel('PIN', { exact: true }).fill(PIN);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Logo entfernen' }).click();
  await expect(page.getByRole('button', { name: 'Logo entfernen' })).toBeHidden();
  await page.getByLabel('Name dieses Kiosks').fill('');
  await page.getByRole('button', { name: 'Zurück zum Kiosk' }).click();
  await expect(brand).toBeHidden();
  await expect(page).toHaveTitle('Front door – inface-Kiosk');
  // The rest of the site keeps its language.
  await page.goto('./');
  await expect(page.getByRole('heading', { name: 'This device is a kiosk' })).toBeVisible();
});
