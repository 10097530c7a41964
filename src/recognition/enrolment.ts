/** Whether images of one enrolment show one person, and one that is not there yet. */
import { distance } from './template.js';
import type { Gallery } from './gallery.js';

/**
 * Which of some faces are of the person that is enrolled. With references that is who resembles one of them. Without,
 * it is the largest group of faces that resemble each other, directly or through others of the group, and it needs more
 * than half of all: where no group has that, nobody can say which face is the wrong one, and none is taken.
 * @param vectors the faces, one embedding each
 * @param references embeddings of the person that are stored; empty for a new one
 * @param resembles whether two embeddings of this Euclidean distance may be of one person
 * @returns one answer per face
 */
export function findSamePerson(
  vectors: readonly Float32Array[],
  references: readonly Float32Array[],
  resembles: (distance: number) => boolean,
): boolean[] {
  if (references.length > 0) {
    return vectors.map((vector) => references.some((reference) => resembles(distance(vector, reference))));
  }
  const groups = groupByResemblance(vectors, resembles);
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return groups.map((group) => 2 * (sizes.get(group) as number) > vectors.length);
}

/** The number of its group for each vector: the index of the first vector in it. */
function groupByResemblance(
  vectors: readonly Float32Array[],
  resembles: (distance: number) => boolean,
): readonly number[] {
  const groups = vectors.map((_, i) => i);
  for (const [i, a] of vectors.entries()) {
    for (const [j, b] of vectors.slice(0, i).entries()) {
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
 * @param isNear whether a face of this Euclidean distance would be called by the name of its neighbour
 */
export function findDuplicate(
  vector: Float32Array,
  gallery: Gallery,
  profileId: string | null,
  isNear: (distance: number) => boolean,
): string | null {
  if (gallery.size === 0) return null;
  const other = gallery.search(vector, 2).find((neighbour) => neighbour.profileId !== profileId);
  return other && isNear(other.distance) ? other.profileId : null;
}
