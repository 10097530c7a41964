/**
 * `npx tsx tools/antispoof/make-data.ts [--data DIR] [--photos N]`: makes what the anti-spoof model is trained with. The photos
 * of sources.ts, each as it is and several times through the simulator, cropped as the adapter crops; written to
 * .cache/antispoof/crops-SCALE.u8 with an index.json beside them. Then the plain features of both classes: none may separate
 * them. About 20 minutes on one core. `--neutrality` prints that table again, `--features` the features of the photos alone.
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
import { dataFolder } from '../../eval/data.js';
import { DEFAULT_MODELS } from '../../eval/measure.js';
import { openPage, URLS } from '../../eval/server.js';
import { ROOT } from '../process.mjs';
import type { DataPage, Job } from './make-data-page.js';
import { CROP_BYTES, printFeatures, printNeutrality, type CropLine } from './neutrality.js';
import { SPECIES } from './simulate.js';
import { findFaces, listPhotos, type SourceFace } from './sources.js';

/** Where everything lies. */
const FOLDER = join(ROOT, '.cache/antispoof');
/** Sides of the crops in sides of the box: two, of which training showed the better one. */
const CROP_SCALES = [1.5, 2.2] as const;
/** Bona fide shots of each photo beside the photo itself, about as many as attacks. */
const BONA_FIDE_SHOTS = 3;
const SCRIPT = '/tools/antispoof/make-data-page.ts';

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
  if (values.features) printFeatures(FOLDER, CROP_SCALES[1]);
  else for (const scale of CROP_SCALES) printNeutrality(FOLDER, scale);
}

async function makeData(folder: string, limit: number): Promise<void> {
  const all = (await facesOf(folder)).filter(({ use }) => use !== 'test');
  const chosen = chooseFaces(all, limit);
  const { page, close } = await openPage(
    DEFAULT_MODELS,
    chosen.map(({ path }) => path),
    SCRIPT,
  );
  const paths = CROP_SCALES.map((scale) => join(FOLDER, `crops-${scale}.u8`));
  const bytesPerPhoto = CROP_BYTES * jobsFor(0).length;
  // A run that was cut off goes on after the last photo of which all crops were written.
  const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  const first = Math.min(chosen.length, Math.floor(Math.min(...sizes) / bytesPerPhoto));
  for (const path of paths) {
    closeSync(openSync(path, 'a'));
    truncateSync(path, first * bytesPerPhoto);
  }
  const start = performance.now();
  try {
    for (const [i, { box, trimPx }] of chosen.entries()) {
      if (i < first) continue;
      const parameters: Parameters<DataPage['crop']> = [`${URLS.photo}${i}`, box, trimPx, jobsFor(i), CROP_SCALES];
      const crops = await page.evaluate<Awaited<ReturnType<DataPage['crop']>>>(
        `globalThis.evalPage.crop(...${JSON.stringify(parameters)})`,
      );
      paths.forEach((path, s) => {
        appendFileSync(path, Buffer.concat(crops.map((scales) => Buffer.from(scales[s]!, 'base64'))));
      });
      if (i % 50 !== 49 && i + 1 < chosen.length) continue;
      writeIndex(chosen.slice(0, i + 1));
      console.error(
        `${i + 1} of ${chosen.length}, ${Math.round((performance.now() - start) / (i + 1 - first))} ms each`,
      );
    }
  } finally {
    await close();
  }
  console.log(`crops of ${chosen.length} photos in ${FOLDER}`);
}

function writeIndex(faces: readonly SourceFace[]): void {
  const index = faces.flatMap(({ source, use }, i) => jobsFor(i).map((job): CropLine => ({ ...job, source, use })));
  writeFileSync(join(FOLDER, 'index.json'), JSON.stringify(index));
}

/** LFW has most of the photos and the least variety: all of the others come first, then as many of it as there is room for. */
function chooseFaces(faces: readonly SourceFace[], limit: number): SourceFace[] {
  const others = faces.filter(({ source }) => source !== 'lfw');
  const digest = ({ path }: SourceFace) => createHash('sha256').update(basename(path)).digest('hex');
  const lfw = faces.filter(({ source }) => source === 'lfw').sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
  return [...others, ...lfw].slice(0, limit);
}

/** Every photo is shown in every way, so that a face says nothing about its class. */
function jobsFor(photo: number): Job[] {
  const kinds = ['photo', ...Array.from({ length: BONA_FIDE_SHOTS }, () => 'bona fide'), ...SPECIES] as const;
  return kinds.map((kind, i) => ({ kind: kind as Job['kind'], seed: photo * kinds.length + i + 1 }));
}

/** Kept, because the detector takes longer than anything else. */
async function facesOf(folder: string): Promise<SourceFace[]> {
  const file = join(FOLDER, 'faces.json');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await findFaces(listPhotos(folder))));
  return JSON.parse(readFileSync(file, 'utf8')) as SourceFace[];
}
