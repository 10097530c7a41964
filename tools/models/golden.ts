/**
 * The golden fixtures: outputs of the peers' TensorFlow.js code for fixed inputs.
 *
 * They are written by record-golden.ts and read by the tests and by record-ranges.ts.
 *
 * A set is an entry of `golden.json` and its files: raw bytes, brotli-compressed, so that Node reads them without an
 * image decoder. Inputs are RGB images, row-major [side, side, 3]; outputs are little-endian float32.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import type { InputContract } from '../../src/models/entry.js';

/** Folder of the fixtures. */
const GOLDEN_FOLDER = fileURLToPath(new URL('../../test/fixtures/golden/', import.meta.url));

/** Inputs of one size for one family of models, with the peer's outputs. */
export interface GoldenSet {
  readonly family: string;
  /** Source of the inputs: the sample photos, or seeded noise. */
  readonly kind: 'photo' | 'noise';
  /** Side of the square inputs, in pixels. */
  readonly side: number;
  /** One image each, of `side * side * 3` bytes. */
  readonly images: readonly Uint8Array[];
  /** By output name: one flat array per image. */
  readonly outputs: Readonly<Record<string, readonly Float32Array[]>>;
}

/** An entry of golden.json. */
interface SetIndex {
  readonly family: string;
  readonly kind: GoldenSet['kind'];
  readonly side: number;
  readonly count: number;
  /** A file name, or the seed of the first image; image `i` has seed + i. */
  readonly images: string | number;
  /** A file name; the file has all outputs of each image in turn. */
  readonly answers: string;
  /** Name and number of values of each output, in file order. */
  readonly outputs: Readonly<Record<string, number>>;
}

/** Creates a noise image: uniform bytes drawn with mulberry32 (Tommy Ettinger, public domain). */
export function noiseImage(seed: number, side: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: side * side * 3 }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) >>> 24;
  });
}

/**
 * Reads all golden sets of a model family.
 *
 * @throws When there is none, because a test that compares nothing must not pass.
 */
export function readGolden(family: string): readonly GoldenSet[] {
  const sets = readIndex().sets.filter((set) => set.family === family);
  if (sets.length === 0) throw new Error(`golden.json has no set for '${family}'. Run tools/models/record-golden*.ts.`);
  return sets.map((set) => ({
    family,
    kind: set.kind,
    side: set.side,
    images: readImages(set),
    outputs: splitOutputs(split(new Float32Array(readFile(set.answers).buffer), set.count), set.outputs),
  }));
}

/** The content of golden.json. */
interface GoldenIndex {
  /** Notes for readers. */
  readonly about: Readonly<Record<string, string>>;
  readonly sets: readonly SetIndex[];
}

function readIndex(): GoldenIndex {
  return JSON.parse(readFileSync(join(GOLDEN_FOLDER, 'golden.json'), 'utf8')) as GoldenIndex;
}

function writeIndex(index: GoldenIndex): void {
  writeFileSync(join(GOLDEN_FOLDER, 'golden.json'), `${JSON.stringify(index, undefined, 2)}\n`);
}

function readImages({ images, count, side }: SetIndex): readonly Uint8Array[] {
  if (typeof images === 'string') return split(readFile(images), count);
  return Array.from({ length: count }, (_, i) => noiseImage(images + i, side));
}

/** A set to write; noise is stored as its seed. */
export type GoldenRecord = GoldenSet & { readonly seed?: number };

/** Replaces the fixtures. `about` is stored beside the sets as a note for readers. */
export function writeGolden(about: Readonly<Record<string, string>>, sets: readonly GoldenRecord[]): void {
  rmSync(GOLDEN_FOLDER, { recursive: true, force: true });
  mkdirSync(GOLDEN_FOLDER, { recursive: true });
  const index = sets.map(({ family, kind, side, images, outputs, seed }): SetIndex => {
    const label = `${family}-${side}-${kind}`;
    const answers = images.flatMap((_, i) => Object.values(outputs).map((values) => values[i] ?? new Float32Array()));
    return {
      family,
      kind,
      side,
      count: images.length,
      images: seed ?? writeFile(`${label}.u8.br`, images),
      answers: writeFile(`${label}.f32.br`, answers),
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values[0]?.length ?? 0])),
    };
  });
  writeIndex({ about, sets: index });
}

/**
 * Adds a model's outputs for the images of another family's sets, or replaces them.
 *
 * @param embed Returns the outputs for an image.
 * @param about A note for readers, by its name.
 */
export async function addGolden(
  family: string,
  imagesOf: string,
  embed: (image: Uint8Array) => Promise<Readonly<Record<string, Float32Array>>>,
  about: Readonly<Record<string, string>>,
): Promise<void> {
  const index = readIndex();
  const added: SetIndex[] = [];
  for (const source of index.sets.filter((set) => set.family === imagesOf)) {
    const results = [];
    for (const image of readImages(source)) results.push(await embed(image));
    const outputs = Object.entries(results[0] ?? {}).map(([name, values]) => [name, values.length] as const);
    const answers = writeFile(`${family}-${source.side}-${source.kind}.f32.br`, results.flatMap(Object.values));
    added.push({ ...source, family, answers, outputs: Object.fromEntries(outputs) });
  }
  const others = index.sets.filter((set) => set.family !== family);
  writeIndex({ about: { ...index.about, ...about }, sets: [...others, ...added] });
}

/** Converts an image to a model's input: planar float32 [1, 3, side, side], by the manifest's contract. */
export function toInput(image: Uint8Array, side: number, contract: Omit<InputContract, 'name'>): Float32Array {
  const { channels, mean, std } = contract;
  const plane = side * side;
  const planar = new Float32Array(3 * plane);
  for (const channel of [0, 1, 2] as const) {
    const source = channels === 'RGB' ? channel : 2 - channel;
    for (let pixel = 0; pixel < plane; pixel++) {
      planar[channel * plane + pixel] = ((image[pixel * 3 + source] ?? 0) - mean[channel]) / std[channel];
    }
  }
  return planar;
}

function writeFile(name: string, parts: readonly (Uint8Array | Float32Array)[]): string {
  const bytes = parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  writeFileSync(join(GOLDEN_FOLDER, name), brotliCompressSync(Buffer.concat(bytes)));
  return name;
}

/** Reads a file into a separate buffer, so that it can be viewed as float32. */
function readFile(name: string): Uint8Array {
  return Uint8Array.from(brotliDecompressSync(readFileSync(join(GOLDEN_FOLDER, name))));
}

function split<T extends Uint8Array | Float32Array>(data: T, count: number): readonly T[] {
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length) as T);
}

function splitOutputs(
  answers: readonly Float32Array[],
  lengths: Readonly<Record<string, number>>,
): Record<string, readonly Float32Array[]> {
  let offset = 0;
  const outputs: Record<string, readonly Float32Array[]> = {};
  for (const [name, length] of Object.entries(lengths)) {
    const start = offset;
    outputs[name] = answers.map((answer) => answer.slice(start, start + length));
    offset += length;
  }
  return outputs;
}
