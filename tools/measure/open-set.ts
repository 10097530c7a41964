/**
 * Open-set identification on LFW, which sets the constants of the unknown class: `npx tsx tools/measure/open-set.ts --data
 * DIR`, DIR a folder with `images/` and `pairs.txt`.
 *
 * People with 4 photos or more are known: their first three are enrolled, up to 10 others are probes. People with one
 * photo are strangers. The background statistics are fitted on people with 2 or 3 photos and two thirds of the strangers;
 * the remaining third is tested, in turns. A gallery smaller than all known people is one of several disjoint ones.
 */
import { backgroundCount, sampleBackground, type Background } from '../../src/recognition/background.js';
import { predict, trainClassifier, type Classifier } from '../../src/recognition/classifier.js';
import { decideIdentity, identificationThreshold, similarityAt } from '../../src/recognition/decision.js';
import { createGallery, type Gallery } from '../../src/recognition/gallery.js';
import { DLIB_INT8 } from '../models/entries.js';
import { fitBackground } from './background.js';
import { lfwFolder, loadLfw, peopleOf, unitLength, type Lfw } from './lfw.js';

const ENROLLED = 3;
const MAX_PROBES = 10;
const FOLDS = 3;
const GALLERIES = [10, 50, 100, Infinity];
const RATES = [0.01, 0.003];
const PEOPLE_PER_CENTRE = 38;
const SPACE = DLIB_INT8.embeddingSpace;
const { calibration } = DLIB_INT8;

type Method = 'nearest' | 'no unknown class' | 'unknown class';

interface Known {
  readonly name: string;
  readonly enrolled: readonly Float32Array[];
  readonly probes: readonly Float32Array[];
}

/** One identification: how near the one who would be named is, Infinity where nobody would be. */
interface Trial {
  readonly distance: number;
  readonly isRight: boolean;
}

interface Trials {
  readonly probes: Trial[];
  readonly strangers: Trial[];
}

const folder = lfwFolder(process.argv);
if (folder === null) console.log('skipped: no data (--data DIR, with images/ and pairs.txt of LFW)');
else await measure(await loadLfw(folder));

async function measure(lfw: Lfw): Promise<void> {
  const people = peopleOf(lfw.photos);
  const known = people
    .filter(({ photos }) => photos.length > ENROLLED)
    .map(({ name, photos }): Known => {
      const [enrolled, probes] = [photos.slice(0, ENROLLED), photos.slice(ENROLLED, ENROLLED + MAX_PROBES)];
      return { name, enrolled, probes };
    });
  const few = people.filter(({ photos }) => photos.length === 2 || photos.length === 3);
  const strangers = people.filter(({ photos }) => photos.length === 1);
  const folds = Array.from({ length: FOLDS }, (_, fold) => {
    const others = strangers.filter((_person, i) => i % FOLDS !== fold);
    const cohort = [...few, ...others].map(({ photos }) => photos.map(unitLength));
    return {
      background: fitBackground(cohort, Math.floor(cohort.length / PEOPLE_PER_CENTRE)),
      strangers: strangers.filter((_person, i) => i % FOLDS === fold).map(({ photos }) => photos[0]!),
    };
  });
  console.log(`${known.length} known people, ${strangers.length} strangers, ${FOLDS} folds`);

  for (const size of GALLERIES) {
    const count = Math.min(size, known.length);
    const groups = Array.from({ length: Math.floor(known.length / count) }, (_, g) =>
      // Every so many-th, for the names are sorted.
      known.filter((_person, i) => i % Math.floor(known.length / count) === g).slice(0, count),
    );
    const trials: Record<Method, Trials> = {
      nearest: { probes: [], strangers: [] },
      'no unknown class': { probes: [], strangers: [] },
      'unknown class': { probes: [], strangers: [] },
    };
    const trainingMs = { 'no unknown class': 0, 'unknown class': 0 };
    for (const group of groups) {
      const gallery = galleryOf(group);
      const plain = await timed(() => train(group, null));
      trainingMs['no unknown class'] += plain.ms / groups.length;
      for (const [seed, { background, strangers: tested }] of folds.entries()) {
        const withUnknown = await timed(() => train(group, { background, seed }));
        trainingMs['unknown class'] += withUnknown.ms / groups.length / FOLDS;
        for (const [method, classifier] of [
          ['nearest', null],
          ['no unknown class', plain.value],
          ['unknown class', withUnknown.value],
        ] as const) {
          for (const { name, probes } of group) {
            for (const probe of probes) trials[method].probes.push(identify(gallery, classifier, probe, name));
          }
          for (const stranger of tested) trials[method].strangers.push(identify(gallery, classifier, stranger, null));
        }
      }
    }
    report(`${groups.length} galleries of ${count}`, trials, ENROLLED * count);
    console.log(
      `training, ms: ${Math.round(trainingMs['no unknown class'])} without and ${Math.round(trainingMs['unknown class'])} with ` +
        `${backgroundCount(ENROLLED * count)} synthetic embeddings\n`,
    );
  }
}

