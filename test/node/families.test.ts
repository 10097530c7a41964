/** The adapters of models that users bring, on plain arrays: one anchor each, decoded by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAntispoof, cropRound, spoofThreshold, type AntispoofEntry } from '../../src/models/antispoof.js';
import { offeredSize } from '../../src/models/detectors/detector.js';
import { createAdapter, type EntryOf, type ModelEntry } from '../../src/models/families.js';
import { parseManifest } from '../../src/models/manifest.js';
import type { Run } from '../../src/models/run.js';
import type { Box, Point } from '../../src/api/geometry.js';
import { createPixels, type Pixels, type Tensor } from '../../src/vision/image.js';
import { FR_EYE, FR_LANDMARK_68 } from '../../tools/models/entries.js';
import { BINARY_128, MINIFASNET, MOBILEFACENET, RFB_320, SCRFD, YUNET } from '../../tools/models/reference-entries.js';
import { errorOf } from './vectors.js';

/** Boxes as the graph gives them: a square round the same center, with the longer side. */
const PLAIN_BOX = { scale: 1, shift: 0, origin: 'test' };
const YUNET_64 = { ...YUNET, sizes: [64], box: PLAIN_BOX };
const SCRFD_64 = { ...SCRFD, sizes: [64], box: PLAIN_BOX };
const RFB = { ...RFB_320, box: PLAIN_BOX };

function plain(width: number, height: number, rgb: readonly [number, number, number] = [0, 0, 0]): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([...rgb, 255], i);
  return createPixels(width, height, data);
}

const tensor = (length: number): Tensor => ({ data: new Float32Array(length), dims: [1, length] });
const answering =
  (outputs: Record<string, Tensor>): Run =>
  () =>
    Promise.resolve(outputs);

/** Outputs of YuNet for 64 px without a face. */
function yunetOutputs() {
  return Object.fromEntries(
    [8, 16, 32].flatMap((stride) => {
      const cells = (64 / stride) ** 2;
      return [
        [`cls_${stride}`, tensor(cells)],
        [`obj_${stride}`, tensor(cells)],
        [`bbox_${stride}`, tensor(cells * 4)],
        [`kps_${stride}`, tensor(cells * 10)],
      ] as const;
    }),
  );
}

/** Outputs of SCRFD for 64 px without a face. */
function scrfdOutputs() {
  return Object.fromEntries(
    SCRFD_64.levels.flatMap(({ stride, scores, boxes, points }) => {
      const anchors = 2 * (64 / stride) ** 2;
      return [
        [scores, tensor(anchors)],
        [boxes, tensor(anchors * 4)],
        [points, tensor(anchors * 10)],
      ] as const;
    }),
  );
}

function rfbOutputs() {
  return { scores: tensor(4420 * 2), boxes: tensor(4420 * 4) };
}

/** Eyes level, the mouth as far below them as they are apart, in strides from the corner of the cell. */
const UPRIGHT = [0, 0, 1, 0, 9, 9, 0.25, 1, 0.75, 1];
/** The same, turned by a right angle, clockwise in the image: the eyes one below the other, the mouth on the left. */
const TURNED = [0, 0, 0, 1, 9, 9, -1, 0.25, -1, 0.75];

