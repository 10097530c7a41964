/** Measures frames with the kit's stages, and returns values that the kit itself does not expose. */
import type { DetectedFace, DetectorOptions } from '../../src/api/faces.js';
import { MAX_FACES } from '../../src/api/limits.js';
import type { QualityReport } from '../../src/api/quality.js';
import type { SpoofVerdict } from '../../src/api/spoof.js';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import { structureOf } from '../../src/vision/structure.js';
import type { Frame } from '../../src/wire/worker.js';
import { createAcquisition, createClock, type AcquisitionParts } from '../../src/worker/use-cases/acquisition.js';

/** Options of a measurement. */
export interface MeasureOptions extends DetectorOptions {
  /** Maximum number of faces, largest first. Defaults to 100. */
  readonly maxFaces?: number;
  /** Number of views to embed per face, 0 to 6. Defaults to those of `high`; with 0 only the landmarks are computed. */
  readonly views?: number;
  /** Whether to check each face with the anti-spoof model. Defaults to false. */
  readonly spoof?: boolean;
  /** Whether to describe the edges of each face, see src/vision/structure.ts. Defaults to false. */
  readonly structure?: boolean;
}

/** A face with the outputs of the stages. */
export interface MeasuredFace extends DetectedFace {
  readonly quality: QualityReport;
  /** One embedding per view, not normalized. */
  readonly views: readonly Float32Array[];
  /**
   * `null` if not requested. Read the score and not the outcome: the threshold is that of the time of the measurement,
   * which the cache may have kept.
   */
  readonly spoof: SpoofVerdict | null;
  /** See src/vision/structure.ts; `null` if not requested. */
  readonly structure: readonly number[] | null;
}

export interface MeasureResult {
  /** Faces by size, largest first, with 68 landmarks. */
  readonly faces: readonly MeasuredFace[];
  /** Detector size used, in pixels. */
  readonly detectorSize: number;
}

/**
 * Creates the function that measures a frame.
 * @param loadAntispoof loads the anti-spoof model; `null` if the manifest has none
 */
export function createMeasurement(
  parts: AcquisitionParts,
  loadAntispoof: (() => Promise<FaceAntispoof>) | null,
): (frame: Frame, options: MeasureOptions) => Promise<MeasureResult> {
  const { read, open } = createAcquisition(parts);
  const { signal } = new AbortController();
  return async (frame, options) => {
    const clock = createClock();
    const picture = read(frame, options, clock);
    const image = open(picture, signal, clock);
    if (options.spoof && !loadAntispoof)
      throw new Error('The manifest has no anti-spoof model. Measure without `spoof`, or add a model.');
    const antispoof = options.spoof && loadAntispoof ? await loadAntispoof() : null;
    const faces: MeasuredFace[] = [];
    for (const found of (await image.find(options.maxFaces ?? MAX_FACES)).faces) {
      const quality = image.judge(found);
      const { threshold = 0 } = antispoof?.calibration ?? {};
      const spoof = antispoof && (await image.checkSpoof({ antispoof, threshold }, found, quality));
      const views =
        options.views === 0 ? [] : await image.embedViews(found, options.views ?? parts.embedder.views.high);
      const structure = options.structure ? [...structureOf(picture.pixels, found.landmarks)] : null;
      faces.push({ ...image.describe(found, 68), quality, views, spoof, structure });
    }
    return { faces, detectorSize: image.size };
  };
}
