/** Profiles, templates, collections and classifiers in IndexedDB. The only module that knows idb. */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import { InfaceError } from '../errors.js';
import type { Classifier } from '../recognition/classifier.js';
import type { Template } from '../recognition/template.js';
import type { Collection, Profile } from '../types.js';
import type { FaceStore } from './engine.js';

interface ProfileRecord {
  readonly id: string;
  readonly name: string | null;
  readonly metadata: Profile['metadata'];
  /** Kept beside the templates, and written with them, so that a list of thousands needs no count for each. */
  readonly templateCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface TemplateRecord extends Template {
  /** Rises in the order of enrolment. */
  readonly ordinal: number;
}

interface CollectionRecord {
  readonly id: string;
  readonly name: string;
  /** Rises with every change of what the collection recognises. */
  readonly revision: number;
  /** The revision that the stored classifier was trained at, `null` when there is none. */
  readonly trainedRevision: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface Schema extends DBSchema {
  profiles: { key: string; value: ProfileRecord; indexes: { createdAt: string } };
  templates: { key: string; value: TemplateRecord; indexes: { profile: [string, number] } };
  collections: { key: string; value: CollectionRecord; indexes: { createdAt: string } };
  memberships: {
    key: [string, string];
    value: { readonly collectionId: string; readonly profileId: string };
    indexes: { profileId: string };
  };
  classifiers: { key: string; value: { readonly collectionId: string; readonly classifier: Classifier } };
}

type Store = StoreNames<Schema>;
type WriteTransaction = IDBPTransaction<Schema, Store[], 'readwrite'>;
type ReadTransaction = IDBPTransaction<Schema, Store[], 'readonly' | 'readwrite'>;

/** Takes a database from one version to the next. */
type Migration = (db: IDBPDatabase<Schema>) => void;

/**
 * One step per version: `MIGRATIONS[n]` takes a database of version n to n + 1. A step that was released is never
 * changed, a new one is appended.
 */
export const MIGRATIONS: readonly Migration[] = [
  (db: IDBPDatabase<Schema>): void => {
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
  },
];

const ALL_STORES: Store[] = ['profiles', 'templates', 'collections', 'memberships', 'classifiers'];

/**
 * Opens the store; the connection is made at the first use and again after the browser or another tab closed it.
 * @param migrations the steps of this version; tests append to them
 */
export function createStore(name: string, migrations: readonly Migration[] = MIGRATIONS): FaceStore {
  let connection: Promise<IDBPDatabase<Schema>> | null = null;
  let closed = false;

  function connect(): Promise<IDBPDatabase<Schema>> {
    if (closed) throw new InfaceError('CLOSED', 'The kit was closed. Create a new one with createFaceKit().');
    const forget = () => {
      connection = null;
    };
    connection ??= open(name, migrations, forget).catch((error: unknown) => {
      forget();
      throw error;
    });
    return connection;
  }

  /** Everything that `work` reads is of one moment. */
  async function read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    try {
      const db = await connect();
      return await work(db.transaction(ALL_STORES, 'readonly'));
    } catch (error) {
      throw await describe(error);
    }
  }

  /** Everything that `work` writes is stored, or nothing. `work` must wait for nothing but the transaction. */
  async function write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    try {
      const db = await connect();
      const tx = db.transaction(ALL_STORES, 'readwrite', { durability: 'strict' });
      try {
        const result = await work(tx);
        await tx.done;
        return result;
      } catch (error) {
        tx.done.catch(() => undefined);
        try {
          tx.abort();
        } catch {
          // It has aborted already, which is how a full disk shows.
        }
        throw tx.error ?? error;
      }
    } catch (error) {
      throw await describe(error);
    }
  }

