/** Measures the calibration of distances on LFW, for an embedder's manifest entry. */
import { halfOf, peopleOf, type Lfw, type LfwPhoto, type Person } from '../eval/data.js';
import { crossPairs } from '../eval/lfw.js';
import { kitScorer } from '../eval/scorer.js';
import { crossValidate, mean, thresholdAtRate } from '../eval/statistics.js';
import { createGallery } from '../../src/recognition/gallery.js';
import type { Background } from '../../src/recognition/background.js';
import type { Scoring } from '../../src/recognition/scoring.js';
import type { Accuracy } from '../../src/api/matching.js';
import { fitBackground } from './background.js';

const RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
const ACCURACIES: readonly Accuracy[] = ['fast', 'high'];
/** Templates per profile, as the kit recommends. */
const ENROLLED = 3;

export type Curve = readonly (readonly [distance: number, rate: number])[];

export interface MeasuredCalibration {
  readonly fmr: Readonly<Record<Accuracy, Curve>>;
  readonly profile: Curve;
  readonly commonness: number;
}

/** Split into halves, different from the one on which the calibration is checked. */
const SPLIT = 1;

/**
 * Measures the distances at round false match rates, and how common profiles are.
 *
 * Measures pairs of two photos, and of a photo and a profile. Each half of the people is measured with a cohort of the
 * other half: a cohort separates the people it was made of better than others, which would yield rates that do not hold
 * in use.
 * @param scoringOf makes a scoring from statistics of people
 */
export function measureCalibration(
  photos: readonly LfwPhoto[],
  scoringOf: (people: readonly Person[]) => Scoring,
): MeasuredCalibration {
  const halves = ([0, 1] as const).map((half) => {
    const isIn = ({ name }: LfwPhoto) => halfOf(name, SPLIT) === half;
    const own = photos.filter(isIn);
    return { own, people: peopleOf(own), scoring: scoringOf(peopleOf(photos.filter((photo) => !isIn(photo)))) };
  });
  const curves = ACCURACIES.map((accuracy) => {
    const distances = halves.map(({ own, scoring }) => crossPairs(own, kitScorer(scoring, accuracy)).different);
    return [accuracy, meanCurve(distances.map((scores) => (rate) => -thresholdAtRate(scores, rate)))] as const;
  });
  const fmr = Object.fromEntries(curves) as Record<Accuracy, Curve>;
  const profiles = halves.map(({ people, scoring }) => measureProfiles(people, scoring, { fmr }));
  return {
    fmr,
    profile: meanCurve(
      profiles.map(
        ({ distances }) =>
          (rate) =>
            distances[Math.floor(rate * distances.length)]!,
      ),
    ),
    commonness: mean(profiles.map(({ commonness }) => commonness)),
  };
}

/**
 * Compares profiles of three photos with all photos; people with fewer photos are strangers.
 * Returns distances, ascending.
 */
function measureProfiles(
  people: readonly Person[],
  scoring: Scoring,
  curves: { readonly fmr: Readonly<Record<Accuracy, Curve>> },
) {
  const templates = people
    .filter(({ photos }) => photos.length > ENROLLED)
    .flatMap(({ name, photos }) =>
      photos.slice(0, ENROLLED).map(({ high }, i) => ({
        id: `${name} ${i}`,
        profileId: name,
        space: '',
        vector: high,
        quality: null,
        createdAt: '',
      })),
    );
  const { rows, size } = createGallery(templates, '', 0, curves);
  const commonness = Float32Array.from({ length: size }, (_, i) => scoring.commonness(rows, i * scoring.dimension));
  const gallery = createGallery(templates, '', commonness, curves);
  const strangers = people.filter(({ photos }) => photos.length <= ENROLLED).flatMap(({ photos }) => photos);
  const distances = new Float32Array(strangers.length * size);
  strangers.forEach(({ fast }, i) => {
    distances.set(gallery.distances(scoring.prepare(fast)), i * size);
  });
  return { distances: distances.sort(), commonness: mean([...commonness]) };
}

/**
 * Returns the background statistics of people.
 * @param components number of centers
 */
export function backgroundOf(people: readonly Person[], components: number): Background {
  return fitBackground(
    people.map(({ photos }) => photos.map(({ fast }) => fast)),
    components,
  );
}

/** Returns the distance with the best accuracy on view 2, as the mean over its folds. */
export function bestDistance({ pairs }: Lfw, scoring: Scoring, accuracy: Accuracy): number {
  const scorer = kitScorer(scoring, accuracy);
  const { thresholds } = crossValidate(
    pairs.map(({ fold, same, first, second }) => {
      const [a, b] = [first.vectors, second.vectors];
      return { fold, same, score: a && b ? scorer.score(scorer.prepare(a), scorer.prepare(b)) : NaN };
    }),
  );
  return -mean(thresholds);
}

function meanCurve(halves: readonly ((rate: number) => number)[]): Curve {
  return RATES.map((rate) => [Number(mean(halves.map((at) => at(rate))).toFixed(4)), rate] as const);
}
