/**
 * Which profile of a collection: regularised multinomial logistic regression on length-normalised embeddings.
 *
 * It tells the profiles of one collection from each other and, where it was given examples, from nobody of them: the
 * unknown class. Whether a face is near enough to be anybody's is for the distance to say all the same, see `decision.ts`.
 *
 * Strangers have nothing in common that a linear classifier could learn: as one class, examples of them reject more right
 * people than strangers. So every example is a class of its own, a person who is not enrolled, and the unknown class is
 * their sum. Of the strangers nearer than 0.6 to a gallery of 50, at the cost of 1 to 2 % of the right people, one class
 * rejects a quarter, and 128 classes of one synthetic example 70 % (LFW, see tools/measure/open-set.ts).
 */
import { InfaceError } from '../errors.js';
import { minimise } from './lbfgs.js';
import { assertEmbedding, euclideanNorm } from './template.js';

/** A trained classifier. Plain data, which structured cloning keeps, so that it can be stored. */
export interface Classifier {
  readonly version: 2;
  /** The embedding space of its templates, and so of its probes. */
  readonly space: string;
  /** Length of an embedding. */
  readonly dimension: number;
  /** The classes, in their order. */
  readonly profileIds: readonly string[];
  /** Whether there is an unknown class. */
  readonly hasUnknown: boolean;
  /** One row of `dimension` values per profile, then those of the unknown class, one per example. */
  readonly weights: Float32Array;
  /** One value per row of `weights`. */
  readonly biases: Float32Array;
  /** Number of steps of the training. */
  readonly iterations: number;
  /** Mean regularised cross-entropy at the end, in nats. */
  readonly loss: number;
}

/** The templates of one collection, all of one embedding space. */
export interface TrainingSet {
  /** Embeddings, one row of `dimension` values per template. */
  readonly vectors: Float32Array;
  /** The class of every template, as an index into `profileIds`; -1 for nobody of these. */
  readonly labels: Int32Array | readonly number[];
  /** The classes, each with one template or more. */
  readonly profileIds: readonly string[];
  readonly space: string;
  readonly dimension: number;
}

/** How far a training is. */
export interface TrainingProgress {
  /** 0 before the first step. */
  readonly iteration: number;
  /** The training ends here at the latest; it usually converges after 10 to 40. */
  readonly maxIterations: number;
  /** Mean regularised cross-entropy, in nats. */
  readonly loss: number;
}

/**
 * Strength of the L2 penalty; it is divided by the number of classes, as the loss of each class is. Tried from 1e-7 to
 * 1e-3 on synthetic embeddings that resemble dlib's (10 to 200 profiles of 1 to 10 templates): the share of right
 * answers hardly moves (99.0 to 99.3 % for 200 profiles of 3), but at 1e-7 the mean probability of the favourite exceeds
 * it (95.5 % at 94.2 % right for 200 of 1), and at 1e-3 it is far below (70 % at 99.3 % right for 200 of 3). At 1e-5 it
 * was never above, and 96 % where 99.3 % are right.
 */
const L2_STRENGTH = 1e-5;

/**
 * The gradient's norm at the end, as a fraction of that before the first step. At 1e-4 no probability was further than
 * 0.02 from that at the exact minimum, at 1e-3 up to 0.13 (synthetic embeddings, 2 to 300 profiles).
 */
const TOLERANCE = 1e-4;

const MAX_ITERATIONS = 200;

/** The inner loops take this many templates at once: every weight that is read serves all of them. */
const BLOCK = 4;

/**
 * Trains a classifier. Every profile weighs the same, however many templates it has, and as much as one example of the
 * unknown class, which is there when a label is -1. The result depends on the order of the templates by rounding only.
 *
 * The loss is the mean cross-entropy of the classes plus `l2 / 2` times the squared norm of the weights. It is convex,
 * so there is one minimum. The embeddings are centred first, and the biases only carry that centre over to the probes:
 * without centring the training takes three times as many steps, and biases that are fitted change the share of right
 * answers by at most 0.3 points, in both directions (synthetic embeddings).
 * @param onIteration is awaited before the first step and after every one, so that the worker can answer others in
 * between; it ends the training by throwing, and the error comes out here
 * @throws InfaceError `INVALID_INPUT` when there are no templates, a profile has none or occurs twice, a label names no
 * profile, or a vector is no embedding
 */