describe('YuNet', () => {
  it('decodes an anchor into a square in pixels of the frame, with the roll of eyes and mouth', async () => {
    const outputs = yunetOutputs();
    // Cell x 1, y 2 of the 4 x 4 cells of 16 px: its corner is at 16, 32 of the input.
    const cell = 2 * 4 + 1;
    outputs['cls_16']!.data[cell] = 0.9;
    outputs['obj_16']!.data[cell] = 0.4;
    // Center at 24, 28; 16 px wide and 32 px high.
    outputs['bbox_16']!.data.set([0.5, -0.25, 0, Math.log(2)], cell * 4);
    outputs['kps_16']!.data.set(TURNED, cell * 10);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve(outputs);
    };
    // 128 x 64: twice the size of the input's 64 x 32, with bars of 16 px above and below.
    const [face, ...others] = await createAdapter(YUNET_64, run).detect(plain(128, 64, [10, 20, 30]), 64, 0.5);
    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(0.6, 6);
    expect(face?.roll).toBeCloseTo(Math.PI / 2, 6);
    expect(face?.box.x).toBeCloseTo((24 - 16) * 2, 4);
    expect(face?.box.y).toBeCloseTo((28 - 16 - 16) * 2, 4);
    expect([face?.box.width, face?.box.height].map((side) => side?.toFixed(3))).toEqual(['64.000', '64.000']);
    // Blue first, as they are.
    expect(fed?.dims).toEqual([1, 3, 64, 64]);
    expect([0, 1, 2].map((plane) => fed?.data[plane * 4096 + 32 * 64])).toEqual([30, 20, 10]);
  });

  it('looks at a part of the frame, and beyond its edge', async () => {
    const outputs = yunetOutputs();
    outputs['cls_32']!.data[0] = 1;
    outputs['obj_32']!.data[0] = 1;
    // Center at 32, 32 of the input.
    outputs['bbox_32']!.data.set([1, 1, 0, 0]);
    outputs['kps_32']!.data.set(UPRIGHT);
    const part = { x: 90, y: -10, width: 32, height: 32 };
    const found = await createAdapter(YUNET_64, answering(outputs)).detect(plain(100, 50), 64, 0.5, part);
    expect(found.map(({ box }) => box)).toEqual([{ x: 98, y: -2, width: 16, height: 16 }]);
  });

  it('turns the part, and the faces in it back', async () => {
    const outputs = yunetOutputs();
    outputs['cls_32']!.data[0] = 1;
    outputs['obj_32']!.data[0] = 1;
    // Center at 32, 16 of the input: 16 px above its middle.
    outputs['bbox_32']!.data.set([1, 0.5, 0, 0]);
    outputs['kps_32']!.data.set(UPRIGHT);
    const part = { x: 90, y: -10, width: 32, height: 32 };
    const detector = createAdapter(YUNET_64, answering(outputs));
    const [face] = await detector.detect(plain(100, 50), 64, 0.5, part, Math.PI / 2);
    expect(face?.box.x).toBeCloseTo(98 + 8, 6);
    expect(face?.box.y).toBeCloseTo(-2, 6);
    expect(face?.roll).toBeCloseTo(Math.PI / 2, 6);
  });

  it('makes the box the square of its entry, moved along the axis of the head', async () => {
    const outputs = yunetOutputs();
    outputs['cls_32']!.data.fill(1, 0, 2);
    outputs['obj_32']!.data.fill(1, 0, 2);
    // 32 px high, centers at 0, 0 and at 64, 0.
    outputs['bbox_32']!.data.set([0, 0, -1, 0, 1, 0, -1, 0]);
    outputs['kps_32']!.data.set([...UPRIGHT, ...TURNED]);
    const entry = { ...YUNET_64, box: { scale: 0.5, shift: 0.25, origin: 'test' } };
    const found = await createAdapter(entry, answering(outputs)).detect(plain(64, 64), 64, 0.9);
    const rounded = found.map(({ box }) => Object.values(box).map((value) => Math.round(value * 1e3) / 1e3));
    // Down by 8 px, and for the head that lies on its side, to the left.
    expect(rounded).toEqual([
      [-8, 0, 16, 16],
      [64 - 16, -8, 16, 16],
    ]);
  });

  it('applies the score, drops overlaps, and takes a NaN for no face', async () => {
    const outputs = yunetOutputs();
    outputs['cls_8']!.data.set([1, 1, 1, NaN]);
    outputs['obj_8']!.data.set([0.81, 1, 0.25, 1]);
    // Three boxes of 64 px with centers 8 px apart.
    outputs['bbox_8']!.data.set([0, 1, 2].flatMap(() => [0, 0, Math.log(8), Math.log(8)]));
    outputs['kps_8']!.data.set([0, 1, 2, 3].flatMap(() => UPRIGHT));
    const detector = createAdapter(YUNET_64, answering(outputs));
    expect((await detector.detect(plain(64, 64), 64, 0.6)).map(({ score }) => score)).toEqual([1]);
    const apart = createAdapter({ ...YUNET_64, postprocess: { minScore: 0.7, nmsIou: 0.9 } }, answering(outputs));
    expect(apart.defaultMinScore).toBe(0.7);
    const scores = (await apart.detect(plain(64, 64), 64, 0.6)).map(({ score }) => Math.round(score * 1e6) / 1e6);
    expect(scores).toEqual([1, 0.9]);
    // The least score itself is enough: the third anchor has the root of 0.25.
    expect(await apart.detect(plain(64, 64), 64, 0.5)).toHaveLength(3);
  });

  it.each([30, -100])('fits the roll to points that are turned by %i degrees', async (degrees) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const turned = [0, 2, 4, 6, 8].flatMap((k) => {
      const [x, y] = [UPRIGHT[k] as number, UPRIGHT[k + 1] as number];
      return [x * cos - y * sin, x * sin + y * cos];
    });
    const outputs = yunetOutputs();
    outputs['cls_32']!.data[3] = 1;
    outputs['obj_32']!.data[3] = 1;
    outputs['kps_32']!.data.set(turned, 30);
    const [face] = await createAdapter(YUNET_64, answering(outputs)).detect(plain(64, 64), 64, 0.5);
    expect(face?.roll).toBeCloseTo((degrees * Math.PI) / 180, 6);
  });
});

