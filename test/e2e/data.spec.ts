import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { FaceKit } from '../../src/index.js';
import { expect, openDemo, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';
import { openPackage, seed } from './seed.js';

const ANNA = { name: 'Anna', photo: samplePhoto(6), face: CAMERA_FACE } as const;
const PASSPHRASE = 'correct horse battery';

const card = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const form = (page: Page, name: string) => page.getByRole('form', { name });

/** @returns the path of the file */
async function makeBackup(page: Page): Promise<string> {
  const make = form(page, 'Save a backup');
  await make.getByLabel('New passphrase').fill(PASSPHRASE);
  await make.getByLabel('Passphrase again').fill(PASSPHRASE);
  const saved = page.waitForEvent('download');
  await make.getByRole('button', { name: 'Save a backup' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/^inface-\d{4}-\d\d-\d\d\.backup$/);
  await expect(make.getByRole('status')).toHaveText(/^Saved to your downloads: inface-.*\.backup \(.* kB\)\.$/);
  return download.path();
}

/** Makes a backup of what was seeded, before the demo is open. */
async function exportAll(page: Page): Promise<Buffer> {
  const folder = await openPackage(page);
  const bytes = await page.evaluate(
    async ([from, passphrase]) => {
      const module = (await import(`${from}index.js`)) as { createFaceKit: (options: object) => Promise<FaceKit> };
      const kit = await module.createFaceKit({
        assetsUrl: new URL('/', location.href),
        workerUrl: `${from}worker.js`,
        database: 'inface-demo',
      });
      const file = await kit.backup.export(passphrase!);
      await kit.close();
      return [...new Uint8Array(await file.arrayBuffer())];
    },
    [folder, PASSPHRASE],
  );
  return Buffer.from(bytes);
}

async function restore(
  page: Page,
  file: string | { name: string; mimeType: string; buffer: Buffer },
  passphrase: string,
) {
  const restoring = form(page, 'Restore a backup');
  await restoring.getByLabel('Backup file').setInputFiles(file);
  await restoring.getByLabel('Passphrase').fill(passphrase);
  await restoring.getByRole('button', { name: 'Restore a backup' }).click();
  return restoring.getByRole('status');
}

async function setPassphrase(page: Page): Promise<void> {
  const lock = card(page, 'Lock');
  await lock.getByLabel('New passphrase').fill(PASSPHRASE);
  await lock.getByLabel('Passphrase again').fill(PASSPHRASE);
  await lock.getByRole('button', { name: 'Set the passphrase' }).click();
  await expect(lock.getByText('The passphrase is set. Write it down somewhere safe.')).toBeVisible();
}

test('what was erased comes back from a backup, and is recognized', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'data');
  const storage = card(page, 'Storage');
  await expect(storage.getByText('1 person with 1 sample in 1 collection.')).toBeVisible();
  await expect(storage.getByRole('meter', { name: 'Storage used' })).toBeVisible();
  const file = await makeBackup(page);
  expect((await readFile(file)).includes('Anna')).toBe(false);

  await page.getByRole('button', { name: 'Erase everything…' }).click();
  const question = page.getByRole('dialog');
  await expect(question).toContainText('1 person and 1 collection will be deleted for good.');
  const confirm = question.getByRole('button', { name: 'Erase everything' });
  await expect(confirm).toBeDisabled();
  await question.getByRole('textbox').fill('erase');
  await confirm.click();
  await expect(card(page, 'Erase everything').getByRole('status')).toHaveText('Everything was erased.');
  await expect(storage.getByText('0 people with 0 samples in 0 collections.')).toBeVisible();
  const trail = card(page, 'Audit trail').locator('tbody tr');
  await expect(trail).toHaveCount(1);
  await expect(trail).toContainText('Everything erased');

  await expect(await restore(page, file, PASSPHRASE)).toHaveText(
    'People: 1 new, 0 replaced, 0 left as they were. Collections: 1 new, 0 replaced, 0 left as they were.',
  );
  await expect(storage.getByText('1 person with 1 sample in 1 collection.')).toBeVisible();
  await expect(trail.first()).toContainText('Backup restored');

  await page.getByRole('navigation').getByRole('link', { name: 'Identify' }).click();
  await page.getByRole('button', { name: 'Start camera' }).click();
  await expect(page.getByText('In view: Anna.')).toBeVisible();
});