function galleryOf(group: readonly Known[]): Gallery {
  return createGallery(
    group.flatMap(({ name, enrolled }) =>
      enrolled.map((vector, i) => ({ id: `${name} ${i}`, profileId: name, space: SPACE, vector, createdAt: '' })),
    ),
    SPACE,
  );
}

function train(
  group: readonly Known[],
  unknown: { readonly background: Background; readonly seed: number } | null,
): Promise<Classifier> {
  const rows = group.flatMap(({ enrolled }, label) => enrolled.map((vector) => ({ vector, label })));
  const { dimension } = DLIB_INT8;
  const count = unknown ? backgroundCount(rows.length) : 0;
  const vectors = new Float32Array((rows.length + count) * dimension);
  rows.forEach(({ vector }, i) => {
    vectors.set(vector, i * dimension);
  });
  if (unknown) vectors.set(sampleBackground(unknown.background, count, unknown.seed), rows.length * dimension);
  const labels = [...rows.map(({ label }) => label), ...Array.from({ length: count }, () => -1)];
  const profileIds = group.map(({ name }) => name);
  return trainClassifier({ vectors, labels, profileIds, space: SPACE, dimension }, () => undefined);
}

/** The kit's own decision with nearness left out, so that any threshold can be applied to the distance afterwards. */
function identify(gallery: Gallery, classifier: Classifier | null, probe: Float32Array, name: string | null): Trial {
  const distances = gallery.distances(probe);
  const prediction = classifier ? predict(classifier, probe) : null;
  const order = [...distances.keys()].sort((a, b) =>
    prediction ? prediction.probabilities[b]! - prediction.probabilities[a]! : distances[a]! - distances[b]!,
  );
  const candidates = order.slice(0, 2).map((i) => ({
    profileId: gallery.profileIds[i]!,
    name: null,
    score: similarityAt(distances[i]!, calibration),
    probability: prediction ? prediction.probabilities[i]! : null,
  }));
  const decision = decideIdentity({
    candidates,
    threshold: 0,
    unknownProbability: prediction?.unknown ?? null,
    rejectedBefore: false,
  });
  if (decision.decision === 'unknown') return { distance: Infinity, isRight: false };
  return { distance: distances[order[0]!]!, isRight: decision.profileId === name };
}

/** Detection and identification rates: at thresholds that let through a share of strangers, and at the kit's own. */
function report(title: string, trials: Record<Method, Trials>, templates: number): void {
  const percent = (share: number) => (100 * share).toFixed(2);
  const share = (list: readonly Trial[], counts: (trial: Trial) => boolean) => list.filter(counts).length / list.length;
  const rows = Object.entries(trials).map(([method, { probes, strangers }]) => {
    const nearest = strangers.map(({ distance }) => distance).sort((a, b) => a - b);
    const dirWithin = (limit: number) => share(probes, ({ distance, isRight }) => isRight && distance < limit);
    const atRates = RATES.map((rate) => {
      const limit = nearest[Math.floor(rate * nearest.length)]!;
      return [`DIR at FPIR ${percent(rate)}`, percent(dirWithin(limit))] as const;
    });
    const asAsked = RATES.flatMap((rate) => {
      const threshold = identificationThreshold(rate, templates, calibration);
      const isNear = ({ distance }: Trial) => similarityAt(distance, calibration) >= threshold && distance < Infinity;
      return [
        [`asked ${percent(rate)}: DIR`, percent(share(probes, (trial) => trial.isRight && isNear(trial)))],
        [`asked ${percent(rate)}: FPIR`, percent(share(strangers, isNear))],
      ] as const;
    });
    return [method, Object.fromEntries([...atRates, ...asAsked])] as const;
  });
  const { probes, strangers } = trials.nearest;
  console.log(`${title}: ${probes.length} probes, ${strangers.length} trials of strangers; %`);
  console.table(Object.fromEntries(rows));
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}
