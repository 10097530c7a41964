/**
 * Runs the kit's own stages over photos of a folder: detector, 68 landmarks, face chip and int8 embedder, as the worker
 * does with a photo, on wasm with one thread in Chromium. Used by the scripts that fit constants; about 50 ms a photo.
 */
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { createServer } from 'vite';
import { BROWSER_ARGS, findBrowser } from '../browser.mjs';
import type { MeasuredPhoto as PageResult, StagesPage } from './stages-page.js';

/** What was measured of one photo. */
export interface MeasuredPhoto extends PageResult {
  readonly path: string;
}

export interface PhotoRequest {
  /** Absolute path. */
  readonly path: string;
  /**
   * Done on a canvas before the detection, one after the other, separated by commas: `blur:2` (standard deviation in
   * pixels), `brightness:0.4` (factor), `contrast:0.5` (factor), `scale:0.3` (factor of both sides). Defaults to none.
   */
  readonly transform?: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRESS_EVERY = 250;

/** @returns one result per request, in their order @throws when no browser starts or a photo cannot be decoded */
export async function measurePhotos(requests: readonly PhotoRequest[]): Promise<MeasuredPhoto[]> {
  const { path: executablePath, tried } = await findBrowser();
  if (executablePath === undefined) {
    throw new Error(`No Chromium starts: ${tried.join('; ')}. Set INFACE_BROWSER to the path of one.`);
  }
  const server = await createServer({
    configFile: `${ROOT}vite.config.ts`,
    root: ROOT,
    cacheDir: `${ROOT}.cache/measure/vite`,
    logLevel: 'error',
    // A file that is edited meanwhile would reload the page in the middle of a run.
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  const browser = await chromium.launch({ executablePath, args: BROWSER_ARGS });
  try {
    await server.listen();
    const origin = new URL(server.resolvedUrls?.local[0] ?? '').origin;
    const page = await openPage(await browser.newPage(), origin, requests);
    await call(page, 'open', origin);
    const measured: MeasuredPhoto[] = [];
    const start = performance.now();
    for (const [i, { path, transform = '' }] of requests.entries()) {
      measured.push({ path, ...(await call(page, 'measure', `/photo/${i}`, transform)) });
      if (measured.length % PROGRESS_EVERY === 0) {
        const seconds = Math.round((performance.now() - start) / 1000);
        console.error(`${measured.length} of ${requests.length} photos, ${seconds} s`);
      }
    }
    return measured;
  } finally {
    await browser.close();
    await server.close();
  }
}

async function openPage(page: Page, origin: string, requests: readonly PhotoRequest[]): Promise<Page> {
  await page.route(`${origin}/photo/*`, (route) => {
    const request = requests[Number(route.request().url().split('/').at(-1))];
    return request ? route.fulfill({ path: request.path }) : route.abort();
  });
  const scripts = ['/@vite/client', '/tools/measure/stages-page.ts'].map(
    (url) => `<script type="module" src="${url}"></script>`,
  );
  await page.route(`${origin}/measure.html`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html>${scripts.join('')}` }),
  );
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${origin}/measure.html`);
  await page.waitForFunction('globalThis.stagesPage');
  return page;
}

/** Calls a function of the page; what goes in and out crosses as JSON. */
function call<Name extends keyof StagesPage>(
  page: Page,
  name: Name,
  ...parameters: Parameters<StagesPage[Name]>
): Promise<Awaited<ReturnType<StagesPage[Name]>>> {
  return page.evaluate<Awaited<ReturnType<StagesPage[Name]>>>(
    `globalThis.stagesPage.${name}(...${JSON.stringify(parameters)})`,
  );
}
