/** Turns a frame into faces, landmarks and embeddings, in stages shared by all use cases on images. */
import type { FaceAntispoof } from '../../models/antispoof.js';
import type { Detection, FaceDetector } from '../../models/detectors/detector.js';
import type { FaceEmbedder } from '../../models/embedder.js';
import type { EyeReader } from '../../models/eyes.js';
import type { FaceLandmarker } from '../../models/landmarker.js';
import { unitMean } from '../../recognition/template.js';
import type { StageTimings } from '../../api/calls.js';
import type { AcquisitionFailure, DetectedFace, DetectorOptions, EyesOpen } from '../../api/faces.js';
import type { Point } from '../../api/geometry.js';
import { MAX_FACES } from '../../api/limits.js';
import type { Accuracy } from '../../api/matching.js';
import type { QualityReport } from '../../api/quality.js';
import type { SpoofFailure, SpoofVerdict } from '../../api/spoof.js';
import { fivePoints, rollOf } from '../../vision/align.js';
import { appearanceOf } from '../../vision/appearance.js';
import { boxCenter, boxContains } from '../../vision/geometry.js';
import type { Pixels } from '../../vision/image.js';
import { measureQuality } from '../../vision/quality.js';
import type { FaceStructure } from '../../vision/structure.js';
import type { FaceFrame, Frame } from '../../wire/worker.js';
import { findFaces, planSearch, type SearchPlan } from './finder.js';

/** The models and functions that the stages use. */
export interface AcquisitionParts {
  readonly detector: FaceDetector;
  readonly landmarker: FaceLandmarker;
  readonly embedder: FaceEmbedder;
  readonly readPixels: (bitmap: ImageBitmap) => Pixels;
  readonly judgeStructure: (pixels: Pixels, landmarks: readonly Point[]) => FaceStructure;
}

/** The models that make an embedding of a detected face. */
export type EmbeddingModels = Pick<AcquisitionParts, 'landmarker' | 'embedder'>;

/** A detected face with its landmarks, in pixels of the bitmap. */
export interface Acquired {
  readonly detection: Detection;
  readonly landmarks: readonly Point[];
}

type Choice =
  | { readonly chosen: Acquired; readonly faceCount: number }
  | { readonly reason: AcquisitionFailure; readonly faceCount: number };

/** An image in memory. It caches the results of the stages for later operations. */
export interface Picture {
  readonly pixels: Pixels;
  /** Size of the source in pixels. */
  readonly width: number;
  readonly height: number;
  readonly plan: SearchPlan;
  /** Minimum score of a detection, 0..1. */
  readonly minScore: number;
  readonly known: {
    /** By size, largest first. */
    detections: readonly Detection[] | null;
    /** `null` for a detection without landmarks, which is not a face. */
    readonly faces: Map<Detection, Acquired | null>;
    /** By embedding space and accuracy. */
    readonly vectors: Map<Acquired, Map<string, Float32Array>>;
  };
}

/** The faces of a picture, largest first. */
interface Found<T> {
  readonly faces: readonly T[];
  /** Whether the limit left out detections. */
  readonly truncated: boolean;
}

