/** The service worker: a page without a network, on hosts without headers, and through an update. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type Page } from '@playwright/test';
import { createServer } from '../../tools/serve.mjs';
import { expect, pickPhotos } from './demo.js';
import { ROOT, samplePhoto } from './places.js';

const SAVED = 'Ready to use offline.';

/** A copy of the demo on a host that sends none of the demo's headers; the folder may be changed meanwhile. */
const test = base.extend<{ folder: string; host: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'inface-demo-'));
    cpSync(join(ROOT, 'dist-demo'), folder, { recursive: true });
    await use(folder);
    rmSync(folder, { recursive: true });
  },
  host: async ({ folder }, use) => {
    const server = await createServer({ root: folder, headers: {} });
    await use(server.url);
    await server.close();
  },
});

test('the second visit works without a network, and is cross-origin isolated on a host without headers', async ({
  page,
  context,
  host,
}) => {
  await page.goto(host);
  await expect(page.getByText(SAVED)).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);

  // With a network, the wasm comes from the browser's own cache, beside which it keeps machine code.
  const wasm = context.waitForEvent('response', (response) => response.url().endsWith('.wasm'));
  await page.reload();
  expect((await wasm).fromServiceWorker()).toBe(false);
  await expect(page.getByText(SAVED)).toBeVisible();

  await context.setOffline(true);
  await page.reload();
  await expect(page.getByText(SAVED)).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await pickPhotos(page, [samplePhoto(1)]);
  await expect(page.getByText('3 faces in 1 photo.')).toBeVisible();
  for (const name of ['Start', 'Enroll', 'Collections', 'Identify', 'Liveness', 'Data', 'Self-test']) {
    await page.getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  }
  // Browsers ask for what is in their history as they ask for nothing else.
  await page.goto('about:blank');
  await page.goBack();
  await expect(page.getByText(SAVED)).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test('a new version waits until it is asked for, and never mixes with the old one', async ({
  page,
  context,
  host,
  folder,
}) => {
  await page.goto(host);
  await expect(page.getByText(SAVED)).toBeVisible();
  const title = () =>
    page.evaluate(async () => (await (await fetch('./index.html')).text()).match(/<title>(.*)<\/title>/)?.[1]);
  expect(await title()).toBe('inface demo');

  publish(folder, 'inface demo 2');
  await findUpdate(page);
  await expect(page.getByText('A new version is ready.')).toBeVisible();
  // Stored, and not used: this page and every reload of it is of the old version.
  await page.reload();
  await expect(page.getByText('A new version is ready.')).toBeVisible();
  expect(await title()).toBe('inface demo');

  const other = await context.newPage();
  await other.goto(host);
  await page.getByRole('button', { name: 'Use it now' }).click();
  await expect(page.getByText('Close the other tabs of this page first.')).toBeVisible();
  await other.close();

  const reloaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Use it now' }).click();
  await reloaded;
  expect(await title()).toBe('inface demo 2');
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByText(SAVED)).toBeVisible();
});

test('a version that cannot be had whole is not used', async ({ page, host, folder }) => {
  await page.goto(host);
  await expect(page.getByText(SAVED)).toBeVisible();
  publish(folder, 'inface demo 2');
  // As on a host that is being written to: the page of another version under the name of this one.
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>half</title>');
  await findUpdate(page);
  await page.reload();
  await expect(page.getByText(SAVED)).toBeVisible();
  await expect(page.getByText('A new version is ready.')).toBeHidden();
  expect(await page.title()).toContain('inface demo');
});

/** Puts another version into the folder, with another title. */
function publish(folder: string, title: string): void {
  const page = join(folder, 'index.html');
  writeFileSync(page, readFileSync(page, 'utf8').replace(/<title>.*<\/title>/, `<title>${title}</title>`));
  const worker = join(folder, 'service-worker.js');
  const [list = '', ...rest] = readFileSync(worker, 'utf8').split('\n');
  const precache = JSON.parse(list.replace(/^self\.__PRECACHE__ = |;$/g, '')) as {
    version: string;
    files: { path: string; bytes: number; sha256: string }[];
  };
  precache.version = title;
  const entry = precache.files.find(({ path }) => path === 'index.html')!;
  entry.sha256 = createHash('sha256').update(readFileSync(page)).digest('hex');
  writeFileSync(worker, [`self.__PRECACHE__ = ${JSON.stringify(precache)};`, ...rest].join('\n'));
}

/** Looks for a newer service worker and waits until it is stored, or given up. */
async function findUpdate(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const { installing } = registration;
    if (!installing) return;
    await new Promise<void>((done) => {
      installing.addEventListener('statechange', () => {
        if (installing.state !== 'installing') done();
      });
    });
  });
}