export async function trainClassifier(
  set: TrainingSet,
  onIteration: (progress: TrainingProgress) => Promise<void> | void,
): Promise<Classifier> {
  const { space, dimension, profileIds } = set;
  const samples = prepareSamples(set);
  const { classes } = samples;
  const l2 = L2_STRENGTH / classes;
  const { point, value, iterations } = await minimise(
    (weights, gradient) => regularisedLoss(samples, l2, weights, gradient),
    new Float64Array(classes * dimension),
    { firstStep: classes, tolerance: TOLERANCE, maxIterations: MAX_ITERATIONS },
    (iteration, loss) => onIteration({ iteration, maxIterations: MAX_ITERATIONS, loss }),
  );

  const weights = Float32Array.from(point);
  const biases = new Float32Array(classes);
  for (let c = 0; c < classes; c++) {
    let offset = 0;
    for (let d = 0; d < dimension; d++) {
      offset += (weights[c * dimension + d] as number) * (samples.centre[d] as number);
    }
    biases[c] = -offset;
  }
  const hasUnknown = classes > profileIds.length;
  return {
    version: 2,
    space,
    dimension,
    profileIds: [...profileIds],
    hasUnknown,
    weights,
    biases,
    iterations,
    loss: value,
  };
}

/** What a classifier says of one probe. All its probabilities sum to 1. */
export interface Prediction {
  /** Of every profile, 0..1, in the order of `classifier.profileIds`. */
  readonly probabilities: Float32Array;
  /** That of nobody of these, or `null` when the classifier has no unknown class. */
  readonly unknown: number | null;
}

/**
 * The probability of every profile, given that the face is one of them or, where the classifier has an unknown class,
 * whoever it is: softmax over the classes.
 * @param probe of the classifier's embedding space, which the caller makes sure of
 * @throws InfaceError `INVALID_INPUT` when the probe is no embedding of the classifier's dimension
 */
export function predict(classifier: Classifier, probe: Float32Array): Prediction {
  const { weights, biases, dimension, profileIds, hasUnknown } = classifier;
  assertEmbedding(probe, dimension);
  const norm = euclideanNorm(probe);
  const scores = new Float64Array(biases.length);
  for (let c = 0; c < scores.length; c++) {
    let product = 0;
    for (let d = 0; d < dimension; d++) product += (weights[c * dimension + d] as number) * (probe[d] as number);
    scores[c] = product / norm + (biases[c] as number);
  }
  softmax(scores);
  const profiles = profileIds.length;
  return {
    probabilities: Float32Array.from(scores.subarray(0, profiles)),
    unknown: hasUnknown ? scores.subarray(profiles).reduce((sum, probability) => sum + probability, 0) : null,
  };
}

/** The templates as the loss needs them. */
interface Samples {
  readonly dimension: number;
  /** Number of classes: profiles, and examples of the unknown class. */
  readonly classes: number;
  /** Length-normalised and centred, row by row; zero rows of weight 0 fill the last block. */
  readonly rows: Float64Array;
  /** The class of every row. */
  readonly labels: Int32Array;
  /** The weight of every row. All sum to 1, and those of each class to the same. */
  readonly weights: Float64Array;
  /** What was subtracted: the weighted mean of the length-normalised embeddings. */
  readonly centre: Float64Array;
}

function prepareSamples(set: TrainingSet): Samples {
  const { vectors, dimension } = set;
  const count = set.labels.length;
  const { counts, unknowns } = countTemplates(set);
  const classes = counts.length + unknowns;
  const padded = Math.ceil(count / BLOCK) * BLOCK;
  const rows = new Float64Array(padded * dimension);
  const labels = new Int32Array(padded);
  const weights = new Float64Array(padded);
  const centre = new Float64Array(dimension);
  let nextUnknown = counts.length;
  for (let i = 0; i < count; i++) {
    const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
    assertEmbedding(vector, dimension);
    const norm = euclideanNorm(vector);
    const label = set.labels[i] as number;
    const isUnknown = label === -1;
    const weight = 1 / (classes * (isUnknown ? 1 : (counts[label] as number)));
    labels[i] = isUnknown ? nextUnknown++ : label;
    weights[i] = weight;
    for (let d = 0; d < dimension; d++) {
      const value = (vector[d] as number) / norm;
      rows[i * dimension + d] = value;
      centre[d] = (centre[d] as number) + weight * value;
    }
  }
  for (let k = 0; k < count * dimension; k++) rows[k] = (rows[k] as number) - (centre[k % dimension] as number);
  return { dimension, classes, rows, labels, weights, centre };
}

