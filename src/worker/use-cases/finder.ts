/** Searches a frame for faces. Plans the passes of the detector and combines their results at each place. */
import { offeredSize, type Detection, type FaceDetector } from '../../models/detectors/detector.js';
import type { SecondLook } from '../../models/detectors/detector.js';
import type { DetectorOptions } from '../../api/faces.js';
import { intersectionOverUnion, meanBox, squareAround, suppressNonMaxima, tilesOf } from '../../vision/geometry.js';
import type { Pixels } from '../../vision/image.js';

/** A plan for searching one frame. */
export interface SearchPlan {
  /** Longer side of the detector's input for the whole frame, in pixels. The detector must offer this size. */
  readonly size: number;
  /** Whether to search overlapping tiles of the frame as well. */
  readonly tiles: 'never' | 'where-it-pays' | 'always';
  /** Whether to run a second pass on uncertain detections, if the detector supports it. */
  readonly secondLook: boolean;
}

/** IoU above which two boxes show the same face. Passes of different sizes frame a face differently. */
const SAME_FACE_IOU = 0.3;

/**
 * Side of a tile as a fraction of the frame's longer side, and its overlap as a fraction of the side. Two tiles cover
 * the longer side, and any face of up to 15 % of it lies entirely in one of them. Tiles of 0.4 find fewer faces of
 * WIDER FACE at the same number of false positives.
 */
const TILE_SIDE = 0.6;
const TILE_OVERLAP = 0.25;
const TILE_SIZE = 512;
/**
 * Longer side of the smallest frame with tiles. At 640 px, a tile has the same resolution as the pass over the whole
 * frame.
 */
const MIN_TILED_SIDE = 640;

/** Fraction of the longer side of the frame below which a face is small: 23 px of an input of 384. */
const SMALL_FACE = 0.06;
/** Minimum number of small faces in the first pass that suggests it missed others. */
const MANY_SMALL_FACES = 2;

/**
 * Plans the search of a frame. Videos need speed and show a few near faces, so they get one pass at 256 px. Photos get
 * more time: with a second pass on uncertain detections, 384 px finds as many of the faces of 48 px or more as 512 px
 * does, and half as many false positives (npm run eval -- wider).
 */
export function planSearch(
  pixels: Pixels,
  { sizes, secondLook }: Pick<FaceDetector, 'sizes' | 'secondLook'>,
  mode: NonNullable<DetectorOptions['mode']>,
  { detectorSizePx, search = detectorSizePx === undefined ? 'auto' : 'whole' }: DetectorOptions,
): SearchPlan {
  const longSide = longSideOf(pixels);
  const isPhoto = mode === 'photo';
  const size = offeredSize(sizes, detectorSizePx ?? (isPhoto && longSide > 384 ? 384 : 256));
  return { size, tiles: longSide < MIN_TILED_SIDE ? 'never' : tiles(), secondLook: isPhoto };

  function tiles(): SearchPlan['tiles'] {
    if (search !== 'auto') return search === 'tiles' ? 'always' : 'never';
    // Tiles find more faces, but also more false positives. Without a second pass, use them only on request.
    return isPhoto && secondLook ? 'where-it-pays' : 'never';
  }
}

/**
 * Runs the detector on the whole frame, on its tiles if planned, and again on uncertain detections.
 * @param minScore least score of a face, 0..1
 * @returns faces in pixels of the frame, by descending score
 * @throws the signal's reason, before the next pass
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

/** Checks whether the first pass probably missed faces. True for several small faces, or no faces at all. */
function tilesPay(seen: readonly Detection[], pixels: Pixels, { defaultMinScore }: FaceDetector): boolean {
  const faces = seen.filter(({ score }) => score >= defaultMinScore);
  const limit = SMALL_FACE * longSideOf(pixels);
  const small = faces.filter(({ box }) => Math.max(box.width, box.height) < limit);
  return faces.length === 0 || small.length >= MANY_SMALL_FACES;
}

/** A place where one or more passes detected a face. */
interface Place {
  readonly best: Detection;
  /** The highest score of each pass. */
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

/**
 * Runs the second pass at a place. Returns the mean box of all detections there, with the combined score of all passes.
 */
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
