import { describe, expect, it } from 'vitest';
import { createBlazeFace } from '../../src/models/detectors/blazeface.js';
import { createDlibEmbedder } from '../../src/models/embedder.js';
import { createFaceLandmark68 } from '../../src/models/landmarker.js';
import { findModel, findSet, parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import type { BlazeFaceEntry } from '../../src/models/detectors/blazeface.js';
import type { DlibEmbedderEntry } from '../../src/models/embedder.js';
import type { Landmark68Entry } from '../../src/models/landmarker.js';
import { readOutput, type Run } from '../../src/models/run.js';
import type { Point } from '../../src/api/geometry.js';
import { createPixels, type Pixels, type Tensor } from '../../src/vision/image.js';
import { errorOf } from './vectors.js';

const BASE = {
  bytes: 1,
  sha256: 'a'.repeat(64),
  source: { package: 'p', version: '1.0.0', files: [{ path: 'w.bin', sha256: 'b'.repeat(64) }] },
  license: 'MIT',
} as const;

const BLAZEFACE: BlazeFaceEntry = {
  ...BASE,
  id: 'blazeface',
  role: 'detector',
  family: 'blazeface',
  file: 'blazeface.onnx',
  input: { name: 'input', channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  outputs: [{ name: 'scores_0', shape: [1, 'n', 1], meaning: 'logits' }],
  sizes: [128, 256],
  anchors: [
    { stride: 16, perCell: 2 },
    { stride: 32, perCell: 6 },
  ],
  postprocess: {
    minScore: 0.5,
    nmsIou: 0.3,
    secondLook: { from: 0.3, certain: 0.8, size: 128, cropScales: [3], missed: 0.2, bias: 0.5 },
  },
};

const LANDMARKS: Landmark68Entry = {
  ...BASE,
  id: 'face-landmark-68',
  role: 'landmarker',
  family: 'face-landmark-68',
  file: 'face-landmark-68.onnx',
  input: { name: 'input', channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] },
  outputs: [{ name: 'points', shape: [1, 136], meaning: 'x, y' }],
  size: 112,
  passes: [{ cropScale: 1.15, offsets: new Array<number>(136).fill(0) }],
  offsetsOrigin: 'test',
  minSpread: 0.2,
  minRefinedSpread: 0.2,
};

const EMBEDDER: DlibEmbedderEntry = {
  ...BASE,
  id: 'dlib-resnet',
  role: 'embedder',
  family: 'dlib-resnet',
  file: 'dlib-resnet.onnx',
  input: { name: 'input', channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] },
  outputs: [{ name: 'embedding', shape: [1, 128], meaning: 'embedding' }],
  dimension: 128,
  chip: { size: 150, padding: 0.25 },
  embeddingSpace: 'space',
  views: { fast: 2, high: 6 },
  calibration: {
    origin: 'test',
    fmr: {
      fast: [
        [0.4, 0.001],
        [0.5, 0.01],
      ],
    },
    similarity: [
      [0, 1],
      [1, 0],
    ],
  },
  background: { file: 'background.bin', bytes: 1, sha256: 'a'.repeat(64) },
};

function plain(width: number, height: number, rgb: readonly [number, number, number] = [0, 0, 0]): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([...rgb, 255], i);
  return createPixels(width, height, data);
}

