/**
 * Evaluates presentation attack detection with the kit's stages.
 *
 * The inputs are simulated attacks on people that nothing was trained on, bona fide photos of sources that were not
 * trained on, the few real samples available, changed photos, and pictures without a face. Then other models on the
 * same images, if available: those trained without one species (lab/antispoof/train.py) and reference models.
 *
 * The attacks are simulated: these figures do not predict rates against real attacks.
 */
import { join } from 'node:path';
import { KINDS, SPECIES, type Species } from '../antispoof/simulate.js';
import { listPhotos, UNSEEN_SOURCES, type SourcePhoto } from '../antispoof/sources.js';
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import { findModel } from '../../src/models/manifest.js';
import type { Box } from '../../src/api/geometry.js';
import { folderOf, type Settings } from './data.js';
import { measurePhotos, readManifest, type PhotoRequest } from './measure.js';
import { padAt, padAucs, passRate, thresholdAtApcer, thresholdAtBpcer, type PadScores } from './pad.js';
import { percent, type Outcome } from './report.js';
import { compareModels } from './spoof-models.js';

/** Number of photos to simulate from each source that was partly trained on. */
const SHOT_PHOTOS: Readonly<Record<string, number>> = { lfw: 60, lfpw: 25, ytf: 12, wider: 5 };
/** Number of bona fide photos from the sources that were partly trained on. */
const MAX_SEEN_PHOTOS = 120;
/** Number of photos to change in every way. */
const CHANGED_PHOTOS = 80;
const CHANGES: Readonly<Record<string, string>> = {
  'brightness x 0.6': 'brightness:0.6',
  'brightness x 1.3': 'brightness:1.3',
  'JPEG 30': 'jpeg:0.3',
  'light blur': 'blur:0.8',
};
/** Other models get every n-th shot, because each shot has to be simulated again for them. */
const COMPARED_STEP = 2;
/** First seed, above all seeds of the training, which start at 1. */
const FIRST_SEED = 1_000_000;
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2] as const;
/** The simulator's files, which determine the measurements. */
const SIMULATOR = ['raster', 'media', 'scene', 'features', 'camera', 'simulate', 'browser'].map(
  (name) => `lab/antispoof/${name}.ts`,
);
const REAL: readonly { readonly file: string; readonly isBonaFide: boolean }[] = [
  { file: 'image_T1.jpg', isBonaFide: true },
  { file: 'image_F1.jpg', isBonaFide: false },
  { file: 'image_F2.jpg', isBonaFide: false },
];

/** A face of an unchanged photo, with its score. */
interface BonaFide {
  readonly photo: SourcePhoto;
  readonly transform: string;
  readonly box: Box;
  readonly score: number;
}

export async function runSpoof(settings: Settings): Promise<Outcome> {
  if (settings.data === null || folderOf(settings, 'lfw') === null) return { skipped: 'no lfw/ in the data' };
  const manifest = readManifest(settings.models);
  if (!manifest.models.some(({ role }) => role === 'antispoof'))
    return { skipped: 'no anti-spoof model in the manifest' };
  const entry = findModel(manifest, 'antispoof');
  const { threshold } = entry.calibration;

  const photos = await measureBonaFide(choosePhotos(settings.data, settings.limit), settings, entry);
  const shots = await measureShots(chooseForShots(photos, settings.limit), settings, entry);
  const scores: PadScores = {
    bonaFide: shots.bonaFide.map(({ score }) => score),
    attacks: Object.fromEntries(SPECIES.map((species) => [species, shots[species].map(({ score }) => score)])),
  };
  const species = describeSpecies(scores, threshold);
  const sources = describeSources(photos, threshold);
  const real = await measureReal(settings, threshold);
  const changes = await measureChanges(photos, settings, threshold);
  const unseen = photos.filter(isUnseen).map(({ score }) => score);
  const curves = {
    apcer: RATES.toReversed().map((rate) => [thresholdAtApcer(scores, rate), rate]),
    bpcer: RATES.map((rate) => [thresholdAtBpcer([...scores.bonaFide, ...unseen], rate), rate]),
  };
  console.log('Curves for the manifest (score, rate):', JSON.stringify(curves));
  const compared = await compareModels(
    KINDS.flatMap((kind) => {
      const all = kind === 'bona fide' ? shots.bonaFide : shots[kind];
      return all.filter((_, i) => i % COMPARED_STEP === 0).map((shot) => ({ ...shot, kind }));
    }),
    photos.filter(isUnseen).map(({ photo, transform, box }) => ({ kind: 'photo', path: photo.path, transform, box })),
    real.flatMap(({ path, box, isBonaFide }) =>
      box ? [{ kind: isBonaFide ? ('photo' as const) : ('attack' as const), path, transform: '', box }] : [],
    ),
    settings.models,
  );
  const samples = real.map(({ file, isBonaFide, score, isRight }) => ({ file, isBonaFide, score, isRight }));
  return { json: { spoof: { threshold, species, sources, real: samples, changes, curves, ...compared } } };
}