  return {
    createProfile: ({ name: profileName, metadata, templates, collectionId }) =>
      write(async (tx) => {
        const now = new Date().toISOString();
        const record: ProfileRecord = {
          id: crypto.randomUUID(),
          name: profileName,
          metadata,
          templateCount: templates.length,
          createdAt: now,
          updatedAt: now,
        };
        const ids = [];
        await tx.objectStore('profiles').add(record);
        for (const [ordinal, template] of templates.entries()) {
          ids.push(await addTemplate(tx, record.id, ordinal, now, template));
        }
        if (collectionId !== null) {
          await requireCollection(tx, collectionId);
          await tx.objectStore('memberships').add({ collectionId, profileId: record.id });
          await touchCollection(tx, collectionId, now);
        }
        return { profile: toProfile(record, collectionId === null ? [] : [collectionId]), templateIds: ids };
      }),

    addTemplates: (profileId, templates) =>
      write(async (tx) => {
        const now = new Date().toISOString();
        const record = await requireProfile(tx, profileId);
        const last = await tx.objectStore('templates').index('profile').openKeyCursor(ofProfile(profileId), 'prev');
        const first = last ? last.key[1] + 1 : 0;
        const ids = [];
        for (const [i, template] of templates.entries()) {
          ids.push(await addTemplate(tx, profileId, first + i, now, template));
        }
        const updated = { ...record, templateCount: record.templateCount + templates.length, updatedAt: now };
        await tx.objectStore('profiles').put(updated);
        const collectionIds = await collectionsOf(tx, profileId);
        for (const collectionId of collectionIds) await touchCollection(tx, collectionId, now);
        return { profile: toProfile(updated, collectionIds), templateIds: ids };
      }),

    listProfiles: () =>
      read(async (tx) => {
        const records = await tx.objectStore('profiles').index('createdAt').getAll();
        const collectionIds = new Map<string, string[]>();
        for (const { profileId, collectionId } of await tx.objectStore('memberships').getAll()) {
          const ids = collectionIds.get(profileId);
          if (ids) ids.push(collectionId);
          else collectionIds.set(profileId, [collectionId]);
        }
        return records.map((record) => toProfile(record, collectionIds.get(record.id) ?? []));
      }),

    getProfile: (id) => read(async (tx) => toProfile(await requireProfile(tx, id), await collectionsOf(tx, id))),

    renameProfile: (id, newName) =>
      write(async (tx) => {
        const record = await requireProfile(tx, id);
        const updated = { ...record, name: newName, updatedAt: new Date().toISOString() };
        await tx.objectStore('profiles').put(updated);
        return toProfile(updated, await collectionsOf(tx, id));
      }),

    deleteProfile: (id) =>
      write(async (tx) => {
        await requireProfile(tx, id);
        const now = new Date().toISOString();
        for (const key of await tx.objectStore('templates').index('profile').getAllKeys(ofProfile(id))) {
          await tx.objectStore('templates').delete(key);
        }
        for (const collectionId of await collectionsOf(tx, id)) {
          await tx.objectStore('memberships').delete([collectionId, id]);
          await touchCollection(tx, collectionId, now);
        }
        await tx.objectStore('profiles').delete(id);
      }),

    templatesOf: (profileId) =>
      read(async (tx) => {
        await requireProfile(tx, profileId);
        return tx.objectStore('templates').index('profile').getAll(ofProfile(profileId));
      }),

    namesOf: (profileIds) =>
      read(async (tx) => {
        const records = await Promise.all(profileIds.map((id) => tx.objectStore('profiles').get(id)));
        return records.map((record) => record?.name ?? null);
      }),

    createCollection: (collectionName) =>
      write(async (tx) => {
        const now = new Date().toISOString();
        const record: CollectionRecord = {
          id: crypto.randomUUID(),
          name: collectionName,
          revision: 1,
          trainedRevision: null,
          createdAt: now,
          updatedAt: now,
        };
        await tx.objectStore('collections').add(record);
        return toCollection(record, []);
      }),

    listCollections: () =>
      read(async (tx) => {
        const records = await tx.objectStore('collections').index('createdAt').getAll();
        return Promise.all(records.map(async (record) => toCollection(record, await profilesOf(tx, record.id))));
      }),

    getCollection: (id) => read(async (tx) => toCollection(await requireCollection(tx, id), await profilesOf(tx, id))),

    updateCollection: (id, change) =>
      write(async (tx) => {
        const record = await requireCollection(tx, id);
        const before = await profilesOf(tx, id);
        const after = new Set(before);
        for (const profileId of change.addProfileIds ?? []) {
          await requireProfile(tx, profileId);
          after.add(profileId);
        }
        for (const profileId of change.removeProfileIds ?? []) after.delete(profileId);
        const added = [...after].filter((profileId) => !before.includes(profileId));
        const removed = before.filter((profileId) => !after.has(profileId));
        for (const profileId of added) await tx.objectStore('memberships').add({ collectionId: id, profileId });
        for (const profileId of removed) await tx.objectStore('memberships').delete([id, profileId]);
        const updated = {
          ...record,
          name: change.name ?? record.name,
          revision: record.revision + (added.length + removed.length > 0 ? 1 : 0),
          updatedAt: new Date().toISOString(),
        };
        await tx.objectStore('collections').put(updated);
        return toCollection(updated, await profilesOf(tx, id));
      }),

    deleteCollection: (id) =>
      write(async (tx) => {
        await requireCollection(tx, id);
        await tx.objectStore('memberships').delete(ofCollection(id));
        await tx.objectStore('classifiers').delete(id);
        await tx.objectStore('collections').delete(id);
      }),

    collectionRevision: (id) =>
      read(async (tx) => {
        const { revision, trainedRevision } = await requireCollection(tx, id);
        return { revision, classifier: classifierState(revision, trainedRevision) };
      }),

    loadCollection: (id) =>
      read(async (tx) => {
        const { revision, trainedRevision } = await requireCollection(tx, id);
        const templates: Template[] = [];
        for (const profileId of await profilesOf(tx, id)) {
          templates.push(...(await tx.objectStore('templates').index('profile').getAll(ofProfile(profileId))));
        }
        const trained = trainedRevision === revision ? await tx.objectStore('classifiers').get(id) : undefined;
        return { revision, templates, classifier: trained?.classifier ?? null };
      }),

    saveClassifier: (id, revision, classifier) =>
      write(async (tx) => {
        const record = await requireCollection(tx, id);
        await tx.objectStore('classifiers').put({ collectionId: id, classifier });
        await tx.objectStore('collections').put({ ...record, trainedRevision: revision });
      }),

    count: () =>
      read(async (tx) => {
        const [profiles, templates, collections] = await Promise.all([
          tx.objectStore('profiles').count(),
          tx.objectStore('templates').count(),
          tx.objectStore('collections').count(),
        ]);
        return { profiles, templates, collections };
      }),

    async close() {
      closed = true;
      const db = await connection?.catch(() => null);
      db?.close();
    },
  };
}

