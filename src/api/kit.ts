/** The kit, its operations, and its options. */
import type { ApiKey, CreateApiKeyOptions } from './api-keys.js';
import type { AuditEntry, AuditListOptions } from './audit.js';
import type { ImportOptions, ImportResult } from './backup.js';
import type { CallOptions } from './calls.js';
import type {
  Collection,
  CollectionChange,
  CreateCollectionOptions,
  TrainOptions,
  TrainResult,
} from './collections.js';
import type { DetectOptions, DetectResult } from './detection.js';
import type { EnrollManyOptions, EnrollManyResult, EnrollRow } from './enroll-many.js';
import type { AddImagesOptions, AddImagesResult, EnrollOptions, EnrollResult } from './enrollment.js';
import type { KitEvents } from './events.js';
import type { IdentifyOptions, IdentifyResult, RejectOptions, RejectResult } from './identification.js';
import type { FaceImage, ImageInput } from './images.js';
import type { MatchOptions, MatchResult } from './matching.js';
import type { OpenImage, OpenOptions } from './open-image.js';
import type { Profile, ProfileChange, ProfileListOptions } from './profiles.js';
import type { Replica } from './replica.js';
import type { FieldsResult } from './rest.js';
import type { Backend, KitInfo, LoadProgress } from './runtime.js';
import type { CheckSpoofOptions, SpoofResult } from './spoof.js';
import type { FaceTracker, TrackerOptions } from './tracking.js';
import type { SetPassphraseOptions, VaultStatus } from './vault.js';

/**
 * Options of `createFaceKit`.
 * @example
 * ```ts
 * const kit = await createFaceKit({
 *   assetsUrl: '/static/inface/',
 *   onProgress: ({ loaded, total }) => console.log(`${loaded} of ${total} bytes`),
 * });
 * ```
 */
export interface FaceKitOptions {
  /**
   * URL at which the package's `assets` folder with `models/` and `ort/` is served. Must be of the page's origin.
   * Relative URLs are resolved against the page. Defaults to `inface/` under the page's `<base href>`, or to `/inface/`
   * without one, so that deep links of a single-page app work.
   * @example `assetsUrl: '/static/inface/'`
   */
  readonly assetsUrl?: string | URL;
  /**
   * URL at which the package's `worker.js` is served. Must be of the page's origin. Defaults to the file that the bundler
   * provides, and to `worker.js` in the assets where the bundler provides none.
   */
  readonly workerUrl?: string | URL;
  /** The backend. Defaults to `'auto'`, which uses WebGPU if there is a hardware adapter, and wasm otherwise. */
  readonly backend?: 'auto' | Backend;
  /**
   * Number of threads of the wasm backend, 1 to 16. Defaults to `'auto'`, which is half of the logical cores, at most
   * 4. Always 1 on pages that are not cross-origin isolated.
   */
  readonly threads?: 'auto' | number;
  /**
   * The set of models, by its name in the manifest. Defaults to `'default'`, the more accurate one. `'public-domain'`
   * recognizes faces with a model that its author released into the public domain (see the model cards). Templates of
   * one set cannot be compared with those of the other.
   */
  readonly models?: string;
  /**
   * The variant of the embedder. It has an effect only where the set has two, as `'public-domain'` does. `'int8'` is
   * smaller, and faster on wasm; `'lossless'` is faster on WebGPU. Their templates can be compared with each other.
   * Defaults to `'auto'`, which chooses the faster one for the backend.
   */
  readonly embedder?: 'auto' | 'int8' | 'lossless';
  /** Name of the IndexedDB database. Defaults to `'inface'`. */
  readonly database?: string;
  /**
   * Whether to train the classifier of a collection automatically after it changed. Defaults to true. The training
   * starts after some seconds, at most 30 s after the change.
   */
  readonly autoTrain?: boolean;
  /**
   * How people migrate after the models were replaced. Templates of the old models cannot be converted; the kit therefore
   * loads the old embedder as well, recognizes people with it, and stores new templates of them when they are seen. Old
   * templates are deleted `graceDays` after a profile has enough new ones; defaults to 7. With `false`, only templates
   * of the current models are used, and nothing is stored or deleted. Defaults to true.
   * @example `migrate: { graceDays: 30 }`
   */
  readonly migrate?: boolean | { readonly graceDays: number };
  /** Whether to keep an audit trail. Defaults to true. */
  readonly audit?: boolean;
  /**
   * Called while the models load, including when the worker is restarted. Not called for the anti-spoof model, which
   * loads on first use.
   */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborts the start: `createFaceKit` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Operations on faces, profiles and collections. They run in the worker; no data leaves the page. */
export interface FaceOperations {
  /**
   * Decodes an image and keeps it open in the worker. Several operations on it then share its decoding and face
   * detection.
   * @param options search options for all operations on the image
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  open(image: ImageInput, options?: OpenOptions): Promise<OpenImage>;

  /** Detects faces. @throws InfaceError `INVALID_INPUT`, with `spoof` `SPOOF_MODEL_UNAVAILABLE`, with `eyes` `EYE_MODEL_UNAVAILABLE` */
  detect(image: ImageInput, options?: DetectOptions): Promise<DetectResult>;

