/**
 * Positions and boxes.
 *
 * Coordinates are pixels of the source image as it is shown (EXIF orientation applied), origin at the top left corner,
 * x to the right, y down. 'Left' and 'right' of a face mean left and right in the image.
 */

/** A position in source pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An upright rectangle in source pixels; it may reach beyond the image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
