/** Checks whether images of an enrollment show one person, and whether that person is already enrolled. */
import type { Gallery } from './gallery.js';
import { distance, type Comparable } from './scoring.js';

/**
 * Checks which faces show the person to be enrolled. With references, these are the faces that resemble one of them.
 * Without, they are the largest group of faces that resemble each other, directly or through others of the group. The
 * group must have more than half of all faces: if none does, it is unknown which face is wrong, and none is accepted.
 * @param references stored templates of the person; empty for a new one
 * @param resembles whether two faces at this distance may be of one person
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

/** Returns the group of each face, as the index of the first face in it. */
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
 * Finds another profile of a collection that looks like this face.
 * @param profileId the profile to which the face is added, which is not reported; `null` for a new one
 * @param isNear whether a face at this distance would be identified as its neighbor
 */
export function findDuplicate(
  face: Comparable,
  gallery: Gallery,
  profileId: string | null,
  isNear: (distance: number) => boolean,
): string | null {
  if (gallery.size === 0) return null;
  const other = gallery.search(face, 2).find((neighbor) => neighbor.profileId !== profileId);
  return other && isNear(other.distance) ? other.profileId : null;
}
