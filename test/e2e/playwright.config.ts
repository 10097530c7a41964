import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { BASE_URL, CAMERA_FILE, PORT, ROOT } from './places.js';

const executablePath = process.env['INFACE_BROWSER'];

/** The built demo in a real browser with a camera that shows a photo. Needs `npm run build:demo` before. */
export default defineConfig({
  globalSetup: fileURLToPath(import.meta.resolve('./make-camera.ts')),
  outputDir: '../../test-results',
  snapshotPathTemplate: '{testDir}/views/{arg}{ext}',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: 'list',
  timeout: 120_000,
  expect: { timeout: 60_000, toMatchAriaSnapshot: { children: 'deep-equal' } },
  use: {
    baseURL: BASE_URL,
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
  webServer: {
    command: `node tools/serve.mjs dist-demo --port ${PORT}`,
    cwd: ROOT,
    url: BASE_URL,
    reuseExistingServer: false,
  },
});
