/** Describes and reads records as another store can take them, and writes those of another store. */
import type {
  ReplicaBlock,
  ReplicaChange,
  ReplicaChanges,
  ReplicaMember,
  ReplicaPair,
  ReplicaState,
} from '../../api/replica.js';
import type { FaceStore, StoreChange } from '../ports/face-store.js';
import { inBatches } from './batches.js';
import type { NegativeBlock, ReadTransaction, WriteTransaction } from './database/schema.js';
import { openBlocks, readKey, sealBlock } from './keyring.js';
import { collectionsOf, sealOf, startingWith, touchCollections, type StoreParts } from './records.js';
import { checkRecords } from './replica-content.js';
import { openProfiles, putProfile, removeCollection, removeProfile, sealProfile, type SealedProfile } from './whole.js';

type Operations = Pick<FaceStore, 'describeRecords' | 'readRecords' | 'applyRecords'>;

/** The version that a record replaces. */
type Replaced = ReplicaChange<object>['replaces'];

/** A member with its encrypted negative examples. */
interface SealedMember {
  readonly replaces: Replaced;
  readonly member: ReplicaMember;
  readonly negatives: readonly NegativeBlock[];
}

/** The changes of a transaction, by kind. */
interface Changes {
  readonly profiles: Readonly<Record<'created' | 'updated' | 'deleted', Set<string>>>;
  readonly collections: Readonly<Record<'created' | 'updated' | 'deleted', Set<string>>>;
  /** Profiles that were removed from a collection. */
  readonly removed: Map<string, string[]>;
  /** Profiles whose templates or negative examples changed, or that joined or left, by collection. */
  readonly touched: Map<string, Set<string>>;
  /** Records that were left out, because the store has not what they replace. */
  readonly left: { readonly profileIds: string[]; readonly collectionIds: string[]; readonly members: ReplicaPair[] };
}

