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
   * 17-26, nose 27-35, eyes 36-47, mouth 48-67. None where none were asked for.
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
   * Longer side of the detector's input in pixels: one look at the whole image. Larger finds smaller faces and costs more.
   * `'group'` looks at the whole image and, from 640 px on, at two or four overlapping parts of it: it finds the small faces of
   * a group photo and takes about five times as long. `'auto'`, the default, takes 256 for a video frame and 256 or 384 for
   * a photo, by its size, and does what `'group'` does where the first look shows several small faces or none.
   * In all but video frames, what the detector is not certain of is looked at again from near.
   */
  readonly detectorSize?: 'auto' | 'group' | 128 | 192 | 256 | 384 | 512;
  /** Least score of a face, 0..1. Defaults to the detector's own, see its model card. */
  readonly minScore?: number;
}

export interface DetectOptions extends CallOptions, DetectorOptions {
  /**
   * Number of landmarks per face. Defaults to 5. 5 and 68 take the same time; with 0 there are boxes alone, which are the
   * detector's own: what it took for a face and has no landmarks is among them.
   */
  readonly landmarks?: 0 | 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
  /** Whether to judge how well each face is shown, by its landmarks. Defaults to false. */
  readonly quality?: boolean;
}

/** Time spent per stage of one call, in milliseconds, summed over its faces. A stage that did not run has 0. */
export interface StageTimings {
  readonly pixelsMs: number;
  readonly detectMs: number;
  readonly landmarksMs: number;
  readonly spoofMs: number;
  readonly embedMs: number;
}

