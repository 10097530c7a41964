/** The pictures of one enrollment, from the camera or from files. */
import type { DetectedFace, FaceImage, FaceKit, ImageReport } from '../../../src/index.js';
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
  /** Whether it looks like somebody else than the first picture does: that person is enrolled next. */
  readonly isOther: boolean;
  /** Why it cannot be used, before it was tried. */
  readonly problem: string | null;
  /** What became of it. */
  readonly report: ImageReport | null;
}

/** Whether it waits for the enrollment. */
export function isReady({ isOther, problem, report, chosen }: Shot): boolean {
  return !isOther && problem === null && report === null && chosen !== null;
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

/** The shot, with whether it shows somebody else than the first of the shots that shows the person. */
export async function sort(shot: Shot, shots: readonly Shot[], kit: FaceKit, signal: AbortSignal): Promise<Shot> {
  const first = shots.find(
    ({ id, isOther, chosen, report }) =>
      id !== shot.id && !isOther && chosen !== null && report?.outcome !== 'rejected',
  );
  if (!first || shot.chosen === null) return { ...shot, isOther: false };
  const result = await kit.compare(toFaceImage(shot), toFaceImage(first), { signal });
  return { ...shot, isOther: result.outcome === 'compared' && !result.match };
}
