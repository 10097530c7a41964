/** Decides whether a face is bona fide from several frames of its track on which it was checked. */
import type { SpoofIssue, SpoofVerdict } from '../api/spoof.js';

/** Least time between two checks of a face. Frames that are closer show the same pose, light and noise. */
const CHECK_EVERY_MS = 150;
/** Number of frames that a verdict needs. With three, a bad one can be left out and two have to agree. */
const MIN_FRAMES = 3;
/** Number of frames that a verdict is made of at most: the last second, at one check every 150 ms. */
const MAX_FRAMES = 7;
/** Age beyond which a frame no longer counts. */
const MAX_AGE_MS = 3_000;
/** Limit of the logit of a frame. Beyond it, models are wrong more often than they say. */
const MAX_LOGIT = 6;
/** Least weight of a frame: `too-small` and other reasons keep the worst ones out. */
const MIN_WEIGHT = 0.1;

/** A frame on which the face was judged. */
export interface Judged {
  readonly logit: number;
  /** Quality score of the face. */
  readonly weight: number;
  readonly atMs: number;
}

/** The checks of one face. Immutable. Never moved to another face. */
export interface SpoofEvidence {
  /** Oldest first. */
  readonly judged: readonly Judged[];
  /** Why there was no verdict on the last frame; empty if there was one. */
  readonly reasons: readonly SpoofIssue[];
  /** Time of the first and of the last check. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export const NO_EVIDENCE: SpoofEvidence = { judged: [], reasons: [], firstMs: Infinity, lastMs: -Infinity };

/** Returns whether it is time for another check. */
export function isCheckDue({ lastMs }: SpoofEvidence, atMs: number): boolean {
  return atMs - lastMs >= CHECK_EVERY_MS;
}

/**
 * Adds the verdict on a frame.
 * @param quality score of the face in this frame, 0..1
 */
export function addVerdict(
  { judged, firstMs }: SpoofEvidence,
  verdict: SpoofVerdict,
  quality: number,
  atMs: number,
): SpoofEvidence {
  const times = { firstMs: Math.min(firstMs, atMs), lastMs: atMs };
  if (verdict.outcome === 'not-judged') return { judged, reasons: verdict.reasons, ...times };
  return { judged: [...judged, toJudged(verdict, quality, atMs)].slice(-MAX_FRAMES), reasons: [], ...times };
}

/** @param quality score of the face in the frame, 0..1 */
export function toJudged(
  { bonaFideScore: score }: Exclude<SpoofVerdict, { readonly outcome: 'not-judged' }>,
  quality: number,
  atMs: number,
): Judged {
  const logit = Math.min(MAX_LOGIT, Math.max(-MAX_LOGIT, Math.log(score / (1 - score))));
  return { logit, weight: Math.max(MIN_WEIGHT, quality), atMs };
}

/** Returns the verdict over the recent frames: `not-judged` while there are too few of them. */
export function decideSpoof(
  { judged, reasons }: SpoofEvidence,
  { modelId, threshold }: { readonly modelId: string; readonly threshold: number },
  atMs: number,
): SpoofVerdict {
  const recent = judged.filter((frame) => atMs - frame.atMs <= MAX_AGE_MS);
  const bonaFideScore = scoreOver(recent);
  if (bonaFideScore === null) {
    return { outcome: 'not-judged', reasons: reasons.length > 0 ? reasons : ['few-frames'], modelId };
  }
  // Written so that NaN counts as an attack.
  const outcome = bonaFideScore >= threshold ? 'bona-fide' : 'attack';
  return { outcome, bonaFideScore, threshold, modelId };
}

/** Returns the score over several frames, 0..1, or `null` when there are too few of them. */
export function scoreOver(frames: readonly Judged[]): number | null {
  return frames.length < MIN_FRAMES ? null : 1 / (1 + Math.exp(-robustMean(frames)));
}

/**
 * Returns the mean of the logits, weighted by quality. The one that is farthest from the median is left out, so one bad
 * frame changes nothing, whatever its weight.
 */
function robustMean(frames: readonly Judged[]): number {
  const sorted = frames.toSorted((a, b) => a.logit - b.logit);
  const at = (i: number) => (sorted[i] as Judged).logit;
  const median = (at((sorted.length - 1) >> 1) + at(sorted.length >> 1)) / 2;
  const kept = at(sorted.length - 1) - median > median - at(0) ? sorted.slice(0, -1) : sorted.slice(1);
  const [sum, weights] = kept.reduce(([s, w], { logit, weight }) => [s + weight * logit, w + weight], [0, 0]);
  return sum / weights;
}
