/** Serves the demo as a build with these targets would be. */
import type { BrowserContext, Page } from '@playwright/test';
import { allowTargets, writeTargets, type DemoTargets } from '../../tools/demo-targets.mjs';
import { BASE_URL } from './places.js';

/** The tests that use it block service workers, which would answer without it. */
export async function buildFor(where: Page | BrowserContext, targets: Partial<DemoTargets>): Promise<void> {
  const all = { hosts: [], receiver: null, servers: [], ...targets };
  await where.route(
    (url) => url.origin === new URL(BASE_URL).origin && url.pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const policy = response.headers()['content-security-policy'] ?? '';
      const headers = { ...response.headers(), 'content-security-policy': allowTargets(policy, all) };
      await route.fulfill({ response, headers, body: writeTargets(await response.text(), all) });
    },
  );
}
