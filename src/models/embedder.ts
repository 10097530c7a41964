/** The embedder role: maps a face chip to a vector that is close to those of the same person. */
import * as v from 'valibot';
import type { Point } from '../api/geometry.js';
import type { Accuracy } from '../api/matching.js';
import { object, type Parsed } from '../schema/schema.js';
import { arcFaceChip, dlibChip } from '../vision/align.js';
import { composeSimilarities, type Similarity } from '../vision/geometry.js';
import { mirror, warpToTensor, type Pixels, type Tensor } from '../vision/image.js';
import { CURVE, DATA_FILE, MODEL, positive, text } from './entry.js';
import { readOutput, type Abortable, type Run } from './run.js';

/**
 * The meaning of distances in one embedding space. A distance is 1 - cosine. With a cohort, both faces add
 * to it, see `recognition/scoring.ts`. Measured, see the model card.
 */
const CALIBRATION = object({
  /** Measured on which data. */
  origin: text,
  /** (distance, similarity), descending in similarity 1..0; linear between them. */
  similarity: CURVE,
  /**
   * (distance, false match rate) of two images, ascending in both; log-linear between and beyond them. One curve per
   * accuracy; `high` defaults to that of `fast`.
   */
  fmr: object({
    fast: CURVE,
    high: v.exactOptional(CURVE),
  } satisfies Record<Accuracy, unknown>),
  /** The same for an image and a profile, the mean of several templates. Defaults to that of `fast`. */
  profile: v.exactOptional(CURVE),
  /** Distance that a profile adds before its collection is trained. Defaults to 0. */
  commonness: v.exactOptional(positive),
});
export type EmbedderCalibration = Parsed<typeof CALIBRATION>;

/** More views than {@link VIEWS} and their mirror images do not exist. */
const VIEW_COUNT = v.pipe(
  v.number('a number'),
  v.check((views) => [1, 2, 3, 4, 5, 6].includes(views), '1 to 6'),
);

/** The fields of every embedder's entry. */
const EMBEDDER = {
  ...MODEL,
  role: v.literal('embedder'),
  dimension: positive,
  /**
   * Templates may be compared only within one embedding space: it names the weights and the chip. Graphs of the same
   * weights share it if they drift by far less than the decision threshold (golden tests).
   */
  embeddingSpace: text,
  calibration: CALIBRATION,
  /** Number of views of a face that each accuracy averages, 1 to 6. */
  views: object({ fast: VIEW_COUNT, high: VIEW_COUNT } satisfies Record<Accuracy, unknown>),
  /**
   * Whether a cohort of synthetic people normalizes the distances, see `recognition/scoring.ts`. It is drawn from the
   * background statistics. Defaults to false: distances are plain cosines.
   */
  cohort: v.exactOptional(v.boolean('true or false')),
};

/** dlib's face recognition ResNet: a 128-d embedding of a dlib face chip. */
export const DLIB_RESNET = object({
  ...EMBEDDER,
  family: v.literal('dlib-resnet'),
  /** The chip: side in pixels, and padding as dlib's `get_face_chip_details` defines it. */
  chip: object({ size: positive, padding: positive }),
  /** Statistics of many people's embeddings in this space, see `recognition/background.ts`. */
  background: DATA_FILE,
});
export type DlibEmbedderEntry = Parsed<typeof DLIB_RESNET>;

/** An embedder on the five-point chip of ArcFace. */
export const ARCFACE = object({
  ...EMBEDDER,
  family: v.literal('arcface'),
  /** Name of the output. */
  output: text,
  /** Side of the chip in pixels; 112 for most. */
  size: positive,
  /** Without it, there can be no cohort, and trainings do not measure how near strangers come. */
  background: v.exactOptional(DATA_FILE),
});
export type ArcFaceEntry = Parsed<typeof ARCFACE>;

export interface FaceEmbedder {
  /** Identifier of the embedding space. Only embeddings of the same space are comparable. */
  readonly space: string;
  /** Length of an embedding. */
  readonly dimension: number;
  readonly calibration: EmbedderCalibration;
  /** Number of views of a face that each accuracy averages. */
  readonly views: Readonly<Record<Accuracy, number>>;
  /**
   * @param landmarks 68 points in pixels of the image
   * @param views number of views of the face, 1 to 6; each costs one run of the model
   * @param signal checked before each run
   * @returns one embedding per view, as output by the model
   * @throws the signal's reason
   */
  embed(pixels: Pixels, landmarks: readonly Point[], views: number, signal?: Abortable): Promise<Float32Array[]>;
}

/** Change of a chip before mirroring. `shift` is a fraction of the side of the chip. */
interface View {
  readonly scale: number;
  readonly degrees: number;
  readonly shift: number;
}

/**
 * The chip itself and two variants of its crop. One is larger, rotated and shifted; the other is rotated and shifted
 * the opposite way. Each chip is also mirrored. None of these changes affects who the person is, so the mean of the
 * embeddings lies closer to the person than any one of them.
 */
const VIEWS: readonly View[] = [
  { scale: 1, degrees: 0, shift: 0 },
  { scale: 1.08, degrees: 4, shift: 1 / 75 },
  { scale: 1, degrees: -4, shift: -1 / 50 },
];

/** Creates dlib's face recognition ResNet, which takes dlib's five-point chip. */
export function createDlibEmbedder(entry: DlibEmbedderEntry, run: Run): FaceEmbedder {
  const { size, padding } = entry.chip;
  return createChipEmbedder(entry, run, size, 'embedding', (landmarks) => dlibChip(landmarks, size, padding));
}

/** Creates an embedder from any model trained on ArcFace's five-point chip. */
export function createArcFaceEmbedder(entry: ArcFaceEntry, run: Run): FaceEmbedder {
  return createChipEmbedder(entry, run, entry.size, entry.output, (landmarks) => arcFaceChip(landmarks, entry.size));
}

function createChipEmbedder(
  entry: DlibEmbedderEntry | ArcFaceEntry,
  run: Run,
  size: number,
  output: string,
  alignChip: (landmarks: readonly Point[]) => Similarity,
): FaceEmbedder {
  return {
    space: entry.embeddingSpace,
    dimension: entry.dimension,
    calibration: entry.calibration,
    views: entry.views,

    async embed(pixels, landmarks, views, signal) {
      const toSource = alignChip(landmarks);
      const embeddings: Float32Array[] = [];
      const look = async (chip: Tensor) => {
        signal?.throwIfAborted();
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

/** Maps pixels of a view to pixels of the chip. The view is centered on the chip before the shift. */
function withinChip({ scale, degrees, shift }: View, size: number): Similarity {
  const radians = (degrees * Math.PI) / 180;
  const [a, b] = [scale * Math.cos(radians), scale * Math.sin(radians)];
  const [half, moved] = [size / 2, (0.5 + shift) * size];
  return { a, b, tx: moved - (a * half - b * half), ty: moved - (b * half + a * half) };
}