const isUnseen = ({ photo }: BonaFide) => UNSEEN_SOURCES.includes(photo.source);
const trimOf = ({ trimPx }: SourcePhoto) => (trimPx > 0 ? `trim:${trimPx}` : '');

/** Chooses the test photos: all of the unseen sources, some of the others, one of each person. */
function choosePhotos(data: string, limit: number): SourcePhoto[] {
  const all = listPhotos(data).filter(({ use }) => use === 'test');
  const unseen = all.filter(({ source }) => UNSEEN_SOURCES.includes(source));
  const seen = all.filter(({ source, path }) => !UNSEEN_SOURCES.includes(source) && !/_0002\.jpg$/.test(path));
  const others = seen.filter(({ source }) => source !== 'lfw');
  const lfw = seen.filter(({ source }) => source === 'lfw').slice(0, MAX_SEEN_PHOTOS);
  return [...unseen.slice(0, limit), ...others.slice(0, limit), ...lfw.slice(0, limit)];
}

/**
 * Measures the largest face of each unchanged photo.
 * Skips faces that are too small, as `checkSpoof` gives no verdict on them.
 */
async function measureBonaFide(photos: readonly SourcePhoto[], { models }: Settings, entry: AntispoofEntry) {
  const requests = photos.map((photo) => ({ path: photo.path, transform: trimOf(photo) }));
  const measured = await measureScores(requests, models, 'bona fide photos');
  return measured.flatMap(({ box, score }, i): BonaFide[] => {
    if (!box || Math.max(box.width, box.height) < entry.minFaceSizePx) return [];
    return [{ photo: photos[i]!, transform: requests[i]!.transform, box, score }];
  });
}

function chooseForShots(photos: readonly BonaFide[], limit: number): BonaFide[] {
  return Object.entries(SHOT_PHOTOS).flatMap(([source, count]) =>
    photos.filter(({ photo }) => photo.source === source).slice(0, Math.min(count, limit)),
  );
}

/** A picture with the face detected in it. */
interface Shot extends PhotoRequest {
  readonly transform: string;
  readonly box: Box;
  readonly score: number;
}

/** Measures every face in every kind, and returns the shots in which a face was found. */
async function measureShots(faces: readonly BonaFide[], { models }: Settings, entry: AntispoofEntry) {
  const requests = KINDS.flatMap((_, kind) =>
    faces.map(({ photo, box }, i) => {
      const { x, y, width, height } = box;
      // The box refers to the trimmed photo, but the simulator gets the whole photo.
      const place = [x + photo.trimPx, y + photo.trimPx, width, height].map((value) => value.toFixed(1));
      return {
        path: photo.path,
        transform: `spoof:${kind}:${FIRST_SEED + i * KINDS.length + kind}:${place.join(':')}`,
      };
    }),
  );
  const measured = await measureScores(requests, models, 'simulated');
  const found = KINDS.map((_, kind) =>
    faces.flatMap((_face, i): Shot[] => {
      const at = kind * faces.length + i;
      const { box, score } = measured[at]!;
      if (!box || Math.max(box.width, box.height) < entry.minFaceSizePx) return [];
      return [{ ...requests[at]!, box, score }];
    }),
  );
  console.log(`simulated on ${faces.length} photos; with a face: ${found.map(({ length }) => length).join(', ')}`);
  const [bonaFide, ...attacks] = found;
  const bySpecies = Object.fromEntries(SPECIES.map((name, i) => [name, attacks[i]!])) as Record<Species, Shot[]>;
  return { bonaFide: bonaFide!, ...bySpecies };
}

async function measureScores(
  requests: readonly PhotoRequest[],
  models: string,
  label: string,
): Promise<{ readonly box: Box | null; readonly score: number }[]> {
  const options = { views: 0, maxFaces: 1, spoof: true };
  const measured = await measurePhotos(requests, { options, models, label, code: SIMULATOR });
  return measured.map(({ faces: [face] }) => ({ box: face?.box ?? null, score: face?.spoofScore ?? NaN }));
}

