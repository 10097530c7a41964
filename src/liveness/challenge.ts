/**
 * The state machine of the active liveness challenge. For each frame of landmarks it returns the current prompt,
 * whether to run further checks on the frame, and the outcome once there is one. Its only clock is the timestamps of
 * the frames.
 *
 * The position phase (look straight, hold still) yields the reference. Then, for each drawn step, the face stays still
 * for the drawn time, the gesture is asked for, and the person looks straight again. In that last phase, and on random
 * frames in between, the identity of the person is compared with the reference. At the end, the recorded frames of the
 * whole run are reviewed.
 */
import type { EyesOpen } from '../api/faces.js';
import type { Point } from '../api/geometry.js';
import type {
  LivenessAdvice,
  LivenessGesture,
  LivenessHint,
  LivenessInterruption,
  LivenessPrompt,
  LivenessReason,
} from '../api/liveness.js';
import { OTHER_PERSON } from '../api/similarity.js';
import type { SpoofIssue, SpoofVerdict } from '../api/spoof.js';
import {
  angleTo,
  isContinuous,
  isStraight,
  isTurn,
  meanState,
  MOVEMENTS,
  progressOf,
  stateOf,
  type FaceState,
} from './gestures.js';
import { captionOf } from './captions.js';
import { createReliefMeter, isHead, isSheet, isTurnedSheet, type ReliefMeter, type View } from './relief.js';
import { HOLD_FRAMES, MIN_REACTION_MS, review, type Recorded, type Step } from './review.js';
import { scoreOver, toJudged, type Judged } from './spoof-evidence.js';

/** One frame of landmarks: the input of the challenge. */
export interface ChallengeFrame {
  /** Monotonic timestamp, in milliseconds. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** 68 points per face, the largest face first. */
  readonly faces: readonly (readonly Point[])[];
  /** The eyes of the largest face, without which a blink cannot be seen. */
  readonly eyes?: EyesOpen | null;
}

/** Results of the checks that {@link ChallengeStep.look} requested for a frame. */
export interface ChallengeChecks {
  /** Similarity to the reference, 0..1, or `null` when the faces could not be compared. */
  readonly similarity: number | null;
  /** `null` when the check was not requested or found no face. */
  readonly spoof: SpoofVerdict | null;
}

export type ChallengeOutcome =
  | { readonly outcome: 'passed' }
  | {
      readonly outcome: 'failed';
      readonly reasons: readonly LivenessReason[];
      readonly advice: readonly LivenessAdvice[];
    }
  | {
      readonly outcome: 'interrupted';
      readonly reason: LivenessInterruption;
      readonly advice: readonly LivenessAdvice[];
    };

/** Result of a frame: what to show and which checks to run. */
export interface ChallengeStep {
  readonly prompt: LivenessPrompt;
  /**
   * The checks to run on this frame. With `reference`, store the frame as the reference and check it for an attack.
   * With `check`, check it for an attack and compare it with the reference. Pass the results to
   * {@link Challenge.report} before the next frame.
   */
  readonly look: 'reference' | 'check' | null;
  readonly ended: ChallengeOutcome | null;
}

export interface Challenge {
  step(frame: ChallengeFrame): ChallengeStep;
  /** @returns whether the frame is the best one so far, the most frontal of the reference person */
  report(checks: ChallengeChecks): boolean;
}

export interface ChallengeOptions {
  /** One or more, drawn for this run alone. */
  readonly steps: readonly Step[];
  readonly timeLimitMs: number;
  /** Whether the passive check runs. If so, it must decide for a bona fide face, over the frames that it judged. */
  readonly spoof: boolean;
  /** Returns a random number, at least 0 and below 1. */
  readonly random: () => number;
}

/** Number of frames averaged into the reference, which halves the jitter. */
const REFERENCE_FRAMES = 5;
/** Number of frames over which relief is averaged. The landmarks jitter little; their errors vary with the pose. */
const WINDOW = 4;
/** Number of held frames in which a turn may fail to look like that of a head. */
const PATIENCE_FRAMES = 10;
/** Number of windows with a turned sheet that add `flat-target` to a timeout. One may be an outlier. */
const SHEET_WINDOWS = 3;
/**
 * Longest absence of a face, and longest pause between two frames. After a longer one, the face may be another. A frame with
 * its checks takes 0.1 s in the median with one WebAssembly thread, and up to 0.9 s on two cores loaded by four processes.
 */
