/** Collections: made, trained, changed, deleted; their people by the thousand. */
import { type Page } from '@playwright/test';
import { expect, openDemo, test } from './demo.js';
import { CAMERA_FACE, samplePhoto } from './places.js';
import { seed } from './seed.js';

const people = (page: Page) => page.getByRole('group', { name: 'People' });
const rows = (page: Page) => people(page).getByRole('listitem');
const sum = (page: Page) => page.locator('.people').getByRole('status');
const training = (page: Page) => page.getByRole('region', { name: 'Training' });

async function openCollection(page: Page, id: string): Promise<void> {
  await openDemo(page, 'collections');
  await page.goto(`./#/collections/${id}`);
}

test('a collection is made, renamed and deleted', async ({ page }) => {
  await openDemo(page, 'collections');
  await expect(page.getByText('There is no collection yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Create' }).click();
  const status = page.locator('form').getByRole('status');
  await expect(status).toHaveText('Enter a name first.');
  await page.getByLabel('Name').fill('Crew');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(status).toHaveText('“Crew” created.');
  await expect(page.getByLabel('Name')).toHaveValue('');
  await page.getByRole('link', { name: /^Crew 0 people not trained$/ }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Crew' })).toBeFocused();
  await expect(sum(page)).toContainText('Nobody is in this collection yet.');
  await page.getByRole('button', { name: 'Train now' }).click();
  await expect(training(page).getByRole('status')).toHaveText(
    'Nobody is in this collection yet. Enroll somebody first.',
  );
  await page.getByLabel('Name', { exact: true }).fill('Night crew');
  await page.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Night crew' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Night crew' })).toBeVisible();

  const remove = page.getByRole('button', { name: 'Delete the collection' });
  await remove.click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(remove).toBeFocused();
  await remove.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('There is no collection yet.')).toBeVisible();
  await page.goBack();
  await expect(page.getByText('This collection no longer exists.')).toBeVisible();
});

test('people are trained, renamed, taken out, put back and deleted, and other tabs see it', async ({
  page,
  context,
}) => {
  const { collectionId } = await seed(page, 'Crew', [
    { name: 'Ann', photo: samplePhoto(6), face: CAMERA_FACE },
    { name: 'Bob', photo: samplePhoto(6), face: { x: 0.41, y: 0.32 } },
  ]);
  await openCollection(page, collectionId);
  await expect(rows(page)).toHaveText([/^\s*Ann\s*1 sample/, /^\s*Bob\s*1 sample/]);

  // While another tab trains the collection, ours waits, and can be stopped.
  await page.evaluate((name) => {
    const released = new Promise((resolve) => {
      addEventListener('release', resolve, { once: true });
    });
    return new Promise<void>((held) => {
      void navigator.locks.request(name, () => {
        held();
        return released;
      });
    });
  }, `inface-train-inface-demo/${collectionId}`);
  await page.getByRole('button', { name: 'Train now' }).click();
  await expect(training(page).getByRole('progressbar')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop the training' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(training(page).getByRole('status')).toHaveText(/^The training was stopped\./);
  await page.evaluate(() => dispatchEvent(new Event('release')));
  // Two people are trained in no time: what was shown meanwhile is noted.
  const percents = await training(page).evaluateHandle((section) => {
    const seen: string[] = [];
    new MutationObserver(() => {
      seen.push(/\d+ % trained/.exec(section.textContent)?.[0] ?? '');
    }).observe(section, { subtree: true, childList: true, characterData: true });
    return seen;
  });
  await page.getByRole('button', { name: 'Train now' }).click();
  await expect(training(page).getByRole('status')).toHaveText(/^Trained on 2 people in \d+\.\d s\.$/);
  expect((await percents.jsonValue()).filter((text) => text !== '')).not.toEqual([]);
  await expect(training(page).getByText('trained', { exact: true })).toBeVisible();
  await expect(training(page).getByRole('progressbar')).toBeHidden();

  await page.getByRole('button', { name: 'Rename Ann' }).click();
  await expect(page.getByLabel('New name of Ann')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Rename Ann' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByLabel('New name of Ann').fill('Cleo');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Rename Cleo' })).toBeFocused();
  await expect(rows(page)).toHaveText([/^\s*Bob/, /^\s*Cleo/]);

  await page.getByRole('button', { name: 'Remove Bob from the collection' }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Remove Cleo from the collection' })).toBeFocused();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove Bob from the collection' }).click();
  await page.getByLabel('Show').selectOption('Everybody else');
  await page.getByRole('button', { name: 'Add Bob to the collection' }).click();
  await expect(sum(page)).toHaveText('Everybody who is enrolled is in this collection.');
  await page.getByLabel('Show').selectOption('In this collection');
  await expect(rows(page)).toHaveCount(2);

  const other = await context.newPage();
  await openCollection(other, collectionId);
  await other.getByRole('button', { name: 'Delete Bob' }).click();
  await expect(other.getByRole('dialog')).toContainText('1 sample of this person will be deleted for good');
  await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(rows(other)).toHaveCount(1);
  await expect(rows(page)).toHaveText([/^\s*Cleo/]);
});

