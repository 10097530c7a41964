/** What the kiosk offers to whoever it does not name: help, and the PIN of a person. */
import type { Page } from '@playwright/test';
import { findViolations } from './axe.js';
import { expect, test } from './demo.js';
import { closeAdmin, EMIL, logged, openAdmin, startKiosk, words } from './kiosk.js';
import { findLayoutFaults } from './layout.js';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1366, height: 650 },
] as const;

/** The layout is sound, and what can be pressed is within the first screen, in every size. */
async function expectToFit(page: Page, buttons: readonly string[]): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    expect(await findLayoutFaults(page, 'dark')).toEqual([]);
    for (const name of buttons) {
      await expect(page.getByRole('button', { name, exact: true })).toBeInViewport({ ratio: 1 });
    }
  }
  expect(await findViolations(page)).toEqual([]);
}

test('whoever is refused is told how to get help', async ({ page }) => {
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  const help = page.getByRole('button', { name: 'Get help' });
  await expect(help).toBeHidden();
  await openAdmin(page);
  await page.getByLabel('How to get help').fill('Please ring the bell beside the door.');
  await page.getByLabel('Phone number for help').fill('030 1234');
  await closeAdmin(page);

  await expect(words(page)).toContainText('turn to the light');
  await expect(page.getByText('030 1234')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Enter with a PIN' })).toBeHidden();
  await expectToFit(page, ['Get help', 'Admin']);
  await help.click();
  await expect(words(page)).toContainText('Please ring the bell beside the door.');
  await expect(words(page)).toContainText('030 1234');
  await expectToFit(page, ['Back', 'Admin']);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect(words(page)).toContainText('Unknown');
  await openAdmin(page);
  await expect(logged(page)).toContainText(['Admin', 'Asked for help']);
});

test('help goes away by itself', async ({ page }) => {
  await page.addInitScript(() => {
    localStorage.setItem('inface-kiosk-settings', JSON.stringify({ phone: '030 1234' }));
  });
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  await page.clock.install();
  await page.getByRole('button', { name: 'Get help' }).click();
  await expect(words(page)).toContainText('Please call for help.');
  await page.clock.fastForward(61_000);
  await expect(words(page)).not.toContainText('Please call for help.');
});

test('whoever has a PIN comes in with it, and nobody else does', async ({ page }) => {
  await startKiosk(page, [EMIL]);
  await expect(words(page)).toContainText('Unknown');
  await openAdmin(page);
  const newPin = page.getByLabel('PIN of this person');
  await newPin.fill('135790');
  await page.getByRole('button', { name: 'Set the PIN' }).click();
  await expect(page.getByText('Emil can come in with the PIN.')).toBeVisible();
  await expect(newPin).toHaveValue('');
  await closeAdmin(page);

  await page.getByRole('button', { name: 'Enter with a PIN' }).click();
  const [name, pin] = [page.getByLabel('Your name'), page.getByLabel('Your PIN')];
  await expect(name).toBeFocused();
  await expectToFit(page, ['Enter', 'Back', 'Admin']);
  await name.fill('Emil');
  await pin.fill('246802');
  await pin.press('Enter');
  await expect(page.getByText('The name or the PIN is not right.')).toBeVisible();
  await expect(pin).toHaveValue('');
  await pin.fill('135790');
  await pin.press('Enter');
  await expect(words(page)).toContainText('Emil');
  // The camera goes on: it does not know who is there.
  await expect(words(page)).toContainText('Unknown');

  await openAdmin(page);
  await expect(logged(page)).toContainText(['Admin', 'Came in with a PIN', 'Wrong PIN of a person']);
  await page.getByRole('button', { name: 'Remove the PIN' }).click();
  await expect(page.getByText('Emil has no PIN any more.')).toBeVisible();
  await closeAdmin(page);
  await expect(words(page)).toContainText('Unknown');
  await expect(page.getByRole('button', { name: 'Enter with a PIN' })).toBeHidden();
});

test('wrong PINs of people lock them, not the admin', async ({ page }) => {
  await startKiosk(page, [EMIL]);
  await openAdmin(page);
  await page.getByLabel('PIN of this person').fill('135790');
  await page.getByRole('button', { name: 'Set the PIN' }).click();
  await expect(page.getByText('Emil can come in with the PIN.')).toBeVisible();
  await closeAdmin(page);
  await page.getByRole('button', { name: 'Enter with a PIN' }).click();
  const [name, pin] = [page.getByLabel('Your name'), page.getByLabel('Your PIN')];
  await name.fill('emil');
  for (let i = 0; i < 5; i++) {
    await pin.fill('000000');
    await pin.press('Enter');
    await expect(pin).toHaveValue('');
    await expect(page.getByText('The name or the PIN is not right.')).toBeVisible();
  }
  await pin.fill('135790');
  await pin.press('Enter');
  await expect(page.getByText('Too many tries. The next one is possible in')).toBeVisible();
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await openAdmin(page);
});
