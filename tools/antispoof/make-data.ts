/**
 * `npx tsx tools/antispoof/make-data.ts [--data DIR] [--photos N]`: makes what the anti-spoof model is trained with. The photos
 * of sources.ts, each as it is and several times through the simulator, cropped as the adapter crops; written to
 * .cache/antispoof/crops-SCALE.u8 with an index.json beside them. Then the plain features of both classes: none may separate
 * them. About 20 minutes on one core. `--neutrality` prints that table again, `--features` the features of the photos alone.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFolder } from '../../eval/data.js';
import { DEFAULT_MODELS } from '../../eval/measure.js';
import { openPage, URLS } from '../../eval/server.js';
import { ROOT } from '../process.mjs';
import type { DataPage, Job } from './make-data-page.js';
import { printFeatures, printNeutrality, type CropLine } from './neutrality.js';
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
  const files = CROP_SCALES.map((scale) => openSync(join(FOLDER, `crops-${scale}.u8`), 'w'));
  const index: CropLine[] = [];
  const start = performance.now();
  try {
    for (const [i, { box, source, use, trimPx }] of chosen.entries()) {
      const jobs = jobsFor(i);
      const parameters: Parameters<DataPage['crop']> = [`${URLS.photo}${i}`, box, trimPx, jobs, CROP_SCALES];
      const crops = await page.evaluate<Awaited<ReturnType<DataPage['crop']>>>(
        `globalThis.evalPage.crop(...${JSON.stringify(parameters)})`,
      );
      for (const [j, scales] of crops.entries()) {
        for (const [s, crop] of scales.entries()) writeSync(files[s]!, Buffer.from(crop, 'base64'));
        index.push({ ...jobs[j]!, source, use });
      }
      if (i % 50 === 49) console.error(`${i + 1} of ${chosen.length}, ${Math.round((performance.now() - start) / (i + 1))} ms each`);
    }
  } finally {
    for (const file of files) closeSync(file);
    await close();
  }
  writeFileSync(join(FOLDER, 'index.json'), JSON.stringify(index));
  console.log(`${index.length} crops of ${chosen.length} photos in ${FOLDER}`);
}

/** LFW has most of the photos and the least variety: all of the others come first, then as many of it as there is room for. */
function chooseFaces(faces: readonly SourceFace[], limit: number): SourceFace[] {
  const others = faces.filter(({ source }) => source !== 'lfw');
  const lfw = faces.filter(({ source }) => source === 'lfw');
  const count = Math.min(lfw.length, Math.max(0, limit - others.length));
  return [...others, ...Array.from({ length: count }, (_, i) => lfw[Math.floor((i * lfw.length) / count)]!)];
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