test('five thousand people scroll, are searched, and keep the keyboard’s place', async ({ page }) => {
  const { collectionId, profileIds } = await seed(page, 'Town', [
    { name: 'Ann', photo: samplePhoto(6), face: CAMERA_FACE },
  ]);
  // Enrolling so many takes an hour; as records of the database, they are as good for a list.
  await page.evaluate(copyPerson, { collectionId, profileId: profileIds['Ann'] ?? '', copies: 4_999 });
  await openCollection(page, collectionId);
  await expect(sum(page)).toHaveText('5000 people');
  expect(await rows(page).count()).toBeLessThan(40);
  await expect(rows(page).first()).toHaveAttribute('aria-setsize', '5000');
  await expect(rows(page).first()).toContainText('Ann');

  await people(page).focus();
  await page.keyboard.press('End');
  const last = rows(page).filter({ hasText: 'Person 4999' });
  await expect(last).toBeInViewport();
  await expect(last).toHaveAttribute('aria-posinset', '5000');
  expect(await rows(page).count()).toBeLessThan(40);

  const search = page.getByLabel('Search by name');
  await search.fill('PÉRSON 42');
  await expect(sum(page)).toHaveText('111 of 5000 people');
  await expect(rows(page).first()).toContainText('Person 42');
  await search.fill('Zoe');
  await expect(sum(page)).toHaveText('No matching names.');
  await expect(rows(page)).toHaveCount(0);
  await search.fill('');

  // A row with the focus stays, however far it is scrolled away; Tab goes on from there.
  const rename = page.getByRole('button', { name: 'Rename Person 3', exact: true });
  await rename.focus();
  await people(page).evaluate((box) => {
    box.scrollTop = box.scrollHeight / 2;
  });
  await expect(rows(page).filter({ hasText: 'Person 2500' })).toBeInViewport();
  await expect(rename).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Delete Person 3', exact: true })).toBeFocused();
  await expect(page.getByRole('button', { name: 'Delete Person 3', exact: true })).toBeInViewport();
});

/** Runs in the page. Names and memberships only: the copies have no templates. */
async function copyPerson({
  collectionId,
  profileId,
  copies,
}: {
  readonly collectionId: string;
  readonly profileId: string;
  readonly copies: number;
}): Promise<void> {
  const opened = indexedDB.open('inface-demo');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opened.onsuccess = () => {
      resolve(opened.result);
    };
    opened.onerror = () => {
      reject(new Error('The database was not opened.'));
    };
  });
  const transaction = database.transaction(['profiles', 'plainDetails', 'memberships'], 'readwrite');
  const profiles = transaction.objectStore('profiles');
  const read = profiles.get(profileId);
  read.onsuccess = () => {
    for (let i = 1; i <= copies; i++) {
      const id = crypto.randomUUID();
      profiles.put({ ...(read.result as object), id, details: null });
      // As an upgrade leaves names, which are encrypted when the database is opened next.
      const details = { name: `Person ${i}`, metadata: {}, consent: null };
      transaction.objectStore('plainDetails').put(details, id);
      transaction.objectStore('memberships').put({ collectionId, profileId: id });
    }
  };
  await new Promise<void>((resolve) => {
    transaction.oncomplete = () => {
      resolve();
    };
  });
  database.close();
}