export interface DetectResult {
  /** Faces by size, largest first; empty when there is none. `quality` is `null` unless it was asked for. */
  readonly faces: readonly (DetectedFace & { readonly quality: QualityReport | null })[];
  /** Size of the source image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Longer side of the detector's input for the whole image, in pixels, whether or not parts of it were looked at, too. */
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
  /** What the person agreed to, in the application's words; `null` when nothing was noted. */
  readonly consent: string | null;
  /** The API key that the profile belongs to, or `null` for the application itself. */
  readonly owner: string | null;
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

/** What may be wrong with the picture of a face. */
export type QualityIssue = 'too-small' | 'too-dark' | 'too-bright' | 'blurred' | 'extreme-pose';

/**
 * How well a face is shown. Limits and what they rest on are in `src/vision/quality.ts`: a face with `unusable` issues is
 * recognised much worse than others, one with `poor` issues a little.
 */
export interface QualityReport {
  /** Distance between the centres of the eyes in pixels of the source. */
  readonly eyeDistancePx: number;
  /** Mean luminance of the face, 0 (black) to 1 (white). */
  readonly brightness: number;
  /** Sharpness of the face at the size that recognition works on; 0 is a plain area, higher is sharper. */
  readonly sharpness: number;
  /** Estimated turn of the head to the side, in degrees; 0 is frontal, positive is to the right in the image. */
  readonly yawDegrees: number;
  /** Estimated nod of the head, in degrees; 0 is frontal, positive is upwards. */
  readonly pitchDegrees: number;
  /** All measures in one number, 0 (useless) to 1 (ideal); the template of the lowest one is replaced first. */
  readonly score: number;
  /** What should be better. */
  readonly poor: readonly QualityIssue[];
  /** What is too bad to be used. */
  readonly unusable: readonly QualityIssue[];
}

/**
 * How strictly images of an enrolment are judged. `'guidance'` rejects what would harm recognition: unusable pictures,
 * pictures of somebody else, and people whom the collection has already; it warns of poor ones. `'strict'` rejects poor
 * pictures, too. `'off'` takes every face.
 */
export type EnrollPolicy = 'strict' | 'guidance' | 'off';

/** Why an image of an enrolment was not taken. */
export type RejectionReason =
  | AcquisitionFailure
  | QualityIssue
  | SpoofFailure
  /** It disagrees with most images of this enrolment, or with all templates of the profile it was to be added to. */
  | 'not-the-same-person'
  /** Another profile of the collection looks the same; `duplicateOf` says which. */
  | 'duplicate-of';

/** What became of one image of an enrolment. */
export type ImageReport =
  | {
      readonly accepted: true;
      readonly templateId: string;
      readonly face: DetectedFace;
      readonly quality: QualityReport;
      /** What could be better. */
      readonly warnings: readonly QualityIssue[];
      /** The verdict on this very image, or `null` where the check was off. */
      readonly spoof: SpoofVerdict | null;
    }
  | {
      readonly accepted: false;
      /** One or more, the most important one first. */
      readonly reasons: readonly RejectionReason[];
      readonly faceCount: number;
      /** The face that was judged, where there was one. */
      readonly face: DetectedFace | null;
      readonly quality: QualityReport | null;
      /** The id of the profile that looks the same; only with the reason `'duplicate-of'`. */
      readonly duplicateOf: string | null;
      /** The verdict on this very image, or `null` where the check was off or there was no face. */
      readonly spoof: SpoofVerdict | null;
    };

export interface AddImagesOptions extends CallOptions, DetectorOptions, SpoofOptions {
  /** Defaults to `'guidance'`. */
  readonly policy?: EnrollPolicy;
}

export interface EnrollOptions extends AddImagesOptions {
  /** A label for the person, at most 200 characters. Defaults to none. */
  readonly name?: string;
  /** Adds the new profile to this collection. */
  readonly collectionId?: string;
  /** JSON of at most 10,000 characters. Defaults to `{}`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** What the person agreed to, at most 2,000 characters. Defaults to none. */
  readonly consent?: string;
}

/** `rejected`: no image was usable, and nothing was stored. */
export type EnrollResult =
  | {
      readonly outcome: 'enrolled';
      readonly profile: Profile;
      readonly images: readonly ImageReport[];
      /** `few-images`: fewer than the 3 templates that are recommended. */
      readonly warnings: readonly 'few-images'[];
    }
  | { readonly outcome: 'rejected'; readonly images: readonly ImageReport[] };

/** `rejected`: no image was usable, and the profile is as it was. */
export interface AddImagesResult {
  readonly outcome: 'added' | 'rejected';
  readonly profile: Profile;
  readonly images: readonly ImageReport[];
  /** The weakest templates, which gave way because a profile holds at most 50. */
  readonly replacedTemplateIds: readonly string[];
}

/** What changes in a profile; an absent field stays, `null` removes what is there. */
export interface ProfileChange {
  readonly name?: string | null;
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  readonly consent?: string | null;
}

// ------------------------------------------------------------------------------------------------ match, identify

/**
 * How many views of a face are compared: the face chip alone; the chip and its mirror image; six chips, cut a little
 * differently and mirrored. Each view costs one run of the embedder. Faces that are enrolled always get six.
 */
export type Accuracy = 'fast' | 'balanced' | 'high';

/** How carefully a face is compared. */
export interface AccuracyOptions {
  /** Defaults to `'balanced'`. `docs/accuracy.md` has the errors of each. */
  readonly accuracy?: Accuracy;
}

/** `spoof` is about the probe: a reference may well be the photo of a document. */
export interface MatchOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Least similarity of a match, 0..1. Defaults to 0.5, which is a false match rate of 0.001 on LFW. */
  readonly threshold?: number;
  /** Instead of `threshold`: the false match rate to be kept, above 0 and below 1. */
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
      /** True when the score reaches the threshold. */
      readonly match: boolean;
      /** Calibrated similarity of the probe and the mean of the reference's templates, 0..1. */
      readonly score: number;
      /** The similarity threshold that was applied. */
      readonly threshold: number;
      readonly comparisons: readonly TemplateComparison[];
      readonly face: DetectedFace;
      /** The verdict on the probe, or `null` where the check was off. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    }
  | {
      readonly outcome: 'failure-to-acquire';
      readonly side: 'probe' | 'reference';
      readonly reason: AcquisitionFailure | SpoofFailure;
      readonly faceCount: number;
      /** The verdict that refused the probe, `null` with every other reason. */
      readonly spoof: SpoofVerdict | null;
      readonly timings: StageTimings;
    };

