/** Measures gestures of a face against its reference, the state at the start of the challenge. */
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
  /** Height of an eye as a fraction of its width, averaged over both eyes. */
  readonly openness: number;
}

/**
 * Change in estimated pose, relative to the reference, at which a gesture counts, in degrees. The estimate is below the
 * actual turn: a rendered head that turns by 31 degrees is estimated at 23 to 25, and one that looks up by 25 at 16.
 */
const TURN_DEGREES = 20;
const LOOK_UP_DEGREES = 12;
/** Growth in size at which coming closer counts, for example from 50 to 38 cm. */
const CLOSER = 1.3;
/**
 * Relative loss of eye height at which an eye counts as closed. The landmark model hardly captures eyelids: with
 * face_landmark_68, the loss is 1 to 7 % on rendered heads, with a jitter of 0.5 %.
 */
const BLINK = 0.035;

export function stateOf(landmarks: readonly Point[]): FaceState {
  const at = (i: number) => landmarks[i] as Point;
  const distance = (i: number, j: number) => Math.hypot(at(i).x - at(j).x, at(i).y - at(j).y);
  const openness = (first: number) =>
    (distance(first + 1, first + 5) + distance(first + 2, first + 4)) / (2 * distance(first, first + 3));
  return {
    landmarks,
    ...poseOf(landmarks),
    center: { x: (at(36).x + at(45).x) / 2, y: (at(36).y + at(45).y) / 2 },
    size: distance(36, 45),
    openness: (openness(36) + openness(42)) / 2,
  };
}

/** Averages frames, which cancels the jitter of the landmarks. */
export function meanState(states: readonly FaceState[]): FaceState {
  const [first] = states;
  const n = states.length;
  return stateOf(
    (first as FaceState).landmarks.map((_, i) => ({
      x: states.reduce((sum, { landmarks }) => sum + (landmarks[i] as Point).x / n, 0),
      y: states.reduce((sum, { landmarks }) => sum + (landmarks[i] as Point).y / n, 0),
    })),
  );
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
      return (1 - now.openness / reference.openness) / BLINK;
  }
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
