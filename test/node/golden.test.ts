/**
 * The built graphs against what the peers' own runtimes answered to the same pixels (tools/models/golden.ts), or against
 * the shipped ONNX files, run by the runtime that ships: onnxruntime-web's wasm backend.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAntispoof, type AntispoofEntry } from '../../src/models/antispoof.js';
import type { BlazeFaceEntry } from '../../src/models/detectors/blazeface.js';
import type { InputContract } from '../../src/models/entry.js';
import type { ModelEntry } from '../../src/models/families.js';
import type { ModelManifest } from '../../src/models/manifest.js';
import type { Run as ModelRun } from '../../src/models/run.js';
import { createPixels } from '../../src/vision/image.js';
import { buildModels } from '../../tools/models/build.js';
import {
  buildFrEye,
  buildFrFeature,
  buildFrLandmark,
  buildFrLiveness,
  FR_EYE_SIZE,
  FR_LANDMARK_SIZE,
  FR_LIVENESS_SIZE,
} from '../../tools/models/faceplugin.js';
import { SOURCE_FOLDERS } from '../../tools/models/fetch.js';
import { noiseImage, readGolden, toInput, type GoldenSet } from '../../tools/models/golden.js';
import { buildMobileFaceNet, encodeMobileFaceNet, readTfliteNet } from '../../tools/models/mobilefacenet.js';
import { readTflite } from '../../tools/models/tflite.js';
import { FR_FEATURE, readFile, sourceFolder, SOURCES } from '../../tools/models/weights.js';

let folder: string;
let manifest: ModelManifest;

beforeAll(async () => {
  env.wasm.numThreads = 1;
  folder = mkdtempSync(join(tmpdir(), 'inface-golden-'));
  manifest = await buildModels({ outFolder: folder });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function entryOf(id: string): ModelEntry {
  const entry = manifest.models.find((model) => model.id === id);
  if (!entry) throw new Error(`The manifest has no model '${id}'.`);
  return entry;
}

/** Runs a model on images of one side, one after the other. */
type Run = (
  images: readonly Uint8Array[],
  side: number,
  contract?: InputContract,
) => Promise<Record<string, Float32Array>[]>;

async function open(id: string): Promise<Run> {
  const { file, input, outputs } = entryOf(id);
  return openGraph(
    readFileSync(join(folder, file)),
    input,
    outputs.map(({ name }) => name),
  );
}

async function openGraph(graph: Uint8Array, input: InputContract, outputs: readonly string[]): Promise<Run> {
  const session = await InferenceSession.create(graph);
  expect(session.inputNames).toEqual([input.name]);
  expect(session.outputNames).toEqual(outputs);
  return async (images, side, contract = input) => {
    const answers = [];
    for (const image of images) {
      const pixels = toInput(image, side, contract);
      const results = await session.run({ [input.name]: new Tensor('float32', pixels, [1, 3, side, side]) });
      answers.push(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array])));
    }
    return answers;
  };
}

/** The greatest difference over all images, after making sure that there is something to compare. */
function greatestError(
  expected: readonly Float32Array[] | undefined,
  actual: readonly (Float32Array | undefined)[],
  scale: (value: number) => number = () => 1,
): number {
  expect(expected?.length).toBeGreaterThan(0);
  expect(actual).toHaveLength(expected!.length);
  const errors = expected!.flatMap((values, image) => {
    expect(values.length).toBeGreaterThan(0);
    expect(actual[image]).toHaveLength(values.length);
    return Array.from(values, (value, i) => Math.abs(value - actual[image]![i]!) / scale(value));
  });
  return errors.reduce((max, error) => Math.max(max, error), 0);
}

/** A smaller copy of a square image, of the nearest pixels. */
function shrink(image: Uint8Array, from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to * to * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % to, Math.floor(i / 3 / to)];
    const [column, row] = [Math.floor((x * from) / to), Math.floor((y * from) / to)];
    return image[(row * from + column) * 3 + (i % 3)]!;
  });
}

