/** Options and results of the active liveness challenge. */
import type { DetectedFace } from './faces.js';
import type { ImageInput } from './images.js';
import type { OpenImage } from './open-image.js';
import type { SpoofPolicy } from './spoof.js';

/**
 * A gesture that the person is asked to perform. Left and right are those of the person, whether or not the preview is
 * mirrored. `blink` asks the person to close the eyes for a second; the kit's landmark net hardly detects it, see
 * docs/liveness.md.
 */
export type LivenessGesture = 'turn-left' | 'turn-right' | 'look-up' | 'come-closer' | 'blink';

/** Reason why a challenge failed. */
export type LivenessReason =
  /** The target moved like a flat or bent sheet, not like a head. */
  | 'flat-target'
  /** The person changed between the first and the last frame. */
  | 'identity-changed'
  /** The face was absent for a second, or moved farther between two frames than a face can. */
  | 'track-lost'
  /** The person did not do what was asked in time. */
  | 'timeout'
  /** The person performed another gesture, or performed it before a person could react to the prompt. */
  | 'wrong-order'
  /** The passive spoof check reported an attack on most of the frames that it checked. */
  | 'attack'
  /** Another person came near the camera. */
  | 'many-faces';

/** A hint that helps the person to proceed. */
export type LivenessHint =
  'no-face' | 'many-faces' | 'move-closer' | 'move-back' | 'look-straight' | 'hold-still' | 'other-way';

/**
 * The instruction to show to the person, passed to `onPrompt` with every frame. Show `caption`, or derive another text
 * from `hint` and `gesture`.
 */
export interface LivenessPrompt {
  /** The gesture to perform; `'look-straight'` before the first gesture and after each one. */
  readonly gesture: LivenessGesture | 'look-straight';
  /** A hint, or `null` if none is needed. */
  readonly hint: LivenessHint | null;
  /** The hint or, without one, the gesture, in English. */
  readonly caption: string;
  /** Progress of the current gesture, 0..1. */
  readonly progress: number;
  /** Time left for the current gesture before the challenge fails, in milliseconds. */
  readonly remainingMs: number;
  /** Number of completed gestures. */
  readonly done: number;
  /** Total number of gestures. */
  readonly total: number;
}

/** A source of frames, not mirrored: a playing video, or a function that is called for each frame. */
export type LivenessSource = HTMLVideoElement | (() => LivenessFrame | Promise<LivenessFrame>);

/** An image for the challenge: any image input except an open image. */
export type LivenessFrame = Exclude<ImageInput, OpenImage>;

/**
 * Options of `createLivenessChallenge`.
 * @example
 * ```ts
 * const challenge = createLivenessChallenge(kit, {
 *   source: video,
 *   onPrompt: ({ caption }) => (label.textContent = caption),
 * });
 * const result = await challenge.run();
 * ```
 */
export interface LivenessOptions {
  /** The source of the camera's frames, not mirrored. */
  readonly source: LivenessSource;
  /**
   * Gestures to draw from: one or more, without duplicates. Defaults to all but `'blink'`. At least one must be a turn,
   * because only turns distinguish a head from a sheet. Omit gestures that a person cannot perform.
   */
  readonly gestures?: readonly LivenessGesture[];
  /** Number of gestures to perform, 1 to 10. Defaults to 3. At least one is a turn. */
  readonly count?: number;
  /**
   * Time limit in milliseconds, 2,000 to 60,000. Defaults to 10,000. It applies separately to each gesture, and to each
   * time that the person must look straight.
   */
  readonly timeLimitMs?: number;
  /**
   * Whether to also check frames for presentation attacks, and at which error rate. Defaults to `'require'`. A check
   * that decides nothing is pointless here, so `'report'` and `require: false` throw `INVALID_INPUT`.
   */
  readonly spoof?: Exclude<SpoofPolicy, 'report'>;
  /** Called with every frame. */
  readonly onPrompt?: (prompt: LivenessPrompt) => void;
  /** Aborts the challenge: `run` rejects with the signal's reason, and the attempt is not counted as failed. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Result of a challenge. With `locked`, the challenge did not start, because five attempts failed within three minutes.
 */
export type LivenessResult =
  | {
      readonly outcome: 'passed';
      /** The requested gestures, in order. */
      readonly gestures: readonly LivenessGesture[];
      /**
       * The most frontal frame of the person, to use with `enroll`, `match` or `identify`. The caller must close it.
       */
      readonly frame: ImageBitmap;
      /** The face in `frame`, with 68 landmarks. */
      readonly face: DetectedFace;
    }
  | {
      readonly outcome: 'failed';
      /** The requested gestures, in order. */
      readonly gestures: readonly LivenessGesture[];
      /** One or more reasons, most important first. */
      readonly reasons: readonly LivenessReason[];
    }
  | {
      readonly outcome: 'locked';
      /** Time until the next attempt, in milliseconds. Counts down only while a page with the kit is open. */
      readonly retryAfterMs: number;
    };

/** One attempt at a liveness challenge. */
export interface LivenessChallenge {
  /**
   * Runs the challenge. Can be called only once.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` when the passive check is required but has no model;
   * `STORAGE_UNAVAILABLE` when failed attempts cannot be stored; `INVALID_INPUT` when the challenge was run before; the
   * errors of `detect` and `match`; or the signal's reason
   */
  run(): Promise<LivenessResult>;
}
