/** How alike two faces are: the ways that are compared with each other. */
import { distance, type Comparable, type Scoring } from '../../src/recognition/scoring.js';
import { unitLength } from '../../src/recognition/template.js';
import type { Accuracy } from '../../src/api/matching.js';
import type { FaceVectors } from './data.js';

/**
 * A way to compare. What depends on one face alone is done once, in `prepare`, for every face meets thousands.
 * @typeParam Prepared whatever `prepare` makes of a face
 */
export interface Scorer<Prepared = unknown> {
  readonly name: string;
  prepare(face: FaceVectors): Prepared;
  /** Higher is more alike. */
  score(a: Prepared, b: Prepared): number;
}

/** The plain line: one chip, the Euclidean distance of embeddings as they are, negated. */
const euclidean: Scorer<Float32Array> = {
  name: 'euclidean',
  prepare: ({ plain }) => plain,
  score(a, b) {
    let squares = 0;
    for (let d = 0; d < a.length; d++) squares += (a[d]! - b[d]!) ** 2;
    return -Math.sqrt(squares);
  },
};

/** One chip, the cosine of the angle between embeddings. */
const cosine: Scorer<Comparable> = {
  name: 'cosine',
  prepare: ({ plain }) => ({ vector: unitLength(plain), commonness: 0 }),
  score: (a, b) => 1 - distance(a, b),
};

/** What the kit does at one accuracy: the mean of its views, normalised by the cohort. */
export function kitScorer(scoring: Scoring, accuracy: Accuracy): Scorer<Comparable> {
  return { name: accuracy, prepare: (face) => scoring.prepare(face[accuracy]), score: (a, b) => -distance(a, b) };
}

/** The two plain ways that others use. */
export const PLAIN_SCORERS: readonly [euclidean: Scorer, cosine: Scorer] = [euclidean, cosine];

/** The plain ones first, then the kit at each accuracy; the last one is its best. */
export function scorersFor(scoring: Scoring): readonly Scorer[] {
  const accuracies: readonly Accuracy[] = ['fast', 'balanced', 'high'];
  return [...PLAIN_SCORERS, ...accuracies.map((accuracy) => kitScorer(scoring, accuracy))];
}
