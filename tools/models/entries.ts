/**
 * The manifest entries: every constant that the worker needs about a model.
 * The source of the figures is documented in public/models/README.md.
 */
import { readFileSync } from 'node:fs';
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import type { BlazeFaceEntry } from '../../src/models/detectors/blazeface.js';
import type { ArcFaceEntry, DlibEmbedderEntry, EmbedderCalibration } from '../../src/models/embedder.js';
import type { EyesEntry } from '../../src/models/eyes.js';
import type { Landmark68Entry } from '../../src/models/landmarker.js';
import type { EntryOf, ModelEntry } from '../../src/models/families.js';
import type { ModelManifest } from '../../src/models/manifest.js';
import { DLIB_CHIP_SIZE, DLIB_DIMENSION } from './dlib.js';
import { FR_EYE_SIZE, FR_LANDMARK_SIZE, FR_LIVENESS_SIZE } from './faceplugin.js';
import { LANDMARK_SIZE } from './landmark68.js';
import { MOBILEFACENET_DIMENSION, MOBILEFACENET_SIZE } from './mobilefacenet.js';
import { SOURCES } from './weights.js';

/** A manifest entry before its file is built: without the fields that the build derives from files. */
export type EntryDraft = ModelEntry extends infer Entry
  ? Entry extends ModelEntry
    ? Omit<Entry, 'bytes' | 'sha256' | 'background'>
    : never
  : never;

/** Landmark offsets, as lab/measure/fit-landmarks.ts writes them. */
export interface LandmarkOffsets {
  readonly origin: string;
  /** 136 values for crops of the box, in fractions of the crop. */
  readonly box: readonly number[];
  /** The same for crops of the points of an earlier pass or frame. */
  readonly points: readonly number[];
}

const readOffsets = (file: string) =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as LandmarkOffsets;
const LANDMARK_OFFSETS = readOffsets('landmark-offsets.json');
const FR_LANDMARK_OFFSETS = readOffsets('fr-landmark-offsets.json');

/** Input contract of graphs that subtract the mean and divide themselves. */
const PIXELS = { name: 'input', channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] } as const;

const BOXES = 'cx, cy, width, height, then 6 x, y of keypoints, in pixels of the input, from the center of the cell';

