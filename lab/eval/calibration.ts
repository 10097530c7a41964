/**
 * Checks that requested error rates are kept on people that nothing was fitted to.
 *
 * The background statistics and the calibration are fitted on the first half of the people (see halfOf) and checked on
 * the second half. LFW is not balanced over demographic groups.
 */
import { fmrCurve, matchThreshold, similarityAt } from '../../src/recognition/decision.js';
import type { Comparable } from '../../src/recognition/scoring.js';
import type { Accuracy } from '../../src/api/matching.js';
import { backgroundOf, measureCalibration } from '../measure/calibrate.js';
import {
  folderOf,
  halfOf,
  loadLfw,
  peopleOf,
  type FaceVectors,
  type LfwPhoto,
  type Person,
  type Settings,
} from './data.js';
import { identifyLikeTheKit, readEmbedder, withScoring, type EmbedderData } from './identify.js';
import { crossPairs } from './lfw.js';
import { knownPeople, splitIntoGalleries, type Known } from './open-set.js';
import { percent, rateKey, type Outcome } from './report.js';
import { kitScorer, type Scorer } from './scorer.js';
import { shareAbove } from './statistics.js';

const FMRS = [1e-2, 1e-3, 1e-4, 1e-5];
const FPIRS = [0.1, 0.01, 0.003, 0.001];
const GALLERIES = [10, 50, Infinity];
/** Small collections of people who are enrolled with few photos. */
const SMALL_GALLERIES = [1, 5, 20];
const FEW_PHOTOS = [1, 2, 3];
/** Number of small collections of each kind. */
const MAX_SMALL = 25;
const ACCURACIES: readonly Accuracy[] = ['fast', 'high'];
/** Components of the mixture. The shipped one has about 38 centers for twice as many people. */
const COMPONENTS = 32;

export async function runCalibration(settings: Settings): Promise<Outcome> {
  const folder = folderOf(settings, 'lfw');
  if (folder === null) return { skipped: 'no lfw/ in the data' };
  const { photos } = await loadLfw(folder, settings.models, settings.limit);
  const checked = photos.filter(({ name }) => halfOf(name) === 1);
  const people = peopleOf(checked);
  const embedder = fitOn(
    photos.filter(({ name }) => halfOf(name) === 0),
    readEmbedder(settings.models),
  );

  const match = ACCURACIES.flatMap((accuracy) => checkMatch(checked, embedder, accuracy));
  console.log(`1:1, all pairs of ${checked.length} photos of ${people.length} people`);
  console.table(
    match.map(({ accuracy, asked, fmr, fnmr }) => ({ accuracy, ...ratio(asked, fmr), 'FNMR %': percent(fnmr) })),
  );

  const known = knownPeople(people);
  const strangers = people.filter(({ photos: own }) => own.length < 4).flatMap(({ photos: own }) => own);
  const identify: Record<string, Awaited<ReturnType<typeof checkIdentify>>> = {};
  for (const size of GALLERIES) {
    for (const train of [false, true]) {
      const galleries = splitIntoGalleries(known, size);
      if (galleries.length === 0) continue;
      const key = `${galleries[0]!.length} people, ${train ? 'trained' : 'untrained'}`;
      console.error(`calibration: ${galleries.length} galleries of ${key}`);
      identify[key] = await checkIdentify(galleries, strangers, embedder, train);
    }
  }
  for (const enrolled of FEW_PHOTOS) {
    const few = knownPeople(people, enrolled);
    for (const size of SMALL_GALLERIES) {
      for (const train of [false, true]) {
        const galleries = splitIntoGalleries(few, size).slice(0, MAX_SMALL);
        if (galleries.length === 0) continue;
        const key = `${size} people, ${enrolled} photos each, ${train ? 'trained' : 'untrained'}`;
        console.error(`calibration: ${galleries.length} galleries of ${key}`);
        identify[key] = await checkIdentify(galleries, strangers, embedder, train);
      }
    }
  }
  console.log(`1:N, ${strangers.length} photos of strangers in galleries of ${known.length} known people`);
  console.table(
    Object.fromEntries(
      Object.entries(identify).flatMap(([key, rows]) =>
        rows.map(({ asked, fpir, dir }) => [`${key}, ${asked}`, { ...ratio(asked, fpir), 'DIR %': percent(dir) }]),
      ),
    ),
  );
  return { json: { calibration: { people: people.length, match, identify } } };
}

/** Returns the embedder with statistics and curves fitted to these photos, if it has statistics at all. */
function fitOn(photos: readonly LfwPhoto[], embedder: EmbedderData): EmbedderData {
  const { entry } = embedder;
  const statisticsOf = (people: readonly Person[], components: number) =>
    embedder.background && backgroundOf(people, components);
  const measured = measureCalibration(
    photos,
    (people) => withScoring(entry, statisticsOf(people, COMPONENTS / 2)).scoring,
  );
  const calibration = { ...entry.calibration, ...measured };
  return withScoring({ ...entry, calibration }, statisticsOf(peopleOf(photos), COMPONENTS));
}

/** Measures the decisions of `match` with `maxFmr` on all pairs of photos. */
function checkMatch(
  photos: readonly LfwPhoto[],
  { entry: { calibration }, scoring }: EmbedderData,
  accuracy: Accuracy,
) {
  const scorer = kitScorer(scoring, accuracy);
  const asSimilarity: Scorer<Comparable> = {
    ...scorer,
    score: (a: Comparable, b: Comparable) => similarityAt(-scorer.score(a, b), calibration),
  };
  const { same, different } = crossPairs(photos, asSimilarity);
  return FMRS.map((asked) => {
    // The kit also matches at exactly the threshold; a score exactly there is not expected.
    const threshold = matchThreshold({ maxFmr: asked }, fmrCurve(calibration, accuracy, 1), calibration);
    return { accuracy, asked, fmr: shareAbove(different, threshold), fnmr: 1 - shareAbove(same, threshold) };
  });
}

/** Measures the decisions of `identify` with `maxFpir`. */
async function checkIdentify(
  galleries: readonly (readonly Known[])[],
  strangers: readonly FaceVectors[],
  embedder: EmbedderData,
  train: boolean,
) {
  const named = FPIRS.map(() => ({ strangers: 0, right: 0 }));
  let probes = 0;
  for (const gallery of galleries) {
    const identify = await identifyLikeTheKit(
      gallery.map((person) => person.enrolled),
      embedder,
      train,
    );
    for (const [i, fpir] of FPIRS.entries()) {
      for (const stranger of strangers) {
        if ((await identify(stranger, fpir)).outcome === 'identified') named[i]!.strangers++;
      }
      for (const { enrolled: person, probes: own } of gallery) {
        for (const probe of own) {
          const face = await identify(probe, fpir);
          if (face.outcome === 'identified' && face.profileId === person.name) named[i]!.right++;
        }
      }
    }
    probes += gallery.reduce((sum, person) => sum + person.probes.length, 0);
  }
  return FPIRS.map((asked, i) => ({
    asked,
    fpir: named[i]!.strangers / (strangers.length * galleries.length),
    dir: named[i]!.right / probes,
  }));
}

function ratio(asked: number, measured: number) {
  return { asked: rateKey(asked), measured: rateKey(measured), 'measured / asked': (measured / asked).toFixed(2) };
}
