/**
 * Records the golden fixtures.
 *
 * Run with `npx tsx tools/models/record-golden.ts`; takes about two minutes and needs a Chromium browser (set
 * INFACE_BROWSER to its executable if it is not found). Run it again only when a peer's version or a network changes.
 *
 * The peers run in a page that can only access the files of this checkout. They receive exactly the pixels that are
 * stored, as tensors, so that no image decoder or resizer affects the comparison with the graphs under test.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import ts from 'typescript';
import { BROWSER_ARGS, findBrowser } from '../browser.mjs';
import { noiseImage, writeGolden, type GoldenRecord } from './golden.js';
import type { Answer, GoldenPage } from './record-golden-page.js';

const PACKAGES = fileURLToPath(new URL('../../node_modules/@vladmandic', import.meta.url));
const PAGE_SCRIPT = new URL('record-golden-page.ts', import.meta.url);
/** The page's origin. No server listens there: every request is answered from files. */
const ORIGIN = 'http://golden.localhost';
const SAMPLES = [1, 2, 3, 4, 5, 6].map((number) => `/face-api/demo/sample${number}.jpg`);

/**
 * BlazeFace's inputs, with sample photos by their index.
 * The sides are the graph's own, the webcam's, and one that is not a power of two.
 */
const BLAZEFACE_INPUTS = [
  { side: 256, photos: [0, 5] },
  { side: 128, photos: [1, 3] },
  { side: 192, photos: [2] },
] as const;
const NOISE_PER_FACE_NET = 2;

/** Calls a function of the page; arguments and result are passed as JSON. */
function call<Name extends keyof GoldenPage>(
  page: Page,
  name: Name,
  ...parameters: Parameters<GoldenPage[Name]>
): Promise<Awaited<ReturnType<GoldenPage[Name]>>> {
  return page.evaluate<Awaited<ReturnType<GoldenPage[Name]>>>(
    `globalThis.goldenPage.${name}(...${JSON.stringify(parameters)})`,
  );
}

async function openPage(): Promise<{ page: Page; close: () => Promise<void> }> {
  const { path: executablePath, tried } = await findBrowser();
  if (executablePath === undefined) {
    throw new Error(`Chromium did not start: ${tried.join('; ')}. Set INFACE_BROWSER to the path of a Chromium.`);
  }
  const browser = await chromium.launch({ executablePath, args: BROWSER_ARGS });
  const page = await browser.newPage();
  await page.route('**/*', async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== ORIGIN) await route.abort();
    else if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: '<!doctype html>' });
    else if (pathname === '/page.js') await route.fulfill({ contentType: 'text/javascript', body: compilePage() });
    else await route.fulfill({ path: join(PACKAGES, pathname) });
  });
  page.on('pageerror', (error) => console.error(error));
  await page.goto(ORIGIN);
  await page.addScriptTag({ type: 'module', url: '/page.js' });
  await page.waitForFunction('globalThis.goldenPage');
  return { page, close: () => browser.close() };
}

function compilePage(): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(readFileSync(PAGE_SCRIPT, 'utf8'), { compilerOptions }).outputText;
}

/** Collects the outputs of several images by output name. */
function gather(answers: readonly Answer[]): Record<string, Float32Array[]> {
  const names = Object.keys(answers[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, answers.map((answer) => Float32Array.from(answer[name] ?? []))]),
  );
}

/** Returns the photos and the noise of one size as two sets. */
function toSets(
  net: { readonly family: string; readonly side: number; readonly seed: number },
  photos: readonly Uint8Array[],
  noise: readonly Uint8Array[],
  answers: readonly Answer[],
): GoldenRecord[] {
  const { family, side, seed } = net;
  return [
    { family, kind: 'photo', side, images: photos, outputs: gather(answers.slice(0, photos.length)) },
    { family, kind: 'noise', side, images: noise, outputs: gather(answers.slice(photos.length)), seed },
  ];
}

function drawNoise(seed: number, side: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => noiseImage(seed + i, side));
}

const { page, close } = await openPage();
try {
  const crops: Uint8Array[] = [];
  const chips: Uint8Array[] = [];
  for (const photo of SAMPLES) {
    const faces = await call(page, 'cutFaces', photo);
    crops.push(...faces.map(({ crop }) => Uint8Array.from(crop)));
    chips.push(...faces.map(({ chip }) => Uint8Array.from(chip)));
    console.log(`${photo}: ${faces.length} faces`);
  }

  const sets: GoldenRecord[] = [];
  for (const { family, side, ask, faces } of [
    { family: 'face-landmark-68', side: 112, ask: 'findLandmarks', faces: crops },
    { family: 'dlib-resnet', side: 150, ask: 'embed', faces: chips },
  ] as const) {
    const noise = drawNoise(side, side, NOISE_PER_FACE_NET);
    const answers: Answer[] = [];
    for (const image of [...faces, ...noise]) answers.push(await call(page, ask, [...image]));
    sets.push(...toSets({ family, side, seed: side }, faces, noise, answers));
  }
  for (const { side, photos } of BLAZEFACE_INPUTS) {
    const images: Uint8Array[] = [];
    for (const number of photos) images.push(Uint8Array.from(await call(page, 'letterbox', SAMPLES[number]!, side)));
    const noise = drawNoise(side, side, 1);
    const answers = await call(
      page,
      'findFaces',
      [...images, ...noise].map((image) => [...image]),
      side,
    );
    sets.push(...toSets({ family: 'blazeface', side, seed: side }, images, noise, answers));
  }

  const backend = (await call(page, 'getBackends')).join(' and ');
  const about = {
    landmarks: '@vladmandic/face-api 1.7.15, faceLandmark68Net',
    embeddings: '@vladmandic/face-api 1.7.15, faceRecognitionNet',
    blazeface: '@vladmandic/human 3.3.6, models/blazeface.json through human.tf; sides other than 256 patched',
    photos: '@vladmandic/face-api 1.7.15, demo/sample1..6.jpg',
    backend: `TensorFlow.js 4.22.0, ${backend}`,
    recorded: 'npx tsx tools/models/record-golden.ts',
  };
  writeGolden(about, sets);
  console.log(`${sets.length} sets, ${chips.length} faces, backends ${backend}`);
} finally {
  await close();
}
