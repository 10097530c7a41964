/** Defines the contract between the page and its worker. Types only, so that neither side imports the other. */
import type { WireError } from '../api/errors.js';
import type { ApiKey, ApiScope } from '../api/api-keys.js';
import type { AuditEntry } from '../api/audit.js';
import type { ImportOptions, ImportResult } from '../api/backup.js';
import type { Collection, CollectionChange, CreateCollectionOptions, TrainResult } from '../api/collections.js';
import type { DetectOptions, DetectResult } from '../api/detection.js';
import type { AddImagesOptions, AddImagesResult, EnrollOptions, EnrollResult } from '../api/enrollment.js';
import type { KitEvents } from '../api/events.js';
import type { IdentifyOptions, IdentifyResult, RejectOptions, RejectResult } from '../api/identification.js';
import type { DetectorOptions } from '../api/faces.js';
import type { Point } from '../api/geometry.js';
import type { MatchOptions, MatchResult } from '../api/matching.js';
import type { OpenOptions } from '../api/open-image.js';
import type { Profile, ProfileChange, ProfileListOptions } from '../api/profiles.js';
import type {
  ReplicaChanges,
  ReplicaKeys,
  ReplicaRecords,
  ReplicaResult,
  ReplicaSelection,
  ReplicaState,
} from '../api/replica.js';
import type { FieldsResult } from '../api/rest.js';
import type { Backend, KitInfo, LoadProgress } from '../api/runtime.js';
import type { CheckSpoofOptions, SpoofResult } from '../api/spoof.js';
import type { TrackerOptions, TrackResult } from '../api/tracking.js';
import type { VaultStatus } from '../api/vault.js';

/** An image to send to the worker. `bitmap` is transferred, and the worker closes it. */
export interface Frame {
  readonly bitmap: ImageBitmap;
  /** Size of the source in pixels; the bitmap may be smaller. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** Default of the option `mode`. Depends on the type of the source. */
  readonly mode: NonNullable<DetectorOptions['mode']>;
}

/** An image that was opened with `openImage` and is kept in the worker. */
export interface OpenedImage {
  readonly imageId: string;
}

export type WireImage = Frame | OpenedImage;

/** An image, and which of its faces to use. */
export interface FaceFrame {
  readonly frame: WireImage;
  readonly face: 'only' | 'largest' | Point;
}

/** Progress of a call, in steps that depend on its operation. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Options as sent to the worker. Signals and callbacks stay on the page. */
export type Wire<O> = Omit<O, 'signal' | 'onProgress'>;

