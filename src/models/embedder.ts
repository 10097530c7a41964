/** The embedder role: a face chip as a vector, near to those of the same person. */
import type { Accuracy, Point } from '../api/types.js';
import { arcFaceChip, dlibChip } from '../vision/align.js';
import { composeSimilarities, type Similarity } from '../vision/geometry.js';
import { mirror, warpToTensor, type Pixels, type Tensor } from '../vision/image.js';
import type { ArcFaceEntry, DlibEmbedderEntry, EmbedderCalibration, EmbedderEntry } from './manifest.js';
import { readOutput, type Run } from './run.js';

export interface FaceEmbedder {
  /** Embeddings are comparable within one space only. */
  readonly space: string;
  /** Length of an embedding. */
  readonly dimension: number;
  readonly calibration: EmbedderCalibration;
  /**
   * @param landmarks 68 points in pixels of the image
   * @param views how many views of the face, 1 to 6; each costs one run of the net
   * @returns one embedding per view, as the net gives it
   */
  embed(pixels: Pixels, landmarks: readonly Point[], views: number): Promise<Float32Array[]>;
}

/** How many views of a face each accuracy looks at. */
export const VIEW_COUNTS: Readonly<Record<Accuracy, number>> = { fast: 1, balanced: 2, high: 6 };

/** How a chip is changed before it is mirrored, in degrees and in parts of its side. */
interface View {
  readonly scale: number;
  readonly degrees: number;
  readonly shift: number;
}

/**
 * The chip itself, and two that are cut a little differently: larger and turned one way, turned and moved the other way. Each
 * is also mirrored. A face has no such differences that a person could be told by, so the mean of their embeddings is nearer
 * to the person than each of them.
 */
const VIEWS: readonly View[] = [
  { scale: 1, degrees: 0, shift: 0 },
  { scale: 1.08, degrees: 4, shift: 1 / 75 },
  { scale: 1, degrees: -4, shift: -1 / 50 },
];

/** dlib's face recognition ResNet on dlib's own five-point chip. */
export function createDlibEmbedder(entry: DlibEmbedderEntry, run: Run): FaceEmbedder {
  const { size, padding } = entry.chip;
  return createChipEmbedder(entry, run, size, 'embedding', (landmarks) => dlibChip(landmarks, size, padding));
}

/** Any net that was trained on the five-point chip of ArcFace. */
export function createArcFaceEmbedder(entry: ArcFaceEntry, run: Run): FaceEmbedder {
  return createChipEmbedder(entry, run, entry.size, entry.output, (landmarks) => arcFaceChip(landmarks, entry.size));
}

function createChipEmbedder(
  entry: EmbedderEntry,
  run: Run,
  size: number,
  output: string,
  alignChip: (landmarks: readonly Point[]) => Similarity,
): FaceEmbedder {
  return {
    space: entry.embeddingSpace,
    dimension: entry.dimension,
    calibration: entry.calibration,

    async embed(pixels, landmarks, views) {
      const toSource = alignChip(landmarks);
      const embeddings: Float32Array[] = [];
      const look = async (chip: Tensor) => {
        const outputs = await run({ [entry.input.name]: chip });
        embeddings.push(readOutput(outputs, output, entry.dimension, entry));
      };
      for (const view of VIEWS.slice(0, Math.ceil(views / 2))) {
        const toView = composeSimilarities(toSource, withinChip(view, size));
        const chip = warpToTensor(pixels, toView, size, size, entry.input);
        await look(chip);
        if (embeddings.length < views) await look({ data: mirror(chip.data, size, size), dims: chip.dims });
      }
      return embeddings;
    },
  };
}

/** From the pixels of a view to those of the chip: about its middle. */
function withinChip({ scale, degrees, shift }: View, size: number): Similarity {
  const radians = (degrees * Math.PI) / 180;
  const [a, b] = [scale * Math.cos(radians), scale * Math.sin(radians)];
  const [half, moved] = [size / 2, (0.5 + shift) * size];
  return { a, b, tx: moved - (a * half - b * half), ty: moved - (b * half + a * half) };
}