function euclidean(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

function median(values: readonly number[]): number {
  expect(values.length).toBeGreaterThan(0);
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function ofKind(sets: readonly GoldenSet[], kind: GoldenSet['kind']): GoldenSet {
  const set = sets.find((candidate) => candidate.kind === kind);
  if (!set) throw new Error(`No golden set of ${kind}.`);
  return set;
}

describe('face-landmark-68', () => {
  it('answers as face-api does, to 1e-5 of the crop', async () => {
    const run = await open('face-landmark-68');
    const sets = readGolden('face-landmark-68');
    expect(sets.map(({ kind, side, images }) => [kind, side, images.length])).toEqual([
      ['photo', 112, 22],
      ['noise', 112, 2],
    ]);
    for (const { images, side, outputs } of sets) {
      const answers = await run(images, side);
      expect(
        greatestError(
          outputs['points'],
          answers.map(({ points }) => points),
        ),
      ).toBeLessThanOrEqual(1e-5);
    }
  });

  it('would not, with red and blue swapped', async () => {
    const run = await open('face-landmark-68');
    const { images, side, outputs } = ofKind(readGolden('face-landmark-68'), 'photo');
    const answers = await run(images, side, { ...entryOf('face-landmark-68').input, channels: 'BGR' });
    expect(
      greatestError(
        outputs['points'],
        answers.map(({ points }) => points),
      ),
    ).toBeGreaterThan(1e-2);
  });
});

describe('dlib-resnet', () => {
  const sets = readGolden('dlib-resnet');
  const photos = ofKind(sets, 'photo');
  const peers = photos.outputs['embedding']!;

  it('answers as face-api does, to 1e-4', async () => {
    const run = await open('dlib-resnet');
    expect(sets.map(({ kind, side, images }) => [kind, side, images.length])).toEqual([
      ['photo', 150, 22],
      ['noise', 150, 2],
    ]);
    for (const { images, side, outputs } of sets) {
      const answers = await run(images, side);
      expect(
        greatestError(
          outputs['embedding'],
          answers.map(({ embedding }) => embedding),
        ),
      ).toBeLessThanOrEqual(1e-4);
    }
  });

  it('in int8 drifts from face-api by 0.05 in the median and 0.1 at most, a sixth of the decision threshold', async () => {
    const run = await open('dlib-resnet-int8');
    const answers = await run(photos.images, photos.side);
    const drifts = answers.map(({ embedding }, i) => euclidean(embedding!, peers[i]!));
    expect(drifts).toHaveLength(22);
    expect(median(drifts)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...drifts)).toBeLessThanOrEqual(0.1);
    // No drift at all would mean that this is not the int8 graph.
    expect(Math.min(...drifts)).toBeGreaterThan(1e-3);
  });

  it('would drift by far more with red and blue swapped, so that a mix-up fails the two tests above', async () => {
    for (const id of ['dlib-resnet', 'dlib-resnet-int8']) {
      const run = await open(id);
      const answers = await run(photos.images, photos.side, { ...entryOf(id).input, channels: 'BGR' });
      const drifts = answers.map(({ embedding }, i) => euclidean(embedding!, peers[i]!));
      expect(median(drifts), id).toBeGreaterThan(0.1);
    }
  });

  it('takes a batch: two chips at once are the same as one after the other', async () => {
    for (const id of ['dlib-resnet', 'dlib-resnet-int8']) {
      const { file, input } = entryOf(id);
      const session = await InferenceSession.create(readFileSync(join(folder, file)));
      const chips = photos.images.slice(0, 2).map((image) => toInput(image, photos.side, input));
      const both = new Float32Array(chips.flatMap((chip) => [...chip]));
      const results = await session.run({ input: new Tensor('float32', both, [2, 3, photos.side, photos.side]) });
      expect(results['embedding']?.dims).toEqual([2, 128]);
      const together = results['embedding']!.data as Float32Array;
      const apart = await (await open(id))(photos.images.slice(0, 2), photos.side);
      const rows = [together.slice(0, 128), together.slice(128)];
      expect(
        greatestError(
          rows,
          apart.map(({ embedding }) => embedding),
        ),
        id,
      ).toBeLessThanOrEqual(1e-5);
    }
  });
});

/** The greatest change of a cosine between two images, over all pairs. */
function greatestChange(expected: readonly Float32Array[], actual: readonly (Float32Array | undefined)[]): number {
  expect(expected.length).toBeGreaterThan(1);
  expect(actual).toHaveLength(expected.length);
  let greatest = 0;
  for (let i = 0; i < expected.length; i++) {
    for (let j = 0; j < i; j++) {
      const change = cosine(expected[i]!, expected[j]!) - cosine(actual[i]!, actual[j]!);
      greatest = Math.max(greatest, Math.abs(change));
    }
  }
  return greatest;
}

function cosine(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe('mobilefacenet-64', () => {
  const file = readFile(SOURCE_FOLDERS, SOURCES.mobileFaceNet);
  const sets = readGolden('mobilefacenet');
  const peers = sets.flatMap(({ outputs }) => outputs['embedding']!);

  /** Embeds the images of all sets. */
  async function embed(run: Run, contract?: InputContract): Promise<Float32Array[]> {
    const answers = [];
    for (const { images, side } of sets) answers.push(...(await run(images, side, contract)));
    return answers.map(({ embedding }) => embedding!);
  }

  const openAs = (graph: Uint8Array) => openGraph(graph, entryOf('mobilefacenet-64').input, ['embedding']);

  it('is read as TensorFlow Lite reads it: 192 numbers to 1e-4 in vectors of length 50, before anything is merged', async () => {
    expect(sets.map(({ kind, side, images }) => [kind, side, images.length])).toEqual([
      ['photo', 112, 22],
      ['noise', 112, 2],
    ]);
    const run = await openAs(encodeMobileFaceNet(readTfliteNet(readTflite(file)), 'float32'));
    expect(median(peers.map((embedding) => Math.hypot(...embedding)))).toBeGreaterThan(50);
    expect(greatestError(peers, await embed(run))).toBeLessThanOrEqual(1e-4);
  });

  it('keeps the cosines to 5e-5 with its 64 directions, in float32', async () => {
    const run = await openAs(buildMobileFaceNet(file, 'float32'));
    const embeddings = await embed(run);
    expect(embeddings[0]).toHaveLength(64);
    expect(greatestChange(peers, embeddings)).toBeLessThanOrEqual(5e-5);
  });

  it('keeps the cosines to 0.002 with weights stored in float16', async () => {
    expect(greatestChange(peers, await embed(await openAs(buildMobileFaceNet(file, 'float16'))))).toBeLessThanOrEqual(
      2e-3,
    );
  });

  it('as shipped, in int8, lies within 1e-3 of the float32 graph, in cosine', async () => {
    const exact = await embed(await openAs(buildMobileFaceNet(file, 'float32')));
    const shipped = await embed(await open('mobilefacenet-64'));
    for (const [i, embedding] of shipped.entries()) {
      expect(1 - cosine(embedding, exact[i]!), `image ${i}`).toBeLessThanOrEqual(1e-3);
    }
    expect(greatestChange(peers, shipped)).toBeLessThanOrEqual(0.02);
  });

  it('would not, with red and blue swapped', async () => {
    const exact = await embed(await openAs(buildMobileFaceNet(file, 'float32')));
    const swapped = await embed(await open('mobilefacenet-64'), {
      ...entryOf('mobilefacenet-64').input,
      channels: 'BGR',
    });
    const drifts = swapped.map((embedding, i) => 1 - cosine(embedding, exact[i]!));
    expect(median(drifts)).toBeGreaterThan(1e-2);
  });

  it('embeds several chips at once', async () => {
    const { file: name, input } = entryOf('mobilefacenet-64');
    const session = await InferenceSession.create(readFileSync(join(folder, name)));
    const chips = sets[0]!.images.slice(0, 2).map((image) => toInput(image, 112, input));
    const one = chips.map((chip) => new Tensor('float32', chip, [1, 3, 112, 112]));
    const both = new Tensor('float32', Float32Array.from([...chips[0]!, ...chips[1]!]), [2, 3, 112, 112]);
    const { embedding } = await session.run({ input: both });
    expect(embedding!.dims).toEqual([2, 64]);
    for (const [i, chip] of one.entries()) {
      const alone = (await session.run({ input: chip }))['embedding']!.data as Float32Array;
      expect(greatestError([alone], [(embedding!.data as Float32Array).slice(64 * i, 64 * (i + 1))])).toBeLessThan(
        1e-5,
      );
    }
  });
});

describe('fr-landmark-68', () => {
  const { images, side } = ofKind(readGolden('face-landmark-68'), 'photo');
  const faces = [...images.map((image) => shrink(image, side, FR_LANDMARK_SIZE)), noiseImage(64, FR_LANDMARK_SIZE)];
  const file = readFile(SOURCE_FOLDERS, SOURCES.frLandmark);

  /** What the shipped file answers to the gray of these images. */
  async function askShipped(): Promise<Float32Array[]> {
    const session = await InferenceSession.create(file);
    const answers: Float32Array[] = [];
    for (const image of faces) {
      const gray = Float32Array.from({ length: image.length / 3 }, (_, i) => {
        const [red = 0, green = 0, blue = 0] = image.subarray(3 * i, 3 * i + 3);
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
      });
      const input = new Tensor('float32', gray, [1, 1, FR_LANDMARK_SIZE, FR_LANDMARK_SIZE]);
      const results = await session.run({ input });
      answers.push(results['output']?.data as Float32Array);
    }
    return answers;
  }

  const pointsOf = async (run: Run, contract?: InputContract) =>
    (await run(faces, FR_LANDMARK_SIZE, contract)).map(({ points }) => points);

  it('answers to color as the shipped file does to gray, to 1e-6 of the crop in float32', async () => {
    const run = await openGraph(buildFrLandmark(file, 'float32'), entryOf('fr-landmark-68').input, ['points']);
    expect(greatestError(await askShipped(), await pointsOf(run))).toBeLessThanOrEqual(1e-6);
  });

  it('as shipped, in float16, differs by 5e-4 of the crop at most', async () => {
    expect(greatestError(await askShipped(), await pointsOf(await open('fr-landmark-68')))).toBeLessThanOrEqual(5e-4);
  });

  it('would not, with red and blue swapped', async () => {
    const contract = { ...entryOf('fr-landmark-68').input, channels: 'BGR' } as const;
    const swapped = await pointsOf(await open('fr-landmark-68'), contract);
    expect(greatestError(await askShipped(), swapped)).toBeGreaterThan(5e-3);
  });
});

describe('fr-liveness', () => {
  const side = FR_LIVENESS_SIZE;
  const { images, side: from } = ofKind(readGolden('face-landmark-68'), 'photo');
  const faces = [...images.map((image) => shrink(image, from, side)), noiseImage(64, side)];
  const file = readFile(SOURCE_FOLDERS, SOURCES.frLiveness);

  /** What the shipped file answers to these images as blue, green and red of 0 to 255. */
  async function askShipped(): Promise<Float32Array[]> {
    const session = await InferenceSession.create(file);
    const answers: Float32Array[] = [];
    for (const image of faces) {
      const plane = side * side;
      const bgr = Float32Array.from({ length: 3 * plane }, (_, i) => {
        return image[3 * (i % plane) + 2 - Math.floor(i / plane)] as number;
      });
      const results = await session.run({ input: new Tensor('float32', bgr, [1, 3, side, side]) });
      answers.push(results['output']?.data as Float32Array);
    }
    return answers;
  }

  const logitsOf = async (run: Run, contract?: InputContract) =>
    (await run(faces, side, contract)).map(({ logits }) => logits);

  it('answers as the shipped file does, to 0.1 of its logits, in float32 and as shipped, in float16', async () => {
    const shipped = await askShipped();
    const exact = await openGraph(buildFrLiveness(file, 'float32'), entryOf('fr-liveness').input, ['logits']);
    expect(greatestError(shipped, await logitsOf(exact))).toBeLessThanOrEqual(0.1);
    expect(greatestError(shipped, await logitsOf(await open('fr-liveness')))).toBeLessThanOrEqual(0.1);
  });

  it.each([
    ['red and blue swapped', { channels: 'RGB' }],
    ['values of 0 to 1', { std: [255, 255, 255] }],
    ['values of -1 to 1', { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] }],
  ] as const)('would not, with %s', async (_, change) => {
    const swapped = await logitsOf(await open('fr-liveness'), { ...entryOf('fr-liveness').input, ...change });
    expect(greatestError(await askShipped(), swapped)).toBeGreaterThan(1);
  });

  it('gets the pixels of the crop that its entry says', async () => {
    const entry = { ...(entryOf('fr-liveness') as AntispoofEntry), more: [], offset: 0 };
    // A face whose crop is as large as the input, so that no pixel is resampled.
    const [left, top] = [40, 25];
    const box = { x: 0, y: 0, width: side / entry.cropScale, height: side / entry.cropScale };
    box.x = left + (side - box.width) / 2;
    box.y = top + (side - box.height) / 2;
    const pixels = createPixels(side + 90, side + 60, new Uint8ClampedArray(4 * (side + 90) * (side + 60)).fill(255));
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const to = 4 * ((y + top) * pixels.width + x + left);
        pixels.data.set(faces[0]!.subarray(3 * (y * side + x), 3 * (y * side + x) + 3), to);
      }
    }
    const session = await InferenceSession.create(file);
    const run: ModelRun = async (feeds) => {
      const { data, dims } = feeds['input']!;
      const { output } = await session.run({ input: new Tensor('float32', data, [...dims]) });
      return { logits: { data: output!.data as Float32Array, dims: [1, 3] } };
    };
    const [shipped] = await askShipped();
    const powers = Array.from(shipped!, Math.exp);
    const expected = powers[0]! / powers.reduce((a, b) => a + b, 0);
    expect(await createAntispoof(entry, [run]).check(pixels, box)).toBeCloseTo(expected, 5);
  });
});

