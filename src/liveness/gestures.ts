/** Measures gestures of a face against its reference, the state at the start of the challenge. */
import type { EyesOpen } from '../api/faces.js';
import type { Point } from '../api/geometry.js';
import type { LivenessGesture } from '../api/liveness.js';
import { poseOf } from '../vision/pose.js';

/** State of a face in one frame. */
export interface FaceState {
  readonly landmarks: readonly Point[];
  /** Yaw is positive to the person's left, which is to the right in the image; pitch is positive upward. */
  readonly yawDegrees: number;
  readonly pitchDegrees: number;
  /** Midpoint of the outer eye corners, in pixels. `size` is their distance, in pixels. */
  readonly center: Point;
  readonly size: number;
  /** Log-odds that the eyes are open, averaged over both; `null` if they were not measured. */
  readonly openness: number | null;
}

/**
 * Change in estimated pose, relative to the reference, at which a gesture counts, in degrees. With the landmarks of
 * fr-landmark-68, 18 rendered heads that turn by 30 degrees are estimated at 29 in the median (20 at the tenth percentile),
 * and those that look up by 25 at 19 (10). With 25 and 14 degrees, as many simulated people and sheets pass.
 */
const TURN_DEGREES = 20;
const LOOK_UP_DEGREES = 12;
/** Growth in size at which coming closer counts, for example from 50 to 38 cm. */
const CLOSER = 1.3;
/**
 * Loss of openness, relative to the reference, at which eyes count as closed. What an open eye scores depends on the person,
 * from -25 to 3 in log-odds of closed, so only the change counts. See docs/liveness.md for how often it errs.
 */
const BLINK = 5;
/** Largest angle to the reference at which eyes are compared, in degrees: a tilted eye looks narrower. */
const BLINK_DEGREES = 12;
/** Probability that log-odds are limited to, so that they stay finite. */
const CERTAIN = 1e-12;

export function stateOf(landmarks: readonly Point[], eyes: EyesOpen | null = null): FaceState {
  const at = (i: number) => landmarks[i] as Point;
  const distance = (i: number, j: number) => Math.hypot(at(i).x - at(j).x, at(i).y - at(j).y);
  return {
    landmarks,
    ...poseOf(landmarks),
    center: { x: (at(36).x + at(45).x) / 2, y: (at(36).y + at(45).y) / 2 },
    size: distance(36, 45),
    openness: eyes && (logOdds(eyes.left) + logOdds(eyes.right)) / 2,
  };
}

function logOdds(probability: number): number {
  const p = Math.min(1 - CERTAIN, Math.max(CERTAIN, probability));
  return Math.log(p / (1 - p));
}

/** Averages frames, which cancels the jitter of the landmarks. */
export function meanState(states: readonly FaceState[]): FaceState {
  const [first] = states;
  const n = states.length;
  const landmarks = (first as FaceState).landmarks.map((_, i) => ({
    x: states.reduce((sum, { landmarks: points }) => sum + (points[i] as Point).x / n, 0),
    y: states.reduce((sum, { landmarks: points }) => sum + (points[i] as Point).y / n, 0),
  }));
  const openness = states.reduce<number | null>(
    (sum, state) => (sum === null || state.openness === null ? null : sum + state.openness / n),
    0,
  );
  return { ...stateOf(landmarks), openness };
}

/** Returns the completed fraction of a gesture: 1 or more when it counts, negative for the opposite movement. */
export function progressOf(gesture: LivenessGesture, now: FaceState, reference: FaceState): number {
  const yaw = now.yawDegrees - reference.yawDegrees;
  switch (gesture) {
    case 'turn-left':
      return yaw / TURN_DEGREES;
    case 'turn-right':
      return -yaw / TURN_DEGREES;
    case 'look-up':
      return (now.pitchDegrees - reference.pitchDegrees) / LOOK_UP_DEGREES;
    case 'come-closer':
      return Math.log(now.size / reference.size) / Math.log(CLOSER);
    case 'blink':
      if (now.openness === null || reference.openness === null || angleTo(now, reference) > BLINK_DEGREES) return 0;
      return (reference.openness - now.openness) / BLINK;
  }
}

export function isTurn(gesture: LivenessGesture): boolean {
  return gesture === 'turn-left' || gesture === 'turn-right';
}

/** The gestures that move the head. */
export const MOVEMENTS = ['turn-left', 'turn-right', 'look-up', 'come-closer'] as const;
/** Largest angle to the reference at which a person looks straight again, in degrees. */
const STRAIGHT_DEGREES = 8;

/** Whether a person looks straight again, from about the same distance. */
export function isStraight(now: FaceState, reference: FaceState): boolean {
  return angleTo(now, reference) <= STRAIGHT_DEGREES && Math.abs(progressOf('come-closer', now, reference)) < 0.5;
}

/** Returns the angle between two poses, in degrees. */
export function angleTo(now: FaceState, other: Pick<FaceState, 'yawDegrees' | 'pitchDegrees'>): number {
  return Math.hypot(now.yawDegrees - other.yawDegrees, now.pitchDegrees - other.pitchDegrees);
}

/**
 * Checks whether a face can have moved this far between two frames. When asked to, people turn their heads at up to 200
 * degrees per second and move them by a few eye distances.
 */
export function isContinuous(before: FaceState, now: FaceState, elapsedMs: number): boolean {
  const seconds = elapsedMs / 1000;
  const { size } = before;
  const path = Math.hypot(now.center.x - before.center.x, now.center.y - before.center.y) / size;
  return (
    path <= 0.6 + 5 * seconds &&
    Math.abs(Math.log(now.size / size)) <= 0.2 + 1.2 * seconds &&
    angleTo(now, before) <= 20 + 250 * seconds
  );
}
