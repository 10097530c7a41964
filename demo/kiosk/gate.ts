/** The active challenge before a name: who has passed it, and who has to. */
import {
  createLivenessChallenge,
  type FaceKit,
  type IdentifiedFace,
  type IdentifyOptions,
  type LivenessGesture,
  type LivenessPrompt,
  type LivenessResult,
  type TrackResult,
} from '../../src/index.js';

export type GateResult =
  /** And who it was, on the very frame that passed. */
  | { readonly outcome: 'passed'; readonly face: IdentifiedFace | null }
  | Exclude<LivenessResult, { readonly outcome: 'passed' }>;

export interface Gate {
  /** Whether whoever is named in a frame has to pass first. */
  isClosedTo(result: TrackResult, nowMs: number): boolean;
  /**
   * @param onPrompt gets what the person calls who cannot do what is asked: another gesture is asked for then
   * @returns 'help' for somebody who cannot turn the head, without which nothing can be decided
   */
  ask(
    onPrompt: (prompt: LivenessPrompt, skip: () => void) => void,
    signal: AbortSignal,
  ): Promise<GateResult | { readonly outcome: 'help' }>;
}

const GESTURES: readonly LivenessGesture[] = ['turn-left', 'turn-right', 'look-up', 'come-closer'];

/** Why an attempt ends when the person cannot do what is asked. */
class Skipped extends Error {}

/** Who passed has to be followed again so soon; and may be gone for so long. */
export const GONE_MS = 1_500;

export function createGate(
  kit: FaceKit,
  video: HTMLVideoElement,
  collectionId: string,
  identifyOptions: () => IdentifyOptions,
): Gate {
  /** The track is known as soon as the tracker has found whom the challenge has seen. */
  let passed: { readonly profileId: string; readonly trackId: number | null } | null = null;
  let seenMs = 0;

  return {
    isClosedTo({ faces: [face] }, nowMs) {
      if (passed && nowMs - seenMs > GONE_MS) passed = null;
      if (face?.identification?.outcome !== 'identified') return false;
      const { trackId, identification } = face;
      if (passed?.profileId !== identification.profileId || (passed.trackId ?? trackId) !== trackId) return true;
      passed = { profileId: identification.profileId, trackId };
      seenMs = nowMs;
      return false;
    },
    async ask(onPrompt, signal) {
      passed = null;
      let gestures = GESTURES;
      let result: LivenessResult | null = null;
      while (!result) {
        signal.throwIfAborted();
        if (!gestures.some((gesture) => gesture.startsWith('turn-'))) return { outcome: 'help' };
        const attempt = new AbortController();
        const abort = () => attempt.abort(signal.reason);
        signal.addEventListener('abort', abort);
        let asked: LivenessPrompt['gesture'] = 'look-straight';
        const challenge = createLivenessChallenge(kit, {
          source: video,
          gestures,
          spoof: identifyOptions().spoof === 'require' ? 'require' : 'off',
          onPrompt(prompt) {
            if (prompt.gesture !== 'look-straight') asked = prompt.gesture;
            onPrompt(prompt, () => attempt.abort(new Skipped()));
          },
          signal: attempt.signal,
        });
        try {
          result = await challenge.run();
        } catch (error) {
          if (!(error instanceof Skipped)) throw error;
          gestures = gestures.filter((gesture) => gesture !== asked);
        } finally {
          signal.removeEventListener('abort', abort);
        }
      }
      if (result.outcome !== 'passed') return result;
      try {
        const options = { ...identifyOptions(), maxFaces: 1, signal };
        const [face = null] = (await kit.identify(result.frame, collectionId, options)).faces;
        if (face?.outcome === 'identified') {
          passed = { profileId: face.profileId, trackId: null };
          seenMs = performance.now();
        }
        return { outcome: 'passed', face };
      } finally {
        result.frame.close();
      }
    },
  };
}
