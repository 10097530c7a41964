/** The texts of `<face-camera>`. */
import type { LivenessHint, LivenessPrompt } from '../../api/liveness.js';
import type { QualityIssue } from '../../api/quality.js';

/** The reason why a camera cannot be used. {@link CameraTexts} describes what a user can do about it. */
export type CameraProblem =
  /** The user denied access; outside Chromium, perhaps a policy. */
  | 'denied'
  /** A policy denies access: the page is in a frame without `allow="camera"`, or has a header `Permissions-Policy`. */
  | 'not-allowed-here'
  | 'no-camera'
  /** Another program is using it. */
  | 'in-use'
  /** The page is served neither over https nor from localhost. */
  | 'insecure'
  /** The browser has no camera API: home screen apps on iOS before 14.3, and some in-app browsers. */
  | 'unsupported'
  /** It was unplugged, or the system withdrew it. */
  | 'disconnected'
  /** The browser denies storage, so nobody of the collection can be recognized. */
  | 'no-storage'
  /** The kit failed. The event contains the error. */
  | 'kit';

/** Advice that makes a face easier to recognize. */
export type CameraHint =
  | 'come-closer'
  | 'move-back'
  | 'turn-to-the-camera'
  | 'more-light'
  | 'less-light'
  | 'hold-still'
  | 'uncover-the-face'
  | 'one-at-a-time';

/** All texts of the element. Replace or translate them with its property `texts`. */
export interface CameraTexts {
  readonly start: string;
  readonly stop: string;
  /** Label of the button that switches the camera's light. */
  readonly torch: string;
  readonly camera: string;
  /** Label of a camera whose name is not known yet. */
  readonly cameraNumber: (number: number) => string;
  readonly video: string;
  readonly asking: string;
  readonly paused: string;
  readonly unknown: string;
  /** Shown where the browser denies storage, so that the kit keeps people in memory only. */
  readonly notKept: string;
  readonly problems: Readonly<Record<CameraProblem, string>>;
  readonly hints: Readonly<Record<CameraHint, string>>;
  /** Instructions of a liveness challenge. Omitted ones are the prompt's own captions, in English. */
  readonly prompts: Readonly<Partial<Record<LivenessPrompt['gesture'] | LivenessHint, string>>>;
}

/** The English texts of `<face-camera>`, its default. */
export const CAMERA_TEXTS: CameraTexts = {
  start: 'Start camera',
  stop: 'Stop camera',
  torch: 'Light',
  camera: 'Camera',
  cameraNumber: (number) => `Camera ${number}`,
  video: 'Camera image',
  asking: 'Waiting for the camera…',
  paused: 'Paused while the page is hidden.',
  unknown: 'unknown',
  notKept:
    'This browser does not let the page store anything: people are forgotten when the page is closed. Allow cookies for this site, or open it in its own tab.',
  problems: {
    denied:
      'This page is not allowed to use the camera. Allow it next to the address of the page, then start it again.',
    'not-allowed-here': 'This website does not let this page use the camera. Try the page in a tab of its own.',
    'no-camera': 'No camera was found. Connect one, then start it again.',
    'in-use': 'The camera sends no image. Another program may be using it: close that program, then start it again.',
    insecure: 'The camera works only on https pages and on localhost.',
    unsupported:
      'This browser does not give pages access to the camera. Open the page in Safari, Chrome, Edge or Firefox.',
    disconnected: 'The camera was disconnected. Connect it, then start it again.',
    'no-storage':
      'This browser does not let the page store anything, so nobody can be recognized. Allow cookies for this site, or open it in its own tab.',
    kit: 'Faces cannot be detected. Start the camera again.',
  },
  hints: {
    'come-closer': 'Come closer.',
    'move-back': 'Move back a little.',
    'turn-to-the-camera': 'Look into the camera.',
    'more-light': 'More light on the face, please.',
    'less-light': 'Less light on the face, please.',
    'hold-still': 'Hold still.',
    'uncover-the-face': 'Uncover your face, please.',
    'one-at-a-time': 'One person at a time, please.',
  },
  prompts: {},
};

const SIGNS: Readonly<Record<LivenessPrompt['gesture'], string>> = {
  'turn-left': '\u2192',
  'turn-right': '\u2190',
  'look-up': '\u2191',
  'come-closer': '+',
  blink: '\u2013',
  'look-straight': '\u25cf',
};

/**
 * Returns the sign of a gesture, to show beside its words. It is an arrow where the head moves in the picture.
 * @param mirrored whether the picture is shown mirrored, where the person's left is on the left
 */
export function signOf(gesture: LivenessPrompt['gesture'], mirrored: boolean): string {
  const shown = gesture === 'turn-left' ? 'turn-right' : gesture === 'turn-right' ? 'turn-left' : gesture;
  return SIGNS[mirrored ? shown : gesture];
}

/** The hint that helps with each quality issue; `CAMERA_TEXTS.hints` has its text. */
export const CAMERA_HINTS = {
  'too-small': 'come-closer',
  'too-dark': 'more-light',
  'too-bright': 'less-light',
  blurred: 'hold-still',
  'extreme-pose': 'turn-to-the-camera',
  occluded: 'uncover-the-face',
  'not-a-face': 'turn-to-the-camera',
} as const satisfies Readonly<Record<QualityIssue, CameraHint>>;
