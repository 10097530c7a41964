/** Stores collections, their members, classifiers and negative examples. */
import { InfaceError } from '../../api/errors.js';
import type { Template } from '../../recognition/template.js';
import type { FaceStore, KnownContent, Negative } from '../ports/face-store.js';
import type { CollectionRecord, NegativeBlock, ReadTransaction, TemplateBlock } from './database/schema.js';
import { openBlocks, openClassifiers, readKey, sealBlock, sealClassifiers } from './keyring.js';
import {
  changedSince,
  classifierState,
  isSeenBy,
  profilesOf,
  requireCollection,
  requireProfile,
  startingWith,
  timestamp,
  toCollection,
  sealOf,
  touchCollections,
  type StoreParts,
} from './records.js';
import { removeCollection } from './whole.js';

type Operations = Pick<
  FaceStore,
  | 'createCollection'
  | 'listCollections'
  | 'getCollection'
  | 'updateCollection'
  | 'deleteCollection'
  | 'collectionRevision'
  | 'loadCollection'
  | 'saveClassifiers'
  | 'addNegative'
>;

/**
 * Share of all profiles from which blocks are read in ranges. For 10,000 profiles, this is 2.7 times faster than one by
 * one.
 */
const BULK_SHARE = 0.25;
/**
 * Number of profiles per range. For 1,000 to 20,000 profiles, ranges of this size take Chromium half the time of a
 * single request for all.
 */
const PROFILES_PER_RANGE = 64;
const RANGES_AT_ONCE = 4;

