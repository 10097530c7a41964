/** What the page says about errors, refusals and numbers. */
import {
  InfaceError,
  type ErrorCode,
  type Identification,
  type RejectionReason,
  type SpoofVerdict,
} from '../src/index.js';

/** What happened, in words for whoever looks at the page. Never an exception's own text, unless the kit wrote it. */
export function explain(error: unknown): string {
  if (error instanceof InfaceError && error.code !== 'INTERNAL') return error.message;
  if (isAbort(error)) return 'Cancelled.';
  // For developers, in the console: the user can do nothing with it.
  reportError(error);
  return 'Something went wrong that this page did not expect. Reload it and try again.';
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

const START_ADVICE: Partial<Record<ErrorCode, string>> = {
  MODEL_LOAD_FAILED: 'The models could not be loaded. Check the connection and try again.',
  MODEL_INTEGRITY_FAILED: 'A model file arrived damaged or is of another version, so it is not used.',
  BACKEND_UNAVAILABLE: 'This browser cannot run the models. A current Chrome, Edge, Firefox or Safari can.',
  INFERENCE_FAILED: 'The models were loaded but do not run in this browser.',
  WORKER_CRASHED: 'The models could not be started. The device may be short of memory: close other tabs and try again.',
  STORAGE_UNAVAILABLE: 'This browser does not let the page store anything. Private windows often do not.',
  STORAGE_BLOCKED: 'Another tab has an older version of this page open. Close it and try again.',
};

/** What a failed start means for the user; the detail is {@link explain}'s. */
export function adviseOnStart(error: unknown): string {
  const advice = error instanceof InfaceError ? START_ADVICE[error.code] : undefined;
  return advice ?? 'The page could not be made ready.';
}

const REFUSALS: Record<RejectionReason, string> = {
  'no-face': 'no face was found',
  'many-faces': 'it shows several faces',
  'no-face-at-point': 'the chosen face was not found again',
  'too-small': 'the face is too small',
  'too-dark': 'it is too dark',
  'too-bright': 'it is too bright',
  blurred: 'it is blurred',
  'extreme-pose': 'the head is turned too far',
  'not-the-same-person': 'it seems to show somebody else',
  'duplicate-of': 'it looks like somebody who is enrolled already',
  attack: 'it seems to be a photo or a screen',
  'spoof-not-judged': 'the face cannot be seen well enough to tell whether it is really there',
};

/** Why an image gave no template. */
export function describeRefusal(reasons: readonly RejectionReason[]): string {
  return `Not used: ${reasons.map((reason) => REFUSALS[reason]).join(', ')}.`;
}

/** What the anti-spoof check says of the largest face. */
export function describeSpoof(spoof: SpoofVerdict | null): string {
  if (!spoof) return 'No face to check.';
  if (spoof.verdict === 'not-judged') {
    return `Cannot tell whether the face is really there: ${spoof.reasons.map((reason) => REFUSALS[reason]).join(', ')}.`;
  }
  const score = spoof.bonaFideScore.toFixed(2);
  return spoof.verdict === 'bona-fide'
    ? `The face seems to be really there (${score}).`
    : `The face seems to be a photo or a screen (${score}).`;
}

/** What the camera's refusal means. */
export function explainCamera(error: unknown): string {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The camera is not allowed for this page. Allow it beside the address of the page, then start it again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'No camera was found. Connect one, then start it again.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera gives no picture. Another program may be using it: close that one, then start it again.';
    case 'InsecureContextError':
      return 'The camera works on https pages and on localhost only.';
    default:
      return explain(error);
  }
}

/** The name that a face gets and how near it is; `null` where nobody was looked for. */
export function nameOf(identity: Identification | null): { name: string; known: boolean; score: number | null } | null {
  if (!identity) return null;
  if (identity.decision === 'unknown') return { name: 'unknown', known: false, score: null };
  const { profileId } = identity;
  const score = identity.candidates.find((candidate) => candidate.profileId === profileId)?.score ?? null;
  return { name: identity.name ?? 'no name', known: true, score };
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
