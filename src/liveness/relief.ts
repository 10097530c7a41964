/**
 * Measures whether an object that turns in front of the camera has the relief of a head.
 *
 * Two views of a plane differ by a homography. Two views of a solid also differ by parallax: the residual after undoing
 * the best homography, which shows the depth of each point. A bent sheet also has depth, but its depth is a function of
 * a single direction on the sheet; the nose of a head rises from between eyes, cheeks and mouth on all sides.
 * Foreshortening gives the angle of the turn, and the larger the angle, the more parallax a head must show.
 */
import type { Point } from '../api/geometry.js';
import { applyHomography, fitHomography, leastSquares } from './homography.js';

/** Shape measured from the views of several frames, relative to the reference. */
export interface Relief {
  /** Root mean square of the residual that no homography explains, as a fraction of outer eye distance. */
  readonly parallax: number;
  /**
   * How much better a head explains the residual than the best bent sheet does. Natural logarithm of the ratio of what
   * the sheet leaves unexplained to what the head does. About 0 for noise, positive for a head.
   */
  readonly unbent: number;
  /** Depth of the face relative to the angle of the turn, 1 for the mean head. Only noise when it hardly turned. */
  readonly depth: number;
  /** Angle of the rotation out of the image plane, derived from the foreshortening, in degrees. */
  readonly turnDegrees: number;
}

/**
 * Nose, eye corners, mouth and brows. Excludes the jaw, whose points follow the outline, and the eyelids, which move.
 */
const POINTS = [27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45, 48, 51, 54, 57, 17, 19, 21, 22, 24, 26] as const;

/**
 * Depth of these points toward the camera, as a fraction of outer eye distance. Mean of 22 heads. The heads are those
 * of facemesh on the sample photos, see lab/liveness/heads.json.
 */
const HEAD_DEPTH = [
  0.528, 0.609, 0.695, 0.722, 0.553, 0.599, 0.611, 0.599, 0.553, 0.379, 0.426, 0.426, 0.379, 0.48, 0.617, 0.48, 0.591,
  0.27, 0.451, 0.518, 0.518, 0.451, 0.27,
] as const;

/** Number of directions in which a sheet may be bent, evenly spaced over half a turn. */
const BEND_DIRECTIONS = 12;
/** Powers of the position along a direction that model the depth of a bent sheet. */
const BEND_POWERS = [2, 3, 4] as const;
/** Fraction of its length below which the rest of a vector is dropped as linearly dependent. */
const NEGLIGIBLE = 1e-3;

/**
 * Least values for a head that turns or nods. Set on rendered heads and sheets, see docs/liveness.md. The landmark
 * model biases all its output toward a head, so a turned sheet also shows some relief. Looking up shows less relief:
 * the eyes, nose and mouth of a nodding head move much like those of a tilted plane.
 */
const HEAD = {
  turn: { parallax: 0.025, unbent: 0.15, depth: 0.57, both: 0.9 },
  nod: { parallax: 0.011, unbent: 0.1, depth: 0.3, both: 0.5 },
} as const;
/** Least turn in degrees that yields a reliable depth, and largest parallax that a face can have. */
const TURN_TOLD = { least: 20, most: 0.09 } as const;
/** Limits for a flat object: it turned by at least this angle, with less than this parallax and depth. */
const FLAT = { turnDegrees: 25, parallax: 0.01, depth: 0.3 } as const;

export function isHead({ parallax, unbent, depth, turnDegrees }: Relief, turned: boolean): boolean {
  const least = turned ? HEAD.turn : HEAD.nod;
  if (turned && (turnDegrees < TURN_TOLD.least || parallax > TURN_TOLD.most)) return false;
  return parallax >= least.parallax && unbent >= least.unbent && depth >= least.depth && unbent + depth >= least.both;
}

/** Checks whether the object is certainly flat. */
export function isSheet({ parallax, depth, turnDegrees }: Relief): boolean {
  return turnDegrees >= FLAT.turnDegrees && parallax < FLAT.parallax && depth < FLAT.depth;
}

/** Checks whether the object turned but shows less relief than a head would. */
export function isTurnedSheet(relief: Relief, turned: boolean): boolean {
  return relief.turnDegrees >= FLAT.turnDegrees && !isHead(relief, turned);
}

/** The x coordinates of all points, then the y coordinates, in outer eye distances from the center. */
type Flow = readonly number[];

/** Difference between one frame and the reference. */
export interface View {
  /** The residual after undoing the best homography. */
  readonly flow: Flow;
  /** Foreshortening: the shortest scale divided by the longest, 0..1. For a plane, the cosine of its turn. */
  readonly shrink: number;
}

export interface ReliefMeter {
  /**
   * @param landmarks 68 points
   * @returns `null` when the landmarks are not those of a face that a camera could see
   */
  view(landmarks: readonly Point[]): View | null;
  /** @param views one or more, from frames in which the object is turned to the same side. Averaged to cancel jitter */
  measure(views: readonly View[]): Relief;
}

/**
 * Creates a meter that compares frames with a reference.
 * @param reference 68 points of a face that looks into the camera, ideally the mean of several frames
 */