export const BLAZEFACE = {
  id: 'blazeface',
  role: 'detector',
  family: 'blazeface',
  file: 'blazeface.onnx',
  optimized: true,
  source: SOURCES.blazeface,
  license: 'Apache-2.0 (MediaPipe), MIT (conversion by @vladmandic/human)',
  input: { name: 'input', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  outputs: [
    { name: 'scores_0', shape: [1, '2*(S/16)^2', 1], meaning: 'logits, index (y * S/16 + x) * 2 + anchor' },
    { name: 'boxes_0', shape: [1, '2*(S/16)^2', 16], meaning: BOXES },
    { name: 'scores_1', shape: [1, '6*(S/32)^2', 1], meaning: 'logits, index (y * S/32 + x) * 6 + anchor' },
    { name: 'boxes_1', shape: [1, '6*(S/32)^2', 16], meaning: BOXES },
  ],
  sizes: [128, 192, 256, 384, 512],
  anchors: [
    { stride: 16, perCell: 2 },
    { stride: 32, perCell: 6 },
  ],
  postprocess: {
    // A single pass at 0.6 reports about 0.1 false faces per photo of WIDER FACE at every size; at 0.5 two to three
    // times that.
    minScore: 0.6,
    nmsIou: 0.3,
    // Chosen on half of the photos of WIDER FACE (npm run eval -- wider). At 384 px the second pass raises the recall
    // of faces of 48-96 px from 0.60 to 0.70 without more false faces. One crop instead of two finds 1.5 points less,
    // `from` 0.45 finds 2.4 points less, and `certain` 0.95 finds no more. With this bias, tiles and whole photo
    // together report about 0.1 false faces per photo at 0.6.
    secondLook: { from: 0.35, certain: 0.85, size: 128, cropScales: [3, 4], missed: 0.2, bias: 0.45 },
  },
} as const satisfies Omit<BlazeFaceEntry, 'bytes' | 'sha256'>;

export const LANDMARK_68 = {
  id: 'face-landmark-68',
  role: 'landmarker',
  family: 'face-landmark-68',
  file: 'face-landmark-68.onnx',
  optimized: true,
  source: SOURCES.faceLandmark68,
  license: 'MIT',
  input: PIXELS,
  outputs: [
    { name: 'points', shape: [1, 136], meaning: 'x0, y0, x1, y1, ... of the 68 iBUG points, 0..1 of the crop' },
  ],
  size: LANDMARK_SIZE,
  // The second pass, at a crop of 1.3, reduces the mean error on LFPW from 4.6 to 4.3 %; 1.1, 1.2 and 1.45 are slightly
  // worse.
  passes: [
    { cropScale: 1.15, offsets: LANDMARK_OFFSETS.box },
    { cropScale: 1.3, offsets: LANDMARK_OFFSETS.points },
  ],
  offsetsOrigin: LANDMARK_OFFSETS.origin,
  // On WIDER FACE, 0.2 would remove 6 % of the faces of 48-96 px that the detector finds, and few false ones beyond
  // those that its second pass removes; 0.1 removes hardly any. On LFW the minimum is 0.31. Embeddings of faces between
  // 0.1 and 0.2 are no closer to those of strangers than others are.
  minSpread: 0.1,
  minRefinedSpread: 0.2,
} as const satisfies Omit<Landmark68Entry, 'bytes' | 'sha256'>;

export const FR_LANDMARK_68 = {
  id: 'fr-landmark-68',
  role: 'landmarker',
  family: 'face-landmark-68',
  file: 'fr-landmark-68.onnx',
  optimized: true,
  source: SOURCES.frLandmark,
  license: 'MIT by its package.json',
  input: PIXELS,
  outputs: [
    { name: 'points', shape: [1, 136], meaning: 'x0, y0, x1, y1, ... of the 68 iBUG points, 0..1 of the crop' },
  ],
  size: FR_LANDMARK_SIZE,
  // The mean error on LFPW is 3.77 to 3.81 % with scales of 1.1 and 1.15 and shifts of 0.06 to 0.1, whether the crop is
  // rotated or not; 1.25 has 3.9 %. A second pass at 1.2 has 3.68 %, but people are not recognized any better: on 1,326
  // photos of LFW, FNMR at FMR 1e-4 is 0.93 % with one pass and 0.96 % with two.
  passes: [{ cropScale: 1.15, shift: 0.08, offsets: FR_LANDMARK_OFFSETS.box }],
  follow: { cropScale: 1.2, offsets: FR_LANDMARK_OFFSETS.points },
  offsetsOrigin: FR_LANDMARK_OFFSETS.origin,
  minSpread: 0.1,
  minRefinedSpread: 0.2,
} as const satisfies Omit<Landmark68Entry, 'bytes' | 'sha256'>;

const MOBILEFACENET_CALIBRATION: EmbedderCalibration = {
  origin:
    'LFW: 5,310 photos of 2,415 people in two halves, all pairs of different people; the distance of best accuracy over ' +
    'the first four folds of view 2 (npm run fit:embedder)',
  // 0.5 at FMR 1e-3 and 0.4 at best accuracy, both of one view; 1 when a face is compared with itself.
  similarity: [
    [0, 1],
    [0.548, 0.5],
    [0.6282, 0.4],
    [1.1, 0],
  ],
  fmr: {
    fast: [
      [0.403, 1e-5],
      [0.4679, 1e-4],
      [0.548, 1e-3],
      [0.6514, 1e-2],
      [0.7991, 1e-1],
    ],
    high: [
      [0.4009, 1e-5],
      [0.466, 1e-4],
      [0.5469, 1e-3],
      [0.6509, 1e-2],
      [0.7985, 1e-1],
    ],
  },
  profile: [
    [0.4121, 1e-5],
    [0.4701, 1e-4],
    [0.5465, 1e-3],
    [0.6513, 1e-2],
    [0.8027, 1e-1],
  ],
};

export const MOBILEFACENET_64 = {
  id: 'mobilefacenet-64',
  role: 'embedder',
  family: 'arcface',
  file: 'mobilefacenet-64.onnx',
  optimized: true,
  source: SOURCES.mobileFaceNet,
  license: 'MIT by its package.json; what it was trained on is not known',
  input: { name: 'input', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] },
  outputs: [{ name: 'embedding', shape: [1, MOBILEFACENET_DIMENSION], meaning: 'face embedding, not normalized' }],
  output: 'embedding',
  dimension: MOBILEFACENET_DIMENSION,
  size: MOBILEFACENET_SIZE,
  embeddingSpace: `mobilefacenet-64/${SOURCES.mobileFaceNet.files[0].sha256.slice(0, 16)}/arcface-112-v1`,
  calibration: MOBILEFACENET_CALIBRATION,
  // The mirror image lowers FNMR at FMR 1e-4 on LFW from 2.36 to 2.12 %. A cohort would add as little.
  views: { fast: 1, high: 2 },
} as const satisfies Omit<ArcFaceEntry, 'bytes' | 'sha256'>;