describe('SCRFD', () => {
  it('decodes the second anchor of a cell from its distances, at the corner of the cell', async () => {
    const outputs = scrfdOutputs();
    // Cell x 3, y 1 of the 8 x 8 cells of 8 px: its corner is at 24, 8.
    const anchor = (1 * 8 + 3) * 2 + 1;
    outputs['443']!.data[anchor] = 0.75;
    // 8 px to the left, 4 px up, 8 px to the right, 20 px down.
    outputs['446']!.data.set([1, 0.5, 1, 2.5], anchor * 4);
    outputs['449']!.data.set(TURNED, anchor * 10);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input.1'];
      return Promise.resolve(outputs);
    };
    const [face, ...others] = await createAdapter(SCRFD_64, run).detect(plain(64, 64, [0, 127.5, 255]), 64, 0.5);
    expect(others).toEqual([]);
    expect(face?.score).toBe(0.75);
    expect(face?.roll).toBeCloseTo(Math.PI / 2, 6);
    expect(face?.box).toEqual({ x: 24 - 12, y: 16 - 12, width: 24, height: 24 });
    // Red first, from -1 to 1.
    expect([0, 2].map((plane) => fed?.data[plane * 4096])).toEqual([-127.5 / 128, 127.5 / 128]);
    const least = await createAdapter(SCRFD_64, run).detect(plain(64, 64), 64, 0.75);
    expect(least).toHaveLength(1);
  });

  it('reads every level by the names of its entry', async () => {
    for (const { stride, scores, boxes, points } of SCRFD_64.levels) {
      const outputs = scrfdOutputs();
      outputs[scores]!.data[2] = 1;
      outputs[boxes]!.data.set([1, 1, 1, 1], 8);
      outputs[points]!.data.set(UPRIGHT, 20);
      const [face] = await createAdapter(SCRFD_64, answering(outputs)).detect(plain(64, 64), 64, 0.5);
      expect(face?.box, `${stride} px`).toEqual({ x: 0, y: -stride, width: 2 * stride, height: 2 * stride });
      expect(face?.roll).toBeCloseTo(0, 6);
    }
  });
});

