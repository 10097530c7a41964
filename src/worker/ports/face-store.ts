/** What the use cases need of a store. Types only: `store.ts` implements it on IndexedDB, tests on plain objects. */
import type { Classifier } from '../../recognition/classifier.js';
import type { Template } from '../../recognition/template.js';
import type { ApiKey, ApiScope } from '../../api/api-keys.js';
import type { AuditEntry } from '../../api/audit.js';
import type { ImportResult } from '../../api/backup.js';
import type { ClassifierState, Collection, CollectionChange } from '../../api/collections.js';
import type { RecordsChange } from '../../api/events.js';
import type { JsonValue, Profile, ProfileChange } from '../../api/profiles.js';
import type { VaultStatus } from '../../api/vault.js';

/** Whose records a call sees, and to whom belongs what it makes: an API key, or `null` for the application, which sees all. */
export type Owner = string | null;

/** A vector that is about to be stored. */
export interface NewTemplate extends Pick<Template, 'space' | 'vector'> {
  /** `QualityReport.score` of its picture, 0..1. */
  readonly quality: number;
}

export interface NewProfile {
  readonly name: string | null;
  readonly metadata: Profile['metadata'];
  readonly consent: string | null;
  readonly templates: readonly NewTemplate[];
  readonly collectionId: string | null;
}

/** A face that was rejected as this profile. */
export interface Negative {
  readonly profileId: string;
  readonly space: string;
  readonly vector: Float32Array;
}

/** A profile of a collection, as it is stored. */
export interface StoredProfile {
  readonly id: string;
  /** Another one after each write of its templates. */
  readonly seal: string;
  /** `null` where the caller knows the templates of this very seal. */
  readonly templates: readonly Template[] | null;
}

/** What a collection recognizes, read at one moment. */
export interface CollectionContent {
  readonly revision: number;
  readonly profiles: readonly StoredProfile[];
  readonly negatives: readonly Negative[];
  /** Only while it is up to date. */
  readonly classifier: Classifier | null;
}

/** The state of a stored classifier; whether it is being trained, the store does not know. */
export type StoredClassifierState = Exclude<ClassifierState, 'training'>;

/** What a write did, told after it was committed. */
export interface StoreChange {
  readonly profiles?: Omit<RecordsChange, 'origin'>;
  readonly collections?: Omit<RecordsChange, 'origin'>;
  /** Profiles that left a collection. Those that were deleted are in `profiles`. */
  readonly removed?: { readonly collectionId: string; readonly profileIds: readonly string[] };
  /** Collections that recognize something else now. */
  readonly classifiers?: readonly { readonly collectionId: string; readonly state: StoredClassifierState }[];
  /** The key is another one, or was locked: what was decrypted must be forgotten. */
  readonly vault?: 'changed' | 'locked';
}

/** A profile with its templates, as a backup holds it. */
export interface BackupProfile extends Omit<Profile, 'collectionIds' | 'templateCount'> {
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
  readonly negatives: readonly {
    readonly profileId: string;
    readonly space: string;
    readonly templates: readonly BackupTemplate[];
  }[];
}

/** All that is worth keeping. */
export interface BackupContent {
  readonly profiles: readonly BackupProfile[];
  readonly collections: readonly BackupCollection[];
}

/** A JSON object, as metadata is one. */
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Where profiles and collections are kept. Every method that writes does so in one transaction. */
export interface FaceStore {
  createProfile(owner: Owner, profile: NewProfile): Promise<{ profile: Profile; templateIds: string[] }>;
  /** @param limit of templates per profile; beyond it the weakest ones that were there give way */
  addTemplates(
    owner: Owner,
    profileId: string,
    templates: readonly NewTemplate[],
    limit: number,
  ): Promise<{ profile: Profile; templateIds: string[]; replacedTemplateIds: string[] }>;
  listProfiles(owner: Owner): Promise<Profile[]>;
  getProfile(owner: Owner, id: string): Promise<Profile>;
  updateProfile(owner: Owner, id: string, change: ProfileChange): Promise<Profile>;
  deleteProfile(owner: Owner, id: string): Promise<void>;
  /** In the order of enrollment. */
  templatesOf(owner: Owner, profileId: string): Promise<Template[]>;
  /** `null` for profiles without a name and for those that are gone. */
  namesOf(profileIds: readonly string[]): Promise<(string | null)[]>;

  createCollection(owner: Owner, name: string, unknowns: boolean): Promise<Collection>;
  listCollections(owner: Owner): Promise<Collection[]>;
  getCollection(owner: Owner, id: string): Promise<Collection>;
  updateCollection(owner: Owner, id: string, change: CollectionChange): Promise<Collection>;
  deleteCollection(owner: Owner, id: string): Promise<void>;
  collectionRevision(owner: Owner, id: string): Promise<{ revision: number; classifier: StoredClassifierState }>;
  /** @param known the seals of profiles that the caller has read before, by their ids: those are not decrypted again */
  loadCollection(
    owner: Owner,
    id: string,
    known?: ReadonlyMap<string, Pick<StoredProfile, 'seal'>>,
  ): Promise<CollectionContent>;
  /**
   * Stores what was trained on the content of `revision`, if that is still the current one; `null` drops what there is. It
   * tells nobody: the training does when it has ended.
   */
  saveClassifier(id: string, revision: number, classifier: Classifier | null): Promise<StoredClassifierState>;
  /** @param limit of examples per profile and collection; beyond it the oldest ones give way. @returns their number */
  addNegative(owner: Owner, collectionId: string, negative: Negative, limit: number): Promise<number>;

  /** @throws InfaceError `VAULT_LOCKED`, before work is done that could not be stored */
  assertOpen(): Promise<void>;
  vaultStatus(): Promise<VaultStatus>;
  setPassphrase(passphrase: string | null): Promise<VaultStatus>;
  lockVault(): Promise<VaultStatus>;
  unlockVault(passphrase: string): Promise<VaultStatus>;
  destroyKey(): Promise<void>;
  /** Another tab locked the vault. A key that another tab replaced opens nothing any more, and needs no telling. */
  forgetKey(): void;

  exportContent(): Promise<BackupContent>;
  importContent(content: BackupContent): Promise<ImportResult>;

  listAudit(limit: number | null): Promise<AuditEntry[]>;
  clearAudit(): Promise<void>;
  createApiKey(name: string, scopes: readonly ApiScope[]): Promise<{ key: ApiKey; secret: string }>;
  listApiKeys(): Promise<ApiKey[]>;
  revokeApiKey(id: string): Promise<void>;
  verifyApiKey(secret: string): Promise<ApiKey | null>;

  eraseAll(): Promise<void>;
  count(): Promise<{ profiles: number; templates: number; collections: number }>;
  close(): Promise<void>;
}
