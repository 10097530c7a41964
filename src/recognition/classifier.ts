/**
 * Trains and applies the classifier of one collection.
 *
 * A training measures how common each face of the collection is among people, and how near strangers come to all of them.
 * Both are measured on synthetic faces (`background.ts`), so that no data of other people is needed.
 *
 * Alternatives that separate the profiles from each other and from synthetic strangers were tried, alone and added to the
 * distance: multinomial logistic regression with one class for all strangers or one for each of 64 to 256, and one logistic
 * regression per profile against its nearest strangers. With 235 people of three templates each, at FPIR 1, 0.3 and 0.1 % the
 * distance alone finds 94.4, 92.1 and 90.0 %, and the best mix of any of these 94.2, 92.5 and 90.1 %: the few templates of
 * a person show where that person is, and not which features count.
 */
import { InfaceError } from '../api/errors.js';
import { sampleBackground, strangerCount, type Background } from './background.js';
import { distanceAtFpir, probabilityScale, type Calibration } from './decision.js';
import { galleryOf, type Neighbor } from './gallery.js';
import type { Scoring } from './scoring.js';
import { pickRows } from './template.js';

/** A trained classifier. Plain data, which structured cloning keeps, so that it can be stored. */
export interface Classifier {
  readonly version: 3;
  /** The embedding space of its templates, and so of its probes. */
  readonly space: string;
  readonly profileIds: readonly string[];
  /** Commonness of the mean of each profile, in the order of `profileIds`; see `scoring.ts`. */
  readonly commonness: Float32Array;
  /** How much nearer strangers come to these profiles than calibrated, as a negative distance, or 0. */
  readonly strangerShift: number;
}

/** The input of a training. */
export interface TrainingSet {
  readonly space: string;
  /** One or more. */
  readonly profileIds: readonly string[];
  /** The mean of every profile's templates, as in `Gallery`. */
  readonly rows: Float32Array;
  readonly scoring: Scoring;
  readonly calibration: Calibration;
  /** `null` where the embedder has no statistics of many people: then there are none to try. */
  readonly strangers: Strangers | null;
  /** The last training of this collection: of profiles that are as they were, nothing is measured again. */
  readonly before: Training | null;
}

/** Synthetic strangers, the same for all collections: drawn and measured once. */
export interface Strangers {
  /** At least `count` of them, row by row, each one unit long. */
  rows(count: number): Float32Array;
  /** See `scoring.ts`. */
  commonness(index: number): number;
}

/** A neighbor without its row, which changes with the collection. */
type Nearest = Pick<Neighbor, 'profileId' | 'distance'>;

/** A classifier with what it was made of. */
export interface Training {
  readonly classifier: Classifier;
  /** The mean of every profile, in the order of its `profileIds`. */
  readonly rows: Float32Array;
  /** The profile that is nearest to each stranger; `null` where it was removed since. */
  readonly nearest: readonly (Nearest | null)[];
}

/** Progress of a training: profiles and synthetic strangers that were measured. */
export interface TrainingProgress {
  readonly done: number;
  readonly total: number;
}

/** Equal collections get equal classifiers. The cohort is drawn with another seed: it has none of these strangers. */
const STRANGER_SEED = 2;
/**
 * Share of the strangers whose distance is compared with the calibration. The nearest 25 of 500 determine it within a fifth
 * of the rate. At 10, 3 and 1 % the shift is the same within 0.002, a third of a rate.
 */
const COMPARED_RATE = 0.05;
/** Number of faces between two reports of progress: 30 ms at most, and much less where nothing is measured. */
const FACES_PER_STEP = 32;

export function createStrangers(background: Background, scoring: Scoring): Strangers {
  let rows: Float32Array = new Float32Array(0);
  const measured: number[] = [];
  return {
    rows(count) {
      // The same seed gives the same faces: more of them begin with those that were there.
      if (rows.length < count * background.dimension) {
        rows = sampleBackground(background, count, STRANGER_SEED, 'stranger');
      }
      return rows;
    },
    commonness: (index) =>
      (measured[index] ??=
        background.strangerCommonness[index] ?? scoring.commonness(rows, index * background.dimension)),
  };
}

/**
 * Trains a classifier. Measuring the commonness of a face takes 0.1 to 0.2 ms. It is measured for each new or changed
 * profile and, the first time, for 500 to 2,000 strangers if the background does not include it.
 * @param onProgress awaited before the first step and after each one, so that the worker can handle other calls in
 * between. It may throw to end the training; this function then throws the same error
 * @throws InfaceError `INVALID_INPUT` when there are no profiles
 */
