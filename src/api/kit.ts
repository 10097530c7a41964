/** The kit and its options. */
import type { ApiKey, CreateApiKeyOptions } from './api-keys.js';
import type { AuditEntry, AuditListOptions } from './audit.js';
import type { ImportResult } from './backup.js';
import type { CallOptions } from './calls.js';
import type {
  Collection,
  CollectionChange,
  CreateCollectionOptions,
  TrainOptions,
  TrainResult,
} from './collections.js';
import type { DetectOptions, DetectResult } from './detection.js';
import type { AddImagesOptions, AddImagesResult, EnrollOptions, EnrollResult } from './enrollment.js';
import type { KitEvents } from './events.js';
import type { IdentifyOptions, IdentifyResult, RejectOptions, RejectResult } from './identification.js';
import type { FaceImage, ImageInput } from './images.js';
import type { MatchOptions, MatchResult } from './matching.js';
import type { OpenImage, OpenOptions } from './open-image.js';
import type { Profile, ProfileChange } from './profiles.js';
import type { Backend, KitInfo, LoadProgress } from './runtime.js';
import type { CheckSpoofOptions, SpoofResult } from './spoof.js';
import type { FaceTracker, TrackerOptions } from './tracking.js';
import type { VaultStatus } from './vault.js';

export interface FaceKitOptions {
  /**
   * URL of the served folder `assets` of the package, which contains `models/` and `ort/`. Same origin. A relative URL is
   * resolved against the page. Defaults to `inface/` under the page's `<base href>`, or to `/inface/` without one, so that
   * deep links of a single-page app work.
   * @example `assetsUrl: '/static/inface/'`
   */
  readonly assetsUrl?: string | URL;
  /**
   * Where `worker.js` of the package is served, same origin. Only for bundlers that do not find it by themselves; Vite
   * does.
   */
  readonly workerUrl?: string | URL;
  /** `'auto'`, the default, takes WebGPU where a hardware adapter is found, and wasm otherwise. */
  readonly backend?: 'auto' | Backend;
  /**
   * Threads of the wasm backend, 1 to 16. `'auto'`, the default, takes half of the logical cores, at most 4. More than
   * 1 needs a cross-origin isolated page; elsewhere it is 1.
   */
  readonly threads?: 'auto' | number;
  /**
   * `'int8'` is smaller and faster on wasm, `'lossless'` faster on WebGPU. Their templates can be compared with each
   * other. `'auto'`, the default, chooses by backend.
   */
  readonly embedder?: 'auto' | 'int8' | 'lossless';
  /** Name of the IndexedDB database. Defaults to `'inface'`. */
  readonly database?: string;
  /**
   * Trains the classifier of a collection by itself, some seconds after it changed and at most 30 s later. Defaults to
   * true.
   */
  readonly autoTrain?: boolean;
  /** Keeps an audit trail. Defaults to true. */
  readonly audit?: boolean;
  /** Called while models are fetched, also when the worker is started again. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

/** What can be done with faces, profiles and collections. All of it runs in the worker; nothing leaves the page. */
export interface FaceOperations {
  /**
   * Decodes an image and keeps it open in the worker, so that several operations on it decode it and detect its faces once.
   * @param options how faces are searched, for all operations on the image
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  open(image: ImageInput, options?: OpenOptions): Promise<OpenImage>;

  /** Detects faces. @throws InfaceError `INVALID_INPUT`, and with `spoof` `SPOOF_MODEL_UNAVAILABLE` */
  detect(image: ImageInput, options?: DetectOptions): Promise<DetectResult>;

  /**
   * Whether a face is bona fide or a print, a screen, a mask.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` while the manifest holds no such model
   */
  checkSpoof(image: FaceImage, options?: CheckSpoofOptions): Promise<SpoofResult>;

  /**
   * Makes a profile from 1 to 10 images of one person; 3 or more are recommended. A face choice defaults to `'only'`.
   * All is written in one transaction, or nothing. No image is stored.
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `VAULT_LOCKED`,
   * `STORAGE_QUOTA_EXCEEDED`
   */
  enroll(images: readonly FaceImage[], options?: EnrollOptions): Promise<EnrollResult>;