export interface IdentifyOptions extends CallOptions, DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 100. */
  readonly maxFaces?: number;
  /**
   * The false positive identification rate to be kept: how often a stranger may be given a name. Above 0 and below 1,
   * defaults to 0.01. The threshold gets stricter as profiles get more; a trained collection knows its own.
   */
  readonly maxFpir?: number;
  /** Number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
}

/** A profile that a face may belong to. */
export interface Candidate {
  readonly profileId: string;
  readonly name: string | null;
  /** Calibrated similarity to the mean of the profile's templates, 0..1. */
  readonly score: number;
  /** The classifier's probability, or `null` where there is none. With that of 'unknown', all sum to 1. */
  readonly probability: number | null;
}

/**
 * Why nobody is named: the collection has no templates; the best candidate is not near enough for the rate that was asked
 * for; the classifier does not clearly prefer it to the second; or the face is nearer to one that was rejected as this person
 * (`kit.reject`) than to the person. With `spoof: 'require'`, also because the face was not found bona fide.
 */
export type UnknownReason = 'empty-collection' | 'not-near' | 'ambiguous' | 'rejected-before' | SpoofFailure;

/** The 1:N decision on one face. */
export type Identification = {
  /** For `kit.reject`; remembered for the last 200 faces that this kit identified. */
  readonly identificationId: string;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** How sure the best candidate is, 0..1: its probability where there is a classifier, otherwise its score. */
  readonly confidence: number;
  /** The probability of the classifier's unknown class, 0..1, or `null` when no trained one was asked. */
  readonly unknownProbability: number | null;
  /** The verdict on this face, or `null` where the check was off. */
  readonly spoof: SpoofVerdict | null;
} & (
  | { readonly decision: 'identified'; readonly profileId: string; readonly name: string | null }
  | { readonly decision: 'unknown'; readonly reason: UnknownReason }
);

/** A face with the decision on it. */
export type IdentifiedFace = DetectedFace & Identification;

/** `stale`: the collection changed after its classifier was trained. `training`: in this tab or in another one. */
export type ClassifierState = 'untrained' | 'training' | 'trained' | 'stale';

export interface RejectOptions extends CallOptions {
  /** Whom the face does not show. Defaults to the best candidate of the identification. */
  readonly profileId?: string;
}

/** What a rejected identification became: an example of who the profile is not. */
export interface RejectResult {
  readonly collectionId: string;
  readonly profileId: string;
  /** Number of such examples for this profile in this collection; the oldest of more than 50 gives way. */
  readonly negativeCount: number;
}

export interface IdentifyResult {
  /** Faces by size, largest first; empty when there is none. */
  readonly faces: readonly IdentifiedFace[];
  /** A `trained` one normalises the distance to each profile, and knows how near strangers come; see docs/accuracy.md. */
  readonly classifier: ClassifierState;
  /** The least similarity that was asked of a name, from `maxFpir`, the number of profiles and the classifier. */
  readonly threshold: number;
  readonly timings: StageTimings;
}

// ---------------------------------------------------------------------------------------------------- video

export interface TrackerOptions extends DetectorOptions, AccuracyOptions, SpoofOptions {
  /** Whose names are looked for. Defaults to nobody's: faces are followed only. */
  readonly collectionId?: string;
  /** As for `identify`. */
  readonly maxFpir?: number;
  /** Number of candidates per face, 1 to 100. Defaults to 5. */
  readonly maxCandidates?: number;
  /** Number of landmarks per face. Defaults to 5. */
  readonly landmarks?: 5 | 68;
  /** At most this many faces, the largest ones; 1 to 100. Defaults to 10. */
  readonly maxFaces?: number;
}