  /**
   * Checks whether a face is bona fide or an attack, such as a print, a screen or a mask.
   * @throws InfaceError `INVALID_INPUT`; `SPOOF_MODEL_UNAVAILABLE` when the manifest has no anti-spoof model
   */
  checkSpoof(image: FaceImage, options?: CheckSpoofOptions): Promise<SpoofResult>;

  /**
   * Creates a profile from 1 to 10 images of one person; 3 or more are recommended. The face choice defaults to
   * `'only'`. All data is written in one transaction, or none is. Images are not stored.
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `VAULT_LOCKED`,
   * `STORAGE_QUOTA_EXCEEDED`
   */
  enroll(images: readonly FaceImage[], options?: EnrollOptions): Promise<EnrollResult>;

  /**
   * Enrolls many people, each as `enroll` does, and returns the result of each row when it is known. The source is read
   * one row at a time, and the next row only after the result of the last one was taken: nothing accumulates. A row
   * that fails does not end the run. Leaving the loop ends it, and so does the signal. People who were enrolled until
   * then stay; `profiles.delete` removes them.
   * @param rows the people, for example an async generator that opens the files of one person at a time. With a
   * `collectionId`, an `externalId` counts as enrolled if a profile of that collection has it; without, if any profile
   * has it
   * @throws InfaceError errors of `enroll` that would fail every row, such as `VAULT_LOCKED`, `COLLECTION_GONE` and
   * `STORAGE_QUOTA_EXCEEDED`; errors of the source; or the reason of the signal
   */
  enrollMany(
    rows: Iterable<EnrollRow> | AsyncIterable<EnrollRow>,
    options?: EnrollManyOptions,
  ): AsyncGenerator<EnrollManyResult, void, undefined>;

  /**
   * Adds templates from 1 to 10 images to a profile. The face choice defaults to `'only'`. A profile holds at most 50
   * templates; beyond that, the existing ones of lowest quality are removed.
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`,
   * `EMBEDDING_SPACE_MISMATCH`, `STORAGE_QUOTA_EXCEEDED`
   */
  addImages(profileId: string, images: readonly FaceImage[], options?: AddImagesOptions): Promise<AddImagesResult>;

  /**
   * Compares a face with a profile (verification, 1:1). The face choice defaults to `'largest'`.
   * @example `await kit.match(photo, profile.id, { maxFmr: 0.0001 })`
   * @throws InfaceError `INVALID_INPUT`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`,
   * `EMBEDDING_SPACE_MISMATCH`
   */
  match(probe: FaceImage, profileId: string, options?: MatchOptions): Promise<MatchResult>;

  /**
   * Compares the faces of two images (verification, 1:1). The face choices default to `'largest'`.
   * @example `await kit.compare(selfie, { image: passport, face: 'only' })`
   * @throws InfaceError `INVALID_INPUT`
   */
  compare(probe: FaceImage, reference: FaceImage, options?: MatchOptions): Promise<MatchResult>;

  /**
   * Identifies every face in an image against a collection (identification, 1:N).
   * @throws InfaceError `INVALID_INPUT`, `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `VAULT_LOCKED`,
   * `EMBEDDING_SPACE_MISMATCH`
   */
  identify(image: ImageInput, collectionId: string, options?: IdentifyOptions): Promise<IdentifyResult>;

  /**
   * Stores the face of an identification as a negative example of a profile ('this is not Anna'). It takes effect at
   * once: faces nearer to it than to the profile are no longer identified as that profile.
   * @throws InfaceError `IDENTIFICATION_NOT_FOUND` when the kit no longer stores the identification, or it had no
   * candidate; `INVALID_INPUT` when the profile is not in the collection; `VAULT_LOCKED`
   */
  reject(identificationId: string, options?: RejectOptions): Promise<RejectResult>;