/** The operations of the worker. The page only adds the decoding of images. */
export interface WorkerOperations {
  /** @param imageId unique among all images of the kit, including those in other workers */
  openImage(imageId: string, frame: Frame, options: Wire<OpenOptions>): Promise<void>;
  /** Does nothing if the image is already closed. */
  closeImage(imageId: string): Promise<void>;
  detect(image: WireImage, options: Wire<DetectOptions>): Promise<DetectResult>;
  checkSpoof(face: FaceFrame, options: Wire<CheckSpoofOptions>): Promise<SpoofResult>;
  enroll(faces: readonly FaceFrame[], options: Wire<EnrollOptions>): Promise<EnrollResult>;
  addImages(profileId: string, faces: readonly FaceFrame[], options: Wire<AddImagesOptions>): Promise<AddImagesResult>;
  match(probe: FaceFrame, profileId: string, options: Wire<MatchOptions>): Promise<MatchResult>;
  compare(probe: FaceFrame, reference: FaceFrame, options: Wire<MatchOptions>): Promise<MatchResult>;
  identify(image: WireImage, collectionId: string, options: Wire<IdentifyOptions>): Promise<IdentifyResult>;
  track(trackerId: string, frame: Frame, options: Wire<TrackerOptions>): Promise<TrackResult>;
  endTracker(trackerId: string): Promise<void>;
  reject(identificationId: string, options: Wire<RejectOptions>): Promise<RejectResult>;
  train(collectionId: string): Promise<TrainResult>;
  abortTraining(collectionId: string): Promise<boolean>;
  listProfiles(options: Wire<ProfileListOptions>): Promise<readonly Profile[]>;
  getProfile(id: string): Promise<Profile>;
  updateProfile(id: string, change: ProfileChange): Promise<Profile>;
  deleteProfile(id: string): Promise<void>;
  createCollection(name: string, options: Wire<CreateCollectionOptions>): Promise<Collection>;
  listCollections(): Promise<readonly Collection[]>;
  getCollection(id: string): Promise<Collection>;
  updateCollection(id: string, change: CollectionChange): Promise<Collection>;
  deleteCollection(id: string): Promise<void>;
  vaultStatus(): Promise<VaultStatus>;
  setPassphrase(passphrase: string, current: string | null): Promise<VaultStatus>;
  removePassphrase(current: string): Promise<VaultStatus>;
  lockVault(): Promise<VaultStatus>;
  unlockVault(passphrase: string): Promise<VaultStatus>;
  destroyKey(): Promise<void>;
  exportBackup(passphrase: string): Promise<Blob>;
  importBackup(file: Blob, passphrase: string, options: Wire<ImportOptions>): Promise<ImportResult>;
  replicaState(): Promise<ReplicaState>;
  readReplica(wanted: ReplicaSelection): Promise<ReplicaRecords>;
  applyReplica(records: ReplicaChanges): Promise<ReplicaResult>;
  keepKeys(set: string, keys: ReplicaKeys | null): Promise<void>;
  keptKeys(set: string): Promise<ReplicaKeys | null>;
  /** Returns the newest entries, newest first; all of them if `limit` is `null`. */
  listAudit(limit: number | null): Promise<readonly AuditEntry[]>;
  clearAudit(): Promise<void>;
  createApiKey(name: string, scopes: readonly ApiScope[]): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  listApiKeys(): Promise<readonly ApiKey[]>;
  revokeApiKey(id: string): Promise<void>;
  verifyApiKey(secret: string): Promise<ApiKey | null>;
  readFields(body: Blob): Promise<FieldsResult>;
  eraseAll(): Promise<void>;
  startAnew(): Promise<void>;
  info(): Promise<KitInfo>;
}

/** The options of the kit as sent to the worker. All URLs are absolute. */
export interface WorkerConfig {
  readonly assetsUrl: string;
  readonly backend: 'auto' | Backend;
  readonly threads: 'auto' | number;
  readonly models: string;
  readonly embedder: 'auto' | 'int8' | 'lossless';
  readonly database: string;
  readonly autoTrain: boolean;
  /** Time for which old templates are kept after a profile has enough new ones; `null` for no migration. */
  readonly migrateGraceMs: number | null;
  readonly audit: boolean;
  /** Whether to use the whole binary of onnxruntime even where the shorter one should do. */
  readonly wholeRuntime: boolean;
  /** Id of the database that held data at the end of the last worker; `null` if there was none. */
  readonly storeId: string | null;
}

/** An event of the kit with its name. */
export type KitEvent = { [K in keyof KitEvents]: { readonly name: K; readonly detail: KitEvents[K] } }[keyof KitEvents];

/** A message from the worker to the page other than the reply to a call. */
export type WorkerNotice =
  | { readonly kind: 'load'; readonly progress: LoadProgress }
  | { readonly kind: 'progress'; readonly callId: number; readonly progress: Progress }
  | { readonly kind: 'event'; readonly event: KitEvent }
  /** The id of the database that holds data, to be kept outside of it; `null` if it is empty. */
  | { readonly kind: 'store'; readonly storeId: string | null };

/** The reply to a call. Errors are values, because comlink would strip the code from a thrown error. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** The object that the worker exposes through comlink. Every call has an id to abort it by. */
export interface WorkerApi {
  /**
   * Holds the Web Lock `lifeLock` until the worker ends for any reason. Resolves when the lock is held.
   * The page requests the same lock to detect the end, because a terminated worker fires no event.
   * @returns the version of the package that the worker was built from
   */
  hello(lifeLock: string): Promise<string>;
  /** Loads the models. The database is opened on first use. */
  start(callId: number, config: WorkerConfig, notify: (notice: WorkerNotice) => void): Promise<Reply<void>>;
  /** @param owner the owner whose records the call can access; `null` for all records */
  call<K extends keyof WorkerOperations>(
    callId: number,
    owner: string | null,
    operation: K,
    args: Parameters<WorkerOperations[K]>,
  ): Promise<Reply<Awaited<ReturnType<WorkerOperations[K]>>>>;
  abort(callId: number): void;
  /** Releases the sessions and the database. */
  close(): Promise<Reply<void>>;
}