function describeSpecies(scores: PadScores, threshold: number) {
  const aucs = padAucs(scores);
  const rows = Object.fromEntries(
    SPECIES.map((species) => {
      const own: PadScores = { bonaFide: scores.bonaFide, attacks: { [species]: scores.attacks[species]! } };
      const bpcerAt = (rate: number) => padAt(own, thresholdAtApcer(own, rate)).bpcer;
      const { apcer } = padAt(own, threshold);
      return [
        species,
        {
          count: scores.attacks[species]!.length,
          auc: aucs[species]!,
          apcer,
          bpcer5: bpcerAt(0.05),
          bpcer10: bpcerAt(0.1),
        },
      ];
    }),
  );
  const at = padAt(scores, threshold);
  const worst = [0.05, 0.1].map((rate) => padAt(scores, thresholdAtApcer(scores, rate)));
  console.log(`Simulated species, held-out people, ${scores.bonaFide.length} bona fide shots, threshold ${threshold}`);
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([name, { count, auc, apcer, bpcer5, bpcer10 }]) => [
        name,
        {
          attacks: count,
          AUC: auc.toFixed(3),
          'APCER %': percent(apcer),
          'BPCER % at APCER 5 %': percent(bpcer5),
          'BPCER % at APCER 10 %': percent(bpcer10),
        },
      ]),
    ),
  );
  console.log(`worst species: APCER ${percent(at.apcer)} %, BPCER ${percent(at.bpcer)} %`);
  for (const [i, rate] of ['5 %', '10 %'].entries()) {
    console.log(
      `at APCER ${rate} of the worst: BPCER ${percent(worst[i]!.bpcer)} %, threshold ${worst[i]!.threshold.toFixed(4)}`,
    );
  }
  return { rows, at, worst5: worst[0], worst10: worst[1] };
}

function describeSources(photos: readonly BonaFide[], threshold: number) {
  const names = [...new Set(photos.map(({ photo }) => photo.source))];
  const rate = (chosen: readonly BonaFide[]) =>
    1 -
    passRate(
      chosen.map(({ score }) => score),
      threshold,
    );
  const rows = Object.fromEntries(
    names.map((name) => {
      const own = photos.filter(({ photo }) => photo.source === name);
      return [name, { photos: own.length, trainedOn: !UNSEEN_SOURCES.includes(name), bpcer: rate(own) }];
    }),
  );
  const unseen = rate(photos.filter(isUnseen));
  console.log('Bona fide photos as they are');
  console.table(
    Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, bpcer: `${percent(row.bpcer)} %` }])),
  );
  console.log(`sources that were not trained on: BPCER ${percent(unseen)} %`);
  return { rows, unseen };
}

async function measureReal(settings: Settings, threshold: number) {
  const folder = folderOf(settings, 'silent_face');
  if (folder === null) return [];
  const requests = REAL.map(({ file }) => ({ path: join(folder, file) }));
  const measured = await measureScores(requests, settings.models, 'real samples');
  const rows = measured.map(({ box, score }, i) => {
    const { file, isBonaFide } = REAL[i]!;
    return { file, path: requests[i]!.path, isBonaFide, box, score, isRight: score > threshold === isBonaFide };
  });
  console.log('Real samples');
  console.table(
    rows.map(({ file, isBonaFide, score, isRight }) => ({ file, isBonaFide, score: score.toFixed(4), isRight })),
  );
  return rows;
}

async function measureChanges(photos: readonly BonaFide[], { models }: Settings, threshold: number) {
  const step = Math.max(1, photos.length / CHANGED_PHOTOS);
  const chosen = photos.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const requests = Object.values(CHANGES).flatMap((change) =>
    chosen.map(({ photo, transform }) => ({
      path: photo.path,
      transform: [transform, change].filter(Boolean).join(','),
    })),
  );
  const measured = await measureScores(requests, models, 'changed photos');
  const moved = Object.fromEntries(
    Object.keys(CHANGES).map((name, c) => {
      const pairs = chosen.flatMap(({ score }, i) => {
        const changed = measured[c * chosen.length + i]!;
        return changed.box ? [{ before: score > threshold, after: changed.score > threshold }] : [];
      });
      const count = (test: (pair: (typeof pairs)[number]) => boolean) => pairs.filter(test).length / pairs.length;
      return [
        name,
        {
          photos: pairs.length,
          moved: count(({ before, after }) => before !== after),
          toAttack: count(({ before, after }) => before && !after),
        },
      ];
    }),
  );
  console.log('Bona fide photos that are changed: share of decisions that move');
  console.table(
    Object.fromEntries(
      Object.entries(moved).map(([name, row]) => [
        name,
        { photos: row.photos, 'moved %': percent(row.moved), 'to attack %': percent(row.toAttack) },
      ]),
    ),
  );
  return moved;
}
