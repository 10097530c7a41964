/** Tables of how well each plain feature of the crops separates the simulated classes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areaUnderCurve, mean } from '../eval/statistics.js';
import { CROP_SIZE, FEATURE_NAMES, plainFeatures, type PlainFeatures } from './features.js';
import type { Job } from './make-data-page.js';
import { SPECIES } from './simulate.js';
import type { SourcePhoto } from './sources.js';

/** Bytes of one crop: planes R, G, B. */
export const CROP_BYTES = 3 * CROP_SIZE * CROP_SIZE;
/** Largest number of crops read; enough for the second digit of an AUC. */
const MAX_CROPS = 6000;

/** One crop's line in the index. */
export type CropLine = Job & Pick<SourcePhoto, 'source' | 'use'>;

type Crop = CropLine & { readonly features: PlainFeatures };

function readCrops(folder: string): Crop[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as CropLine[];
  const bytes = readFileSync(join(folder, 'crops.u8'));
  // Take whole photos: each has 8 crops.
  const step = Math.max(1, Math.ceil(index.length / MAX_CROPS));
  return index.flatMap((line, i): Crop[] =>
    Math.floor(i / 8) % step === 0
      ? [{ ...line, features: plainFeatures(bytes.subarray(i * CROP_BYTES, (i + 1) * CROP_BYTES)) }]
      : [],
  );
}

/** Prints the AUC of every plain feature: all attacks, and each species, against bona fide shots. */
export function printNeutrality(folder: string): void {
  const crops = readCrops(folder);
  const valuesOf = (kinds: readonly string[], name: keyof PlainFeatures) =>
    crops.filter(({ kind }) => kinds.includes(kind)).map(({ features }) => features[name]);
  console.log(`AUC of plain features, ${crops.length} crops: attack above bona fide`);
  console.log(['', 'all', ...SPECIES, 'all against photos'].map((text) => text.padEnd(14)).join(''));
  for (const name of FEATURE_NAMES) {
    const shots = valuesOf(['bona fide'], name);
    const cells = [SPECIES, ...SPECIES.map((species) => [species])].map((kinds) =>
      areaUnderCurve(valuesOf(kinds, name), shots),
    );
    cells.push(areaUnderCurve(valuesOf(SPECIES, name), valuesOf(['photo', 'bona fide'], name)));
    console.log([name, ...cells.map((auc) => auc.toFixed(3))].map((text) => text.padEnd(14)).join(''));
  }
}

/** Prints the mean and standard deviation of the features of unchanged photos, for camera.ts. */
export function printFeatures(folder: string): void {
  const photos = readCrops(folder).filter(({ kind, use }) => kind === 'photo' && use === 'train');
  for (const name of FEATURE_NAMES) {
    const values = photos.map(({ features }) => features[name]);
    const center = mean(values);
    const deviation = Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
    console.log(`${name}: ${center.toFixed(2)} +- ${deviation.toFixed(2)}`);
  }
}
