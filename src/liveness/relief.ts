/**
 * Whether what turns before the camera has the relief of a head.
 *
 * Two views of a plane differ by a homography, two views of a solid by more: what is left when the best homography is
 * undone shows its depth, point by point (parallax). A sheet that is bent has depth, too, but one that is a function of a
 * single direction on the sheet; the nose of a head rises from between eyes, cheeks and mouth on all sides. And the farther
 * something turned, which its foreshortening tells, the more parallax a head must show.
 */
import type { Point } from '../api/types.js';
import { applyHomography, fitHomography, leastSquares } from './homography.js';

/** What the views of some frames say about the shape, compared with the reference. */
export interface Relief {
  /** Root mean square of what no homography explains, as a part of the distance of the outer eye corners. */
  readonly parallax: number;
  /**
   * How much better a head explains it than the best bent sheet: natural logarithm of the quotient of what each leaves over.
   * About 0 for noise, above for a head.
   */
  readonly unbent: number;
  /** Depth of the face for the angle that it turned by, 1 for the mean head; noise where it hardly turned. */
  readonly depth: number;
  /** Angle by which it turned out of the plane, from its foreshortening, in degrees. */
  readonly turnDegrees: number;
}

/** Nose, eye corners, mouth and brows. The jaw's points follow the outline, and the eyelids move. */
const POINTS = [27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45, 48, 51, 54, 57, 17, 19, 21, 22, 24, 26] as const;

/**
 * Depth of these points towards the camera on the mean of 22 heads, as a part of the distance of the outer eye corners:
 * facemesh's on the sample photos, see lab/liveness/heads.json.
 */
const HEAD_DEPTH = [
  0.528, 0.609, 0.695, 0.722, 0.553, 0.599, 0.611, 0.599, 0.553, 0.379, 0.426, 0.426, 0.379, 0.48, 0.617, 0.48, 0.591,
  0.27, 0.451, 0.518, 0.518, 0.451, 0.27,
] as const;

/** Directions in which a sheet may be bent, evenly over half a turn, and the powers that its depth is made of. */
const BEND_DIRECTIONS = 12;
const BEND_POWERS = [2, 3, 4] as const;
/** A basis vector that lost all but this part of its length to the others says nothing of its own. */
const NEGLIGIBLE = 1e-3;

/**
 * What turns of a head show at least. Set on rendered heads and sheets that the landmark net looked at, see docs/liveness.md:
 * the net pulls whatever it sees towards a head, so a sheet that is turned shows some of its relief, too. Looking up shows
 * less: the eyes, the nose and the mouth of a head that nods move much like a tilted plane's.
 */
const HEAD = {
  turn: { parallax: 0.018, unbent: 0.4, depth: 0.5, both: 1.35 },
  nod: { parallax: 0.011, unbent: 0.1, depth: 0.3, both: 0.5 },
} as const;
/** Turns in degrees from which on the depth is told well enough, and parallax beyond which the landmarks are no face's. */
const TURN_TOLD = { least: 20, most: 0.068 } as const;
/** What turned by so much and shows less than this is flat. */
const FLAT = { turnDegrees: 25, parallax: 0.01, depth: 0.3 } as const;

export function isHead({ parallax, unbent, depth, turnDegrees }: Relief, turned: boolean): boolean {
  const least = turned ? HEAD.turn : HEAD.nod;
  if (turned && (turnDegrees < TURN_TOLD.least || parallax > TURN_TOLD.most)) return false;
  return parallax >= least.parallax && unbent >= least.unbent && depth >= least.depth && unbent + depth >= least.both;
}

/** Whether it is flat beyond doubt. */
export function isSheet({ parallax, depth, turnDegrees }: Relief): boolean {
  return turnDegrees >= FLAT.turnDegrees && parallax < FLAT.parallax && depth < FLAT.depth;
}

/** Whether it turned, and shows less than a head would. */
export function isTurnedSheet(relief: Relief, turned: boolean): boolean {
  return relief.turnDegrees >= FLAT.turnDegrees && !isHead(relief, turned);
}

/** Coordinates x of all points, then y, in outer eye distances about their middle. */
type Flow = readonly number[];

/** What one frame shows against the reference. */
export interface View {
  /** What is left when the best homography is undone. */
  readonly flow: Flow;
  /** How much shorter one direction became than the one at right angles to it, 0..1: the cosine of a plane's turn. */
  readonly shrink: number;
}

export interface ReliefMeter {
  /** @param landmarks 68 points @returns `null` where they are no face that a camera could see */
  view(landmarks: readonly Point[]): View | null;
  /** @param views one or more of frames in which it turned to one side: their mean counts, so jitter does not */
  measure(views: readonly View[]): Relief;
}

/** @param reference 68 points of the face when it looked into the camera, best the mean of some frames */
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

  // What a small change of homography does to the points: explained by any plane.
  const planar = orthonormal([
    ...[() => 1, (p: Point) => p.x, (p: Point) => p.y].flatMap((f) => [
      [...places.map(f), ...places.map(() => 0)],
      [...places.map(() => 0), ...places.map(f)],
    ]),
    [...places.map((p) => p.x * p.x), ...places.map((p) => p.x * p.y)],
    [...places.map((p) => p.x * p.y), ...places.map((p) => p.y * p.y)],
  ]);
  /** What depth does to the points: sideways, up and down, and away from the middle, as near things are larger. */
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

/** See {@link View.shrink}; from the affine map that comes nearest. */
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
  // Singular values of [a b; c d]: half the sum and difference of these two.
  const [sum, difference] = [Math.hypot(a + d, b - c), Math.hypot(a - d, b + c)];
  return Math.abs(sum - difference) / (sum + difference);
}

function lengthOf(flow: Flow): number {
  return Math.sqrt(flow.reduce((sum, value) => sum + value * value, 0));
}

/** What is left of a vector when its share in an orthonormal basis is taken away. */
function without(flow: Flow, basis: readonly Flow[]): number[] {
  const left = [...flow];
  for (const axis of basis) {
    let share = 0;
    for (let k = 0; k < left.length; k++) share += (axis[k] as number) * (left[k] as number);
    for (let k = 0; k < left.length; k++) left[k] = (left[k] as number) - share * (axis[k] as number);
  }
  return left;
}

/** An orthonormal basis of what vectors span, by the modified Gram-Schmidt process. */
function orthonormal(vectors: readonly Flow[]): Flow[] {
  const basis: Flow[] = [];
  for (const vector of vectors) {
    const rest = without(without(vector, basis), basis);
    const length = lengthOf(rest);
    if (length > NEGLIGIBLE * lengthOf(vector)) basis.push(rest.map((value) => value / length));
  }
  return basis;
}