/** A face that is followed. Box and landmarks are smoothed. */
export type TrackedFace = DetectedFace & {
  /**
   * The same from frame to frame, and again when a face that was gone for up to 3 seconds is recognised. It says that the
   * picture went on without a cut, not who somebody is: ask `identification` for that.
   */
  readonly trackId: number;
  /**
   * Who it is: decided when the face appears, again when it is seen better, when the picture has a cut, when the collection
   * changes, and every 90 frames. `null` without a collection.
   */
  readonly identification: Identification | null;
  /** The verdict on the frame that was recognised last, or `null` where the check was off. */
  readonly spoof: SpoofVerdict | null;
  /** How well the face is shown, judged when it appears and every 5 frames. */
  readonly quality: QualityReport;
};

export interface TrackResult {
  /** Faces by size, largest first. */
  readonly faces: readonly TrackedFace[];
  /** Size of the frame in pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether the whole frame was searched: when there was no face, one was lost, and every 15 frames. */
  readonly detected: boolean;
  readonly timings: StageTimings;
}

/** Follows the faces of one camera. */
export interface FaceTracker {
  /**
   * Takes the next frame. Frames wait for each other: drop those that come while one is on its way. After a gap of more than a
   * second, all faces are new.
   * @throws InfaceError as `identify` does; the tracker is as it was before
   */
  update(frame: ImageInput, options?: CallOptions): Promise<TrackResult>;
  /** Forgets the faces. A later frame begins anew. */
  close(): Promise<void>;
}

// ------------------------------------------------------------------------------------------- collections, training

/** A set of profiles with its classifier. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  /** Whether its classifier has an unknown class. */
  readonly unknowns: boolean;
  readonly profileIds: readonly string[];
  readonly classifier: ClassifierState;
  /** The API key that the collection belongs to, or `null` for the application itself. */
  readonly owner: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CreateCollectionOptions extends CallOptions {
  /**
   * Gives 'nobody of these' a probability of its own, measured on synthetic faces of nobody; without it, probabilities are
   * those of the profiles alone. Who is named does not depend on it. Defaults to false.
   */
  readonly unknowns?: boolean;
}

/** What changes in a collection; an absent field stays. Ids that are already in, or not in, are ignored. */
export interface CollectionChange {
  readonly name?: string;
  readonly unknowns?: boolean;
  readonly addProfileIds?: readonly string[];
  readonly removeProfileIds?: readonly string[];
}

/** Progress of a training: profiles and synthetic strangers that were looked at. */
export interface TrainProgress {
  readonly done: number;
  readonly total: number;
}

