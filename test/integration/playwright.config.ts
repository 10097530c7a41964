import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { CAMERA_FILE } from '../e2e/places.js';

const executablePath = process.env['INFACE_BROWSER'];

/** The packed package in projects of its users. Needs `npm run build` before. */
export default defineConfig({
  globalSetup: fileURLToPath(import.meta.resolve('./setup.ts')),
  outputDir: '../../test-results/integration',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: 'list',
  // Toolchains are installed in it.
  timeout: 10 * 60_000,
  expect: { timeout: 60_000 },
  use: {
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...BROWSER_ARGS,
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${CAMERA_FILE}`,
      ],
    },
  },
});
