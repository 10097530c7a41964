/** The film of the fake camera: a part of a photo, as the baseline JPEGs that Chromium's fake device reads. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chromium, type FullConfig } from '@playwright/test';
import { CAMERA_FACE, CAMERA_FILE, samplePhoto } from './places.js';

const FRAMES = 2;

export default async function makeCamera(config: FullConfig): Promise<void> {
  const browser = await chromium.launch(config.projects[0]?.use.launchOptions ?? {});
  try {
    const page = await browser.newPage();
    const photo = readFileSync(samplePhoto(6)).toString('base64');
    const frame = await page.evaluate(
      async ({ base64, center }) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes]));
        const canvas = document.createElement('canvas');
        canvas.width = 1280;
        canvas.height = 720;
        // A third of the width: the face beside it stays outside.
        const width = bitmap.width / 3;
        const height = (width * canvas.height) / canvas.width;
        const x = Math.max(0, center.x * bitmap.width - width / 2);
        const y = center.y * bitmap.height - height / 2;
        canvas.getContext('2d')?.drawImage(bitmap, x, y, width, height, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL('image/jpeg', 0.92).split(',')[1] ?? '';
      },
      { base64: photo, center: CAMERA_FACE },
    );
    mkdirSync(dirname(CAMERA_FILE), { recursive: true });
    writeFileSync(CAMERA_FILE, Buffer.concat(Array.from({ length: FRAMES }, () => Buffer.from(frame, 'base64'))));
  } finally {
    await browser.close();
  }
}
