/** Searches a frame for faces. Plans the passes of the detector and combines their results at each place. */
import { offeredSize, wholeOf, type Detection, type FaceDetector } from '../../models/detectors/detector.js';
import type { SecondLook } from '../../models/detectors/detector.js';
import type { DetectorOptions } from '../../api/faces.js';
import {
  addAngles,
  boxAround,
  boxCenter,
  intersectionOverUnion,
  meanBox,
  squareAround,
  suppressNonMaxima,
  tilesOf,
} from '../../vision/geometry.js';
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

/**
 * Angles from the detected roll at which a face may be instead. BlazeFace detects most faces that are upside down as if
 * they were upright, with a lower score: 0.86 at the 99th percentile of 500 LFW photos of 160 people, turned by 120 to
 * 240 degrees, and 0.92 in another photo. A face with a score of {@link UPRIGHT_SCORE} can only be upside down.
 */
const OTHER_ANGLES = [Math.PI, Math.PI / 2, -Math.PI / 2] as const;
const UPSIDE_DOWN = [Math.PI] as const;
const UPRIGHT_SCORE = 0.9;
/** Difference of two rolls in radians up to which they are the same: 30 degrees, three times the usual error. */
const SAME_ROLL = Math.PI / 6;

/**
 * Least score of an upside-down face that only a pass over the turned photo finds. 43 of 43 LFW faces turned by 180
 * degrees score 0.73 or more. Of 194 parts of WIDER FACE photos without faces, 7 score 0.6 or more, and 1 scores 0.7.
 */
const TURNED_FROM = 0.7;

/**
 * The frame with a border that is searched when a photo seems to have no face. `scale` is its size as a multiple of the
 * photo, `size` that of the input in pixels. Of 104 faces in crops of 2 to 2.5 eye distances, the frame alone yields 59; at 192 px,
 * 1.4 to 2.5 times the frame yields all. A black border does as well as gray or the repeated edge. No part of a WIDER
 * FACE photo without faces has a face here, even with a score of 0.5.
 */
const WIDE = { scale: 1.6, size: 192 } as const;
/** Least side of a face that fills the frame, as a fraction of the frame's shorter side. */
const FILLS_FRAME = 0.45;
/** Sides of the crops around such a face, as multiples of its box. Larger ones would be mostly black. */
const FILLING_SCALES = [1.6, 2] as const;

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
 * Runs the detector on the whole frame, on its tiles if planned, and again on uncertain detections. If a photo seems to
 * have no face, it also searches for one that fills the frame or is upside down.
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
  const again = detector.secondLook;
  const from = again && plan.secondLook ? again.from : minScore;
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

  const closer = { look, pixels, again };
  const faces = await judge(placesOf(passes, again.missed));
  if (!plan.secondLook) return faces;
  if (faces.length > 0) {
    // If one face is not upright, the photo is likely turned, and upright passes miss others.
    const turns = new Set(faces.map(({ roll }) => nearestQuarter(roll)).filter((turn) => turn !== 0));
    for (const turn of turns) faces.push(...(await findTurned(turn, from)));
    return suppressNonMaxima(faces, SAME_FACE_IOU);
  }
  for (const search of [
    () => findFilling(0),
    () => findTurned(Math.PI, Math.max(minScore, TURNED_FROM)),
    () => findFilling(Math.PI),
  ]) {
    const found = await search();
    if (found.length > 0) return found;
  }
  return [];

  async function judge(places: readonly Place[]): Promise<Detection[]> {
    const judged: Detection[] = [];
    for (const place of places) {
      const face = plan.secondLook ? await lookAgain(closer, place) : place.best;
      // Turn only what counts as a face already. The best of four angles would pass more often, and so would false faces.
      if (face.score >= minScore) judged.push(await turnUpright(closer, face, plan.secondLook));
    }
    return suppressNonMaxima(judged, SAME_FACE_IOU);
  }

  async function findTurned(turn: number, least: number): Promise<Detection[]> {
    return judge(placesOf([await look(pixels, plan.size, least, undefined, turn)], again!.missed));
  }

  /** Searches for a face that fills the frame. It has no second pass: from further away, its cut edges show more. */
  async function findFilling(turn: number): Promise<Detection[]> {
    const { x, y, width, height } = wholeOf(pixels);
    const wide = boxAround(boxCenter({ x, y, width, height }), WIDE.scale * width, WIDE.scale * height);
    const seen = await look(pixels, offeredSize(detector.sizes, WIDE.size), minScore, wide, turn);
    const face = seen.find((each) => fillsFrame(pixels, each));
    return face ? [await turnUpright(closer, face, true)] : [];
  }
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

