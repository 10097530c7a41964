/**
 * The challenge as a state machine: it is fed with the landmarks of one frame after another and says what to ask, which frames
 * to look at more closely, and how it ended. It knows no clock but the times of the frames.
 *
 * Position (look straight, hold still) gives the reference. Then each gesture, and after each one looking straight again, where
 * the identity of the person is compared with the reference, as on frames in between that nobody can foresee.
 */
import type { LivenessGesture, LivenessHint, LivenessPrompt, LivenessReason, Point } from '../api/types.js';
import { angleTo, isContinuous, meanState, progressOf, stateOf, type FaceState } from './gestures.js';
import { captionOf } from './captions.js';
import { createReliefMeter, isHead, isSheet, isTurnedSheet, type ReliefMeter, type View } from './relief.js';

/** One frame as the challenge needs it. */
export interface ChallengeFrame {
  /** Of any clock that only goes forward. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** 68 points per face, the largest face first. */
  readonly faces: readonly (readonly Point[])[];
}

/** What the closer look at a frame gave. */
export interface ChallengeChecks {
  /** Similarity to the reference, 0..1, or `null` where it could not be compared. */
  readonly similarity: number | null;
  /** `null` where it was not asked for, or could not be judged. */
  readonly spoof: 'bona-fide' | 'attack' | null;
}

export type ChallengeOutcome =
  { readonly outcome: 'passed' } | { readonly outcome: 'failed'; readonly reasons: readonly LivenessReason[] };

/** What to do after a frame. */
export interface ChallengeStep {
  readonly prompt: LivenessPrompt;
  /**
   * `reference`: keep this frame, and check it for an attack. `check`: check that, and compare it with the reference. Answer
   * with {@link Challenge.report} before the next frame.
   */
  readonly look: 'reference' | 'check' | null;
  readonly ended: ChallengeOutcome | null;
}

export interface Challenge {
  readonly gestures: readonly LivenessGesture[];
  step(frame: ChallengeFrame): ChallengeStep;
  /** @returns whether the frame is the best one until now */
  report(checks: ChallengeChecks): boolean;
}

export interface ChallengeOptions {
  readonly gestures: readonly LivenessGesture[];
  readonly timeLimitMs: number;
  /** Whether the passive check runs; a number of its verdicts is then waited for. */
  readonly spoof: boolean;
  /** 0 or more and below 1. */
  readonly random: () => number;
}

/** Frames that the reference is the mean of: jitter is halved. */
const REFERENCE_FRAMES = 5;
/** Frames that tell the shape: the landmarks' jitter is small, their errors come with the pose. */
const WINDOW = 4;
/** Frames in which a gesture must be held. */
const HOLD_FRAMES = 3;
/** Frames at the end of a turn in which it may yet look like a head. */
const PATIENCE_FRAMES = 10;
/** Windows that must show a sheet, so that one odd frame fails nobody. */
const SHEET_WINDOWS = 3;
/** A face that is gone for longer may be another one when it comes back. */
const MAX_GONE_MS = 1_000;
/** Between two frames; a closer look takes a second where two threads of wasm share a busy core. */
const MAX_PAUSE_MS = 2_500;
/** Nobody does what is asked for sooner. Reaction to what is seen takes 200 ms and more, the movement as long again. */
const MIN_REACTION_MS = 350;
/** Frames with another person before it counts: a poster or a false face comes and goes. */
const MANY_FRAMES = 3;
/** A face of less than this part of the first one's size is in the background. */
const BACKGROUND = 0.4;
/** Degrees from the camera within which faces are compared, see `vision/quality.ts` for what more does. */
const COMPARABLE_DEGREES = 20;
/** Degrees from the reference within which somebody looks straight again. */
const STRAIGHT_DEGREES = 8;
/** Degrees of yaw and pitch that the reference may have: the pitch of a camera below or above the face. */
const REFERENCE_LIMITS = { yaw: 14, pitch: 25 } as const;
/** Distance of the outer eye corners as a part of the frame's shorter side. */
const SIZE_LIMITS = { min: 0.1, max: 0.32 } as const;
/** Movement of a still face from frame to frame, in distances of the outer eye corners, and its turn in degrees. */
const STILL = { path: 0.12, degrees: 4 } as const;
/** The similarity of best accuracy: below, another person is more likely. */
const SAME_PERSON = 0.4;
/** Comparisons in a row that must fail. */
const DIFFERENT_LOOKS = 2;
/** Verdicts of the passive check, of which the majority counts. */
const MIN_VERDICTS = 3;
/** How often a frame that nothing asks for is looked at. */
const SURPRISE = 0.25;

type Phase =
  | { readonly kind: 'position' }
  | { readonly kind: 'gesture'; readonly index: number }
  | { readonly kind: 'return'; readonly index: number };

/**
 * Draws what is asked for. One is a turn, for only turns tell heads from sheets.
 * @param allowed with a turn among them
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
  /** Since when frames showed no face. */
  let goneSinceMs: number | null = null;
  let heldFrames = 0;
  let unclearFrames = 0;
  let manyFrames = 0;
  let sheetWindows = 0;
  let checkedInPhase = false;
  /** The face of the frame that is looked at more closely. */
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

  /** A step of the phase. @returns the hint, the progress and whether to look more closely */
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
    const continuous =
      !before || (elapsedMs <= MAX_PAUSE_MS && isContinuous(before, now, Math.min(elapsedMs, MAX_GONE_MS)));
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

  /** Waits for a face that looks straight and holds still; then the reference is there. */
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
    const other = (['turn-left', 'turn-right', 'look-up'] as const).find(
      (each) => each !== gesture && progressOf(each, now, at) >= 1 && progress < 0.5,
    );
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
      // The phase may have changed meanwhile.
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
      if (similarity !== null && similarity < SAME_PERSON) {
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

/** What one frame was in its phase. */
interface Moment {
  readonly hint: LivenessHint | null;
  readonly progress: number;
  readonly look: ChallengeStep['look'];
}

function isStill(now: FaceState, before: FaceState): boolean {
  const path = Math.hypot(now.centre.x - before.centre.x, now.centre.y - before.centre.y) / before.size;
  return path <= STILL.path && angleTo(now, before) <= STILL.degrees;
}