describe('BlazeFace', () => {
  /** Outputs without a face, into which a test writes one. */
  function emptyOutputs(width: number, height = width) {
    const counts = [(2 * width * height) / 16 ** 2, (6 * width * height) / 32 ** 2] as const;
    const tensor = (data: Float32Array): Tensor => ({ data, dims: [1, data.length] });
    return {
      scores_0: tensor(new Float32Array(counts[0]).fill(-20)),
      boxes_0: tensor(new Float32Array(counts[0] * 16)),
      scores_1: tensor(new Float32Array(counts[1]).fill(-20)),
      boxes_1: tensor(new Float32Array(counts[1] * 16)),
    };
  }

  it('decodes an anchor into a box in pixels of the frame, with the roll of the eyes', async () => {
    const outputs = emptyOutputs(128, 96);
    // Second anchor of cell (x 3, y 2) of the 16 px grid: center at 56, 40 of the input.
    const index = (2 * 8 + 3) * 2 + 1;
    outputs.scores_0.data[index] = 2;
    // Center 4 px right of and 4 px above the anchor, 20 x 24 px; the eyes at (-5, -5) and (5, 5), the mouth at
    // (-10, 10): an upright face, turned by 45 degrees. The nose does not count.
    outputs.boxes_0.data.set([4, -4, 20, 24, -5, -5, 5, 5, 99, 99, -10, 10], index * 16);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve(outputs);
    };
    // 256 x 160: twice the size of the input's 128 x 80, with bars of 8 px above and below.
    const [face, ...others] = await createBlazeFace(BLAZEFACE, run).detect(plain(256, 160, [255, 255, 255]), 128, 0.5);
    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    expect(face?.roll).toBeCloseTo(Math.PI / 4, 6);
    expect(face?.box).toEqual({ x: (60 - 10) * 2, y: (36 - 12 - 8) * 2, width: 40, height: 48 });
    // White is 1 and the bars are -1, in each of the three planes.
    expect(fed?.dims).toEqual([1, 3, 96, 128]);
    expect([0, 8, 87, 95].map((y) => fed?.data[y * 128])).toEqual([-1, 1, 1, -1]);
  });

  it('looks at a part of the image, and beyond its edge', async () => {
    const outputs = emptyOutputs(128);
    outputs.scores_0.data[0] = 2;
    // From the center of the first cell: the middle of the input.
    outputs.boxes_0.data.set([56, 56, 32, 32, -1, 0, 1, 0, 0, 0, 0, 2], 0);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve(outputs);
    };
    const part = { x: 192, y: -32, width: 64, height: 64 };
    const found = await createBlazeFace(BLAZEFACE, run).detect(plain(256, 128, [255, 255, 255]), 128, 0.5, part);
    // 64 px become 128.
    expect(found.map(({ box }) => box)).toEqual([{ x: 216, y: -8, width: 16, height: 16 }]);
    // Black above the image, white in it.
    expect([63, 64].map((y) => fed?.data[y * 128])).toEqual([-1, 1]);
  });

  it('turns the part, and the faces in it back', async () => {
    const outputs = emptyOutputs(128);
    outputs.scores_0.data[0] = 2;
    // 20 px above the middle of the input, and upright in it.
    outputs.boxes_0.data.set([56, 36, 32, 32, -1, 0, 1, 0, 0, 0, 0, 2], 0);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve(outputs);
    };
    const part = { x: 192, y: -32, width: 64, height: 64 };
    const detector = createBlazeFace(BLAZEFACE, run);
    const [face] = await detector.detect(plain(256, 128, [255, 255, 255]), 128, 0.5, part, Math.PI / 2);
    // What is above in the input is to the right in the image, 10 px from the center of the part.
    expect(face?.box.x).toBeCloseTo(224 + 10 - 8, 6);
    expect(face?.box.y).toBeCloseTo(0 - 8, 6);
    expect(face?.box.width).toBeCloseTo(16, 6);
    expect(face?.roll).toBeCloseTo(Math.PI / 2, 6);
    // Black above the image, now on the left.
    expect([63, 64].map((x) => fed?.data[x])).toEqual([-1, 1]);
    const [upsideDown] = await detector.detect(plain(256, 128), 128, 0.5, part, Math.PI);
    expect(Math.abs(upsideDown?.roll ?? 0)).toBeCloseTo(Math.PI, 6);
    expect(upsideDown?.box.y).toBeCloseTo(0 + 10 - 8, 6);
  });

  it('reads the coarse grid with its six anchors per cell, applies the score, and merges overlaps', async () => {
    const outputs = emptyOutputs(256);
    for (const [k, logit] of [0.5, 3, 1].entries()) {
      const index = (4 * 8 + 4) * 6 + k;
      outputs.scores_1.data[index] = logit;
      outputs.boxes_1.data.set([k, 0, 100, 100, -1, 0, 1, 0], index * 16);
    }
    const detector = createBlazeFace(BLAZEFACE, () => Promise.resolve(outputs));
    const found = await detector.detect(plain(256, 256), 256, 0.5);
    expect(found.map(({ score }) => score)).toEqual([1 / (1 + Math.exp(-3))]);
    expect(found[0]?.box.x).toBe(4.5 * 32 + 1 - 50);
    expect(await detector.detect(plain(256, 256), 256, 0.99)).toEqual([]);
  });

  it('keeps a face that has just the least score', async () => {
    const outputs = emptyOutputs(128);
    // The sigmoid of 0 is a half.
    outputs.scores_0.data[0] = 0;
    outputs.boxes_0.data.set([0, 0, 20, 20, -1, 0, 1, 0], 0);
    const detector = createBlazeFace(BLAZEFACE, () => Promise.resolve(outputs));
    expect(await detector.detect(plain(128, 128), 128, 0.5)).toMatchObject([{ score: 0.5 }]);
    expect(await detector.detect(plain(128, 128), 128, 0.51)).toEqual([]);
  });

  it('takes the roll of a profile from the line to the mouth, where the eyes fall together', async () => {
    const outputs = emptyOutputs(128);
    outputs.scores_0.data[0] = 2;
    // The second eye lies left of the first one by a hair; the mouth is below both.
    outputs.boxes_0.data.set([0, 0, 20, 20, 0.1, 0, -0.1, 0, 0, 5, 0, 8], 0);
    const [face] = await createBlazeFace(BLAZEFACE, () => Promise.resolve(outputs)).detect(plain(128, 128), 128, 0.5);
    expect(face?.roll).toBeCloseTo(0, 6);
  });

  it('refuses a size that it does not offer, and outputs of another graph', async () => {
    const detector = createBlazeFace(BLAZEFACE, () => Promise.resolve(emptyOutputs(128)));
    await expect(detector.detect(plain(8, 8), 200, 0.5)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(detector.detect(plain(8, 8), 256, 0.5)).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: expect.stringContaining("'scores_0' with 512 values") as string,
    });
    const silent = createBlazeFace(BLAZEFACE, () => Promise.resolve({}));
    await expect(silent.detect(plain(8, 8), 128, 0.5)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });
});

