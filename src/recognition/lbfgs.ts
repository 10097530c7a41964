/** Minimisation of a smooth convex function of many variables. */

/** Writes the gradient at `point` over `gradient`, and returns the value there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** The first step as a multiple of the gradient, about 1 / curvature. The later ones find their length themselves. */
  readonly firstStep: number;
  /** Where to end: norm of the gradient as a fraction of its norm at the start. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** Where a search ended. */
export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Number of steps taken. */
  readonly iterations: number;
}

/** Number of past steps that model the curvature; Nocedal and Wright find 3 to 20 enough. */
const MEMORY = 10;
/** Part of the decrease that the slope promises and a step must bring: 'c1' of Nocedal and Wright. */
const SUFFICIENT_DECREASE = 1e-4;
/** Where a millionth of a step still leads upwards, rounding has the last word and the minimum is reached. */
const MAX_HALVINGS = 20;

/** A past step and what it changed in the gradient. */
interface CurvaturePair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** step . change, above 0. */
  readonly product: number;
}

/**
 * L-BFGS with a backtracking line search: J. Nocedal and S. Wright, 'Numerical Optimization', 2nd edition, algorithms
 * 7.5 and 3.1. It is deterministic: equal input gives equal output.
 * @param start stays as it is
 * @param onIteration gets every point that is reached, `start` as iteration 0; it is awaited, and ends the search by
 * throwing
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  options: MinimiseOptions,
  onIteration: (iteration: number, value: number) => Promise<void> | void,
): Promise<Minimum> {
  let point = start;
  let gradient = new Float64Array(start.length);
  let value = objective(point, gradient);
  const goal = options.tolerance * norm(gradient);
  const pairs: CurvaturePair[] = [];

  for (let iteration = 0; ; iteration++) {
    await onIteration(iteration, value);
    if (iteration === options.maxIterations || norm(gradient) <= goal) return { point, value, iterations: iteration };

    const direction = descentDirection(gradient, pairs, options.firstStep);
    const slope = dot(gradient, direction);
    const next = new Float64Array(start.length);
    const nextGradient = new Float64Array(start.length);
    let nextValue = Infinity;
    let length = 1;
    for (let halvings = 0; ; halvings++, length /= 2) {
      if (halvings > MAX_HALVINGS) return { point, value, iterations: iteration };
      next.set(point);
      addScaled(next, length, direction);
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + SUFFICIENT_DECREASE * length * slope) break;
    }

    const step = difference(next, point);
    const change = difference(nextGradient, gradient);
    const product = dot(step, change);
    // Convexity makes the product positive. Where rounding has the last word, the pair would spoil the model.
    if (product > Number.EPSILON * dot(change, change)) pairs.push({ step, change, product });
    if (pairs.length > MEMORY) pairs.shift();
    point = next;
    gradient = nextGradient;
    value = nextValue;
  }
}

/** Minus the gradient times the modelled inverse of the curvature: the two-loop recursion, algorithm 7.4. */
function descentDirection(gradient: Float64Array, pairs: readonly CurvaturePair[], firstStep: number): Float64Array {
  const direction = gradient.map((slope) => -slope);
  const shares: number[] = [];
  for (const { step, change, product } of pairs.toReversed()) {
    const share = dot(step, direction) / product;
    addScaled(direction, -share, change);
    shares.push(share);
  }
  const newest = pairs.at(-1);
  const scale = newest === undefined ? firstStep : newest.product / dot(newest.change, newest.change);
  for (let i = 0; i < direction.length; i++) direction[i] = scale * (direction[i] as number);
  for (const { step, change, product } of pairs) {
    const share = shares.pop() as number;
    addScaled(direction, share - dot(change, direction) / product, step);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] as number));
}

/** target += scale * vector */
function addScaled(target: Float64Array, scale: number, vector: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + scale * (vector[i] as number);
}