test('a database that was deleted is missed: every view says so, and Data starts over', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deletion = indexedDB.deleteDatabase('inface-demo');
        deletion.onsuccess = resolve;
        deletion.onerror = deletion.onblocked = reject;
      }),
  );
  await openDemo(page, 'compare');
  const alert = page.getByRole('banner').getByRole('alert');
  await expect(alert).toContainText('The stored people are gone');
  await page.getByRole('banner').getByRole('link', { name: 'Data' }).last().click();
  const lock = card(page, 'Lock');
  await expect(lock).toContainText('people have to be enrolled again');
  await expect(lock.getByLabel('New passphrase')).toHaveCount(0);
  await lock.getByRole('button', { name: 'Start over' }).click();
  await expect(lock).toContainText('Started over. Nobody is stored.');
  await expect(lock.getByLabel('New passphrase')).toBeVisible();
  await expect(alert).toHaveCount(0);
  await expect(card(page, 'Audit trail').locator('tbody tr')).toContainText(['Started over after a loss']);
});

test('a backup replaces everything by what it has, after a question', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  const file = { name: 'home.backup', mimeType: 'application/octet-stream', buffer: await exportAll(page) };
  await seed(page, 'Work', [{ ...ANNA, name: 'Somebody else' }]);
  await openDemo(page, 'data');
  const storage = card(page, 'Storage');
  await expect(storage.getByText('2 people with 2 samples in 2 collections.')).toBeVisible();

  const replacing = form(page, 'Restore a backup').getByRole('radio', { name: 'Replace everything by the backup' });
  await replacing.check();
  const status = await restore(page, file, PASSPHRASE);
  const question = page.getByRole('dialog');
  await expect(question).toContainText('Here are now 2 people and 2 collections.');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(storage.getByText('2 people with 2 samples in 2 collections.')).toBeVisible();
  await expect(replacing).toBeChecked();
  await restore(page, file, PASSPHRASE);
  await question.getByRole('button', { name: 'Replace everything' }).click();
  await expect(status).toHaveText(
    'People: 0 new, 1 replaced, 0 left as they were, 1 deleted. ' +
      'Collections: 0 new, 1 replaced, 0 left as they were, 1 deleted.',
  );
  await expect(storage.getByText('1 person with 1 sample in 1 collection.')).toBeVisible();
  await expect(form(page, 'Restore a backup').getByRole('radio', { name: 'Merge with what is here' })).toBeChecked();
});

test('a wrong passphrase and a file that is no backup restore nothing, and say why', async ({ page }) => {
  await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'data');
  const make = form(page, 'Save a backup');
  await make.getByLabel('New passphrase').fill('short');
  await make.getByRole('button', { name: 'Save a backup' }).click();
  await expect(make.getByRole('status')).toHaveText('A passphrase has at least 8 characters.');
  await make.getByLabel('New passphrase').fill(PASSPHRASE);
  await make.getByLabel('Passphrase again').fill('something else');
  await make.getByRole('button', { name: 'Save a backup' }).click();
  await expect(make.getByRole('status')).toHaveText('The two passphrases differ.');
  await expect(make.getByLabel('Passphrase again')).toBeFocused();
  const bytes = await readFile(await makeBackup(page));

  const asFile = (buffer: Buffer) => ({ name: 'some.backup', mimeType: 'application/octet-stream', buffer });
  const wrong = 'Wrong passphrase for this file. Nothing was restored.';
  await expect(await restore(page, asFile(bytes), 'something else')).toHaveText(wrong);
  await expect(await restore(page, asFile(bytes), 'short')).toHaveText(wrong);
  const damaged = /^This file is not a backup, or it is incomplete or altered\. Nothing was restored\.$/;
  await expect(await restore(page, asFile(bytes.subarray(0, bytes.length - 100)), PASSPHRASE)).toHaveText(damaged);
  await expect(await restore(page, asFile(Buffer.from('a letter')), PASSPHRASE)).toHaveText(damaged);
  await expect(card(page, 'Storage').getByText('1 person with 1 sample in 1 collection.')).toBeVisible();
});