describe('face_landmark_68', () => {
  const detection = { box: { x: 60, y: 70, width: 80, height: 60 }, score: 1, roll: Math.PI / 2 };
  const landmarker = (points: Float32Array) =>
    createFaceLandmark68(LANDMARKS, () => Promise.resolve({ points: { data: points, dims: [1, 136] } }));

  it('maps fractions of the turned crop back to the image', async () => {
    // Half of the points in one corner of the crop and half in the opposite one.
    const points = Float32Array.from({ length: 136 }, (_, i) => (i < 68 ? 0 : 1));
    points.set([0.5, 0.5, 1, 0.5]);
    const found = await landmarker(points).locate(plain(200, 200), detection);
    expect(found).toHaveLength(68);
    expect(found?.[0]?.x).toBeCloseTo(100, 4);
    expect(found?.[0]?.y).toBeCloseTo(100, 4);
    // The middle of the right edge of the crop: half a side, 80 x 1.15 / 2, down the image.
    expect(found?.[1]?.x).toBeCloseTo(100, 4);
    expect(found?.[1]?.y).toBeCloseTo(146, 4);
  });

  it('looks a second time at a crop round the first points, and corrects each pass by its own offsets', async () => {
    // A cross of points about (100, 100) in the first crop: 40 px wide and high, the eyes level.
    const cross = Float32Array.from(
      { length: 136 },
      (_, i) => 0.5 + (i % 2 === 0 ? 20 : 0) * (i % 4 < 2 ? -1 / 92 : 1 / 92),
    );
    for (const k of [0, 8]) cross[2 * k + 1] = 0.5 + (k === 0 ? -20 : 20) / 92;
    const shifted = (offset: number) => Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? offset : 0));
    const entry: Landmark68Entry = {
      ...LANDMARKS,
      passes: [
        { cropScale: 1.15, offsets: shifted(10 / 92) },
        { cropScale: 2, offsets: shifted(-0.25) },
      ],
    };
    const fed: Tensor[] = [];
    const run: Run = (feeds) => {
      fed.push(feeds['input'] as Tensor);
      return Promise.resolve({ points: { data: cross, dims: [1, 136] } });
    };
    const upright = { ...detection, roll: 0 };
    const found = await createFaceLandmark68(entry, run).locate(plain(200, 200), upright);
    expect(fed.map(({ dims }) => dims)).toEqual([
      [1, 3, 112, 112],
      [1, 3, 112, 112],
    ]);
    // The first pass puts the cross 10 px to the right, at 110; the second crop is 80 px wide round it and takes a quarter
    // of it back.
    expect(found?.[0]?.x).toBeCloseTo(110 - (20 / 92) * 80 - 20, 3);
    expect(found?.[0]?.y).toBeCloseTo(100 - (20 / 92) * 80, 3);
  });

  it('sees no face where the points lie in a heap, or nowhere', async () => {
    // Two heaps at a distance of 2 d have a spread of d; 0.2 of 80 px is 16 px, of a crop of 92 px.
    const heaps = (d: number) =>
      Float32Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? 0.5 + (i < 68 ? -d : d) / 92 : 0.5));
    expect(await landmarker(heaps(15.9)).locate(plain(200, 200), detection)).toBeNull();
    expect(await landmarker(heaps(16.1)).locate(plain(200, 200), detection)).toHaveLength(68);
    expect(await landmarker(new Float32Array(136).fill(Number.NaN)).locate(plain(9, 9), detection)).toBeNull();
  });

  it('keeps the points of the first pass where they are too close together for a further one, or its own are', async () => {
    const passes = [1, 2].map(() => ({ cropScale: 1.15, offsets: new Array<number>(136).fill(0) }));
    const heaps = (d: number) =>
      Float32Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? 0.5 + (i < 68 ? -d : d) / 92 : 0.5));
    for (const [first, runs] of [
      [23.9, 1],
      [24.1, 2],
    ] as const) {
      let count = 0;
      const run: Run = () =>
        Promise.resolve({ points: { data: count++ === 0 ? heaps(first) : heaps(0), dims: [1, 136] } });
      const points = await createFaceLandmark68({ ...LANDMARKS, passes, minRefinedSpread: 0.3 }, run).locate(
        plain(200, 200),
        detection,
      );
      expect(count).toBe(runs);
      const [left, right] = [points?.[0] as Point, points?.[67] as Point];
      expect(Math.hypot(right.x - left.x, right.y - left.y)).toBeCloseTo(2 * first, 3);
    }
  });
});

