/** Replication: what a store holds, in parts that another store can take. */
import type { CallOptions } from './calls.js';
import type { Collection } from './collections.js';
import type { Profile } from './profiles.js';

/** One template of a person. */
export interface ReplicaTemplate {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `QualityReport.score` of its image, 0 to 1, or `null` if it was not measured. */
  readonly quality: number | null;
  /** The embedding; its length depends on the embedding space. */
  readonly vector: Float32Array;
}

/** Templates of one embedding space, oldest first. */
export interface ReplicaBlock {
  readonly space: string;
  readonly templates: readonly ReplicaTemplate[];
}

/** A whole person with the templates of all embedding spaces. */
export interface ReplicaProfile extends Omit<Profile, 'collectionIds' | 'templateCount' | 'spaces'> {
  readonly blocks: readonly ReplicaBlock[];
}

/** A collection without its members, which are separate records. */
export type ReplicaCollection = Omit<Collection, 'classifier' | 'profileIds'>;

/** A person and a collection, to look a {@link ReplicaMember} up. */
export interface ReplicaPair {
  readonly collectionId: string;
  readonly profileId: string;
}

/** Whether a person belongs to a collection, with the negative examples of that pair. */
export interface ReplicaMember extends ReplicaPair {
  readonly isMember: boolean;
  /** Faces rejected as matches for the person in this collection. Empty unless `isMember`. */
  readonly negatives: readonly ReplicaBlock[];
}

/** The deletion of a record. */
export interface ReplicaDeletion {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly deletedAt: string;
}

/** Records of a store, in the clear: the templates are personal data, to be encrypted wherever they go. */
export interface ReplicaRecords {
  readonly profiles: readonly ReplicaProfile[];
  readonly collections: readonly ReplicaCollection[];
  readonly members: readonly ReplicaMember[];
  readonly deletions: readonly ReplicaDeletion[];
}

/** A collection in {@link ReplicaState}. */
export interface ReplicaCollectionState {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
  readonly members: readonly {
    readonly profileId: string;
    /**
     * Changes whenever the negative examples of the pair change; `''` without any. Two stores with equal examples have
     * different marks, and a new key of the vault changes all of them.
     */
    readonly mark: string;
  }[];
}

/** The ids and times of everything in a store. */
export interface ReplicaState {
  /** The embedding space of the kit's models. */
  readonly space: string;
  /** The embedding spaces whose templates `replica.apply` takes, those of old models included. */
  readonly spaces: readonly string[];
  /** Everybody in the store, with the time of the last change. */
  readonly profiles: readonly { readonly id: string; readonly updatedAt: string }[];
  readonly collections: readonly ReplicaCollectionState[];
  readonly deletions: readonly ReplicaDeletion[];
}

/** The records that `replica.read` returns. */
export interface ReplicaSelection {
  /** Defaults to none. */
  readonly profileIds?: readonly string[];
  /** Defaults to none. */
  readonly collectionIds?: readonly string[];
  /** Defaults to none. */
  readonly members?: readonly ReplicaPair[];
}

/** A record for `replica.apply`, with what it replaces. */
export type ReplicaChange<T> = T & {
  /**
   * The record that is replaced: its `updatedAt`, or its `mark` if it is a member, from `replica.state`; `null` for none.
   * If the store has another one by now, this one is left out. Defaults to whatever the store has.
   */
  readonly replaces?: string | null;
};

/** Records for `replica.apply`. */
export interface ReplicaChanges {
  readonly profiles?: readonly ReplicaChange<ReplicaProfile>[];
  readonly collections?: readonly ReplicaChange<ReplicaCollection>[];
  readonly members?: readonly ReplicaChange<ReplicaMember>[];
  readonly deletions?: readonly ReplicaDeletion[];
  /**
   * Profiles that go from this store alone. They leave no mark, so that they can come back. One that is in a collection is
   * left out, as if it were changed.
   */
  readonly drops?: readonly ReplicaChange<Pick<ReplicaProfile, 'id'>>[];
}

/** Keys by their names in `replica.keepKeys`. */
export type ReplicaKeys = Readonly<Record<string, CryptoKey>>;

/** Result of `replica.apply`. */
export interface ReplicaResult {
  /** Members that were left out, because the store has no such profile or no such collection. */
  readonly skipped: readonly ReplicaMember[];
  /** Records that were left out, because the store does not have what they replace. Read its state again. */
  readonly changed: Required<ReplicaSelection>;
}

/**
 * Reads whole records of this store, and writes those of another one.
 *
 * For an application that keeps several stores alike, and decides what to transfer, when and how.
 */
export interface Replica {
  /** Returns what the store holds. Decrypts nothing, so that it is cheap and works while the vault is locked. */
  state(options?: CallOptions): Promise<ReplicaState>;
  /**
   * Returns records with their content. Ids that are gone are left out, as is a pair whose profile or collection is gone.
   * @throws InfaceError `INVALID_INPUT`, `VAULT_LOCKED`, `TEMPLATES_UNREADABLE`
   */
  read(wanted: ReplicaSelection, options?: CallOptions): Promise<ReplicaRecords>;
  /**
   * Writes records of another store exactly as they are, with their ids and times. All of them are written in one
   * transaction, or none is: the caller has decided that they are to be taken, whatever the store has, or only instead of
   * what they replace.
   *
   * - A deletion deletes the record with all that depends on it, and leaves its mark with the given time.
   * - A profile that was deleted is not taken, whatever its time: erasure always wins. A deleted collection comes back,
   *   unless its deletion is among the same records.
   * - New records belong to the application (`owner: null`), because API keys exist in one store only; records that
   *   the store has keep their owner.
   * - Members count as they are after the other records were written.
   *
   * The events are the same as after other changes, and changed collections are trained some seconds later. An entry
   * `import` is added to the audit trail, and one for each record that was deleted.
   * @throws InfaceError `INVALID_INPUT`, `EMBEDDING_SPACE_MISMATCH`, `STORAGE_QUOTA_EXCEEDED`; `VAULT_LOCKED` when there
   * is something to encrypt. Deletions are taken while the vault is locked
   */
  apply(records: ReplicaChanges, options?: CallOptions): Promise<ReplicaResult>;
  /**
   * Stores the keys that encrypt and sign records on their way. They are kept in the vault: a passphrase protects them, and
   * `vault.destroyKey` and `storage.eraseAll` erase them. A backup does not have them.
   * @param set the name of the set of keys that is replaced
   * @param keys extractable keys of WebCrypto, for AES, HMAC or elliptic curves; `null` deletes the set
   * @throws InfaceError `INVALID_INPUT`, `VAULT_LOCKED`, `STORAGE_QUOTA_EXCEEDED`
   */
  keepKeys(set: string, keys: ReplicaKeys | null, options?: CallOptions): Promise<void>;
  /**
   * Returns a set of keys, `null` if there is none. Scripts can use them, but read only public ones.
   * @throws InfaceError `INVALID_INPUT`, `VAULT_LOCKED`, `TEMPLATES_UNREADABLE`
   */
  keys(set: string, options?: CallOptions): Promise<ReplicaKeys | null>;
}
