/** How a frame is searched for faces: what the detector looks at, and what all its looks at one place together say. */
import { offeredSize, type Detection, type FaceDetector } from '../../models/detectors/detector.js';
import type { SecondLook } from '../../models/detectors/detector.js';
import type { DetectorOptions } from '../../api/faces.js';
import { intersectionOverUnion, meanBox, squareAround, suppressNonMaxima, tilesOf } from '../../vision/geometry.js';
import type { Pixels } from '../../vision/image.js';

/** How one frame is searched. */
export interface SearchPlan {
  /** Side of the detector's input for the whole frame in pixels, one that the detector offers. */
  readonly size: number;
  /** Whether overlapping parts of the frame are looked at, too. */
  readonly tiles: 'never' | 'where-it-pays' | 'always';
  /** Whether what is not certain is looked at again, by a detector that can do so. */
  readonly secondLook: boolean;
}

/** Looks of different sizes frame a face differently; boxes that overlap by more than this are of one face. */
const SAME_FACE_IOU = 0.3;

/**
 * Side of a tile as a fraction of the frame's longer side, and how much neighbours share: two tiles along the longer side,
 * and a face of up to 15 % of it is whole in one of them. Tiles of 0.4 find fewer faces of WIDER FACE at as many false ones.
 */
const TILE_SIDE = 0.6;
const TILE_OVERLAP = 0.25;
const TILE_SIZE = 512;
/** Longer side of the smallest frame that has tiles: at 640 px a tile shows as many pixels as the look at the whole. */
const MIN_TILED_SIDE = 640;

/** A face is small below this fraction of the frame's longer side: 23 px of an input of 384. */
const SMALL_FACE = 0.06;
/** Where the first look finds as many small faces as this, it is likely to have missed others. */
const MANY_SMALL_FACES = 2;

/**
 * A video must be quick and shows few, near faces: one look at 256 px. A photo is worth more time. With a second look at
 * what is not certain, 384 px find as many of the faces from 48 px on as 512 px, and half as many false ones
 * (npm run eval -- wider).
 */
export function planSearch(
  pixels: Pixels,
  { sizes, secondLook }: Pick<FaceDetector, 'sizes' | 'secondLook'>,
  wanted: DetectorOptions['detectorSize'] = 'auto',
  moving: boolean,
): SearchPlan {
  if (typeof wanted === 'number') return { size: offeredSize(sizes, wanted), tiles: 'never', secondLook: !moving };
  if (moving && wanted === 'auto') return { size: offeredSize(sizes, 256), tiles: 'never', secondLook: false };
  const longSide = longSideOf(pixels);
  const size = offeredSize(sizes, longSide <= 384 ? 256 : 384);
  if (longSide < MIN_TILED_SIDE) return { size, tiles: 'never', secondLook: true };
  if (wanted === 'group') return { size, tiles: 'always', secondLook: true };
  // Tiles show more faces, and more that look like one: without a second look, they are for those who ask for them.
  return { size, tiles: secondLook ? 'where-it-pays' : 'never', secondLook: true };
}

/**
 * Looks at the whole frame, at its tiles if the plan has them, and again at whatever is neither certain nor hopeless.
 * @param minScore least score of a face, 0..1
 * @returns faces in pixels of the frame, by falling score
 * @throws the signal's reason, before the next look
 */
export async function findFaces(
  detector: FaceDetector,
  pixels: Pixels,
  plan: SearchPlan,
  minScore: number,
  signal: AbortSignal,
): Promise<Detection[]> {
  const look: FaceDetector['detect'] = (...args) => {
    signal.throwIfAborted();
    return detector.detect(...args);
  };
  const again = plan.secondLook ? detector.secondLook : undefined;
  const from = again?.from ?? minScore;
  const passes = [await look(pixels, plan.size, from)];
  if (plan.tiles === 'always' || (plan.tiles === 'where-it-pays' && tilesPay(passes.flat(), pixels, detector))) {
    const side = TILE_SIDE * longSideOf(pixels);
    const size = offeredSize(detector.sizes, Math.min(side, TILE_SIZE));
    const seen: Detection[] = [];
    for (const tile of tilesOf(pixels.width, pixels.height, side, TILE_OVERLAP)) {
      seen.push(...(await look(pixels, size, from, tile)));
    }
    passes.push(seen);
  }
  if (!again) return suppressNonMaxima(passes.flat(), SAME_FACE_IOU);

  const faces: Detection[] = [];
  for (const place of placesOf(passes, again.missed)) {
    const face = place.best.score >= again.certain ? place.best : await lookAgain(look, pixels, place, again);
    if (face.score >= minScore) faces.push(face);
  }
  return suppressNonMaxima(faces, SAME_FACE_IOU);
}

/** Whether tiles are likely to show faces that the look at the whole frame missed: those of a crowd, or any at all. */
function tilesPay(seen: readonly Detection[], pixels: Pixels, { defaultMinScore }: FaceDetector): boolean {
  const faces = seen.filter(({ score }) => score >= defaultMinScore);
  const limit = SMALL_FACE * longSideOf(pixels);
  const small = faces.filter(({ box }) => Math.max(box.width, box.height) < limit);
  return faces.length === 0 || small.length >= MANY_SMALL_FACES;
}

/** Where one or more passes saw something. */
interface Place {
  readonly best: Detection;
  /** The best score of each pass. */
  readonly scores: readonly number[];
}

function placesOf(passes: readonly (readonly Detection[])[], missed: number): Place[] {
  const best = suppressNonMaxima(passes.flat(), SAME_FACE_IOU);
  const isAt = (place: Detection, { box }: Detection) => intersectionOverUnion(place.box, box) > SAME_FACE_IOU;
  return best.map((place) => ({
    best: place,
    scores: passes.map((seen) => Math.max(missed, ...seen.filter((d) => isAt(place, d)).map(({ score }) => score))),
  }));
}

/** A face, scored by all looks at its place, in the mean box of those that saw it. */
async function lookAgain(
  look: FaceDetector['detect'],
  pixels: Pixels,
  { best, scores }: Place,
  { size, cropScales, missed, bias }: SecondLook,
): Promise<Detection> {
  const seen: Detection[] = [best];
  const all = [...scores];
  for (const scale of cropScales) {
    const found = await look(pixels, size, missed, squareAround(best.box, scale));
    const same = found.find(({ box }) => intersectionOverUnion(box, best.box) > SAME_FACE_IOU);
    if (same) seen.push(same);
    all.push(same?.score ?? missed);
  }
  const logit = all.reduce((sum, score) => sum + Math.log(score / (1 - score)), 0) / all.length + bias;
  const { roll } = seen.reduce((a, b) => (b.score > a.score ? b : a));
  return { box: meanBox(seen.map(({ box }) => box)), score: 1 / (1 + Math.exp(-logit)), roll };
}

function longSideOf({ width, height }: Pixels): number {
  return Math.max(width, height);
}