describe('a landmark pass that moves its crop', () => {
  const offsets = new Array<number>(136).fill(0);
  /** Two heaps of points: the upper left corner of the crop and the lower right one. */
  const corners = Float32Array.from({ length: 136 }, (_, i) => (i < 68 ? 0 : 1));
  const run: Run = () => Promise.resolve({ points: { data: corners, dims: [1, 136] } });

  it('moves it down the head, by a fraction of its side', async () => {
    const entry: Landmark68Entry = { ...LANDMARKS, passes: [{ cropScale: 2, shift: 0.1, offsets }] };
    // The crop has a side of 160 px and would be centered on (100, 100).
    const detection = { box: { x: 60, y: 70, width: 80, height: 60 }, score: 1, roll: 0 };
    const upright = await createFaceLandmark68(entry, run).locate(plain(200, 200), detection);
    expect(upright?.[0]?.x).toBeCloseTo(20, 4);
    expect(upright?.[0]?.y).toBeCloseTo(36, 4);
    // A head that lies on its side, with the chin to the left.
    const turned = { ...detection, roll: Math.PI / 2 };
    const lying = await createFaceLandmark68(entry, run).locate(plain(200, 200), turned);
    expect(lying?.[0]?.x).toBeCloseTo(180 - 16, 4);
    expect(lying?.[0]?.y).toBeCloseTo(20, 4);
  });

  it('may be another one in the next frame, which the points of this one place', async () => {
    const follow = { cropScale: 4, shift: -0.25, offsets: offsets.map((_, i) => (i % 2 === 0 ? 0.5 : 0)) };
    const entry: Landmark68Entry = { ...LANDMARKS, follow };
    // 40 px wide, so that the crop is 160 px wide, and its center 40 px above theirs.
    const known = Array.from({ length: 68 }, (_, i): Point => ({ x: i < 34 ? 80 : 120, y: 100 }));
    const found = await createFaceLandmark68(entry, run).follow(plain(200, 200), known);
    expect(found?.[0]?.x).toBeCloseTo(100 - 80 + 80, 4);
    expect(found?.[0]?.y).toBeCloseTo(100 - 80 - 40, 4);
    expect(found?.[67]?.y).toBeCloseTo(100 + 80 - 40, 4);
  });
});

describe('face_landmark_68 in the next frame', () => {
  /** Two heaps of points, 40 px apart, with their center at (100, 100). Their spread is 20 px. */
  const known = Array.from({ length: 68 }, (_, i): Point => ({ x: i < 34 ? 80 : 120, y: 100 }));
  const passes = [0.5, 0.1].map((offset) => ({
    cropScale: 2,
    offsets: Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? offset : 0)),
  }));
  /** Two heaps `d` fractions of the crop from its center, before the correction of the last pass is added. */
  const heaps = (d: number) =>
    Float32Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? 0.4 + (i < 68 ? -d : d) : 0.5));
  const follow = (points: Float32Array) =>
    createFaceLandmark68({ ...LANDMARKS, passes }, () =>
      Promise.resolve({ points: { data: points, dims: [1, 136] } }),
    ).follow(plain(200, 200), known);

  it('looks once round the known points, with the crop and the correction of the last pass', async () => {
    // The crop is twice as wide as the 40 px of the points: a quarter of it is where they were.
    const found = await follow(heaps(0.25));
    expect(found).toHaveLength(68);
    expect(found?.[0]?.x).toBeCloseTo(80, 4);
    expect(found?.[67]?.x).toBeCloseTo(120, 4);
    expect(found?.[0]?.y).toBeCloseTo(100, 4);
  });

  it('has lost a face whose points shrank to less than half of their spread', async () => {
    expect(await follow(heaps(0.13))).toHaveLength(68);
    expect(await follow(heaps(0.12))).toBeNull();
    expect(await follow(heaps(Number.NaN))).toBeNull();
  });
});

