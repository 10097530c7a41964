/**
 * The golden fixtures: what the peers' own TensorFlow.js code answers to fixed inputs. Written by record-golden.ts, read
 * by the tests and by record-ranges.ts.
 *
 * A set is `golden.json`'s entry and its files: raw bytes, brotli-compressed, so that Node reads them without an image
 * decoder. Inputs are RGB images, row-major [side, side, 3]; outputs are little-endian float32.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import type { InputContract } from '../../src/models/entry.js';

/** Where the fixtures live. */
const GOLDEN_FOLDER = fileURLToPath(new URL('../../test/fixtures/golden/', import.meta.url));

/** Inputs of one size for one family of models, and the peer's answers. */
export interface GoldenSet {
  readonly family: string;
  /** Faces and photos are cut from the sample photos; noise comes from a seed. */
  readonly kind: 'photo' | 'noise';
  /** Side of the square inputs in pixels. */
  readonly side: number;
  /** One image each, `side * side * 3` bytes. */
  readonly images: readonly Uint8Array[];
  /** By output name: one flat array for each image. */
  readonly outputs: Readonly<Record<string, readonly Float32Array[]>>;
}

/** Entry of golden.json. */
interface SetIndex {
  readonly family: string;
  readonly kind: GoldenSet['kind'];
  readonly side: number;
  readonly count: number;
  /** A file, or the seed of the first image; image `i` has seed + i. */
  readonly images: string | number;
  /** A file: for each image all outputs, one after the other. */
  readonly answers: string;
  /** Name and number of values of each output, in the order of the file. */
  readonly outputs: Readonly<Record<string, number>>;
}

/** An image of noise, uniform bytes drawn with mulberry32 (Tommy Ettinger, public domain). */
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
 * @throws When there is none: a test that compares nothing must not pass.
 */
export function readGolden(family: string): readonly GoldenSet[] {
  const index = JSON.parse(readFileSync(join(GOLDEN_FOLDER, 'golden.json'), 'utf8')) as { sets: readonly SetIndex[] };
  const sets = index.sets.filter((set) => set.family === family);
  if (sets.length === 0) throw new Error(`golden.json has no set for '${family}'. Run tools/models/record-golden.ts.`);
  return sets.map(({ family, kind, side, count, images, answers, outputs }) => ({
    family,
    kind,
    side,
    images:
      typeof images === 'string'
        ? split(readFile(images), count)
        : Array.from({ length: count }, (_, i) => noiseImage(images + i, side)),
    outputs: splitOutputs(split(new Float32Array(readFile(answers).buffer), count), outputs),
  }));
}

/** A set to be written: noise is stored as its seed. */
export type GoldenRecord = GoldenSet & { readonly seed?: number };

/** Replaces the fixtures. `about` is stored beside the sets, for people. */
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
  writeFileSync(join(GOLDEN_FOLDER, 'golden.json'), `${JSON.stringify({ about, sets: index }, undefined, 2)}\n`);
}

/** A model's input for an image: planar float32 [1, 3, side, side], as the manifest's contract says. */
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

/** Copied into its own buffer, so that it can be read as float32. */
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
