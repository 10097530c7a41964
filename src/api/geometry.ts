/**
 * Points and boxes.
 *
 * Coordinates are pixels of the source image as displayed (EXIF orientation applied). The origin is the top left
 * corner; x points right and y down. 'Left' and 'right' of a face mean left and right in the image.
 */

/** A position in source pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An axis-aligned rectangle in source pixels. It may extend beyond the image. */
export interface Box {
  /** Left edge. */
  readonly x: number;
  /** Top edge. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
