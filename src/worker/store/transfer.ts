/** Exports all profiles and collections as one value, and merges such a value into the store. */
import type { ImportConflict, ImportMode } from '../../api/backup.js';
import { inBatches } from './batches.js';
import type {
  BackupBlock,
  BackupCollection,
  BackupContent,
  BackupDeletion,
  BackupProfile,
  FaceStore,
} from '../ports/face-store.js';
import type { NegativeBlock, ReadTransaction, Tombstone } from './database/schema.js';
import { openBlocks, readKey, sealBlock } from './keyring.js';
import { classifierState, startingWith, timestamp, type StoreParts } from './records.js';
import { openProfiles, putProfile, removeCollection, removeProfile, sealProfile } from './whole.js';

type Operations = Pick<FaceStore, 'exportContent' | 'importContent'>;

/** Stands in for the templates of a profile that has none. */
const NO_TEMPLATES: BackupBlock = { space: '', templates: [] };

export function createTransfer({ db, keyring, note, changed }: StoreParts): Operations {
  return {
    exportContent: () =>
      db.exclusive(async (writer) => {
        const { profiles, blocks, collections, members, negatives, tombstones, stored } = await writer.read(
          async (tx) => ({
            profiles: await tx.objectStore('profiles').index('createdAt').getAll(),
            blocks: await tx.objectStore('blocks').getAll(),
            collections: await tx.objectStore('collections').index('createdAt').getAll(),
            members: await tx.objectStore('memberships').getAll(),
            negatives: await tx.objectStore('negatives').getAll(),
            tombstones: await tx.objectStore('tombstones').getAll(),
            stored: await readKey(tx),
          }),
        );
        const openedProfiles = await openProfiles(keyring, stored, profiles, blocks);
        const openedNegatives = await openBlocks(keyring, stored, negatives);
        const content: BackupContent = {
          profiles: openedProfiles.map(({ blocks: [first = NO_TEMPLATES, ...others], ...record }): BackupProfile => {
            return { ...record, ...first, ...(others.length > 0 ? { others } : {}) };
          }),
          collections: collections.map(
            ({ revision: _, trainedRevision: __, changes: ___, ...record }): BackupCollection => ({
              ...record,
              profileIds: members.filter((m) => m.collectionId === record.id).map(({ profileId }) => profileId),
              negatives: negatives.flatMap(({ collectionId, profileId, space }, i) =>
                collectionId === record.id ? [{ profileId, space, templates: openedNegatives[i] ?? [] }] : [],
              ),
            }),
          ),
          ...(tombstones.length > 0 ? { deletions: tombstones } : {}),
        };
        await writer.commit((tx) => note(tx, 'export', { actor: null, subject: null, count: profiles.length }));
        return content;
      }),

    importContent: (content, mode = 'merge', onProgress = () => undefined) =>
      db.exclusive(async (writer) => {
        const stored = await writer.read(readStored);
        const { deletions = [] } = content;
        const profiles = decide('profile', mode, content.profiles, deletions, stored.profiles, stored.deleted);
        const collections = decide(
          'collection',
          mode,
          content.collections,
          deletions,
          stored.collections,
          stored.deleted,
        );
        // Get the key even if nothing is written, so that a locked vault rejects every import.
        const key = await keyring.forWriting(writer);

        // Encrypting a profile and writing it are a step each.
        const progress = { done: 0, total: 2 * profiles.taken.length };
        const onDone = (count: number) => {
          progress.done += count;
          onProgress({ ...progress });
        };
        onDone(0);
        const sealed = await inBatches(
          profiles.taken,
          ({ space, templates, others = [], ...record }) =>
            sealProfile(key, { ...record, blocks: [{ space, templates }, ...others] }),
          onDone,
        );
        const known = new Set([...stored.profiles.keys(), ...profiles.taken.map(({ id }) => id)]);
        for (const { record } of profiles.removed) known.delete(record.id);
        const membersOf = new Map(
          collections.taken.map(({ id, profileIds }) => [id, profileIds.filter((profileId) => known.has(profileId))]),
        );
        const negatives: NegativeBlock[] = await Promise.all(
          collections.taken.flatMap(({ id, negatives: examples }) =>
            examples
              .filter(({ profileId }) => membersOf.get(id)?.includes(profileId))
              .map(({ profileId, space, templates }) =>
                sealBlock(key, { collectionId: id, profileId, space }, templates),
              ),
          ),
        );
        const changedProfiles = new Set(profiles.taken.map(({ id }) => id));

        await writer.commit(async (tx) => {
          const left = new Set<string>();
          for (const { record, deletedAt } of profiles.removed) {
            for (const collectionId of await removeProfile(tx, record, deletedAt)) left.add(collectionId);
            const about = { actor: null, subject: record.id, count: record.templateCount };
            await note(tx, 'delete-profile', about);
          }
          for (const { record, deletedAt } of collections.removed) {
            const count = await removeCollection(tx, record, deletedAt);
            await note(tx, 'delete-collection', { actor: null, subject: record.id, count });
          }
          for (const tombstone of [...profiles.tombstones, ...collections.tombstones]) {
            await tx.objectStore('tombstones').put(tombstone);
          }
          await inBatches(
            sealed,
            async (profile) => {
              const { id } = profile.record;
              if (stored.deleted.has(keyOf('profile', id))) await tx.objectStore('tombstones').delete(['profile', id]);
              await putProfile(tx, profile, stored.profiles.has(id));
            },
            onDone,
          );
          for (const { id, name, unknowns, owner, createdAt, updatedAt } of collections.taken) {
            const before = stored.collections.get(id);
            await tx.objectStore('memberships').delete(startingWith(id));
            await tx.objectStore('negatives').delete(startingWith(id));
            await tx.objectStore('classifiers').delete(id);
            await inBatches(membersOf.get(id) ?? [], (profileId) =>
              tx.objectStore('memberships').put({ collectionId: id, profileId }),
            );
            // A restored collection must not reuse a revision. Otherwise a search in another tab, or a training that is
            // still running, would take its data of the deleted collection for current.
            const revision = before ? before.revision + 1 : Date.now();
            const trainedRevision = before?.trainedRevision ?? null;
            await tx
              .objectStore('collections')
              .put({ id, name, unknowns, owner, revision, trainedRevision, createdAt, updatedAt });
            await tx.objectStore('tombstones').delete(['collection', id]);
          }
          await inBatches(negatives, (negative) => tx.objectStore('negatives').put(negative));
          // Collections that are not replaced themselves now recognize the new templates of replaced profiles, and no
          // longer those of deleted ones.
          const removedCollections = new Set(collections.removed.map(({ record }) => record.id));
          for (const record of stored.collections.values()) {
            if (membersOf.has(record.id) || removedCollections.has(record.id)) continue;
            const keys = await tx.objectStore('memberships').getAllKeys(startingWith(record.id));
            if (!left.has(record.id) && !keys.some(([, profileId]) => changedProfiles.has(profileId))) continue;
            await tx.objectStore('collections').put({ ...record, revision: record.revision + 1 });
            await tx.objectStore('classifiers').delete(record.id);
          }
          await writer.accept(tx);
          await note(tx, 'import', { actor: null, subject: null, count: sealed.length });
        });
        const reset = { change: 'reset', ids: [] } as const;
        const states = await writer.read(async (tx) =>
          (await tx.objectStore('collections').getAll()).map((record) => ({
            collectionId: record.id,
            state: classifierState(record),
          })),
        );
        changed({ profiles: reset, collections: reset, classifiers: states, vault: 'changed' });
        return {
          profiles: profiles.counts,
          collections: collections.counts,
          conflicts: [...profiles.conflicts, ...collections.conflicts],
        };
      }, true),
  };
}

