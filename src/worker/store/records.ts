/** Helpers shared by the parts of the store: find records, and update the revisions of collections. */
import { InfaceError } from '../../api/errors.js';
import type { AuditEntry } from '../../api/audit.js';
import type { Collection } from '../../api/collections.js';
import type { Profile } from '../../api/profiles.js';
import { ENOUGH_TEMPLATES } from '../../recognition/template.js';
import { LAST_TIME } from './backup-content.js';
import type { Owner, StoreChange, StoredClassifierState } from '../ports/face-store.js';
import type { Database } from './database/connection.js';
import type {
  CollectionRecord,
  ProfileDetails,
  ProfileRecord,
  ReadTransaction,
  StoredSpace,
  TemplateBlock,
  Tombstone,
  WriteTransaction,
} from './database/schema.js';
import type { Keyring } from './keyring.js';

/** The dependencies of every part of the store. */
export interface StoreParts {
  readonly db: Database;
  readonly keyring: Keyring;
  /** Adds an entry to the audit trail, in the transaction of the change that it describes. */
  readonly note: (
    tx: WriteTransaction,
    action: AuditEntry['action'],
    about: { readonly actor: Owner; readonly subject: string | null; readonly count: number | null },
  ) => Promise<void>;
  /** Reports a completed change. */
  readonly changed: (change: StoreChange) => void;
}

/**
 * The range of the device's clock. A wrong one may be anywhere, and a backup takes no time after {@link LAST_TIME}: the
 * 1,000 years in between are left to the changes that follow, 1 ms each.
 */
const LAST_CLOCK = Date.parse('7999-12-31T23:59:59.999Z');

/**
 * Returns the current time, but at least 1 ms after `previous`. Later states of a record thus have later times, even
 * after the clock was set back.
 */
export function timestamp(previous?: string): string {
  const now = Math.min(Math.max(0, Date.now()), LAST_CLOCK);
  const after = previous === undefined ? 0 : Date.parse(previous) + 1;
  return new Date(Math.min(Math.max(now, after), Date.parse(LAST_TIME))).toISOString();
}

/** Returns the range of all longer keys with these first parts. An array sorts after every string and number. */
export function startingWith(...first: readonly string[]): IDBKeyRange {
  return IDBKeyRange.bound(first, [...first, []]);
}

export function isSeenBy(owner: Owner, record: { readonly owner: Owner }): boolean {
  return owner === null || record.owner === owner;
}

/** @throws InfaceError `PROFILE_GONE`, `PROFILE_NOT_FOUND` */
export async function requireProfile(tx: ReadTransaction, owner: Owner, id: string): Promise<ProfileRecord> {
  const record = await tx.objectStore('profiles').get(id);
  if (record && isSeenBy(owner, record)) return record;
  const deleted = await tombstoneOf(tx, owner, 'profile', id);
  if (deleted) throw new InfaceError('PROFILE_GONE', `The profile '${id}' was deleted at ${deleted.deletedAt}.`);
  throw new InfaceError('PROFILE_NOT_FOUND', `There is no profile '${id}'. profiles.list() has them all.`);
}

/** @throws InfaceError `COLLECTION_GONE`, `COLLECTION_NOT_FOUND` */
export async function requireCollection(tx: ReadTransaction, owner: Owner, id: string): Promise<CollectionRecord> {
  const record = await tx.objectStore('collections').get(id);
  if (record && isSeenBy(owner, record)) return record;
  const deleted = await tombstoneOf(tx, owner, 'collection', id);
  if (deleted) throw new InfaceError('COLLECTION_GONE', `The collection '${id}' was deleted at ${deleted.deletedAt}.`);
  throw new InfaceError('COLLECTION_NOT_FOUND', `There is no collection '${id}'. collections.list() has them all.`);
}

async function tombstoneOf(
  tx: ReadTransaction,
  owner: Owner,
  kind: Tombstone['kind'],
  id: string,
): Promise<Tombstone | null> {
  const tombstone = await tx.objectStore('tombstones').get([kind, id]);
  return tombstone && isSeenBy(owner, tombstone) ? tombstone : null;
}