test('a lock in one tab locks the other; each is unlocked by itself', async ({ page, context }) => {
  await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'data');
  await setPassphrase(page);
  const other = await context.newPage();
  await openDemo(other, 'data');
  const locked = 'The face data is locked: nobody can be enrolled or recognized until it is unlocked.';
  // A tab that is opened later does not know the passphrase.
  await expect(card(other, 'Lock').getByText(locked)).toBeVisible();
  await card(other, 'Lock').getByLabel('Passphrase').fill('something else');
  await card(other, 'Lock').getByRole('button', { name: 'Unlock' }).click();
  await expect(card(other, 'Lock').getByText('Wrong passphrase.')).toBeVisible();
  await card(other, 'Lock').getByLabel('Passphrase').fill(PASSPHRASE);
  await card(other, 'Lock').getByRole('button', { name: 'Unlock' }).click();
  await expect(card(other, 'Lock').getByText('Unlocked in this tab.')).toBeVisible();
  await other.getByRole('banner').getByRole('link', { name: 'Collections' }).click();
  await other.getByRole('link', { name: 'Home' }).click();
  await expect(other.getByRole('button', { name: 'Rename Anna' })).toBeVisible();
  await other.getByRole('banner').getByRole('link', { name: 'Data' }).click();

  await card(other, 'Lock').getByRole('button', { name: 'Lock now' }).click();
  await expect(card(page, 'Lock').getByText(locked)).toBeVisible();
  await expect(card(page, 'Lock').getByText('The passphrase is set.')).toBeHidden();
  await form(page, 'Save a backup').getByLabel('New passphrase').fill(PASSPHRASE);
  await form(page, 'Save a backup').getByLabel('Passphrase again').fill(PASSPHRASE);
  await form(page, 'Save a backup').getByRole('button').click();
  await expect(form(page, 'Save a backup').getByRole('status')).toHaveText(/^The face data is locked\./);

  await card(page, 'Lock').getByLabel('Passphrase').fill(PASSPHRASE);
  await page.keyboard.press('Enter');
  await card(page, 'Lock').getByLabel('Current passphrase').fill('wrong horse');
  for (const label of ['New passphrase', 'Passphrase again'])
    await card(page, 'Lock').getByLabel(label).fill(PASSPHRASE);
  await card(page, 'Lock').getByRole('button', { name: 'Change the passphrase' }).click();
  await expect(card(page, 'Lock').getByText('Wrong passphrase.')).toBeVisible();
  await card(page, 'Lock').getByLabel('Current passphrase').fill(PASSPHRASE);
  await card(page, 'Lock').getByRole('button', { name: 'Remove the passphrase' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the passphrase' }).click();
  await expect(card(page, 'Lock').getByText('The passphrase is removed.')).toBeVisible();
  await makeBackup(page);
});

test('the trail names who is there, is saved as JSON Lines, and is cleared', async ({ page }) => {
  const { profileIds } = await seed(page, 'Home', [ANNA]);
  await openDemo(page, 'data');
  const trail = card(page, 'Audit trail');
  const enrolled = trail.getByRole('row', { name: /Person enrolled/ });
  await expect(enrolled).toContainText('Anna');
  const saved = page.waitForEvent('download');
  await trail.getByRole('button', { name: 'Save as JSON Lines' }).click();
  const lines = (await readFile(await (await saved).path(), 'utf8')).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { action: string; subject: string });
  expect(entries).toContainEqual(expect.objectContaining({ action: 'enroll', subject: profileIds['Anna'] }));

  await trail.getByRole('button', { name: 'Clear the trail' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Clear the trail' }).click();
  await expect(trail.getByText('The trail was cleared.')).toBeVisible();
  await expect(enrolled).toBeHidden();
});