/** The stages of one call on a picture. Every stage throws the reason of the call's signal after an abort. */
export interface OpenFrame {
  /** Size of the source in pixels. */
  readonly width: number;
  readonly height: number;
  /** Side of the detector's input for the whole frame, in pixels. */
  readonly size: number;
  /** Returns up to `limit` detections, largest first. */
  detect(limit: number): Promise<Found<Detection>>;
  /** Returns up to `limit` faces with their landmarks, largest first. */
  find(limit: number): Promise<Found<Acquired>>;
  choose(face: FaceFrame['face']): Promise<Choice>;
  /** Locates the landmarks of a face near their expected positions; `null` if there is no face. */
  follow(points: readonly Point[]): Promise<readonly Point[] | null>;
  /** See vision/appearance.ts. */
  appearance(face: Acquired): Float32Array;
  /** Returns the mean embedding of the views, scaled to unit length. */
  embed(face: Acquired, accuracy: Accuracy): Promise<Float32Array>;
  /**
   * Returns the mean embedding as {@link OpenFrame.embed} does, in the embedding space of other models. Returns `null`
   * if their landmarker does not find the face.
   */
  embedWith(models: EmbeddingModels, face: Acquired, accuracy: Accuracy): Promise<Float32Array | null>;
  /** Returns one embedding per view, as output by the model. */
  embedViews(face: Acquired, views: number): Promise<Float32Array[]>;
  judge(face: Acquired): QualityReport;
  /**
   * Returns the verdict on this frame: `not-judged` if the face is too small, blurred, or unusable for a reason other than
   * its pose.
   * @param quality of the face; measured if omitted
   */
  checkSpoof(
    check: Pick<SpoofCheck, 'antispoof' | 'threshold'>,
    face: Acquired,
    quality?: QualityReport,
  ): Promise<SpoofVerdict>;
  readEyes(reader: EyeReader, face: Acquired): Promise<EyesOpen>;
  /** Returns the face in pixels of the source. @param landmarkCount defaults to 5 */
  describe(face: Acquired, landmarkCount?: 5 | 68): DetectedFace;
  /** Returns a detection in pixels of the source, without landmarks. */
  describeDetection(detection: Detection): DetectedFace;
}

/** Settings of the check for presentation attacks. */
export interface SpoofCheck {
  readonly antispoof: FaceAntispoof;
  /** Minimum score of a bona fide face, 0..1. */
  readonly threshold: number;
  /** Whether to refuse faces that are not judged bona fide. */
  readonly required: boolean;
}

export type Acquisition =
  | {
      readonly acquired: true;
      readonly face: DetectedFace;
      /** Number of faces found. Always 1 with the choice 'largest', which locates only one. */
      readonly faceCount: number;
      readonly vector: Float32Array;
      /** The same in older embedding spaces, in the order given; `null` where the face could not be embedded. */
      readonly older?: readonly (Float32Array | null)[];
      readonly quality: QualityReport;
      /** Verdict on the pixels that were embedded, or `null` if the check is off. */
      readonly spoof: SpoofVerdict | null;
    }
  | {
      readonly acquired: false;
      readonly reason: AcquisitionFailure | SpoofFailure;
      readonly faceCount: number;
      /** The face that a required check refused, with the verdict. `null` for other reasons. */
      readonly refused: { readonly face: DetectedFace; readonly spoof: SpoofVerdict } | null;
    };

/** The functions that the use cases call. `clock` records the duration of each stage. */
export interface Stages {
  /** Reads the pixels of a frame and closes its bitmap. */
  readonly read: (frame: Frame, options: DetectorOptions, clock: Clock) => Picture;
  readonly open: (picture: Picture, signal: AbortSignal, clock: Clock) => OpenFrame;
  /**
   * Computes the embedding of one person in an image. Enrollment and matching share this path.
   * @param older the models of older embedding spaces to embed the face in as well
   */
  readonly acquire: (
    image: OpenFrame,
    face: FaceFrame['face'],
    accuracy: Accuracy,
    spoofCheck: SpoofCheck | null,
    older?: readonly EmbeddingModels[],
  ) => Promise<Acquisition>;
}

