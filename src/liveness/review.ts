/**
 * Reviews a whole run from its recorded frames, independently of the state machine that guided it. The state machine
 * judges frame by frame and only what it asked for at that time; the review looks for every movement of the run, and at
 * all frames of each.
 */
import type { LivenessGesture, LivenessReason } from '../api/liveness.js';
import { isStraight, isTurn, MOVEMENTS, progressOf, type FaceState } from './gestures.js';
import type { Relief, ReliefMeter, View } from './relief.js';

/** A gesture to ask for, drawn for one run. */
export interface Step {
  readonly gesture: LivenessGesture;
  /** Time for which the face must stay straight before the gesture is asked for, in milliseconds. */
  readonly waitMs: number;
}

/** A frame of a run, beginning with the reference. */
export interface Recorded {
  readonly timeMs: number;
  readonly face: FaceState;
  readonly view: View;
  /** Index of the step that was asked for when the frame was taken, or `null` for a straight look. */
  readonly asked: number | null;
}

/** Number of frames for which a gesture must be held. */
export const HOLD_FRAMES = 3;
/**
 * Least sum of `unbent` and `depth`, averaged over all turns. It is the limit of a single gesture, which the best frames of
 * a sheet reach sooner than all of them. The rendered head of the tests has 0.99.
 */
const LEAST_RELIEF = 0.9;
/** Shortest plausible time for a gesture. The reaction to a prompt takes 200 ms or more, the movement as long again. */
export const MIN_REACTION_MS = 350;

/**
 * Checks that the person performed all steps and nothing else, each in its window.
 *
 * The window opens after the drawn wait and the shortest reaction. All turns together must have the relief of a head,
 * over all of their frames.
 * @param frames in order
 * @returns the reason why the run fails, or `null`
 */
export function review(
  steps: readonly Step[],
  reference: FaceState,
  meter: ReliefMeter,
  frames: readonly Recorded[],
): LivenessReason | null {
  const movements = movementsOf(frames, reference);
  // Blinking does not move the head.
  const asked = steps.flatMap(({ gesture, waitMs }, index) =>
    gesture === 'blink' ? [] : [{ gesture, waitMs, index }],
  );
  if (movements.length !== asked.length) return 'wrong-order';
  const turns: Relief[] = [];
  let straightSinceMs = frames[0]?.timeMs ?? Infinity;
  for (const [i, { gesture, waitMs, index }] of asked.entries()) {
    const movement = movements[i] as Movement;
    const held = movement.frames.filter(({ face }) => progressOf(gesture, face, reference) >= 1);
    const first = frames.findIndex((frame) => frame.asked === index);
    const askedMs = frames[first - 1]?.timeMs ?? Infinity;
    const startMs = (movement.frames[0] as Recorded).timeMs;
    if (
      held.length < HOLD_FRAMES ||
      askedMs < straightSinceMs + waitMs ||
      // Written so that NaN fails.
      !(startMs - askedMs >= MIN_REACTION_MS)
    ) {
      return 'wrong-order';
    }
    straightSinceMs = movement.endMs;
    if (isTurn(gesture)) turns.push(meter.measure(held.map(({ view }) => view)));
  }
  const relief = turns.reduce((sum, { unbent, depth }) => sum + (unbent + depth) / turns.length, 0);
  // Written so that NaN fails.
  return turns.length === 0 || relief >= LEAST_RELIEF ? null : 'flat-target';
}

/** Frames between two straight looks in which some gesture is performed. */
interface Movement {
  readonly frames: readonly Recorded[];
  /** Time of the last of these frames. */
  readonly endMs: number;
}

/** Finds the movements in which a gesture was held, asked for or not. */
function movementsOf(frames: readonly Recorded[], reference: FaceState): Movement[] {
  const movements: Recorded[][] = [[]];
  for (const frame of frames) {
    if (isStraight(frame.face, reference)) movements.push([]);
    else if (MOVEMENTS.some((gesture) => progressOf(gesture, frame.face, reference) >= 1))
      movements.at(-1)?.push(frame);
  }
  return movements
    .filter(({ length }) => length >= HOLD_FRAMES)
    .map((each) => ({ frames: each, endMs: (each.at(-1) as Recorded).timeMs }));
}