export async function trainClassifier(
  { space, profileIds, rows, scoring, calibration, strangers, before }: TrainingSet,
  onProgress: (progress: TrainingProgress) => Promise<void> | void,
): Promise<Training> {
  const size = profileIds.length;
  if (size === 0) {
    throw new InfaceError('INVALID_INPUT', 'A classifier needs templates to learn from. Add images of people.');
  }
  const { dimension } = scoring;
  const tried = strangers ? strangerCount(size) : 0;
  const total = size + tried;
  const known = knownCommonness(before);
  /** Profiles that are as they were, and places of those that are not. */
  const unchanged = new Set<string>();
  const changed: number[] = [];
  const each = async (from: number, to: number, work: (index: number) => void) => {
    for (let i = from; i < to; i++) {
      if (i % FACES_PER_STEP === 0) await onProgress({ done: i, total });
      work(i - from);
    }
  };

  const commonness = new Float32Array(size);
  await each(0, size, (i) => {
    const id = profileIds[i] as string;
    const row = rows.subarray(i * dimension, (i + 1) * dimension);
    const found = known(id, row);
    if (found === undefined) changed.push(i);
    else unchanged.add(id);
    commonness[i] = found ?? scoring.commonness(rows, i * dimension);
  });
  const gallery = galleryOf(profileIds, rows, commonness);
  const changedOnes = galleryOf(
    changed.map((i) => profileIds[i] as string),
    pickRows(rows, dimension, changed),
    Float32Array.from(changed, (i) => commonness[i] as number),
  );
  const nearest: Nearest[] = [];
  const faces = strangers?.rows(tried);
  await each(size, total, (i) => {
    if (!strangers || !faces) return;
    const vector = faces.subarray(i * dimension, (i + 1) * dimension);
    const face = { vector, commonness: strangers.commonness(i) };
    const last = before?.nearest[i] ?? null;
    // Where the nearest one is as it was, all others that are as they were are still no nearer.
    const isKept = last !== null && unchanged.has(last.profileId);
    const [found] = (isKept ? changedOnes : gallery).search(face, 1);
    const best = isKept && !(found && found.distance < last.distance) ? last : found;
    if (best) nearest.push({ profileId: best.profileId, distance: best.distance });
  });
  await onProgress({ done: total, total });
  const found = Float64Array.from(nearest, ({ distance }) => distance).sort()[Math.floor(COMPARED_RATE * tried)];
  const shift = found === undefined ? 0 : found - distanceAtFpir(COMPARED_RATE, size, calibration);
  // Only ever stricter: where synthetic strangers stay far away, real ones who resemble each other may not.
  const strangerShift = Math.min(0, shift);
  return {
    classifier: { version: 3, space, profileIds, commonness, strangerShift },
    rows,
    nearest,
  };
}

/** Returns a training without some profiles. The next one measures the others as if these had never been there. */
export function withoutProfiles(training: Training, gone: ReadonlySet<string>, dimension: number): Training {
  const { classifier, rows, nearest } = training;
  const places = [...classifier.profileIds.keys()].filter((i) => !gone.has(classifier.profileIds[i] as string));
  return {
    classifier: {
      ...classifier,
      profileIds: places.map((i) => classifier.profileIds[i] as string),
      commonness: Float32Array.from(places, (i) => classifier.commonness[i] as number),
    },
    rows: pickRows(rows, dimension, places),
    nearest: nearest.map((neighbor) => (neighbor && gone.has(neighbor.profileId) ? null : neighbor)),
  };
}

/** How common a profile was found, for means that are the same to the last bit. */
function knownCommonness(before: Training | null): (profileId: string, row: Float32Array) => number | undefined {
  if (!before) return () => undefined;
  const { classifier, rows } = before;
  const places = new Map(classifier.profileIds.map((id, i) => [id, i]));
  return (profileId, row) => {
    const place = places.get(profileId);
    if (place === undefined) return undefined;
    for (let d = 0; d < row.length; d++) if (row[d] !== rows[place * row.length + d]) return undefined;
    return classifier.commonness[place];
  };
}

/** Distances of one probe: the nearest profiles exactly, and all others by an even sample. */
export interface MeasuredProfiles {
  readonly nearest: readonly Pick<Neighbor, 'row' | 'distance'>[];
  /** Distances to the rows 0, `stride`, 2 `stride` and so on, the nearest ones included. */
  readonly sample: Float64Array;
  /** 1 when the sample holds every profile. */
  readonly stride: number;
  /** Number of profiles. */
  readonly size: number;
}

/** Probabilities of one probe. */
export interface Prediction {
  /** Probability of each of the nearest profiles, 0..1, in their order. */
  readonly probabilities: readonly number[];
  /** Probability that the probe is none of the profiles, 0..1. */
  readonly unknown: number;
}

/**
 * Computes the probabilities of the nearest profiles. The odds of two of them are the inverse ratio of the false match
 * rates at their distances. The unknown class has the odds of a profile at the threshold of the decision.
 *
 * Probabilities of all profiles and of the unknown class sum to 1. The share of the profiles that are not among the
 * nearest is estimated from the sample, exactly with a stride of 1. Where false match rates are as calibrated, the r-th nearest
 * profile has 1 / r of the odds of the nearest, so the standard error of the estimate is sqrt(stride / k) times those odds
 * for k nearest profiles. Ratios between the nearest profiles, and so decisions, do not depend on the estimate.
 * @param unknownDistance threshold of the decision
 */
export function predict(
  { nearest, sample, stride, size }: MeasuredProfiles,
  unknownDistance: number,
  calibration: Calibration,
): Prediction {
  const scale = probabilityScale(calibration);
  // Relative to the least distance, no exponential overflows, and one is 1.
  const least = nearest.reduce((all, { distance }) => Math.min(all, distance), unknownDistance);
  const oddsAt = (distance: number) => Math.exp((least - distance) / scale);
  const odds = nearest.map(({ distance }) => oddsAt(distance));
  const unknownOdds = oddsAt(unknownDistance);
  const rows = new Set(nearest.map(({ row }) => row));
  let [others, otherOdds] = [0, 0];
  for (const [i, distance] of sample.entries()) {
    if (rows.has(i * stride)) continue;
    others++;
    otherOdds += oddsAt(distance);
  }
  if (others > 0) otherOdds *= (size - nearest.length) / others;
  const sum = odds.reduce((all, value) => all + value, unknownOdds + otherOdds);
  return { probabilities: odds.map((value) => value / sum), unknown: unknownOdds / sum };
}