export async function collectionsOf(tx: ReadTransaction, profileId: string): Promise<string[]> {
  const memberships = await tx.objectStore('memberships').index('profileId').getAll(profileId);
  return memberships.map(({ collectionId }) => collectionId);
}

export async function profilesOf(tx: ReadTransaction, collectionId: string): Promise<string[]> {
  const keys = await tx.objectStore('memberships').getAllKeys(startingWith(collectionId));
  return keys.map(([, profileId]) => profileId);
}

/** Returns a string that changes with each write of a block: the IV, which is never reused. */
export function sealOf({ iv }: TemplateBlock): string {
  return String.fromCharCode(...iv);
}

/** Number of changes that a collection notes, and of profiles in each one. Readers that are further behind read everything. */
const MAX_CHANGES = 32;

/**
 * Increments the revisions of collections and deletes their classifiers. The classifiers are stale, and data derived
 * from the templates of a deleted profile must not outlive it.
 * @param profileIds the profiles that were added to the collections or removed, or whose templates changed
 * @param keepsTime whether to leave the time of the last change, because the change was made in another store
 * @returns the new states of the classifiers
 */
export async function touchCollections(
  tx: WriteTransaction,
  ids: readonly string[],
  profileIds: readonly string[],
  keepsTime = false,
): Promise<NonNullable<StoreChange['classifiers']>> {
  const touched = [];
  for (const id of ids) {
    const record = await requireCollection(tx, null, id);
    const revision = record.revision + 1;
    const noted = profileIds.length > MAX_CHANGES ? [] : [...(record.changes ?? []), { revision, profileIds }];
    const changes = noted.slice(-MAX_CHANGES);
    const updatedAt = keepsTime ? record.updatedAt : timestamp(record.updatedAt);
    const updated = { ...record, revision, changes, updatedAt };
    await tx.objectStore('collections').put(updated);
    await tx.objectStore('classifiers').delete(id);
    touched.push({ collectionId: id, state: classifierState(updated) });
  }
  return touched;
}

/** Returns the profiles that changed after a revision, or `null` if not all changes were noted. */
export function changedSince({ revision, changes = [] }: CollectionRecord, since: number): ReadonlySet<string> | null {
  const later = changes.filter((change) => change.revision > since);
  if (later.length !== revision - since) return null;
  return new Set(later.flatMap(({ profileIds }) => profileIds));
}

export function classifierState({
  revision,
  trainedRevision,
}: Pick<CollectionRecord, 'revision' | 'trainedRevision'>): StoredClassifierState {
  if (trainedRevision === null) return 'untrained';
  return trainedRevision === revision ? 'trained' : 'stale';
}

export function toProfile(
  { spaces, details: _, ...record }: ProfileRecord,
  details: ProfileDetails,
  collectionIds: readonly string[],
): Profile {
  const counts = Object.entries(spaces).map(([space, { templateCount }]) => [space, templateCount] as const);
  return { ...record, ...details, spaces: Object.fromEntries(counts), collectionIds };
}

/**
 * Describes templates for the record of their profile.
 * @param items templates of one embedding space, oldest first
 * @param before the description before they changed
 */
export function toStoredSpace(items: readonly { readonly createdAt: string }[], before?: StoredSpace): StoredSpace {
  const last = items[ENOUGH_TEMPLATES - 1];
  return { templateCount: items.length, enoughSince: last ? (before?.enoughSince ?? last.createdAt) : null };
}

/** Returns the fields of a profile that count its templates. Leaves out spaces without templates. */
export function countTemplates(spaces: ProfileRecord['spaces']): Pick<ProfileRecord, 'spaces' | 'templateCount'> {
  const filled = Object.entries(spaces).filter(([, { templateCount }]) => templateCount > 0);
  const templateCount = filled.reduce((sum, [, space]) => sum + space.templateCount, 0);
  return { spaces: Object.fromEntries(filled), templateCount };
}

export function toCollection(record: CollectionRecord, profileIds: readonly string[]): Collection {
  const { revision, trainedRevision, changes: _, ...fields } = record;
  return { ...fields, profileIds, classifier: classifierState({ revision, trainedRevision }) };
}