  /**
   * Trains the classifier of a collection and stores it. Only one training of a collection runs at a time, across all
   * tabs; a second one waits for the first. The classifier is not stored if the collection changed during the training.
   * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `COLLECTION_EMPTY`, `VAULT_LOCKED`,
   * `TRAINING_ABORTED`
   */
  train(collectionId: string, options?: TrainOptions): Promise<TrainResult>;

  /** Operations on stored profiles. */
  readonly profiles: {
    /** Returns all profiles, or a page of them, oldest first. */
    list(options?: ProfileListOptions): Promise<readonly Profile[]>;
    /** Returns a profile. @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE` */
    get(id: string, options?: CallOptions): Promise<Profile>;
    /**
     * Changes the name, metadata or consent note of a profile.
     * @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`
     */
    update(id: string, change: ProfileChange, options?: CallOptions): Promise<Profile>;
    /**
     * Deletes a profile, its templates, and its memberships in collections. Later calls with its id throw
     * `PROFILE_GONE`.
     * @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE`
     */
    delete(id: string, options?: CallOptions): Promise<void>;
  };

  /** Operations on stored collections. */
  readonly collections: {
    /**
     * Creates an empty collection.
     * @param name at most 200 characters
     * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`
     */
    create(name: string, options?: CreateCollectionOptions): Promise<Collection>;
    /** Returns all collections, oldest first. */
    list(options?: CallOptions): Promise<readonly Collection[]>;
    /** Returns a collection. @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE` */
    get(id: string, options?: CallOptions): Promise<Collection>;
    /**
     * Changes the name, the flag or the profiles of a collection.
     * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`
     */
    update(id: string, change: CollectionChange, options?: CallOptions): Promise<Collection>;
    /**
     * Deletes a collection and its classifier, but not its profiles. Later calls with its id throw `COLLECTION_GONE`.
     * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`
     */
    delete(id: string, options?: CallOptions): Promise<void>;
  };
}

/** A running kit: the operations, events, and the management of stored data. */
export interface FaceKit extends FaceOperations {
  /**
   * Returns operations that access only the records of one owner, for the REST facade. Records that they create belong
   * to the owner. The kit itself accesses all records.
   * @param owner id of an API key
   */
  forOwner(owner: string): FaceOperations;

  /**
   * Creates a tracker for one camera. It costs much less per frame than `identify`, and its face ids persist.
   * @throws InfaceError `INVALID_INPUT`
   */
  createTracker(options?: TrackerOptions): FaceTracker;

  /**
   * Aborts the training of a collection in this kit, whether it was started by `train` or automatically. The collection
   * is left unchanged.
   * @returns whether a training was running or scheduled
   */
  abortTraining(collectionId: string, options?: CallOptions): Promise<boolean>;

  /** Adds an event listener. @returns a function that removes the listener */
  on<K extends keyof KitEvents>(event: K, listener: (event: KitEvents[K]) => void): () => void;

  /** The vault, with the key for data that is derived from faces or names a person (AES-GCM, 256 bits). */
  readonly vault: {
    /** Returns whether the vault is locked, and whether a passphrase protects it. */
    status(options?: CallOptions): Promise<VaultStatus>;
    /**
     * Re-encrypts the data with a new key that only the passphrase unlocks. A lost passphrase cannot be recovered.
     * @param passphrase 8 to 1,000 characters
     * @throws InfaceError `VAULT_LOCKED`, `INVALID_INPUT`, `STORAGE_QUOTA_EXCEEDED`; `WRONG_PASSPHRASE` when one is set
     * and `currentPassphrase` is another one
     */
    setPassphrase(passphrase: string, options?: SetPassphraseOptions): Promise<VaultStatus>;
    /**
     * Re-encrypts the data with a new key that the browser stores.
     * @throws InfaceError `VAULT_LOCKED`, `WRONG_PASSPHRASE`, `STORAGE_QUOTA_EXCEEDED`; `INVALID_INPUT` when no
     * passphrase is set
     */
    removePassphrase(currentPassphrase: string, options?: CallOptions): Promise<VaultStatus>;
    /**
     * Drops the key in all tabs. Each tab must then call `unlock`.
     * @throws InfaceError `INVALID_INPUT` when no passphrase is set
     */
    lock(options?: CallOptions): Promise<VaultStatus>;
    /**
     * Unlocks the vault in this tab.
     * @throws InfaceError `WRONG_PASSPHRASE`; `INVALID_INPUT` when no passphrase is set
     */
    unlock(passphrase: string, options?: CallOptions): Promise<VaultStatus>;
    /**
     * Destroys the key, which makes all data encrypted with it unreadable (crypto-erase). The records of profiles and
     * collections remain, but operations that need their templates throw `TEMPLATES_UNREADABLE` until they are deleted.
     */
    destroyKey(options?: CallOptions): Promise<void>;
  };

