/** The ring round the face: a part for each pose, filled when it is taken. */
import { html, svg } from 'lit';
import type { Texts } from '../../texts/texts.js';
import { POSES, type Pose } from './enroll-poses.js';

export type PoseState = keyof Texts['enroll']['poseStates'];

const RADIUS = 46;
const INNER_RADIUS = 41;
/** Half of what one part spans, in degrees. */
const HALF_SPAN = 40;
/** Where the middle of each part is, in degrees, clockwise from the right. The preview is a mirror: left is on the left. */
const DIRECTIONS = { left: 180, right: 0, up: 270, down: 90 } as const;

/** @param states by pose */
export function drawRing({ enroll }: Texts, states: Readonly<Record<Pose, PoseState>>) {
  const taken = POSES.filter((pose) => states[pose] === 'taken').length;
  return html`<div
    class="ring"
    role="progressbar"
    aria-label=${enroll.ring}
    aria-valuemin="0"
    aria-valuemax=${POSES.length}
    aria-valuenow=${taken}
    aria-valuetext=${enroll.ringValue(taken, POSES.length)}
  >
    <svg viewBox="0 0 100 100" aria-hidden="true">
      <circle class=${states.front} cx="50" cy="50" r=${INNER_RADIUS} />
      ${(Object.keys(DIRECTIONS) as (keyof typeof DIRECTIONS)[]).map(
        (pose) => svg`<path class=${states[pose]} d=${arc(DIRECTIONS[pose])} />`,
      )}
    </svg>
  </div>`;
}

function arc(middle: number): string {
  const at = (degrees: number) => {
    const radians = (degrees * Math.PI) / 180;
    return `${(50 + RADIUS * Math.cos(radians)).toFixed(2)} ${(50 + RADIUS * Math.sin(radians)).toFixed(2)}`;
  };
  return `M ${at(middle - HALF_SPAN)} A ${RADIUS} ${RADIUS} 0 0 1 ${at(middle + HALF_SPAN)}`;
}
