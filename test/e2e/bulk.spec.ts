/** Many people from a folder, an archive, a list or files: who is enrolled, who is not and why, and the way back. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { BlobWriter, TextReader, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import { findViolations } from './axe.js';
import { expect, openDemo, test } from './demo.js';
import { findLayoutFaults } from './layout.js';
import { makePeople, type People } from './people.js';

/** Those of the faces that are neither turned too far nor look like one before. */
const CLEAR = [0, 1, 2, 3, 7, 8, 9, 10, 12, 13, 14, 16, 17, 18, 19, 20, 21] as const;

const rows = (page: Page) => page.getByRole('group', { name: 'People' }).getByRole('listitem');
const row = (page: Page, name: string) => rows(page).filter({ hasText: new RegExp(`^\\s*${name}\\b`) });
const status = (page: Page) => page.locator('.bulk-source').getByRole('status');
const enroll = (page: Page) => page.getByRole('button', { name: 'Enroll all that are fine' });

async function openImport(page: Page): Promise<People> {
  await openDemo(page, 'collections');
  const people = await makePeople(page);
  await page.getByRole('link', { name: 'Import many people' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Import many people' })).toBeFocused();
  return people;
}

async function choose(page: Page, button: 'Choose a folder' | 'Choose files', files: string | string[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: button }).click();
  await (await chooser).setFiles(files);
}

function writeFiles(folder: string, files: Readonly<Record<string, Buffer>>): string[] {
  return Object.entries(files).map(([path, bytes]) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return file;
  });
}

async function zip(files: Readonly<Record<string, Buffer | string>>): Promise<Buffer> {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  for (const [path, content] of Object.entries(files)) {
    await writer.add(path, typeof content === 'string' ? new TextReader(content) : new Uint8ArrayReader(content));
  }
  return Buffer.from(await (await writer.close()).arrayBuffer());
}

