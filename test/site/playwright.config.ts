import { defineConfig } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';

const executablePath = process.env['INFACE_BROWSER'];

/** The built documentation. Needs `npm run build` and `npm run docs:build` before. */
export default defineConfig({
  outputDir: '../../test-results/site',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: 'list',
  timeout: 120_000,
  expect: { timeout: 60_000 },
  use: { launchOptions: { ...(executablePath ? { executablePath } : {}), args: BROWSER_ARGS } },
});