export function createReplica({ db, keyring, note, changed }: StoreParts): Operations {
  /** Reports each kind of change by itself, as the operations on single records do. */
  function report({ profiles, collections, removed }: Changes, classifiers: StoreChange['classifiers']): void {
    for (const change of ['created', 'updated', 'deleted'] as const) {
      if (profiles[change].size > 0) changed({ profiles: { change, ids: [...profiles[change]] } });
      if (collections[change].size > 0) changed({ collections: { change, ids: [...collections[change]] } });
    }
    for (const [collectionId, profileIds] of removed) changed({ removed: { collectionId, profileIds } });
    if (classifiers && classifiers.length > 0) changed({ classifiers });
  }

  return {
    describeRecords: () =>
      db.read(async (tx): Promise<Omit<ReplicaState, 'space' | 'spaces'>> => {
        const [profiles, collections, members, negatives, tombstones] = await Promise.all([
          tx.objectStore('profiles').getAll(),
          tx.objectStore('collections').getAll(),
          tx.objectStore('memberships').getAllKeys(),
          tx.objectStore('negatives').getAll(),
          tx.objectStore('tombstones').getAll(),
        ]);
        const blocksOf = new Map<string, NegativeBlock[]>();
        for (const block of negatives) {
          const pair = pairOf(block);
          blocksOf.set(pair, [...(blocksOf.get(pair) ?? []), block]);
        }
        const membersOf = new Map<string, { profileId: string; mark: string }[]>(collections.map(({ id }) => [id, []]));
        for (const [collectionId, profileId] of members) {
          const mark = markOf(blocksOf.get(pairOf({ collectionId, profileId })) ?? []);
          membersOf.get(collectionId)?.push({ profileId, mark });
        }
        return {
          profiles: profiles.map(({ id, updatedAt }) => ({ id, updatedAt })),
          collections: collections.map(({ id, updatedAt }) => ({ id, updatedAt, members: membersOf.get(id) ?? [] })),
          deletions: tombstones.map(({ kind, id, deletedAt }) => ({ kind, id, deletedAt })),
        };
      }),

    async readRecords({ profileIds = [], collectionIds = [], members: pairs = [] }) {
      // What is named twice must not double the templates.
      const ids = [...new Set(profileIds)];
      const wanted = [...new Map(pairs.map((pair) => [pairOf(pair), pair])).values()];
      const found = await db.read(async (tx) => {
        const [profiles, blocks, collections, members, stored] = await Promise.all([
          Promise.all(ids.map((id) => tx.objectStore('profiles').get(id))),
          Promise.all(ids.map((id) => tx.objectStore('blocks').getAll(startingWith(id)))),
          Promise.all(collectionIds.map((id) => tx.objectStore('collections').get(id))),
          readMembers(tx, wanted),
          readKey(tx),
        ]);
        const negatives = present(members).flatMap(({ negativeKeys }) =>
          negativeKeys.map((key) => tx.objectStore('negatives').get(key)),
        );
        return {
          profiles: present(profiles),
          blocks: blocks.flat(),
          collections: present(collections),
          members: present(members),
          negatives: present(await Promise.all(negatives)),
          stored,
        };
      });
      const opened = await openBlocks(keyring, found.stored, found.negatives);
      const negativesOf = new Map<string, ReplicaBlock[]>();
      for (const [i, block] of found.negatives.entries()) {
        const pair = pairOf(block);
        const before = negativesOf.get(pair) ?? [];
        negativesOf.set(pair, [...before, { space: block.space, templates: opened[i] ?? [] }]);
      }
      return {
        profiles: await openProfiles(keyring, found.stored, found.profiles, found.blocks),
        collections: found.collections.map(({ revision: _, trainedRevision: __, changes: ___, ...record }) => record),
        members: found.members.map(({ negativeKeys: _, ...member }) => {
          return { ...member, negatives: negativesOf.get(pairOf(member)) ?? [] };
        }),
        deletions: [],
      };
    },

    async applyRecords(given, spaces) {
      const records = checkRecords(given, spaces);
      return db.exclusive(async (writer) => {
        const needsKey = records.profiles.length > 0 || records.members.some(({ negatives }) => negatives.length > 0);
        // Deletions alone need no key: a person must be gone from a locked vault as well.
        const key = needsKey ? await keyring.forWriting(writer) : null;
        const sealed = key
          ? await inBatches(records.profiles, async ({ replaces, ...profile }) => {
              return { ...(await sealProfile(key, profile)), replaces };
            })
          : [];
        const members = await inBatches(records.members, async ({ replaces, ...member }): Promise<SealedMember> => {
          const { collectionId, profileId } = member;
          const seal = ({ space, templates }: ReplicaBlock) =>
            key ? [sealBlock(key, { collectionId, profileId, space }, templates)] : [];
          return { member, replaces, negatives: await Promise.all(member.negatives.flatMap(seal)) };
        });
        const { skipped, changes, classifiers } = await writer.commit(async (tx) => {
          const made = createChanges();
          await deleteRecords(tx, records.deletions, made, note);
          await putProfiles(tx, sealed, made);
          await putCollections(tx, records, made);
          const unplaced = await putMembers(tx, members, made);
          await dropProfiles(tx, records.drops, made, note);
          await note(tx, 'import', { actor: null, subject: null, count: sealed.length });
          const states = [];
          for (const [id, profileIds] of made.touched) {
            // Deleted after one of its profiles was.
            if (made.collections.deleted.has(id)) continue;
            states.push(...(await touchCollections(tx, [id], [...profileIds], true)));
            if (!made.collections.created.has(id)) made.collections.updated.add(id);
          }
          return { skipped: unplaced, changes: made, classifiers: states };
        });
        report(changes, classifiers);
        return { skipped, changed: changes.left };
      });
    },
  };
}

function createChanges(): Changes {
  const byKind = () => ({ created: new Set<string>(), updated: new Set<string>(), deleted: new Set<string>() });
  const left = { profileIds: [], collectionIds: [], members: [] };
  return { profiles: byKind(), collections: byKind(), removed: new Map(), touched: new Map(), left };
}

