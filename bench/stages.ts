/**
 * `npm run bench`: time per stage of the built package in Chromium, on wasm with 1 and 2 threads, in turns so that foreign
 * load meets both. Prints medians in milliseconds. Needs `npm run build`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import type * as api from '../src/index.js';
import type { FaceKit, StageTimings } from '../src/index.js';
import { BROWSER_ARGS, ensureBrowser } from '../tools/browser.mjs';
import { createServer } from '../tools/serve.mjs';

const ROUNDS = 6;
const CALLS_PER_ROUND = 20;
const THREADS = [1, 2];
const DETECTOR_SIZES = [256, 512] as const;
const PHOTO = '/node_modules/@vladmandic/face-api/demo/sample1.jpg';
/** The frame of the peers' published figures: 1280 x 720 with one face of about 330 px, the first of sample 1. */
const FRAME = { width: 1280, height: 720, centerX: 515, centerY: 500, scale: 1.63 };

type Sample = StageTimings & { readonly wholeMs: number };

const root = fileURLToPath(new URL('..', import.meta.url));
const server = await createServer({ root: fileURLToPath(new URL('../dist', import.meta.url)), port: 0 });
const browser = await chromium.launch({ executablePath: await ensureBrowser(console.error), args: [...BROWSER_ARGS] });
try {
  const page = await browser.newPage();
  await page.route('**/photo.jpg', (route) => route.fulfill({ path: `${root}${PHOTO}` }));
  await page.route('**/bench.html', async (route) => {
    const headers = (await route.fetch({ url: new URL('index.js', server.url).href })).headers();
    await route.fulfill({
      headers: { ...headers, 'content-type': 'text/html' },
      body: '<!doctype html><title>bench</title>',
    });
  });
  await page.goto(new URL('bench.html', server.url).href);
  await start(page);

  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of DETECTOR_SIZES) {
      for (const threads of THREADS) {
        const key = `${size} px, ${threads} thread${threads > 1 ? 's' : ''}`;
        const taken = await page.evaluate(measure, { threads, size, count: CALLS_PER_ROUND });
        samples.set(key, [...(samples.get(key) ?? []), ...taken]);
      }
    }
  }
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
  const n = ROUNDS * CALLS_PER_ROUND;
  console.log(
    `inface ${version}, Chromium ${browser.version()}, identify on ${FRAME.width} x ${FRAME.height}, medians of ${n}, ms`,
  );
  const stages = ['pixelsMs', 'detectMs', 'landmarksMs', 'embedMs', 'wholeMs'] as const;
  console.table(
    Object.fromEntries(
      [...samples].map(([key, list]) => [
        key,
        Object.fromEntries(stages.map((stage) => [stage, median(list.map((sample) => sample[stage]))])),
      ]),
    ),
  );
} finally {
  await browser.close();
  await server.close();
}

/** In the page: a kit per number of threads and one frame; they stay for all rounds. */
async function start(page: Page): Promise<void> {
  await page.evaluate(
    async ({ entry, threadCounts, frame }) => {
      const { createFaceKit } = (await import(entry)) as Pick<typeof api, 'createFaceKit'>;
      const photo = await createImageBitmap(await (await fetch('/photo.jpg')).blob());
      const canvas = new OffscreenCanvas(frame.width, frame.height);
      const context = canvas.getContext('2d');
      context?.translate(frame.width / 2, frame.height / 2);
      context?.scale(frame.scale, frame.scale);
      context?.drawImage(photo, -frame.centerX, -frame.centerY);
      const kits = new Map<number, FaceKit>();
      for (const threads of threadCounts) {
        kits.set(threads, await createFaceKit({ assetsUrl: '/assets/', backend: 'wasm', threads }));
      }
      Object.assign(globalThis, { bench: { kits, canvas } });
    },
    { entry: '/index.js', threadCounts: THREADS, frame: FRAME },
  );
}

async function measure({
  threads,
  size,
  count,
}: {
  threads: number;
  size: 256 | 512;
  count: number;
}): Promise<Sample[]> {
  const { kits, canvas } = (globalThis as unknown as { bench: { kits: Map<number, FaceKit>; canvas: OffscreenCanvas } })
    .bench;
  const kit = kits.get(threads);
  if (!kit) throw new Error(`no kit with ${threads} threads`);
  const [collection = await kit.collections.create('bench')] = await kit.collections.list();
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    const { faces, timings } = await kit.identify(canvas, collection.id, { detectorSize: size });
    if (faces.length !== 1) throw new Error(`${faces.length} faces in the frame`);
    samples.push({ ...timings, wholeMs: performance.now() - started });
  }
  return samples;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(10 * (sorted[Math.floor(sorted.length / 2)] as number)) / 10;
}
