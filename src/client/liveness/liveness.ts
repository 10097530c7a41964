/** Runs a liveness challenge. Sends frames to the worker one at a time, and its results to the state machine. */
import { InfaceError } from '../../api/errors.js';
import { addFailure, lockedForMs } from '../../liveness/attempts.js';
import { createChallenge, drawGestures, isTurn, type ChallengeChecks } from '../../liveness/challenge.js';
import type { DetectedFace } from '../../api/faces.js';
import type { FaceOperations } from '../../api/kit.js';
import type { OpenImage } from '../../api/open-image.js';
import type {
  LivenessChallenge,
  LivenessGesture,
  LivenessOptions,
  LivenessResult,
  LivenessSource,
} from '../../api/liveness.js';
import { changeFailures } from './attempts.js';
import {
  abortSignal,
  callback,
  checkOptions,
  eachOf,
  invalid,
  spoofPolicyFor,
  wholeNumber,
  type Rules,
} from '../kit/check.js';
import { orAborted } from '../kit/abort.js';
import { toFrame } from '../kit/frame-source.js';

const GESTURES: readonly LivenessGesture[] = ['turn-left', 'turn-right', 'look-up', 'come-closer', 'blink'];
/** All but `blink`, which the kit's landmark net hardly detects. */
const DEFAULT_GESTURES = GESTURES.slice(0, -1);
const DEFAULT_COUNT = 3;
const DEFAULT_TIME_LIMIT_MS = 10_000;
/** The kit's detector size for videos, in pixels. */
const DETECTOR_SIZE = 256;
/** Enough to detect other people in the frame besides the person being checked. */
const MAX_FACES = 3;

const RULES: Rules<LivenessOptions> = {
  source: (value, name) => {
    if (typeof value !== 'function' && Object.prototype.toString.call(value) !== '[object HTMLVideoElement]') {
      throw invalid(name, value, 'a video element, or a function that gives one image after another');
    }
  },
  gestures: (value, name) => {
    eachOf(GESTURES)(value, name);
    if (!(value as LivenessGesture[]).some(isTurn)) {
      const given = (value as LivenessGesture[]).join(', ');
      throw invalid(name, given, 'a list with turn-left or turn-right: only turns tell a head from a sheet');
    }
  },
  count: wholeNumber(1, 10),
  timeLimitMs: wholeNumber(2_000, 60_000),
  spoof: spoofPolicyFor(true, 'a challenge decides by the check, or leaves it out'),
  onPrompt: callback,
  signal: abortSignal,
};

/** The frame that is compared with the later ones, open in the worker. */
interface Reference {
  readonly image: OpenImage;
  readonly face: DetectedFace;
}

/** The frame that is returned, with its face. */
interface Shot {
  readonly frame: ImageBitmap;
  readonly face: DetectedFace;
}

/**
 * Creates a challenge that checks whether a living person is in front of the camera. `run` asks for gestures in an
 * unpredictable order, and checks whether a head performs them. See docs/liveness.md for how it decides and which
 * attacks it does not stop.
 * @param kit the kit, or its operations for one owner; nothing is stored
 * @throws InfaceError `INVALID_INPUT`
 */
