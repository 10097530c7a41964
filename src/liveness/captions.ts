/** English captions of the prompts shown to the person. */
import type { LivenessGesture, LivenessHint } from '../api/liveness.js';

const CAPTIONS: Readonly<Record<LivenessGesture | LivenessHint, string>> = {
  'turn-left': 'Turn your head slowly to your left',
  'turn-right': 'Turn your head slowly to your right',
  'look-up': 'Look up',
  'come-closer': 'Come a little closer',
  blink: 'Close your eyes for a second',
  'look-straight': 'Look straight into the camera',
  'hold-still': 'Hold still',
  'move-closer': 'Come closer to the camera',
  'move-back': 'Move back a little',
  'no-face': 'Come into the picture',
  'many-faces': 'Only one person, please',
  'other-way': 'The other way',
  'more-light': 'More light on your face, please',
  'less-light': 'Less light on your face, please',
  'uncover-face': 'Uncover your face, please',
};

export function captionOf(text: LivenessGesture | LivenessHint): string {
  return CAPTIONS[text];
}