test('sixty people of a folder, with a reload on the way; then the whole import is undone', async ({ page }, info) => {
  const people = await openImport(page);
  const folder = info.outputPath('staff');
  const files: Record<string, Buffer> = {};
  for (const i of CLEAR) {
    files[`Person ${i}/1.jpg`] = people.faces[i]!;
    files[`Same ${i}/1.jpg`] = people.faces[i]!;
    files[`Twin ${i}/1.jpg`] = people.copies[i]!;
  }
  for (const i of [1, 2, 3, 4]) files[`Broken ${i}/1.jpg`] = people.broken;
  for (const i of [1, 2, 3, 4, 5]) files[`Two ${i}/1.jpg`] = people.group;
  writeFiles(folder, { ...files, 'Notes.txt': Buffer.from('no photo') });

  await choose(page, 'Choose a folder', folder);
  await expect(page.getByText('60 people with 60 photos. 1 file that is not an image: ignored.')).toBeVisible();
  await expect(row(page, 'Broken 1')).toHaveText(/1 photo\s+ready/);
  await enroll(page).click();
  const progress = page.getByRole('progressbar', { name: / of 60, / });
  await expect.poll(() => progress.evaluate((bar: HTMLProgressElement) => bar.value)).toBeGreaterThan(9);
  await page.reload();

  // Who was enrolled stays, and the same folder goes on where it stopped.
  await expect(page.getByText(/^\s*The import of staff on .* enrolled \d+ of 60 people\./)).toBeVisible();
  await choose(page, 'Choose a folder', folder);
  await expect(row(page, 'Person 0')).toHaveText(/enrolled/);
  await page.getByRole('button', { name: /^Continue \(\d\d left\)$/ }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(status(page)).toHaveText('Stopped. Everybody so far stays enrolled.');
  await page.getByRole('button', { name: /^Continue \(\d\d left\)$/ }).click();
  await expect(status(page)).toHaveText('Done: 17 people enrolled, 43 not.');

  await page.getByLabel('Show').selectOption('Not enrolled');
  await expect(row(page, 'Broken 1')).toHaveText(/not enrolled; a file is not an image that can be opened/);
  await expect(row(page, 'Two 1')).toHaveCount(0);
  await page.getByRole('group', { name: 'People' }).focus();
  await page.keyboard.press('End');
  await expect(row(page, 'Two 5')).toHaveText(/not enrolled; it shows several faces/);
  await expect(row(page, 'Twin 21')).toHaveText(/looks like Person 21/);

  // Look-alikes are decided one by one.
  await page.getByRole('button', { name: 'Decide 34 look-alikes' }).click();
  await expect(page.getByRole('heading', { name: '34 people look like somebody who is enrolled' })).toBeFocused();
  await expect(page.getByRole('img', { name: 'Same 0' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'Person 0' })).toBeVisible();
  await page.getByRole('button', { name: 'Different people: enroll Same 0' }).click();
  await expect(page.getByRole('heading', { name: '33 people look like somebody who is enrolled' })).toBeFocused();
  await page.getByRole('button', { name: 'Same person: leave out Same 1', exact: true }).click();
  await expect(page.getByRole('heading', { name: '32 people look like somebody who is enrolled' })).toBeFocused();
  // The list has all its rows when the enrollment is done.
  await expect(page.getByRole('button', { name: 'Undo the import (18)' })).toBeVisible();
  await page.getByLabel('Show').selectOption('Everybody');
  await page.getByRole('group', { name: 'People' }).focus();
  await page.keyboard.press('Home');
  // Keys scroll smoothly, and the next one is lost while the list still moves and gets another height.
  await expect.poll(() => page.getByRole('group', { name: 'People' }).evaluate((box) => box.scrollTop)).toBe(0);
  await page.getByLabel('Show').selectOption('Enrolled');
  await expect(rows(page).filter({ hasText: 'Same 0' })).toHaveCount(0);
  await page.getByRole('group', { name: 'People' }).focus();
  await page.keyboard.press('End');
  await expect(row(page, 'Same 0')).toHaveText(/enrolled/);

  await page.getByRole('button', { name: 'Undo the import (18)' }).click();
  await expect(page.getByRole('dialog')).toContainText('18 people of this import will be deleted.');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(status(page)).toHaveText('The import was undone: 18 people deleted.');
  await expect(enroll(page)).toHaveText(/\(60\)/);
  await page.getByRole('link', { name: 'All collections' }).click();
  await expect(page.getByRole('link', { name: /^People 0 people/ })).toBeVisible();
});

test('an archive with a list, and archives that are refused', async ({ page }, info) => {
  const people = await openImport(page);
  const list = 'id;name;file;Shift\r\n7;"Li, Anna";x/a.jpg;night\r\n8;Bo;b.jpg;day\r\n9;Cleo;gone.jpg;\r\n';
  const [archive, bomb, broken] = writeFiles(info.outputPath('zip'), {
    'staff.zip': await zip({
      'list.csv': list,
      'x/a.jpg': people.faces[0]!,
      'x/b.jpg': people.faces[1]!,
      'x/unlisted.jpg': people.faces[2]!,
    }),
    'bomb.zip': await zip({ 'anna.jpg': Buffer.alloc(5_000_000) }),
    'broken.zip': people.broken,
  }) as [string, string, string];

  await choose(page, 'Choose files', bomb);
  await expect(status(page)).toHaveText(/^bomb\.zip unpacks to more than this page accepts/);
  await choose(page, 'Choose files', broken);
  await expect(status(page)).toHaveText('broken.zip cannot be read. It may be damaged.');
  await choose(page, 'Choose files', archive);
  await expect(page.getByText('3 people with 2 photos. 1 photo that the list does not name: ignored.')).toBeVisible();
  await expect(row(page, 'Li, Anna')).toHaveText(/Li, Anna\s+7\s+1 photo\s+ready/);
  await expect(row(page, 'Cleo')).toHaveText(/no photo found; not found: gone\.jpg/);
  await enroll(page).click();
  await expect(status(page)).toHaveText('Done: 2 people enrolled, 1 not.');

  // Another visit, another archive: people are known by their ids.
  await page.reload();
  await page.getByRole('button', { name: 'Keep them' }).click();
  await expect(page.getByText('The import of staff.zip')).toBeHidden();
  const [second] = writeFiles(info.outputPath('zip'), {
    'more.zip': await zip({
      'list.csv': 'id,name,file\n8,Bo,b.jpg\n10,Dora,d.jpg',
      'b.jpg': people.faces[1]!,
      'd.jpg': people.faces[3]!,
    }),
  }) as [string];
  await choose(page, 'Choose files', second);
  await expect(row(page, 'Bo')).toHaveText(/enrolled before/);
  await enroll(page).click();
  await expect(status(page)).toHaveText('Done: 2 people enrolled.');
  // Undoing leaves those of before.
  await page.getByRole('button', { name: 'Undo the import (1)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(status(page)).toHaveText('The import was undone: 1 person deleted.');
  await page.goto('./#/collections');
  await expect(page.getByRole('link', { name: /^People 2 people/ })).toBeVisible();
});

test('files and folders that are dropped', async ({ page }, info) => {
  const people = await openImport(page);
  const folder = info.outputPath('dropped');
  writeFiles(folder, {
    'crew/Anna/1.jpg': people.faces[0]!,
    'crew/Anna/2.jpg': people.copies[0]!,
    'bo_1.jpg': people.faces[1]!,
  });
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [join(folder, 'crew'), join(folder, 'bo_1.jpg')], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
  }
  await expect(page.getByText('2 people with 3 photos.')).toBeVisible();
  await enroll(page).click();
  await expect(status(page)).toHaveText('Done: 2 people enrolled.');
  await expect(row(page, 'Anna')).toHaveText(/2 photos\s+enrolled/);
});

test('the import is accessible, fits every screen, and speaks German', async ({ page }, info) => {
  const people = await openImport(page);
  const folder = info.outputPath('staff');
  writeFiles(folder, {
    'Anna/1.jpg': people.faces[0]!,
    'Anna again/1.jpg': people.faces[0]!,
    'Broken/1.jpg': people.broken,
  });
  const faults: string[] = [];
  const inspect = async (name: string, primary: RegExp | null) => {
    for (const viewport of [
      { width: 1366, height: 650 },
      { width: 390, height: 844 },
    ]) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const where = `${name}, ${viewport.width}, ${colorScheme}`;
        for (const fault of await findLayoutFaults(page, colorScheme)) faults.push(`${where}: ${fault}`);
        for (const violation of await findViolations(page)) faults.push(`${where}: ${violation}`);
      }
      await page.evaluate(() => {
        scrollTo(0, 0);
      });
      if (!primary) continue;
      const box = await page.getByRole('button', { name: primary }).boundingBox();
      if (!box || box.y + box.height > viewport.height) faults.push(`${name}: ${primary} is below the first screen`);
    }
  };
  await inspect('empty', /^Choose a folder$/);
  await choose(page, 'Choose a folder', folder);
  await inspect('chosen', /^Enroll all/);
  await enroll(page).click();
  await expect(status(page)).toHaveText('Done: 1 person enrolled, 2 not.');
  await expect(page.getByRole('img', { name: 'Anna', exact: true })).toBeVisible();
  await inspect('done', null);

  await page.getByLabel('Language').selectOption({ label: 'Deutsch' });
  await expect(page.getByRole('heading', { level: 1, name: 'Viele Personen importieren' })).toBeVisible();
  await expect(page.getByText(/^\s*Beim Import von staff am .* wurde 1 von 3 Personen erfasst\./)).toBeVisible();
  await inspect('unfinished, German', /^Ordner wählen$/);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Ordner wählen' }).click();
  await (await chooser).setFiles(folder);
  await page.getByRole('button', { name: 'Fortsetzen (noch 2)' }).click();
  await expect(page.getByText('Fertig: 1 Person erfasst, 2 nicht.')).toBeVisible();
  await inspect('done, German', null);
  expect(faults).toEqual([]);
});
