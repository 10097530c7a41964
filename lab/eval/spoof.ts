/**
 * Evaluates presentation attack detection with the kit's stages.
 *
 * On a folder of recordings of real presentations (recordings.ts) it measures those. Otherwise the inputs are simulated
 * attacks on people that nothing was trained on, bona fide photos, the few real samples available, changed photos, and
 * pictures without a face. Then other models on the same images: the nets of the model one by one, those trained without
 * one species (lab/antispoof/train.py) and reference models, if available.
 *
 * The attacks are simulated: these figures do not predict rates against real attacks.
 */
import { join } from 'node:path';
import { KINDS, SPECIES, type Kind } from '../antispoof/simulate.js';
import { listPhotos, UNSEEN_SOURCES, type SourcePhoto } from '../antispoof/sources.js';
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import { findModel } from '../../src/models/manifest.js';
import type { Box } from '../../src/api/geometry.js';
import type { SpoofIssue, SpoofVerdict } from '../../src/api/spoof.js';
import { folderOf, type Settings } from './data.js';
import { measurePhotos, readManifest, type PhotoRequest } from './measure.js';
import { padAt, padAucs, passRate, thresholdAtApcer, thresholdAtBpcer, type PadScores } from './pad.js';
import { decideRecording, evaluateRecordings, hasRecordings } from './recordings.js';
import { percent, type Outcome } from './report.js';
import { compareModels } from './spoof-models.js';

/** Number of photos to simulate from each source that was partly trained on. */
const SHOT_PHOTOS: Readonly<Record<string, number>> = { lfw: 60, lfpw: 25, ytf: 12, wider: 5 };
/** Number of photos of LFW, one of each person. */
const MAX_LFW_PHOTOS = 500;
/** Sources whose photos show several people, and how many of them to judge. */
const CROWDS: readonly string[] = ['wider', 'groups'];
const MAX_FACES = 12;
/** Number of photos to change in every way. */
const CHANGED_PHOTOS = 80;
const CHANGES: Readonly<Record<string, string>> = {
  'brightness x 0.6': 'brightness:0.6',
  'brightness x 1.3': 'brightness:1.3',
  'JPEG 30': 'jpeg:0.3',
  'light blur': 'blur:0.8',
};
/** Changes between the frames of a still scene: light, noise, focus and compression. */
const FRAME_CHANGES = [
  'noise:3',
  'brightness:0.93,noise:5',
  'blur:0.5,noise:4',
  'brightness:1.07,jpeg:0.5',
  'noise:6,jpeg:0.4',
] as const;
/** Films and other models get every n-th shot, because each shot has to be simulated again for them. */
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

/** A face of an unchanged photo. */
interface Face {
  readonly photo: SourcePhoto;
  readonly transform: string;
  readonly box: Box;
  readonly spoof: SpoofVerdict;
}

/** A face that was judged, with its score. */
type BonaFide = Face & { readonly score: number };

export async function runSpoof(settings: Settings): Promise<Outcome> {
  const { data } = settings;
  if (data === null) return { skipped: 'no data' };
  const manifest = readManifest(settings.models);
  if (!manifest.models.some(({ role }) => role === 'antispoof'))
    return { skipped: 'no anti-spoof model in the manifest' };
  const entry = findModel(manifest, 'antispoof');
  if (hasRecordings(data)) return { json: { recordings: await evaluateRecordings(data, settings, entry) } };
  if (folderOf(settings, 'lfw') === null) return { skipped: 'no lfw/ and no real/ in the data' };
  const { threshold } = entry.calibration;

  const faces = await measureBonaFide(choosePhotos(data, settings.limit), settings);
  const photos = faces.flatMap((face): BonaFide[] => {
    const score = scoreOf(face.spoof);
    return score === null ? [] : [{ ...face, score }];
  });
  const shots = await measureShots(chooseForShots(photos, settings.limit), settings);
  const scores: PadScores = {
    bonaFide: shots['bona fide'].map(({ score }) => score),
    attacks: Object.fromEntries(SPECIES.map((species) => [species, shots[species].map(({ score }) => score)])),
  };
  const species = describeSpecies(scores, threshold);
  const sources = describeSources(faces, threshold);
  const real = await measureReal(settings, threshold);
  const changes = await measureChanges(photos, settings, threshold);
  const films = await measureFilms(shots, settings, entry);
  const bonaFide = photos.map(({ score }) => score);
  const curves = {
    apcer: RATES.toReversed().map((rate) => [thresholdAtApcer(scores, rate), rate]),
    bpcer: RATES.map((rate) => [thresholdAtBpcer(bonaFide, rate), rate]),
  };
  console.log('Curves for the manifest (score, rate):', JSON.stringify(curves));
  const compared = await compareModels(
    KINDS.flatMap((kind) => {
      return everySecond(shots[kind]).map((shot) => ({ ...shot, kind }));
    }),
    photos.map(({ photo, transform, box }) => ({ kind: 'photo', path: photo.path, transform, box })),
    real.flatMap(({ path, box, isBonaFide }) =>
      box ? [{ kind: isBonaFide ? ('photo' as const) : ('attack' as const), path, transform: '', box }] : [],
    ),
    settings.models,
  );
  console.log('The attacks are simulated, and three real pictures are no sample: no real-attack rate is claimed.');
  const samples = real.map(({ file, isBonaFide, score, isRight }) => ({ file, isBonaFide, score, isRight }));
  return { json: { spoof: { threshold, species, sources, real: samples, changes, films, curves, ...compared } } };
}