describe('an output', () => {
  const read = (outputs: Record<string, Tensor>) => () => readOutput(outputs, 'points', 4, { id: 'net' });
  const tensor = (...dims: readonly number[]): Tensor => ({ data: new Float32Array(dims[1] ?? 0), dims });

  it('is read by its name and length; otherwise the error says what there is', () => {
    const points = tensor(1, 4);
    expect(read({ points })()).toBe(points.data);
    const missing = errorOf(read({ scores: points, boxes: points }), 'INFERENCE_FAILED');
    expect(missing.message).toMatch(/'net' .*'points' with 4 values, but returned only scores, boxes\./);
    expect(errorOf(read({ points: tensor(1, 5) }), 'INFERENCE_FAILED').message).toContain('returned [1, 5].');
  });
});

describe('a signal', () => {
  const reason = new Error('enough');
  /** Counts its runs and aborts in the first one. */
  const abortingRun = (outputs: Record<string, Tensor>) => {
    const controller = new AbortController();
    const runs = { count: 0 };
    const run: Run = () => {
      runs.count++;
      controller.abort(reason);
      return Promise.resolve(outputs);
    };
    return { run, runs, signal: controller.signal };
  };

  it('ends an embedding before the next view', async () => {
    const { run, runs, signal } = abortingRun({ embedding: { data: new Float32Array(128), dims: [1, 128] } });
    const points: Point[] = Array.from({ length: 68 }, (_, i) => ({ x: 40 + (i % 7) * 5, y: 40 + (i % 5) * 7 }));
    const embedder = createDlibEmbedder(EMBEDDER, run);
    await expect(embedder.embed(plain(100, 100), points, 6, signal)).rejects.toBe(reason);
    expect(runs.count).toBe(1);
  });

  it('ends the search of landmarks before the next pass', async () => {
    const spreadOut = Float32Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? (i < 68 ? 0.1 : 0.9) : 0.5));
    const passes = [1, 2].map(() => ({ cropScale: 1.15, offsets: new Array<number>(136).fill(0) }));
    const { run, runs, signal } = abortingRun({ points: { data: spreadOut, dims: [1, 136] } });
    const landmarker = createFaceLandmark68({ ...LANDMARKS, passes, minRefinedSpread: 0.3 }, run);
    const detection = { box: { x: 60, y: 70, width: 80, height: 60 }, score: 1, roll: 0 };
    await expect(landmarker.locate(plain(200, 200), detection, signal)).rejects.toBe(reason);
    expect(runs.count).toBe(1);
  });
});