const MAX_GONE_MS = 1_000;
/**
 * Width and height, relative to the reference, of a face that has left although it is still in sight. A turn shortens only
 * the width, looking up only the height.
 */
const LEFT_SIZE = 0.5;
/**
 * Time for which a person must stay after a wrong gesture before it counts. People who walk away also turn their heads,
 * and are out of the picture about a second later.
 */
const STAY_MS = 1_000;
/** Longest wait before a gesture. The waits are drawn, so a film of another run has some gestures too early. */
const MAX_WAIT_MS = 2_000;
/** Number of consecutive frames with a second face that fail the challenge. Posters and false detections are brief. */
const MANY_FRAMES = 3;
/** Size, relative to the largest face, below which a face counts as background. */
const BACKGROUND = 0.4;
/**
 * Largest angle to the camera at which faces are compared, in degrees. See `vision/quality.ts` for the effect of larger
 * ones.
 */
const COMPARABLE_DEGREES = 20;
/** Largest yaw and pitch of the reference, in degrees. The pitch allows for a camera below or above the face. */
const REFERENCE_LIMITS = { yaw: 14, pitch: 25 } as const;
/** Distance of the outer eye corners as a fraction of the shorter side of the frame. */
const SIZE_LIMITS = { min: 0.1, max: 0.32 } as const;
/** Largest movement of a still face per frame. `path` is in outer eye distances. */
const STILL = { path: 0.12, degrees: 4 } as const;
/** Number of consecutive comparisons that must fail. */
const DIFFERENT_LOOKS = 2;
/** Probability with which a frame is checked although the prompt does not require it. */
const SURPRISE = 0.25;

/** Advice after a failure. A real head fails as flat when it turns too little, or too fast. */
const ADVICE: Readonly<Record<LivenessReason, readonly LivenessAdvice[]>> = {
  'flat-target': ['move-slower', 'move-further', 'more-light'],
  'identity-changed': ['stay-in-picture', 'more-light'],
  timeout: ['move-further', 'look-straight'],
  'wrong-order': ['wait-for-prompt', 'move-slower'],
  attack: ['more-light', 'move-closer'],
};
const LEFT_ADVICE: readonly LivenessAdvice[] = ['stay-in-picture', 'move-slower'];
/** Hints that help the passive check to judge a face. */
const ISSUE_HINTS: Readonly<Record<SpoofIssue, LivenessHint>> = {
  'too-small': 'move-closer',
  'too-dark': 'more-light',
  'too-bright': 'less-light',
  blurred: 'hold-still',
  'extreme-pose': 'look-straight',
  occluded: 'uncover-face',
  'not-a-face': 'uncover-face',
  'few-frames': 'hold-still',
};

type Phase =
  | { readonly kind: 'position' }
  | { readonly kind: 'wait'; readonly index: number }
  | { readonly kind: 'gesture'; readonly index: number }
  | { readonly kind: 'return'; readonly index: number };

/**
 * Draws random gestures. At least one is a turn, because only turns distinguish heads from sheets.
 * @param allowed must contain a turn
 */
export function drawGestures(
  allowed: readonly LivenessGesture[],
  count: number,
  random: () => number,
): LivenessGesture[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const drawn = Array.from({ length: count }, () => pick(allowed));
  if (!drawn.some(isTurn)) drawn[Math.floor(random() * count)] = pick(allowed.filter(isTurn));
  return drawn;
}

/** Draws the steps of one run. @param allowed must contain a turn */
export function drawSteps(allowed: readonly LivenessGesture[], count: number, random: () => number): Step[] {
  return drawGestures(allowed, count, random).map((gesture) => ({ gesture, waitMs: MAX_WAIT_MS * random() }));
}

