/** The active liveness challenge. */
import type { DetectedFace } from './faces.js';
import type { ImageInput } from './images.js';
import type { OpenImage } from './open-image.js';
import type { SpoofPolicy } from './spoof.js';

/**
 * What a person is asked to do. Left and right are the person's own, whether or not the preview is mirrored. `blink` asks to
 * close the eyes for a second; the kit's own landmark net hardly sees it, see docs/liveness.md.
 */
export type LivenessGesture = 'turn-left' | 'turn-right' | 'look-up' | 'come-closer' | 'blink';

/** Why a challenge was not passed. */
export type LivenessReason =
  /** What was shown turned like a sheet, flat or bent, and not like a head. */
  | 'flat-target'
  /** Not the same person from the first to the last frame. */
  | 'identity-changed'
  /** The face was gone for a second, or is where it cannot have come to. */
  | 'track-lost'
  /** What was asked for was not done in time. */
  | 'timeout'
  /** Another gesture than was asked for, or one that began before it was. */
  | 'wrong-order'
  /** The passive check says so on most of the frames that it saw. */
  | 'attack'
  /** Somebody else came near the camera. */
  | 'many-faces';

/** What would help right now. */
export type LivenessHint =
  'no-face' | 'many-faces' | 'move-closer' | 'move-back' | 'look-straight' | 'hold-still' | 'other-way';

/** What to tell the person. Comes with every frame; show `caption`, or a text of your own by `gesture` and `hint`. */
export interface LivenessPrompt {
  /** `'look-straight'` before the first gesture and after each one. */
  readonly gesture: LivenessGesture | 'look-straight';
  readonly hint: LivenessHint | null;
  /** The hint, or else the gesture, in English. */
  readonly caption: string;
  /** Of the gesture, 0..1. */
  readonly progress: number;
  /** Until the challenge fails unless it is done, in milliseconds. */
  readonly remainingMs: number;
  /** Gestures that are done, and of all. */
  readonly done: number;
  readonly total: number;
}

/** Frames of a person before a camera, not mirrored: a video that plays, or a function that is asked for one after another. */
export type LivenessSource = HTMLVideoElement | (() => LivenessFrame | Promise<LivenessFrame>);

/** An image that is not open yet. */
export type LivenessFrame = Exclude<ImageInput, OpenImage>;

export interface LivenessOptions {
  readonly source: LivenessSource;
  /**
   * The gestures to draw from, one or more, each once, a turn of the head among them: only that tells a head from a sheet. Leave
   * out what somebody cannot do. Defaults to all but `'blink'`.
   */
  readonly gestures?: readonly LivenessGesture[];
  /** How many gestures are asked for, 1 to 10; one of them is a turn. Defaults to 3. */
  readonly count?: number;
  /** Time for each gesture, and for looking straight after it, in milliseconds, 2,000 to 60,000. Defaults to 10,000. */
  readonly timeLimitMs?: number;
  /**
   * Whether frames are also checked for presentation attacks, and at which error rate. A check without consequence makes no
   * sense here: `'report'` and `require: false` are refused. Defaults to `'require'`.
   */
  readonly spoof?: Exclude<SpoofPolicy, 'report'>;
  readonly onPrompt?: (prompt: LivenessPrompt) => void;
  /** Ends the challenge: `run` rejects with the signal's reason, and it counts as no attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** `locked`: five attempts failed within three minutes, and nothing was asked. */
export type LivenessResult =
  | {
      readonly outcome: 'passed';
      /** What was asked, in this order. */
      readonly gestures: readonly LivenessGesture[];
      /** The frame that shows the person best, for `enroll`, `match` or `identify`. The caller closes it. */
      readonly frame: ImageBitmap;
      /** The face in it, with 68 landmarks. */
      readonly face: DetectedFace;
    }
  | {
      readonly outcome: 'failed';
      readonly gestures: readonly LivenessGesture[];
      /** One or more, the most important one first. */
      readonly reasons: readonly LivenessReason[];
    }
  | {
      readonly outcome: 'locked';
      /** How long a page with the kit must be open until the next attempt, in milliseconds. */
      readonly retryAfterMs: number;
    };

/** One attempt. */
export interface LivenessChallenge {
  /**
   * Asks, looks and decides, once.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` where the passive check is required and there is no model for it;
   * `STORAGE_UNAVAILABLE` where failures cannot be remembered; `INVALID_INPUT` when it was run before; what `detect` and `match`
   * throw; or the reason of the signal
   */
  run(): Promise<LivenessResult>;
}