/** Number of templates of every profile, and of the unknown class; refuses a set that cannot be trained on. */
function countTemplates({ vectors, labels, profileIds, dimension }: TrainingSet): {
  readonly counts: readonly number[];
  readonly unknowns: number;
} {
  if (vectors.length !== labels.length * dimension) {
    throw new InfaceError(
      'INVALID_INPUT',
      `${labels.length} labels need ${labels.length * dimension} values of embeddings, got ${vectors.length}.`,
    );
  }
  const different = new Set(profileIds).size;
  if (different === 0 || different !== profileIds.length) {
    throw new InfaceError(
      'INVALID_INPUT',
      `${profileIds.length} profiles were given, ${different} of them different. Give one or more, each once.`,
    );
  }
  const counts = profileIds.map(() => 0);
  let unknowns = 0;
  for (const label of labels) {
    const count = counts[label];
    if (label === -1) {
      unknowns++;
    } else if (count !== undefined) {
      counts[label] = count + 1;
    } else {
      throw new InfaceError(
        'INVALID_INPUT',
        `The label ${label} is no index into ${profileIds.length} profiles, and not -1.`,
      );
    }
  }
  const empty = counts.indexOf(0);
  if (empty >= 0) {
    throw new InfaceError(
      'INVALID_INPUT',
      `The profile '${String(profileIds[empty])}' has no template to train on. Leave it out.`,
    );
  }
  return { counts, unknowns };
}

/** Mean regularised cross-entropy at `weights` (classes x dimension); writes its gradient over `gradient`. */
function regularisedLoss(samples: Samples, l2: number, weights: Float64Array, gradient: Float64Array): number {
  const { classes } = samples;
  let loss = 0;
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k] as number;
    loss += 0.5 * l2 * weight * weight;
    gradient[k] = l2 * weight;
  }
  const block = new Float64Array(BLOCK * classes);
  for (let first = 0; first < samples.weights.length; first += BLOCK) {
    scoreBlock(samples, first, weights, block);
    for (let b = 0; b < BLOCK; b++) {
      const scores = block.subarray(b * classes, (b + 1) * classes);
      const label = samples.labels[first + b] as number;
      const weight = samples.weights[first + b] as number;
      loss += weight * crossEntropy(scores, label);
      // The derivative of the cross-entropy by the scores is the probabilities, less 1 for the right class.
      scores[label] = (scores[label] as number) - 1;
      for (let c = 0; c < classes; c++) scores[c] = weight * (scores[c] as number);
    }
    addBlockGradient(samples, first, block, gradient);
  }
  return loss;
}

/** The scores of four samples: `block` (4 x classes) = rows . weights^T. */
function scoreBlock(
  { rows, dimension, classes }: Samples,
  first: number,
  weights: Float64Array,
  block: Float64Array,
): void {
  const row0 = first * dimension;
  const row1 = row0 + dimension;
  const row2 = row1 + dimension;
  const row3 = row2 + dimension;
  for (let c = 0; c < classes; c++) {
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let d = 0; d < dimension; d++) {
      const weight = weights[c * dimension + d] as number;
      sum0 += weight * (rows[row0 + d] as number);
      sum1 += weight * (rows[row1 + d] as number);
      sum2 += weight * (rows[row2 + d] as number);
      sum3 += weight * (rows[row3 + d] as number);
    }
    block[c] = sum0;
    block[classes + c] = sum1;
    block[2 * classes + c] = sum2;
    block[3 * classes + c] = sum3;
  }
}

/** The gradient by the weights, from that of four samples by their scores: gradient += block^T . rows. */
function addBlockGradient(
  { rows, dimension, classes }: Samples,
  first: number,
  block: Float64Array,
  gradient: Float64Array,
): void {
  const row0 = first * dimension;
  const row1 = row0 + dimension;
  const row2 = row1 + dimension;
  const row3 = row2 + dimension;
  for (let c = 0; c < classes; c++) {
    const slope0 = block[c] as number;
    const slope1 = block[classes + c] as number;
    const slope2 = block[2 * classes + c] as number;
    const slope3 = block[3 * classes + c] as number;
    for (let d = 0; d < dimension; d++) {
      gradient[c * dimension + d] =
        (gradient[c * dimension + d] as number) +
        slope0 * (rows[row0 + d] as number) +
        slope1 * (rows[row1 + d] as number) +
        slope2 * (rows[row2 + d] as number) +
        slope3 * (rows[row3 + d] as number);
    }
  }
}

/** Turns scores into probabilities, in place; returns the cross-entropy of the right class, in nats. */
function crossEntropy(scores: Float64Array, label: number): number {
  const own = scores[label] as number;
  return softmax(scores) - own;
}

/** Turns scores into probabilities, in place; returns the logarithm of the sum of their exponentials. */
function softmax(scores: Float64Array): number {
  let highest = -Infinity;
  for (const score of scores) if (score > highest) highest = score;
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    // Relative to the highest, no exponential overflows.
    const exponential = Math.exp((scores[c] as number) - highest);
    scores[c] = exponential;
    sum += exponential;
  }
  for (let c = 0; c < scores.length; c++) scores[c] = (scores[c] as number) / sum;
  return highest + Math.log(sum);
}