/** @param found the `updatedAt` or the `mark` that the store has */
function isReplaced(found: string | null | undefined, replaces: Replaced): boolean {
  return replaces === undefined || (found ?? null) === replaces;
}

function markOf(blocks: readonly NegativeBlock[]): string {
  return btoa(blocks.map(sealOf).join(''));
}

function touch({ touched }: Changes, collectionId: string, profileId: string): void {
  touched.set(collectionId, (touched.get(collectionId) ?? new Set()).add(profileId));
}

function pairOf({ collectionId, profileId }: ReplicaPair): string {
  return JSON.stringify([collectionId, profileId]);
}

function present<T>(found: readonly (T | null | undefined)[]): T[] {
  return found.filter((record): record is T => record !== null && record !== undefined);
}

/**
 * Finds pairs, `null` in place of those whose profile or collection is missing. Asks for each record once, because
 * thousands of requests are what takes the time.
 * @param known profiles that are known to exist
 */
async function readMembers(tx: ReadTransaction, pairs: readonly ReplicaPair[], known: ReadonlySet<string> = new Set()) {
  const exists = async (store: 'profiles' | 'collections', ids: readonly string[]) => {
    const unique = [...new Set(ids)].filter((id) => store === 'collections' || !known.has(id));
    return new Set(await Promise.all(unique.map((id) => tx.objectStore(store).getKey(id))));
  };
  const [profiles, collections, memberships, negatives] = await Promise.all([
    exists(
      'profiles',
      pairs.map(({ profileId }) => profileId),
    ),
    exists(
      'collections',
      pairs.map(({ collectionId }) => collectionId),
    ),
    Promise.all(
      pairs.map(({ collectionId, profileId }) => tx.objectStore('memberships').getKey([collectionId, profileId])),
    ),
    // There are few of them.
    pairs.length > 0 ? tx.objectStore('negatives').getAllKeys() : [],
  ]);
  const negativesOf = new Map<string, typeof negatives>();
  for (const key of negatives) {
    const pair = pairOf({ collectionId: key[0], profileId: key[1] });
    negativesOf.set(pair, [...(negativesOf.get(pair) ?? []), key]);
  }
  return pairs.map(({ collectionId, profileId }, i) => {
    if (!collections.has(collectionId) || !(known.has(profileId) || profiles.has(profileId))) return null;
    const negativeKeys = negativesOf.get(pairOf({ collectionId, profileId })) ?? [];
    return { collectionId, profileId, isMember: memberships[i] !== undefined, negativeKeys };
  });
}

async function deleteRecords(
  tx: WriteTransaction,
  deletions: Required<ReplicaChanges>['deletions'],
  changes: Changes,
  note: StoreParts['note'],
): Promise<void> {
  for (const { kind, id, deletedAt } of deletions) {
    const [record, tombstone] = await Promise.all([
      kind === 'profile' ? tx.objectStore('profiles').get(id) : tx.objectStore('collections').get(id),
      tx.objectStore('tombstones').get([kind, id]),
    ]);
    const owner = record?.owner ?? tombstone?.owner ?? null;
    if (!record) {
      // Of two deletions, the later one counts in every store, whichever it learns of first.
      if (tombstone && tombstone.deletedAt >= deletedAt) continue;
      await tx.objectStore('tombstones').put({ kind, id, owner, deletedAt });
    } else if ('templateCount' in record) {
      for (const collectionId of await removeProfile(tx, record, deletedAt)) touch(changes, collectionId, id);
      changes.profiles.deleted.add(id);
      await note(tx, 'delete-profile', { actor: null, subject: id, count: record.templateCount });
    } else {
      const count = await removeCollection(tx, record, deletedAt);
      changes.collections.deleted.add(id);
      await note(tx, 'delete-collection', { actor: null, subject: id, count });
    }
  }
}

