/**
 * Every public type of the kit. No code. What crosses between the page and its worker is in `wire.ts`.
 *
 * Coordinates are pixels of the source image as it is shown (EXIF orientation applied), origin at the top left corner,
 * x to the right, y down. 'Left' and 'right' of a face mean left and right in the image.
 */

// ---------------------------------------------------------------------------------------------------------- images

/**
 * What an operation accepts as an image. A string is a `data:` URL; other URLs are refused, fetch them first.
 * Videos give the frame they show. EXIF orientation is honoured, transparency is flattened onto white, and a photo is
 * reduced to at most 3,072 px on its longer side before faces are looked for.
 */
export type ImageInput =
  | Blob
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame
  | string;

/**
 * Which face of an image counts where one person is meant: `'only'` rejects an image with several faces, `'largest'`
 * takes the one of the largest box, a point takes the face whose box contains it, and of several the one whose centre
 * is nearest.
 */
export type FaceChoice = 'only' | 'largest' | Point;

/** An image of one person; with `face`, the choice for an image that shows several. */
export type FaceImage = ImageInput | { readonly image: ImageInput; readonly face?: FaceChoice };

// ------------------------------------------------------------------------------------------------------- detection

/** A position in source pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An upright rectangle in source pixels; it may reach beyond the image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A found face. */
export interface DetectedFace {
  readonly box: Box;
  /** The detector's confidence, 0..1. */
  readonly score: number;
  /**
   * 5 points: left eye, right eye, nose tip, left and right mouth corner. Or 68 points in iBUG order: jaw 0-16, brows
   * 17-26, nose 27-35, eyes 36-47, mouth 48-67.
   */
  readonly landmarks: readonly Point[];
  /** Roll of the head in degrees, clockwise in the image; 0 is upright. */
  readonly rollDegrees: number;
}

