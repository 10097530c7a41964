/** Compares detected faces with annotated ones. */
import type { Box } from '../../src/api/geometry.js';
import { intersectionOverUnion } from '../../src/vision/geometry.js';
import { averagePrecision } from './statistics.js';

/** A face of a photo, as a detector reports it. */
export interface FoundBox {
  readonly box: Box;
  readonly score: number;
}

/** The detected and annotated faces of one photo. */
export interface PhotoFaces {
  readonly found: readonly FoundBox[];
  readonly truth: readonly Box[];
}

/** A range of face heights in pixels, excluding `below`. */
export interface HeightBand {
  readonly from: number;
  readonly below: number;
}

/**
 * Matches each detected face to an annotated one.
 * In order of falling score, each detection takes the annotated face left that it overlaps most.
 * @param minIou minimum overlap, 0..1
 * @returns matches by falling score; `truth` is an index, or `null` for none
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
 * Computes recall and average precision for annotated faces of a height band.
 * A detection that matches a face outside the band is ignored. One that matches none is a false positive in the band of
 * its height.
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

/** Returns the scores of detections that overlap no annotated face by `minIou`, ascending. */
export function falseScores(photos: readonly PhotoFaces[], minIou: number): number[] {
  return photos
    .flatMap(({ found, truth }) =>
      found.filter(({ box }) => truth.every((other) => intersectionOverUnion(box, other) < minIou)),
    )
    .map(({ score }) => score)
    .sort((a, b) => a - b);
}
