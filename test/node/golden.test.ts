/**
 * The built graphs against what the peers' own TensorFlow.js code answered to the same pixels (tools/models/golden.ts),
 * run by the runtime that ships: onnxruntime-web's wasm backend.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlazeFaceEntry } from '../../src/models/detectors/blazeface.js';
import type { InputContract } from '../../src/models/entry.js';
import type { ModelEntry } from '../../src/models/families.js';
import type { ModelManifest } from '../../src/models/manifest.js';
import { buildModels } from '../../tools/models/build.js';
import { noiseImage, readGolden, toInput, type GoldenSet } from '../../tools/models/golden.js';

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
  const session = await InferenceSession.create(readFileSync(join(folder, file)));
  expect(session.inputNames).toEqual([input.name]);
  expect(session.outputNames).toEqual(outputs.map(({ name }) => name));
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
