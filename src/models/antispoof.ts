/** The anti-spoofing role: presentation attack detection on a single frame. */
import * as v from 'valibot';
import { InfaceError } from '../api/errors.js';
import type { Box } from '../api/geometry.js';
import type { SpoofRates } from '../api/spoof.js';
import { object, type Parsed } from '../schema/schema.js';
import { boxCenter, type Similarity } from '../vision/geometry.js';
import { warpToTensor, type Pixels } from '../vision/image.js';
import { CURVE, finite, GRAPH_FILE, INPUT, MODEL, positive, text, type Curve } from './entry.js';
import { readOutput, type Run } from './run.js';

/** The meaning of an anti-spoof model's scores. Measured, see the model card. */
const CALIBRATION = object({
  /** Measured on which data: rates on simulated attacks say nothing certain about real ones. */
  origin: text,
  /** Least score of a bona fide face when the caller passes none, 0..1. */
  threshold: positive,
  /** (score, APCER with it as the threshold), falling, of the worst attack species. */
  apcer: v.exactOptional(CURVE),
  /** (score, BPCER with it as the threshold), rising. */
  bpcer: v.exactOptional(CURVE),
});

const FAMILY = v.picklist(['binary-128', 'minifasnet', 'fr-liveness']);
/** How a net sees a face, and what its score counts. */
const VIEW = {
  /** Side of the crop as a multiple of the longer side of the box. */
  cropScale: positive,
  /** Subtracted from the log-odds of the score of this net. Defaults to 0. */
  offset: v.exactOptional(finite),
};

/**
 * Classifiers of square crops around a face. 'binary-128' outputs logits of bona fide and attack. 'minifasnet'
 * (Silent-Face) outputs those of two kinds of attack, with bona fide between them; 'fr-liveness' (Faceplugin) those of
 * bona fide and two kinds of attack.
 */
export const ANTISPOOF = object({
  ...MODEL,
  role: v.literal('antispoof'),
  family: FAMILY,
  /** Name of the output. */
  output: text,
  /** Side of the square input in pixels. */
  size: positive,
  ...VIEW,
  /** Further nets; often none. Their absent fields default to those of `file`. */
  more: v.array(
    object({
      ...GRAPH_FILE,
      ...VIEW,
      family: v.exactOptional(FAMILY),
      input: v.exactOptional(INPUT),
      output: v.exactOptional(text),
      size: v.exactOptional(positive),
    }),
    'a list',
  ),
  /** How several scores become one. With 'least', a face has to convince every net. Defaults to 'mean'. */
  fusion: v.exactOptional(v.picklist(['mean', 'least'], "'mean' or 'least'")),
  /** Smallest longer side of a face's box for which there is a verdict, in pixels of the image. */
  minFaceSizePx: positive,
  calibration: CALIBRATION,
});
export type AntispoofEntry = Parsed<typeof ANTISPOOF>;

export interface FaceAntispoof {
  readonly modelId: string;
  readonly calibration: AntispoofEntry['calibration'];
  /** Smallest longer side of a face's box for which there is a verdict, in pixels of the image. */
  readonly minFaceSizePx: number;
  /**
   * @param box of the face, in pixels of the image
   * @returns 0 (attack) to 1 (bona fide)
   */
  check(pixels: Pixels, box: Box): Promise<number>;
}

/** Number of classes that the nets of a family output, and the index of the bona fide class. */
const CLASSES: Readonly<Record<AntispoofEntry['family'], { readonly count: number; readonly bonaFide: number }>> = {
  'binary-128': { count: 2, bonaFide: 0 },
  minifasnet: { count: 3, bonaFide: 1 },
  'fr-liveness': { count: 3, bonaFide: 0 },
};

/**
 * Creates a classifier from nets that take square crops around a face.
 * @param runs one per net, in the order of {@link netsOf}
 */
