/**
 * Manifest entries of models that a user might bring: detectors, an embedder and anti-spoof models.
 *
 * The entries contain everything needed to use the models. Their files are not part of this project; docs/models.md
 * describes them. tools/models/reference.ts puts them into a folder of models, for tests and evaluation.
 */
import type { AntispoofEntry } from '../../src/models/antispoof.js';
import type { ArcFaceEntry } from '../../src/models/embedder.js';
import type { ScrfdEntry } from '../../src/models/detectors/scrfd.js';
import type { UltraFaceEntry } from '../../src/models/detectors/ultraface.js';
import type { YuNetEntry } from '../../src/models/detectors/yunet.js';

const BOX_ORIGIN =
  'medians over 343 faces of the six sample photos and every 18th photo of LFW, against BlazeFace ' +
  '(npx tsx lab/measure/boxes.ts)';

export const YUNET = {
  id: 'yunet',
  role: 'detector',
  family: 'yunet',
  file: 'yunet_n_dynamic.onnx',
  bytes: 322_906,
  sha256: '104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12',
  source: 'libfacedetection.train of Shiqi Yu, the model n exported with a dynamic input',
  license: 'Apache-2.0 beside the file; MIT in opencv_zoo',
  input: { name: 'input', channels: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] },
  outputs: [
    {
      name: 'cls_8',
      shape: [1, '(S/8)^2', 1],
      meaning: 'probability of the class; as all, also for strides 16 and 32',
    },
    { name: 'obj_8', shape: [1, '(S/8)^2', 1], meaning: 'probability that there is an object' },
    {
      name: 'bbox_8',
      shape: [1, '(S/8)^2', 4],
      meaning: 'center in strides, logarithm of width and height in strides',
    },
    { name: 'kps_8', shape: [1, '(S/8)^2', 10], meaning: 'x, y in strides of eyes, nose and mouth corners' },
  ],
  sizes: [320, 640],
  strides: [8, 16, 32],
  postprocess: { minScore: 0.5, nmsIou: 0.3 },
  box: { scale: 0.8, shift: 0.083, origin: BOX_ORIGIN },
} as const satisfies YuNetEntry;

export const SCRFD = {
  id: 'scrfd-500m',
  role: 'detector',
  family: 'scrfd',
  file: 'scrfd_500m_fixed.onnx',
  bytes: 2_524_817,
  sha256: '5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a',
  source: 'InsightFace, SCRFD 500M with five points',
  license: 'InsightFace: non-commercial research only',
  input: { name: 'input.1', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] },
  outputs: [
    { name: '443', shape: ['2*(S/8)^2', 1], meaning: 'probability of a face; as all, also for strides 16 and 32' },
    { name: '446', shape: ['2*(S/8)^2', 4], meaning: 'distances to left, top, right, bottom, in strides' },
    { name: '449', shape: ['2*(S/8)^2', 10], meaning: 'x, y in strides of eyes, nose and mouth corners' },
  ],
  sizes: [320, 640],
  levels: [
    { stride: 8, perCell: 2, scores: '443', boxes: '446', points: '449' },
    { stride: 16, perCell: 2, scores: '468', boxes: '471', points: '474' },
    { stride: 32, perCell: 2, scores: '493', boxes: '496', points: '499' },
  ],
  postprocess: { minScore: 0.3, nmsIou: 0.4 },
  box: { scale: 0.8, shift: 0.086, origin: BOX_ORIGIN },
} as const satisfies ScrfdEntry;

export const RFB_320 = {
  id: 'rfb-320',
  role: 'detector',
  family: 'ultraface',
  file: 'version-RFB-320.onnx',
  bytes: 1_270_727,
  sha256: '34cd7e60aeff28744c657de7a3dc64e872d506741de66987f3426f2b79f88017',
  source: 'Linzaer, Ultra-Light-Fast-Generic-Face-Detector-1MB, version-RFB-320',
  license: 'MIT',
  input: { name: 'input', channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] },
  outputs: [
    { name: 'scores', shape: [1, 4420, 2], meaning: 'probability of background and of a face' },
    { name: 'boxes', shape: [1, 4420, 4], meaning: 'x1, y1, x2, y2 as fractions of the input' },
  ],
  sizes: [320],
  height: 240,
  anchorCount: 4420,
  postprocess: { minScore: 0.5, nmsIou: 0.3 },
  box: { scale: 0.79, shift: 0.1, origin: BOX_ORIGIN },
} as const satisfies UltraFaceEntry;

