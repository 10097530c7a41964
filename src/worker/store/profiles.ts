/** Stores profiles and their templates. */
import { InfaceError } from '../../api/errors.js';
import type { AuditEntry } from '../../api/audit.js';
import type { Profile, ProfileListOptions } from '../../api/profiles.js';
import { assertSameSpace, ENOUGH_TEMPLATES } from '../../recognition/template.js';
import type { FaceStore, NewTemplate, Owner } from '../ports/face-store.js';
import { RECORDS_PER_BATCH } from './batches.js';
import type { BlockItem } from './block.js';
import type { ProfileDetails, ProfileRecord, ReadTransaction } from './database/schema.js';
import { openBlocks, openDetails, readKey, sealBlock, sealDetails } from './keyring.js';
import {
  collectionsOf,
  countTemplates,
  isSeenBy,
  requireCollection,
  requireProfile,
  startingWith,
  timestamp,
  toProfile,
  toStoredSpace,
  touchCollections,
  type StoreParts,
} from './records.js';
import { removeProfile } from './whole.js';

type PlaceInList = ProfileListOptions['after'];

type Operations = Pick<
  FaceStore,
  | 'createProfile'
  | 'addTemplates'
  | 'addSighting'
  | 'removeTemplate'
  | 'listProfiles'
  | 'getProfile'
  | 'updateProfile'
  | 'deleteProfile'
  | 'templatesOf'
  | 'namesOf'
>;