describe('Ultra-Light-Fast', () => {
  it('fits the frame into 320 x 240, reads fractions of it, and takes heads as upright', async () => {
    const outputs = rfbOutputs();
    outputs.scores.data.set([0.1, 0.9], 4419 * 2);
    // 80..160 and 60..180 px of the input.
    outputs.boxes.data.set([0.25, 0.25, 0.5, 0.75], 4419 * 4);
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve(outputs);
    };
    // A portrait photo: 240 px of its 480 px of height, with bars of 100 px left and right.
    const detector = createAdapter(RFB, run);
    expect(detector.sizes).toEqual([320]);
    const [face, ...others] = await detector.detect(plain(240, 480, [255, 255, 255]), 320, 0.8);
    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(0.9, 6);
    expect(face?.roll).toBe(0);
    // Center 120, 120 and 120 px high in the input.
    expect(face?.box).toEqual({ x: (120 - 60 - 100) * 2, y: (120 - 60) * 2, width: 240, height: 240 });
    expect(fed?.dims).toEqual([1, 3, 240, 320]);
    expect([0, 99, 100, 219, 220].map((x) => fed?.data[x])).toEqual([-127 / 128, -127 / 128, 1, 1, -127 / 128]);
    outputs.scores.data.set([0.25, 0.75], 4419 * 2);
    expect(await detector.detect(plain(240, 480), 320, 0.75)).toHaveLength(1);
  });
});

describe.each<[EntryOf<'detector'>, () => Record<string, Tensor>, number]>([
  [YUNET_64, yunetOutputs, 64],
  [SCRFD_64, scrfdOutputs, 64],
  [RFB, rfbOutputs, 320],
])('any detector', (entry, outputs, size) => {
  it(`refuses a size that it does not offer, and outputs of another graph (${entry.family})`, async () => {
    const detector = createAdapter(entry, answering(outputs()));
    await expect(detector.detect(plain(8, 8), size + 1, 0.5)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(
        `'${entry.id}' does not offer size ${size + 1}. Choose one of ${size}.`,
      ) as string,
    });
    for (const name of Object.keys(outputs())) {
      const others = { ...outputs(), [name]: tensor(7) };
      const failing = createAdapter(entry, answering(others)).detect(plain(8, 8), size, 0.5);
      await expect(failing, name).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    }
  });
});

it('gives the next larger of the sizes that a detector offers, or its largest', () => {
  expect([128, 256, 320, 384, 512, 900].map((wanted) => offeredSize([320, 640], wanted))).toEqual([
    320, 320, 320, 640, 640, 640,
  ]);
});

describe('ArcFace embedder', () => {
  /** 68 points whose eyes, nose and mouth corners are where ArcFace's template has them, times a scale. */
  function landmarks(scale: number): Point[] {
    const points = Array.from({ length: 68 }, (): Point => ({ x: 0, y: 0 }));
    const put = (from: number, to: number, x: number, y: number) => {
      for (let i = from; i <= to; i++) points[i] = { x: x * scale, y: y * scale };
    };
    put(36, 41, 38.2946, 51.6963);
    put(42, 47, 73.5318, 51.5014);
    put(30, 30, 56.0252, 71.7366);
    put(48, 48, 41.5493, 92.3655);
    put(54, 54, 70.7299, 92.2041);
    return points;
  }

  /** Every pixel its own shade of red: its column. */
  const columns = createPixels(
    224,
    224,
    Uint8ClampedArray.from({ length: 224 * 224 * 4 }, (_, i) => (i % 4 === 0 ? (i / 4) % 224 : 0)),
  );

  it('cuts the chip by the five points, whatever its side, and reads the output of its entry', async () => {
    const embedding = Float32Array.from({ length: 128 }, (_, i) => i - 60);
    for (const size of [112, 56]) {
      let fed: Tensor | undefined;
      const run: Run = (feeds) => {
        fed = feeds['input0'];
        return Promise.resolve({ output0: { data: embedding, dims: [1, 128] } });
      };
      const entry = {
        ...MOBILEFACENET,
        size,
        input: { ...MOBILEFACENET.input, mean: [0, 0, 0], std: [1, 1, 1] },
      } as const;
      const [first, ...others] = await createAdapter(entry, run).embed(columns, landmarks(2), 1);
      expect(first).toEqual(embedding);
      expect(others).toEqual([]);
      expect(fed?.dims).toEqual([1, 3, size, size]);
      // The template at twice its size fills the image: a pixel of the chip is as many of the image.
      const step = 224 / size;
      for (const x of [0, 20, size - 1]) {
        expect(Math.abs(fed!.data[x]! - (x * step + (step - 1) / 2)), `column ${x} of ${size}`).toBeLessThanOrEqual(
          0.5,
        );
      }
    }
  });

  it('refuses an output of another name or length', async () => {
    const embed = (outputs: Record<string, Tensor>) =>
      createAdapter(MOBILEFACENET, answering(outputs)).embed(columns, landmarks(2), 1);
    await expect(embed({ embedding: tensor(128) })).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    await expect(embed({ output0: tensor(512) })).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });
});

