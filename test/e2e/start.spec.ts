import type { Page } from '@playwright/test';
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
  await page.goto('./');
  const bar = page.getByRole('progressbar', { name: /^Loading models: \d+\.\d of \d+\.\d MB$/ });
  await expect(bar).toBeVisible();
  const [value, max] = await bar.evaluate((element: HTMLProgressElement) => [element.value, element.max]);
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThan(max);
  // What is asked for before they are there waits for them.
  await pickPhotos(page, [samplePhoto(1)]);
  await expect(page.getByText('The models are still being loaded; this goes on by itself.')).toBeVisible();
  await page.getByRole('link', { name: 'Collections' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Collections' })).toBeVisible();
  await page.getByRole('link', { name: 'Try', exact: true }).click();
  await pickPhotos(page, [samplePhoto(1)]);

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
  await expect(page.getByRole('link', { name: 'Try', exact: true })).toHaveAttribute('aria-current', 'page');
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
  await page.goto('./');
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
