/** The kiosk as the tests use it. */
import type { Page } from '@playwright/test';
import { expect } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';
import { seed, type SeededPerson } from './seed.js';

export const PIN = '2468';

/** Whom the fake camera shows, and somebody whom it does not. */
export const DORA: SeededPerson = { name: 'Dora', photo: samplePhoto(6), face: CAMERA_FACE };
export const EMIL: SeededPerson = { name: 'Emil', photo: samplePhoto(1), face: { x: 0.458, y: 0.408 } };

/** What the kiosk says right now. */
export function words(page: Page) {
  return page.locator('.kiosk-result').getByRole('status');
}

/** Sets up a kiosk for a collection of these people; it begins to look. */
export async function startKiosk(page: Page, people: readonly SeededPerson[]): Promise<string> {
  const { collectionId } = await seed(page, 'Front door', people);
  await enterKiosk(page, collectionId);
  return collectionId;
}

/** Sets up a kiosk for a collection that is there. @returns its recovery code */
export async function enterKiosk(page: Page, collectionId: string): Promise<string> {
  await page.goto(`./?kiosk=${collectionId}`);
  await page.getByLabel('PIN', { exact: true }).fill(PIN);
  await page.getByLabel('The same PIN again').fill(PIN);
  await page.getByRole('button', { name: 'Start the kiosk' }).click();
  const code = await page.locator('.kiosk-code').innerText();
  await page.getByRole('button', { name: 'I have written it down' }).click();
  return code;
}

/** Tries a PIN. */
export async function tryPin(page: Page, pin: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Admin' });
  if (!(await dialog.isVisible())) await page.getByRole('button', { name: 'Admin' }).click();
  await dialog.getByLabel('PIN', { exact: true }).fill(pin);
  await dialog.getByLabel('PIN', { exact: true }).press('Enter');
}

export async function openAdmin(page: Page): Promise<void> {
  await tryPin(page, PIN);
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
}

export async function closeAdmin(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Back to the kiosk' }).click();
}

/** What the log says happened, newest first; the admin's part is open. */
export function logged(page: Page) {
  return page.getByRole('table').locator('tbody tr td:nth-child(3)');
}
