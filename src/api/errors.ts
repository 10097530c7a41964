/** The error class of the kit, and its conversion for the transfer from the worker to the page. */

/**
 * The reason why a call failed. Outcomes such as 'no face' or 'unknown' are values of the results, not errors.
 *
 * - `INVALID_INPUT`: an argument has the wrong type, is out of range, or is an image that cannot be decoded
 * - `LIMIT_EXCEEDED`: the call has more images, pixels or characters than allowed, or too many calls or trackers are active
 * - `ENVIRONMENT_UNSUPPORTED`: there is no page, it is not served over https, or its policies forbid what the kit needs
 * - `WORKER_LOAD_FAILED`: the script of the worker could not be loaded
 * - `MODEL_LOAD_FAILED`: a model, the manifest or the wasm runtime could not be fetched or read
 * - `MODEL_INTEGRITY_FAILED`: the size or SHA-256 of a fetched file differs from the manifest
 * - `INFERENCE_FAILED`: a model failed while running, or its outputs do not match its manifest entry
 * - `BACKEND_UNAVAILABLE`: this browser does not support the requested backend
 * - `DEVICE_LOST`: the GPU was lost, and the retry on wasm also failed
 * - `WORKER_CRASHED`: the worker ended; the next call starts a new one
 * - `EMBEDDING_SPACE_MISMATCH`: the templates to compare are from different embedders
 * - `SPOOF_MODEL_UNAVAILABLE`: an anti-spoof check was requested, but the manifest has no model for it
 * - `EYE_MODEL_UNAVAILABLE`: the state of eyes was requested, but the set of models has none for it
 * - `PROFILE_NOT_FOUND`, `COLLECTION_NOT_FOUND`, `API_KEY_NOT_FOUND`: no record has this id
 * - `PROFILE_GONE`, `COLLECTION_GONE`: the record with this id was deleted
 * - `IDENTIFICATION_NOT_FOUND`: the kit no longer stores this identification, or it had no candidate
 * - `COLLECTION_EMPTY`: the collection to train has no templates
 * - `TRAINING_ABORTED`: `abortTraining()` or the deletion of the collection ended the training
 * - `STORAGE_QUOTA_EXCEEDED`: the browser refused to store more data; nothing was written
 * - `STORAGE_LOST`: the database was deleted with all data in it; import a backup or call `storage.startAnew()`
 * - `STORAGE_UNAVAILABLE`: IndexedDB cannot be opened or used
 * - `STORAGE_DENIED`: the browser no longer lets this page store anything, because cookies were blocked in the meantime
 * - `STORAGE_BLOCKED`: another tab keeps an older version of the database open
 * - `VAULT_LOCKED`: a passphrase protects the templates, and `vault.unlock()` was not called
 * - `WRONG_PASSPHRASE`: the passphrase does not open the vault or the backup
 * - `TEMPLATES_UNREADABLE`: the key of stored data was destroyed, or the data was altered
 * - `BACKUP_INVALID`: the file is not a backup, or was truncated or altered; nothing was imported
 * - `IMAGE_CLOSED`: the open image was closed by `close()`, by the limit of 8 open images, or with its worker
 * - `CLOSED`: the kit was closed
 * - `INTERNAL`: the kit has a bug; please report it
 */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'LIMIT_EXCEEDED'
  | 'ENVIRONMENT_UNSUPPORTED'
  | 'WORKER_LOAD_FAILED'
  | 'MODEL_LOAD_FAILED'
  | 'MODEL_INTEGRITY_FAILED'
  | 'INFERENCE_FAILED'
  | 'BACKEND_UNAVAILABLE'
  | 'DEVICE_LOST'
  | 'WORKER_CRASHED'
  | 'EMBEDDING_SPACE_MISMATCH'
  | 'SPOOF_MODEL_UNAVAILABLE'
  | 'EYE_MODEL_UNAVAILABLE'
  | 'PROFILE_NOT_FOUND'
  | 'COLLECTION_NOT_FOUND'
  | 'API_KEY_NOT_FOUND'
  | 'PROFILE_GONE'
  | 'COLLECTION_GONE'
  | 'IDENTIFICATION_NOT_FOUND'
  | 'COLLECTION_EMPTY'
  | 'TRAINING_ABORTED'
  | 'STORAGE_QUOTA_EXCEEDED'
  | 'STORAGE_LOST'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_DENIED'
  | 'STORAGE_BLOCKED'
  | 'VAULT_LOCKED'
  | 'WRONG_PASSPHRASE'
  | 'TEMPLATES_UNREADABLE'
  | 'BACKUP_INVALID'
  | 'IMAGE_CLOSED'
  | 'CLOSED'
  | 'INTERNAL';

/** The error that every operation of the kit throws. Its message states what happened, the value, and what to do. */
export class InfaceError extends Error {
  override readonly name = 'InfaceError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * An error as plain data, which the worker returns instead of throwing. Otherwise `code` would be lost, because comlink
 * copies only `message`, `name` and `stack` of a thrown error.
 */
export interface WireError {
  readonly code: ErrorCode | 'ABORTED';
  readonly message: string;
  readonly stack?: string | undefined;
}

/**
 * Converts any thrown value to plain data; the inverse is {@link fromWire}. An `AbortError` gets the code `ABORTED`.
 */
export function toWire(error: unknown): WireError {
  if (error instanceof InfaceError) return { code: error.code, message: error.message, stack: error.stack };
  if (error instanceof Error) {
    const code = error.name === 'AbortError' ? 'ABORTED' : 'INTERNAL';
    return { code, message: `${error.name}: ${error.message}`, stack: error.stack };
  }
  return { code: 'INTERNAL', message: `A value that is not an error was thrown: ${String(error)}` };
}

/**
 * Rebuilds the error on the page. An aborted call is not expected here, because the page throws its signal's reason
 * instead.
 */
export function fromWire(error: WireError): InfaceError {
  const rebuilt = new InfaceError(error.code === 'ABORTED' ? 'INTERNAL' : error.code, error.message);
  if (error.stack !== undefined) rebuilt.stack = error.stack;
  return rebuilt;
}