export interface TrainOptions extends CallOptions {
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainResult {
  readonly collectionId: string;
  readonly profileCount: number;
  readonly templateCount: number;
  /** Number of synthetic strangers that the collection was tried on. */
  readonly unknownCount: number;
  readonly durationMs: number;
}

// ---------------------------------------------------------------------------------------------------- anti-spoofing

/** At most one of `threshold`, `maxApcer` and `maxBpcer`. Without, the model's own threshold counts, see its model card. */
export interface CheckSpoofOptions extends CallOptions, DetectorOptions {
  /** Least score of a bona fide face, 0..1. */
  readonly threshold?: number;
  /** The share of attacks that may pass (APCER), above 0 and below 1, as the model's calibration has it. */
  readonly maxApcer?: number;
  /** The share of bona fide faces that may be refused (BPCER), above 0 and below 1. */
  readonly maxBpcer?: number;
}

/**
 * Whether a face is looked at for presentation attacks, on the very frame that is embedded. `'require'` uses no face that is
 * not found bona fide; `'report'` tells the verdict and uses it anyway; both throw `SPOOF_MODEL_UNAVAILABLE` without a model.
 */
export type SpoofPolicy = 'require' | 'report' | 'off';

export interface SpoofOptions {
  /** Defaults to `'off'`. */
  readonly spoof?: SpoofPolicy;
}

/** Why a face was not used although it was found. `spoof-not-judged`: too small, dark, bright or blurred for a verdict. */
export type SpoofFailure = 'attack' | 'spoof-not-judged';

/** What presentation attack detection says of one face, on one frame. `modelId` is that of the manifest. */
export type SpoofVerdict =
  | {
      readonly verdict: 'bona-fide' | 'attack';
      /** 0 (attack) to 1 (bona fide). */
      readonly bonaFideScore: number;
      /** The least score of a bona fide face that was applied. */
      readonly threshold: number;
      readonly modelId: string;
    }
  | {
      readonly verdict: 'not-judged';
      /** One or more: what keeps the model from seeing enough of the face. */
      readonly reasons: readonly QualityIssue[];
      readonly modelId: string;
    };

/** The verdict of presentation attack detection on the largest face, or the chosen one. */
export type SpoofResult =
  | (SpoofVerdict & { readonly outcome: 'checked'; readonly face: DetectedFace })
  | { readonly outcome: 'failure-to-acquire'; readonly reason: AcquisitionFailure; readonly faceCount: number };

// -------------------------------------------------------------------------------------------------------- liveness

/**
 * What a person is asked to do. Left and right are the person's own, whether or not the preview is mirrored. `blink` asks to
 * close the eyes for a second; the kit's own landmark net hardly sees it, see docs/liveness.md.
 */
export type LivenessGesture = 'turn-left' | 'turn-right' | 'look-up' | 'come-closer' | 'blink';

/** Why a challenge was not passed. */
export type LivenessReason =
  /** What was shown turned like a sheet, flat or bent, and not like a head. */
  | 'flat-target'
  /** Not the same person from the first to the last frame. */
  | 'identity-changed'
  /** The face was gone for a second, or is where it cannot have come to. */
  | 'track-lost'
  /** What was asked for was not done in time. */
  | 'timeout'
  /** Another gesture than was asked for, or one that began before it was. */
  | 'wrong-order'
  /** The passive check says so on most of the frames that it saw. */
  | 'attack'
  /** Somebody else came near the camera. */
  | 'many-faces';

/** What would help right now. */
export type LivenessHint =
  'no-face' | 'many-faces' | 'move-closer' | 'move-back' | 'look-straight' | 'hold-still' | 'other-way';

/** What to tell the person. Comes with every frame; show `caption`, or a text of your own by `gesture` and `hint`. */
export interface LivenessPrompt {
  /** `'look-straight'` before the first gesture and after each one. */
  readonly gesture: LivenessGesture | 'look-straight';
  readonly hint: LivenessHint | null;
  /** The hint, or else the gesture, in English. */
  readonly caption: string;
  /** Of the gesture, 0..1. */
  readonly progress: number;
  /** Until the challenge fails unless it is done, in milliseconds. */
  readonly remainingMs: number;
  /** Gestures that are done, and of all. */
  readonly done: number;
  readonly total: number;
}

/** Frames of a person before a camera, not mirrored: a video that plays, or a function that is asked for one after another. */
export type LivenessSource = HTMLVideoElement | (() => ImageInput | Promise<ImageInput>);

export interface LivenessOptions {
  readonly source: LivenessSource;
  /**
   * The gestures to draw from, one or more, each once, a turn of the head among them: only that tells a head from a sheet. Leave
   * out what somebody cannot do. Defaults to all but `'blink'`.
   */
  readonly gestures?: readonly LivenessGesture[];
  /** How many gestures are asked for, 1 to 10; one of them is a turn. Defaults to 3. */
  readonly count?: number;
  /** Time for each gesture, and for looking straight after it, in milliseconds, 2,000 to 60,000. Defaults to 10,000. */
  readonly timeLimitMs?: number;
  /** Whether the passive check looks at frames, too. Defaults to `'require'`. */
  readonly spoof?: 'require' | 'off';
  readonly onPrompt?: (prompt: LivenessPrompt) => void;
  /** Ends the challenge: `run` rejects with the signal's reason, and it counts as no attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** `locked`: five attempts failed within three minutes, and nothing was asked. */
export type LivenessResult =
  | {
      readonly outcome: 'passed';
      /** What was asked, in this order. */
      readonly gestures: readonly LivenessGesture[];
      /** The frame that shows the person best, for `enroll`, `match` or `identify`. The caller closes it. */
      readonly frame: ImageBitmap;
      /** The face in it, with 68 landmarks. */
      readonly face: DetectedFace;
    }
  | {
      readonly outcome: 'failed';
      readonly gestures: readonly LivenessGesture[];
      /** One or more, the most important one first. */
      readonly reasons: readonly LivenessReason[];
    }
  | {
      readonly outcome: 'locked';
      /** How long a page with the kit must be open until the next attempt, in milliseconds. */
      readonly retryAfterMs: number;
    };

/** One attempt. */
export interface LivenessChallenge {
  /**
   * Asks, looks and decides, once.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` where the passive check is required and there is no model for it;
   * `STORAGE_UNAVAILABLE` where failures cannot be remembered; `INVALID_INPUT` when it was run before; what `detect` and `match`
   * throw; or the reason of the signal
   */
  run(): Promise<LivenessResult>;
}

// ----------------------------------------------------------------------------------------------------- care of data

/** `locked`: templates cannot be read or written before `vault.unlock()`. */
export type VaultState = 'open' | 'locked';

export interface VaultStatus {
  readonly state: VaultState;
  /** Whether a passphrase protects the key. */
  readonly hasPassphrase: boolean;
}

/** A record that both sides of an import had, in different states. */
export interface ImportConflict {
  readonly kind: 'profile' | 'collection';
  readonly id: string;
  /** Which one stays: the newer one. */
  readonly kept: 'stored' | 'imported';
  /** When the stored one was changed or, with `storedDeleted`, deleted. ISO 8601, UTC. */
  readonly storedAt: string;
  readonly storedDeleted: boolean;
  readonly importedAt: string;
}

/** Numbers of records by what an import did with them. */
export interface ImportCounts {
  readonly added: number;
  readonly updated: number;
  /** Equal, or the stored one is newer. */
  readonly kept: number;
}

export interface ImportResult {
  readonly profiles: ImportCounts;
  readonly collections: ImportCounts;
  readonly conflicts: readonly ImportConflict[];
}

/** One line of the audit trail. It holds ids and numbers: no name, no picture, nothing biometric. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action:
    | 'enroll'
    | 'add-images'
    | 'update-profile'
    | 'delete-profile'
    | 'create-collection'
    | 'update-collection'
    | 'delete-collection'
    | 'reject'
    | 'export'
    | 'import'
    | 'set-passphrase'
    | 'remove-passphrase'
    | 'destroy-key'
    | 'create-api-key'
    | 'revoke-api-key'
    | 'erase-all';
  /** The API key that acted, or `null` for the application itself. */
  readonly actor: string | null;
  /** The profile, collection or API key that was acted on; `null` when it was everything. */
  readonly subject: string | null;
  /** How many templates, profiles or members it was about, where that says something. */
  readonly count: number | null;
}

export interface AuditListOptions extends CallOptions {
  /** At most this many entries, the newest ones; 1 to 10,000. Defaults to 100. */
  readonly limit?: number;
}

/** What an API key may do. `collections` includes training, `enroll` includes update and deletion of profiles. */
export type ApiScope = 'detect' | 'spoof' | 'enroll' | 'collections' | 'match' | 'identify';

/** A key for `x-api-key` of the REST facade. The secret is stored as a salted hash only. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export interface CreateApiKeyOptions extends CallOptions {
  readonly name: string;
  /** What it may do, each once. Defaults to everything. */
  readonly scopes?: readonly ApiScope[];
}

