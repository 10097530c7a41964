import { expect, openDemo, test } from './demo.js';

test('models load with progress, and from the cache the second time', async ({ page }) => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/models/dlib*.onnx', async (route) => {
    await gate;
    await route.continue();
  });
  await page.goto('./');
  const bar = page.getByRole('progressbar', { name: /^Loading models: \d+\.\d of \d+\.\d MB$/ });
  await expect(bar).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeHidden();
  const [value, max] = await bar.evaluate((element: HTMLProgressElement) => [element.value, element.max]);
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThan(max);

  release();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(bar).toBeHidden();
  const engine = page.getByText(/(WebAssembly, \d+ threads?|WebGPU) · \d+\.\d MB of models · version \d/);
  await expect(engine).toBeVisible();

  await openDemo(page);
  await expect(page.getByText(/MB of models from cache/)).toBeVisible();
});

test.describe('a model that cannot be had', () => {
  // The browser itself reports failed requests.
  test.use({ allowedConsole: /^Failed to load resource/ });

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
      await alert.getByText('What happened').click();
      await expect(alert).toContainText('blazeface.onnx');

      await page.unrouteAll();
      await page.getByRole('button', { name: 'Try again' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(alert).toBeHidden();
    });
  }
});