export function createLivenessChallenge(
  kit: Pick<FaceOperations, 'open' | 'compare'>,
  options: LivenessOptions,
): LivenessChallenge {
  const {
    source,
    gestures: allowed = DEFAULT_GESTURES,
    count = DEFAULT_COUNT,
    timeLimitMs = DEFAULT_TIME_LIMIT_MS,
    spoof: policy = 'require',
    onPrompt,
    signal,
  } = checkOptions('createLivenessChallenge', options, RULES);
  // checkOptions() skips absent keys, so check the required one here.
  RULES.source(source, "createLivenessChallenge() option 'source'");
  const call = signal ? { signal } : {};
  const { require: isChecked, ...rates } = typeof policy === 'string' ? { require: policy === 'require' } : policy;
  let ran = false;

  async function attempt(): Promise<LivenessResult> {
    const gestures = drawGestures(allowed, count, random);
    const challenge = createChallenge({ gestures, timeLimitMs, spoof: isChecked, random });
    const kept: { reference: Reference | null; best: Shot | null } = { reference: null, best: null };

    async function check(photo: OpenImage, face: DetectedFace, reference: Reference | null): Promise<ChallengeChecks> {
      const verdict = isChecked ? await photo.checkSpoof({ ...call, ...rates, face }) : null;
      const compared = reference && (await kit.compare({ image: photo, face }, reference, call));
      return {
        similarity: compared?.outcome === 'compared' ? compared.score : null,
        spoof: verdict?.outcome === 'bona-fide' || verdict?.outcome === 'attack' ? verdict.outcome : null,
      };
    }

    // Loads the anti-spoof model before the first frame counts, because a later one must not wait for it.
    let isLoaded = !isChecked;
    try {
      for (;;) {
        const bitmap = await takeFrame(source, signal);
        let photo: OpenImage | null = null;
        try {
          photo = await kit.open(bitmap, { ...call, mode: 'video', detectorSizePx: DETECTOR_SIZE });
          if (!isLoaded) await photo.checkSpoof(call);
          isLoaded = true;
          const { faces } = await photo.detect({ ...call, landmarks: 68, maxFaces: MAX_FACES });
          const { width, height } = bitmap;
          const timeMs = performance.now();
          const step = challenge.step({ timeMs, width, height, faces: faces.map(({ landmarks }) => landmarks) });
          tell(onPrompt, step.prompt);
          signal?.throwIfAborted();
          if (step.ended?.outcome === 'failed') return { outcome: 'failed', gestures, reasons: step.ended.reasons };
          if (step.ended && kept.best) {
            const { frame, face } = kept.best;
            kept.best = null;
            return { outcome: 'passed', gestures, frame, face };
          }
          const [face] = faces;
          if (!step.look || !face) continue;
          if (challenge.report(await check(photo, face, step.look === 'check' ? kept.reference : null))) {
            kept.best?.frame.close();
            kept.best = { frame: bitmap, face };
          }
          if (step.look === 'reference') {
            kept.reference?.image.close();
            kept.reference = { image: photo, face };
          }
        } finally {
          if (photo !== kept.reference?.image) photo?.close();
          if (bitmap !== kept.best?.frame) bitmap.close();
        }
      }
    } finally {
      kept.reference?.image.close();
      kept.best?.frame.close();
    }
  }

  return {
    async run() {
      if (ran) throw new InfaceError('INVALID_INPUT', 'This challenge was run before. Create a new one.');
      ran = true;
      signal?.throwIfAborted();
      const retryAfterMs = lockedForMs(await changeFailures((failures) => failures));
      if (retryAfterMs > 0) return { outcome: 'locked', retryAfterMs: Math.ceil(retryAfterMs) };
      // Count the attempt as failed before it runs, so that leaving the page does not avoid the failure.
      const id = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join('-');
      await changeFailures((failures) => addFailure(failures, id));
      let failed = false;
      try {
        const result = await attempt();
        failed = result.outcome === 'failed';
        return result;
      } finally {
        if (!failed) await changeFailures((failures) => failures.filter((failure) => failure.id !== id));
      }
    },
  };
}

/** Returns the next frame of the source as a new bitmap, which the caller must close. */
async function takeFrame(source: LivenessSource, signal = new AbortController().signal): Promise<ImageBitmap> {
  signal.throwIfAborted();
  const image = await orAborted(typeof source === 'function' ? Promise.resolve(source()) : nextFrame(source), signal);
  return (await toFrame(image, 'source', signal)).bitmap;
}

/** Waits until a video shows a new frame. */
async function nextFrame(video: HTMLVideoElement): Promise<HTMLVideoElement> {
  do {
    // Neither callback fires in a hidden tab: the challenge pauses, but its time keeps running.
    await new Promise((resolve) => {
      // Absent in Firefox before 132.
      if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  } while (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA);
  return video;
}

/** Returns an unpredictable number, at least 0 and below 1. */
function random(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

/** Calls a listener of the application. Reports its errors, which must not break the challenge. */
function tell<T>(listener: ((value: T) => void) | undefined, value: T): void {
  try {
    listener?.(value);
  } catch (error) {
    reportError(error);
  }
}
