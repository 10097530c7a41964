import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium, type Page } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { expect, openDemo, pickPhotos, test } from './demo.js';
import { samplePhoto } from './places.js';

const ENGINE = /(WebAssembly, \d+ threads?|WebGPU) · \d+\.\d MB of models · version \d/;

// On a slow machine, the service worker has stored the models before the page asks for them, and a route sees nothing.
test.use({ serviceWorkers: 'block', allowedConsole: /^Service Worker registration blocked/ });

/** Holds back the embedder until it is let go. */
async function holdModel(page: Page): Promise<() => void> {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/models/mobilefacenet*.onnx', async (route) => {
    await gate;
    await route.continue();
  });
  return release;
}

test('the first view can be used while the models load, with progress, and they come from the cache later', async ({
  page,
}) => {
  const release = await holdModel(page);
  await page.goto('./#/compare');
  const bar = page.getByRole('progressbar', { name: /^Loading models: \d+\.\d of \d+\.\d MB, only once/ });
  await expect(bar).toBeVisible();
  const [value, max] = await bar.evaluate((element: HTMLProgressElement) => [element.value, element.max]);
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThan(max);
  // Gestures before they are there is shown, and waits for them.
  await pickPhotos(page, [samplePhoto(1)]);
  await expect(page.getByRole('img', { name: 'sample1.jpg' })).toBeVisible();
  await expect(page.getByText('Still loading. This continues automatically.')).toBeVisible();
  await page.getByRole('link', { name: 'Collections' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
  // The photo is still there, and waits again.
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await expect(page.getByRole('img', { name: 'sample1.jpg' })).toBeVisible();

  release();
  await expect(page.getByText('3 faces in 1 photo.')).toBeVisible();
  await expect(page.getByText(ENGINE)).toBeVisible();
  await expect(bar).toBeHidden();

  // From here on, a model from the network would wait for ever.
  await page.unrouteAll();
  await page.route('**/models/*.onnx', () => undefined);
  await openDemo(page);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('an address that is not encoded correctly leads to the first view', async ({ page }) => {
  for (const address of ['#/%E0%A4%A', '#/collections/%', '#/%']) {
    await page.goto(`./${address}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  }
  await page.goto('./#/%E0%A4%A');
  await expect(page.getByRole('link', { name: 'Start', exact: true })).toHaveAttribute('aria-current', 'page');
});

test('nothing moves while the page starts and when results come', async ({ page }) => {
  await page.addInitScript(() => {
    const shifts = { sum: 0 };
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) shifts.sum += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const release = await holdModel(page);
  await page.goto('./#/compare');
  await expect(page.getByRole('progressbar', { name: /^Loading models/ })).toBeVisible();
  await pickPhotos(page, [samplePhoto(6)]);
  release();
  await expect(page.getByText('4 faces in 1 photo.')).toBeVisible();
  await expect(page.getByText(ENGINE)).toBeVisible();
  const sum = await page.evaluate(() => (globalThis as unknown as { shifts: { sum: number } }).shifts.sum);
  // A good page is below 0.1 (web.dev, Cumulative Layout Shift).
  expect(sum).toBeLessThan(0.05);
});

test.describe('a model that cannot be had', () => {
  // The browser itself reports failed requests.
  test.use({ allowedConsole: /^(Failed to load resource|Service Worker registration blocked)/ });

  const FAULTS = {
    'is missing': { status: 404, contentType: 'text/plain', body: 'Not found' },
    'is a web page': { status: 200, contentType: 'text/html', body: '<!doctype html><title>Home</title>' },
    'is another file': { status: 200, contentType: 'application/octet-stream', body: 'something else' },
    'is not reached': null,
  } as const;
  for (const [name, answer] of Object.entries(FAULTS)) {
    test(`${name}: is explained, and can be tried again`, async ({ page }) => {
      await page.route('**/models/blazeface.onnx', (route) => (answer ? route.fulfill(answer) : route.abort()));
      await page.goto('./');
      const alert = page.getByRole('alert');
      await expect(alert).toContainText(/could not be loaded|arrived damaged/);
      expect(await alert.innerText()).not.toMatch(/Error|undefined|https?:/);

      await page.unrouteAll();
      await page.getByRole('button', { name: 'Try again' }).click();
      await expect(page.getByText(ENGINE)).toBeVisible();
      await expect(alert).toBeHidden();
    });
  }
});

test.describe('what failed to load', () => {
  test.use({ allowedConsole: /^(Failed to load resource|Service Worker registration blocked)/ });

  test('is tried again without a click, and work that waits for it goes on', async ({ page }) => {
    await page.route('**/models/blazeface.onnx', (route) => route.abort());
    await page.goto('./#/compare');
    await expect(page.getByRole('alert')).toContainText('Trying again automatically.');
    await pickPhotos(page, [samplePhoto(1)]);
    await expect(page.getByRole('img', { name: 'sample1.jpg' })).toBeVisible();
    await expect(page.getByRole('main').getByRole('status').first()).toHaveText(
      /^The models could not be loaded\. .* Trying again automatically\.$/,
    );
    await page.getByRole('link', { name: 'Collections' }).click();
    await expect(page.getByRole('main')).toContainText('The models could not be loaded.');
    await page.getByRole('link', { name: 'Compare', exact: true }).click();

    await page.unrouteAll();
    await expect(page.getByText('3 faces in 1 photo.')).toBeVisible();
    await expect(page.getByRole('alert')).toBeHidden();
  });

  test('is a view: it can be tried again', async ({ page }) => {
    await page.goto('./');
    await page.route('**/assets/liveness-*.css', (route) => route.abort());
    await page.route('**/assets/liveness-*.js', (route) => route.abort());
    await page.getByRole('link', { name: 'Liveness' }).click();
    await expect(page.getByRole('alert')).toContainText('This part of the page could not be loaded.');
    await page.unrouteAll();
    await page.getByRole('main').getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Liveness' })).toBeVisible();
  });
});

test('where cookies are blocked, people are enrolled until the page is closed, and it says so', async ({ baseURL }) => {
  const profile = mkdtempSync(join(tmpdir(), 'inface-blocked-'));
  mkdirSync(join(profile, 'Default'));
  // The setting 'Sites can't save data on your device'.
  const blocked = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(blocked));
  const executablePath = process.env['INFACE_BROWSER'];
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    ...(baseURL === undefined ? {} : { baseURL }),
    args: BROWSER_ARGS,
  });
  try {
    const uncaught: string[] = [];
    context.on('weberror', (error) => uncaught.push(error.error().message));
    const page = await context.newPage();
    await openDemo(page);
    const banner = page.getByRole('banner');
    await expect(banner).toContainText('people are forgotten when the page is closed');
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('link', { name: 'Enroll' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Enroll' })).toBeVisible();
    await page.getByRole('link', { name: 'Data' }).click();
    await expect(page.getByText('0 people with 0 samples in 0 collections.')).toBeVisible();
    await page.goto('./?kiosk=any');
    await expect(page.getByText('people are forgotten when the page is closed')).toBeVisible();
    expect(uncaught).toEqual([]);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
