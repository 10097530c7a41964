/** The error class of the kit, and its conversion for the transfer from the worker to the page. */

/**
 * The reason why a call failed. Outcomes such as 'no face' or 'unknown' are values of the results, not errors.
 *
 * Each code has its cause and, after the dash, its remedy. `docs/troubleshooting.md` has the same list.
 *
 * - `INVALID_INPUT`: an argument has the wrong type, is out of range, or is an image that cannot be decoded -
 *   correct the argument that the message names
 * - `LIMIT_EXCEEDED`: the call has more images, pixels or characters than allowed, or too many calls or trackers are active -
 *   pass less at once, or wait for the running calls; `MAX_IMAGES` and the other exported limits have the numbers
 * - `ENVIRONMENT_UNSUPPORTED`: there is no page, it is not served over https, or its policies forbid what the kit needs -
 *   create the kit in a page served over https or from localhost; `inface doctor URL` names a policy that is too strict
 * - `WORKER_LOAD_FAILED`: the script of the worker could not be loaded -
 *   serve `worker.js` with the assets as JavaScript and allow it in `worker-src`; `inface doctor URL` checks both
 * - `MODEL_LOAD_FAILED`: a model, the manifest or the wasm runtime could not be fetched or read -
 *   check that `assetsUrl` leads to the folder that `inface assets` made, and that missing files are not answered with a page
 * - `MODEL_INTEGRITY_FAILED`: the size or SHA-256 of a fetched file differs from the manifest -
 *   run `inface assets` again after an update, and deploy its files unchanged
 * - `INFERENCE_FAILED`: a model failed while running, or its outputs do not match its manifest entry -
 *   correct the entry if you brought the model; for a shipped model report it, and try `backend: 'wasm'`
 * - `BACKEND_UNAVAILABLE`: this browser does not support the requested backend -
 *   leave `backend` out, so that the kit chooses one that works
 * - `DEVICE_LOST`: the GPU was lost, and the retry on wasm also failed -
 *   call again; pass `backend: 'wasm'` if it keeps happening on this device
 * - `WORKER_CRASHED`: the worker ended; the next call starts a new one -
 *   call again; if it repeats, the page or device is short of memory: pass smaller images and close what you opened
 * - `EMBEDDING_SPACE_MISMATCH`: the templates to compare are from different embedders -
 *   keep the old models in the assets until everybody has migrated, or enroll the person again
 * - `SPOOF_MODEL_UNAVAILABLE`: an anti-spoof check was requested, but the manifest has no model for it -
 *   use a set with an anti-spoof model, or leave `spoof` out; never read it as a pass
 * - `EYE_MODEL_UNAVAILABLE`: the state of eyes was requested, but the set of models has none for it -
 *   use the default set, or leave out `eyes` and the blink of a challenge
 * - `PROFILE_NOT_FOUND`: no profile has this id - list the profiles again; ids are those of this origin and database
 * - `COLLECTION_NOT_FOUND`: no collection has this id - list the collections again; ids are those of this origin and database
 * - `API_KEY_NOT_FOUND`: no API key has this id - list the keys again, and pass the id of a key, not its secret
 * - `PROFILE_GONE`: the profile with this id was deleted - remove it from what you show; enroll the person again if needed
 * - `COLLECTION_GONE`: the collection with this id was deleted - remove it from what you show, or create another
 * - `IDENTIFICATION_NOT_FOUND`: the kit no longer stores this identification, or it had no candidate -
 *   call `reject` soon after `identify`, in the same kit, for a face with candidates
 * - `COLLECTION_EMPTY`: the collection to train has no templates - enroll somebody into it first
 * - `TRAINING_ABORTED`: `abortTraining()` or the deletion of the collection ended the training -
 *   nothing; train again when the collection is complete
 * - `STORAGE_QUOTA_EXCEEDED`: the browser refused to store more data; nothing was written -
 *   free space on the disk or delete profiles, then repeat the call; `storage.usage()` has the figures
 * - `STORAGE_LOST`: the database was deleted with all data in it -
 *   import a backup with `backup.import()`, or accept the loss with `storage.startAnew()`
 * - `STORAGE_UNAVAILABLE`: IndexedDB cannot be opened or used -
 *   close other tabs of the site and reload; a damaged browser profile needs its site data cleared, then a backup
 * - `STORAGE_DENIED`: the browser no longer lets this page store anything, because cookies were blocked in the meantime -
 *   allow cookies for the site and reload the page
 * - `STORAGE_BLOCKED`: another tab keeps an older version of the database open - close or reload the other tabs
 * - `VAULT_LOCKED`: a passphrase protects the templates, and `vault.unlock()` was not called -
 *   ask for the passphrase and call `vault.unlock()`
 * - `WRONG_PASSPHRASE`: the passphrase does not open the vault or the backup -
 *   ask again; without the passphrase the data cannot be opened
 * - `TEMPLATES_UNREADABLE`: the key of stored data was destroyed, or the data was altered -
 *   import a backup, or call `storage.eraseAll()` and enroll again
 * - `BACKUP_INVALID`: the file is not a backup, or was truncated or altered; nothing was imported -
 *   choose another copy of the file
 * - `FLEET_UNREACHABLE`: no server of the fleet answers, or its bucket cannot be used -
 *   check the network, the certificate and the bucket of the server; the fleet tries again, and sends later what changed
 * - `FLEET_ACCESS_DENIED`: the server of the fleet refused the credentials, or a permission is missing -
 *   check the user and password of the kiosk, and the permissions in the configuration of the server
 * - `FLEET_KEY_OUTDATED`: the fleet key was replaced, or is that of another fleet -
 *   join with the key that the operator has now; changes made here are kept until then
 * - `FLEET_KEY_MISSING`: the vault has no key of the fleet, because this kiosk never joined, or its store or key was erased -
 *   join with the fleet key; a kiosk that writes also needs the owner key again
 * - `IMAGE_CLOSED`: the open image was closed by `close()`, by the limit of 8 open images, or with its worker -
 *   open it again with `kit.open`, and close images that are no longer needed
 * - `CLOSED`: the kit was closed - create another kit
 * - `INTERNAL`: the kit has a bug - please report it with the message and the browser
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
  | 'FLEET_UNREACHABLE'
  | 'FLEET_ACCESS_DENIED'
  | 'FLEET_KEY_OUTDATED'
  | 'FLEET_KEY_MISSING'
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