describe('fr-eye', () => {
  const side = FR_EYE_SIZE;
  const { images, side: from } = ofKind(readGolden('face-landmark-68'), 'photo');
  const eyes = [...images.map((image) => shrink(image, from, side)), noiseImage(64, side)];
  const file = readFile(SOURCE_FOLDERS, SOURCES.frEye);

  /** What the shipped file answers to the gray of these images, of 0 to 1. */
  async function askShipped(): Promise<Float32Array[]> {
    const session = await InferenceSession.create(file);
    const answers: Float32Array[] = [];
    for (const image of eyes) {
      const gray = Float32Array.from({ length: side * side }, (_, i) => {
        const [red = 0, green = 0, blue = 0] = image.subarray(3 * i, 3 * i + 3);
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
      });
      const results = await session.run({ input: new Tensor('float32', gray, [1, 1, side, side]) });
      answers.push(results['output']?.data as Float32Array);
    }
    return answers;
  }

  /** What a graph answers to them, two at a time. */
  async function ask(graph: Uint8Array): Promise<Float32Array[]> {
    const session = await InferenceSession.create(graph);
    const answers: Float32Array[] = [];
    for (const eye of eyes) {
      const one = toInput(eye, side, entryOf('fr-eye').input);
      const both = Float32Array.from([...toInput(eyes[0]!, side, entryOf('fr-eye').input), ...one]);
      const { logits } = await session.run({ input: new Tensor('float32', both, [2, 3, side, side]) });
      answers.push((logits!.data as Float32Array).slice(2));
    }
    return answers;
  }

  it('answers to color as the shipped file does to gray, in float32 and as shipped, in float16', async () => {
    const shipped = await askShipped();
    expect(greatestError(shipped, await ask(buildFrEye(file, 'float32')))).toBeLessThanOrEqual(1e-4);
    expect(greatestError(shipped, await ask(buildFrEye(file)))).toBeLessThanOrEqual(0.05);
  });
});

