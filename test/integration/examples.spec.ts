/** The projects in `examples` and those of the pages for a start, built with the packed package, before a fake camera. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { samplePhoto } from '../e2e/places.js';
import { STARTS, type Fixture } from './fixtures.js';
import { EXAMPLES, makeProject, serveProject } from './project.js';

/** Enrolls the person before the camera by the form of an example. */
async function enroll(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('Anna');
  await page.getByRole('button', { name: /Remember|Enroll/ }).click();
}

async function visitFirstName(page: Page): Promise<void> {
  await expect(page.locator('face-camera')).toHaveJSProperty('state', 'running');
  await enroll(page);
  await expect(page.locator('output').last()).toHaveText('Hello Anna');
}

const VISITS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  'first-name': visitFirstName,
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
  rest: async (page) => {
    await expect(page.getByLabel('Photo')).toBeEnabled();
    await page.getByLabel('Photo').setInputFiles(samplePhoto(6));
    await expect(page.locator('pre')).toContainText('face processed successfully');
  },
};

/** Serves a project that was built, and fails when the page writes an error. */
async function visitProject(page: Page, project: Fixture, visit: (page: Page) => Promise<void>): Promise<void> {
  const site = await serveProject(project);
  try {
    const errors: string[] = [];
    page.on('console', (message) => {
      // The projects have no icon, which browsers ask for.
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
}

test('every example has a visit', () => {
  const folders = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'package.json')));
  expect(folders.toSorted()).toEqual(Object.keys(VISITS).toSorted());
});

for (const [name, visit] of Object.entries(VISITS)) {
  test(`example ${name}`, { tag: '@quick' }, async ({ page }) => {
    await makeProject({ folder: name, quick: true, source: EXAMPLES });
    await visitProject(page, { name, serve: 'dist', worker: 'bundle' }, visit);
  });
}

for (const start of STARTS) {
  const { name, quick = false } = start;
  test(name, { tag: quick ? '@quick' : [] }, async ({ page }) => {
    await makeProject({ folder: name, quick });
    await visitProject(page, start, visitFirstName);
  });
}
