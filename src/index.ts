export { createFaceKit } from './client/kit/face-kit.js';
export { createLivenessChallenge } from './client/liveness/liveness.js';
export { InfaceError, type ErrorCode } from './api/errors.js';
export {
  MAX_FACES,
  MAX_IMAGES,
  MAX_METADATA_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_IDENTIFICATIONS,
  MAX_OPEN_IMAGES,
  MAX_PENDING_CALLS,
  MAX_TRACKERS,
} from './api/limits.js';
export type { ApiKey, ApiScope, CreateApiKeyOptions } from './api/api-keys.js';
export type { AuditEntry, AuditListOptions } from './api/audit.js';
export type {
  ImportConflict,
  ImportCounts,
  ImportMode,
  ImportOptions,
  ImportProgress,
  ImportResult,
} from './api/backup.js';
export type { CallOptions, StageTimings } from './api/calls.js';
export type {
  ClassifierState,
  Collection,
  CollectionChange,
  CreateCollectionOptions,
  TrainOptions,
  TrainProgress,
  TrainResult,
} from './api/collections.js';
export type { DetectOptions, DetectResult } from './api/detection.js';
export type { EnrollManyOptions, EnrollManyResult, EnrollRow } from './api/enroll-many.js';
export type {
  AddImagesOptions,
  AddImagesResult,
  EnrollOptions,
  EnrollPolicy,
  EnrollResult,
  ImageReport,
  RejectionReason,
} from './api/enrollment.js';
export type { KitEvents, RecordsChange } from './api/events.js';
export type { AcquisitionFailure, DetectedFace, DetectorOptions, EyesOpen, FaceChoice } from './api/faces.js';
export type { Box, Point } from './api/geometry.js';
export type {
  Candidate,
  Identification,
  IdentifiedFace,
  IdentifyOptions,
  IdentifyResult,
  RejectOptions,
  RejectResult,
  UnknownReason,
} from './api/identification.js';
export type { FaceImage, ImageInput } from './api/images.js';
export type { FaceKit, FaceKitOptions, FaceOperations } from './api/kit.js';
export type {
  LivenessAdvice,
  LivenessChallenge,
  LivenessFrame,
  LivenessGesture,
  LivenessHint,
  LivenessInterruption,
  LivenessOptions,
  LivenessPrompt,
  LivenessReason,
  LivenessResult,
  LivenessSource,
} from './api/liveness.js';
export type { Accuracy, AccuracyOptions, MatchOptions, MatchResult, TemplateComparison } from './api/matching.js';
export type { OpenImage, OpenOptions } from './api/open-image.js';
export type { JsonValue, Profile, ProfileChange, ProfileListOptions } from './api/profiles.js';
export type { QualityIssue, QualityReport } from './api/quality.js';
export type {
  Replica,
  ReplicaBlock,
  ReplicaChange,
  ReplicaChanges,
  ReplicaCollection,
  ReplicaCollectionState,
  ReplicaDeletion,
  ReplicaMember,
  ReplicaPair,
  ReplicaProfile,
  ReplicaRecords,
  ReplicaResult,
  ReplicaSelection,
  ReplicaState,
  ReplicaTemplate,
} from './api/replica.js';
export type { FieldsResult } from './api/rest.js';
export type { Backend, BrowserFeatures, KitInfo, LoadProgress, ModelInfo, OldSpaceInfo } from './api/runtime.js';
export type {
  CheckSpoofOptions,
  SpoofFailure,
  SpoofIssue,
  SpoofOptions,
  SpoofPolicy,
  SpoofRates,
  SpoofResult,
  SpoofRule,
  SpoofVerdict,
} from './api/spoof.js';
export type { FaceTracker, TrackedFace, TrackerOptions, TrackResult, TrackTimings } from './api/tracking.js';
export type { KeyErasure, SetPassphraseOptions, VaultState, VaultStatus } from './api/vault.js';
