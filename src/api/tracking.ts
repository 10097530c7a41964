/** Tracking of faces in a video. */
import type { CallOptions, StageTimings } from './calls.js';
import type { DetectedFace, DetectorOptions } from './faces.js';
import type { Identification } from './identification.js';
import type { ImageInput } from './images.js';
import type { AccuracyOptions } from './matching.js';
import type { QualityReport } from './quality.js';
import type { SpoofOptions, SpoofVerdict } from './spoof.js';

/**
 * Options of `createTracker`.
 * @example
 * ```ts
 * const tracker = kit.createTracker({ collectionId: collection.id, maxFaces: 3 });
 * const { faces } = await tracker.update(video);
 * ```
 */
export interface TrackerOptions extends Omit<DetectorOptions, 'mode'>, AccuracyOptions, SpoofOptions {
  /** Id of the collection to identify faces in. Defaults to none: faces are tracked but not identified. */
  readonly collectionId?: string;
  /** Maximum false positive identification rate, as in `identify`. Defaults to 0.01. */
  readonly maxFpir?: number;
  /** Maximum number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** Maximum number of faces, 1 to 100; the largest are tracked. Defaults to 10. */
  readonly maxFaces?: number;
}

/** A tracked face. Box and landmarks are smoothed over time. */
export type TrackedFace = DetectedFace & {
  /**
   * Id of the track, constant from frame to frame. With `collectionId`, a face that was gone for up to 3 seconds gets
   * its id back when it is recognized. Use `identification`, not this id, to determine who the person is.
   */
  readonly trackId: number;
  /**
   * The identification of the face; `null` without a collection. It is made when the face appears, and again when its
   * image improves, when its appearance changes abruptly, when the collection changes, and every 90 frames.
   */
  readonly identification: Identification | null;
  /**
   * The verdict over the last frames, or `null` when the check was off. The face is checked at most every 150 ms. The
   * score is a mean of the logits of up to seven checks of the last 3 seconds, weighted by quality, without the one
   * farthest from the median, so one bad frame changes nothing. With less than three, the outcome is `not-judged` with
   * the reason `few-frames`, or with the reasons of the last frame if that could not be judged.
   */
  readonly spoof: SpoofVerdict | null;
  /** Image quality of the face, measured when it appears and every 5 frames. */
  readonly quality: QualityReport;
};

/** Timings of a frame of a tracker. */
export interface TrackTimings extends StageTimings {
  /**
   * Time from the first spoof check of a face to the first verdict over its frames, in milliseconds. Reported on the
   * frame with that verdict, for the slowest of several faces; 0 on all other frames.
   */
  readonly spoofDecisionMs: number;
}

/** Result of `FaceTracker.update`. */
export interface TrackResult {
  /** Tracked faces, largest first; may be empty. */
  readonly faces: readonly TrackedFace[];
  /** Width of the frame in pixels. */
  readonly width: number;
  /** Height of the frame in pixels. */
  readonly height: number;
  /**
   * Whether the detector ran on this frame. It runs when nothing is tracked, when a face was lost, and after 15 frames
   * without a run.
   */
  readonly detected: boolean;
  readonly timings: TrackTimings;
}

/** A tracker for the faces in one video. */
export interface FaceTracker {
  /**
   * Processes the next frame. Frames are processed one at a time, so drop frames that arrive while one is pending. All
   * tracks end after a gap of more than a second between two frames.
   * @throws InfaceError as `identify`; `LIMIT_EXCEEDED` if 32 other trackers had frames in the last 3 seconds; a frame that fails does not change the tracker
   */
  update(frame: ImageInput, options?: CallOptions): Promise<TrackResult>;
  /** Ends all tracks. A later frame starts new ones. */
  close(): Promise<void>;
}
