/** The projects in `examples`, built with the packed package, before a fake camera. */
import { readdirSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { samplePhoto } from '../e2e/places.js';
import { EXAMPLES, makeProject, serveProject } from './project.js';

/** Enrolls the person before the camera by the form of an example. */
async function enroll(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('Anna');
  await page.getByRole('button', { name: /Remember|Enroll/ }).click();
}

const VISITS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  'first-name': async (page) => {
    const camera = page.locator('face-camera');
    await expect(camera).toHaveJSProperty('state', 'running');
    await enroll(page);
    await expect(page.locator('output').last()).toHaveText('Hello Anna');
  },
  'door-kiosk': async (page) => {
    await expect(page.getByText('Please come closer')).toBeVisible();
  },
  'photo-organizer': async (page) => {
    // One of the four faces is too poor to learn.
    await expect(page.getByText('Choose photos')).toBeVisible();
    await page.getByLabel('Photos').setInputFiles([samplePhoto(6), samplePhoto(6)]);
    await expect(page.locator('output')).toHaveText('3 people');
    await expect(page.getByRole('listitem')).toHaveText([1, 2, 3].map((number) => `Person ${number}: sample6.jpg`));
  },
  attendance: async (page) => {
    await expect(page.getByText('Nobody yet')).toBeVisible();
    await enroll(page);
    await expect(page.getByRole('cell', { name: 'Anna' })).toBeVisible();
  },
  proctoring: async (page) => {
    await expect(page.getByText('Press Start when you sit down')).toBeVisible();
    await page.getByRole('button', { name: /^Start:/ }).click();
    await expect(page.getByRole('listitem').last()).toContainText('the candidate');
  },
};

test('every example has a visit', () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(VISITS).toSorted());
});

for (const [name, visit] of Object.entries(VISITS)) {
  test(`example ${name}`, { tag: '@quick' }, async ({ page }) => {
    await makeProject({ folder: name, quick: true, source: EXAMPLES });
    const site = await serveProject({ name, serve: 'dist', worker: 'bundle' });
    try {
      const errors: string[] = [];
      page.on('console', (message) => {
        // The examples have no icon, which browsers ask for.
        const { url } = message.location();
        if (message.type() === 'error' && !url.endsWith('/favicon.ico')) errors.push(message.text());
      });
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(site.url);
      await visit(page);
      expect(errors).toEqual([]);
    } finally {
      await site.close();
    }
  });
}
