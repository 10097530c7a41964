/** Faces followed through a video. */
import type { CallOptions, StageTimings } from './calls.js';
import type { DetectedFace, DetectorOptions } from './faces.js';
import type { Identification } from './identification.js';
import type { ImageInput } from './images.js';
import type { AccuracyOptions } from './matching.js';
import type { QualityReport } from './quality.js';
import type { SpoofOptions, SpoofVerdict } from './spoof.js';

export interface TrackerOptions extends Omit<DetectorOptions, 'mode'>, AccuracyOptions, SpoofOptions {
  /** Whose names are looked for. Defaults to nobody's: faces are followed only. */
  readonly collectionId?: string;
  /** As for `identify`. */
  readonly maxFpir?: number;
  /** Number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 10. */
  readonly maxFaces?: number;
}

/** A face that is followed. Box and landmarks are smoothed. */
export type TrackedFace = DetectedFace & {
  /**
   * The same from frame to frame, and again when a face that was gone for up to 3 seconds is recognized. It says that the
   * picture went on without a cut, not who somebody is: ask `identification` for that.
   */
  readonly trackId: number;
  /**
   * Who it is: decided when the face appears, again when it is seen better, when the picture has a cut, when the collection
   * changes, and every 90 frames. `null` without a collection.
   */
  readonly identification: Identification | null;
  /** The verdict on the frame that was recognized last, or `null` where the check was off. */
  readonly spoof: SpoofVerdict | null;
  /** How well the face is shown, judged when it appears and every 5 frames. */
  readonly quality: QualityReport;
};

export interface TrackResult {
  /** Faces by size, largest first. */
  readonly faces: readonly TrackedFace[];
  /** Size of the frame in pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether the whole frame was searched: when there was no face, one was lost, and every 15 frames. */
  readonly detected: boolean;
  readonly timings: StageTimings;
}

/** Follows the faces of one camera. */
export interface FaceTracker {
  /**
   * Takes the next frame. Frames wait for each other: drop those that come while one is on its way. After a gap of more than a
   * second, all faces are new.
   * @throws InfaceError as `identify` does; the tracker is as it was before
   */
  update(frame: ImageInput, options?: CallOptions): Promise<TrackResult>;
  /** Forgets the faces. A later frame begins anew. */
  close(): Promise<void>;
}