export function createChallenge({ steps, timeLimitMs, spoof, random }: ChallengeOptions): Challenge {
  let phase: Phase = { kind: 'position' };
  /** Time from which the time limit of the phase counts. For a wait, it is the end of the drawn time. */
  let phaseStartMs: number | null = null;
  let reference: FaceState | null = null;
  let meter: ReliefMeter | null = null;
  /** The last frames with a face, newest last. */
  let recent: FaceState[] = [];
  let views: View[] = [];
  /** Times of the last frame, and of the last frame with a face. */
  let lastFrameMs = 0;
  let lastMs = 0;
  /** Time of the first of the consecutive frames without a face, in milliseconds. */
  let goneSinceMs: number | null = null;
  let heldFrames = 0;
  let unclearFrames = 0;
  let manyFrames = 0;
  let sheetWindows = 0;
  let checkedInPhase = false;
  /** The face of the frame that is being checked. */
  let looked: FaceState | null = null;
  let bestAngle = Infinity;
  let differentLooks = 0;
  /** Frames that the passive check judged, and its limit for their score. */
  const judged: Judged[] = [];
  let leastScore = Infinity;
  /** Hint that would help the passive check, after a frame that it could not judge. */
  let issueHint: LivenessHint | null = null;
  const recorded: Recorded[] = [];
  /** Index of the step that the last prompt asked for. */
  let prompted: number | null = null;
  /** Time of a wrong gesture, which counts unless the person walks away. */
  let wrongSinceMs: number | null = null;
  let ended: ChallengeOutcome | null = null;

  const fail = (...reasons: [LivenessReason, ...LivenessReason[]]) => {
    ended ??= { outcome: 'failed', reasons, advice: ADVICE[reasons[0]] };
  };
  const interrupt = (reason: LivenessInterruption, ...advice: LivenessAdvice[]) => {
    ended ??= { outcome: 'interrupted', reason, advice };
  };

  function enter(next: Phase, startMs: number): void {
    phase = next;
    phaseStartMs = startMs;
    heldFrames = unclearFrames = 0;
    checkedInPhase = false;
  }

  /**
   * Advances the current phase by one frame.
   * @returns the hint, the progress and the checks to run
   */
  function advance(frame: ChallengeFrame, now: FaceState | null): Omit<Moment, 'gesture'> {
    const before = recent.at(-1);
    if (reference && frame.timeMs - lastFrameMs > MAX_GONE_MS) interrupt('no-frames');
    lastFrameMs = frame.timeMs;
    if (!now || (reference && hasLeft(now, reference))) {
      goneSinceMs ??= frame.timeMs;
      if (reference && frame.timeMs - goneSinceMs >= MAX_GONE_MS) interrupt('face-gone', ...LEFT_ADVICE);
      if (!reference) recent = [];
      return { hint: 'no-face', progress: 0, look: null };
    }
    const others = frame.faces.slice(1).filter((face) => stateOf(face).size > BACKGROUND * now.size);
    manyFrames = others.length > 0 ? manyFrames + 1 : 0;
    if (reference && manyFrames >= MANY_FRAMES) interrupt('many-faces', 'many-faces');
    goneSinceMs = null;
    const elapsedMs = frame.timeMs - lastMs;
    const continuous = !before || (elapsedMs <= MAX_GONE_MS && isContinuous(before, now, elapsedMs));
    if (!continuous) {
      if (reference) interrupt('face-gone', ...LEFT_ADVICE);
      recent = [];
    }
    recent = [...recent, now].slice(-REFERENCE_FRAMES);
    lastMs = frame.timeMs;
    if (!reference || !meter) {
      return { hint: position(frame, now, before, others.length), progress: 0, look: reference ? 'reference' : null };
    }

    if (wrongSinceMs !== null) {
      if (frame.timeMs - wrongSinceMs >= STAY_MS) fail('wrong-order');
      return { hint: null, progress: 0, look: null };
    }
    const view = meter.view(now.landmarks);
    if (!view) {
      interrupt('face-gone', ...LEFT_ADVICE);
      return { hint: null, progress: 0, look: null };
    }
    views = [...views, view].slice(-WINDOW);
    if (views.length === WINDOW) {
      const relief = meter.measure(views);
      if (isSheet(relief)) fail('flat-target');
      const asked = phase.kind === 'gesture' ? steps[phase.index]?.gesture : undefined;
      if (isTurnedSheet(relief, asked !== undefined && isTurn(asked))) sheetWindows++;
    }
    recorded.push({ timeMs: frame.timeMs, face: now, view, asked: prompted });
    const hint = others.length > 0 ? 'many-faces' : null;
    if (phase.kind === 'gesture') return { hint, ...perform(phase.index, frame.timeMs, now, reference) };
    const straight = hint ?? issueHint ?? 'look-straight';
    return phase.kind === 'wait'
      ? { hint: straight, ...wait(phase.index, frame.timeMs, now, reference) }
      : { hint: straight, ...comeBack(frame.timeMs, now, before, reference, meter) };
  }

  /** Waits for a face that looks straight and holds still, then sets the reference. */
  function position(
    { width, height, timeMs }: ChallengeFrame,
    now: FaceState,
    before: FaceState | undefined,
    others: number,
  ): LivenessHint | null {
    const size = now.size / Math.min(width, height);
    const hint: LivenessHint | null =
      others > 0
        ? 'many-faces'
        : size < SIZE_LIMITS.min
          ? 'move-closer'
          : size > SIZE_LIMITS.max
            ? 'move-back'
            : Math.abs(now.yawDegrees) > REFERENCE_LIMITS.yaw || Math.abs(now.pitchDegrees) > REFERENCE_LIMITS.pitch
              ? 'look-straight'
              : before && !isStill(now, before)
                ? 'hold-still'
                : null;
    heldFrames = hint === null ? heldFrames + 1 : 0;
    if (heldFrames >= REFERENCE_FRAMES && recent.length >= REFERENCE_FRAMES) {
      reference = meanState(recent.slice(-REFERENCE_FRAMES));
      meter = createReliefMeter(reference.landmarks);
      // The reference has a view of itself.
      recorded.push({ timeMs, face: reference, view: meter.view(reference.landmarks) as View, asked: null });
      looked = now;
      prepare(0, timeMs);
    }
    return hint;
  }

  /** Begins the wait before a gesture. */
  function prepare(index: number, timeMs: number): void {
    const { waitMs } = steps[index] as Step;
    enter({ kind: waitMs > 0 ? 'wait' : 'gesture', index }, timeMs + waitMs);
  }

  /** Waits for the drawn time. A person who moves before being asked did not react to the prompt. */
  function wait(index: number, timeMs: number, now: FaceState, at: FaceState) {
    if (MOVEMENTS.some((gesture) => progressOf(gesture, now, at) >= 1)) wrongSinceMs = timeMs;
    else if (timeMs >= (phaseStartMs ?? timeMs) && isStraight(now, at)) enter({ kind: 'gesture', index }, timeMs);
    return { progress: 1, look: surprise(now) };
  }

  /** Ends the challenge after the time limit of a phase. @param hint that the person did not follow */
  function expire(hint: LivenessHint | null): void {
    // A wrong gesture is decided on soon.
    if (wrongSinceMs !== null) return;
    if (phase.kind === 'position') interrupt('not-ready', ...(hint ? [hint] : []));
    else if (goneSinceMs !== null) interrupt('face-gone', ...LEFT_ADVICE);
    else if (sheetWindows >= SHEET_WINDOWS) fail('flat-target', 'timeout');
    else if (isLast() && !isJudged()) interrupt('not-judged', issueHint ?? 'look-straight');
    else fail('timeout');
  }

  function perform(index: number, timeMs: number, now: FaceState, at: FaceState) {
    const { gesture } = steps[index] as Step;
    const progress = progressOf(gesture, now, at);
    const early = timeMs - (phaseStartMs ?? timeMs) < MIN_REACTION_MS;
    const other =
      progress < 0.5 &&
      (['turn-left', 'turn-right', 'look-up'] as const).some((each) => progressOf(each, now, at) >= 1);
    // People blink at any time, about every four seconds: not held yet, but nothing wrong either.
    if (other || (early && progress >= 1 && gesture !== 'blink')) wrongSinceMs = timeMs;
    heldFrames = progress >= 1 && !early ? heldFrames + 1 : 0;
    if (heldFrames >= HOLD_FRAMES) {
      const held = views.slice(-heldFrames);
      const shown = gesture === 'come-closer' || gesture === 'blink' || isHead(meter!.measure(held), isTurn(gesture));
      if (shown) enter({ kind: 'return', index }, timeMs);
      else if (++unclearFrames >= PATIENCE_FRAMES) fail('flat-target');
    }
    const hint: LivenessHint | null = progress < -0.5 ? 'other-way' : null;
    return { ...(hint ? { hint } : {}), progress: Math.min(1, Math.max(0, progress)), look: surprise(now) };
  }

  const isLast = () => phase.kind === 'return' && phase.index + 1 === steps.length;
  const isJudged = () => !spoof || scoreOver(judged) !== null;

  function comeBack(
    timeMs: number,
    now: FaceState,
    before: FaceState | undefined,
    at: FaceState,
    reliefMeter: ReliefMeter,
  ) {
    heldFrames = isStraight(now, at) && before && isStill(now, before) ? heldFrames + 1 : 0;
    if (heldFrames >= HOLD_FRAMES && checkedInPhase && (!isLast() || isJudged())) {
      if (isLast()) conclude(at, reliefMeter);
      else prepare((phase as { index: number }).index + 1, timeMs);
      return { progress: 1, look: null };
    }
    const look = heldFrames >= HOLD_FRAMES ? ('check' as const) : surprise(now);
    looked = look ? now : looked;
    return { progress: heldFrames / HOLD_FRAMES, look };
  }

  /** Passes if the review finds nothing and the passive check, where it runs, finds a bona fide face. */
  function conclude(at: FaceState, reliefMeter: ReliefMeter): void {
    const found = review(steps, at, reliefMeter, recorded);
    const score = spoof ? scoreOver(judged) : null;
    if (found) fail(found);
    // Written so that a score that is missing or NaN fails.
    else if (spoof && !(score !== null && score >= leastScore)) fail('attack');
    else ended ??= { outcome: 'passed' };
  }

  function surprise(now: FaceState): 'check' | null {
    if (checkedInPhase || Math.hypot(now.yawDegrees, now.pitchDegrees) > COMPARABLE_DEGREES || random() >= SURPRISE) {
      return null;
    }
    looked = now;
    return 'check';
  }

  return {
    step(frame) {
      phaseStartMs ??= frame.timeMs;
      const [landmarks] = frame.faces;
      const moment = advance(frame, landmarks ? stateOf(landmarks, frame.eyes) : null);
      // The phase may have changed in `advance`.
      const remainingMs = Math.max(0, timeLimitMs - Math.max(0, frame.timeMs - phaseStartMs));
      if (remainingMs === 0) expire(moment.hint);
      prompted = phase.kind === 'gesture' ? phase.index : null;
      const gesture = phase.kind === 'gesture' ? (steps[phase.index] as Step).gesture : 'look-straight';
      const done = phase.kind === 'position' ? 0 : phase.index + (phase.kind === 'return' ? 1 : 0);
      return {
        prompt: {
          gesture,
          hint: moment.hint,
          caption: captionOf(moment.hint ?? gesture),
          progress: moment.progress,
          remainingMs,
          done,
          total: steps.length,
        },
        look: ended ? null : moment.look,
        ended,
      };
    },

    report({ similarity, spoof: verdict }) {
      if (verdict?.outcome === 'not-judged') issueHint = ISSUE_HINTS[verdict.reasons[0] as SpoofIssue];
      else if (verdict) {
        issueHint = null;
        leastScore = verdict.threshold;
        judged.push(toJudged(verdict, 1, lastFrameMs));
      }
      if (!looked) return false;
      const isReference = bestAngle === Infinity;
      if (!isReference && similarity === null) return false;
      if (similarity !== null && similarity < OTHER_PERSON) {
        if (++differentLooks >= DIFFERENT_LOOKS) fail('identity-changed');
        return false;
      }
      differentLooks = 0;
      checkedInPhase = !isReference;
      const angle = Math.hypot(looked.yawDegrees, looked.pitchDegrees);
      if (angle >= bestAngle) return false;
      bestAngle = angle;
      return true;
    },
  };
}

/** Hint, progress and checks of one frame within its phase. */
interface Moment {
  readonly hint: LivenessHint | null;
  readonly progress: number;
  readonly look: ChallengeStep['look'];
}

function hasLeft(now: FaceState, reference: FaceState): boolean {
  // From the bridge of the nose to the chin.
  const heightOf = ({ landmarks }: FaceState) => distance(landmarks[27] as Point, landmarks[8] as Point);
  return now.size < LEFT_SIZE * reference.size && heightOf(now) < LEFT_SIZE * heightOf(reference);
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function isStill(now: FaceState, before: FaceState): boolean {
  return distance(now.center, before.center) <= STILL.path * before.size && angleTo(now, before) <= STILL.degrees;
}
