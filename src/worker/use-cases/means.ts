/** The profiles of a collection as what faces are compared with: the mean of their templates. */
import type { FaceEmbedder } from '../../models/embedder.js';
import { createGallery } from '../../recognition/gallery.js';
import type { CollectionContent, FaceStore, Owner } from '../ports/face-store.js';

export interface CollectionMeans extends Omit<CollectionContent, 'profiles'> {
  readonly profileIds: readonly string[];
  /** A mean per profile, row by row in the order of `profileIds`, each one unit long. */
  readonly rows: Float32Array;
  /** Of all profiles. */
  readonly templateCount: number;
}

export interface MeansReader {
  /**
   * Reads a collection. Of profiles that are stored as they were the last time nothing is decrypted again.
   * @throws InfaceError as `FaceStore.loadCollection` and `createGallery` do
   */
  read(owner: Owner, collectionId: string): Promise<CollectionMeans>;
  /** Forgets a collection that is gone. */
  drop(collectionId: string): void;
  /** Forgets everything: the key is another one, or was locked. */
  forget(): void;
}

/** A profile as it was read. */
interface Known {
  readonly seal: string;
  readonly templateCount: number;
  /** Index of its row. */
  readonly place: number;
}

export function createMeansReader(
  store: Pick<FaceStore, 'loadCollection'>,
  { space, dimension }: Pick<FaceEmbedder, 'space' | 'dimension'>,
): MeansReader {
  const remembered = new Map<string, { readonly profiles: ReadonlyMap<string, Known>; readonly rows: Float32Array }>();
  /** Counts how often it forgot something: what was read before must not be kept after. */
  let generation = 0;

  return {
    async read(owner, collectionId) {
      const readIn = generation;
      const before = remembered.get(collectionId);
      const { profiles, ...content } = await store.loadCollection(owner, collectionId, before?.profiles);
      const opened = createGallery(
        profiles.flatMap(({ templates }) => templates ?? []),
        space,
        0,
      );
      const places = new Map(opened.profileIds.map((id, i) => [id, i]));
      const known = new Map<string, Known>();
      const rows = new Float32Array(profiles.length * dimension);
      for (const { id, seal, templates } of profiles) {
        const last = templates ? null : before?.profiles.get(id);
        const [source, from] = last ? [before?.rows, last.place] : [opened.rows, places.get(id)];
        // A profile without templates is like nobody.
        if (!source || from === undefined) continue;
        const place = known.size;
        rows.set(source.subarray(from * dimension, (from + 1) * dimension), place * dimension);
        known.set(id, { seal, templateCount: templates?.length ?? last?.templateCount ?? 0, place });
      }
      const used = rows.subarray(0, known.size * dimension);
      if (readIn === generation) remembered.set(collectionId, { profiles: known, rows: used });
      const templateCount = [...known.values()].reduce((sum, profile) => sum + profile.templateCount, 0);
      return { ...content, profileIds: [...known.keys()], rows: used, templateCount };
    },

    drop(collectionId) {
      generation++;
      remembered.delete(collectionId);
    },

    forget() {
      generation++;
      remembered.clear();
    },
  };
}
