/** What `<face-camera>` says. */

/** Why a camera cannot be used, and what a user can do about it is in {@link CameraTexts}. */
export type CameraProblem =
  /** The user or a policy forbade it. */
  | 'denied'
  | 'no-camera'
  /** Another program uses it. */
  | 'in-use'
  /** The page is not served over https or from localhost. */
  | 'insecure'
  /** The browser has no camera API, as pages on the home screen of iOS before 14.3, and some in-app browsers. */
  | 'unsupported'
  /** It was unplugged, or the system took it away. */
  | 'disconnected'
  /** The kit failed; the error is in the event. */
  | 'kit';

/** What would make a face easier to recognise. */
export type CameraHint =
  'come-closer' | 'move-back' | 'turn-to-the-camera' | 'more-light' | 'less-light' | 'hold-still' | 'one-at-a-time';

/** All texts of the element, to be replaced or translated with its property `texts`. */
export interface CameraTexts {
  readonly start: string;
  readonly stop: string;
  /** Switches the camera's light. */
  readonly torch: string;
  readonly camera: string;
  /** A camera whose name is not known yet. */
  readonly cameraNumber: (number: number) => string;
  readonly video: string;
  readonly asking: string;
  readonly paused: string;
  readonly unknown: string;
  readonly problems: Readonly<Record<CameraProblem, string>>;
  readonly hints: Readonly<Record<CameraHint, string>>;
}

export const ENGLISH: CameraTexts = {
  start: 'Start camera',
  stop: 'Stop camera',
  torch: 'Light',
  camera: 'Camera',
  cameraNumber: (number) => `Camera ${number}`,
  video: 'Picture of the camera',
  asking: 'Asking for the camera…',
  paused: 'Paused while the page is hidden.',
  unknown: 'unknown',
  problems: {
    denied: 'The camera is not allowed for this page. Allow it beside the address of the page, then start it again.',
    'no-camera': 'No camera was found. Connect one, then start it again.',
    'in-use': 'The camera gives no picture. Another program may be using it: close that one, then start it again.',
    insecure: 'The camera works on https pages and on localhost only.',
    unsupported: 'This browser gives pages no camera. Open the page in Safari, Chrome, Edge or Firefox itself.',
    disconnected: 'The camera was disconnected. Connect it, then start it again.',
    kit: 'The faces cannot be looked at. Start the camera again.',
  },
  hints: {
    'come-closer': 'Come closer.',
    'move-back': 'Move back a little.',
    'turn-to-the-camera': 'Look into the camera.',
    'more-light': 'More light on the face, please.',
    'less-light': 'Less light on the face, please.',
    'hold-still': 'Hold still.',
    'one-at-a-time': 'One person at a time, please.',
  },
};
