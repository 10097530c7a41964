/** The built site: what every page owes to everybody, and the parts that do something. */
import { join } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { createServer, ISOLATION_HEADERS } from '../../tools/serve.mjs';
import { findViolations } from '../e2e/axe.js';
import { ROOT } from '../e2e/places.js';

/** A test that fails when a page writes an error, breaks its policy, or asks another origin for anything. */
const test = base.extend<{ guard: undefined }, { site: string }>({
  site: [
    async ({}, use) => {
      const server = await createServer({ root: join(ROOT, 'dist-docs'), headers: ISOLATION_HEADERS });
      await use(server.url);
      await server.close();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ site }, use) => use(site),
  guard: [
    async ({ context, site }, use) => {
      const problems: string[] = [];
      context.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      context.on('weberror', (error) => problems.push(error.error().message));
      context.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(site) && !url.startsWith(`blob:${site}`)) problems.push(`request to ${url.slice(0, 200)}`);
      });
      await use(undefined);
      expect(problems).toEqual([]);
    },
    { auto: true },
  ],
});

/** A page of each kind. */
const PAGES = [
  'playground.html',
  'start.html',
  '',
  'troubleshooting.html',
  'reference/inface/interfaces/IdentifyOptions.html',
];

/** The longest pages, with the widest tables and most kinds of code, and one with a drawing. */
const LONG_PAGES = [
  'performance.html',
  'accuracy.html',
  'antispoof.html',
  'api.html',
  'rest.html',
  'models.html',
  'fleet.html',
  'thresholds.html',
  'start-vue.html',
];

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing, ${colorScheme}`, async ({ page }) => {
    test.setTimeout(300_000);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const found: string[] = [];
    for (const path of [...PAGES, ...LONG_PAGES]) {
      await open(page, path);
      for (const violation of await findViolations(page)) found.push(`${path}: ${violation}`);
    }
    expect(found).toEqual([]);
  });
}

test('no page scrolls sideways on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of [...PAGES, ...LONG_PAGES]) {
    await open(page, path);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, path).toBeLessThanOrEqual(0);
  }
});

test('the playground runs what is in the editor', async ({ page }) => {
  await open(page, 'playground.html');
  const log = page.frameLocator('iframe[title="Result"]').getByLabel('Log');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(log).toContainText(/4 faces in \d+ ms/);

  await page.getByLabel('Example').selectOption('Who is this? With strangers');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(log).toHaveText('Anna\nBen\nunknown\nunknown\n', { useInnerText: true });

  await page
    .getByLabel('Code')
    .fill("await import('inface').then(({ createFaceKit }) => createFaceKit({ threads: 99 }));");
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(log).toContainText("INVALID_INPUT: createFaceKit() option 'threads'");
});

test('the search finds an option in the reference', async ({ page }) => {
  await open(page, '');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox').fill('maxFpir');
  await expect(page.getByRole('option', { name: /IdentifyOptions/ }).first()).toBeVisible();
});
