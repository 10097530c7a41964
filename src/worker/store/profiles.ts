/** Stores profiles and their templates. */
import { InfaceError } from '../../api/errors.js';
import { assertSameSpace } from '../../recognition/template.js';
import type { FaceStore, NewTemplate } from '../ports/face-store.js';
import type { BlockItem } from './block.js';
import type { ProfileRecord, TemplateBlock } from './database/schema.js';
import { openBlocks, readKey, sealBlock } from './keyring.js';
import {
  collectionsOf,
  isSeenBy,
  requireCollection,
  requireProfile,
  timestamp,
  toProfile,
  touchCollections,
  type StoreParts,
} from './records.js';

type Operations = Pick<
  FaceStore,
  | 'createProfile'
  | 'addTemplates'
  | 'listProfiles'
  | 'getProfile'
  | 'updateProfile'
  | 'deleteProfile'
  | 'templatesOf'
  | 'namesOf'
>;

export function createProfiles({ db, keyring, note, changed }: StoreParts): Operations {
  return {
    createProfile: (owner, { templates, collectionId, ...fields }) =>
      db.exclusive(async (writer) => {
        const id = crypto.randomUUID();
        const now = timestamp();
        const items = templates.map((template) => newItem(template, now));
        const key = await keyring.forWriting(writer);
        const block = await sealBlock(key, { profileId: id, space: spaceOf(templates) }, items);
        const templateCount = items.length;
        const record: ProfileRecord = { id, ...fields, owner, templateCount, createdAt: now, updatedAt: now };
        const collectionIds = collectionId === null ? [] : [collectionId];
        const classifiers = await writer.commit(async (tx) => {
          await tx.objectStore('profiles').add(record);
          await tx.objectStore('blocks').add(block);
          for (const joined of collectionIds) {
            await requireCollection(tx, owner, joined);
            await tx.objectStore('memberships').add({ collectionId: joined, profileId: id });
          }
          await note(tx, 'enroll', { actor: owner, subject: id, count: templateCount });
          return touchCollections(tx, collectionIds);
        });
        changed({
          profiles: { change: 'created', ids: [id] },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
        return { profile: toProfile(record, collectionIds), templateIds: items.map((item) => item.id) };
      }),

    addTemplates: (owner, profileId, templates, limit) =>
      db.exclusive(async (writer) => {
        const { record, block, stored } = await writer.read(async (tx) => ({
          record: await requireProfile(tx, owner, profileId),
          block: await tx.objectStore('blocks').get(profileId),
          stored: await readKey(tx),
        }));
        const space = spaceOf(templates);
        if (block) assertSameSpace(block, space);
        const [before = []] = await openBlocks(keyring, stored, block ? [block] : []);
        const updatedAt = timestamp(record.updatedAt);
        const added = templates.map((template) => newItem(template, updatedAt));
        const kept = withoutWeakest(before, Math.max(0, limit - added.length));
        const items = [...kept, ...added];
        const key = await keyring.forWriting(writer);
        const sealed: TemplateBlock = await sealBlock(key, { profileId, space }, items);
        const updated = { ...record, templateCount: items.length, updatedAt };
        const { collectionIds, classifiers } = await writer.commit(async (tx) => {
          await tx.objectStore('profiles').put(updated);
          await tx.objectStore('blocks').put(sealed);
          await note(tx, 'add-images', { actor: owner, subject: profileId, count: added.length });
          const ids = await collectionsOf(tx, profileId);
          return { collectionIds: ids, classifiers: await touchCollections(tx, ids) };
        });
        changed({
          profiles: { change: 'updated', ids: [profileId] },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
        return {
          profile: toProfile(updated, collectionIds),
          templateIds: added.map(({ id }) => id),
          replacedTemplateIds: before.filter((item) => !kept.includes(item)).map(({ id }) => id),
        };
      }),

    listProfiles: (owner) =>
      db.read(async (tx) => {
        const records = await tx.objectStore('profiles').index('createdAt').getAll();
        const collectionIds = new Map<string, string[]>();
        for (const { profileId, collectionId } of await tx.objectStore('memberships').getAll()) {
          const ids = collectionIds.get(profileId);
          if (ids) ids.push(collectionId);
          else collectionIds.set(profileId, [collectionId]);
        }
        return records
          .filter((record) => isSeenBy(owner, record))
          .map((record) => toProfile(record, collectionIds.get(record.id) ?? []));
      }),

    getProfile: (owner, id) =>
      db.read(async (tx) => toProfile(await requireProfile(tx, owner, id), await collectionsOf(tx, id))),

    updateProfile: (owner, id, { name, metadata, consent }) =>
      db.exclusive(async (writer) => {
        const profile = await writer.commit(async (tx) => {
          const record = await requireProfile(tx, owner, id);
          const updated: ProfileRecord = {
            ...record,
            name: name === undefined ? record.name : name,
            metadata: metadata ?? record.metadata,
            consent: consent === undefined ? record.consent : consent,
            updatedAt: timestamp(record.updatedAt),
          };
          await tx.objectStore('profiles').put(updated);
          await note(tx, 'update-profile', { actor: owner, subject: id, count: null });
          return toProfile(updated, await collectionsOf(tx, id));
        });
        changed({ profiles: { change: 'updated', ids: [id] } });
        return profile;
      }),

    deleteProfile: (owner, id) =>
      db.exclusive(async (writer) => {
        const { collectionIds, classifiers } = await writer.commit(async (tx) => {
          const record = await requireProfile(tx, owner, id);
          await tx.objectStore('blocks').delete(id);
          for (const key of await tx.objectStore('negatives').index('profileId').getAllKeys(id)) {
            await tx.objectStore('negatives').delete(key);
          }
          const ids = await collectionsOf(tx, id);
          for (const collectionId of ids) await tx.objectStore('memberships').delete([collectionId, id]);
          await tx.objectStore('profiles').delete(id);
          const deletedAt = timestamp(record.updatedAt);
          await tx.objectStore('tombstones').put({ kind: 'profile', id, owner: record.owner, deletedAt });
          await note(tx, 'delete-profile', { actor: owner, subject: id, count: record.templateCount });
          return { collectionIds: ids, classifiers: await touchCollections(tx, ids) };
        });
        changed({
          profiles: { change: 'deleted', ids: [id] },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
      }),

    async templatesOf(owner, profileId) {
      const { block, stored } = await db.read(async (tx) => {
        await requireProfile(tx, owner, profileId);
        return { block: await tx.objectStore('blocks').get(profileId), stored: await readKey(tx) };
      });
      if (!block) return [];
      const [items = []] = await openBlocks(keyring, stored, [block]);
      return items.map((item) => ({ ...item, profileId, space: block.space }));
    },

    namesOf: (profileIds) =>
      db.read(async (tx) => {
        const records = await Promise.all(profileIds.map((id) => tx.objectStore('profiles').get(id)));
        return records.map((record) => record?.name ?? null);
      }),
  };
}

function newItem({ vector, quality }: NewTemplate, createdAt: string): BlockItem {
  return { id: crypto.randomUUID(), createdAt, quality, vector };
}

/** Returns the common space of the templates. All templates of one call come from one embedder. */
function spaceOf(templates: readonly NewTemplate[]): string {
  const [first, ...others] = templates;
  if (!first) throw new InfaceError('INTERNAL', 'A profile was to be stored without templates.');
  for (const template of others) assertSameSpace(template, first.space);
  return first.space;
}

/** Returns the `count` items of the best images, in order of enrollment. Prefers later ones among equals. */
function withoutWeakest(items: readonly BlockItem[], count: number): BlockItem[] {
  const strength = ({ quality }: BlockItem) => quality ?? 0;
  const byStrength = items
    .map((item, i) => ({ item, i }))
    .sort((a, b) => strength(b.item) - strength(a.item) || b.i - a.i);
  const kept = new Set(byStrength.slice(0, count).map(({ item }) => item));
  return items.filter((item) => kept.has(item));
}