export function createAntispoof(entry: AntispoofEntry, runs: readonly Run[]): FaceAntispoof {
  const { id, calibration, minFaceSizePx, fusion = 'mean' } = entry;
  const nets = netsOf(entry);
  return {
    modelId: id,
    calibration,
    minFaceSizePx,
    async check(pixels, box) {
      const scores: number[] = [];
      for (const [i, { family, cropScale, size, input, output, offset }] of nets.entries()) {
        const { count, bonaFide } = CLASSES[family];
        const crop = warpToTensor(pixels, cropRound(pixels, box, cropScale, size), size, size, input);
        const outputs = await (runs[i] as Run)({ [input.name]: crop });
        const score = softmax(readOutput(outputs, output, count, entry))[bonaFide] as number;
        scores.push(score / (score + (1 - score) * Math.exp(offset)));
      }
      return fusion === 'least' ? Math.min(...scores) : scores.reduce((a, b) => a + b) / scores.length;
    },
  };
}

/** A net of an entry, with nothing left out. */
type Net = Required<AntispoofEntry['more'][number]>;

/** Returns the nets of an entry: that of the entry itself first. */
export function netsOf({ file, bytes, sha256, cropScale, offset = 0, more, ...entry }: AntispoofEntry): readonly Net[] {
  const { family, input, output, size } = entry;
  const shared = { family, input, output, size };
  return [
    { ...shared, file, bytes, sha256, cropScale, offset },
    ...more.map((net) => ({ ...shared, offset: 0, ...net })),
  ];
}

/**
 * Returns an upright square crop around a face. The crop shrinks to the size of the image and moves inside it if
 * needed, because a model could take a black border for the edge of a sheet.
 * @param cropScale side as a multiple of the longer side of the box
 * @param size side of the crop in pixels
 * @returns the transform from the crop to the image
 */
export function cropRound(
  { width, height }: Pick<Pixels, 'width' | 'height'>,
  box: Box,
  cropScale: number,
  size: number,
): Similarity {
  const side = Math.min(cropScale * Math.max(box.width, box.height), width, height);
  const { x, y } = boxCenter(box);
  const inside = (center: number, length: number) => Math.min(Math.max(center - side / 2, 0), length - side);
  return { a: side / size, b: 0, tx: inside(x, width), ty: inside(y, height) };
}

/** Converts logits to probabilities. */
function softmax(logits: Float32Array): number[] {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * Returns the least score of a bona fide face. This is the lowest one that keeps the requested APCER, or the highest
 * one that keeps the requested BPCER.
 * @throws InfaceError `INVALID_INPUT` for a rate that the calibration does not reach
 */
export function spoofThreshold(rates: SpoofRates, { modelId, calibration }: FaceAntispoof): number {
  const { maxApcer, maxBpcer } = rates;
  if (maxApcer !== undefined) {
    // Negate the scores and reverse the curve, so that both curves ascend.
    const fromStrict = calibration.apcer?.map(([score, rate]) => [-score, rate] as const).reverse();
    return -scoreAt(fromStrict, maxApcer, 'maxApcer', modelId);
  }
  return maxBpcer === undefined ? calibration.threshold : scoreAt(calibration.bpcer, maxBpcer, 'maxBpcer', modelId);
}

/** Returns the score at which an ascending curve of (score, rate) reaches a rate. Interpolates linearly. */
function scoreAt(curve: Curve | undefined, rate: number, option: keyof SpoofRates, modelId: string): number {
  const least = curve?.[0]?.[1];
  if (!curve || least === undefined || rate < least) {
    const known = least === undefined ? 'no rate was measured' : `the lowest rate that was measured is ${least}`;
    throw new InfaceError(
      'INVALID_INPUT',
      `'${option}' is ${rate}, but for the anti-spoof model '${modelId}' ${known}. Increase it.`,
    );
  }
  const next = curve.findIndex(([, y]) => y > rate);
  if (next < 0) return (curve.at(-1) as Curve[number])[0];
  const [[x0, y0], [x1, y1]] = [curve[next - 1] as Curve[number], curve[next] as Curve[number]];
  return x0 + ((rate - y0) / (y1 - y0)) * (x1 - x0);
}
