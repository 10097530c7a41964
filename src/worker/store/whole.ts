/** Opens, seals and writes whole profiles, and deletes all that belongs to a record. */
import type { ReplicaProfile } from '../../api/replica.js';
import type {
  ProfileDetails,
  ProfileRecord,
  TemplateBlock,
  WriteTransaction,
  CollectionRecord,
} from './database/schema.js';
import { openBlocks, openDetails, sealBlock, sealDetails, type Keyring } from './keyring.js';
import { collectionsOf, countTemplates, profilesOf, startingWith, toStoredSpace } from './records.js';
import type { OpenKey, StoredKey } from './vault.js';

/** A profile as the database holds it. */
export interface SealedProfile {
  readonly record: ProfileRecord;
  readonly blocks: readonly TemplateBlock[];
}

/**
 * Decrypts profiles.
 * @param blocks the blocks of these profiles, in the order of their spaces
 * @throws InfaceError `VAULT_LOCKED`, `TEMPLATES_UNREADABLE`
 */
export async function openProfiles(
  keyring: Keyring,
  stored: StoredKey | undefined,
  records: readonly ProfileRecord[],
  blocks: readonly TemplateBlock[],
): Promise<ReplicaProfile[]> {
  // Details of a locked vault would be empty, and a copy of them would replace a name by none.
  if (records.length > 0) await keyring.forReading(stored, 'templates');
  const opened = await openBlocks(keyring, stored, blocks);
  const details = await openDetails(keyring, stored, records);
  const blocksOf = new Map<string, ReplicaProfile['blocks'][number][]>(records.map(({ id }) => [id, []]));
  for (const [i, { profileId, space }] of blocks.entries()) {
    blocksOf.get(profileId)?.push({ space, templates: opened[i] ?? [] });
  }
  return records.map(({ templateCount: _, spaces: __, details: ___, ...record }, i) => ({
    ...record,
    ...(details[i] as ProfileDetails),
    blocks: blocksOf.get(record.id) ?? [],
  }));
}

/** Encrypts a profile. */
export async function sealProfile(key: OpenKey, profile: ReplicaProfile): Promise<SealedProfile> {
  const { blocks, name, metadata, consent, ...record } = profile;
  const spaces = blocks.map(({ space, templates }) => [space, toStoredSpace(templates)] as const);
  const details = await sealDetails(key, record.id, { name, metadata, consent });
  return {
    record: { ...record, details, ...countTemplates(Object.fromEntries(spaces)) },
    blocks: await Promise.all(
      blocks.map(({ space, templates }) => sealBlock(key, { profileId: record.id, space }, templates)),
    ),
  };
}

/** Writes a profile. @param replaces whether there is one with its id */
export async function putProfile(
  tx: WriteTransaction,
  { record, blocks }: SealedProfile,
  replaces: boolean,
): Promise<void> {
  if (replaces) await tx.objectStore('blocks').delete(startingWith(record.id));
  await Promise.all([
    tx.objectStore('profiles').put(record),
    ...blocks.map((block) => tx.objectStore('blocks').put(block)),
  ]);
}

/**
 * Deletes a profile with its templates, memberships and negative examples, and leaves a tombstone.
 * @param deletedAt the time of the tombstone, `null` for none, because the profile exists in other stores
 * @returns the ids of the collections that it was in
 */
export async function removeProfile(
  tx: WriteTransaction,
  { id, owner }: Pick<ProfileRecord, 'id' | 'owner'>,
  deletedAt: string | null,
): Promise<string[]> {
  await tx.objectStore('blocks').delete(startingWith(id));
  for (const key of await tx.objectStore('negatives').index('profileId').getAllKeys(id)) {
    await tx.objectStore('negatives').delete(key);
  }
  const ids = await collectionsOf(tx, id);
  for (const collectionId of ids) await tx.objectStore('memberships').delete([collectionId, id]);
  await tx.objectStore('profiles').delete(id);
  await tx.objectStore('plainDetails').delete(id);
  if (deletedAt !== null) await tx.objectStore('tombstones').put({ kind: 'profile', id, owner, deletedAt });
  return ids;
}

/**
 * Deletes a collection with its memberships, negative examples and classifier, and leaves a tombstone.
 * @returns the number of its profiles
 */
export async function removeCollection(
  tx: WriteTransaction,
  { id, owner }: Pick<CollectionRecord, 'id' | 'owner'>,
  deletedAt: string,
): Promise<number> {
  const members = await profilesOf(tx, id);
  await tx.objectStore('memberships').delete(startingWith(id));
  await tx.objectStore('negatives').delete(startingWith(id));
  await tx.objectStore('classifiers').delete(id);
  await tx.objectStore('collections').delete(id);
  await tx.objectStore('tombstones').put({ kind: 'collection', id, owner, deletedAt });
  return members.length;
}