describe('anti-spoof nets', () => {
  const box = { x: 40, y: 30, width: 20, height: 10 };

  it('give the mean probability of the bona fide class over their crops', async () => {
    const seen: Tensor[] = [];
    const giving =
      (...logits: number[]): Run =>
      (feeds) => {
        seen.push(feeds['input'] as Tensor);
        return Promise.resolve({ output: { data: Float32Array.from(logits), dims: [1, logits.length] } });
      };
    const pixels = plain(100, 100, [10, 20, 30]);
    const pair = createAntispoof(MINIFASNET, [giving(0, Math.log(3), 0), giving(Math.log(2), 0, Math.log(2))]);
    expect(await pair.check(pixels, box)).toBeCloseTo((3 / 5 + 1 / 5) / 2, 6);
    // BGR, not scaled.
    expect(seen.map(({ dims, data }) => [dims, data[0], data.at(-1)])).toEqual([
      [[1, 3, 80, 80], 30, 10],
      [[1, 3, 80, 80], 30, 10],
    ]);
    const single = createAntispoof(BINARY_128, [giving(1_000, 0)]);
    expect(await single.check(pixels, box)).toBe(1);
    expect(seen.at(-1)?.dims).toEqual([1, 3, 128, 128]);
    expect(seen.at(-1)?.data[0]).toBeCloseTo(10 / 255, 6);
  });

  it('may be nets of two kinds, of which the least score counts, each by its own scale', async () => {
    const seen: (readonly number[])[] = [];
    const giving =
      (...logits: number[]): Run =>
      (feeds) => {
        const [[name, { dims }]] = Object.entries(feeds) as [[string, Tensor]];
        seen.push(dims);
        return Promise.resolve({
          [name === 'input' ? 'output' : 'logits']: { data: Float32Array.from(logits), dims: [1, logits.length] },
        });
      };
    const { file, bytes, sha256 } = MINIFASNET;
    const input = { ...MINIFASNET.input, name: 'other' };
    const net = { file, bytes, sha256, cropScale: 2, offset: -2, family: 'fr-liveness', size: 64, input } as const;
    const entry: AntispoofEntry = { ...BINARY_128, more: [{ ...net, output: 'logits' }], fusion: 'least' };
    const check = async (...runs: Run[]) => createAntispoof(entry, runs).check(plain(100, 100, [10, 20, 30]), box);
    const logistic = (odds: number) => 1 / (1 + Math.exp(-odds));
    expect(await check(giving(1, 0), giving(0, -100, 0))).toBeCloseTo(logistic(1), 6);
    expect(await check(giving(5, 0), giving(0, -100, 3))).toBeCloseTo(logistic(-3 + 2), 6);
    expect(await check(giving(5, 0), giving(-1_000, 0, 0))).toBe(0);
    expect(seen[1]).toEqual([1, 3, 64, 64]);
  });

  it('have no threshold for a rate that nobody measured', () => {
    const entry = { ...BINARY_128, calibration: { origin: 'test', threshold: 0.3 } };
    const antispoof = createAntispoof(entry, []);
    expect(spoofThreshold({}, antispoof)).toBe(0.3);
    for (const rate of ['maxApcer', 'maxBpcer'] as const) {
      const { message } = errorOf(() => spoofThreshold({ [rate]: 0.01 }, antispoof), 'INVALID_INPUT');
      expect(message).toMatch(new RegExp(`'${rate}' is 0.01, .* '${entry.id}' no rate was measured`));
    }
  });

  it('say what is wrong with the output', async () => {
    const run = answering({ output: tensor(3) });
    await expect(createAntispoof(BINARY_128, [run]).check(plain(9, 9), box)).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
    });
  });

  it.each<[string, Box, number, [left: number, top: number, side: number]]>([
    ['round the box', box, 2, [30, 15, 40]],
    ['inside the picture where the face is at its edge', { x: -4, y: 60, width: 20, height: 20 }, 2, [0, 40, 40]],
    ['as large as the picture allows', box, 10, [10, 0, 80]],
  ])('look at a square %s', (_name, face, cropScale, [left, top, side]) => {
    expect(cropRound({ width: 100, height: 80 }, face, cropScale, 40)).toEqual({
      a: side / 40,
      b: 0,
      tx: left,
      ty: top,
    });
  });
});