export function createAcquisition({
  detector,
  landmarker,
  embedder,
  readPixels,
  judgeStructure,
}: AcquisitionParts): Stages {
  const read: Stages['read'] = (frame, options, clock) => {
    const pixels = clock.time('pixelsMs', () => readPixels(frame.bitmap));
    frame.bitmap.close();
    return {
      pixels,
      width: frame.sourceWidth,
      height: frame.sourceHeight,
      plan: planSearch(pixels, detector, options.mode ?? frame.mode, options),
      minScore: options.minDetectionScore ?? detector.defaultMinScore,
      known: { detections: null, faces: new Map(), vectors: new Map() },
    };
  };

  const open: Stages['open'] = ({ pixels, plan, minScore, known, width, height }, signal, clock) => {
    signal.throwIfAborted();
    // Use the longer side. The shorter one may be only a few pixels, so rounding would distort the scale.
    const scale = Math.max(width, height) / Math.max(pixels.width, pixels.height);

    async function detect(): Promise<readonly Detection[]> {
      if (known.detections) return known.detections;
      const detections = await clock.timeAsync('detectMs', () => findFaces(detector, pixels, plan, minScore, signal));
      signal.throwIfAborted();
      // If two calls detect at the same time, both use the result that is ready first.
      return (known.detections ??= detections.sort((a, b) => areaOf(b) - areaOf(a)));
    }

    async function locate(detection: Detection): Promise<Acquired | null> {
      const before = known.faces.get(detection);
      if (before !== undefined) return before;
      const landmarks = await clock.timeAsync('landmarksMs', () => landmarker.locate(pixels, detection, signal));
      const face = known.faces.get(detection) ?? (landmarks && { detection, landmarks });
      known.faces.set(detection, face);
      return face;
    }

    async function find(limit: number): Promise<Found<Acquired>> {
      const faces: Acquired[] = [];
      let truncated = false;
      for (const detection of await detect()) {
        truncated = faces.length === limit;
        if (truncated) break;
        const face = await locate(detection);
        if (face) faces.push(face);
      }
      signal.throwIfAborted();
      return { faces, truncated };
    }

    const embed = (face: Acquired, accuracy: Accuracy) => embedOnce(embedder, face, face.landmarks, accuracy);

    async function embedOnce(
      model: FaceEmbedder,
      face: Acquired,
      landmarks: readonly Point[],
      accuracy: Accuracy,
    ): Promise<Float32Array> {
      const vectors = known.vectors.get(face) ?? new Map<string, Float32Array>();
      known.vectors.set(face, vectors);
      const key = `${accuracy} ${model.space}`;
      const vector = vectors.get(key) ?? unitMean(await viewsBy(model, landmarks, model.views[accuracy]));
      vectors.set(key, vector);
      return vector;
    }

    async function viewsBy(model: FaceEmbedder, landmarks: readonly Point[], views: number): Promise<Float32Array[]> {
      const embeddings = await clock.timeAsync('embedMs', () => model.embed(pixels, landmarks, views, signal));
      signal.throwIfAborted();
      return embeddings;
    }

    async function embedWith(models: EmbeddingModels, face: Acquired, accuracy: Accuracy) {
      const landmarks =
        models.landmarker === landmarker
          ? face.landmarks
          : await clock.timeAsync('landmarksMs', () => models.landmarker.locate(pixels, face.detection, signal));
      return landmarks && embedOnce(models.embedder, face, landmarks, accuracy);
    }

    const judge = ({ landmarks }: Acquired) =>
      measureQuality(pixels, landmarks, judgeStructure(pixels, landmarks), scale);

    return {
      width,
      height,
      size: plan.size,
      async detect(limit) {
        const detections = await detect();
        return { faces: detections.slice(0, limit), truncated: detections.length > limit };
      },
      find,
      async choose(face) {
        const { faces } = await find(face === 'largest' ? 1 : MAX_FACES);
        return choose(faces, face, scale);
      },
      async follow(points) {
        const next = await clock.timeAsync('landmarksMs', () => landmarker.follow(pixels, points));
        signal.throwIfAborted();
        return next;
      },
      appearance: ({ landmarks }) => appearanceOf(pixels, landmarks),
      embed,
      embedWith,
      embedViews: ({ landmarks }, views) => viewsBy(embedder, landmarks, views),
      judge,
      async checkSpoof({ antispoof, threshold }, face, { poor, unusable } = judge(face)) {
        const { modelId, minFaceSizePx } = antispoof;
        const { width, height } = face.detection.box;
        const unseen = unusable.filter((issue) => issue !== 'extreme-pose');
        // Blur refuses bona fide faces before it harms their recognition. Without this, 5.3 % of WIDER FACE are refused
        // and not 3.8 %, at the same threshold.
        if (poor.includes('blurred')) unseen.push('blurred');
        const isSmall = Math.max(width, height) < minFaceSizePx && !unseen.includes('too-small');
        const reasons = isSmall ? (['too-small', ...unseen] as const) : unseen;
        if (reasons.length > 0) return { outcome: 'not-judged', reasons, modelId };
        const bonaFideScore = await clock.timeAsync('spoofMs', () => antispoof.check(pixels, face.detection.box));
        signal.throwIfAborted();
        // Written so that NaN counts as an attack.
        const outcome = bonaFideScore >= threshold ? 'bona-fide' : 'attack';
        return { outcome, bonaFideScore, threshold, modelId };
      },
      async readEyes(reader, { landmarks }) {
        const eyes = await clock.timeAsync('landmarksMs', () => reader.read(pixels, landmarks));
        signal.throwIfAborted();
        return eyes;
      },
      describe: ({ detection, landmarks }, landmarkCount = 5) => {
        const points = landmarkCount === 5 ? fivePoints(landmarks) : landmarks;
        return describeFace(detection, points, rollOf(landmarks), scale);
      },
      describeDetection: (detection) => describeFace(detection, [], detection.roll, scale),
    };
  };

  return {
    read,
    open,
    async acquire(image, face, accuracy, spoofCheck, others = []) {
      const choice = await image.choose(face);
      if (!('chosen' in choice)) return { acquired: false, ...choice, refused: null };
      const { chosen, faceCount } = choice;
      const described = image.describe(chosen);
      const spoof = spoofCheck && (await image.checkSpoof(spoofCheck, chosen));
      const reason = spoofFailure(spoofCheck, spoof);
      if (reason && spoof) return { acquired: false, reason, faceCount, refused: { face: described, spoof } };
      const vector = await image.embed(chosen, accuracy);
      const older: (Float32Array | null)[] = [];
      for (const models of others) older.push(await image.embedWith(models, chosen, accuracy));
      return { acquired: true, face: described, faceCount, vector, older, quality: image.judge(chosen), spoof };
    },
  };
}

