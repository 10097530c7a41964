/**
 * Makes the training data of the anti-spoof model.
 *
 * Run with `npx tsx lab/antispoof/make-data.ts [--data DIR] [--photos N]`. Takes every photo of sources.ts, once
 * unchanged and several times through the simulator, and crops each as the adapter does. Writes
 * .cache/antispoof/crops.u8 with an index.json beside it, then prints how well each plain feature separates the
 * classes: none may. Each photo takes about half a second on each of two cores. `--neutrality` prints that table again,
 * `--features` the features of the unchanged photos.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { dataFolder } from '../eval/data.js';
import { DEFAULT_MODELS } from '../eval/measure.js';
import { openPage, URLS } from '../eval/server.js';
import { ROOT } from '../../tools/process.mjs';
import type { DataPage, Job } from './make-data-page.js';
import { CROP_BYTES, printFeatures, printNeutrality, type CropLine } from './neutrality.js';
import { SPECIES } from './simulate.js';
import { findFaces, listPhotos, type SourceFace } from './sources.js';

/** Output folder. */
const FOLDER = join(ROOT, '.cache/antispoof');
const CROPS = join(FOLDER, 'crops.u8');
/** Number of pages that simulate in parallel. */
const PAGES = 2;
/** Bona fide shots per photo in addition to the photo itself; about as many as there are attacks. */
const BONA_FIDE_SHOTS = 3;
const SCRIPT = '/lab/antispoof/make-data-page.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    photos: { type: 'string', default: 'Infinity' },
    neutrality: { type: 'boolean', default: false },
    features: { type: 'boolean', default: false },
  },
});
const data = dataFolder(values.data);
if (data === null) {
  console.log('skipped: no data (--data DIR)');
} else {
  mkdirSync(FOLDER, { recursive: true });
  if (!values.neutrality && !values.features) await makeData(data, Number(values.photos));
  if (values.features) printFeatures(FOLDER);
  else printNeutrality(FOLDER);
}

async function makeData(folder: string, limit: number): Promise<void> {
  const all = (await facesOf(folder)).filter(({ use }) => use !== 'test');
  const chosen = chooseFaces(all, limit);
  const { page, close } = await openPage(
    DEFAULT_MODELS,
    chosen.map(({ path }) => path),
    SCRIPT,
  );
  const bytesPerPhoto = CROP_BYTES * jobsFor(0).length;
  // Resume an interrupted run after the last photo whose crops were all written.
  const written = statSync(CROPS, { throwIfNoEntry: false })?.size ?? 0;
  const first = Math.min(chosen.length, Math.floor(written / bytesPerPhoto));
  closeSync(openSync(CROPS, 'a'));
  truncateSync(CROPS, first * bytesPerPhoto);
  const start = performance.now();
  const crop = async (on: Page, i: number): Promise<Buffer> => {
    const { box, trimPx } = chosen[i]!;
    const parameters: Parameters<DataPage['crop']> = [`${URLS.photo}${i}`, box, trimPx, jobsFor(i)];
    const crops = await on.evaluate<Awaited<ReturnType<DataPage['crop']>>>(
      `globalThis.evalPage.crop(...${JSON.stringify(parameters)})`,
    );
    return Buffer.concat(crops.map((text) => Buffer.from(text, 'base64')));
  };
  try {
    const pages = [page];
    while (pages.length < PAGES) pages.push(await openBeside(page));
    for (let i = first; i < chosen.length; i += PAGES) {
      const own = pages.slice(0, chosen.length - i);
      for (const crops of await Promise.all(own.map((each, p) => crop(each, i + p)))) appendFileSync(CROPS, crops);
      const done = i + own.length;
      if (done % 50 >= PAGES && done < chosen.length) continue;
      writeIndex(chosen.slice(0, done));
      console.error(`${done} of ${chosen.length}, ${Math.round((performance.now() - start) / (done - first))} ms each`);
    }
  } finally {
    await close();
  }
  console.log(`crops of ${chosen.length} photos in ${FOLDER}`);
}

async function openBeside(page: Page): Promise<Page> {
  const beside = await page.context().browser()!.newPage();
  await beside.goto(page.url());
  await beside.waitForFunction('globalThis.evalPage');
  return beside;
}

function writeIndex(faces: readonly SourceFace[]): void {
  const index = faces.flatMap(({ source, use }, i) => jobsFor(i).map((job): CropLine => ({ ...job, source, use })));
  writeFileSync(join(FOLDER, 'index.json'), JSON.stringify(index));
}

/**
 * Chooses the faces: all of the other sources first, then LFW up to the limit.
 * LFW has the most photos and the least variety.
 */
function chooseFaces(faces: readonly SourceFace[], limit: number): SourceFace[] {
  const others = faces.filter(({ source }) => source !== 'lfw');
  const digest = ({ path }: SourceFace) => createHash('sha256').update(basename(path)).digest('hex');
  const lfw = faces.filter(({ source }) => source === 'lfw').sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
  return [...others, ...lfw].slice(0, limit);
}

/**
 * Returns the jobs of a photo.
 * Each photo appears in every kind, so that a face does not reveal its class.
 */
function jobsFor(photo: number): Job[] {
  const kinds = ['photo', ...Array.from({ length: BONA_FIDE_SHOTS }, () => 'bona fide'), ...SPECIES] as const;
  return kinds.map((kind, i) => ({ kind: kind as Job['kind'], seed: photo * kinds.length + i + 1 }));
}

/** Detects the faces once and caches them: detection is the slowest step. */
async function facesOf(folder: string): Promise<SourceFace[]> {
  const file = join(FOLDER, 'faces.json');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await findFaces(listPhotos(folder))));
  return JSON.parse(readFileSync(file, 'utf8')) as SourceFace[];
}
