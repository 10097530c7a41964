/** The active challenge before a name: who has passed it, and who has to. */
import {
  createLivenessChallenge,
  type FaceKit,
  type IdentifiedFace,
  type IdentifyOptions,
  type LivenessPrompt,
  type TrackResult,
} from '../../src/index.js';

export type GateResult =
  /** And who it was, on the very frame that passed. */
  | { readonly outcome: 'passed'; readonly face: IdentifiedFace | null }
  | { readonly outcome: 'failed'; readonly reasons: readonly string[] }
  | { readonly outcome: 'locked'; readonly retryAfterMs: number };

export interface Gate {
  /** Whether whoever is named in a frame has to pass first. */
  isClosedTo(result: TrackResult, nowMs: number): boolean;
  ask(onPrompt: (prompt: LivenessPrompt) => void, signal: AbortSignal): Promise<GateResult>;
}

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
      const { spoof } = identifyOptions();
      const challenge = createLivenessChallenge(kit, {
        source: video,
        spoof: spoof === 'require' ? 'require' : 'off',
        onPrompt,
        signal,
      });
      const result = await challenge.run();
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
