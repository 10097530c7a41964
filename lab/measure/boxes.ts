/**
 * Measures how other detectors frame a face, relative to BlazeFace.
 *
 * `npx tsx lab/measure/boxes.ts [--models DIR] [--data DIR]` prints `box` for their manifest entries. The photos are
 * the six sample photos and, if the data has LFW, every 18th photo of it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measurePhotos, type MeasuredPhoto } from '../eval/measure.js';
import type { Box } from '../../src/api/geometry.js';
import { boxCenter, intersectionOverUnion } from '../../src/vision/geometry.js';
import type { MeasuredFace } from '../eval/stages.js';
import { DETECTORS } from '../../tools/models/reference-entries.js';
import { makeReferenceFolder, REFERENCE_FOLDER } from '../../tools/models/reference.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A square around the box's center, with the longer side of the box. */
const PLAIN = { scale: 1, shift: 0, origin: '' };
/** Two boxes that overlap by more than this show the same face, however detectors frame it. */
const SAME_FACE_IOU = 0.25;
const LFW_STEP = 18;

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { models: text, data: text } });
const { models = REFERENCE_FOLDER, data = join(ROOT, '../shared/eval') } = values;

const photos = [...samplePhotos(), ...lfwPhotos(join(data, 'lfw/images'))].map((path) => ({ path }));
const options = { views: 0 } as const;
const own = await measurePhotos(photos, { options, label: 'blazeface' });
for (const [name, entry] of Object.entries(DETECTORS)) {
  const folder = join(ROOT, '.cache/measure', `boxes-${name}`);
  makeReferenceFolder(models, folder, [{ ...entry, box: PLAIN }]);
  const others = await measurePhotos(photos, { options, models: folder, label: name });
  const pairs = own.flatMap((photo, i) => pairFaces(photo, others[i]!));
  const fit = {
    scale: median(pairs.map(([ours, theirs]) => ours.box.width / theirs.box.width)),
    shift: median(pairs.map(shiftOf)),
  };
  const ious = pairs.map(([ours, theirs]) => intersectionOverUnion(ours.box, framed(theirs, fit)));
  console.log(
    `${name}: ${pairs.length} faces of ${own.flatMap(({ faces }) => faces).length}, scale ${fit.scale.toFixed(3)}, ` +
      `shift ${fit.shift.toFixed(3)}, then IoU ${median(ious).toFixed(2)} (5 % below ${quantile(ious, 0.05).toFixed(2)})`,
  );
}

function samplePhotos(): string[] {
  return [1, 2, 3, 4, 5, 6].map((i) => join(ROOT, `node_modules/@vladmandic/face-api/demo/sample${i}.jpg`));
}

function lfwPhotos(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.jpg'));
  return paths
    .sort()
    .filter((_, i) => i % LFW_STEP === 0)
    .map((path) => join(folder, path));
}

type Pair = readonly [ours: MeasuredFace, theirs: MeasuredFace];

function pairFaces(ours: MeasuredPhoto, theirs: MeasuredPhoto): Pair[] {
  return ours.faces.flatMap((face): Pair[] => {
    const overlap = (other: MeasuredFace) => intersectionOverUnion(face.box, other.box);
    const [nearest] = theirs.faces.toSorted((a, b) => overlap(b) - overlap(a));
    return nearest && overlap(nearest) > SAME_FACE_IOU ? [[face, nearest]] : [];
  });
}

/** Returns the offset of our center from theirs along the axis of the head, in sides of their box. */
function shiftOf([ours, theirs]: Pair): number {
  const [from, to] = [boxCenter(theirs.box), boxCenter(ours.box)];
  const roll = (theirs.rollDegrees * Math.PI) / 180;
  return ((to.y - from.y) * Math.cos(roll) - (to.x - from.x) * Math.sin(roll)) / theirs.box.width;
}

function framed({ box, rollDegrees }: MeasuredFace, { scale, shift }: { scale: number; shift: number }): Box {
  const roll = (rollDegrees * Math.PI) / 180;
  const side = box.width * scale;
  const { x, y } = boxCenter(box);
  return {
    x: x - Math.sin(roll) * shift * box.width - side / 2,
    y: y + Math.cos(roll) * shift * box.width - side / 2,
    width: side,
    height: side,
  };
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * q)]!;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
