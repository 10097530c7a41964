/** Limits of arguments and stored data, public so that a form can show them. */

/** Maximum length of a name, as `String.length`; longer is `LIMIT_EXCEEDED`. */
export const MAX_NAME_LENGTH = 200;

/** Maximum length of a consent note, as `String.length`; longer is `LIMIT_EXCEEDED`. */
export const MAX_NOTE_LENGTH = 2_000;

/** Maximum length of a profile's metadata, as `String.length` of its JSON; longer is `LIMIT_EXCEEDED`. */
export const MAX_METADATA_LENGTH = 10_000;

/** Maximum number of images per call of `enroll` or `addImages`; more is `LIMIT_EXCEEDED`. */
export const MAX_IMAGES = 10;

/** Maximum number of open images per kit. Opening another one closes the least recently used one. */
export const MAX_OPEN_IMAGES = 8;

/** Maximum number of trackers with frames in the last 3 seconds, per kit. A frame of another is `LIMIT_EXCEEDED`. */
export const MAX_TRACKERS = 32;

/** Number of identified faces that a kit remembers for `reject`. Another one replaces the oldest. */
export const MAX_IDENTIFICATIONS = 200;

/** Maximum number of pending calls per kit, those to its owners included; more are `LIMIT_EXCEEDED`. */
export const MAX_PENDING_CALLS = 256;

/** Maximum number of faces per image, and of the option `maxFaces`; more is `INVALID_INPUT`. */
export const MAX_FACES = 100;