const DLIB_CALIBRATION: EmbedderCalibration = {
  origin:
    'LFW: 5,310 photos of 2,415 people in two halves, each with a cohort of the statistics of the other, all pairs of ' +
    'different people; the distance of best accuracy over the first four folds of view 2 (npm run fit:embedder)',
  // 0.5 at FMR 1e-3 and 0.4 at best accuracy, both of two views; 1 when a face is compared with itself.
  similarity: [
    [0.75, 1],
    [0.826, 0.5],
    [0.8392, 0.4],
    [1.05, 0],
  ],
  fmr: {
    fast: [
      [0.8041, 1e-5],
      [0.8136, 1e-4],
      [0.826, 1e-3],
      [0.8422, 1e-2],
      [0.8681, 1e-1],
    ],
    high: [
      [0.803, 1e-5],
      [0.8119, 1e-4],
      [0.8237, 1e-3],
      [0.8393, 1e-2],
      [0.8646, 1e-1],
    ],
  },
  profile: [
    [0.802, 1e-5],
    [0.8097, 1e-4],
    [0.8206, 1e-3],
    [0.8355, 1e-2],
    [0.8605, 1e-1],
  ],
  commonness: 0.3799,
};

const DLIB_WEIGHTS = SOURCES.faceRecognition.files[1];

const DLIB_RESNET = {
  role: 'embedder',
  family: 'dlib-resnet',
  source: SOURCES.faceRecognition,
  license: 'public domain (dlib), MIT (conversion by @vladmandic/face-api)',
  input: PIXELS,
  outputs: [{ name: 'embedding', shape: [1, DLIB_DIMENSION], meaning: 'face embedding, not normalized' }],
  dimension: DLIB_DIMENSION,
  chip: { size: DLIB_CHIP_SIZE, padding: 0.25 },
  embeddingSpace: `dlib-resnet/${DLIB_WEIGHTS.sha256.slice(0, 16)}/chip-150-0.25-v2`,
  calibration: DLIB_CALIBRATION,
  // One view has 2.2 times the false non-matches of two at FMR 1e-4.
  views: { fast: 2, high: 6 },
  cohort: true,
} as const satisfies Omit<DlibEmbedderEntry, 'id' | 'file' | 'bytes' | 'sha256' | 'background'>;

export const DLIB_LOSSLESS = {
  id: 'dlib-resnet',
  file: 'dlib-resnet.onnx',
  ...DLIB_RESNET,
} as const satisfies EntryDraft;

export const DLIB_INT8 = {
  id: 'dlib-resnet-int8',
  file: 'dlib-resnet-int8.onnx',
  optimized: true,
  ...DLIB_RESNET,
} as const satisfies EntryDraft;

/**
 * The anti-spoof model of this project, whose file is committed.
 * It is trained by lab/antispoof/train.py and exported by lab/antispoof/export.ts.
 */
export const INFACE_ANTISPOOF = {
  id: 'inface-antispoof',
  role: 'antispoof',
  family: 'binary-128',
  file: 'inface-antispoof.onnx',
  optimized: true,
  source: 'trained by this project on simulated attacks, see docs/antispoof.md',
  license: 'MIT',
  input: { name: 'input', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [64, 64, 64] },
  outputs: [{ name: 'logits', shape: [1, 2], meaning: 'logits of bona fide and attack' }],
  output: 'logits',
  size: 160,
  cropScale: 2,
  more: [],
  minFaceSizePx: 56,
  calibration: {
    origin: 'simulated attacks on held-out people (npm run eval -- spoof); nothing is known of real ones',
    // The lowest threshold at which no species has an APCER above 10 % on the validation people.
    threshold: 0.61,
    apcer: [
      [0.5174, 0.2],
      [0.7495, 0.1],
      [0.8498, 0.05],
      [0.8649, 0.02],
    ],
    bpcer: [
      [0.1624, 0.01],
      [0.3587, 0.02],
      [0.5209, 0.05],
      [0.7483, 0.1],
      [0.8895, 0.2],
    ],
  },
} as const satisfies Omit<AntispoofEntry, 'bytes' | 'sha256'>;

