/** Packs the built package once, installs it, cuts photos of two people out of a sample photo, and makes a fake camera. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium, type FullConfig } from '@playwright/test';
import makeCamera from '../e2e/make-camera.js';
import { ROOT, samplePhoto } from '../e2e/places.js';
import { npm, PHOTOS } from './project.js';

/** Tools of this repository that quick fixtures build with. */
const TOOLS = ['vite', 'esbuild'];

/** Parts of sample 6, in pixels: two people, and both together. A part that is mirrored is not the same image. */
const PARTS = [
  { name: 'Anna', x: 180, y: 480, width: 340, height: 340, mirrored: true },
  { name: 'Ben', x: 613, y: 328, width: 340, height: 340, mirrored: true },
  { name: 'both', x: 0, y: 100, width: 1020, height: 900, mirrored: false },
];

export default async function setUp(config: FullConfig): Promise<() => void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'inface-integration-')));
  process.env['INFACE_INTEGRATION_FOLDER'] = folder;
  await installPackage(folder);
  await writePhotos(folder, config);
  await makeCamera(config);
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

async function installPackage(folder: string): Promise<void> {
  const packed = await npm(ROOT, 'pack', '--json', '--loglevel=error', `--pack-destination=${folder}`);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  renameSync(join(folder, filename), join(folder, 'inface.tgz'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'integration', private: true, type: 'module' }));
  await npm(folder, 'install', './inface.tgz', '--offline', '--no-audit', '--no-fund');
  for (const tool of TOOLS) {
    symlinkSync(join(ROOT, 'node_modules', tool), join(folder, 'node_modules', tool), 'junction');
  }
}

async function writePhotos(folder: string, config: FullConfig): Promise<void> {
  const browser = await chromium.launch(config.projects[0]?.use.launchOptions ?? {});
  try {
    const page = await browser.newPage();
    const photos = await page.evaluate(
      async ({ base64, parts }) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes]));
        return parts.map(({ name, x, y, width, height, mirrored }) => {
          const canvas = Object.assign(document.createElement('canvas'), { width, height });
          const context = canvas.getContext('2d')!;
          if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
          context.drawImage(bitmap, x, y, width, height, 0, 0, width, height);
          return { name, base64: canvas.toDataURL('image/jpeg', 0.92).split(',')[1] ?? '' };
        });
      },
      { base64: readFileSync(samplePhoto(6)).toString('base64'), parts: PARTS },
    );
    mkdirSync(join(folder, PHOTOS));
    for (const { name, base64 } of photos) {
      writeFileSync(join(folder, PHOTOS, `${name}.jpg`), Buffer.from(base64, 'base64'));
    }
  } finally {
    await browser.close();
  }
}
