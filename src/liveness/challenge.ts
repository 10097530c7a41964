/**
 * The state machine of the active liveness challenge. For each frame of landmarks it returns the current prompt,
 * whether to run further checks on the frame, and the outcome once there is one. Its only clock is the timestamps of
 * the frames.
 *
 * The position phase (look straight, hold still) yields the reference. Each gesture follows, and after each gesture a
 * phase in which the person looks straight again. In these phases, and on random frames in between, the identity of the
 * person is compared with the reference.
 */
import type { Point } from '../api/geometry.js';
import type { LivenessGesture, LivenessHint, LivenessPrompt, LivenessReason } from '../api/liveness.js';
import { OTHER_PERSON } from '../api/similarity.js';
import { angleTo, isContinuous, meanState, progressOf, stateOf, type FaceState } from './gestures.js';
import { captionOf } from './captions.js';
import { createReliefMeter, isHead, isSheet, isTurnedSheet, type ReliefMeter, type View } from './relief.js';

/** One frame of landmarks: the input of the challenge. */
export interface ChallengeFrame {
  /** Monotonic timestamp, in milliseconds. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** 68 points per face, the largest face first. */
  readonly faces: readonly (readonly Point[])[];
}

/** Results of the checks that {@link ChallengeStep.look} requested for a frame. */
export interface ChallengeChecks {
  /** Similarity to the reference, 0..1, or `null` when the faces could not be compared. */
  readonly similarity: number | null;
  /** `null` when the check was not requested or gave no verdict. */
  readonly spoof: 'bona-fide' | 'attack' | null;
}

export type ChallengeOutcome =
  { readonly outcome: 'passed' } | { readonly outcome: 'failed'; readonly reasons: readonly LivenessReason[] };

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
  readonly gestures: readonly LivenessGesture[];
  step(frame: ChallengeFrame): ChallengeStep;
  /** @returns whether the frame is the best one so far, the most frontal of the reference person */
  report(checks: ChallengeChecks): boolean;
}

export interface ChallengeOptions {
  readonly gestures: readonly LivenessGesture[];
  readonly timeLimitMs: number;
  /** Whether the passive check runs. If so, the challenge waits for a minimum number of its verdicts. */
  readonly spoof: boolean;
  /** Returns a random number, at least 0 and below 1. */
  readonly random: () => number;
}

/** Number of frames averaged into the reference, which halves the jitter. */
const REFERENCE_FRAMES = 5;
/** Number of frames over which relief is averaged. The landmarks jitter little; their errors vary with the pose. */
const WINDOW = 4;
/** Number of frames for which a gesture must be held. */
const HOLD_FRAMES = 3;
/** Number of held frames in which a turn may fail to look like that of a head. */
const PATIENCE_FRAMES = 10;
/** Number of windows with a turned sheet that add `flat-target` to a timeout. One may be an outlier. */
const SHEET_WINDOWS = 3;
/**
 * Longest absence of a face, and longest pause between two frames. After a longer one, the face may be another. A frame with
 * its checks takes 0.1 s in the median with one WebAssembly thread, and up to 0.9 s on two cores loaded by four processes.
 */
const MAX_GONE_MS = 1_000;
/** Shortest plausible time for a gesture. The reaction to a prompt takes 200 ms or more, the movement as long again. */
const MIN_REACTION_MS = 350;
/** Number of consecutive frames with a second face that fail the challenge. Posters and false detections are brief. */
const MANY_FRAMES = 3;
/** Size, relative to the largest face, below which a face counts as background. */
const BACKGROUND = 0.4;
/**
 * Largest angle to the camera at which faces are compared, in degrees. See `vision/quality.ts` for the effect of larger
 * ones.
 */
