/** The templates of a collection as one matrix, and the exact search for the nearest. */
import { InfaceError } from '../errors.js';
import { assertEmbedding, assertSameSpace, squaredDistanceToRow, type Template } from './template.js';

/** A profile and its nearest template. */
export interface Neighbour {
  readonly profileId: string;
  /** Euclidean distance of the probe to the profile's nearest template. */
  readonly distance: number;
}

/** What a probe is searched in. It does not change: a changed collection gets a new one. */
export interface Gallery {
  /** Number of templates, which is the number of comparisons of one search. */
  readonly size: number;
  /** The profiles that have templates, in the order of their first ones. */
  readonly profileIds: readonly string[];
  /**
   * Euclidean distance of the probe to the nearest template of every profile, in the order of `profileIds`.
   * @throws InfaceError `INVALID_INPUT` when the probe is no embedding of the templates' length
   */
  distances(probe: Float32Array): Float64Array;
  /**
   * The `k` nearest profiles, or all if there are fewer: nearest first, equally near ones by id.
   * @throws InfaceError `INVALID_INPUT` when the probe is no embedding of the templates' length, or `k` no whole
   * number above 0
   */
  search(probe: Float32Array, k: number): Neighbour[];
}

/**
 * Copies templates into a gallery.
 * @param space the embedding space of the probes
 * @throws InfaceError `EMBEDDING_SPACE_MISMATCH` when a template is of another space; `INVALID_INPUT` when an id occurs
 * twice, a vector is no embedding, or lengths differ
 */
export function createGallery(templates: readonly Template[], space: string): Gallery {
  const dimension = templates[0]?.vector.length ?? 0;
  // Row after row in one array: a search reads memory in order, and no template needs an object of its own.
  const matrix = new Float32Array(templates.length * dimension);
  const profileOfRow = new Uint32Array(templates.length);
  const profileIndex = new Map<string, number>();
  const ids = new Set<string>();
  for (const [row, template] of templates.entries()) {
    assertSameSpace(template, space);
    assertEmbedding(template.vector, dimension);
    if (ids.has(template.id)) {
      throw new InfaceError('INVALID_INPUT', `The template '${template.id}' occurs twice. Pass every template once.`);
    }
    ids.add(template.id);
    const profile = profileIndex.get(template.profileId) ?? profileIndex.size;
    profileIndex.set(template.profileId, profile);
    profileOfRow[row] = profile;
    matrix.set(template.vector, row * dimension);
  }
  const profileIds = [...profileIndex.keys()];

  function distances(probe: Float32Array): Float64Array {
    const nearest = new Float64Array(profileIds.length).fill(Infinity);
    if (nearest.length === 0) return nearest;
    assertEmbedding(probe, dimension);
    for (let row = 0; row < profileOfRow.length; row++) {
      const profile = profileOfRow[row] as number;
      const squared = squaredDistanceToRow(probe, matrix, row * dimension);
      if (squared < (nearest[profile] as number)) nearest[profile] = squared;
    }
    return nearest.map(Math.sqrt);
  }

  function search(probe: Float32Array, k: number): Neighbour[] {
    if (!Number.isInteger(k) || k < 1) {
      throw new InfaceError('INVALID_INPUT', `The number of neighbours is ${k}. Ask for 1 or more.`);
    }
    const nearest = distances(probe);
    const best: Neighbour[] = [];
    for (let profile = 0; profile < nearest.length; profile++) {
      const found = { profileId: profileIds[profile] as string, distance: nearest[profile] as number };
      let place = best.length;
      while (place > 0 && precedes(found, best[place - 1] as Neighbour)) place--;
      if (place === k) continue;
      best.splice(place, 0, found);
      if (best.length > k) best.pop();
    }
    return best;
  }

  return { size: templates.length, profileIds, distances, search };
}

function precedes(a: Neighbour, b: Neighbour): boolean {
  return a.distance < b.distance || (a.distance === b.distance && a.profileId < b.profileId);
}