/** Returns the reason why a required check refuses a face, or `null`. */
export function spoofFailure(check: SpoofCheck | null, spoof: SpoofVerdict | null): SpoofFailure | null {
  if (!check?.required || !spoof || spoof.outcome === 'bona-fide') return null;
  return spoof.outcome === 'attack' ? 'attack' : 'spoof-not-judged';
}

/**
 * Chooses one of the faces in an image.
 * @param found largest first
 * @param scale source pixels per bitmap pixel
 */
function choose(found: readonly Acquired[], face: FaceFrame['face'], scale: number): Choice {
  const faceCount = found.length;
  const [largest] = found;
  if (!largest) return { reason: 'no-face', faceCount };
  if (face === 'largest') return { chosen: largest, faceCount };
  if (face === 'only') return faceCount === 1 ? { chosen: largest, faceCount } : { reason: 'many-faces', faceCount };
  const point = { x: face.x / scale, y: face.y / scale };
  const distanceTo = ({ detection }: Acquired) => {
    const center = boxCenter(detection.box);
    return Math.hypot(center.x - point.x, center.y - point.y);
  };
  const [chosen] = found
    .filter(({ detection }) => boxContains(detection.box, point))
    .sort((a, b) => distanceTo(a) - distanceTo(b));
  return chosen ? { chosen, faceCount } : { reason: 'no-face-at-point', faceCount };
}

function describeFace(
  { box: { x, y, width, height }, score }: Detection,
  points: readonly Point[],
  rollRadians: number,
  scale: number,
): DetectedFace {
  return {
    box: { x: x * scale, y: y * scale, width: width * scale, height: height * scale },
    detectionScore: score,
    landmarks: points.map((p) => ({ x: p.x * scale, y: p.y * scale })),
    rollDegrees: (rollRadians * 180) / Math.PI,
  };
}

function areaOf({ box }: Detection): number {
  return box.width * box.height;
}

/** Sums up the duration of each stage of one call. */
export interface Clock {
  time<T>(stage: keyof StageTimings, work: () => T): T;
  timeAsync<T>(stage: keyof StageTimings, work: () => Promise<T>): Promise<T>;
  timings(): StageTimings;
}

export function createClock(): Clock {
  const spent = { pixelsMs: 0, detectMs: 0, landmarksMs: 0, spoofMs: 0, embedMs: 0 };
  return {
    time(stage, work) {
      const start = performance.now();
      try {
        return work();
      } finally {
        spent[stage] += performance.now() - start;
      }
    },
    async timeAsync(stage, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        spent[stage] += performance.now() - start;
      }
    },
    timings: () => ({ ...spent }),
  };
}
