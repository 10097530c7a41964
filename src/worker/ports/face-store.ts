/** The store as the use cases need it. Types only: `store.ts` implements it on IndexedDB, tests on plain objects. */
import type { Classifier } from '../../recognition/classifier.js';
import type { Template } from '../../recognition/template.js';
import type { ApiKey, ApiScope } from '../../api/api-keys.js';
import type { AuditEntry } from '../../api/audit.js';
import type { ImportMode, ImportProgress, ImportResult } from '../../api/backup.js';
import type { ClassifierState, Collection, CollectionChange } from '../../api/collections.js';
import type { RecordsChange } from '../../api/events.js';
import type { JsonValue, Profile, ProfileChange, ProfileListOptions } from '../../api/profiles.js';
import type {
  ReplicaChanges,
  ReplicaDeletion,
  ReplicaKeys,
  ReplicaRecords,
  ReplicaResult,
  ReplicaSelection,
  ReplicaState,
} from '../../api/replica.js';
import type { VaultStatus } from '../../api/vault.js';

/**
 * The id of the API key that owns records, or `null` for the application. A call creates records for its owner and sees
 * only those; the application sees all.
 */
export type Owner = string | null;

/** A template to store. */
export interface NewTemplate extends Pick<Template, 'space' | 'vector'> {
  /** `QualityReport.score` of its image, 0..1. */
  readonly quality: number;
}

export interface NewProfile {
  readonly name: string | null;
  readonly metadata: Profile['metadata'];
  readonly consent: string | null;
  readonly templates: readonly NewTemplate[];
  readonly collectionId: string | null;
}

/** A face that was rejected as a match for this profile. */
export interface Negative {
  readonly profileId: string;
  readonly space: string;
  readonly vector: Float32Array;
}

/** A stored profile of a collection. */
export interface StoredProfile {
  readonly id: string;
  /** Changes with each write of the templates. */
  readonly seal: string;
  /** `null` if the caller already knows the templates with this seal. */
  readonly templates: readonly Template[] | null;
}

/** The part of a collection in one embedding space that a caller has read before. */
export interface KnownContent {
  /**
   * The revision that `profiles` is complete at. With it, only the changes since then are read. `null` where it is not
   * complete, or profiles of the collection have templates of other spaces.
   */
  readonly revision: number | null;
  /** By profile id, in the order of {@link CollectionContent.profiles}. */
  readonly profiles: ReadonlyMap<string, Pick<StoredProfile, 'seal'>>;
}

/** A consistent snapshot of what a collection recognizes in one embedding space. */
export interface CollectionContent {
  readonly revision: number;
  /** Other embedding spaces that profiles of the collection have templates of. */
  readonly otherSpaces?: readonly string[];
  /** In the order of their ids. */
  readonly profiles: readonly StoredProfile[];
  readonly negatives: readonly Negative[];
  /** `null` if there is none or it is out of date. */
  readonly classifier: Classifier | null;
}

/** The state of a stored classifier. The store does not know about running trainings. */
export type StoredClassifierState = Exclude<ClassifierState, 'training'>;

/** A change to the store, reported after it is complete. */
export interface StoreChange {
  readonly profiles?: Omit<RecordsChange, 'origin'>;
  readonly collections?: Omit<RecordsChange, 'origin'>;
  /** Profiles removed from a collection. Deleted profiles are in `profiles` instead. */
  readonly removed?: { readonly collectionId: string; readonly profileIds: readonly string[] };
  /** Profiles that lost their templates in these embedding spaces, but still exist. */
  readonly dropped?: { readonly spaces: readonly string[]; readonly profileIds: readonly string[] };
  /** Collections whose recognized faces may have changed, with the state of their classifiers. */
  readonly classifiers?: readonly { readonly collectionId: string; readonly state: StoredClassifierState }[];
  /** Set when the key was changed, destroyed or locked. Receivers must drop all decrypted data. */
  readonly vault?: 'changed';
}

/** A profile and its templates in a backup. */
export interface BackupProfile extends Omit<Profile, 'collectionIds' | 'templateCount' | 'spaces'>, BackupBlock {
  /** The templates of further embedding spaces. Absent if there are none. */
  readonly others?: readonly BackupBlock[];
}

/** Templates of one embedding space in a backup, oldest first. */
export interface BackupBlock {
  readonly space: string;
  readonly templates: readonly BackupTemplate[];
}

export interface BackupTemplate {
  readonly id: string;
  readonly createdAt: string;
  readonly quality: number | null;
  readonly vector: Float32Array;
}

export interface BackupCollection extends Omit<Collection, 'classifier'> {
  readonly negatives: readonly (BackupBlock & { readonly profileId: string })[];
}

/** A deletion in a backup. */
export interface BackupDeletion extends ReplicaDeletion {
  readonly owner: Owner;
}

/** The content of a backup. */
export interface BackupContent {
  readonly profiles: readonly BackupProfile[];
  readonly collections: readonly BackupCollection[];
  /** Deletions in the store. Absent if there are none, and in backups of earlier versions. */
  readonly deletions?: readonly BackupDeletion[];
}