async function readStored(tx: ReadTransaction) {
  const profiles = await tx.objectStore('profiles').getAll();
  const collections = await tx.objectStore('collections').getAll();
  return {
    profiles: new Map(profiles.map((record) => [record.id, record])),
    collections: new Map(collections.map((record) => [record.id, record])),
    /** Times of deletions. */
    deleted: new Map((await tx.objectStore('tombstones').getAll()).map((t) => [keyOf(t.kind, t.id), t.deletedAt])),
  };
}

function keyOf(kind: Tombstone['kind'], id: string): string {
  return `${kind} ${id}`;
}

interface Dated {
  readonly id: string;
  readonly updatedAt: string;
}

/**
 * Decides what an import does with the records and deletions of one kind.
 * @param deleted times of deletions in the store
 */
function decide<T extends Dated, R extends Dated>(
  kind: ImportConflict['kind'],
  mode: ImportMode,
  imported: readonly T[],
  deletions: readonly BackupDeletion[],
  stored: ReadonlyMap<string, R>,
  deleted: ReadonlyMap<string, string>,
) {
  const deletionOf = new Map(deletions.filter((each) => each.kind === kind).map((each) => [each.id, each]));
  const taken: T[] = [];
  const removed: { readonly record: R; readonly deletedAt: string }[] = [];
  const conflicts: ImportConflict[] = [];
  let [added, updated, kept] = [0, 0, 0];
  for (const record of imported) {
    const { id, updatedAt: importedAt } = record;
    const storedAt = stored.get(id)?.updatedAt ?? deleted.get(keyOf(kind, id));
    const isTaken = mode === 'mirror' || storedAt === undefined || isLater(importedAt, storedAt);
    if (isTaken) taken.push(record);
    if (!isTaken) kept++;
    else if (stored.has(id)) updated++;
    else added++;
    if (storedAt !== undefined && storedAt !== importedAt) {
      const storedDeleted = !stored.has(id);
      const is = isTaken ? 'imported' : 'stored';
      conflicts.push({ kind, id, kept: is, storedAt, storedDeleted, importedAt, importedDeleted: false });
    }
  }
  const ids = new Set(imported.map(({ id }) => id));
  for (const [id, record] of stored) {
    const deletedAt = deletionOf.get(id)?.deletedAt;
    if (ids.has(id) || (mode === 'merge' && deletedAt === undefined)) continue;
    const isRemoved = mode === 'mirror' || (deletedAt !== undefined && isLater(deletedAt, record.updatedAt));
    if (isRemoved) removed.push({ record, deletedAt: deletedAt ?? timestamp(record.updatedAt) });
    if (deletedAt === undefined) continue;
    const is = isRemoved ? 'imported' : 'stored';
    const times = { storedAt: record.updatedAt, importedAt: deletedAt };
    conflicts.push({ kind, id, kept: is, ...times, storedDeleted: false, importedDeleted: true });
  }
  /** Deletions of records that this store lacks as well, so that older files do not bring them back. */
  const tombstones = [...deletionOf.values()].filter(({ id, deletedAt }) => {
    const known = deleted.get(keyOf(kind, id));
    return !stored.has(id) && !ids.has(id) && (known === undefined || isLater(deletedAt, known));
  });
  return { taken, removed, tombstones, conflicts, counts: { added, updated, kept, deleted: removed.length } };
}

function isLater(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}