describe('dlib embedder', () => {
  const landmarks: Point[] = Array.from({ length: 68 }, (_, i) => ({ x: 40 + (i % 7) * 5, y: 40 + (i % 5) * 7 }));

  it('feeds R, G, B in this order and returns the vector', async () => {
    const data = Float32Array.from({ length: 128 }, (_, i) => i / 100);
    let fed: Tensor | undefined;
    const embedder = createDlibEmbedder(EMBEDDER, (feeds) => {
      fed = feeds['input'];
      return Promise.resolve({ embedding: { data, dims: [1, 128] } });
    });
    expect(await embedder.embed(plain(100, 100, [10, 20, 30]), landmarks, 1)).toEqual([data]);
    const middle = 75 * 150 + 75;
    expect(fed?.dims).toEqual([1, 3, 150, 150]);
    expect([0, 1, 2].map((c) => fed?.data[c * 22_500 + middle])).toEqual([10, 20, 30]);
  });

  /** Points where dlib's chip has them, so that the chip is a square of 150 px with its corner at (50, 50). */
  const places: readonly (readonly [index: number, x: number, y: number])[] = [
    [45, 0.8595674595992, 0.2134981538014],
    [42, 0.6460604764104, 0.2289674387677],
    [36, 0.1205750620789, 0.2137274526848],
    [39, 0.3340850613712, 0.2290642403242],
    [33, 0.4901123135679, 0.6277975316475],
  ];
  const aligned = landmarks.map((point, i) => {
    const place = places.find(([index]) => index === i);
    return place ? { x: 50 + 100 * (0.25 + place[1]), y: 50 + 100 * (0.25 + place[2]) } : point;
  });

  it('looks at the chip, two that are cut differently, and the mirror image of each', async () => {
    // Every pixel says where it is: its column in red, its row in green.
    const map = plain(256, 256);
    for (let i = 0; i < 256 * 256; i++) map.data.set([i % 256, Math.floor(i / 256)], 4 * i);
    const fed: Tensor[] = [];
    const embedder = createDlibEmbedder(EMBEDDER, (feeds) => {
      fed.push(feeds['input'] as Tensor);
      return Promise.resolve({ embedding: { data: new Float32Array(128).fill(fed.length), dims: [1, 128] } });
    });
    const embeddings = await embedder.embed(map, aligned, 6);
    expect(embeddings.map(([first]) => first)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fed).toHaveLength(6);

    /** Where pixel u, v of a view comes from, in the coordinates of the image, whose pixels have their centers at 0.5. */
    const origin = (view: number, u: number, v: number) =>
      [0, 1].map((c) => (fed[view] as Tensor).data[c * 22_500 + v * 150 + u]! + 0.5);
    const cuts = [
      { view: 0, scale: 1, degrees: 0, shift: 0 },
      { view: 2, scale: 1.08, degrees: 4, shift: 2 },
      { view: 4, scale: 1, degrees: -4, shift: -3 },
    ];
    for (const { view, scale, degrees, shift } of cuts) {
      const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      for (const [u, v] of [
        [74, 74],
        [20, 100],
        [110, 30],
      ] as const) {
        // From the middle of the chip, which is at (125, 125) of the image.
        const [dx, dy] = [scale * (u + 0.5 - 75), scale * (v + 0.5 - 75)];
        const [x, y] = origin(view, u, v);
        expect(x).toBeCloseTo(125 + shift + cos * dx - sin * dy, 3);
        expect(y).toBeCloseTo(125 + shift + sin * dx + cos * dy, 3);
        expect(origin(view + 1, 149 - u, v)).toEqual([x, y]);
      }
    }
  });

  it('looks at as many views as it is asked for, the first ones', async () => {
    // The middle row of what is fed tells the views apart.
    const fed: Float32Array[] = [];
    const embedder = createDlibEmbedder(EMBEDDER, (feeds) => {
      fed.push((feeds['input'] as Tensor).data.slice(75 * 150, 76 * 150));
      return Promise.resolve({ embedding: { data: new Float32Array(128), dims: [1, 128] } });
    });
    const columns = plain(256, 256);
    for (let i = 0; i < 256 * 256; i++) columns.data[4 * i] = i % 256;
    expect(await embedder.embed(columns, aligned, 6)).toHaveLength(6);
    const all = fed.splice(0);
    for (const views of [1, 2, 3]) {
      expect(await embedder.embed(columns, aligned, views)).toHaveLength(views);
      expect(fed.splice(0)).toEqual(all.slice(0, views));
    }
  });

  it('refuses a vector of another length', async () => {
    const short = { embedding: { data: new Float32Array(64), dims: [1, 64] } };
    const embedder = createDlibEmbedder(EMBEDDER, () => Promise.resolve(short));
    await expect(embedder.embed(plain(100, 100), landmarks, 1)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });
});

describe('manifest', () => {
  const manifest: ModelManifest = {
    version: 2,
    models: [BLAZEFACE, LANDMARKS, EMBEDDER],
    sets: { default: { detector: 'blazeface', landmarker: 'face-landmark-68', embedder: 'dlib-resnet' } },
  };
  /** A copy with one field changed; the path names it. */
  function altered(model: number, path: readonly string[], value: unknown): unknown {
    const copy = structuredClone(manifest) as unknown as { models: Record<string, unknown>[] };
    const last = path.at(-1) as string;
    const holder = path.slice(0, -1).reduce((o, key) => o[key] as Record<string, unknown>, copy.models[model] ?? {});
    holder[last] = value;
    return copy;
  }

  /** The manifest with other sets, of which the default one stays. */
  const withSets = (sets: Record<string, unknown>): unknown => ({ ...manifest, sets: { ...manifest.sets, ...sets } });

  it('is read, and asked for the entry that a set has for a role', () => {
    const parsed = parseManifest(structuredClone(manifest));
    expect(parsed).toEqual(manifest);
    expect(findModel(parsed, 'embedder')).toEqual(EMBEDDER);
    expect(errorOf(() => findModel(parsed, 'antispoof'), 'MODEL_LOAD_FAILED').message).toBe(
      "The set 'default' of the model manifest has no antispoof.",
    );
  });

  it('has sets, of which each may have two graphs of the embedder', () => {
    const other = { ...manifest.sets['default'], embedder: { int8: 'quick', lossless: 'dlib-resnet' } };
    const models = [...manifest.models, { ...EMBEDDER, id: 'quick' }];
    const parsed = parseManifest({ ...manifest, models, sets: { ...manifest.sets, other } });
    expect(findSet(parsed, 'other')).toEqual(other);
    const idOf = (choice: Parameters<typeof findModel>[2]) => findModel(parsed, 'embedder', choice).id;
    expect(idOf({})).toBe('dlib-resnet');
    expect(idOf({ precision: 'int8' })).toBe('dlib-resnet');
    expect(idOf({ set: 'other' })).toBe('quick');
    expect(idOf({ set: 'other', precision: 'int8' })).toBe('quick');
    expect(idOf({ set: 'other', precision: 'lossless' })).toBe('dlib-resnet');
    expect(findModel(parsed, 'detector', { set: 'other' })).toEqual(BLAZEFACE);
  });

  it.each(['public', 'constructor', '__proto__', ''])("has no set '%s', and says which it has", (name) => {
    const parsed = parseManifest(withSets({ second: manifest.sets['default'] }));
    expect(errorOf(() => findSet(parsed, name), 'INVALID_INPUT').message).toBe(
      `createFaceKit() option 'models' must be one of default, second, got '${name}'. ` +
        "'npx inface assets DIR --models SETS' copies others.",
    );
    expect(() => findModel(parsed, 'detector', { set: name })).toThrow(/one of default, second/);
  });

  it('may lack the default set, which then must be replaced by another', () => {
    const parsed = parseManifest({ ...manifest, sets: { other: manifest.sets['default'] } });
    expect(findModel(parsed, 'detector', { set: 'other' })).toEqual(BLAZEFACE);
    expect(errorOf(() => findModel(parsed, 'detector'), 'INVALID_INPUT').message).toMatch(
      /^createFaceKit\(\) option 'models' must be one of other, got 'default', which is used unless another is passed\. /,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 'models', /manifest should be an object, got "models"/],
    ['no models', { ...manifest, models: [] }, /models should be a list that is not empty/],
    ['another version', { ...manifest, version: 1 }, /manifest.version should be 2, got 1/],
    ['no sets', { ...manifest, sets: undefined }, /manifest.sets should be sets of models by name, got nothing/],
    ['no set', { ...manifest, sets: {} }, /sets should be one or more sets, got \{\}/],
    ['a set that is none', withSets({ other: 'blazeface' }), /sets.other should be an object, got "blazeface"/],
    ['a set without a detector', withSets({ other: {} }), /sets.other.detector should be a string, got nothing/],
    [
      'a set without an entry',
      withSets({ other: { ...manifest.sets['default'], landmarker: 'none' } }),
      /sets.other.landmarker should be the id of a model with the role landmarker, got "none"/,
    ],
    [
      'a set with an entry of another role',
      withSets({ other: { ...manifest.sets['default'], antispoof: 'blazeface' } }),
      /sets.other.antispoof should be the id of a model with the role antispoof, got "blazeface"/,
    ],
    [
      'a set with half of an embedder',
      withSets({ other: { ...manifest.sets['default'], embedder: { int8: 'dlib-resnet' } } }),
      /sets.other.embedder should be an id, or one for int8 and one for lossless/,
    ],
    [
      'a set with a graph of another role',
      withSets({ other: { ...manifest.sets['default'], embedder: { int8: 'dlib-resnet', lossless: 'blazeface' } } }),
      /sets.other.embedder.lossless should be the id of a model with the role embedder, got "blazeface"/,
    ],
    [
      'the same id twice',
      { ...manifest, models: [BLAZEFACE, BLAZEFACE] },
      /manifest, models should be unique ids, got "blazeface"/,
    ],
    ['a path as file', altered(0, ['file'], '../x.onnx'), /models\[0\].file should be a file name/],
    [
      'another word for true',
      altered(0, ['optimized'], 'yes'),
      /models\[0\].optimized should be true or false, got "yes"/,
    ],
    ['a broken hash', altered(0, ['sha256'], 'abc'), /models\[0\].sha256 should be 64 hex digits/],
    ['no bytes', altered(1, ['bytes'], 0), /models\[1\].bytes should be a number above 0, got 0/],
    [
      'an unknown family',
      altered(0, ['family'], 'mtcnn'),
      /models\[0\].role and family should be .*, got "detector\/mtcnn"/,
    ],
    ['a role of another family', altered(0, ['role'], 'embedder'), /got "embedder\/blazeface"/],
    ['unknown channels', altered(0, ['input', 'channels'], 'RGBA'), /'RGB' or 'BGR', got "RGBA"/],
    ['a std of 0', altered(0, ['input', 'std'], [1, 0, 1]), /input.std should be 3 numbers above 0, got \[1,0,1\]/],
    ['two means', altered(0, ['input', 'mean'], [1, 0]), /input.mean should be 3 numbers/],
    ['a mean that is none', altered(0, ['input', 'mean'], [1, '0', 0]), /input.mean should be 3 numbers/],
    ['no anchors', altered(0, ['anchors'], undefined), /anchors should be a list that is not empty, got nothing/],
    [
      'no crop',
      altered(1, ['passes', '0', 'cropScale'], null),
      /passes\[0\].cropScale should be a number above 0, got null/,
    ],
    [
      'a shift that is none',
      altered(1, ['passes', '0', 'shift'], '0.1'),
      /passes\[0\].shift should be a number, got "0.1"/,
    ],
    ['half a pass', altered(1, ['follow'], { cropScale: 1 }), /follow.offsets should be 136 numbers, got nothing/],
    [
      'offsets of another net',
      altered(1, ['passes', '0', 'offsets'], [1, 2]),
      /passes\[0\].offsets should be 136 numbers/,
    ],
    ['no chip', altered(2, ['chip'], 150), /chip should be an object, got 150/],
    ['no curve', altered(2, ['calibration', 'fmr'], {}), /calibration.fmr.fast should be a list .*, got nothing/],
    [
      'the curve of an earlier version',
      altered(2, ['calibration', 'fmr'], EMBEDDER.calibration.fmr.fast),
      /calibration.fmr.fast should be a list .*, got nothing/,
    ],
    [
      'one knot',
      altered(2, ['calibration', 'fmr', 'fast'], [[0.5, 0.1]]),
      /calibration.fmr.fast should be two or more pairs, got \[\[0.5,0.1\]\]/,
    ],
    [
      'one knot of another accuracy',
      altered(2, ['calibration', 'fmr', 'high'], [[0.5, 0.1]]),
      /calibration.fmr.high should be two or more pairs, got \[\[0.5,0.1\]\]/,
    ],
    [
      'one knot of profiles',
      altered(2, ['calibration', 'profile'], [[0.5, 0.1]]),
      /calibration.profile should be two or more pairs, got \[\[0.5,0.1\]\]/,
    ],
    [
      'knots that do not ascend',
      altered(
        2,
        ['calibration', 'similarity'],
        [
          [1, 0],
          [0, 1],
        ],
      ),
      /calibration.similarity should be ascending, got \[\[1,0\],\[0,1\]\]/,
    ],
    [
      'two knots at one place',
      altered(
        2,
        ['calibration', 'similarity'],
        [
          [0, 1],
          [0, 0],
        ],
      ),
      /calibration.similarity should be ascending/,
    ],
    [
      'a commonness that is none',
      altered(2, ['calibration', 'commonness'], -0.1),
      /calibration.commonness should be a number above 0, got -0.1/,
    ],
    ['no background', altered(2, ['background'], undefined), /background should be an object, got nothing/],
    [
      'a path as background',
      altered(2, ['background', 'file'], 'a/b.bin'),
      /background.file should be a file name .*.bin/,
    ],
    [
      'a graph as background',
      altered(2, ['background', 'file'], 'x.onnx'),
      /background.file should be a file name .*.bin/,
    ],
    ['data as a graph', altered(2, ['file'], 'x.bin'), /models\[2\].file should be a file name that ends in .onnx/],
    ['a broken hash of it', altered(2, ['background', 'sha256'], 'ABC'), /background.sha256 should be 64 hex digits/],
    ['no bytes of it', altered(2, ['background', 'bytes'], -1), /background.bytes should be a number above 0/],
    ['a half knot', altered(2, ['calibration', 'similarity'], [[0.5], [1, 0]]), /similarity\[0\] should be 2 numbers/],
  ])('is refused with %s', (_what, json, message) => {
    expect(() => parseManifest(json)).toThrow(message);
    expect(() => parseManifest(json)).toThrow(expect.objectContaining({ code: 'MODEL_LOAD_FAILED' }));
  });
});