export const MOBILEFACENET = {
  id: 'mobilefacenet-128',
  role: 'embedder',
  family: 'arcface',
  file: 'mobilefacenet_128.onnx',
  bytes: 3_985_710,
  sha256: 'd1591155d17e619da766e5436fa95c094ea250f2883b11d371cd837687159568',
  source: 'MobileFaceNet with a 128-d output, trained by others; training data not told',
  license: "MIT by its distributor's README",
  input: { name: 'input0', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  outputs: [{ name: 'output0', shape: [1, 128], meaning: 'face embedding, not normalized' }],
  output: 'output0',
  dimension: 128,
  size: 112,
  embeddingSpace: 'mobilefacenet/d1591155d17e619d/arcface-112-v1',
  calibration: {
    origin:
      'LFW: 5,310 photos of 2,415 people, all pairs of different people, with BlazeFace and the landmarks of the kit; the ' +
      'distance of best accuracy over the first four folds of view 2 (npx tsx lab/measure/fit-calibration.ts)',
    // 0.5 at FMR 1e-3 and 0.4 at best accuracy; 1 when a face is compared with itself.
    similarity: [
      [0, 1],
      [0.6542, 0.5],
      [0.7094, 0.4],
      [1.3, 0],
    ],
    fmr: {
      fast: [
        [0.5248, 1e-5],
        [0.5844, 1e-4],
        [0.6542, 1e-3],
        [0.7394, 1e-2],
        [0.852, 1e-1],
      ],
      high: [
        [0.517, 1e-5],
        [0.5768, 1e-4],
        [0.6476, 1e-3],
        [0.7343, 1e-2],
        [0.8487, 1e-1],
      ],
    },
    profile: [
      [0.5221, 1e-5],
      [0.5774, 1e-4],
      [0.6463, 1e-3],
      [0.7339, 1e-2],
      [0.8503, 1e-1],
    ],
  },
  views: { fast: 2, high: 6 },
} as const satisfies ArcFaceEntry;

/**
 * Threshold of binary-128 at which both classes are equally likely, as its authors use it.
 * No rates were measured.
 */
const EQUAL_CHANCE = { origin: 'the class with the highest probability; no rates were measured', threshold: 0.5 };

export const BINARY_128 = {
  id: 'antispoof-binary-128',
  role: 'antispoof',
  family: 'binary-128',
  file: 'best_model.onnx',
  bytes: 1_912_594,
  sha256: 'af2381b88f38769222ed93379e12444e2a50814575de1c46170de570c55a42b6',
  source: 'a MiniFASNet of two classes at 128 px, trained by others on CelebA-Spoof',
  license: 'Apache-2.0; its training data, CelebA-Spoof, is for non-commercial research',
  input: { name: 'input', channels: 'RGB', mean: [0, 0, 0], std: [255, 255, 255] },
  outputs: [{ name: 'output', shape: [1, 2], meaning: 'logits of bona fide and attack' }],
  output: 'output',
  size: 128,
  cropScale: 1.5,
  more: [],
  minFaceSizePx: 64,
  calibration: EQUAL_CHANCE,
} as const satisfies AntispoofEntry;

export const MINIFASNET = {
  id: 'minifasnet',
  role: 'antispoof',
  family: 'minifasnet',
  file: 'fasnet_2_7.onnx',
  bytes: 1_744_116,
  sha256: '23c35d6762dca2a07e17979b0f76263cc9ffea6e3d55c7ded23108a625bd79f7',
  source: 'minivision-ai, Silent-Face-Anti-Spoofing, 2.7_80x80_MiniFASNetV2 and 4_0_0_80x80_MiniFASNetV1SE',
  license: 'Apache-2.0',
  input: { name: 'input', channels: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] },
  outputs: [{ name: 'output', shape: [1, 3], meaning: 'logits of one kind of attack, bona fide, another kind' }],
  output: 'output',
  size: 80,
  cropScale: 2.7,
  more: [
    {
      file: 'fasnet_4_0.onnx',
      bytes: 1_743_284,
      sha256: '993e41cad1ca54f02ae4a67bb3f6f41e8091ebc5310f295fa823c51747649384',
      cropScale: 4,
    },
  ],
  minFaceSizePx: 64,
  calibration: EQUAL_CHANCE,
} as const satisfies AntispoofEntry;

/** Reference detectors, by the name that tools/models/reference.ts takes. */
export const DETECTORS = { yunet: YUNET, scrfd: SCRFD, 'rfb-320': RFB_320 } as const;
export const EMBEDDERS = { mobilefacenet: MOBILEFACENET } as const;
export const ANTISPOOFS = { 'binary-128': BINARY_128, minifasnet: MINIFASNET } as const;