/**
 * fr_liveness together with the net of this project: a face has to convince both. The former was trained on attacks that
 * are not known, the latter on simulated ones, and each finds attacks that the other does not.
 */
export const FR_LIVENESS = {
  id: 'fr-liveness',
  role: 'antispoof',
  family: 'fr-liveness',
  file: 'fr-liveness.onnx',
  optimized: true,
  source: SOURCES.frLiveness,
  license: `MIT by its package.json, what it was trained on is not known; ${INFACE_ANTISPOOF.file}: MIT`,
  input: { name: 'input', channels: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] },
  outputs: [{ name: 'logits', shape: [1, 3], meaning: 'logits of bona fide and of two kinds of attack' }],
  output: 'logits',
  size: FR_LIVENESS_SIZE,
  // Of 1 to 2.7 the scale with the fewest refusals of bona fide photos, see docs/antispoof.md.
  cropScale: 1.9,
  // Chosen together with the threshold. As strict as our own net, it would refuse 10 % of WIDER FACE.
  offset: -2,
  fusion: 'least',
  // Smaller faces are enlarged for both nets. Of those in videos of 56 to 71 px, 7 % are refused, of larger ones none.
  minFaceSizePx: 72,
  calibration: {
    origin:
      'bona fide photos of ten sources and simulated attacks (npm run eval -- spoof); nothing is known of real ones',
    // Of the pairs of limits of both nets at which at most 2 % of LFW, azure_family, deepface and ytf, and at most 5 % of
    // WIDER FACE are refused, one of those with the lowest APCER.
    threshold: 0.45,
    apcer: [
      [0.2938, 0.2],
      [0.584, 0.1],
      [0.6929, 0.05],
      [0.7997, 0.02],
      [0.8893, 0.01],
    ],
    bpcer: [
      [0.143, 0.01],
      [0.2606, 0.02],
      [0.5727, 0.05],
      [0.7834, 0.1],
      [0.9225, 0.2],
    ],
  },
} as const satisfies Omit<AntispoofEntry, 'bytes' | 'sha256' | 'more'>;

export const FR_EYE = {
  id: 'fr-eye',
  role: 'eyes',
  family: 'fr-eye',
  file: 'fr-eye.onnx',
  optimized: true,
  source: SOURCES.frEye,
  license: 'MIT by its package.json, what it was trained on is not known',
  input: PIXELS,
  outputs: [
    { name: 'logits', shape: [2, 2], meaning: 'logits of closed and open, of the left and the right eye of the image' },
  ],
  output: 'logits',
  size: FR_EYE_SIZE,
  // The package's own. Of 1 to 2, it is best on photos of closed eyes and worse than 1.2 on drawn lids.
  cropScale: 1.6,
} as const satisfies Omit<EyesEntry, 'bytes' | 'sha256'>;

/** Files of background statistics in this folder, which lab/measure/fit-embedder.ts writes. */
export const BACKGROUNDS: readonly {
  readonly embedder: Pick<EntryOf<'embedder'>, 'embeddingSpace' | 'dimension' | 'cohort'>;
  readonly file: string;
}[] = [
  { embedder: MOBILEFACENET_64, file: 'mobilefacenet-background.bin' },
  { embedder: DLIB_INT8, file: 'dlib-background.bin' },
];

/** The sets of the manifest. */
export const SETS = {
  default: {
    detector: BLAZEFACE.id,
    landmarker: FR_LANDMARK_68.id,
    embedder: MOBILEFACENET_64.id,
    antispoof: FR_LIVENESS.id,
    eyes: FR_EYE.id,
  },
  'public-domain': {
    detector: BLAZEFACE.id,
    landmarker: LANDMARK_68.id,
    embedder: { int8: DLIB_INT8.id, lossless: DLIB_LOSSLESS.id },
    antispoof: INFACE_ANTISPOOF.id,
  },
} as const satisfies ModelManifest['sets'];
