/** Found faces against annotated ones. */
import type { Box } from '../../src/api/geometry.js';
import { intersectionOverUnion } from '../../src/vision/geometry.js';
import { averagePrecision } from './statistics.js';

/** A face of a photo, as a detector reports it. */
export interface FoundBox {
  readonly box: Box;
  readonly score: number;
}

/** What the faces of one photo are. */
export interface PhotoFaces {
  readonly found: readonly FoundBox[];
  readonly truth: readonly Box[];
}

/** Faces of this height in pixels, without `below`. */
export interface HeightBand {
  readonly from: number;
  readonly below: number;
}

/**
 * The annotated face that each found one shows: best scores first, each takes the one it overlaps most of those that are
 * left.
 * @param minIou least overlap, 0..1
 * @returns by falling score; `truth` is an index, or `null` for none
 */
export function matchFaces(
  { found, truth }: PhotoFaces,
  minIou: number,
): { readonly face: FoundBox; readonly truth: number | null }[] {
  const left = new Set(truth.keys());
  return [...found]
    .sort((a, b) => b.score - a.score)
    .map((face) => {
      const overlaps = [...left].map((i) => ({ i, iou: intersectionOverUnion(face.box, truth[i]!) }));
      const [best] = overlaps.filter(({ iou }) => iou >= minIou).sort((a, b) => b.iou - a.iou);
      if (best) left.delete(best.i);
      return { face, truth: best?.i ?? null };
    });
}

/**
 * Recall and average precision for annotated faces of a height. A found face that shows one of another height counts neither
 * for nor against, and one that shows none counts against its own height.
 */
export function judgeBand(
  photos: readonly PhotoFaces[],
  { from, below }: HeightBand,
  minIou: number,
): { readonly faces: number; readonly recall: number; readonly ap: number } {
  const isInside = ({ height }: Box) => height >= from && height < below;
  const faces = photos.reduce((sum, { truth }) => sum + truth.filter(isInside).length, 0);
  const counted = photos.flatMap((photo) =>
    matchFaces(photo, minIou)
      .filter((match) => isInside(match.truth === null ? match.face.box : photo.truth[match.truth]!))
      .map((match) => ({ score: match.face.score, isTrue: match.truth !== null })),
  );
  const right = counted.filter(({ isTrue }) => isTrue).length;
  return { faces, recall: right / faces, ap: averagePrecision(counted, faces) };
}

/** Scores of found faces that overlap no annotated one by `minIou`, ascending. */
export function falseScores(photos: readonly PhotoFaces[], minIou: number): number[] {
  return photos
    .flatMap(({ found, truth }) =>
      found.filter(({ box }) => truth.every((other) => intersectionOverUnion(box, other) < minIou)),
    )
    .map(({ score }) => score)
    .sort((a, b) => a - b);
}