/** The `AbortSignal` that every call takes. An aborted call rejects with the signal's reason. */
export interface CallOptions {
  /**
   * Aborts the call. It is heard before and between the stages; a call that had already written keeps its result and
   * resolves.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How faces are looked for; part of the options of every operation on images. */
export interface DetectorOptions {
  /**
   * Side of the detector's square input in pixels. Larger finds smaller faces and costs more. `'auto'`, the default,
   * takes 256 for a video frame and 256 to 512 for a photo, by its size.
   */
  readonly detectorSize?: 'auto' | 128 | 192 | 256 | 384 | 512;
  /** Least score of a face, 0..1. Defaults to the detector's own, see its model card. */
  readonly minScore?: number;
}

export interface DetectOptions extends CallOptions, DetectorOptions {
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
}

/** Time spent per stage of one call, in milliseconds, summed over its faces. A stage that did not run has 0. */
export interface StageTimings {
  readonly pixelsMs: number;
  readonly detectMs: number;
  readonly landmarksMs: number;
  readonly embedMs: number;
}

export interface DetectResult {
  /** Faces by size, largest first; empty when there is none. */
  readonly faces: readonly DetectedFace[];
  /** Size of the source image in pixels. */
  readonly width: number;
  readonly height: number;
  /** The detector size that was used, in pixels. */
  readonly detectorSize: number;
  readonly timings: StageTimings;
}

// ---------------------------------------------------------------------------------------------- profiles, enrolment

/** A JSON value, as metadata may hold it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One enrolled person. */
export interface Profile {
  readonly id: string;
  readonly name: string | null;
  /** Whatever the application stored with the profile. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
  /** Number of stored templates. */
  readonly templateCount: number;
  readonly collectionIds: readonly string[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Why no template could be made from an image. */
export type AcquisitionFailure =
  /** No face was found. */
  | 'no-face'
  /** Several faces, and `'only'` was asked for. */
  | 'many-faces'
  /** The point that was given lies in no face. */
  | 'no-face-at-point';

/** What became of one image of an enrolment. */
export type ImageReport =
  | { readonly accepted: true; readonly templateId: string; readonly face: DetectedFace }
  | { readonly accepted: false; readonly reason: AcquisitionFailure; readonly faceCount: number };

export interface EnrollOptions extends CallOptions, DetectorOptions {
  /** A label for the person, at most 200 characters. Defaults to none. */
  readonly name?: string;
  /** Adds the new profile to this collection. */
  readonly collectionId?: string;
  /** JSON of at most 10,000 characters. Defaults to `{}`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
}

/** `rejected`: no image was usable, and nothing was stored. */
export type EnrollResult =
  | { readonly outcome: 'enrolled'; readonly profile: Profile; readonly images: readonly ImageReport[] }
  | { readonly outcome: 'rejected'; readonly images: readonly ImageReport[] };

export interface AddImagesOptions extends CallOptions, DetectorOptions {}

/** `rejected`: no image was usable, and the profile is as it was. */
export interface AddImagesResult {
  readonly outcome: 'added' | 'rejected';
  readonly profile: Profile;
  readonly images: readonly ImageReport[];
}

// ------------------------------------------------------------------------------------------------ match, identify

export interface MatchOptions extends CallOptions, DetectorOptions {
  /** Least similarity of a match, 0..1. Defaults to 0.5, which is a false match rate of 0.001 on LFW. */
  readonly threshold?: number;
  /** Instead of `threshold`: the false match rate to be kept by the whole reference, above 0 and below 1. */
  readonly maxFmr?: number;
}

/** The probe against one template of the reference. */
export interface TemplateComparison {
  /** `null` for the template of a reference image. */
  readonly templateId: string | null;
  /** Calibrated similarity, 0..1, falling with the distance. */
  readonly score: number;
  readonly match: boolean;
}

/** The 1:1 decision. `failure-to-acquire`: one side gave no template, and nothing was decided. */
export type MatchResult =
  | {
      readonly outcome: 'compared';
      /** True when the best score reaches the threshold. */
      readonly match: boolean;
      /** The best score. */
      readonly score: number;
      /** The similarity threshold that was applied. */
      readonly threshold: number;
      readonly comparisons: readonly TemplateComparison[];
      readonly face: DetectedFace;
      readonly timings: StageTimings;
    }
  | {
      readonly outcome: 'failure-to-acquire';
      readonly side: 'probe' | 'reference';
      readonly reason: AcquisitionFailure;
      readonly faceCount: number;
      readonly timings: StageTimings;
    };

export interface IdentifyOptions extends CallOptions, DetectorOptions {
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
  /**
   * The false positive identification rate to be kept: how often a stranger may be given a name. Above 0 and below 1,
   * defaults to 0.003, where NIST's tests of identification stand. The threshold gets stricter as templates get more.
   */
  readonly maxFpir?: number;
  /** Number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
}

/** A profile that a face may belong to. */
export interface Candidate {
  readonly profileId: string;
  readonly name: string | null;
  /** Calibrated similarity to the nearest template of the profile, 0..1. */
  readonly score: number;
  /** The classifier's probability among the profiles of the collection, or `null` when it was not asked. */
  readonly probability: number | null;
}

/**
 * The 1:N decision on one face. Reasons of 'unknown': the collection has no templates, the best candidate is not near
 * enough for the rate that was asked for, or the classifier does not clearly prefer it to the second.
 */
export type IdentifiedFace = DetectedFace & {
  /** Best first. */
  readonly candidates: readonly Candidate[];
} & (
    | { readonly decision: 'identified'; readonly profileId: string; readonly name: string | null }
    | { readonly decision: 'unknown'; readonly reason: 'empty-collection' | 'not-near' | 'ambiguous' }
  );

/** `stale`: the collection changed after its classifier was trained. */
export type ClassifierState = 'untrained' | 'trained' | 'stale';

export interface IdentifyResult {
  /** Faces by size, largest first; empty when there is none. */
  readonly faces: readonly IdentifiedFace[];
  /** A `trained` classifier ranks the candidates; otherwise the nearest template does. */
  readonly classifier: ClassifierState;
  /** The least similarity that was asked of a name, from `maxFpir` and the number of templates. */
  readonly threshold: number;
  readonly timings: StageTimings;
}

// ------------------------------------------------------------------------------------------- collections, training

/** A set of profiles with its classifier. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  readonly profileIds: readonly string[];
  readonly classifier: ClassifierState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What changes in a collection; an absent field stays. Ids that are already in, or not in, are ignored. */
export interface CollectionChange {
  readonly name?: string;
  readonly addProfileIds?: readonly string[];
  readonly removeProfileIds?: readonly string[];
}

/** Progress of a training: `iteration` of at most `maxIterations`; it may end earlier. */
export interface TrainProgress {
  readonly iteration: number;
  readonly maxIterations: number;
  readonly loss: number;
}

export interface TrainOptions extends CallOptions {
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainResult {
  readonly collectionId: string;
  readonly profileCount: number;
  readonly templateCount: number;
  readonly iterations: number;
  /** Mean regularised cross-entropy at the end, in nats. */
  readonly loss: number;
  readonly durationMs: number;
}

// ---------------------------------------------------------------------------------------------------- anti-spoofing

export interface CheckSpoofOptions extends CallOptions, DetectorOptions {
  /** Least score of a bona fide face, 0..1. Defaults to the model's own, see its model card. */
  readonly threshold?: number;
}

/** The verdict of presentation attack detection on one face. */
export type SpoofResult =
  | {
      readonly outcome: 'checked';
      readonly verdict: 'bona-fide' | 'attack';
      /** 0 (attack) to 1 (bona fide). */
      readonly score: number;
      readonly threshold: number;
      readonly face: DetectedFace;
    }
  | { readonly outcome: 'failure-to-acquire'; readonly reason: AcquisitionFailure; readonly faceCount: number };

// ---------------------------------------------------------------------------------------------------------- the kit

export type Backend = 'webgpu' | 'wasm';

/** Bytes of the models and the wasm runtime on their way in. `total` is known from the start. */
export interface LoadProgress {
  /** The file that grew. */
  readonly file: string;
  /** Bytes of all files so far, and in the end. */
  readonly loaded: number;
  readonly total: number;
  /** True when this file came from the cache and not from the network. */
  readonly fromCache: boolean;
}

export interface FaceKitOptions {
  /**
   * Where the folder `assets` of the package is served: it holds `models/` and `ort/`. Same origin. Defaults to
   * `inface/` beside the page.
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
  /** Called while models are fetched, also when the worker is started again. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

export interface ModelInfo {
  readonly id: string;
  readonly role: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface KitInfo {
  readonly version: string;
  readonly backend: Backend;
  /** Why `backend` is not what `'auto'` would prefer, or what happened to it; `null` when there is nothing to say. */
  readonly backendNote: string | null;
  readonly threads: number;
  readonly models: readonly ModelInfo[];
  readonly embeddingSpace: string;
  readonly profileCount: number;
  readonly templateCount: number;
  readonly collectionCount: number;
  /** What the origin stores and may store, in bytes, as the browser estimates it; `null` where it does not tell. */
  readonly storage: { readonly usageBytes: number; readonly quotaBytes: number } | null;
  /** Live resources of the worker, to find leaks. `frames` counts images that are being worked on. */
  readonly live: { readonly frames: number; readonly sessions: number };
}

/** The operations of the kit. All run in the worker; nothing leaves the page. */
export interface FaceKit {
  /** Finds faces. @throws InfaceError `INVALID_INPUT` */
  detect(image: ImageInput, options?: DetectOptions): Promise<DetectResult>;

  /**
   * Whether a face is bona fide or a print, a screen, a mask.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` while the manifest holds no such model
   */
  checkSpoof(image: FaceImage, options?: CheckSpoofOptions): Promise<SpoofResult>;

  /**
   * Makes a profile from 1 to 10 images of one person; 3 or more are recommended. A face choice defaults to `'only'`.
   * All is written in one transaction, or nothing. No image is stored.
   * @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `COLLECTION_NOT_FOUND`, `STORAGE_QUOTA_EXCEEDED`
   */
  enroll(images: readonly FaceImage[], options?: EnrollOptions): Promise<EnrollResult>;

  /** Adds templates from 1 to 10 images. @throws InfaceError `INVALID_INPUT`, `LIMIT_EXCEEDED`, `PROFILE_NOT_FOUND` */
  addImages(profileId: string, images: readonly FaceImage[], options?: AddImagesOptions): Promise<AddImagesResult>;

  /**
   * Verification, 1:1: the face of the probe against a profile, or against the face of another image. A string that
   * starts with `data:` is an image, any other a profile id. A face choice defaults to `'largest'`.
   * @throws InfaceError `INVALID_INPUT`, `PROFILE_NOT_FOUND`
   */
  match(probe: FaceImage, reference: string | FaceImage, options?: MatchOptions): Promise<MatchResult>;

  /** Identification, 1:N, of every face of the image. @throws InfaceError `INVALID_INPUT`, `COLLECTION_NOT_FOUND` */
  identify(image: ImageInput, collectionId: string, options?: IdentifyOptions): Promise<IdentifyResult>;

  /**
   * Trains the classifier of a collection and stores it.
   * @throws InfaceError `COLLECTION_NOT_FOUND`, `COLLECTION_EMPTY`
   */
  train(collectionId: string, options?: TrainOptions): Promise<TrainResult>;

  readonly profiles: {
    /** All profiles, oldest first. */
    list(options?: CallOptions): Promise<readonly Profile[]>;
    /** @throws InfaceError `PROFILE_NOT_FOUND` */
    get(id: string, options?: CallOptions): Promise<Profile>;
    /** Gives a profile another name; `null` removes it. @throws InfaceError `PROFILE_NOT_FOUND` */
    rename(id: string, name: string | null, options?: CallOptions): Promise<Profile>;
    /** Deletes a profile, its templates and its memberships. @throws InfaceError `PROFILE_NOT_FOUND` */
    delete(id: string, options?: CallOptions): Promise<void>;
  };

  readonly collections: {
    create(name: string, options?: CallOptions): Promise<Collection>;
    /** All collections, oldest first. */
    list(options?: CallOptions): Promise<readonly Collection[]>;
    /** @throws InfaceError `COLLECTION_NOT_FOUND` */
    get(id: string, options?: CallOptions): Promise<Collection>;
    /** @throws InfaceError `COLLECTION_NOT_FOUND`, `PROFILE_NOT_FOUND` */
    update(id: string, change: CollectionChange, options?: CallOptions): Promise<Collection>;
    /** Deletes a collection and its classifier; its profiles stay. @throws InfaceError `COLLECTION_NOT_FOUND` */
    delete(id: string, options?: CallOptions): Promise<void>;
  };

  /** What runs, and how much is stored. */
  info(options?: CallOptions): Promise<KitInfo>;

  /** Releases the models and ends the worker. Pending and later calls reject with `CLOSED`. Stored data stays. */
  close(): Promise<void>;
}
