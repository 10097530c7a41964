/**
 * The reference models themselves, where their files are: what the adapters make of their outputs, against what the authors'
 * own code makes of them on the same pixels (test/fixtures/reference-golden.json says how).
 */
import { readFileSync } from 'node:fs';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAntispoof, netsOf } from '../../src/models/antispoof.js';
import { createAdapter, type EntryOf, type ModelEntry } from '../../src/models/families.js';
import type { Run } from '../../src/models/run.js';
import type { Point } from '../../src/api/geometry.js';
import { createPixels, type Pixels } from '../../src/vision/image.js';
import { readGolden } from '../../tools/models/golden.js';
import { findReferenceFile, REFERENCE_FOLDER } from '../../tools/models/reference.js';
import { BINARY_128, MINIFASNET, MOBILEFACENET, RFB_320, SCRFD, YUNET } from '../../tools/models/reference-entries.js';
import golden from '../fixtures/reference-golden.json' with { type: 'json' };

const ENTRIES = [YUNET, SCRFD, RFB_320, MOBILEFACENET, BINARY_128, MINIFASNET, ...MINIFASNET.more];
const isThere = ENTRIES.every((entry) => findReferenceFile(REFERENCE_FOLDER, entry) !== null);
if (!isThere) console.log(`reference models: skipped, ${REFERENCE_FOLDER} does not hold them`);

/** Boxes as the graph gives them: a square round the same center, with the longer side. */
const PLAIN_BOX = { scale: 1, shift: 0, origin: 'test' };

beforeAll(() => {
  env.wasm.numThreads = 1;
});

async function open(entry: ModelEntry): Promise<Run> {
  const bytes = readFileSync(findReferenceFile(REFERENCE_FOLDER, entry)!);
  // RFB names its weights as inputs, too, and onnxruntime has a warning for each.
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  expect(session.inputNames[0]).toBe(entry.input.name);
  expect(session.outputNames).toEqual(expect.arrayContaining(entry.outputs.map(({ name }) => name)));
  return async (feeds) => {
    const inputs = Object.entries(feeds).map(([name, { data, dims }]) => [name, new Tensor('float32', data, dims)]);
    const outputs = await session.run(Object.fromEntries(inputs) as Record<string, Tensor>);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]),
    );
  };
}

/** RGB bytes as pixels, moved into a frame of another size that is black otherwise. */
function toPixels(image: Uint8Array, side: number, width = side, height = side): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    for (let x = Math.max(0, left); x < Math.min(width, left + side); x++) {
      const from = ((y - top) * side + (x - left)) * 3;
      data.set([...image.subarray(from, from + 3), 255], (y * width + x) * 4);
    }
  }
  return createPixels(width, height, data);
}

describe.skipIf(!isThere)('the reference detectors', () => {
  const photos = readGolden('blazeface').find(({ kind, side }) => kind === 'photo' && side === 256)!;

  it.each<[EntryOf<'detector'>, number, number, number, readonly number[][][]]>([
    [{ ...YUNET, sizes: [256], box: PLAIN_BOX }, 256, 256, 0.5, golden.yunet],
    [{ ...SCRFD, sizes: [256], box: PLAIN_BOX }, 256, 256, 0.3, golden.scrfd],
    [{ ...RFB_320, box: PLAIN_BOX }, 320, 240, 0.5, golden.ultraface],
  ])('answer as their authors do: $id', async (entry, width, height, minScore, expected) => {
    const detector = createAdapter(entry, await open(entry));
    expect(expected.map((faces) => faces.length)).toEqual([3, 4]);
    for (const [i, image] of photos.images.entries()) {
      const found = await detector.detect(toPixels(image, 256, width, height), width, minScore);
      const rows = found.map(({ box, score, roll }) => {
        expect(box.width).toBeCloseTo(box.height, 6);
        return [box.x + box.width / 2, box.y + box.height / 2, box.width, score, roll];
      });
      expect(rows).toHaveLength(expected[i]!.length);
      for (const [k, [x, y, side, score, roll]] of expected[i]!.entries()) {
        // Hundredths of a pixel, thousandths of score and angle.
        for (const [axis, value] of [x, y, side].entries()) expect(rows[k]![axis], `face ${k}`).toBeCloseTo(value!, 1);
        expect(rows[k]![3], `face ${k}`).toBeCloseTo(score!, 3);
        expect(rows[k]![4], `face ${k}`).toBeCloseTo(roll!, 3);
      }
    }
  });
});

describe.skipIf(!isThere)('MobileFaceNet', () => {
  /** Points that make the chip the image itself. */
  const inPlace = ((): Point[] => {
    const points = Array.from({ length: 68 }, (): Point => ({ x: 0, y: 0 }));
    points.fill({ x: 38.2946, y: 51.6963 }, 36, 42);
    points.fill({ x: 73.5318, y: 51.5014 }, 42, 48);
    points[30] = { x: 56.0252, y: 71.7366 };
    points[48] = { x: 41.5493, y: 92.3655 };
    points[54] = { x: 70.7299, y: 92.2041 };
    return points;
  })();

  it('gives the embeddings that it gives elsewhere, to a cosine of 0.99999', async () => {
    const embedder = createAdapter(MOBILEFACENET, await open(MOBILEFACENET));
    const crops = readGolden('face-landmark-68').find(({ kind }) => kind === 'photo')!;
    for (const [k, i] of [0, 10, 21].entries()) {
      const [embedding] = await embedder.embed(toPixels(crops.images[i]!, 112), inPlace, 1);
      const length = Math.hypot(...embedding!);
      const cosine = golden.arcface[k]!.reduce((sum, value, j) => sum + (value * embedding![j]!) / length, 0);
      expect(cosine).toBeGreaterThan(0.999_99);
    }
  });
});

describe.skipIf(!isThere)('the reference anti-spoof nets', () => {
  const photo = readGolden('blazeface').find(({ kind, side }) => kind === 'photo' && side === 128)!.images[0]!;

  /** The probability of a class, from bytes that are put in order here. */
  async function probability(run: Run, size: number, order: readonly number[], scale: number, index: number) {
    const offset = (128 - size) / 2;
    const data = Float32Array.from({ length: 3 * size * size }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
      return (photo[((y + offset) * 128 + x + offset) * 3 + order[channel]!] as number) / scale;
    });
    const { output } = await run({ input: { data, dims: [1, 3, size, size] } });
    const powers = Array.from(output!.data, Math.exp);
    return powers[index]! / powers.reduce((a, b) => a + b);
  }

  it('get what their authors give them: RGB of 0 to 1, or BGR of 0 to 255', async () => {
    const binary = await open(BINARY_128);
    const box = { x: 0, y: 0, width: 128, height: 128 };
    const score = await createAntispoof(BINARY_128, [binary]).check(toPixels(photo, 128), box);
    expect(score).toBeCloseTo(await probability(binary, 128, [0, 1, 2], 255, 0), 5);

    const pair = await Promise.all(netsOf(MINIFASNET).map((net) => open({ ...MINIFASNET, ...net })));
    const mean = await createAntispoof(MINIFASNET, pair).check(toPixels(photo, 128, 80), box);
    const each = await Promise.all(pair.map((run) => probability(run, 80, [2, 1, 0], 1, 1)));
    expect(mean).toBeCloseTo((each[0]! + each[1]!) / 2, 5);
  });
});