/** The parameters of passes on close crops. */
interface Closer {
  readonly look: FaceDetector['detect'];
  readonly pixels: Pixels;
  readonly again: SecondLook;
}

/**
 * Runs the second pass at a place, unless its score is certain. Returns the mean box of all detections there, with the
 * combined score of all passes.
 */
async function lookAgain(closer: Closer, { best, scores }: Place): Promise<Detection> {
  const { certain, cropScales } = closer.again;
  if (best.score >= certain) return best;
  const close = await lookClosely(closer, best, 0, cropScales);
  return combine([best, ...close.seen], [...scores, ...close.scores], closer.again);
}

/**
 * Runs the detector on close crops of a face at other angles. Returns the face as seen at the best one.
 * @param isThorough whether to try more than one other angle, and also on certain faces
 */
async function turnUpright(closer: Closer, face: Detection, isThorough: boolean): Promise<Detection> {
  const { certain, cropScales, bias } = closer.again;
  if (!isThorough && face.score >= certain) return face;
  const fills = fillsFrame(closer.pixels, face);
  const scales = fills ? FILLING_SCALES : cropScales;
  // A face that fills the frame gets 0.9 at any angle. Only scores in crops of the same size can be compared.
  const upright = fills ? (await lookClosely(closer, face, 0, scales)).scores : [face.score];
  let best: { readonly turn: number; readonly face: Detection } | null = null;
  let [leastScore = 0] = upright;
  for (const turn of isThorough && (fills || face.score < UPRIGHT_SCORE) ? OTHER_ANGLES : UPSIDE_DOWN) {
    const [seen] = (await lookClosely(closer, face, turn, scales.slice(0, 1))).seen;
    // A look that confirms the roll must not raise the score.
    if (!seen || Math.abs(addAngles(seen.roll, -face.roll)) <= SAME_ROLL || seen.score <= leastScore) continue;
    best = { turn, face: seen };
    leastScore = seen.score;
  }
  if (!best) return face;
  const close = await lookClosely(closer, face, best.turn, scales.slice(1));
  const turned = combine([best.face, ...close.seen], [best.face.score, ...close.scores], closer.again);
  return turned.score > (fills ? combinedScore(upright, bias) : face.score) ? turned : face;
}

/**
 * Runs the detector on close crops around a face.
 * @param turn angle in radians from the quarter turn that is nearest to the roll of the face
 * @param scales sides of the crops, as multiples of the longer side of the box
 * @returns the faces at this place, and the score of each pass
 */
async function lookClosely(
  { look, pixels, again: { size, missed } }: Closer,
  { box, roll }: Detection,
  turn: number,
  scales: readonly number[],
): Promise<{ readonly seen: readonly Detection[]; readonly scores: readonly number[] }> {
  const seen: Detection[] = [];
  const scores: number[] = [];
  for (const scale of scales) {
    const found = await look(pixels, size, missed, squareAround(box, scale), nearestQuarter(roll) + turn);
    const same = found.find((other) => intersectionOverUnion(other.box, box) > SAME_FACE_IOU);
    if (same) seen.push(same);
    scores.push(same?.score ?? missed);
  }
  return { seen, scores };
}

/** Returns the mean box of the detections, the score of all passes, and the roll of the best detection. */
function combine(seen: readonly Detection[], scores: readonly number[], { bias }: SecondLook): Detection {
  const { roll } = seen.reduce((a, b) => (b.score > a.score ? b : a));
  return { box: meanBox(seen.map(({ box }) => box)), score: combinedScore(scores, bias), roll };
}

function combinedScore(scores: readonly number[], bias: number): number {
  const logit = scores.reduce((sum, score) => sum + Math.log(score / (1 - score)), 0) / scores.length + bias;
  return 1 / (1 + Math.exp(-logit));
}

/** Returns the nearest multiple of a right angle. Never -pi but pi, so that equal turns compare equal. */
function nearestQuarter(radians: number): number {
  const quarters = Math.round(radians / (Math.PI / 2));
  return ((quarters === -2 ? 2 : quarters) * Math.PI) / 2;
}

function fillsFrame({ width, height }: Pixels, { box }: Detection): boolean {
  return Math.max(box.width, box.height) >= FILLS_FRAME * Math.min(width, height);
}

function longSideOf({ width, height }: Pixels): number {
  return Math.max(width, height);
}
