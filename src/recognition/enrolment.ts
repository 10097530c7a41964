/** Whether images of one enrolment show one person, and one that is not there yet. */
import type { Gallery } from './gallery.js';
import { distance, type Comparable } from './scoring.js';

/**
 * Which of some faces are of the person that is enrolled. With references that is who resembles one of them. Without,
 * it is the largest group of faces that resemble each other, directly or through others of the group, and it needs more
 * than half of all: where no group has that, nobody can say which face is the wrong one, and none is taken.
 * @param faces the faces
 * @param references templates of the person that are stored; empty for a new one
 * @param resembles whether two faces of this distance may be of one person
 * @returns one answer per face
 */
export function findSamePerson(
  faces: readonly Comparable[],
  references: readonly Comparable[],
  resembles: (distance: number) => boolean,
): boolean[] {
  if (references.length > 0) {
    return faces.map((face) => references.some((reference) => resembles(distance(face, reference))));
  }
  const groups = groupByResemblance(faces, resembles);
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return groups.map((group) => 2 * (sizes.get(group) as number) > faces.length);
}

/** The number of its group for each face: the index of the first face in it. */
function groupByResemblance(faces: readonly Comparable[], resembles: (distance: number) => boolean): readonly number[] {
  const groups = faces.map((_, i) => i);
  for (const [i, a] of faces.entries()) {
    for (const [j, b] of faces.slice(0, i).entries()) {
      const [mine, other] = [groups[i] as number, groups[j] as number];
      if (mine === other || !resembles(distance(a, b))) continue;
      const [from, to] = [Math.max(mine, other), Math.min(mine, other)];
      for (const [k, group] of groups.entries()) if (group === from) groups[k] = to;
    }
  }
  return groups;
}

/**
 * The profile of a collection that looks like this face.
 * @param profileId to which the face is added, and which may look like it; `null` for a new one
 * @param isNear whether a face of this distance would be called by the name of its neighbour
 */
export function findDuplicate(
  face: Comparable,
  gallery: Gallery,
  profileId: string | null,
  isNear: (distance: number) => boolean,
): string | null {
  if (gallery.size === 0) return null;
  const other = gallery.search(face, 2).find((neighbour) => neighbour.profileId !== profileId);
  return other && isNear(other.distance) ? other.profileId : null;
}
