/** Stores which embedding spaces have templates, and deletes those of old spaces. */
import type { FaceStore } from '../ports/face-store.js';
import type { ReadTransaction } from './database/schema.js';
import { collectionsOf, countTemplates, timestamp, touchCollections, type StoreParts } from './records.js';

type Operations = Pick<FaceStore, 'listSpaces' | 'beginMigration' | 'dropOldTemplates'>;

export function createSpaces({ db, note, changed }: StoreParts): Operations {
  return {
    listSpaces: () =>
      db.read(async (tx) => {
        const [spaces, old] = [await spacesOf(tx), await tx.objectStore('oldSpaces').getAll()];
        return spaces.map((space) => ({ space, since: old.find((each) => each.space === space)?.since ?? null }));
      }),

    beginMigration: (current) =>
      db.exclusive((writer) =>
        writer.commit(async (tx) => {
          const old = tx.objectStore('oldSpaces');
          const stored = (await spacesOf(tx)).filter((space) => space !== current);
          for (const space of await old.getAllKeys()) if (!stored.includes(space)) await old.delete(space);
          for (const space of stored) if (!(await old.get(space))) await old.add({ space, since: timestamp() });
        }),
      ),

    dropOldTemplates: (current, before) =>
      db.exclusive(async (writer) => {
        const { ids, spaces, collectionIds, classifiers } = await writer.commit(async (tx) => {
          const due = (await tx.objectStore('oldSpaces').getAll())
            .filter(({ space, since }) => space !== current && since <= before)
            .map(({ space }) => space);
          const dropped: string[] = [];
          const collections = new Set<string>();
          for (const record of due.length > 0 ? await tx.objectStore('profiles').getAll() : []) {
            const enoughSince = record.spaces[current]?.enoughSince ?? null;
            const names = due.filter((space) => record.spaces[space]);
            if (enoughSince === null || enoughSince > before || names.length === 0) continue;
            const { id, templateCount } = record;
            for (const space of names) await tx.objectStore('blocks').delete([id, space]);
            const kept = Object.entries(record.spaces).filter(([space]) => !names.includes(space));
            for (const key of await tx.objectStore('negatives').index('profileId').getAllKeys(id)) {
              if (names.includes(key[2])) await tx.objectStore('negatives').delete(key);
            }
            const updated = {
              ...record,
              ...countTemplates(Object.fromEntries(kept)),
              updatedAt: timestamp(record.updatedAt),
            };
            await tx.objectStore('profiles').put(updated);
            const count = templateCount - updated.templateCount;
            await note(tx, 'drop-old-templates', { actor: null, subject: id, count });
            for (const collectionId of await collectionsOf(tx, id)) collections.add(collectionId);
            dropped.push(id);
          }
          return {
            ids: dropped,
            spaces: due,
            collectionIds: [...collections],
            classifiers: await touchCollections(tx, [...collections], dropped),
          };
        });
        if (ids.length === 0) return ids;
        changed({
          profiles: { change: 'updated', ids },
          dropped: { spaces, profileIds: ids },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
        return ids;
      }),
  };
}

/**
 * Returns the embedding spaces of all templates. Seeks the first key of each space: the cursor 'nextunique' reads every
 * key in Chromium, which takes half a second for 100,000 profiles.
 */
async function spacesOf(tx: ReadTransaction): Promise<string[]> {
  const index = tx.objectStore('blocks').index('space');
  const spaces: string[] = [];
  let cursor = await index.openKeyCursor();
  while (cursor) {
    spaces.push(cursor.key);
    // The least string after this one.
    cursor = await index.openKeyCursor(IDBKeyRange.lowerBound(`${cursor.key}\0`));
  }
  return spaces;
}