async function dropProfiles(
  tx: WriteTransaction,
  drops: Required<ReplicaChanges>['drops'],
  changes: Changes,
  note: StoreParts['note'],
): Promise<void> {
  for (const { id, replaces } of drops) {
    const record = await tx.objectStore('profiles').get(id);
    if (!record) continue;
    // Somebody who has joined a collection meanwhile is needed here, although the profile is the same.
    if (!isReplaced(record.updatedAt, replaces) || (await collectionsOf(tx, id)).length > 0) {
      changes.left.profileIds.push(id);
      continue;
    }
    await removeProfile(tx, record, null);
    changes.profiles.deleted.add(id);
    await note(tx, 'delete-profile', { actor: null, subject: id, count: record.templateCount });
  }
}

async function putProfiles(
  tx: WriteTransaction,
  sealed: readonly (SealedProfile & { readonly replaces: Replaced })[],
  changes: Changes,
): Promise<void> {
  const deleted = new Set(
    (sealed.length > 0 ? await tx.objectStore('tombstones').getAllKeys(startingWith('profile')) : []).map(
      ([, id]) => id,
    ),
  );
  const taken = sealed.filter(({ record }) => !deleted.has(record.id));
  await inBatches(taken, async (profile) => {
    const { id } = profile.record;
    const before = await tx.objectStore('profiles').get(id);
    if (!isReplaced(before?.updatedAt, profile.replaces)) {
      changes.left.profileIds.push(id);
      return;
    }
    const joined = before ? await tx.objectStore('memberships').index('profileId').getAllKeys(id) : [];
    const record = { ...profile.record, owner: before?.owner ?? null };
    await putProfile(tx, { ...profile, record }, before !== undefined);
    for (const [collectionId] of joined) touch(changes, collectionId, id);
    changes.profiles[before ? 'updated' : 'created'].add(id);
  });
}

async function putCollections(
  tx: WriteTransaction,
  { collections, deletions }: Required<ReplicaChanges>,
  changes: Changes,
): Promise<void> {
  const deleted = new Set(deletions.flatMap(({ kind, id }) => (kind === 'collection' ? [id] : [])));
  for (const { replaces, ...record } of collections) {
    if (deleted.has(record.id)) continue;
    const before = await tx.objectStore('collections').get(record.id);
    if (!isReplaced(before?.updatedAt, replaces)) {
      changes.left.collectionIds.push(record.id);
      continue;
    }
    await tx.objectStore('collections').put({
      // A restored collection must not reuse a revision, see `importContent`.
      ...(before ?? { revision: Date.now(), trainedRevision: null }),
      ...record,
      owner: before?.owner ?? null,
    });
    await tx.objectStore('tombstones').delete(['collection', record.id]);
    changes.collections[before ? 'updated' : 'created'].add(record.id);
  }
}

/** @returns the members whose profile or collection is missing */
async function putMembers(
  tx: WriteTransaction,
  members: readonly SealedMember[],
  changes: Changes,
): Promise<ReplicaMember[]> {
  const { created, updated } = changes.profiles;
  const found = await readMembers(
    tx,
    members.map(({ member }) => member),
    new Set([...created, ...updated]),
  );
  const left = await inBatches(members, async ({ member, replaces, negatives }, i) => {
    const { collectionId, profileId, isMember } = member;
    const before = found[i];
    if (!before) return member;
    const hadNegatives = before.negativeKeys.length > 0;
    if (before.isMember === isMember && !hadNegatives && negatives.length === 0) return null;
    const blocks = before.negativeKeys.map((key) => tx.objectStore('negatives').get(key));
    if (!isReplaced(before.isMember ? markOf(present(await Promise.all(blocks))) : null, replaces)) {
      changes.left.members.push({ collectionId, profileId });
      return null;
    }
    if (hadNegatives) await tx.objectStore('negatives').delete(startingWith(collectionId, profileId));
    if (isMember) {
      await tx.objectStore('memberships').put({ collectionId, profileId });
      await Promise.all(negatives.map((block) => tx.objectStore('negatives').put(block)));
    } else {
      await tx.objectStore('memberships').delete([collectionId, profileId]);
      const { removed } = changes;
      if (before.isMember) removed.set(collectionId, [...(removed.get(collectionId) ?? []), profileId]);
    }
    touch(changes, collectionId, profileId);
    return null;
  });
  return present(left);
}
