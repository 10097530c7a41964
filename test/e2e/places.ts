/** Where the end-to-end tests find things. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The port that serves the demo; set `INFACE_E2E_PORT` to run two checkouts side by side. */
export const PORT = Number(process.env['INFACE_E2E_PORT'] ?? 4173);
export const BASE_URL = `http://localhost:${PORT}/`;
/** What the fake camera shows; made once per run. */
export const CAMERA_FILE = join(ROOT, '.cache', 'e2e', 'camera.mjpeg');

/** What the fake camera shows, as a JPEG. */
export function cameraPicture(): Buffer {
  const pictures = readFileSync(CAMERA_FILE);
  return pictures.subarray(0, pictures.indexOf(Buffer.from([0xff, 0xd9, 0xff, 0xd8])) + 2);
}

/** One of six photos with 3, 3, 3, 4, 5 and 4 faces. */
export function samplePhoto(number: 1 | 2 | 3 | 4 | 5 | 6): string {
  return join(ROOT, 'node_modules', '@vladmandic', 'face-api', 'demo', `sample${number}.jpg`);
}

/** The face of sample 6 that the fake camera shows, as shares of the photo's width and height. */
export const CAMERA_FACE = { x: 0.18, y: 0.42 } as const;