  /**
   * Adds templates from 1 to 10 images. Beyond 50 templates the weakest ones that were there give way.
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`,
   * `EMBEDDING_SPACE_MISMATCH`, `STORAGE_QUOTA_EXCEEDED`
   */
  addImages(profileId: string, images: readonly FaceImage[], options?: AddImagesOptions): Promise<AddImagesResult>;

  /**
   * Compares the face of an image with a profile (verification, 1:1). A face choice defaults to `'largest'`.
   * @example `await kit.match(photo, profile.id, { maxFmr: 0.0001 })`
   * @throws InfaceError `INVALID_INPUT`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`, `EMBEDDING_SPACE_MISMATCH`
   */
  match(probe: FaceImage, profileId: string, options?: MatchOptions): Promise<MatchResult>;

  /**
   * Compares the faces of two images (verification, 1:1). Face choices default to `'largest'`.
   * @example `await kit.compare(selfie, { image: passport, face: 'only' })`
   * @throws InfaceError `INVALID_INPUT`
   */
  compare(probe: FaceImage, reference: FaceImage, options?: MatchOptions): Promise<MatchResult>;

  /**
   * Identification, 1:N, of every face of the image.
   * @throws InfaceError `INVALID_INPUT`, `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `VAULT_LOCKED`,
   * `EMBEDDING_SPACE_MISMATCH`
   */
  identify(image: ImageInput, collectionId: string, options?: IdentifyOptions): Promise<IdentifyResult>;

  /**
   * Negative training, 'this is not Anna': keeps the face of an identification as an example of who a profile is not. It
   * counts at once: faces nearer to it than to the profile are not named so any more. The next training learns from it.
   * @throws InfaceError `IDENTIFICATION_NOT_FOUND` when the kit does not remember it, or it had no candidate;
   * `INVALID_INPUT` when the profile is not in the collection; `VAULT_LOCKED`
   */
  reject(identificationId: string, options?: RejectOptions): Promise<RejectResult>;

  /**
   * Trains the classifier of a collection and stores it. One collection is trained in one tab at a time: a second
   * training waits for the first. What was learnt of a collection that changed meanwhile is not stored.
   * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `COLLECTION_EMPTY`, `VAULT_LOCKED`,
   * `TRAINING_ABORTED`
   */
  train(collectionId: string, options?: TrainOptions): Promise<TrainResult>;

  readonly profiles: {
    /** All profiles, oldest first. */
    list(options?: CallOptions): Promise<readonly Profile[]>;
    /** @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE` */
    get(id: string, options?: CallOptions): Promise<Profile>;
    /** Changes name, metadata or consent. @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE` */
    update(id: string, change: ProfileChange, options?: CallOptions): Promise<Profile>;
    /**
     * Deletes a profile, its templates and its memberships; its id is gone for good.
     * @throws InfaceError `PROFILE_NOT_FOUND`, `PROFILE_GONE`
     */
    delete(id: string, options?: CallOptions): Promise<void>;
  };

  readonly collections: {
    create(name: string, options?: CreateCollectionOptions): Promise<Collection>;
    /** All collections, oldest first. */
    list(options?: CallOptions): Promise<readonly Collection[]>;
    /** @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE` */
    get(id: string, options?: CallOptions): Promise<Collection>;
    /** @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`, `PROFILE_NOT_FOUND`, `PROFILE_GONE` */
    update(id: string, change: CollectionChange, options?: CallOptions): Promise<Collection>;
    /**
     * Deletes a collection and its classifier; its profiles stay, its id is gone for good.
     * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_GONE`
     */
    delete(id: string, options?: CallOptions): Promise<void>;
  };
}

/** The kit: the operations, and the care of what they store. */
export interface FaceKit extends FaceOperations {
  /**
   * For the REST facade: returns the operations for one owner, which see and create only the records of that owner. The
   * kit itself sees all records.
   * @param owner id of an API key
   */
  forOwner(owner: string): FaceOperations;

  /**
   * A tracker for one camera: much cheaper per frame than `identify`, and with ids that stay.
   * @throws InfaceError `INVALID_INPUT`
   */
  createTracker(options?: TrackerOptions): FaceTracker;

  /**
   * Ends a training of this kit, automatic or not; the collection stays as it was.
   * @returns whether there was one
   */
  abortTraining(collectionId: string, options?: CallOptions): Promise<boolean>;

  /** Listens to events. @returns ends the listening */
  on<K extends keyof KitEvents>(event: K, listener: (event: KitEvents[K]) => void): () => void;