/** A JSON object, such as the metadata of a profile. */
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Stores profiles and collections. Every method writes its changes in one transaction. */
export interface FaceStore {
  createProfile(owner: Owner, profile: NewProfile): Promise<{ profile: Profile; templateIds: string[] }>;
  /** @param limit maximum number of templates per profile; beyond it, the weakest of the old templates are dropped */
  addTemplates(
    owner: Owner,
    profileId: string,
    templates: readonly NewTemplate[],
    limit: number,
  ): Promise<{ profile: Profile; templateIds: string[]; replacedTemplateIds: string[] }>;
  /**
   * Adds a template of a person who was recognized by templates of another embedding space. Does nothing if the profile
   * has enough templates of this space, or one that was added less than `apartMs` ago.
   * @returns the id of the template, or `null` if it was not added
   */
  addSighting(
    profileId: string,
    template: NewTemplate,
    apartMs: number,
  ): Promise<{ profile: Profile; templateId: string | null }>;
  /** Removes a template. Does nothing if it is already gone. */
  removeTemplate(profileId: string, space: string, templateId: string): Promise<void>;
  listProfiles(owner: Owner, page?: Pick<ProfileListOptions, 'limit' | 'after'>): Promise<Profile[]>;
  getProfile(owner: Owner, id: string): Promise<Profile>;
  updateProfile(owner: Owner, id: string, change: ProfileChange): Promise<Profile>;
  deleteProfile(owner: Owner, id: string): Promise<void>;
  /** Returns the templates of all embedding spaces, those of each space in order of enrollment. */
  templatesOf(owner: Owner, profileId: string): Promise<Template[]>;
  /** Returns the names, with `null` for profiles that have no name or no longer exist. */
  namesOf(profileIds: readonly string[]): Promise<(string | null)[]>;

  createCollection(owner: Owner, name: string, unknowns: boolean): Promise<Collection>;
  listCollections(owner: Owner): Promise<Collection[]>;
  getCollection(owner: Owner, id: string): Promise<Collection>;
  updateCollection(owner: Owner, id: string, change: CollectionChange): Promise<Collection>;
  deleteCollection(owner: Owner, id: string): Promise<void>;
  collectionRevision(owner: Owner, id: string): Promise<{ revision: number; classifier: StoredClassifierState }>;
  /**
   * Reads what a collection recognizes in one embedding space.
   * @param known what the caller has read; unchanged profiles are not decrypted again
   */
  loadCollection(owner: Owner, id: string, space: string, known?: KnownContent): Promise<CollectionContent>;
  /**
   * Stores the classifiers trained on `revision`, one per embedding space. Does nothing if the collection has changed
   * since; an empty list deletes the stored ones. Reports no change, because the training announces its end.
   */
  saveClassifiers(id: string, revision: number, classifiers: readonly Classifier[]): Promise<StoredClassifierState>;
  /**
   * Stores a face that was rejected as a match for a profile.
   * @param negatives the face in one or more embedding spaces
   * @param limit maximum number of examples per profile, collection and space; beyond it, the oldest are dropped
   * @returns the number of examples
   */
  addNegative(owner: Owner, collectionId: string, negatives: readonly Negative[], limit: number): Promise<number>;

  /** Returns the embedding spaces of all templates, and since when each is an old one; `null` if it is not. */
  listSpaces(): Promise<{ space: string; since: string | null }[]>;
  /** Marks all stored embedding spaces but the current one as old, if they are not marked yet. */
  beginMigration(current: string): Promise<void>;
  /**
   * Deletes the old templates of all profiles that have enough templates of the current space. Profiles that got them
   * after `before` are kept, and so are spaces that became old after it.
   * @param before ISO 8601, UTC
   * @returns the ids of the changed profiles
   */
  dropOldTemplates(current: string, before: string): Promise<string[]>;

  /**
   * Checks the store before work whose result could not be stored.
   * @param acceptsLoss whether the work is what the application does about lost data
   * @throws InfaceError `VAULT_LOCKED`, `STORAGE_LOST`
   */
  assertOpen(acceptsLoss?: boolean): Promise<void>;
  vaultStatus(): Promise<VaultStatus>;
  /** @param current the passphrase that is replaced, or `null` if there is none */
  setPassphrase(passphrase: string | null, current: string | null): Promise<VaultStatus>;
  lockVault(): Promise<VaultStatus>;
  unlockVault(passphrase: string): Promise<VaultStatus>;
  destroyKey(): Promise<void>;

  exportContent(): Promise<BackupContent>;
  /** @param mode defaults to `'merge'` */
  importContent(
    content: BackupContent,
    mode?: ImportMode,
    onProgress?: (progress: ImportProgress) => void,
  ): Promise<ImportResult>;

  /** Describes all records without decrypting any. */
  describeRecords(): Promise<Omit<ReplicaState, 'space' | 'spaces'>>;
  /** Returns records with their content; see `replica.read`. */
  readRecords(wanted: ReplicaSelection): Promise<ReplicaRecords>;
  /**
   * Writes records of another store as they are; see `replica.apply`.
   * @param spaces the embedding spaces whose templates are taken, with the length of their embeddings
   * @throws InfaceError `INVALID_INPUT`, `EMBEDDING_SPACE_MISMATCH`
   */
  applyRecords(records: ReplicaChanges, spaces: ReadonlyMap<string, number>): Promise<ReplicaResult>;

  /** Stores a set of keys; see `replica.keepKeys`. */
  keepKeys(set: string, keys: ReplicaKeys | null): Promise<void>;
  /** Returns a set of keys, which cannot be exported. */
  keptKeys(set: string): Promise<ReplicaKeys | null>;

  listAudit(limit: number | null): Promise<AuditEntry[]>;
  clearAudit(): Promise<void>;
  createApiKey(name: string, scopes: readonly ApiScope[]): Promise<{ key: ApiKey; secret: string }>;
  listApiKeys(): Promise<ApiKey[]>;
  revokeApiKey(id: string): Promise<void>;
  verifyApiKey(secret: string): Promise<ApiKey | null>;

  eraseAll(): Promise<void>;
  /** Accepts an empty database in place of one that was lost. Does nothing if none was. */
  startAnew(): Promise<void>;
  count(): Promise<{ profiles: number; templates: number; collections: number }>;
  close(): Promise<void>;
}
