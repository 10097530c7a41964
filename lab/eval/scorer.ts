/** The ways to score the similarity of two faces that the evaluations compare. */
import { distance, type Comparable, type Scoring } from '../../src/recognition/scoring.js';
import { unitLength } from '../../src/recognition/template.js';
import type { Accuracy } from '../../src/api/matching.js';
import type { FaceVectors } from './data.js';

/**
 * A way to compare two faces.
 * The work that depends on one face alone is done once, in `prepare`, because each face is compared with thousands.
 * @typeParam Prepared the result of `prepare`
 */
export interface Scorer<Prepared = unknown> {
  readonly name: string;
  prepare(face: FaceVectors): Prepared;
  /** Higher is more similar. */
  score(a: Prepared, b: Prepared): number;
}

/** Baseline: one chip, the negated Euclidean distance between unnormalized embeddings. */
const euclidean: Scorer<Float32Array> = {
  name: 'euclidean',
  prepare: ({ plain }) => plain,
  score(a, b) {
    let squares = 0;
    for (let d = 0; d < a.length; d++) squares += (a[d]! - b[d]!) ** 2;
    return -Math.sqrt(squares);
  },
};

/** Baseline: one chip, the cosine of the angle between embeddings. */
const cosine: Scorer<Comparable> = {
  name: 'cosine',
  prepare: ({ plain }) => ({ vector: unitLength(plain), commonness: 0 }),
  score: (a, b) => 1 - distance(a, b),
};

/** Scores as the kit does at one accuracy: the mean of the views, normalized by the cohort. */
export function kitScorer(scoring: Scoring, accuracy: Accuracy): Scorer<Comparable> {
  return { name: accuracy, prepare: (face) => scoring.prepare(face[accuracy]), score: (a, b) => -distance(a, b) };
}

/** The two common baselines. */
export const PLAIN_SCORERS: readonly [euclidean: Scorer, cosine: Scorer] = [euclidean, cosine];

/** Returns the baselines, then the kit at each accuracy, ending with the best. */
export function scorersFor(scoring: Scoring): readonly Scorer[] {
  const accuracies: readonly Accuracy[] = ['fast', 'high'];
  return [...PLAIN_SCORERS, ...accuracies.map((accuracy) => kitScorer(scoring, accuracy))];
}