describe('a net of eyes', () => {
  const entry = { ...FR_EYE, bytes: 1, sha256: 'a'.repeat(64) };
  const LOGITS = [Math.log(3), 0, 0, Math.log(9)];
  const NOWHERE: readonly Point[] = Array.from({ length: 68 }, () => ({ x: 0, y: 0 }));

  it('gets a square around each eye, turned with it, and says how open it is', async () => {
    // Red is the column of a pixel, green its row.
    const data = new Uint8ClampedArray(200 * 200 * 4);
    for (let i = 0; i < 200 * 200; i++) data.set([i % 200, Math.floor(i / 200), 0, 255], 4 * i);
    const points = [...NOWHERE];
    // Level and 30 px wide; upright and 15 px wide. The lids are around the middle of the corners.
    const eyes = {
      36: [
        [50, 60],
        [80, 60],
      ],
      42: [
        [120, 40],
        [120, 55],
      ],
    } as const;
    for (const [first, [[x0, y0], [x1, y1]]] of Object.entries(eyes)) {
      for (let i = 0; i < 6; i++) points[Number(first) + i] = { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
      points[Number(first)] = { x: x0, y: y0 };
      points[Number(first) + 3] = { x: x1, y: y1 };
    }
    let fed: Tensor | undefined;
    const run: Run = (feeds) => {
      fed = feeds['input'];
      return Promise.resolve({ logits: { data: Float32Array.of(...LOGITS), dims: [2, 2] } });
    };
    const open = await createAdapter(entry, run).read(createPixels(200, 200, data), points);
    expect(open.left).toBeCloseTo(0.25, 6);
    expect(open.right).toBeCloseTo(0.9, 6);
    const { size, cropScale } = entry;
    expect(fed?.dims).toEqual([2, 3, size, size]);
    const at = (eye: number, channel: number, x: number, y: number) =>
      fed!.data[(3 * eye + channel) * size * size + y * size + x]!;
    const [wide, narrow] = [30 * cropScale, 15 * cropScale];
    for (const [x, y] of [
      [0, 0],
      [size - 1, 0],
      [5, size - 1],
    ] as const) {
      // Values at a position are those of the pixel that it lies in, half a pixel further.
      const [u, v] = [(x + 0.5) / size - 0.5, (y + 0.5) / size - 0.5];
      const near = (value: number, expected: number) => {
        expect(Math.abs(value - expected), `${x}, ${y}`).toBeLessThan(0.6);
      };
      near(at(0, 0, x, y), 65 + u * wide - 0.5);
      near(at(0, 1, x, y), 60 + v * wide - 0.5);
      near(at(1, 0, x, y), 120 - v * narrow - 0.5);
      near(at(1, 1, x, y), 47.5 + u * narrow - 0.5);
    }
  });

  it('is refused with an output of another length', async () => {
    const run = answering({ logits: tensor(2) });
    await expect(createAdapter(entry, run).read(plain(9, 9), NOWHERE)).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
    });
  });
});