export function createCollections({ db, keyring, note, changed }: StoreParts): Operations {
  return {
    createCollection: (owner, name, unknowns) =>
      db.exclusive(async (writer) => {
        const now = timestamp();
        const id = crypto.randomUUID();
        const record: CollectionRecord = {
          id,
          name,
          unknowns,
          owner,
          revision: 1,
          trainedRevision: null,
          createdAt: now,
          updatedAt: now,
        };
        await writer.commit(async (tx) => {
          await tx.objectStore('collections').add(record);
          await note(tx, 'create-collection', { actor: owner, subject: id, count: null });
        });
        changed({ collections: { change: 'created', ids: [id] } });
        return toCollection(record, []);
      }),

    listCollections: (owner) =>
      db.read(async (tx) => {
        const records = await tx.objectStore('collections').index('createdAt').getAll();
        return Promise.all(
          records
            .filter((record) => isSeenBy(owner, record))
            .map(async (record) => toCollection(record, await profilesOf(tx, record.id))),
        );
      }),

    getCollection: (owner, id) =>
      db.read(async (tx) => toCollection(await requireCollection(tx, owner, id), await profilesOf(tx, id))),

    updateCollection: (owner, id, change) =>
      db.exclusive(async (writer) => {
        const { collection, touched, left } = await writer.commit(async (tx) => {
          const record = await requireCollection(tx, owner, id);
          const before = new Set(await profilesOf(tx, id));
          const after = new Set(before);
          for (const profileId of change.addProfileIds ?? []) {
            await requireProfile(tx, owner, profileId);
            after.add(profileId);
          }
          for (const profileId of change.removeProfileIds ?? []) after.delete(profileId);
          const added = [...after].filter((profileId) => !before.has(profileId));
          const removed = [...before].filter((profileId) => !after.has(profileId));
          for (const profileId of added) await tx.objectStore('memberships').add({ collectionId: id, profileId });
          for (const profileId of removed) {
            await tx.objectStore('memberships').delete([id, profileId]);
            await tx.objectStore('negatives').delete(startingWith(id, profileId));
          }
          const { name = record.name, unknowns = record.unknowns } = change;
          await tx
            .objectStore('collections')
            .put({ ...record, name, unknowns, updatedAt: timestamp(record.updatedAt) });
          const count = added.length + removed.length;
          await note(tx, 'update-collection', { actor: owner, subject: id, count });
          const classifiers = count > 0 ? await touchCollections(tx, [id], [...added, ...removed]) : [];
          const updated = await requireCollection(tx, owner, id);
          return { collection: toCollection(updated, await profilesOf(tx, id)), touched: classifiers, left: removed };
        });
        changed({
          collections: { change: 'updated', ids: [id] },
          classifiers: touched,
          ...(left.length > 0 ? { removed: { collectionId: id, profileIds: left } } : {}),
        });
        return collection;
      }),

    deleteCollection: (owner, id) =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          const record = await requireCollection(tx, owner, id);
          const count = await removeCollection(tx, record, timestamp(record.updatedAt));
          await note(tx, 'delete-collection', { actor: owner, subject: id, count });
        });
        changed({ collections: { change: 'deleted', ids: [id] } });
      }),

    collectionRevision: (owner, id) =>
      db.read(async (tx) => {
        const record = await requireCollection(tx, owner, id);
        return { revision: record.revision, classifier: classifierState(record) };
      }),

    async loadCollection(owner, id, space, known = NOTHING_KNOWN) {
      const found = await db.read(async (tx) => {
        const record = await requireCollection(tx, owner, id);
        const changed = known.revision === null ? null : changedSince(record, known.revision);
        const [all, negatives, classifier, stored] = await Promise.all([
          changed ? blocksOfMembers(tx, id, changed) : profilesOf(tx, id).then((ids) => blocksOf(tx, ids)),
          tx.objectStore('negatives').getAll(startingWith(id)),
          classifierState(record) === 'trained' ? tx.objectStore('classifiers').get(id) : undefined,
          readKey(tx),
        ]);
        return {
          record,
          changed,
          all,
          negatives: negatives.filter((block) => block.space === space),
          classifier,
          stored,
        };
      });
      const { record, changed, all, negatives, classifier, stored } = found;
      const blocks = all.filter((block) => block.space === space);
      const otherSpaces = new Set(all.map((block) => block.space));
      otherSpaces.delete(space);
      const unchanged = changed ? [...known.profiles].filter(([profileId]) => !changed.has(profileId)) : [];
      // Throw even if the caller knows all templates: they must not be used while the key is locked or destroyed.
      if (blocks.length + unchanged.length > 0) await keyring.forReading(stored, `templates of collection ${id}`);
      const fresh = blocks.filter((block) => known.profiles.get(block.profileId)?.seal !== sealOf(block));
      const [opened, openedNegatives, classifiers] = await Promise.all([
        openBlocks(keyring, stored, fresh),
        openBlocks(keyring, stored, negatives),
        classifier ? openClassifiers(keyring, stored, classifier) : [],
      ]);
      const templates = new Map(
        fresh.map(({ profileId }, i): [string, Template[]] => [
          profileId,
          (opened[i] ?? []).map((item) => ({ ...item, profileId, space })),
        ]),
      );
      const profiles = blocks.map((block) => ({
        id: block.profileId,
        seal: sealOf(block),
        templates: templates.get(block.profileId) ?? null,
      }));
      return {
        revision: record.revision,
        otherSpaces: [...otherSpaces],
        profiles: [
          ...unchanged.map(([profileId, { seal }]) => ({ id: profileId, seal, templates: null })),
          ...profiles,
        ].sort((a, b) => (a.id < b.id ? -1 : 1)),
        negatives: negatives.flatMap(({ profileId }, i) =>
          (openedNegatives[i] ?? []).map(({ vector }) => ({ profileId, space, vector })),
        ),
        classifier: classifiers.find((each) => each.space === space) ?? null,
      };
    },

    saveClassifiers: (id, revision, classifiers) =>
      db.exclusive(async (writer) => {
        const sealed =
          classifiers.length > 0 ? await sealClassifiers(await keyring.forWriting(writer), id, classifiers) : null;
        return writer.commit(async (tx) => {
          const record = await requireCollection(tx, null, id);
          // The collection has changed since the training read it, so the classifier would not be used.
          if (record.revision !== revision) return classifierState(record);
          if (sealed) await tx.objectStore('classifiers').put(sealed);
          else await tx.objectStore('classifiers').delete(id);
          const updated = { ...record, trainedRevision: sealed ? revision : null };
          await tx.objectStore('collections').put(updated);
          return classifierState(updated);
        });
      }),

    addNegative: (owner, collectionId, negatives, limit) =>
      db.exclusive(async (writer) => {
        const places = negatives.map(({ profileId, space }) => ({ collectionId, profileId, space }));
        const { blocks, stored } = await writer.read(async (tx) => {
          await requireCollection(tx, owner, collectionId);
          for (const { profileId } of negatives) await requireMember(tx, collectionId, profileId);
          const found = places.map(({ profileId, space }) =>
            tx.objectStore('negatives').get([collectionId, profileId, space]),
          );
          return { blocks: await Promise.all(found), stored: await readKey(tx) };
        });
        const key = await keyring.forWriting(writer);
        const createdAt = timestamp();
        const sealed: NegativeBlock[] = [];
        let [count, subject] = [0, ''];
        for (const [i, place] of places.entries()) {
          const [block, vector] = [blocks[i], (negatives[i] as Negative).vector];
          const [before = []] = await openBlocks(keyring, stored, block ? [block] : []);
          const items = [...before, { id: crypto.randomUUID(), createdAt, quality: null, vector }].slice(-limit);
          sealed.push(await sealBlock(key, place, items));
          [count, subject] = [Math.max(count, items.length), place.profileId];
        }
        const classifiers = await writer.commit(async (tx) => {
          for (const block of sealed) await tx.objectStore('negatives').put(block);
          await note(tx, 'reject', { actor: owner, subject, count });
          return touchCollections(tx, [collectionId], []);
        });
        changed({ collections: { change: 'updated', ids: [collectionId] }, classifiers });
        return count;
      }),
  };
}

