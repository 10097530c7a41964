/** The poses of a guided enrollment: when one is reached, and what helps until then. */
import { CAMERA_HINTS, type CameraHint } from '../../../src/client/camera/camera-element.js';
import type { DetectedFace, QualityIssue, QualityReport } from '../../../src/index.js';

/** In the order in which they are asked for. Left and right are the person's own. */
export const POSES = ['front', 'left', 'right', 'up', 'down'] as const;
export type Pose = (typeof POSES)[number];

export type Head = Pick<QualityReport, 'yawDegrees' | 'pitchDegrees'>;

/** A face that was judged. */
export type JudgedFace = DetectedFace & { readonly quality: QualityReport };

/** What a frame shows, of the camera or for itself. */
export interface View {
  /** By size, largest first. */
  readonly faces: readonly JudgedFace[];
  /** Of the frame, in pixels. */
  readonly height: number;
}

/** What would help: a hint of the camera, the pose itself, the other way, or less of it. */
export type PoseHint = Exclude<CameraHint, 'turn-to-the-camera'> | 'pose' | 'other-way' | 'less-far';

/** With a hint, the picture would be better; without one, it is as it should be. */
export interface Advice {
  readonly isReached: boolean;
  readonly hint: PoseHint | null;
}

/** Where a head is that looks straight, unless its own picture is there to say so. */
export const STRAIGHT: Head = { yawDegrees: 0, pitchDegrees: 0 };

/**
 * Degrees. Enough of a turn for another view of the face, and below the 40 degrees from where on recognition suffers. A nod is
 * less, since it is estimated too small and few people nod as far as they turn.
 */
const REACHED = { yaw: 12, pitch: 8 } as const;
/** What counts as straight: cameras stand beside screens and below them, and faces differ by up to 20 degrees of nod. */
const FRONT = { yaw: 15, pitch: 25 } as const;
/** How far a head that is turned may nod meanwhile, and the other way round, in degrees. */
const SLACK = { yaw: 10, pitch: 15 } as const;
/** The height of a face in parts of the picture below which it should come closer, and above which it should move back. */
const NEAR = { least: 0.22, most: 0.85 } as const;
/** A face that is less than this part of the largest one is of somebody in the background. */
const BACKGROUND = 0.4;

/** A pose is asked for, so that a head which is turned too far should not look straight. */
const HINTS: Readonly<Record<QualityIssue, PoseHint>> = {
  ...CAMERA_HINTS,
  'extreme-pose': 'less-far',
  'not-a-face': 'pose',
};

/**
 * What to say to the person before the camera.
 * @param straight where the same head pointed when it looked straight
 */
export function advise(pose: Pose, { faces, height }: View, straight: Head): Advice {
  const wait = (hint: PoseHint): Advice => ({ isReached: false, hint });
  const [face, ...others] = faces;
  if (!face) return wait('pose');
  if (others.some(({ box }) => box.height > BACKGROUND * face.box.height)) return wait('one-at-a-time');
  const share = face.box.height / height;
  if (share < NEAR.least) return wait('come-closer');
  if (share > NEAR.most) return wait('move-back');
  const { poor, unusable } = face.quality;
  const [worst] = unusable;
  if (worst) return wait(worst === 'extreme-pose' && pose === 'front' ? 'pose' : HINTS[worst]);
  if (!isReached(pose, face.quality, straight)) {
    const isOther =
      (pose === 'left' && isReached('right', face.quality, straight)) ||
      (pose === 'right' && isReached('left', face.quality, straight));
    return wait(isOther ? 'other-way' : 'pose');
  }
  return { isReached: true, hint: poor[0] ? HINTS[poor[0]] : null };
}

function isReached(pose: Pose, head: Head, straight: Head): boolean {
  const yaw = head.yawDegrees - straight.yawDegrees;
  const pitch = head.pitchDegrees - straight.pitchDegrees;
  switch (pose) {
    case 'front':
      return Math.abs(head.yawDegrees) <= FRONT.yaw && Math.abs(head.pitchDegrees) <= FRONT.pitch;
    // The camera sees the person's left on the right of its picture, where yaw is positive.
    case 'left':
      return yaw >= REACHED.yaw && Math.abs(pitch) <= SLACK.pitch;
    case 'right':
      return yaw <= -REACHED.yaw && Math.abs(pitch) <= SLACK.pitch;
    case 'up':
      return pitch >= REACHED.pitch && Math.abs(yaw) <= SLACK.yaw;
    case 'down':
      return pitch <= -REACHED.pitch && Math.abs(yaw) <= SLACK.yaw;
  }
}