describe('their manifest entries', () => {
  it('are the examples of the documentation', () => {
    const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
    const examples = Array.from(page.matchAll(/```json\n(.*?)```/gs), ([, json = '']) => JSON.parse(json) as unknown);
    expect(examples).toEqual([YUNET, SCRFD, RFB_320, MOBILEFACENET, BINARY_128, MINIFASNET]);
  });

  /** A manifest of these models, behind which come those of its set. */
  const manifestOf = (...models: readonly unknown[]) => ({
    version: 2,
    models: [
      ...models,
      { ...YUNET, id: 'detector' },
      { ...FR_LANDMARK_68, id: 'landmarker', bytes: 1, sha256: 'a'.repeat(64) },
      { ...MOBILEFACENET, id: 'embedder' },
    ],
    sets: { default: { detector: 'detector', landmarker: 'landmarker', embedder: 'embedder' } },
  });

  it('are read, an embedder without background statistics among them', () => {
    const manifest = manifestOf(YUNET, SCRFD, RFB_320, MOBILEFACENET, BINARY_128, MINIFASNET);
    expect(parseManifest(structuredClone(manifest))).toEqual(manifest);
    const background = { file: 'background.bin', bytes: 1, sha256: 'a'.repeat(64) };
    expect(parseManifest(manifestOf({ ...MOBILEFACENET, background })).models[0]).toMatchObject({ background });
  });

  it.each<[string, ModelEntry, Record<string, unknown>, RegExp]>([
    ['no sizes', YUNET, { sizes: [] }, /models\[0\].sizes should be a list that is not empty/],
    ['a size of 0', YUNET, { sizes: [0] }, /sizes\[0\] should be a number above 0, got 0/],
    ['no strides', YUNET, { strides: undefined }, /strides should be a list that is not empty, got nothing/],
    ['a negative stride', YUNET, { strides: [-8] }, /strides\[0\] should be a number above 0, got -8/],
    ['no box', YUNET, { box: undefined }, /box should be an object, got nothing/],
    ['a box of no size', YUNET, { box: { scale: 0, shift: 0 } }, /box.scale should be a number above 0, got 0/],
    ['half a box', YUNET, { box: { scale: 1 } }, /box.shift should be a number, got nothing/],
    ['no crop', BINARY_128, { cropScale: undefined }, /cropScale should be a number above 0, got nothing/],
    ['no list of nets', BINARY_128, { more: undefined }, /more should be a list, got nothing/],
    [
      'a net of no file',
      MINIFASNET,
      { more: [{ ...MINIFASNET.more[0], file: '../x.onnx' }] },
      /more\[0\].file should be a file name/,
    ],
    [
      'no threshold',
      BINARY_128,
      { calibration: { origin: 'test' } },
      /calibration.threshold should be a number above 0, got nothing/,
    ],
    [
      'a curve that goes back',
      BINARY_128,
      {
        calibration: {
          origin: 'test',
          threshold: 0.5,
          apcer: [
            [0.5, 0.1],
            [0.4, 0.2],
          ],
        },
      },
      /calibration.apcer should be ascending/,
    ],
    ['no levels', SCRFD, { levels: [] }, /levels should be a list that is not empty/],
    [
      'a level without points',
      SCRFD,
      { levels: [{ ...SCRFD.levels[0], points: undefined }] },
      /levels\[0\].points should be a string, got nothing/,
    ],
    [
      'a level without anchors',
      SCRFD,
      { levels: [{ ...SCRFD.levels[0], perCell: 0 }] },
      /levels\[0\].perCell should be a number above 0/,
    ],
    [
      'half of the postprocessing',
      SCRFD,
      { postprocess: { minScore: 0.5 } },
      /postprocess.nmsIou should be a number above 0, got nothing/,
    ],
    ['a height as text', RFB_320, { height: '240' }, /height should be a number above 0, got "240"/],
    [
      'no number of anchors',
      RFB_320,
      { anchorCount: undefined },
      /anchorCount should be a number above 0, got nothing/,
    ],
    ['no output', MOBILEFACENET, { output: '' }, /output should be a string/],
    ['no chip', MOBILEFACENET, { size: null }, /size should be a number above 0, got null/],
    ['no dimension', MOBILEFACENET, { dimension: 0 }, /dimension should be a number above 0, got 0/],
    ['no space', MOBILEFACENET, { embeddingSpace: undefined }, /embeddingSpace should be a string, got nothing/],
    [
      'a background that is no file',
      MOBILEFACENET,
      { background: 'x.bin' },
      /background should be an object, got "x.bin"/,
    ],
  ])('are refused with %s', (_what, entry, change, message) => {
    expect(() => parseManifest(manifestOf({ ...entry, ...change }))).toThrow(message);
  });
});
