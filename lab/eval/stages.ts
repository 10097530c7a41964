/** Measures what the stages of the kit compute of a frame, which the kit itself does not offer. */
import type { DetectedFace, DetectorOptions } from '../../src/api/faces.js';
import { MAX_FACES } from '../../src/api/limits.js';
import type { QualityReport } from '../../src/api/quality.js';
import type { FaceAntispoof } from '../../src/models/antispoof.js';
import { VIEW_COUNTS } from '../../src/models/embedder.js';
import type { Frame } from '../../src/wire/worker.js';
import { createAcquisition, createClock, type AcquisitionParts } from '../../src/worker/use-cases/acquisition.js';

/** How a frame is measured. */
export interface MeasureOptions extends DetectorOptions {
  /** At most this many faces, the largest ones. Defaults to 100. */
  readonly maxFaces?: number;
  /** How many views of each face are embedded, 0 to 6. Defaults to 6; with 0 a face costs its landmarks only. */
  readonly views?: number;
  /** Whether each face gets a score of the anti-spoof model. Defaults to false. */
  readonly spoof?: boolean;
}

/** A face as the stages give it. */
export interface MeasuredFace extends DetectedFace {
  readonly quality: QualityReport;
  /** One embedding per view as the embedder gives it, not normalised. */
  readonly views: readonly Float32Array[];
  /** 0 (attack) to 1 (bona fide), `null` where it was not asked for. */
  readonly spoofScore: number | null;
}

export interface MeasureResult {
  /** Faces by size, largest first, with 68 landmarks. */
  readonly faces: readonly MeasuredFace[];
  /** The detector size that was used, in pixels. */
  readonly detectorSize: number;
}

/** @param loadAntispoof loads the anti-spoof model; `null` when the manifest has none */
export function createMeasurement(
  parts: AcquisitionParts,
  loadAntispoof: (() => Promise<FaceAntispoof>) | null,
): (frame: Frame, options: MeasureOptions) => Promise<MeasureResult> {
  const { open } = createAcquisition(parts);
  const { signal } = new AbortController();
  return async (frame, options) => {
    const image = open(frame, options, signal, createClock());
    if (options.spoof && !loadAntispoof) throw new Error('The manifest has no anti-spoof model.');
    const antispoof = options.spoof && loadAntispoof ? await loadAntispoof() : null;
    const faces: MeasuredFace[] = [];
    for (const found of await image.find(options.maxFaces ?? MAX_FACES)) {
      const spoofScore = antispoof && (await image.spoofScore(antispoof, found));
      const views = options.views === 0 ? [] : await image.embedViews(found, options.views ?? VIEW_COUNTS.high);
      faces.push({ ...image.describe(found, 68), quality: image.judge(found), views, spoofScore });
    }
    return { faces, detectorSize: image.size };
  };
}
