/** Every view, and the kiosk, in light and dark, on a desktop and a phone, with people and photos in it. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, openDemo, pickPhotos, test, type ViewName } from './demo.js';
import { enterKiosk, words } from './kiosk.js';
import { CAMERA_FACE, ROOT, samplePhoto } from './places.js';
import { seed } from './seed.js';

const FOLDER = join(ROOT, '.cache', 'screenshots');
/** Frames of the moving picture; 50 make ten seconds. */
const FRAMES_PER_SECOND = 5;
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } } as const;

const PEOPLE = [
  { name: 'Dora', photo: samplePhoto(6), face: CAMERA_FACE },
  { name: 'Ada', photo: samplePhoto(1), face: { x: 0.28, y: 0.39 } },
  { name: 'Grace', photo: samplePhoto(1), face: { x: 0.49, y: 0.43 } },
] as const;

/** What a view shows when it is looked at. */
const FILLED: Readonly<Record<ViewName, (page: Page) => Promise<void>>> = {
  start: async (page) => {
    await page.getByRole('button', { name: 'Try a sample photo' }).click();
    await expect(page.getByText(/or more is a match/)).toBeVisible();
  },
  compare: async (page) => {
    await pickPhotos(page, [samplePhoto(6), samplePhoto(1)]);
    await expect(page.getByText('7 faces in 2 photos.')).toBeVisible();
    await page.getByRole('button', { name: 'Compare: Face 1, sample6.jpg' }).click();
    await page.getByRole('button', { name: 'Compare: Face 2, sample6.jpg' }).click();
    await expect(page.getByText(/according to the model/)).toBeVisible();
  },
  enroll: () => Promise.resolve(),
  collections: () => Promise.resolve(),
  identify: async (page) => {
    await page.getByRole('button', { name: 'Start camera' }).click();
    await expect(page.getByText('Dora').first()).toBeVisible();
  },
  liveness: () => Promise.resolve(),
  data: async (page) => {
    await expect(page.getByText('Reading…')).toHaveCount(0);
  },
  'self-test': () => Promise.resolve(),
};

test('moving picture of the README', async ({ page }) => {
  const folder = join(FOLDER, 'readme');
  rmSync(folder, { recursive: true, force: true });
  let count = 0;
  /** Takes as many frames as the film shows of a moment. */
  const film = async (seconds: number) => {
    for (let i = 0; i < Math.round(seconds * FRAMES_PER_SECOND); i++)
      await page.screenshot({ path: join(folder, `${String(count++).padStart(3, '0')}.png`) });
  };
  const press = async (name: string) => {
    const button = page.getByRole('button', { name });
    await button.hover();
    await film(0.6);
    await button.click();
  };
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1024, height: 600 });
  await openDemo(page);
  await expect(page.getByText('Ready to use offline.')).toBeVisible();
  await film(1);
  await press('Start camera');
  await expect(page.getByRole('heading', { name: 'Who is this?' })).toBeVisible();
  await film(1.6);
  for (const letter of 'Dora') {
    await page.keyboard.type(letter);
    await film(0.2);
  }
  await press('Remember me');
  await expect(page.getByText('This is Dora.')).toBeVisible();
  await film(5.4);
  writeFilm(folder, join(ROOT, 'docs/images/demo.webp'));
});

/** Turns the numbered frames of a folder into an animated WebP. */
function writeFilm(folder: string, file: string): void {
  const input = [
    '-framerate',
    String(FRAMES_PER_SECOND),
    '-i',
    join(folder, '%03d.png'),
    '-vf',
    'scale=800:-1:flags=lanczos',
  ];
  const output = ['-c:v', 'libwebp_anim', '-quality', '80', '-compression_level', '6', '-loop', '0', file];
  const { error, status, stderr } = spawnSync('ffmpeg', ['-y', ...input, ...output], { encoding: 'utf8' });
  if (error && 'code' in error && error.code === 'ENOENT')
    throw new Error(
      'ffmpeg is missing, which writes the moving picture. Install it (on Debian: apt-get install ffmpeg).',
    );
  if (error) throw error;
  if (status !== 0) throw new Error(`ffmpeg ended with ${status}:\n${stderr}`);
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`${colorScheme}, ${size}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      const { collectionId } = await seed(page, 'Friends', PEOPLE);
      for (const [view, fill] of Object.entries(FILLED) as [ViewName, (typeof FILLED)[ViewName]][]) {
        await openDemo(page, view);
        await fill(page);
        await page.screenshot({ path: join(FOLDER, `${view}-${colorScheme}-${size}.png`), fullPage: true });
      }
      await enterKiosk(page, collectionId);
      await expect(words(page)).toContainText('Dora');
      await page.screenshot({ path: join(FOLDER, `kiosk-${colorScheme}-${size}.png`) });
    });
  }
}