  /** Backup of all profiles and collections, and of what was deleted. It does not contain classifiers, API keys and the audit trail. */
  readonly backup: {
    /**
     * Returns a backup as a file encrypted with a passphrase.
     * @param passphrase 8 to 1,000 characters
     * @throws InfaceError `INVALID_INPUT`, `VAULT_LOCKED`, `TEMPLATES_UNREADABLE`
     */
    export(passphrase: string, options?: CallOptions): Promise<Blob>;
    /**
     * Merges a backup into the store, or replaces the store by it (`mode`). All data is written in one transaction, or
     * none is.
     * @throws InfaceError `BACKUP_INVALID` when the file is not a backup, or was truncated or altered;
     * `WRONG_PASSPHRASE`, `EMBEDDING_SPACE_MISMATCH`, `VAULT_LOCKED`, `STORAGE_QUOTA_EXCEEDED`
     */
    import(file: Blob, passphrase: string, options?: ImportOptions): Promise<ImportResult>;
  };

  /** Whole records of this store, for an application that keeps several stores alike. */
  readonly replica: Replica;

  /** The audit trail: who enrolled, deleted or exported which record, and when. */
  readonly audit: {
    /** Returns the newest entries, newest first. */
    list(options?: AuditListOptions): Promise<readonly AuditEntry[]>;
    /** Returns all entries as a JSON Lines file, oldest first. */
    export(options?: CallOptions): Promise<Blob>;
    /** Deletes all entries. */
    clear(options?: CallOptions): Promise<void>;
  };

  /** API keys that callers of the REST facade send. */
  readonly apiKeys: {
    /** Creates an API key. `secret` cannot be retrieved later. @throws InfaceError `INVALID_INPUT` */
    create(options: CreateApiKeyOptions): Promise<{ readonly key: ApiKey; readonly secret: string }>;
    /** Returns all API keys, oldest first. */
    list(options?: CallOptions): Promise<readonly ApiKey[]>;
    /** Deletes an API key, but not its profiles and collections. @throws InfaceError `API_KEY_NOT_FOUND` */
    revoke(id: string, options?: CallOptions): Promise<void>;
    /** Returns the API key with this secret, or `null` if there is none. */
    verify(secret: string, options?: CallOptions): Promise<ApiKey | null>;
  };

  /**
   * Reads the JSON object in the body of a request from outside, in the worker. Before it is parsed, its bytes are scanned
   * for limits: 16 levels, 1,000 names and values, 10 strings of more than 100,000 bytes. The strings in the fields `img`,
   * `img0`, `img1`, ... are images, as base64 or a data: URL; others have at most 100,000 characters. The caller limits the
   * size of the body.
   */
  readFields(body: Blob, options?: CallOptions): Promise<FieldsResult>;

  /** Storage of this origin. */
  readonly storage: {
    /**
     * Asks the browser not to evict the stored data when space runs short. Firefox asks the user, and the promise is pending
     * until the answer: do not wait for it before other work. `info().persisted` has the current state.
     * @returns whether the browser agreed; `false` if it does not support this
     */
    persist(): Promise<boolean>;
    /** Returns the browser's estimates of the used and available bytes, or `null` if it provides none. */
    usage(): Promise<{ readonly usageBytes: number; readonly quotaBytes: number } | null>;
    /** Deletes all stored data, including the key and the audit trail. Starts a new trail with an `erase-all` entry. */
    eraseAll(options?: CallOptions): Promise<void>;
    /**
     * Accepts that the stored data was lost, after the event `storage-lost`. The database is then empty, and gets a new key
     * without a passphrase. Does nothing if no data was lost.
     */
    startAnew(options?: CallOptions): Promise<void>;
  };

  /** Returns information about the backend, the models, and the stored records. */
  info(options?: CallOptions): Promise<KitInfo>;

  /** Releases the models and ends the worker. Pending and later calls reject with `CLOSED`. Stored data is kept. */
  close(): Promise<void>;
}