const FEATURE_FILE = join(sourceFolder(SOURCE_FOLDERS, FR_FEATURE), FR_FEATURE.files[0].path);

// The build does not fetch this file; `fetchSources(SOURCE_FOLDERS, [FR_FEATURE])` does.
const isFetched = existsSync(FEATURE_FILE);
describe.skipIf(!isFetched)(isFetched ? 'fr_feature' : `fr_feature (skipped: no file ${FEATURE_FILE})`, () => {
  const input = { name: 'input', channels: 'BGR', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] } as const;
  const sets = readGolden('face-landmark-68');

  async function embed(graph: Uint8Array, output: string, contract: InputContract = input): Promise<Float32Array[]> {
    const run = await openGraph(graph, input, [output]);
    const answers = [];
    for (const { images, side } of sets) answers.push(...(await run(images, side, contract)));
    return answers.map((answer) => answer[output]!);
  }

  it('keeps the cosines of the shipped file: to 5e-4 in float32, to 2e-3 in float16', async () => {
    const file = readFile(SOURCE_FOLDERS, FR_FEATURE);
    const shipped = await embed(file, 'output');
    const exact = await embed(buildFrFeature(file, 'float32'), 'embedding');
    expect(exact[0]).toHaveLength(160);
    expect(greatestChange(shipped, exact)).toBeLessThanOrEqual(5e-4);
    const stored = await embed(buildFrFeature(file), 'embedding');
    expect(greatestChange(shipped, stored)).toBeLessThanOrEqual(2e-3);
    const swapped = await embed(buildFrFeature(file), 'embedding', { ...input, channels: 'RGB' });
    expect(median(swapped.map((embedding, i) => 1 - cosine(embedding, stored[i]!)))).toBeGreaterThan(1e-2);
  }, 60_000);
});

