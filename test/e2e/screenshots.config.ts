import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';
import config from './playwright.config.js';

/** Pictures of the built demo, by `npm run screenshots`: no test, and no part of `npm test`. */
const screenshots: PlaywrightTestConfig = {
  ...config,
  testMatch: 'screenshots.ts',
  outputDir: '../../.cache/screenshots-results',
  timeout: 600_000,
};
export default defineConfig(screenshots);
