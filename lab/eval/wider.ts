/** Evaluates detection on photos of WIDER FACE, by the height of the faces. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findModel } from '../../src/models/manifest.js';
import type { DetectorOptions } from '../../src/api/faces.js';
import type { Box } from '../../src/api/geometry.js';
import { folderOf, type Settings } from './data.js';
import { falseScores, judgeBand, type HeightBand, type PhotoFaces } from './detection.js';
import { measurePhotos, readManifest } from './measure.js';
import { percent, type Outcome } from './report.js';

/** A size of the detector's input, or a search that chooses it. */
type Search = NonNullable<DetectorOptions['detectorSizePx'] | DetectorOptions['search']>;

/** The search that is recommended for photos of groups. */
const HEADLINE = 'tiles' satisfies Search;
const BANDS: Readonly<Record<string, HeightBand>> = {
  '>= 96 px': { from: 96, below: Infinity },
  '48-96 px': { from: 48, below: 96 },
  '24-48 px': { from: 24, below: 48 },
  '< 24 px': { from: 0, below: 24 },
  '>= 48 px': { from: 48, below: Infinity },
};
/**
 * Overlaps that count as detected: 0.5 is the convention.
 * Annotations are tighter than many detectors' boxes, so 0.3 shows whether a face was found at all.
 */
const IOUS = [0.5, 0.3] as const;
/**
 * Minimum detection score.
 * The average precision of the kit's detector is 0.1 to 1.9 points higher with 0.1 than with 0.2, but there are 1.9
 * times as many detections.
 */
const LEAST_SCORE = 0.1;
/**
 * False detections per photo at which to compare detectors.
 * Unlike a score, it means the same for every detector.
 */
const FALSE_PER_PHOTO = 0.1;

interface Annotated {
  readonly path: string;
  readonly boxes: readonly Box[];
}

export async function runWider(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'wider');
  if (folder === null) return { skipped: 'no wider/ in the data' };
  const photos = readBoxes(folder).slice(0, settings.limit);
  const offered = findModel(readManifest(settings.models), 'detector').sizes as NonNullable<
    DetectorOptions['detectorSizePx']
  >[];
  const sizes: Record<string, Awaited<ReturnType<typeof judgeSize>>> = {};
  for (const size of [...offered, 'auto', 'tiles'] as const)
    sizes[size] = await judgeSize(photos, size, settings.models);
  const total = photos.reduce((sum, { boxes }) => sum + boxes.length, 0);
  console.log(`${photos.length} photos, ${total} faces; recall % at IoU 0.5 / 0.3 with the default least score`);
  console.table(Object.fromEntries(Object.entries(sizes).map(([size, result]) => [size, result.recallRow])));
  console.log(
    `recall % at IoU 0.3 where ${FALSE_PER_PHOTO} faces per photo are false, and average precision at IoU 0.5 / 0.3`,
  );
  console.table(Object.fromEntries(Object.entries(sizes).map(([size, result]) => [size, result.apRow])));

  const bySize = Object.fromEntries(Object.entries(sizes).map(([size, { json }]) => [size, json]));
  const headline = sizes[HEADLINE]!.json;
  const wider = {
    recall: headline.bands['>= 48 px']!.recall['0.3'],
    recallOf: `faces of 48 px and more, at IoU 0.3, search '${HEADLINE}'`,
    falsePerPhoto: headline.falsePerPhoto,
    photos: photos.length,
    faces: total,
    sizes: bySize,
  };
  return { json: { wider } };
}

async function judgeSize(photos: readonly Annotated[], search: Search, models: string) {
  const options: DetectorOptions = typeof search === 'number' ? { detectorSizePx: search } : { search };
  const measure = async (options: DetectorOptions): Promise<PhotoFaces[]> => {
    const label = `wider ${Object.values(options).join(' ')}`;
    const measured = await measurePhotos(photos, { options: { ...options, views: 0 }, models, label });
    return measured.map(({ faces }, i) => ({
      found: faces.map(({ box, detectionScore }) => ({ box, score: detectionScore })),
      truth: photos[i]!.boxes,
    }));
  };
  // Measure separately, because the minimum score also decides which areas are searched again.
  const asShipped = await measure(options);
  const all = await measure({ ...options, minDetectionScore: LEAST_SCORE });
  const falsePerPhoto = falseScores(asShipped, 0.3).length / photos.length;

  const wrong = falseScores(all, 0.3);
  const scoreAtFalse = wrong.at(-1 - Math.floor(FALSE_PER_PHOTO * photos.length)) ?? 0;
  const limited = all.map(({ found, truth }) => ({ truth, found: found.filter(({ score }) => score > scoreAtFalse) }));

  const atIous = (value: (iou: number) => number): Record<string, number> =>
    Object.fromEntries(IOUS.map((iou) => [iou, value(iou)]));
  const bands = Object.fromEntries(
    Object.entries(BANDS).map(([name, band]) => {
      const recall = atIous((iou) => judgeBand(asShipped, band, iou).recall);
      const ap = atIous((iou) => judgeBand(all, band, iou).ap);
      const { faces, recall: recallAtFalse } = judgeBand(limited, band, 0.3);
      return [name, { faces, recall, ap, recallAtFalse }];
    }),
  );
  const both = (values: Readonly<Record<string, number>>) => IOUS.map((iou) => percent(values[iou]!)).join(' / ');
  const recallColumns = Object.entries(bands).map(([name, { recall }]) => [name, both(recall)] as const);
  const apColumns = Object.entries(bands).map(([name, { recallAtFalse, ap }]) => {
    return [name, `${percent(recallAtFalse)}; AP ${both(ap)}`] as const;
  });
  return {
    json: { falsePerPhoto, bands, scoreAtFalse },
    recallRow: { ...Object.fromEntries(recallColumns), 'false per photo': falsePerPhoto.toFixed(3) },
    apRow: { ...Object.fromEntries(apColumns), 'least score': scoreAtFalse.toFixed(2) },
  };
}

/** Parses boxes.txt: `# EVENT/FILE.jpg width height`, then `x1 y1 x2 y2` rows. */
export function readBoxes(folder: string): Annotated[] {
  const [, ...sections] = readFileSync(join(folder, 'boxes.txt'), 'utf8').split(/^# /m);
  return sections.map((section) => {
    const [head = '', ...rows] = section.trim().split('\n');
    const boxes = rows.map((row) => {
      const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = row.trim().split(/\s+/).map(Number);
      return { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    });
    return { path: join(folder, 'images', head.replace(/ \d+ \d+$/, '')), boxes };
  });
}