const COMPARABLE_DEGREES = 20;
/** Largest angle to the reference at which a person looks straight again, in degrees. */
const STRAIGHT_DEGREES = 8;
/** Largest yaw and pitch of the reference, in degrees. The pitch allows for a camera below or above the face. */
const REFERENCE_LIMITS = { yaw: 14, pitch: 25 } as const;
/** Distance of the outer eye corners as a fraction of the shorter side of the frame. */
const SIZE_LIMITS = { min: 0.1, max: 0.32 } as const;
/** Largest movement of a still face per frame. `path` is in outer eye distances. */
const STILL = { path: 0.12, degrees: 4 } as const;
/** Number of consecutive comparisons that must fail. */
const DIFFERENT_LOOKS = 2;
/** Number of passive verdicts to wait for. The majority decides. */
const MIN_VERDICTS = 3;
/** Probability with which a frame is checked although the prompt does not require it. */
const SURPRISE = 0.25;

type Phase =
  | { readonly kind: 'position' }
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

export function isTurn(gesture: LivenessGesture): boolean {
  return gesture === 'turn-left' || gesture === 'turn-right';
}

export function createChallenge({ gestures, timeLimitMs, spoof, random }: ChallengeOptions): Challenge {
  let phase: Phase = { kind: 'position' };
  let phaseStartMs: number | null = null;
  let reference: FaceState | null = null;
  let meter: ReliefMeter | null = null;
  /** The last frames with a face, newest last. */
  let recent: FaceState[] = [];
  let views: View[] = [];
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
  const verdicts = { all: 0, attacks: 0 };
  let ended: ChallengeOutcome | null = null;

  const fail = (...reasons: LivenessReason[]) => {
    ended ??= { outcome: 'failed', reasons };
  };

  function enter(next: Phase, timeMs: number): void {
    phase = next;
    phaseStartMs = timeMs;
    heldFrames = unclearFrames = 0;
    checkedInPhase = false;
  }

  /**
   * Advances the current phase by one frame.
   * @returns the hint, the progress and the checks to run
   */
  function advance(frame: ChallengeFrame, now: FaceState | null): Omit<Moment, 'gesture'> {
    const before = recent.at(-1);
    if (!now) {
      goneSinceMs ??= frame.timeMs;
      if (reference && frame.timeMs - goneSinceMs >= MAX_GONE_MS) fail('track-lost');
      if (!reference) recent = [];
      return { hint: 'no-face', progress: 0, look: null };
    }
    const others = frame.faces.slice(1).filter((face) => stateOf(face).size > BACKGROUND * now.size);
    manyFrames = others.length > 0 ? manyFrames + 1 : 0;
    if (reference && manyFrames >= MANY_FRAMES) fail('many-faces');
    goneSinceMs = null;
    const elapsedMs = frame.timeMs - lastMs;
    const continuous = !before || (elapsedMs <= MAX_GONE_MS && isContinuous(before, now, elapsedMs));
    if (!continuous) {
      if (reference) fail('track-lost');
      recent = [];
    }
    recent = [...recent, now].slice(-REFERENCE_FRAMES);
    lastMs = frame.timeMs;
    if (!reference || !meter) {
      return { hint: position(frame, now, before, others.length), progress: 0, look: reference ? 'reference' : null };
    }

    const view = meter.view(now.landmarks);
    if (!view) {
      fail('track-lost');
      return { hint: null, progress: 0, look: null };
    }
    views = [...views, view].slice(-WINDOW);
    if (views.length === WINDOW) {
      const relief = meter.measure(views);
      if (isSheet(relief)) fail('flat-target');
      const asked = phase.kind === 'gesture' ? gestures[phase.index] : undefined;
      if (isTurnedSheet(relief, asked !== undefined && isTurn(asked))) sheetWindows++;
    }
    const hint = others.length > 0 ? 'many-faces' : null;
    return phase.kind === 'gesture'
      ? { hint, ...perform(phase.index, frame.timeMs, now, reference) }
      : { hint: hint ?? 'look-straight', ...comeBack(frame.timeMs, now, before, reference) };
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
      looked = now;
      enter({ kind: 'gesture', index: 0 }, timeMs);
    }
    return hint;
  }

  function perform(index: number, timeMs: number, now: FaceState, at: FaceState) {
    const gesture = gestures[index] as LivenessGesture;
    const progress = progressOf(gesture, now, at);
    const early = timeMs - (phaseStartMs ?? timeMs) < MIN_REACTION_MS;
    const other =
      progress < 0.5 &&
      (['turn-left', 'turn-right', 'look-up'] as const).some((each) => progressOf(each, now, at) >= 1);
    if (other || (early && progress >= 1)) fail('wrong-order');
    heldFrames = progress >= 1 ? heldFrames + 1 : 0;
    if (heldFrames >= HOLD_FRAMES) {
      const held = views.slice(-heldFrames);
      const shown = gesture === 'come-closer' || gesture === 'blink' || isHead(meter!.measure(held), isTurn(gesture));
      if (shown) enter({ kind: 'return', index }, timeMs);
      else if (++unclearFrames >= PATIENCE_FRAMES) fail('flat-target');
    }
    const hint: LivenessHint | null = progress < -0.5 ? 'other-way' : null;
    return { ...(hint ? { hint } : {}), progress: Math.min(1, Math.max(0, progress)), look: surprise(now) };
  }

  function comeBack(timeMs: number, now: FaceState, before: FaceState | undefined, at: FaceState) {
    const near = Math.abs(progressOf('come-closer', now, at)) < 0.5;
    const straight = angleTo(now, at) <= STRAIGHT_DEGREES && near;
    heldFrames = straight && before && isStill(now, before) ? heldFrames + 1 : 0;
    const { index } = phase as { index: number };
    const last = index + 1 === gestures.length;
    const judged = !spoof || !last || verdicts.all >= MIN_VERDICTS;
    if (heldFrames >= HOLD_FRAMES && checkedInPhase && judged) {
      if (!last) enter({ kind: 'gesture', index: index + 1 }, timeMs);
      else if (2 * verdicts.attacks > verdicts.all) fail('attack');
      else ended ??= { outcome: 'passed' };
      return { progress: 1, look: null };
    }
    const look = heldFrames >= HOLD_FRAMES ? ('check' as const) : surprise(now);
    looked = look ? now : looked;
    return { progress: heldFrames / HOLD_FRAMES, look };
  }

  function surprise(now: FaceState): 'check' | null {
    if (checkedInPhase || Math.hypot(now.yawDegrees, now.pitchDegrees) > COMPARABLE_DEGREES || random() >= SURPRISE) {
      return null;
    }
    looked = now;
    return 'check';
  }

  return {
    gestures,

    step(frame) {
      phaseStartMs ??= frame.timeMs;
      const [landmarks] = frame.faces;
      const moment = advance(frame, landmarks ? stateOf(landmarks) : null);
      // The phase may have changed in `advance`.
      const remainingMs = Math.max(0, timeLimitMs - (frame.timeMs - phaseStartMs));
      if (remainingMs === 0) fail(...(sheetWindows >= SHEET_WINDOWS ? (['flat-target'] as const) : []), 'timeout');
      const gesture = phase.kind === 'gesture' ? (gestures[phase.index] as LivenessGesture) : 'look-straight';
      const done = phase.kind === 'position' ? 0 : phase.index + (phase.kind === 'return' ? 1 : 0);
      return {
        prompt: {
          gesture,
          hint: moment.hint,
          caption: captionOf(moment.hint ?? gesture),
          progress: moment.progress,
          remainingMs,
          done,
          total: gestures.length,
        },
        look: ended ? null : moment.look,
        ended,
      };
    },

    report({ similarity, spoof: verdict }) {
      if (verdict) {
        verdicts.all++;
        if (verdict === 'attack') verdicts.attacks++;
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

function isStill(now: FaceState, before: FaceState): boolean {
  const path = Math.hypot(now.center.x - before.center.x, now.center.y - before.center.y) / before.size;
  return path <= STILL.path && angleTo(now, before) <= STILL.degrees;
}
