/** The embedder role: a face chip as a vector, near to those of the same person. */
import type { Point } from '../types.js';
import { dlibChip } from '../vision/align.js';
import { packTensor, warp, type Pixels } from '../vision/image.js';
import type { DlibEmbedderEntry, EmbedderCalibration } from './manifest.js';
import { readOutput, type Run } from './run.js';

export interface FaceEmbedder {
  /** Embeddings are comparable within one space only. */
  readonly space: string;
  /** Length of an embedding. */
  readonly dimension: number;
  readonly calibration: EmbedderCalibration;
  /** @param landmarks 68 points in pixels of the image */
  embed(pixels: Pixels, landmarks: readonly Point[]): Promise<Float32Array>;
}

/** dlib's face recognition ResNet on dlib's own five-point chip. */
export function createDlibEmbedder(entry: DlibEmbedderEntry, run: Run): FaceEmbedder {
  const { size, padding } = entry.chip;
  return {
    space: entry.embeddingSpace,
    dimension: entry.dimension,
    calibration: entry.calibration,

    async embed(pixels, landmarks) {
      const chip = warp(pixels, dlibChip(landmarks, size, padding), size, size);
      const outputs = await run({ [entry.input.name]: packTensor(chip, size, size, entry.input) });
      return readOutput(outputs, 'embedding', entry.dimension, entry);
    },
  };
}
