/** What is shown of what is seen: a name at once, everything else when it stays so for a moment. */
import { CAMERA_HINTS, type CameraHint } from '../../src/client/camera/camera-element.js';
import type { TrackedFace, TrackResult } from '../../src/index.js';
import { certaintyOf } from '../numbers.js';

export type Shown =
  | { readonly kind: 'waiting' | 'unknown' | 'attack' | 'empty' | 'crowd' }
  /** Several people as near as each other: each is named at the face. */
  | { readonly kind: 'group'; readonly result: TrackResult }
  | { readonly kind: 'hint'; readonly hint: CameraHint }
  | { readonly kind: 'name'; readonly profileId: string; readonly name: string | null; readonly score: number };

export interface Decider {
  /** @param nowMs of a clock that only goes on */
  see(result: TrackResult, nowMs: number): Shown;
  reset(): void;
}

/** For so long something other than a name has to be seen: the first frames of a face tell little. */
const STEADY_MS = 800;
/** The height of a face in parts of the picture below which it should come closer. */
const NEAR = 0.2;
const WAITING: Shown = { kind: 'waiting' };

/** Part of the height of the first face from which on another is as near. */
const AS_NEAR = 0.6;

export interface DeciderOptions {
  /** For how long a name stays when its face is gone. */
  readonly holdMs: () => number;
  /** Whether nobody is named while others are as near. */
  readonly oneAtATime: () => boolean;
}

export function createDecider({ holdMs, oneAtATime }: DeciderOptions): Decider {
  let shown: Shown = WAITING;
  /** When it was last seen to be so. */
  let shownMs: number | null = null;
  let seen: Shown = WAITING;
  let seenSinceMs = 0;

  return {
    see(result, nowMs) {
      const [face, ...others] = result.faces;
      const isCrowd = face && others.some(({ box }) => box.height >= AS_NEAR * face.box.height);
      const crowd: Shown = oneAtATime() ? { kind: 'crowd' } : { kind: 'group', result };
      const now = isCrowd ? crowd : face ? judge(face, result) : WAITING;
      if (!isSame(now, seen)) seenSinceMs = nowMs;
      seen = now;
      shownMs ??= nowMs;
      const patienceMs = now.kind === 'name' ? 0 : shown.kind === 'name' && !face ? holdMs() : STEADY_MS;
      // What is seen may keep changing: what is shown must not stay for that.
      const isOutdated = nowMs - shownMs > holdMs() + STEADY_MS;
      if (isSame(now, shown) || nowMs - seenSinceMs >= patienceMs || isOutdated) {
        shown = now;
        shownMs = nowMs;
      }
      return shown;
    },
    reset() {
      shown = seen = WAITING;
      shownMs = null;
    },
  };
}

export function isSame(a: Shown, b: Shown): boolean {
  return (
    a.kind === b.kind &&
    (a.kind !== 'name' || a.profileId === (b as typeof a).profileId) &&
    (a.kind !== 'hint' || a.hint === (b as typeof a).hint)
  );
}

function judge(face: TrackedFace, { height }: TrackResult): Shown {
  const { identification, quality, spoof } = face;
  const unjudged = spoof?.outcome === 'not-judged' ? spoof.reasons : [];
  // A verdict takes several frames, also where it is only reported.
  if (!identification || unjudged.includes('few-frames')) return WAITING;
  if (identification.outcome === 'identified') {
    const { profileId, name, candidates } = identification;
    return { kind: 'name', profileId, name, score: certaintyOf(candidates) };
  }
  if (identification.reason === 'empty-collection') return { kind: 'empty' };
  if (identification.reason === 'attack') return { kind: 'attack' };
  if (face.box.height / height < NEAR) return { kind: 'hint', hint: 'come-closer' };
  // Somebody unknown who is seen badly may be somebody known.
  const unseen =
    identification.reason === 'spoof-not-judged' ? unjudged.filter((reason) => reason !== 'few-frames') : [];
  const [issue] = [...unseen, ...quality.unusable];
  return issue ? { kind: 'hint', hint: CAMERA_HINTS[issue] } : { kind: 'unknown' };
}
