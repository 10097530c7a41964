/** Runs a liveness challenge. Sends frames to the worker one at a time, and its results to the state machine. */
import { InfaceError } from '../../api/errors.js';
import { createChallenge, drawSteps, type ChallengeChecks } from '../../liveness/challenge.js';
import { isTurn } from '../../liveness/gestures.js';
import type { DetectedFace } from '../../api/faces.js';
import type { FaceOperations } from '../../api/kit.js';
import type { OpenImage } from '../../api/open-image.js';
import { SAME_PERSON } from '../../api/similarity.js';
import type {
  LivenessChallenge,
  LivenessGesture,
  LivenessOptions,
  LivenessResult,
  LivenessSource,
} from '../../api/liveness.js';
import { countFailure, readLocks, type LockedFace } from './attempts.js';
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
/** All but `blink`: how often people who are asked to do it fail is not known. */
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

/** Longest wait for a frame after the first one. A camera that was lost gives no more. */
const NO_FRAME_MS = 3_000;

/** The frame that is compared with the later ones, open in the worker. */
interface Reference {
  readonly image: OpenImage;
  readonly face: DetectedFace;
  /** The face, cut out of the frame. */
  readonly picture: ImageBitmap;
}

/** The frame that is returned, with its face. */
interface Shot {
  readonly frame: ImageBitmap;
  readonly face: DetectedFace;
}

/**
 * Creates a challenge that checks whether a living person is in front of the camera. `run` asks for gestures in an
 * unpredictable order, and checks whether a head performs them. See docs/liveness.md for how it decides, and
 * docs/live-checks.md for the attacks that it does not stop.
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

  /** @param locked faces that have to wait */
  async function attempt(locked: readonly LockedFace[]): Promise<LivenessResult> {
    const steps = drawSteps(allowed, count, random);
    const gestures = steps.map(({ gesture }) => gesture);
    const eyes = gestures.includes('blink');
    const challenge = createChallenge({ steps, timeLimitMs, spoof: isChecked, random });
    const kept: { reference: Reference | null; best: Shot | null } = { reference: null, best: null };
    /** Whether the picture of the reference is kept with a failure. */
    let isCounted = false;
    /** Faces that have to wait, to compare with the reference. One per frame, so that no frame takes long. */
    const waiting = [...locked];
    const isSame = async (reference: Reference, picture: ImageBitmap) => {
      const compared = await kit.compare(reference, picture);
      return compared.outcome === 'compared' && compared.score >= SAME_PERSON;
    };

    async function check(photo: OpenImage, face: DetectedFace, reference: Reference | null): Promise<ChallengeChecks> {
      const verdict = isChecked ? await photo.checkSpoof({ ...call, ...rates, face }) : null;
      const compared = reference && (await kit.compare({ image: photo, face }, reference, call));
      return {
        similarity: compared?.outcome === 'compared' ? compared.score : null,
        spoof: verdict?.outcome === 'failure-to-acquire' ? null : verdict,
      };
    }

    // Loads the anti-spoof model before the first frame counts, because a later one must not wait for it.
    let isLoaded = !isChecked;
    try {
      for (let isFirst = true; ; isFirst = false) {
        const bitmap = await takeFrame(source, isFirst ? Infinity : NO_FRAME_MS, signal);
        if (!bitmap) return { outcome: 'interrupted', reason: 'no-frames', advice: [] };
        let photo: OpenImage | null = null;
        try {
          photo = await kit.open(bitmap, { ...call, mode: 'video', detectorSizePx: DETECTOR_SIZE });
          if (!isLoaded) await photo.checkSpoof(call);
          isLoaded = true;
          const { faces } = await photo.detect({ ...call, landmarks: 68, maxFaces: MAX_FACES, eyes });
          const { width, height } = bitmap;
          const timeMs = performance.now();
          const step = challenge.step({
            timeMs,
            width,
            height,
            faces: faces.map(({ landmarks }) => landmarks),
            eyes: faces[0]?.eyes ?? null,
          });
          tell(onPrompt, step.prompt);
          signal?.throwIfAborted();
          const { ended } = step;
          if (ended?.outcome === 'interrupted') return ended;
          if (ended?.outcome === 'failed') {
            // Nothing fails before there is a reference.
            const reference = kept.reference!;
            isCounted = true;
            await countFailure(reference.picture, (picture) => isSame(reference, picture));
            return { ...ended, gestures };
          }
          if (ended && kept.best) {
            const { frame, face } = kept.best;
            kept.best = null;
            return { outcome: 'passed', gestures, frame, face };
          }
          const suspect = kept.reference ? waiting.pop() : undefined;
          if (suspect && (await isSame(kept.reference!, suspect.picture))) {
            return { outcome: 'locked', by: 'face', retryAfterMs: Math.ceil(suspect.retryAfterMs) };
          }
          const [face] = faces;
          if (!step.look || !face) continue;
          if (challenge.report(await check(photo, face, step.look === 'check' ? kept.reference : null))) {
            kept.best?.frame.close();
            kept.best = { frame: bitmap, face };
          }
          if (step.look === 'reference') kept.reference = { image: photo, face, picture: await cutOut(bitmap, face) };
        } finally {
          if (photo !== kept.reference?.image) photo?.close();
          if (bitmap !== kept.best?.frame) bitmap.close();
        }
      }
    } finally {
      kept.reference?.image.close();
      if (!isCounted) kept.reference?.picture.close();
      kept.best?.frame.close();
    }
  }

  return {
    async run() {
      if (ran) throw new InfaceError('INVALID_INPUT', 'This challenge was run before. Create a new one.');
      ran = true;
      signal?.throwIfAborted();
      const { deviceMs, faces } = await readLocks();
      if (deviceMs > 0) return { outcome: 'locked', by: 'device', retryAfterMs: Math.ceil(deviceMs) };
      return attempt(faces);
    },
  };
}

/** Returns the next frame as a new bitmap, which the caller must close. Returns `null` when none came in time. */
async function takeFrame(
  source: LivenessSource,
  patienceMs: number,
  signal = new AbortController().signal,
): Promise<ImageBitmap | null> {
  signal.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    if (patienceMs < Infinity) timer = setTimeout(resolve, patienceMs, null);
  });
  try {
    const next = typeof source === 'function' ? Promise.resolve(source()) : nextFrame(source);
    const image = await orAborted(Promise.race([next, late]), signal);
    return image === null ? null : (await toFrame(image, 'source', signal)).bitmap;
  } finally {
    clearTimeout(timer);
  }
}

/** Cuts a face out of a frame, with as much around it as its detection needs. */
function cutOut(frame: ImageBitmap, { box }: DetectedFace): Promise<ImageBitmap> {
  const [left, top] = [Math.max(0, box.x - box.width / 2), Math.max(0, box.y - box.height / 2)];
  const right = Math.min(frame.width, box.x + 1.5 * box.width);
  const bottom = Math.min(frame.height, box.y + 1.5 * box.height);
  return createImageBitmap(frame, left, top, right - left, bottom - top);
}

/** Waits until a video shows a new frame. */
async function nextFrame(video: HTMLVideoElement): Promise<HTMLVideoElement> {
  do {
    // Neither callback fires in a hidden tab, nor for a camera that was lost.
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