  /** The key that templates, classifiers and negative examples are encrypted with (AES-GCM, 256 bits). */
  readonly vault: {
    status(options?: CallOptions): Promise<VaultStatus>;
    /**
     * Encrypts everything with a new key that only the passphrase opens. The passphrase cannot be recovered.
     * @param passphrase 8 to 1,000 characters
     * @throws InfaceError `VAULT_LOCKED`, `INVALID_INPUT`, `STORAGE_QUOTA_EXCEEDED`
     */
    setPassphrase(passphrase: string, options?: CallOptions): Promise<VaultStatus>;
    /**
     * Encrypts everything with a new key that the browser keeps. Does nothing without a passphrase.
     * @throws InfaceError `VAULT_LOCKED`, `STORAGE_QUOTA_EXCEEDED`
     */
    removePassphrase(options?: CallOptions): Promise<VaultStatus>;
    /** Forgets the key in all tabs until it is unlocked in each. @throws InfaceError `INVALID_INPUT` without a passphrase */
    lock(options?: CallOptions): Promise<VaultStatus>;
    /** @throws InfaceError `WRONG_PASSPHRASE`; `INVALID_INPUT` without a passphrase */
    unlock(passphrase: string, options?: CallOptions): Promise<VaultStatus>;
    /**
     * Destroys the key, and with it everything that it encrypts (crypto-erase). Profiles and collections stay, as records
     * whose templates cannot be read any more: operations on them throw `TEMPLATES_UNREADABLE` until they are deleted.
     */
    destroyKey(options?: CallOptions): Promise<void>;
  };

  /** All profiles and collections as one encrypted file. Classifiers, API keys and the audit trail are not part of it. */
  readonly backup: {
    /** @param passphrase 8 to 1,000 characters @throws InfaceError `VAULT_LOCKED`, `TEMPLATES_UNREADABLE` */
    export(passphrase: string, options?: CallOptions): Promise<Blob>;
    /**
     * Merges a file: of records with the same id, the newer one wins. All of it is written in one transaction, or nothing.
     * @throws InfaceError `BACKUP_INVALID` when the file is truncated, altered or no backup; `WRONG_PASSPHRASE`;
     * `EMBEDDING_SPACE_MISMATCH`, `VAULT_LOCKED`, `STORAGE_QUOTA_EXCEEDED`
     */
    import(file: Blob, passphrase: string, options?: CallOptions): Promise<ImportResult>;
  };

  /** Who enrolled, deleted, exported what and when. */
  readonly audit: {
    /** The newest entries, newest first. */
    list(options?: AuditListOptions): Promise<readonly AuditEntry[]>;
    /** All entries, oldest first, as JSON Lines. */
    export(options?: CallOptions): Promise<Blob>;
    clear(options?: CallOptions): Promise<void>;
  };

  /** For the REST facade: the keys that its callers send. */
  readonly apiKeys: {
    /** The secret is shown here and never again. @throws InfaceError `INVALID_INPUT` */
    create(options: CreateApiKeyOptions): Promise<{ readonly key: ApiKey; readonly secret: string }>;
    list(options?: CallOptions): Promise<readonly ApiKey[]>;
    /** Its profiles and collections stay. @throws InfaceError `API_KEY_NOT_FOUND` */
    revoke(id: string, options?: CallOptions): Promise<void>;
    /** The key with this secret, or `null`. */
    verify(secret: string, options?: CallOptions): Promise<ApiKey | null>;
  };

  /** The storage of this origin. */
  readonly storage: {
    /**
     * Asks the browser to keep the stored data even when space runs short.
     * @returns whether it will; `false` where the browser has no such promise
     */
    persist(): Promise<boolean>;
    /** Returns the bytes that the origin uses and may use, as the browser estimates them, or `null` if it does not tell. */
    usage(): Promise<{ readonly usageBytes: number; readonly quotaBytes: number } | null>;
    /** Deletes all stored data, including the key and the audit trail. The new trail starts with one entry about it. */
    eraseAll(options?: CallOptions): Promise<void>;
  };

  /** Returns the backend, the models, and the number of records. */
  info(options?: CallOptions): Promise<KitInfo>;

  /** Releases the models and ends the worker. Pending and later calls reject with `CLOSED`. Stored data stays. */
  close(): Promise<void>;
}
