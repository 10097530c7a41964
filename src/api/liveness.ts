/** Options and results of the active liveness challenge. */
import type { DetectedFace } from './faces.js';
import type { ImageInput } from './images.js';
import type { OpenImage } from './open-image.js';
import type { SpoofPolicy } from './spoof.js';

/**
 * A gesture that the person is asked to perform. Left and right are those of the person, whether or not the preview is
 * mirrored. `blink` asks the person to close the eyes for a second. It needs a model of the eyes, which the set 'default'
 * has; see docs/liveness.md for how often it is seen.
 */
export type LivenessGesture = 'turn-left' | 'turn-right' | 'look-up' | 'come-closer' | 'blink';

/** Reason why a challenge failed. */
export type LivenessReason =
  /** The target moved like a flat or bent sheet, not like a head. */
  | 'flat-target'
  /** The person changed between the first and the last frame. */
  | 'identity-changed'
  /** The person stayed, but did not do what was asked in time. */
  | 'timeout'
  /** The person performed another gesture, or performed it before a person could react to the prompt. */
  | 'wrong-order'
  /** The passive spoof check, over all frames that it judged, reported an attack. */
  | 'attack';

/** Reason why a challenge ended undecided. None of them counts as a failed attempt. */
export type LivenessInterruption =
  /** The face was absent for a second, became less than half as large, or jumped. */
  | 'face-gone'
  /** Another person came near the camera. */
  | 'many-faces'
  /** No face was near enough, straight and still in time, so nothing was asked. */
  | 'not-ready'
  /** The passive spoof check could judge too few frames; the advice has the reason. */
  | 'not-judged'
  /** The camera gave no frame for a second or more: it was lost, the page was hidden, or the device is too slow. */
  | 'no-frames';

/** A hint that helps the person to proceed. */
export type LivenessHint =
  | 'no-face'
  | 'many-faces'
  | 'move-closer'
  | 'move-back'
  | 'look-straight'
  | 'hold-still'
  | 'other-way'
  | 'more-light'
  | 'less-light'
  | 'uncover-face';

/** Something that the person can do better in the next attempt. */
export type LivenessAdvice = LivenessHint | 'move-slower' | 'move-further' | 'wait-for-prompt' | 'stay-in-picture';

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
   * Whether the passive check must agree, and at which error rate. Defaults to `'require'`: the challenge passes only if
   * the gestures are those of a head and the passive check, over three or more frames of the same face during the
   * challenge, decides for a bona fide face. With fewer frames that it could judge, the challenge is interrupted. A check
   * that decides nothing is pointless here, so `'report'` and `require: false` throw `INVALID_INPUT`.
   */
  readonly spoof?: Exclude<SpoofPolicy, 'report'>;
  /** Called with every frame. */
  readonly onPrompt?: (prompt: LivenessPrompt) => void;
  /** Aborts the challenge: `run` rejects with the signal's reason. This is not a failed attempt. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Result of a challenge. Only `failed` counts as a failed attempt, and only for the face that failed. A face has to wait
 * after three failed attempts within 15 minutes, a device after 20: 30 seconds at first, twice as long after each
 * further one.
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
      /** Things that the person can do better, most helpful first. */
      readonly advice: readonly LivenessAdvice[];
    }
  | {
      readonly outcome: 'interrupted';
      readonly reason: LivenessInterruption;
      /** Things that the person can do better, most helpful first; empty when it was not up to the person. */
      readonly advice: readonly LivenessAdvice[];
    }
  | {
      readonly outcome: 'locked';
      /** The failed attempts that were too many: those of this face, or those of all faces on this device. */
      readonly by: 'face' | 'device';
      /** Time until the next attempt, in milliseconds. Counts down only while a page with the kit is open. */
      readonly retryAfterMs: number;
    };

/** One attempt at a liveness challenge. */
export interface LivenessChallenge {
  /**
   * Runs the challenge. Can be called only once.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` when the passive check is required but has no model;
   * `EYE_MODEL_UNAVAILABLE` when a blink is asked for and there is no model of the eyes;
   * `STORAGE_UNAVAILABLE` when failed attempts cannot be stored; `INVALID_INPUT` when the challenge was run before; the
   * errors of `detect` and `match`; or the signal's reason
   */
  run(): Promise<LivenessResult>;
}