const NOTHING_KNOWN: KnownContent = { revision: null, profiles: new Map() };

/**
 * @param profileIds in the order of the database's keys
 * @returns the blocks in the same order
 */
async function blocksOf(tx: ReadTransaction, profileIds: readonly string[]): Promise<TemplateBlock[]> {
  const blocks = tx.objectStore('blocks');
  const isBulk = profileIds.length >= BULK_SHARE * (await blocks.count());
  if (!isBulk) return (await Promise.all(profileIds.map((id) => blocks.getAll(startingWith(id))))).flat();
  const members = new Set(profileIds);
  const found: TemplateBlock[] = [];
  for (let start = 0; start < profileIds.length;) {
    // A few ranges at a time, so that the requests of other calls get their turn.
    const ranges: Promise<TemplateBlock[]>[] = [];
    for (; ranges.length < RANGES_AT_ONCE && start < profileIds.length; start += PROFILES_PER_RANGE) {
      const [first, last] = [profileIds[start], profileIds.slice(start, start + PROFILES_PER_RANGE).at(-1)];
      ranges.push(blocks.getAll(IDBKeyRange.bound([first], [last, []])));
    }
    found.push(...(await Promise.all(ranges)).flat());
  }
  return found.filter(({ profileId }) => members.has(profileId));
}

/** Returns the blocks of those profiles that are in a collection. */
async function blocksOfMembers(
  tx: ReadTransaction,
  collectionId: string,
  profileIds: ReadonlySet<string>,
): Promise<TemplateBlock[]> {
  const blocks = [...profileIds].map(async (id) =>
    (await tx.objectStore('memberships').getKey([collectionId, id]))
      ? tx.objectStore('blocks').getAll(startingWith(id))
      : [],
  );
  return (await Promise.all(blocks)).flat();
}

async function requireMember(tx: ReadTransaction, collectionId: string, profileId: string): Promise<void> {
  if (await tx.objectStore('memberships').get([collectionId, profileId])) return;
  throw new InfaceError('INVALID_INPUT', `The profile '${profileId}' is not in the collection '${collectionId}'.`);
}
