/** The database schema and its migrations. A new storage version changes only this file. */
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { ApiKey } from '../../../api/api-keys.js';
import type { AuditEntry } from '../../../api/audit.js';
import type { Profile } from '../../../api/profiles.js';
import { ENOUGH_TEMPLATES } from '../../../recognition/template.js';
import type { Sealed, StoredKey } from '../vault.js';

/** Personal data of a profile. */
export type ProfileDetails = Pick<Profile, 'name' | 'metadata' | 'consent'>;

export interface ProfileRecord {
  readonly id: string;
  /** {@link ProfileDetails}, encrypted like templates. `null` until those of earlier versions are. */
  readonly details: Sealed | null;
  readonly owner: string | null;
  /** Written together with the templates, so that listing thousands of profiles decrypts no template. */
  readonly templateCount: number;
  /** The same by embedding space. */
  readonly spaces: Readonly<Record<string, StoredSpace>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The templates of a profile in one embedding space. */
export interface StoredSpace {
  readonly templateCount: number;
  /** Time since when there are `ENOUGH_TEMPLATES`. ISO 8601, UTC; `null` if there are fewer. */
  readonly enoughSince: string | null;
}

/**
 * The templates of one profile in one embedding space, encrypted together. Decrypting a block takes about as long as
 * decrypting one vector. Each profile has separate records, so enrollment and deletion do not touch other profiles.
 */
export interface TemplateBlock extends Sealed {
  readonly profileId: string;
  /** Not encrypted, so that the models that a store needs are known while the vault is locked. */
  readonly space: string;
}

/** An embedding space that has templates but is no longer the one of the kit. */
export interface OldSpace {
  readonly space: string;
  /** Time when a kit with other models first opened the store. ISO 8601, UTC. */
  readonly since: string;
}

/** Faces rejected as matches for a profile in one collection, encrypted like templates. */
export interface NegativeBlock extends TemplateBlock {
  readonly collectionId: string;
}

export interface ClassifierRecord extends Sealed {
  readonly collectionId: string;
}

/** Keys of an application that keeps several stores alike, encrypted together. */
export interface KeySetRecord extends Sealed {
  readonly set: string;
}

export interface CollectionRecord {
  readonly id: string;
  readonly name: string;
  readonly unknowns: boolean;
  readonly owner: string | null;
  /** Increases with every change to what the collection recognizes. */
  readonly revision: number;
  /**
   * The last changes to the profiles that the collection recognizes, oldest first. A revision that is not in the list may
   * have changed any profile. Absent before the first change.
   */
  readonly changes?: readonly CollectionRevision[];
  /** The revision the last classifier was trained on, or `null`. The classifier is stored only while it is current. */
  readonly trainedRevision: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The profiles that a revision of a collection changed. */
export interface CollectionRevision {
  readonly revision: number;
  readonly profileIds: readonly string[];
}

/**
 * Marks a deleted profile or collection. Requests for its id report the deletion, and an import restores it only if the
 * imported record was updated later.
 */
export interface Tombstone {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  readonly owner: string | null;
  /** ISO 8601, UTC. */
  readonly deletedAt: string;
}

export interface ApiKeyRecord extends ApiKey {
  readonly salt: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the salt and the secret. The secret is 256 random bits, so a slow hash is unnecessary. */
  readonly hash: Uint8Array<ArrayBuffer>;
}

/** A template as version 1 stored it, unencrypted. */
export interface PlainTemplate {
  readonly id: string;
  readonly profileId: string;
  readonly ordinal: number;
  readonly space: string;
  readonly vector: Float32Array;
  readonly createdAt: string;
}

export interface Schema extends DBSchema {
  /** Details as versions up to 3 stored them, by profile. Emptied when such a database is opened or unlocked. */
  plainDetails: { key: string; value: ProfileDetails };
  profiles: { key: string; value: ProfileRecord; indexes: { createdAt: string } };
  /** Used by version 1 only; emptied when a database of version 1 is opened. */
  templates: { key: string; value: PlainTemplate; indexes: { profile: [string, number] } };
  blocks: { key: [profileId: string, space: string]; value: TemplateBlock; indexes: { space: string } };
  negatives: {
    key: [collectionId: string, profileId: string, space: string];
    value: NegativeBlock;
    indexes: { profileId: string };
  };
  oldSpaces: { key: string; value: OldSpace };
  collections: { key: string; value: CollectionRecord; indexes: { createdAt: string } };
  memberships: {
    key: [string, string];
    value: { readonly collectionId: string; readonly profileId: string };
    indexes: { profileId: string };
  };
  classifiers: { key: string; value: ClassifierRecord };
  tombstones: { key: [kind: string, id: string]; value: Tombstone };
  apiKeys: { key: string; value: ApiKeyRecord; indexes: { createdAt: string } };
  audit: { key: number; value: AuditEntry };
  /** At most one record, under the key 'current'. */
  keys: { key: 'current'; value: StoredKey };
  /** One record. Survives `eraseAll`. */
  identity: { key: 'current'; value: StoreIdentity };
  keySets: { key: string; value: KeySetRecord };
}

/** Which database this is, to recognize one that was deleted and created again. */
export interface StoreIdentity {
  readonly id: string;
  /** Id of the lost database that the application accepted this one for, or `null`. */
  readonly replaces: string | null;
}

type Store = StoreNames<Schema>;
export type WriteTransaction = IDBPTransaction<Schema, Store[], 'readwrite'>;
export type ReadTransaction = IDBPTransaction<Schema, Store[], 'readonly' | 'readwrite'>;

/** Migrates a database from one version to the next, within the upgrade transaction. */
export type Migration = (db: IDBPDatabase<Schema>, tx: UpgradeTransaction) => Promise<void>;

type UpgradeTransaction = IDBPTransaction<Schema, Store[], 'versionchange'>;

/**
 * One migration per version: `MIGRATIONS[n]` takes a database from version n to n + 1. Never change a released
 * migration; append a new one.
 */
export const MIGRATIONS: readonly Migration[] = [
  (db: IDBPDatabase<Schema>): Promise<void> => {
    db.createObjectStore('profiles', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('templates', { keyPath: 'id' }).createIndex('profile', ['profileId', 'ordinal'], {
      unique: true,
    });
    db.createObjectStore('collections', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('memberships', { keyPath: ['collectionId', 'profileId'] }).createIndex(
      'profileId',
      'profileId',
    );
    db.createObjectStore('classifiers', { keyPath: 'collectionId' });
    return Promise.resolve();
  },
  async (db: IDBPDatabase<Schema>, tx: UpgradeTransaction): Promise<void> => {
    db.createObjectStore('blocks', { keyPath: 'profileId' });
    db.createObjectStore('negatives', { keyPath: ['collectionId', 'profileId'] }).createIndex('profileId', 'profileId');
    db.createObjectStore('tombstones', { keyPath: ['kind', 'id'] });
    db.createObjectStore('apiKeys', { keyPath: 'id' }).createIndex('createdAt', 'createdAt');
    db.createObjectStore('audit', { autoIncrement: true });
    db.createObjectStore('keys');
    for await (const cursor of tx.objectStore('profiles')) {
      await cursor.update({ ...cursor.value, consent: null, owner: null } as ProfileRecord);
    }
    // Version 1 stored classifiers unencrypted. Delete them, to be trained again. Templates are encrypted after the
    // upgrade, see `sealPlainTemplates`.
    await tx.objectStore('classifiers').clear();
    for await (const cursor of tx.objectStore('collections')) {
      await cursor.update({ ...cursor.value, unknowns: false, owner: null, trainedRevision: null });
    }
  },
  async (db: IDBPDatabase<Schema>, tx: UpgradeTransaction): Promise<void> => {
    // While the models change, a profile has templates of several spaces. Make the space a part of the keys.
    const blocks = await tx.objectStore('blocks').getAll();
    const negatives = await tx.objectStore('negatives').getAll();
    db.deleteObjectStore('blocks');
    db.deleteObjectStore('negatives');
    const newBlocks = db.createObjectStore('blocks', { keyPath: ['profileId', 'space'] });
    newBlocks.createIndex('space', 'space');
    const newNegatives = db.createObjectStore('negatives', { keyPath: ['collectionId', 'profileId', 'space'] });
    newNegatives.createIndex('profileId', 'profileId');
    db.createObjectStore('oldSpaces', { keyPath: 'space' });
    for (const block of blocks) await newBlocks.add(block);
    for (const negative of negatives) await newNegatives.add(negative);
    const spaceOf = new Map(blocks.map(({ profileId, space }) => [profileId, space]));
    for (const profile of await tx.objectStore('profiles').getAll()) {
      const { id, templateCount, updatedAt } = profile;
      const [plain] = await tx
        .objectStore('templates')
        .index('profile')
        .getAll(IDBKeyRange.bound([id], [id, []]), 1);
      const space = spaceOf.get(id) ?? plain?.space;
      const enoughSince = templateCount >= ENOUGH_TEMPLATES ? updatedAt : null;
      const spaces = space === undefined ? {} : { [space]: { templateCount, enoughSince } };
      await tx.objectStore('profiles').put({ ...profile, spaces });
    }
  },
  async (db: IDBPDatabase<Schema>, tx: UpgradeTransaction): Promise<void> => {
    // Names, metadata and notes of consent are encrypted after the upgrade, see `upgrade.ts`.
    const plain = db.createObjectStore('plainDetails');
    for await (const cursor of tx.objectStore('profiles')) {
      const { name, metadata, consent, ...record } = cursor.value as ProfileRecord & ProfileDetails;
      await plain.put({ name, metadata, consent }, record.id);
      await cursor.update({ ...record, details: null });
    }
  },
  async (db: IDBPDatabase<Schema>): Promise<void> => {
    await db.createObjectStore('identity').add({ id: crypto.randomUUID(), replaces: null }, 'current');
  },
  (db: IDBPDatabase<Schema>): Promise<void> => {
    db.createObjectStore('keySets', { keyPath: 'set' });
    return Promise.resolve();
  },
];