describe('blazeface', () => {
  const sets = readGolden('blazeface');
  const names = ['scores_0', 'boxes_0', 'scores_1', 'boxes_1'] as const;

  it('was recorded at its own side and at two others, on photos in which the peer finds faces', () => {
    expect(new Set(sets.map(({ side }) => side))).toEqual(new Set([128, 192, 256]));
    for (const { side, outputs } of sets.filter(({ kind }) => kind === 'photo')) {
      for (const scores of outputs['scores_0']!) expect(Math.max(...scores), `${side} px`).toBeGreaterThan(0);
    }
  });

  it.each(sets.map((set) => ({ ...set, label: `${set.side} px, ${set.kind}` })))(
    'answers as human does: boxes to 0.01 px, logits to 1e-4 of their size ($label)',
    async ({ images, side, outputs }) => {
      const run = await open('blazeface');
      const answers = await run(images, side);
      expect(Object.keys(outputs).sort()).toEqual([...names].sort());
      for (const name of names) {
        const actual = answers.map((answer) => answer[name]);
        // Logits of hopeless anchors go down to -8,000, where float32 itself counts in steps of 5e-4.
        if (name.startsWith('scores')) {
          const relative = greatestError(outputs[name], actual, (value) => Math.max(1, Math.abs(value)));
          expect(relative, name).toBeLessThanOrEqual(1e-4);
        } else {
          expect(greatestError(outputs[name], actual), name).toBeLessThanOrEqual(1e-2);
        }
      }
    },
  );

  it('takes every side that the manifest offers, with the rows that it promises', async () => {
    const { sizes, anchors } = entryOf('blazeface') as BlazeFaceEntry;
    expect(sizes).toEqual([128, 192, 256, 384, 512]);
    const run = await open('blazeface');
    for (const side of sizes) {
      const [answer] = await run([noiseImage(1, side)], side);
      anchors.forEach(({ stride, perCell }, map) => {
        const rows = perCell * (side / stride) ** 2;
        expect(answer?.[`scores_${map}`], `${side} px`).toHaveLength(rows);
        expect(answer?.[`boxes_${map}`], `${side} px`).toHaveLength(rows * 16);
      });
    }
  });
});
