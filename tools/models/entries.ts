/**
 * The manifest entries: every constant the worker needs to know about a model. What the figures rest on is written in
 * public/models/README.md.
 */
import type {
  BlazeFaceEntry,
  DlibEmbedderEntry,
  EmbedderCalibration,
  Landmark68Entry,
  ModelEntry,
} from '../../src/models/manifest.js';
import { DLIB_CHIP_SIZE, DLIB_DIMENSION } from './dlib.js';
import { LANDMARK_SIZE } from './landmark68.js';
import { SOURCES } from './weights.js';

/** An entry before its file is built: without what the build finds out about files. */
export type EntryDraft = ModelEntry extends infer Entry
  ? Entry extends ModelEntry
    ? Omit<Entry, 'bytes' | 'sha256' | 'background'>
    : never
  : never;

/** The graph itself subtracts the mean and divides. */
const PIXELS = { name: 'input', channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] } as const;

const BOXES = 'cx, cy, width, height, then 6 x, y of keypoints, in pixels of the input, from the centre of the cell';

export const BLAZEFACE = {
  id: 'blazeface',
  role: 'detector',
  family: 'blazeface',
  file: 'blazeface.onnx',
  source: SOURCES.blazeface,
  licence: 'Apache-2.0 (MediaPipe), MIT (conversion by @vladmandic/human)',
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
  // At 0.6 the detector reports about 0.1 false faces a photo of WIDER FACE at every size; at 0.5 two to three times that.
  postprocess: { minScore: 0.6, nmsIou: 0.3 },
} as const satisfies Omit<BlazeFaceEntry, 'bytes' | 'sha256'>;

export const LANDMARK_68 = {
  id: 'face-landmark-68',
  role: 'landmarker',
  family: 'face-landmark-68',
  file: 'face-landmark-68.onnx',
  source: SOURCES.faceLandmark68,
  licence: 'MIT',
  input: PIXELS,
  outputs: [
    { name: 'points', shape: [1, 136], meaning: 'x0, y0, x1, y1, ... of the 68 iBUG points, 0..1 of the crop' },
  ],
  size: LANDMARK_SIZE,
  cropScale: 1.15,
  // On 220 photos of WIDER FACE at detector sizes 256 and 512, this takes out 15 of 29 false faces, and of the true ones
  // 8 of 418 whose boxes are 24 px or more of the input, 79 of 488 smaller ones: those cannot be aligned.
  minSpread: 0.2,
} as const satisfies Omit<Landmark68Entry, 'bytes' | 'sha256'>;

const DLIB_CALIBRATION: EmbedderCalibration = {
  metric: 'euclidean',
  origin:
    'LFW: 5,310 photos of 2,415 people, all 14,037,901 pairs of different people, int8 embedder through the pipeline of this ' +
    'kit; the distance of best accuracy over the first four folds of view 2 (npm run fit:embedder)',
  fmr: [
    [0.424, 1e-5],
    [0.483, 1e-4],
    [0.548, 1e-3],
    [0.615, 1e-2],
    [0.701, 1e-1],
  ],
  // 0.5 at FMR 1e-3 and 0.4 at best accuracy.
  similarity: [
    [0, 1],
    [0.548, 0.5],
    [0.619, 0.4],
    [1.4, 0],
  ],
};

const DLIB_WEIGHTS = SOURCES.faceRecognition.files[1];

const DLIB_RESNET = {
  role: 'embedder',
  family: 'dlib-resnet',
  source: SOURCES.faceRecognition,
  licence: 'public domain (dlib), MIT (conversion by @vladmandic/face-api)',
  input: PIXELS,
  outputs: [{ name: 'embedding', shape: [1, DLIB_DIMENSION], meaning: 'face embedding, not normalised' }],
  dimension: DLIB_DIMENSION,
  chip: { size: DLIB_CHIP_SIZE, padding: 0.25 },
  embeddingSpace: `dlib-resnet/${DLIB_WEIGHTS.sha256.slice(0, 16)}/chip-150-0.25-v1`,
  calibration: DLIB_CALIBRATION,
} as const satisfies Omit<DlibEmbedderEntry, 'id' | 'file' | 'precision' | 'bytes' | 'sha256' | 'background'>;

export const DLIB_LOSSLESS = {
  id: 'dlib-resnet',
  file: 'dlib-resnet.onnx',
  precision: 'lossless',
  ...DLIB_RESNET,
} as const satisfies EntryDraft;

export const DLIB_INT8 = {
  id: 'dlib-resnet-int8',
  file: 'dlib-resnet-int8.onnx',
  precision: 'int8',
  ...DLIB_RESNET,
} as const satisfies EntryDraft;
