/** The pictures of one enrollment, from the camera or from files. */
import type { DetectedFace, FaceImage, ImageReport } from '../../../src/index.js';
import { centerOf, drawThumbnail, type Size } from '../../draw.js';
import type { Pose } from './enroll-poses.js';

/** A picture, and what is known of it. */
export interface Shot {
  readonly id: string;
  /** For people: the pose, or the name of the file. */
  readonly title: string;
  /** `null` for a photo from a file. */
  readonly pose: Pose | null;
  readonly image: File | HTMLCanvasElement;
  /** Of the image, which `picture` may show reduced. */
  readonly size: Size;
  readonly picture: HTMLCanvasElement | null;
  readonly faces: readonly DetectedFace[];
  /** Which of the faces is the person; `null` while that is open. */
  readonly chosen: number | null;
  readonly thumbnail: HTMLCanvasElement | null;
  /** Why it cannot be used, before it was tried. */
  readonly problem: string | null;
  /** What became of it. */
  readonly report: ImageReport | null;
}

/** Whether it waits for the enrollment. */
export function isReady({ problem, report, chosen }: Shot): boolean {
  return problem === null && report === null && chosen !== null;
}

/** The shot with one of its faces as the person. */
export function choose(shot: Shot, index: number): Shot {
  const face = shot.faces[index];
  if (!face || !shot.picture) return shot;
  const thumbnail = drawThumbnail(shot.picture, shot.picture.width / shot.size.width, face.box);
  return { ...shot, chosen: index, thumbnail };
}

/** The shot as the kit takes it: the face is found again by where it was. */
export function toFaceImage({ image, faces, chosen }: Shot): FaceImage {
  const face = faces[chosen ?? 0];
  return face ? { image, face: centerOf(face.box) } : image;
}
