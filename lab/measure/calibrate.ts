/** What distances mean: measured on LFW, for the calibration of an embedder's manifest entry. */
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
const ACCURACIES: readonly Accuracy[] = ['fast', 'balanced', 'high'];
/** Templates per profile: what the kit recommends. */
const ENROLLED = 3;

export type Curve = readonly (readonly [distance: number, rate: number])[];

export interface MeasuredCalibration {
  readonly fmr: Readonly<Record<Accuracy, Curve>>;
  readonly profile: Curve;
  readonly commonness: number;
}

/** The two halves of the people are another split than the one that the calibration is checked on. */
const SPLIT = 1;

/**
 * The distances at round false match rates, of two photos and of a photo and a profile, and how common profiles are. Each
 * half of the people is measured with a cohort of the other: among the people of its own statistics a cohort keeps strangers
 * further apart than among others, and rates would be promised that are not kept.
 * @param scoringOf makes a scoring of statistics of people
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
  const profiles = halves.map(({ people, scoring }) => measureProfiles(people, scoring));
  return {
    fmr: Object.fromEntries(curves) as Record<Accuracy, Curve>,
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

/** Profiles of three photos, and everybody of whom there are fewer as a stranger; distances ascending. */
function measureProfiles(people: readonly Person[], scoring: Scoring) {
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
  const { rows, size } = createGallery(templates, '', 0);
  const commonness = Float32Array.from({ length: size }, (_, i) => scoring.commonness(rows, i * scoring.dimension));
  const gallery = createGallery(templates, '', commonness);
  const strangers = people.filter(({ photos }) => photos.length <= ENROLLED).flatMap(({ photos }) => photos);
  const distances = new Float32Array(strangers.length * size);
  strangers.forEach(({ balanced }, i) => {
    distances.set(gallery.distances(scoring.prepare(balanced)), i * size);
  });
  return { distances: distances.sort(), commonness: mean([...commonness]) };
}

/** The background statistics of people. @param components number of centres */
export function backgroundOf(people: readonly Person[], components: number): Background {
  return fitBackground(
    people.map(({ photos }) => photos.map(({ balanced }) => balanced)),
    components,
  );
}

/** The distance of best accuracy on view 2, the mean of its folds. */
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