/** Opens and migrates the database. `onClosed` is called when the connection ends without our doing. */
async function open(
  name: string,
  migrations: readonly Migration[],
  onClosed: () => void,
): Promise<IDBPDatabase<Schema>> {
  return new Promise((resolve, reject) => {
    let gaveUp = false;
    openDB<Schema>(name, migrations.length, {
      upgrade(db, oldVersion) {
        for (const migrate of migrations.slice(oldVersion)) migrate(db);
      },
      blocked() {
        gaveUp = true;
        reject(
          new InfaceError(
            'STORAGE_BLOCKED',
            `The database '${name}' is held open by another tab with an older version. Close the other tabs of this site.`,
          ),
        );
      },
      blocking(_current, _blocked, event) {
        // A newer version wants to migrate: let go, or it would wait for this tab to be closed.
        (event.target as IDBDatabase).close();
        onClosed();
      },
      terminated: onClosed,
    }).then((db) => {
      if (gaveUp) db.close();
      else resolve(db);
    }, reject);
  });
}

/** All templates of one profile: the second part of the key is a number, and every number sorts before an array. */
function ofProfile(profileId: string): IDBKeyRange {
  return IDBKeyRange.bound([profileId], [profileId, []]);
}

/** All memberships of one collection, by the same reasoning with strings. */
function ofCollection(collectionId: string): IDBKeyRange {
  return IDBKeyRange.bound([collectionId], [collectionId, []]);
}

async function requireProfile(tx: ReadTransaction, id: string): Promise<ProfileRecord> {
  const record = await tx.objectStore('profiles').get(id);
  if (!record) throw new InfaceError('PROFILE_NOT_FOUND', `There is no profile '${id}'. profiles.list() has them all.`);
  return record;
}

async function requireCollection(tx: ReadTransaction, id: string): Promise<CollectionRecord> {
  const record = await tx.objectStore('collections').get(id);
  if (!record) {
    throw new InfaceError('COLLECTION_NOT_FOUND', `There is no collection '${id}'. collections.list() has them all.`);
  }
  return record;
}

async function collectionsOf(tx: ReadTransaction, profileId: string): Promise<string[]> {
  const memberships = await tx.objectStore('memberships').index('profileId').getAll(profileId);
  return memberships.map(({ collectionId }) => collectionId);
}

async function profilesOf(tx: ReadTransaction, collectionId: string): Promise<string[]> {
  const keys = await tx.objectStore('memberships').getAllKeys(ofCollection(collectionId));
  return keys.map(([, profileId]) => profileId);
}

async function addTemplate(
  tx: WriteTransaction,
  profileId: string,
  ordinal: number,
  createdAt: string,
  template: { readonly space: string; readonly vector: Float32Array },
): Promise<string> {
  return tx.objectStore('templates').add({
    id: crypto.randomUUID(),
    profileId,
    ordinal,
    space: template.space,
    vector: template.vector,
    createdAt,
  });
}

async function touchCollection(tx: WriteTransaction, id: string, now: string): Promise<void> {
  const record = await requireCollection(tx, id);
  await tx.objectStore('collections').put({ ...record, revision: record.revision + 1, updatedAt: now });
}

function toProfile(record: ProfileRecord, collectionIds: readonly string[]): Profile {
  return { ...record, collectionIds };
}

function toCollection(record: CollectionRecord, profileIds: readonly string[]): Collection {
  const { id, name, createdAt, updatedAt } = record;
  const classifier = classifierState(record.revision, record.trainedRevision);
  return { id, name, profileIds, classifier, createdAt, updatedAt };
}

function classifierState(revision: number, trainedRevision: number | null): Collection['classifier'] {
  if (trainedRevision === null) return 'untrained';
  return trainedRevision === revision ? 'trained' : 'stale';
}

async function describe(error: unknown): Promise<InfaceError> {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof Error && error.name === 'QuotaExceededError') {
    const { usage, quota } = await navigator.storage.estimate().catch(() => ({ usage: undefined, quota: undefined }));
    return new InfaceError(
      'STORAGE_QUOTA_EXCEEDED',
      `The browser refused to store more (${usage ?? 'unknown'} of ${quota ?? 'unknown'} bytes are used); ` +
        'nothing was written. Delete profiles, or free space on the device.',
      { cause: error },
    );
  }
  if (error instanceof Error && error.name === 'VersionError') {
    return new InfaceError(
      'STORAGE_UNAVAILABLE',
      'The database was made by a newer version of this page. Reload the page to get that version.',
      { cause: error },
    );
  }
  return new InfaceError('STORAGE_UNAVAILABLE', `The browser's database cannot be used: ${reason}`, { cause: error });
}