export function createProfiles({ db, keyring, note, changed }: StoreParts): Operations {
  /**
   * Changes the templates of a profile in one embedding space.
   * @param change returns the new templates, oldest first, or the same list to write nothing
   * @returns the profile, and the ids of the new templates
   */
  function rewrite(
    owner: Owner,
    profileId: string,
    space: string,
    action: AuditEntry['action'],
    change: (before: BlockItem[], now: string) => BlockItem[],
  ): Promise<{ profile: Profile; added: string[] }> {
    return db.exclusive(async (writer) => {
      const { record, block, stored, ids } = await writer.read(async (tx) => ({
        record: await requireProfile(tx, owner, profileId),
        block: await tx.objectStore('blocks').get([profileId, space]),
        stored: await readKey(tx),
        ids: await collectionsOf(tx, profileId),
      }));
      const [before = []] = await openBlocks(keyring, stored, block ? [block] : []);
      const updatedAt = timestamp(record.updatedAt);
      const items = change(before, updatedAt);
      const [details] = (await openDetails(keyring, stored, [record])) as [ProfileDetails];
      if (items === before) return { profile: toProfile(record, details, ids), added: [] };
      const added = items.filter((item) => !before.includes(item)).map(({ id }) => id);
      const key = await keyring.forWriting(writer);
      const sealed = await sealBlock(key, { profileId, space }, items);
      const spaces = { ...record.spaces, [space]: toStoredSpace(items, record.spaces[space]) };
      const updated = { ...record, ...countTemplates(spaces), updatedAt };
      const classifiers = await writer.commit(async (tx) => {
        await tx.objectStore('profiles').put(updated);
        if (items.length > 0) await tx.objectStore('blocks').put(sealed);
        else await tx.objectStore('blocks').delete([profileId, space]);
        const count = added.length || before.length - items.length;
        await note(tx, action, { actor: owner, subject: profileId, count });
        return touchCollections(tx, ids, [profileId]);
      });
      changed({
        profiles: { change: 'updated', ids: [profileId] },
        ...(ids.length > 0 ? { collections: { change: 'updated', ids }, classifiers } : {}),
      });
      return { profile: toProfile(updated, details, ids), added };
    });
  }

  return {
    createProfile: (owner, { templates, collectionId, ...details }) =>
      db.exclusive(async (writer) => {
        const id = crypto.randomUUID();
        const now = timestamp();
        const items = templates.map((template) => newItem(template, now));
        const key = await keyring.forWriting(writer);
        const space = spaceOf(templates);
        const block = await sealBlock(key, { profileId: id, space }, items);
        const counts = countTemplates({ [space]: toStoredSpace(items) });
        const record: ProfileRecord = {
          id,
          details: await sealDetails(key, id, details),
          owner,
          ...counts,
          createdAt: now,
          updatedAt: now,
        };
        const collectionIds = collectionId === null ? [] : [collectionId];
        const classifiers = await writer.commit(async (tx) => {
          await tx.objectStore('profiles').add(record);
          await tx.objectStore('blocks').add(block);
          for (const joined of collectionIds) {
            await requireCollection(tx, owner, joined);
            await tx.objectStore('memberships').add({ collectionId: joined, profileId: id });
          }
          await note(tx, 'enroll', { actor: owner, subject: id, count: items.length });
          return touchCollections(tx, collectionIds, [id]);
        });
        changed({
          profiles: { change: 'created', ids: [id] },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
        return { profile: toProfile(record, details, collectionIds), templateIds: items.map((item) => item.id) };
      }),

    async addTemplates(owner, profileId, templates, limit) {
      let replaced: readonly BlockItem[] = [];
      const { profile, added } = await rewrite(owner, profileId, spaceOf(templates), 'add-images', (before, now) => {
        const fresh = templates.map((template) => newItem(template, now));
        const kept = withoutWeakest(before, Math.max(0, limit - fresh.length));
        replaced = before.filter((item) => !kept.includes(item));
        return [...kept, ...fresh];
      });
      return { profile, templateIds: added, replacedTemplateIds: replaced.map(({ id }) => id) };
    },

    async addSighting(profileId, template, apartMs) {
      const { profile, added } = await rewrite(null, profileId, template.space, 'migrate', (before, now) => {
        const isRecent = before.some(({ createdAt }) => Math.abs(Date.parse(now) - Date.parse(createdAt)) < apartMs);
        return isRecent || before.length >= ENOUGH_TEMPLATES ? before : [...before, newItem(template, now)];
      });
      return { profile, templateId: added[0] ?? null };
    },

    async removeTemplate(profileId, space, templateId) {
      await rewrite(null, profileId, space, 'remove-template', (before) => {
        const kept = before.filter(({ id }) => id !== templateId);
        return kept.length < before.length ? kept : before;
      });
    },

    async listProfiles(owner, { limit, after } = {}) {
      const { records, collectionIds, stored } = await db.read(async (tx) => {
        const [found, key] = await Promise.all([
          limit === undefined ? readAll(tx, owner, after) : readPage(tx, owner, limit, after),
          readKey(tx),
        ]);
        return { ...found, stored: key };
      });
      const opened = await openDetails(keyring, stored, records);
      return records.map((record, i) => toProfile(record, opened[i] as ProfileDetails, collectionIds[i] ?? []));
    },

    async getProfile(owner, id) {
      const { record, ids, stored } = await db.read((tx) => readProfile(tx, owner, id));
      const [details] = (await openDetails(keyring, stored, [record])) as [ProfileDetails];
      return toProfile(record, details, ids);
    },

    updateProfile: (owner, id, { name, metadata, consent }) =>
      db.exclusive(async (writer) => {
        const { record, ids, stored } = await writer.read((tx) => readProfile(tx, owner, id));
        const key = await keyring.forWriting(writer);
        const [before] = (await openDetails(keyring, stored, [record])) as [ProfileDetails];
        const details: ProfileDetails = {
          name: name === undefined ? before.name : name,
          metadata: metadata ?? before.metadata,
          consent: consent === undefined ? before.consent : consent,
        };
        const updated: ProfileRecord = {
          ...record,
          details: await sealDetails(key, id, details),
          updatedAt: timestamp(record.updatedAt),
        };
        await writer.commit(async (tx) => {
          await tx.objectStore('profiles').put(updated);
          await note(tx, 'update-profile', { actor: owner, subject: id, count: null });
        });
        changed({ profiles: { change: 'updated', ids: [id] } });
        return toProfile(updated, details, ids);
      }),

    deleteProfile: (owner, id) =>
      db.exclusive(async (writer) => {
        const { collectionIds, classifiers } = await writer.commit(async (tx) => {
          const record = await requireProfile(tx, owner, id);
          const ids = await removeProfile(tx, record, timestamp(record.updatedAt));
          await note(tx, 'delete-profile', { actor: owner, subject: id, count: record.templateCount });
          return { collectionIds: ids, classifiers: await touchCollections(tx, ids, [id]) };
        });
        changed({
          profiles: { change: 'deleted', ids: [id] },
          ...(collectionIds.length > 0 ? { collections: { change: 'updated', ids: collectionIds }, classifiers } : {}),
        });
      }),

    async templatesOf(owner, profileId) {
      const { blocks, stored } = await db.read(async (tx) => {
        await requireProfile(tx, owner, profileId);
        return { blocks: await tx.objectStore('blocks').getAll(startingWith(profileId)), stored: await readKey(tx) };
      });
      const opened = await openBlocks(keyring, stored, blocks);
      return blocks.flatMap(({ space }, i) => (opened[i] ?? []).map((item) => ({ ...item, profileId, space })));
    },

    async namesOf(profileIds) {
      const { found, stored } = await db.read(async (tx) => ({
        found: await Promise.all(profileIds.map((id) => tx.objectStore('profiles').get(id))),
        stored: await readKey(tx),
      }));
      const records = found.filter((record) => record !== undefined);
      const opened = await openDetails(keyring, stored, records);
      return found.map((record) => (record ? (opened[records.indexOf(record)]?.name ?? null) : null));
    },
  };
}

interface ListedRecords {
  readonly records: readonly ProfileRecord[];
  /** Collections of each record. */
  readonly collectionIds: readonly (readonly string[])[];
}

async function readAll(tx: ReadTransaction, owner: Owner, after: PlaceInList): Promise<ListedRecords> {
  // Sorted here, because to read all records by an index takes Chromium twice as long.
  const records = (await tx.objectStore('profiles').getAll())
    .filter((record) => isSeenBy(owner, record) && (!after || compareAge(after, record) < 0))
    .sort(compareAge);
  const collectionsByProfile = new Map<string, string[]>(records.map(({ id }) => [id, []]));
  for (const [collectionId, profileId] of await tx.objectStore('memberships').getAllKeys()) {
    collectionsByProfile.get(profileId)?.push(collectionId);
  }
  return { records, collectionIds: [...collectionsByProfile.values()] };
}

async function readPage(tx: ReadTransaction, owner: Owner, limit: number, after: PlaceInList): Promise<ListedRecords> {
  // Of many records, few may be of one owner.
  const count = owner === null ? limit : Math.max(limit, RECORDS_PER_BATCH);
  const found: ProfileRecord[] = [];
  for (let place = after, isLast = false; found.length < limit && !isLast;) {
    const next = await readAfter(tx, place, count);
    found.push(...next.filter((record) => isSeenBy(owner, record)));
    place = next.at(-1);
    isLast = next.length < count;
  }
  const records = found.slice(0, limit);
  return { records, collectionIds: await Promise.all(records.map(({ id }) => collectionsOf(tx, id))) };
}

/** Returns up to `count` records after a place. A cursor would take a request for each. */
async function readAfter(tx: ReadTransaction, after: PlaceInList, count: number): Promise<ProfileRecord[]> {
  const profiles = tx.objectStore('profiles');
  const times = profiles.index('createdAt');
  if (!after) return times.getAll(null, count);
  // Many may have the time of the place, as after an import. The index has them in the order of their ids.
  const [sameTime, later] = await Promise.all([
    times.getAllKeys(IDBKeyRange.only(after.createdAt)),
    times.getAll(IDBKeyRange.lowerBound(after.createdAt, true), count),
  ]);
  const ids = sameTime.filter((id) => id > after.id).slice(0, count);
  const records = (await Promise.all(ids.map((id) => profiles.get(id)))) as ProfileRecord[];
  return [...records, ...later].slice(0, count);
}

/** Sorts by age, oldest first, as the index of the times does. */
function compareAge(a: NonNullable<PlaceInList>, b: NonNullable<PlaceInList>): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

async function readProfile(tx: ReadTransaction, owner: Owner, id: string) {
  return {
    record: await requireProfile(tx, owner, id),
    ids: await collectionsOf(tx, id),
    stored: await readKey(tx),
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
