/** Keeps the images that a page opened, so that several calls can use one. */
import { InfaceError } from '../../api/errors.js';
import { MAX_OPEN_IMAGES } from '../../api/limits.js';
import type { Picture } from './acquisition.js';

export interface OpenImages {
  /** Keeps an image under its id. Beyond {@link MAX_OPEN_IMAGES}, the least recently used image is closed. */
  readonly keep: (imageId: string, picture: Picture) => void;
  /**
   * Returns an open image, which then counts as the most recently used one.
   * @throws InfaceError `IMAGE_CLOSED` if it is not open
   */
  readonly recall: (imageId: string) => Picture;
  readonly close: (imageId: string) => void;
  readonly count: () => number;
  /** Returns the size of the pixels of all open images, in bytes. */
  readonly bytes: () => number;
}

/** @param onClosed called when an image is closed because the limit was exceeded */
export function createOpenImages(onClosed: (imageId: string) => void): OpenImages {
  /** By id, least recently used first. */
  const pictures = new Map<string, Picture>();
  return {
    keep(imageId, picture) {
      pictures.set(imageId, picture);
      const [oldest] = pictures.keys();
      if (pictures.size > MAX_OPEN_IMAGES && oldest !== undefined) {
        pictures.delete(oldest);
        onClosed(oldest);
      }
    },
    recall(imageId) {
      const picture = pictures.get(imageId);
      if (!picture) {
        throw new InfaceError(
          'IMAGE_CLOSED',
          `The image '${imageId}' was closed: by close(), because more than ${MAX_OPEN_IMAGES} images were open, or ` +
            'with the worker. Open it again.',
        );
      }
      pictures.delete(imageId);
      pictures.set(imageId, picture);
      return picture;
    },
    close(imageId) {
      pictures.delete(imageId);
    },
    count: () => pictures.size,
    bytes: () => [...pictures.values()].reduce((sum, { pixels }) => sum + pixels.data.byteLength, 0),
  };
}