export function createReliefMeter(reference: readonly Point[]): ReliefMeter {
  const at = (landmarks: readonly Point[]) => POINTS.map((i) => landmarks[i] as Point);
  const [left, right] = [reference[36] as Point, reference[45] as Point];
  const unit = Math.hypot(right.x - left.x, right.y - left.y);
  const plain = at(reference);
  const n = plain.length;
  const middle = {
    x: plain.reduce((sum, p) => sum + p.x, 0) / n,
    y: plain.reduce((sum, p) => sum + p.y, 0) / n,
  };
  const places = plain.map((p) => ({ x: (p.x - middle.x) / unit, y: (p.y - middle.y) / unit }));

  // Effect of a small change of homography on the points, which any plane explains.
  const planar = orthonormal([
    ...[() => 1, (p: Point) => p.x, (p: Point) => p.y].flatMap((f) => [
      [...places.map(f), ...places.map(() => 0)],
      [...places.map(() => 0), ...places.map(f)],
    ]),
    [...places.map((p) => p.x * p.x), ...places.map((p) => p.x * p.y)],
    [...places.map((p) => p.x * p.y), ...places.map((p) => p.y * p.y)],
  ]);
  /**
   * Returns the effect of depth on the points. It shifts them in x, in y, and away from the center, as near objects
   * appear larger.
   */
  const flowsOf = (depth: readonly number[]): number[][] =>
    [
      [...depth, ...depth.map(() => 0)],
      [...depth.map(() => 0), ...depth],
      [...places.map((p, i) => p.x * (depth[i] as number)), ...places.map((p, i) => p.y * (depth[i] as number))],
    ].map((flow) => without(flow, planar));
  const headFlows = flowsOf(HEAD_DEPTH);
  const head = orthonormal(headFlows);
  const sheets = Array.from({ length: BEND_DIRECTIONS }, (_, k) => {
    const angle = (k * Math.PI) / BEND_DIRECTIONS;
    const along = places.map((p) => p.x * Math.cos(angle) + p.y * Math.sin(angle));
    return orthonormal(BEND_POWERS.flatMap((power) => flowsOf(along.map((u) => u ** power))));
  });

  return {
    view(landmarks) {
      const points = at(landmarks);
      const h = fitHomography(points, plain);
      if (!h) return null;
      const back = points.map((p) => applyHomography(h, p));
      const dx = back.map((p, i) => (p.x - (plain[i] as Point).x) / unit);
      const dy = back.map((p, i) => (p.y - (plain[i] as Point).y) / unit);
      return { flow: without([...dx, ...dy], planar), shrink: foreshortening(places, points) };
    },

    measure(views) {
      const mean = Array.from({ length: 2 * n }, (_, k) =>
        views.reduce((sum, { flow }) => sum + (flow[k] as number) / views.length, 0),
      );
      const overHead = lengthOf(without(mean, head));
      const overSheet = Math.min(...sheets.map((sheet) => lengthOf(without(mean, sheet))));
      const shrink = views.reduce((sum, view) => sum + view.shrink / views.length, 0);
      const [sideways = 0, upwards = 0] =
        leastSquares(
          mean.map((_, k) => headFlows.map((flow) => flow[k] as number)),
          mean,
        ) ?? [];
      const tangent = Math.sqrt(1 / shrink ** 2 - 1);
      return {
        parallax: lengthOf(mean) / Math.sqrt(2 * n),
        unbent: Math.log(overSheet / overHead),
        depth: Math.hypot(sideways, upwards) / tangent,
        turnDegrees: (Math.acos(shrink) * 180) / Math.PI,
      };
    },
  };
}

/** Computes {@link View.shrink} from the affine map that fits best. */
function foreshortening(places: readonly Point[], points: readonly Point[]): number {
  const rows = places.map((p) => [p.x, p.y, 1]);
  const xs = leastSquares(
    rows,
    points.map((p) => p.x),
  );
  const ys = leastSquares(
    rows,
    points.map((p) => p.y),
  );
  const [a = 0, b = 0] = xs ?? [];
  const [c = 0, d = 0] = ys ?? [];
  // The singular values of [a b; c d] are half the sum and half the difference of these two.
  const [sum, difference] = [Math.hypot(a + d, b - c), Math.hypot(a - d, b + c)];
  return Math.abs(sum - difference) / (sum + difference);
}

function lengthOf(flow: Flow): number {
  return Math.sqrt(flow.reduce((sum, value) => sum + value * value, 0));
}

/** Returns the residual of a vector after projecting out an orthonormal basis. */
function without(flow: Flow, basis: readonly Flow[]): number[] {
  const left = [...flow];
  for (const axis of basis) {
    let share = 0;
    for (let k = 0; k < left.length; k++) share += (axis[k] as number) * (left[k] as number);
    for (let k = 0; k < left.length; k++) left[k] = (left[k] as number) - share * (axis[k] as number);
  }
  return left;
}

/** Returns an orthonormal basis of the span of vectors, by the modified Gram-Schmidt process. */
function orthonormal(vectors: readonly Flow[]): Flow[] {
  const basis: Flow[] = [];
  for (const vector of vectors) {
    const rest = without(without(vector, basis), basis);
    const length = lengthOf(rest);
    if (length > NEGLIGIBLE * lengthOf(vector)) basis.push(rest.map((value) => value / length));
  }
  return basis;
}
