/** Limits of what a caller may pass or store. The page checks arguments by them, the worker the content of a backup. */

/** Maximum length of a name, in characters. */
export const MAX_NAME_LENGTH = 200;

/** Maximum length of a consent note, in characters. */
export const MAX_NOTE_LENGTH = 2_000;

/** Maximum length of a profile's metadata, in characters of JSON. */
export const MAX_METADATA_LENGTH = 10_000;

/** Maximum number of images that a profile takes at once. */
export const MAX_IMAGES = 10;

/** Maximum number of images that a kit keeps open. */
export const MAX_OPEN_IMAGES = 8;

/** Maximum number of faces that an image is searched for. */
export const MAX_FACES = 100;
