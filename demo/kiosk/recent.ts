/** The last people at the kiosk, with a picture of each, so that mistakes can be corrected. In the memory of the page only. */
import type { Box, Point } from '../../src/index.js';
import type { KioskEvent, Subject } from './log.js';

const MOST = 20;
export const KEPT_MINUTES = 10;
/** The picture around a face, in heights of the face: enough for the detector and for whoever looks at it. */
const AROUND = 2.2;
/** Longest side of a picture in pixels; the models need no more. */
const MAX_SIDE = 480;

export interface Sighting {
  /** By the clock of the device, in milliseconds. */
  readonly atMs: number;
  readonly event: Extract<KioskEvent, 'identified' | 'unknown' | 'attack'>;
  /** Who was named, or else who is the nearest; null without candidates. */
  readonly subject: Subject | null;
  readonly picture: HTMLCanvasElement;
  /** The center of the face in the picture. */
  readonly face: Point;
}

export interface Recent {
  /** Newest first. */
  readonly sightings: readonly Sighting[];
  add(sighting: Sighting): void;
  /** Keeps the picture with another decision, for as long as before. */
  replace(sighting: Sighting, by: Sighting): void;
  remove(sighting: Sighting): void;
  clear(): void;
}

/** Pictures are on a canvas, because a browser may write Blobs to the disk. @param onChange when others are there */
export function createRecent(onChange: () => void): Recent {
  let sightings: readonly Sighting[] = [];

  function keep(isKept: (sighting: Sighting) => boolean): void {
    const dropped = sightings.filter((sighting) => !isKept(sighting));
    if (dropped.length === 0) return;
    sightings = sightings.filter(isKept);
    // Frees the pixels now instead of when the element is collected.
    for (const { picture } of dropped) picture.width = picture.height = 0;
    onChange();
  }

  return {
    get sightings() {
      return sightings;
    },
    add(sighting) {
      sightings = [sighting, ...sightings];
      keep((each) => sightings.indexOf(each) < MOST);
      setTimeout(() => keep(({ picture }) => picture !== sighting.picture), KEPT_MINUTES * 60_000);
      onChange();
    },
    replace(sighting, by) {
      sightings = sightings.map((each) => (each === sighting ? by : each));
      onChange();
    },
    remove: (sighting) => keep((each) => each !== sighting),
    clear: () => keep(() => false),
  };
}

/** The part of a frame around a face, as far as it is in the frame. All in pixels of the frame. */
export function cropAround(face: Box, frame: { readonly width: number; readonly height: number }): Box {
  const half = (AROUND * Math.max(face.width, face.height)) / 2;
  const [centerX, centerY] = [face.x + face.width / 2, face.y + face.height / 2];
  const x = Math.max(0, Math.round(centerX - half));
  const y = Math.max(0, Math.round(centerY - half));
  return {
    x,
    y,
    width: Math.min(frame.width, Math.round(centerX + half)) - x,
    height: Math.min(frame.height, Math.round(centerY + half)) - y,
  };
}

/** Draws the face as the video shows it now. @param face in pixels of a frame of this size */
export function takePicture(
  video: HTMLVideoElement,
  face: Box,
  frame: { readonly width: number; readonly height: number },
): Pick<Sighting, 'picture' | 'face'> {
  const crop = cropAround(face, frame);
  const scale = Math.min(1, MAX_SIDE / Math.max(crop.width, crop.height));
  const picture = document.createElement('canvas');
  picture.width = Math.round(crop.width * scale);
  picture.height = Math.round(crop.height * scale);
  // The kit may have looked at a smaller frame than the camera gives.
  const [toX, toY] = [video.videoWidth / frame.width, video.videoHeight / frame.height];
  picture
    .getContext('2d')
    ?.drawImage(
      video,
      crop.x * toX,
      crop.y * toY,
      crop.width * toX,
      crop.height * toY,
      0,
      0,
      picture.width,
      picture.height,
    );
  return {
    picture,
    face: { x: (face.x + face.width / 2 - crop.x) * scale, y: (face.y + face.height / 2 - crop.y) * scale },
  };
}
