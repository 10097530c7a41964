import type { Locator, Page } from '@playwright/test';
import { expect, openDemo, people, test } from './demo.js';
import { samplePhoto } from './places.js';

/** Presses Tab until an element has the focus, as a user does who has no pointer. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  const isFocused = () => target.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 60 && !(await isFocused()); presses++) await page.keyboard.press('Tab');
  await expect(target).toBeFocused();
}

test('a person is enrolled and deleted with the keyboard alone', async ({ page }) => {
  await openDemo(page);
  await tabTo(page, page.getByRole('button', { name: 'Choose photos' }));
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(samplePhoto(6));

  const face = page.getByRole('button', { name: /^Face 2/ });
  await tabTo(page, face);
  await page.keyboard.press('Enter');
  await expect(face).toHaveAttribute('aria-pressed', 'true');

  await tabTo(page, page.getByLabel('Name'));
  await page.keyboard.type('Carla');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Training is done.')).toBeVisible();
  await expect(face).toHaveText(/^Face 2: Carla, /);
  await expect(page.getByLabel('Name')).toBeFocused();

  const remove = page.getByRole('button', { name: 'Delete Carla' });
  await tabTo(page, remove);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Delete Carla?' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(remove).toBeFocused();

  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'Delete', exact: true }));
  await page.keyboard.press('Enter');
  await expect(people(page)).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'People' })).toBeFocused();
});

test('faces of the tray and photos are removed with the keyboard, and the focus is never lost', async ({ page }) => {
  await openDemo(page);
  const chooser = page.waitForEvent('filechooser');
  await tabTo(page, page.getByRole('button', { name: 'Choose photos' }));
  await page.keyboard.press('Space');
  await (await chooser).setFiles([samplePhoto(1), samplePhoto(2)]);
  await expect(page.getByText('6 faces in 2 photos.')).toBeVisible();
  for (const name of ['sample1.jpg', 'sample2.jpg']) {
    await tabTo(page, page.getByRole('list', { name: `Faces in ${name}` }).getByRole('button', { name: 'Face 1' }));
    await page.keyboard.press('Space');
  }
  await tabTo(page, page.getByRole('button', { name: 'Remove face 1 of sample1.jpg' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove face 1 of sample2.jpg' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Enrol a person' })).toBeFocused();

  await tabTo(page, page.getByRole('button', { name: 'Remove sample1.jpg' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove sample2.jpg' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Photos' })).toBeFocused();
});