// ----------------------------------------------------------------------------------------------------------- events

/** Which records changed, and where. */
export interface RecordsChange {
  /** `reset`: by an import or an erasure; read everything again. */
  readonly change: 'created' | 'updated' | 'deleted' | 'reset';
  /** Empty with `reset`. */
  readonly ids: readonly string[];
  /** `other`: by another tab, or another kit of this page. */
  readonly origin: 'this-kit' | 'other';
}

/** What `kit.on` tells. */
export interface KitEvents {
  readonly profiles: RecordsChange;
  readonly collections: RecordsChange;
  /** A classifier got into another state, or its training came further. */
  readonly classifier: {
    readonly collectionId: string;
    readonly state: ClassifierState;
    /** Of a running training of this kit, otherwise `null`. */
    readonly progress: TrainProgress | null;
    /** Why an automatic training failed, otherwise `null`. It is tried again after the next change. */
    readonly error: string | null;
  };
  /** The GPU was lost and the kit goes on with wasm. */
  readonly backend: { readonly backend: Backend; readonly note: string | null };
  /** More than 80 % of what the browser allows this origin is used. */
  readonly 'storage-pressure': { readonly usageBytes: number; readonly quotaBytes: number };
  readonly vault: VaultStatus;
}

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
  /**
   * Of 1:1 comparisons of two images at `accuracy: 'balanced'`: pairs of a similarity threshold, 0..1 and falling, and the false match rate
   * of that threshold, as measured (docs/accuracy.md).
   */
  readonly fmrCurve: readonly (readonly [similarity: number, fmr: number])[];
  readonly profileCount: number;
  readonly templateCount: number;
  readonly collectionCount: number;
  /** What the origin stores and may store, in bytes, as the browser estimates it; `null` where it does not tell. */
  readonly storage: { readonly usageBytes: number; readonly quotaBytes: number } | null;
  /** Live resources of the worker, to find leaks. `frames` counts images that are being worked on. */
  readonly live: { readonly frames: number; readonly sessions: number };
}

