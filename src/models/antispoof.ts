/** The anti-spoof role: presentation attack detection on one frame. */
import { InfaceError } from '../api/errors.js';
import type { Box } from '../api/types.js';
import { boxCenter, type Similarity } from '../vision/geometry.js';
import { warpToTensor, type Pixels } from '../vision/image.js';
import type { AntispoofEntry, Curve, SpoofCalibration } from './manifest.js';
import { readOutput, type Run } from './run.js';

export interface FaceAntispoof {
  readonly modelId: string;
  readonly calibration: SpoofCalibration;
  /** Least longer side of a face's box for a verdict, in pixels of the image. */
  readonly minFaceSizePx: number;
  /**
   * @param box of the face, in pixels of the image
   * @returns 0 (attack) to 1 (bona fide)
   */
  check(pixels: Pixels, box: Box): Promise<number>;
}

/** What the nets of a family give: one value per class, and which of the classes is a face that is really there. */
const CLASSES: Readonly<Record<AntispoofEntry['family'], { readonly count: number; readonly bonaFide: number }>> = {
  'binary-128': { count: 2, bonaFide: 0 },
  minifasnet: { count: 3, bonaFide: 1 },
};

/**
 * Nets that look at square crops round the face and tell classes apart: the mean of their probabilities counts.
 * @param runs one per net, in the order of {@link netsOf}
 */
export function createAntispoof(entry: AntispoofEntry, runs: readonly Run[]): FaceAntispoof {
  const { id, size, output, input, calibration, minFaceSizePx } = entry;
  const { count, bonaFide } = CLASSES[entry.family];
  const nets = netsOf(entry);
  return {
    modelId: id,
    calibration,
    minFaceSizePx,
    async check(pixels, box) {
      let sum = 0;
      for (const [i, { cropScale }] of nets.entries()) {
        const crop = warpToTensor(pixels, cropRound(pixels, box, cropScale, size), size, size, input);
        const outputs = await (runs[i] as Run)({ [input.name]: crop });
        sum += softmax(readOutput(outputs, output, count, entry))[bonaFide] as number;
      }
      return sum / nets.length;
    },
  };
}

/** The nets of an entry: the entry itself, and those that are averaged with it. */
export function netsOf(entry: AntispoofEntry): AntispoofEntry['more'] {
  const { file, bytes, sha256, cropScale, more } = entry;
  return [{ file, bytes, sha256, cropScale }, ...more];
}

/**
 * An upright square round a face. It is made smaller where the image is, and moved to lie inside: a black edge would be
 * something that a net could take for the edge of a sheet.
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

/** Probabilities of logits. */
function softmax(logits: Float32Array): number[] {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The error rate that a caller asks for, or the least score; at most one of them. */
export interface SpoofLimit {
  readonly threshold?: number;
  readonly maxApcer?: number;
  readonly maxBpcer?: number;
}

/**
 * The least score of a bona fide face: the lowest that keeps the asked APCER, the highest that keeps the asked BPCER.
 * @throws InfaceError `INVALID_INPUT` for a rate that the calibration does not reach
 */
export function spoofThreshold(limit: SpoofLimit, { modelId, calibration }: FaceAntispoof): number {
  const { threshold, maxApcer, maxBpcer } = limit;
  if (threshold !== undefined) return threshold;
  if (maxApcer !== undefined) {
    // Read from strict to lax, so that both curves rise.
    const fromStrict = calibration.apcer?.map(([score, rate]) => [-score, rate] as const).reverse();
    return -scoreAt(fromStrict, maxApcer, 'maxApcer', modelId);
  }
  return maxBpcer === undefined ? calibration.threshold : scoreAt(calibration.bpcer, maxBpcer, 'maxBpcer', modelId);
}

/** Where a rising curve of (score, rate) reaches a rate; linear between its points. */
function scoreAt(curve: Curve | undefined, rate: number, option: keyof SpoofLimit, modelId: string): number {
  const least = curve?.[0]?.[1];
  if (!curve || least === undefined || rate < least) {
    const known = least === undefined ? 'no rate was measured' : `the lowest rate that was measured is ${least}`;
    throw new InfaceError(
      'INVALID_INPUT',
      `'${option}' is ${rate}, and of the anti-spoof model '${modelId}' ${known}. Ask for more, or give a 'threshold'.`,
    );
  }
  const next = curve.findIndex(([, y]) => y > rate);
  if (next < 0) return (curve.at(-1) as Curve[number])[0];
  const [[x0, y0], [x1, y1]] = [curve[next - 1] as Curve[number], curve[next] as Curve[number]];
  return x0 + ((rate - y0) / (y1 - y0)) * (x1 - x0);
}
