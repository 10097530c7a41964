/** The one error class of the kit, and how it crosses from the worker to the page. */

/**
 * Why a call failed. Outcomes such as 'no face' or 'unknown' are values of the results, not errors.
 *
 * - `INVALID_INPUT`: an argument has the wrong type, is out of range, or is an image that cannot be decoded
 * - `LIMIT_EXCEEDED`: more images, faces or characters than a call takes
 * - `MODEL_LOAD_FAILED`: a model, the manifest or the wasm runtime could not be fetched or read
 * - `MODEL_INTEGRITY_FAILED`: a fetched file is not the one the manifest names (size or SHA-256 differ)
 * - `INFERENCE_FAILED`: a model ran and failed, or its outputs are not what its manifest entry says
 * - `BACKEND_UNAVAILABLE`: the backend that was asked for does not exist in this browser
 * - `DEVICE_LOST`: the GPU was lost and the repeated call failed as well
 * - `WORKER_CRASHED`: the worker ended; the next call starts a new one
 * - `EMBEDDING_SPACE_MISMATCH`: templates of different embedders were about to be compared
 * - `SPOOF_MODEL_UNAVAILABLE`: an anti-spoof check was asked for and the manifest holds no such model
 * - `PROFILE_NOT_FOUND`, `COLLECTION_NOT_FOUND`, `API_KEY_NOT_FOUND`: no record has this id
 * - `PROFILE_GONE`, `COLLECTION_GONE`: the record with this id was deleted
 * - `IDENTIFICATION_NOT_FOUND`: the kit does not remember this identification, or it had no candidate
 * - `COLLECTION_EMPTY`: a collection without templates cannot be trained
 * - `TRAINING_ABORTED`: the training was ended by `abortTraining()`
 * - `STORAGE_QUOTA_EXCEEDED`: the browser refused to store more; nothing was written
 * - `STORAGE_UNAVAILABLE`: IndexedDB cannot be opened or used
 * - `STORAGE_BLOCKED`: another tab holds an older version of the database open
 * - `VAULT_LOCKED`: a passphrase protects the templates, and `vault.unlock()` was not called
 * - `WRONG_PASSPHRASE`: the passphrase does not open the vault or the backup
 * - `TEMPLATES_UNREADABLE`: stored data was encrypted with a key that was destroyed, or it was altered
 * - `BACKUP_INVALID`: a file is no backup, was truncated or altered; nothing was imported
 * - `IMAGE_CLOSED`: an open image was closed, by `close()`, by more than 8 open images, or with its worker
 * - `CLOSED`: the kit was closed
 * - `INTERNAL`: a defect of the kit; please report it
 */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'LIMIT_EXCEEDED'
  | 'MODEL_LOAD_FAILED'
  | 'MODEL_INTEGRITY_FAILED'
  | 'INFERENCE_FAILED'
  | 'BACKEND_UNAVAILABLE'
  | 'DEVICE_LOST'
  | 'WORKER_CRASHED'
  | 'EMBEDDING_SPACE_MISMATCH'
  | 'SPOOF_MODEL_UNAVAILABLE'
  | 'PROFILE_NOT_FOUND'
  | 'COLLECTION_NOT_FOUND'
  | 'API_KEY_NOT_FOUND'
  | 'PROFILE_GONE'
  | 'COLLECTION_GONE'
  | 'IDENTIFICATION_NOT_FOUND'
  | 'COLLECTION_EMPTY'
  | 'TRAINING_ABORTED'
  | 'STORAGE_QUOTA_EXCEEDED'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_BLOCKED'
  | 'VAULT_LOCKED'
  | 'WRONG_PASSPHRASE'
  | 'TEMPLATES_UNREADABLE'
  | 'BACKUP_INVALID'
  | 'IMAGE_CLOSED'
  | 'CLOSED'
  | 'INTERNAL';

/** Thrown by every operation of the kit. The message says what happened, with which value, and what to do. */
export class InfaceError extends Error {
  override readonly name = 'InfaceError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * An error as plain data. comlink copies only `message`, `name` and `stack` of an error, so the code would be lost:
 * the worker answers with this instead of throwing.
 */
export interface WireError {
  readonly code: ErrorCode | 'ABORTED';
  readonly message: string;
  readonly stack?: string | undefined;
}

/** Any thrown value as plain data; the inverse is {@link fromWire}. An abort of the caller keeps its own code. */
export function toWire(error: unknown): WireError {
  if (error instanceof InfaceError) return { code: error.code, message: error.message, stack: error.stack };
  if (error instanceof Error) {
    const code = error.name === 'AbortError' ? 'ABORTED' : 'INTERNAL';
    return { code, message: `${error.name}: ${error.message}`, stack: error.stack };
  }
  return { code: 'INTERNAL', message: `A value that is no error was thrown: ${String(error)}` };
}

/** Rebuilds the error on the page. `ABORTED` never gets here: the page throws its own signal's reason instead. */
export function fromWire(error: WireError): InfaceError {
  const rebuilt = new InfaceError(error.code === 'ABORTED' ? 'INTERNAL' : error.code, error.message);
  if (error.stack !== undefined) rebuilt.stack = error.stack;
  return rebuilt;
}
