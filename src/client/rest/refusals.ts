/** Error responses: refusals of the REST facade, and errors of the kit. */
import type { ImageReport } from '../../api/enrollment.js';
import { InfaceError, type ErrorCode } from '../../api/errors.js';
import type { RestFailure } from '../../wire/rest.js';
import { toImageLists } from './answers.js';

/** A refusal by the REST facade itself, not an error of the kit. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The HTTP status of each error code of the kit. The response includes the message, except with 500. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  LIMIT_EXCEEDED: 400,
  COLLECTION_EMPTY: 400,
  PROFILE_NOT_FOUND: 404,
  COLLECTION_NOT_FOUND: 404,
  API_KEY_NOT_FOUND: 404,
  IDENTIFICATION_NOT_FOUND: 404,
  PROFILE_GONE: 410,
  COLLECTION_GONE: 410,
  BACKEND_UNAVAILABLE: 503,
  CLOSED: 503,
  DEVICE_LOST: 503,
  EMBEDDING_SPACE_MISMATCH: 503,
  ENVIRONMENT_UNSUPPORTED: 503,
  MODEL_INTEGRITY_FAILED: 503,
  MODEL_LOAD_FAILED: 503,
  SPOOF_MODEL_UNAVAILABLE: 503,
  EYE_MODEL_UNAVAILABLE: 503,
  STORAGE_BLOCKED: 503,
  STORAGE_DENIED: 503,
  STORAGE_LOST: 503,
  STORAGE_QUOTA_EXCEEDED: 503,
  STORAGE_UNAVAILABLE: 503,
  TRAINING_ABORTED: 503,
  TEMPLATES_UNREADABLE: 503,
  VAULT_LOCKED: 503,
  WORKER_CRASHED: 503,
  WORKER_LOAD_FAILED: 503,
  // Not expected, because no route opens an image, exports, imports, unlocks or joins a fleet.
  FLEET_ACCESS_DENIED: 500,
  FLEET_KEY_OUTDATED: 500,
  FLEET_KEY_MISSING: 500,
  FLEET_UNREACHABLE: 500,
  IMAGE_CLOSED: 500,
  BACKUP_INVALID: 500,
  WRONG_PASSPHRASE: 500,
  INFERENCE_FAILED: 500,
  INTERNAL: 500,
};

/** @param imageNames the fields with images, in the order in which the kit got them */
export function toFailure(error: unknown, imageNames: readonly string[] = []): Response {
  const failure = { success: false, data: null } as const;
  if (error instanceof Refusal) {
    return toResponse(error.status, { ...failure, message: error.message } satisfies RestFailure, error.headers);
  }
  if (error instanceof InfaceError && STATUS[error.code] !== 500) {
    const { code } = error;
    return toResponse(STATUS[code], {
      ...failure,
      message: inFieldNames(error.message, imageNames),
      code,
    } satisfies RestFailure);
  }
  // Report the error on the page. The response does not reveal it to the client.
  reportError(error);
  return toResponse(500, { ...failure, message: 'The request failed inside.' } satisfies RestFailure);
}

/** Replaces the kit's argument names in a message with the field names that the client sent. */
function inFieldNames(message: string, imageNames: readonly string[]): string {
  return message
    .replace(/^images\[(\d+)\](\.image)?/, (whole, index: string) => imageNames[Number(index)] ?? whole)
    .replace(/^(image|probe)(\.image)?(?= )/, 'img');
}

export function toResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { ...headers, 'cache-control': 'no-store' } });
}

export function noFace(reason: string): Refusal {
  return new Refusal(400, `img shows no face that can be used: ${reason}.`);
}

/** @param names of the fields, in the order of the reports */
export function noneUsable(reports: readonly ImageReport[], names: readonly string[]): Refusal {
  const { rejected } = toImageLists(reports, names);
  const reasons = rejected.map(({ img, reasons }) => `${img}: ${reasons.join(', ')}`).join('; ');
  return new Refusal(400, `No image can be used, and nothing was stored. ${reasons}.`);
}
