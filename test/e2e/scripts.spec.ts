/** The scripts for pages without modules and bundler: the kit, and a service worker that is one line. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { createServer } from '../../tools/serve.mjs';
import { ROOT, samplePhoto } from './places.js';

/** Not `/inface/`, so that only what is beside the script can be found. */
const FOLDER = 'static/face';
const PAGE = `<!doctype html>
<title>Without modules</title>
<output></output>
<face-camera></face-camera>
<script src="${FOLDER}/inface.global.js"></script>
<script src="page.js"></script>`;
const SCRIPT = `
const output = document.querySelector('output');
inface.defineFaceCamera();
async function run() {
  const kit = await inface.createFaceKit();
  const { secret } = await kit.apiKeys.create({ name: 'Reception' });
  inface.serveRest(inface.createRestHandler(kit, { basePath: '/api/v1' }));
  const taken = new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
  await navigator.serviceWorker.register('service-worker.js?path=/api/v1/');
  await taken;
  const headers = { 'x-api-key': secret, 'content-type': 'image/jpeg' };
  const body = await (await fetch('photo.jpg')).blob();
  const response = await fetch('/api/v1/facedetect', { method: 'POST', headers, body });
  const { data } = await response.json();
  return response.status + ': ' + data.faces.length + ' faces, camera ' + document.querySelector('face-camera').state;
}
run().then(
  (text) => (output.textContent = text),
  (error) => (output.textContent = error instanceof inface.InfaceError ? error.code + ' ' + error.message : String(error)),
);
`;

test('name faces and answer REST without modules and bundler', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'inface-plain-'));
  execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'assets', join(folder, FOLDER)]);
  cpSync(samplePhoto(6), join(folder, 'photo.jpg'));
  writeFileSync(join(folder, 'index.html'), PAGE);
  writeFileSync(join(folder, 'page.js'), SCRIPT);
  writeFileSync(join(folder, 'favicon.ico'), '');
  writeFileSync(join(folder, 'service-worker.js'), `importScripts('/${FOLDER}/service-worker.standalone.js');\n`);
  const server = await createServer({ root: folder });
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  try {
    await page.goto(server.url);
    await expect(page.locator('output')).toHaveText('200: 4 faces, camera idle');
    expect(errors).toEqual([]);
    rmSync(join(folder, FOLDER, 'worker.js'));
    await page.reload();
    await expect(page.locator('output')).toHaveText(
      new RegExp(`^WORKER_LOAD_FAILED The worker script .*/${FOLDER}/worker\\.js could not be loaded: .*404`),
    );
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
