/** Limits of arguments and stored data. The page checks arguments against them, and the worker checks backups. */

/** Maximum length of a name, in characters. */
export const MAX_NAME_LENGTH = 200;

/** Maximum length of a consent note, in characters. */
export const MAX_NOTE_LENGTH = 2_000;

/** Maximum length of a profile's metadata, in characters of JSON. */
export const MAX_METADATA_LENGTH = 10_000;

/** Maximum number of images per call of `enroll` or `addImages`. */
export const MAX_IMAGES = 10;

/** Maximum number of open images per kit. */
export const MAX_OPEN_IMAGES = 8;

/** Maximum number of faces per image. */
export const MAX_FACES = 100;