const trimOf = ({ trimPx }: SourcePhoto) => (trimPx > 0 ? `trim:${trimPx}` : '');

/**
 * Chooses the photos: one of each person of LFW, all others of people that nothing was trained on. Training used only the
 * largest face of a photo, so the other faces of crowds count as well.
 */
function choosePhotos(data: string, limit: number): SourcePhoto[] {
  const all = listPhotos(data).filter(({ source, use }) => use === 'test' || source === 'wider');
  const lfw = all.filter(({ source, path }) => source === 'lfw' && !/_0002\.jpg$/.test(path));
  const others = all.filter(({ source }) => source !== 'lfw');
  const sources = [...new Set(others.map(({ source }) => source))];
  return [
    ...sources.flatMap((name) => others.filter(({ source }) => source === name).slice(0, limit)),
    ...lfw.slice(0, Math.min(MAX_LFW_PHOTOS, limit)),
  ];
}

/** Measures the largest face of each unchanged photo, and the others where there are several people. */
async function measureBonaFide(photos: readonly SourcePhoto[], { models }: Settings): Promise<Face[]> {
  const requests = photos.map((photo) => ({ path: photo.path, transform: trimOf(photo) }));
  const measured = await measureFaces(requests, models, 'bona fide photos', MAX_FACES);
  return photos.flatMap((photo, i) => {
    const isCrowd = CROWDS.includes(photo.source);
    const faces = measured[i]!.slice(photo.use === 'train' ? 1 : 0, isCrowd ? MAX_FACES : 1);
    return faces.map((face): Face => ({ photo, transform: requests[i]!.transform, ...face }));
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

/** Measures every face in every kind, and returns the shots that were judged. */
async function measureShots(faces: readonly BonaFide[], { models }: Settings) {
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
  const measured = await measureFaces(requests, models, 'simulated', 1);
  const found = KINDS.map((_, kind) =>
    faces.flatMap((_face, i): Shot[] => {
      const at = kind * faces.length + i;
      const [face] = measured[at]!;
      const score = face ? scoreOf(face.spoof) : null;
      return face && score !== null ? [{ ...requests[at]!, box: face.box, score }] : [];
    }),
  );
  console.log(`simulated on ${faces.length} photos; judged: ${found.map(({ length }) => length).join(', ')}`);
  return Object.fromEntries(KINDS.map((kind, i) => [kind, found[i]!])) as Record<Kind, Shot[]>;
}

/** Returns the largest faces of each photo, with their verdicts. */
async function measureFaces(requests: readonly PhotoRequest[], models: string, label: string, maxFaces: number) {
  const options = { views: 0, maxFaces, spoof: true };
  const measured = await measurePhotos(requests, { options, models, label, code: SIMULATOR });
  return measured.map(({ faces }) => faces.flatMap(({ box, spoof }) => (spoof ? [{ box, spoof }] : [])));
}

function scoreOf(spoof: SpoofVerdict): number | null {
  return spoof.outcome === 'not-judged' ? null : spoof.bonaFideScore;
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

function describeSources(faces: readonly Face[], threshold: number) {
  const names = [...new Set(faces.map(({ photo }) => photo.source))];
  const rows = Object.fromEntries(
    names.map((name) => {
      const own = faces.filter(({ photo }) => photo.source === name).map(({ spoof }) => spoof);
      const scores = own.map(scoreOf).filter((score) => score !== null);
      const reasons: Partial<Record<SpoofIssue, number>> = {};
      for (const spoof of own) {
        for (const reason of spoof.outcome === 'not-judged' ? spoof.reasons : []) {
          reasons[reason] = (reasons[reason] ?? 0) + 1;
        }
      }
      const bpcer = 1 - passRate(scores, threshold);
      return [
        name,
        { trainedOn: !UNSEEN_SOURCES.includes(name), faces: own.length, judged: scores.length, bpcer, reasons },
      ];
    }),
  );
  console.log('Bona fide photos as they are');
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([name, { bpcer, reasons, ...row }]) => {
        const not = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
        return [name, { ...row, 'BPCER %': percent(bpcer), 'not judged': not.join(', ') }];
      }),
    ),
  );
  return rows;
}

async function measureReal(settings: Settings, threshold: number) {
  const folder = folderOf(settings, 'silent_face');
  if (folder === null) return [];
  const requests = REAL.map(({ file }) => ({ path: join(folder, file) }));
  const measured = await measureFaces(requests, settings.models, 'real samples', 1);
  const rows = measured.map(([face], i) => {
    const { file, isBonaFide } = REAL[i]!;
    const score = face ? scoreOf(face.spoof) : null;
    const isRight = score === null ? null : score > threshold === isBonaFide;
    return { file, path: requests[i]!.path, isBonaFide, box: face?.box ?? null, score, isRight };
  });
  console.log('Real samples, to which nothing was fitted');
  console.table(rows.map(({ file, isBonaFide, score, isRight }) => ({ file, isBonaFide, score, isRight })));
  return rows;
}

async function measureChanges(photos: readonly BonaFide[], { models }: Settings, threshold: number) {
  const portraits = photos.filter(({ photo }) => !CROWDS.includes(photo.source));
  const step = Math.max(1, portraits.length / CHANGED_PHOTOS);
  const chosen = portraits.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const requests = Object.values(CHANGES).flatMap((change) =>
    chosen.map(({ photo, transform }) => ({
      path: photo.path,
      transform: [transform, change].filter(Boolean).join(','),
    })),
  );
  const measured = await measureFaces(requests, models, 'changed photos', 1);
  const moved = Object.fromEntries(
    Object.keys(CHANGES).map((name, c) => {
      const pairs = chosen.flatMap(({ score }, i) => {
        const [changed] = measured[c * chosen.length + i]!;
        const after = changed ? scoreOf(changed.spoof) : null;
        return after === null ? [] : [{ before: score > threshold, after: after > threshold }];
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

const everySecond = (shots: readonly Shot[]) => shots.filter((_, i) => i % COMPARED_STEP === 0);

/**
 * Measures films of a still scene, decided on frame by frame and as a tracker does.
 * The frames of a film share the scene, so they err together more often than those of a real video.
 */
async function measureFilms(shots: Readonly<Record<Kind, Shot[]>>, { models }: Settings, entry: AntispoofEntry) {
  const rows: Record<string, { films: number; frame: number; film: number; notJudged: number }> = {};
  for (const kind of KINDS) {
    const chosen = everySecond(shots[kind]);
    const requests = chosen.flatMap(({ path, transform }) =>
      FRAME_CHANGES.map((change) => ({ path, transform: `${transform},${change}` })),
    );
    const options = { views: 0, maxFaces: 1, spoof: true };
    const measured = await measurePhotos(requests, { options, models, label: `films, ${kind}`, code: SIMULATOR });
    const frames = measured.map(({ faces: [face] }) =>
      face?.spoof ? { spoof: face.spoof, quality: face.quality.score } : null,
    );
    const wrong = kind === 'bona fide' ? 'attack' : 'bona-fide';
    const share = (verdicts: readonly (SpoofVerdict | null)[]) => {
      const judged = verdicts.filter((verdict) => verdict !== null && verdict.outcome !== 'not-judged');
      return judged.filter((verdict) => verdict.outcome === wrong).length / judged.length;
    };
    const films = chosen.map((_, i) => {
      return decideRecording(frames.slice(i * FRAME_CHANGES.length, (i + 1) * FRAME_CHANGES.length), entry);
    });
    rows[kind] = {
      films: chosen.length,
      frame: share(frames.map((frame) => decideRecording([frame], entry))),
      film: share(films),
      notJudged: films.filter((verdict) => verdict?.outcome !== 'bona-fide' && verdict?.outcome !== 'attack').length,
    };
  }
  console.log('Films of five frames: share of errors, frame by frame and over frames');
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([kind, { films, frame, film, notJudged }]) => [
        kind,
        { films, 'one frame %': percent(frame), 'over frames %': percent(film), 'not judged': notJudged },
      ]),
    ),
  );
  return rows;
}
