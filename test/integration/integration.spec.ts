/** The package in projects of its users, built by their tools: each page names two people. */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { FIXTURES } from './fixtures.js';
import { makeProject, PHOTOS, serveProject, workFolder } from './project.js';

// So that shards share the tests of this file.
test.describe.configure({ mode: 'parallel' });

for (const fixture of FIXTURES) {
  const { name, folder = name, quick = false, path = '', worker } = fixture;
  test(name, { tag: quick ? '@quick' : [] }, async ({ page }) => {
    const durations = await makeProject({ folder, quick });
    if (durations)
      console.log(`${folder}: install ${durations.install.toFixed(1)} s, build ${durations.build.toFixed(1)} s`);
    const site = await serveProject(fixture);
    try {
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
      });
      const crash = new Promise<never>((_, reject) => page.on('pageerror', reject));
      await page.route('**/photos/*', (route) =>
        route.fulfill({ path: join(workFolder(), PHOTOS, new URL(route.request().url()).pathname.split('/').pop()!) }),
      );
      await page.goto(new URL(path, site.url).href);
      const output = page.locator('output');
      await Promise.race([expect(output).not.toBeEmpty(), crash]);
      expect((await output.innerText()).split(', ').toSorted()).toEqual(['Anna', 'Ben']);
      expect(errors).toEqual([]);
      const [script = ''] = page.workers().map((worker) => new URL(worker.url()).pathname);
      expect(script.endsWith('/inface/worker.js') ? 'assets' : 'bundle').toBe(worker);
    } finally {
      await site.close();
    }
  });
}