/** What can be done with faces, profiles and collections. All of it runs in the worker; nothing leaves the page. */
export interface FaceOperations {
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
   * Verification, 1:1: the face of the probe against a profile, or against the face of another image. A string that
   * starts with `data:` is an image, any other a profile id. A face choice defaults to `'largest'`.
   * @throws InfaceError `INVALID_INPUT`, `PROFILE_NOT_FOUND`, `PROFILE_GONE`, `VAULT_LOCKED`, `EMBEDDING_SPACE_MISMATCH`
   */
  match(probe: FaceImage, reference: string | FaceImage, options?: MatchOptions): Promise<MatchResult>;

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
   * The operations for one owner: only its profiles and collections exist in them, and what they make is its own. The
   * kit itself sees everything.
   * @param owner for the REST facade the id of an API key
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
     * Encrypts everything with a new key that only the passphrase opens; `null` goes back to a key that the browser keeps.
     * The passphrase cannot be recovered.
     * @param passphrase 8 to 1,000 characters
     * @throws InfaceError `VAULT_LOCKED`, `INVALID_INPUT`, `STORAGE_QUOTA_EXCEEDED`
     */
    setPassphrase(passphrase: string | null, options?: CallOptions): Promise<VaultStatus>;
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

  /** Keys for the REST facade. */
  readonly apiKeys: {
    /** The secret is shown here and never again. @throws InfaceError `INVALID_INPUT` */
    create(options: CreateApiKeyOptions): Promise<{ readonly key: ApiKey; readonly secret: string }>;
    list(options?: CallOptions): Promise<readonly ApiKey[]>;
    /** Its profiles and collections stay. @throws InfaceError `API_KEY_NOT_FOUND` */
    revoke(id: string, options?: CallOptions): Promise<void>;
    /** The key with this secret, or `null`. */
    verify(secret: string, options?: CallOptions): Promise<ApiKey | null>;
  };

  /**
   * Asks the browser to keep what is stored even when space runs short.
   * @returns whether it will
   */
  persist(): Promise<boolean>;

  /** Deletes everything that is stored, the key and the audit trail included. One entry in the new trail says so. */
  eraseAll(options?: CallOptions): Promise<void>;

  /** What runs, and how much is stored. */
  info(options?: CallOptions): Promise<KitInfo>;

  /** Releases the models and ends the worker. Pending and later calls reject with `CLOSED`. Stored data stays. */
  close(): Promise<void>;
}
