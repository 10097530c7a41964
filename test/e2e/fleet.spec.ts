/** Two devices of a fleet, with a real server between them. */
import type { Page } from '@playwright/test';
import { ensureNats } from '../../tools/nats.mjs';
import { OWNER, READER, startServers } from '../fleet/servers.js';
import { findViolations } from './axe.js';
import { expect, openDemo, test } from './demo.js';
import { DORA, enterKiosk, PIN, words } from './kiosk.js';
import { findLayoutFaults } from './layout.js';
import { seed } from './seed.js';
import { buildFor } from './targets.js';

test.use({
  serviceWorkers: 'block',
  // The server's own way to end a connection.
  allowedConsole: /Service Worker registration blocked|broken close frame/,
  allowedRequests: /^ws:\/\/127\.0\.0\.1:\d+\/$/,
});

const PASSPHRASE = 'correct horse battery';

const card = (page: Page) => page.getByRole('region', { name: 'Fleet' });

async function join(page: Page, { user, password }: { user: string; password: string }): Promise<void> {
  await card(page).getByLabel('User').fill(user);
  await card(page).getByLabel('Password').fill(password);
  await card(page).getByRole('button', { name: 'Join the fleet' }).click();
}

async function expectSound(page: Page): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await findLayoutFaults(page, 'light')).toEqual([]);
  await page.setViewportSize({ width: 1366, height: 768 });
  expect(await findViolations(page, '.fleet')).toEqual([]);
}

test('without servers in the build, there is no word of a fleet', async ({ page }) => {
  await openDemo(page, 'data');
  await expect(page.getByRole('heading', { name: 'Backup', exact: true })).toBeVisible();
  await expect(card(page)).toHaveCount(0);
});

test('who is enrolled or deleted at one device is at the other, after a reload too', async ({
  page,
  context,
  browser,
}) => {
  const binary = await ensureNats(console.log);
  test.skip(binary === null, 'There is no nats-server.');
  const servers = await startServers(binary!, 1);
  const other = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const { collectionId } = await seed(page, 'Front door', [DORA]);
    for (const each of [context, other]) {
      await each.grantPermissions(['local-network-access', 'camera']);
      await buildFor(each, { servers: servers.urls.map((url) => new URL(url).href) });
    }
    await openDemo(page, 'data');
    await card(page).getByRole('button', { name: 'Join the fleet' }).click();
    await expect(card(page)).toContainText('User, password and fleet key are needed.');
    await card(page).getByRole('button', { name: 'Make keys' }).click();
    await expect(card(page)).toContainText('Keep both keys');
    const fleetKey = await card(page).getByLabel('Fleet key').inputValue();
    await expectSound(page);
    await card(page).getByLabel('go to all devices').check();
    await join(page, OWNER);
    await expect(card(page)).toContainText('Up to date.');
    await expect(card(page)).toContainText('Changes made on this device go to all.');
    await expectSound(page);

    // Its keys are under the passphrase, and it goes on when the vault is unlocked.
    const lock = page.getByRole('region', { name: 'Lock' });
    await lock.getByLabel('New passphrase').fill(PASSPHRASE);
    await lock.getByLabel('Passphrase again').fill(PASSPHRASE);
    await lock.getByRole('button', { name: 'Set the passphrase' }).click();
    await expect(lock).toContainText('The passphrase is set.');
    await page.reload();
    await expect(card(page)).toContainText('The face data is locked.');
    await expectSound(page);
    await lock.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
    await lock.getByRole('button', { name: 'Unlock' }).click();
    await expect(card(page)).toContainText('Up to date.');
    await expect(card(page)).toContainText('Changes made on this device go to all.');
    await lock.getByLabel('Current passphrase').fill(PASSPHRASE);
    await lock.getByRole('button', { name: 'Remove the passphrase' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the passphrase' }).click();
    await expect(lock).toContainText('The passphrase is removed.');
    await expect(card(page)).toContainText('Up to date.');

    const kiosk = await other.newPage();
    await openDemo(kiosk, 'data');
    await card(kiosk)
      .getByLabel('Fleet key')
      .fill(`${fleetKey.slice(0, -4)}abcd`);
    await join(kiosk, READER);
    await expect(card(kiosk)).toContainText('One of the keys is not valid');
    await card(kiosk).getByLabel('Fleet key').fill(fleetKey);
    await join(kiosk, READER);
    await expect(card(kiosk)).toContainText('Changes made on this device stay here.');
    await expect(kiosk.getByText('1 person with 1 sample in 1 collection.')).toBeVisible();

    await enterKiosk(kiosk, collectionId);
    await expect(words(kiosk)).toContainText('Dora');
    await expect(kiosk.getByText(/^Updated: /)).toBeVisible();

    await page.goto(`./#/collections/${collectionId}`);
    await page.getByRole('button', { name: 'Delete Dora' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(words(kiosk)).not.toContainText('Dora');

    await page.goto('./#/data');
    const tab = await context.newPage();
    await openDemo(tab, 'data');
    await expect(card(tab)).toContainText('Another tab keeps this device up to date.');
    await page.bringToFront();
    await card(page).getByRole('button', { name: 'Leave the fleet' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave the fleet' }).click();
    await expect(card(page)).toContainText('This device left the fleet.');
    await expect(card(tab).getByLabel('Fleet key')).toHaveValue('');
    await page.reload();
    await expect(card(page).getByLabel('Fleet key')).toHaveValue('');

    await kiosk.goto('./#/data');
    await kiosk.getByLabel('PIN', { exact: true }).fill(PIN);
    await kiosk.keyboard.press('Enter');
    await expect(card(kiosk)).toContainText('Up to date.');
    await kiosk.getByRole('button', { name: 'Erase everything…' }).click();
    await kiosk.getByRole('dialog').getByRole('textbox').fill('erase');
    await kiosk.getByRole('dialog').getByRole('button', { name: 'Erase everything' }).click();
    await expect(kiosk.getByText('Everything was erased.')).toBeVisible();
    await expect(card(kiosk).getByLabel('Fleet key')).toHaveValue('');
  } finally {
    await other.close();
    await servers.stop();
  }
});
