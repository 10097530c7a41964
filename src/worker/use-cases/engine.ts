/** Implements the operations of the worker. Depends on model roles and a store, not on a runtime or a database. */
import { InfaceError } from '../../api/errors.js';
import { spoofThreshold, type FaceAntispoof } from '../../models/antispoof.js';
import { decideMatch, describeFmr, fmrCurve, matchThreshold } from '../../recognition/decision.js';
import { profileMean, type Gallery } from '../../recognition/gallery.js';
import { distance, type Scoring } from '../../recognition/scoring.js';
import { assertSameSpace, MAX_TEMPLATES } from '../../recognition/template.js';
import type { Collection, TrainProgress } from '../../api/collections.js';
import type { AddImagesOptions } from '../../api/enrollment.js';
import type { DetectResult } from '../../api/detection.js';
import type { DetectedFace, DetectorOptions } from '../../api/faces.js';
import { MAX_FACES } from '../../api/limits.js';
import type { Accuracy, MatchOptions, MatchResult } from '../../api/matching.js';
import type { KitInfo } from '../../api/runtime.js';
import type { SpoofOptions } from '../../api/spoof.js';
import type { FaceFrame, Wire, WireImage, WorkerOperations } from '../../wire/worker.js';
import {
  createAcquisition,
  createClock,
  spoofFailure,
  type Acquisition,
  type AcquisitionParts,
  type Clock,
  type OpenFrame,
  type SpoofCheck,
} from './acquisition.js';
import { judgeEnrollment } from './enrollment.js';
import type { BackupContent, FaceStore, Owner, StoreChange } from '../ports/face-store.js';
import { createIdentifier, DEFAULT_MAX_FPIR, MAX_REMEMBERED, type FaceToIdentify } from './identification.js';
import type { LoadedCollections } from './loaded-collections.js';
import { createOpenImages } from './open-images.js';
import { createTrackerStates } from './tracker-states.js';
import { createTracking } from './tracking.js';
import type { Trainer } from './training.js';

/** The dependencies of the engine. */
export interface EngineParts extends AcquisitionParts {
  /** Loads the anti-spoof model on first use; `null` if the manifest has none. */
  readonly loadAntispoof: (() => Promise<FaceAntispoof>) | null;
  readonly scoring: Scoring;
  readonly store: FaceStore;
  readonly loaded: LoadedCollections;
  readonly trainer: Pick<Trainer, 'train' | 'abort' | 'resume'>;
  /** Returns the collections that are being trained in this tab or another one. */
  trainingNow(): Promise<ReadonlySet<string>>;
  /** Writes and reads backup files. */
  readonly backup: {
    seal(content: BackupContent, passphrase: string): Promise<Blob>;
    /**
     * Decrypts and validates a backup file. The returned content can be stored.
     * @throws InfaceError, for example `EMBEDDING_SPACE_MISMATCH`
     */
    open(file: Blob, passphrase: string, known: ReadonlyMap<string, number>): Promise<BackupContent>;
  };
  /** Called after a passphrase unlocked the vault. */
  onUnlock(): void;
  describeRuntime(): Omit<
    KitInfo,
    'embeddingSpace' | 'fmrCurve' | 'profileCount' | 'templateCount' | 'collectionCount' | 'live'
  > & { readonly live: Pick<KitInfo['live'], 'frames' | 'sessions'> };
  /** Called when an open image is closed because the limit was exceeded. */
  onImageClosed(imageId: string): void;
}

/** The context of one call, in addition to its arguments. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly owner: Owner;
  readonly onTrainProgress: (progress: TrainProgress) => void;
}

export type Operations = {
  readonly [K in keyof WorkerOperations]: (
    context: CallContext,
    ...args: Parameters<WorkerOperations[K]>
  ) => ReturnType<WorkerOperations[K]>;
};

export interface Engine {
  readonly operations: Operations;
  /**
   * Drops the data that must not outlive a change made in this tab or another one.
   * That is the vectors of removed people, and every tracked or identified face, because it may show one of them.
   */
  readonly purge: (change: StoreChange) => void;
}

/** A template of a profile, or the embedding of a face in another image, which has no id. */
type Reference = Parameters<typeof profileMean>[0][number] & {
  readonly id: string | null;
  readonly vector: Float32Array;
};

type FailedAcquisition = Extract<Acquisition, { readonly acquired: false }>;

const DEFAULT_ACCURACY: Accuracy = 'fast';
/** Accuracy of enrolled faces. They are embedded once and compared for years. */
const ENROLLMENT_ACCURACY: Accuracy = 'high';
/** Minimum number of templates per enrollment that the seed API recommends. */
const RECOMMENDED_TEMPLATES = 3;
/** Maximum number of negative examples per profile and collection. */
const MAX_NEGATIVES = 50;

export function createEngine(parts: EngineParts): Engine {
  const { embedder, scoring, store, loaded, trainer } = parts;
  const { read, open, acquire } = createAcquisition(parts);
  const { calibration, space } = embedder;
  const identifier = createIdentifier({ calibration, namesOf: (ids) => store.namesOf(ids) });
  const takeFrame = createTracking({ scoring, calibration, identifier });
  const trackers = createTrackerStates();
  const openImages = createOpenImages((imageId) => parts.onImageClosed(imageId));

  /** Prepares the image of a call: reads a frame, or reuses an image that is already open. */
  function openFor(context: CallContext, image: WireImage, options: DetectorOptions, clock: Clock): OpenFrame {
    context.signal.throwIfAborted();
    const picture = 'imageId' in image ? openImages.recall(image.imageId) : read(image, options, clock);
    return open(picture, context.signal, clock);
  }

  /**
   * Returns the anti-spoof model.
   * @throws InfaceError `SPOOF_MODEL_UNAVAILABLE` if there is none: a check that cannot run must not count as passed
   */
  async function antispoofModel(): Promise<FaceAntispoof> {
    if (parts.loadAntispoof) return parts.loadAntispoof();
    throw new InfaceError(
      'SPOOF_MODEL_UNAVAILABLE',
      'No anti-spoof model is installed, so nothing can be said about this face. Do not read this as a pass.',
    );
  }

  async function spoofCheckOf({ spoof = 'off' }: SpoofOptions): Promise<SpoofCheck | null> {
    if (spoof === 'off') return null;
    const antispoof = await antispoofModel();
    const { require: required, ...rates } = typeof spoof === 'string' ? { require: spoof === 'require' } : spoof;
    return { antispoof, threshold: spoofThreshold(rates, antispoof), required };
  }

  /** Acquires one face from each image of an enrollment. */
  async function acquireAll(faces: readonly FaceFrame[], options: Wire<AddImagesOptions>, context: CallContext) {
    const clock = createClock();
    const check = await spoofCheckOf(options);
    const images: Acquisition[] = [];
    for (const { frame, face } of faces) {
      const image = openFor(context, frame, options, clock);
      images.push(await acquire(image, face, ENROLLMENT_ACCURACY, check));
    }
    return images;
  }

  /**
   * Decides which images of an enrollment are accepted.
   * @param collectionIds the collections in which to search for duplicates
   */
  async function judge(
    images: readonly Acquisition[],
    { policy = 'guidance' }: Wire<AddImagesOptions>,
    owner: Owner,
    profileId: string | null,
    collectionIds: readonly string[],
  ) {
    if (policy === 'off') {
      const nothing = { profileId, references: [], galleries: [] };
      return judgeEnrollment(images, { policy, calibration, scoring, space, maxFpir: DEFAULT_MAX_FPIR, ...nothing });
    }
    const stored = profileId === null ? [] : await store.templatesOf(owner, profileId);
    for (const template of stored) assertSameSpace(template, space);
    const references = stored.map(({ vector }) => scoring.prepare(vector));
    const galleries: Gallery[] = [];
    // Load with the owner `null`, which can access all profiles: a duplicate counts regardless of its owner.
    for (const id of collectionIds) galleries.push((await loaded.load(null, id)).gallery);
    const judged = { policy, calibration, scoring, space, maxFpir: DEFAULT_MAX_FPIR, profileId, references, galleries };
    return judgeEnrollment(images, judged);
  }

  /**
   * Compares a probe with references.
   * @param refer provides the references; called only after a face was acquired from the probe
   */
  async function verify(
    context: CallContext,
    probe: FaceFrame,
    options: Wire<MatchOptions>,
    refer: (clock: Clock) => Promise<{ acquired: true; references: readonly Reference[] } | FailedAcquisition>,
  ): Promise<MatchResult> {
    const clock = createClock();
    const { accuracy = DEFAULT_ACCURACY } = options;
    const check = await spoofCheckOf(options);
    const probed = await acquire(openFor(context, probe.frame, options, clock), probe.face, accuracy, check);
    const fail = (side: 'probe' | 'reference', { reason, faceCount, refused }: FailedAcquisition): MatchResult => {
      const spoof = refused?.spoof ?? null;
      return { outcome: 'failure-to-acquire', side, reason, faceCount, spoof, timings: clock.timings() };
    };
    if (!probed.acquired) return fail('probe', probed);
    const referred = await refer(clock);
    if (!referred.acquired) return fail('reference', referred);

    const { references } = referred;
    const vector = scoring.prepare(probed.vector);
    const comparisons = references.map((reference) => ({
      templateId: reference.id,
      distance: distance(vector, scoring.prepare(reference.vector)),
    }));
    const whole = distance(vector, scoring.prepare(profileMean(references, calibration)));
    const threshold = matchThreshold(options, fmrCurve(calibration, accuracy, references.length), calibration);
    const decision = decideMatch(whole, comparisons, threshold, calibration);
    const { face, spoof } = probed;
    return { outcome: 'compared', ...decision, face, spoof, timings: clock.timings() };
  }

  /** Adds the state 'training' from the locks, because the store does not know about running trainings. */
  async function withTraining(collections: readonly Collection[]): Promise<Collection[]> {
    const training = await parts.trainingNow();
    return collections.map((collection) =>
      training.has(collection.id) ? { ...collection, classifier: 'training' } : collection,
    );
  }

  const one = async (collection: Promise<Collection>): Promise<Collection> => {
    const [described] = await withTraining([await collection]);
    return described as Collection;
  };

  const operations: Operations = {
    openImage({ signal }, imageId, frame, options) {
      signal.throwIfAborted();
      openImages.keep(imageId, read(frame, options, createClock()));
      return Promise.resolve();
    },
    closeImage(_context, imageId) {
      openImages.close(imageId);
      return Promise.resolve();
    },

    async detect(context, image, options) {
      const clock = createClock();
      const { landmarks, quality, maxFaces = MAX_FACES } = options;
      const check = await spoofCheckOf(options);
      const frame = openFor(context, image, options, clock);
      const faces: DetectResult['faces'][number][] = [];
      if (landmarks === 0) {
        for (const detection of await frame.detect(maxFaces)) {
          faces.push({ ...frame.describeDetection(detection), quality: null, spoof: null });
        }
      } else {
        for (const face of await frame.find(maxFaces)) {
          const spoof = check && (await frame.checkSpoof(check, face));
          faces.push({ ...frame.describe(face, landmarks), quality: quality ? frame.judge(face) : null, spoof });
        }
      }
      const { width, height, size } = frame;
      return { faces, width, height, detectorSizePx: size, timings: clock.timings() };
    },

    async checkSpoof(context, { frame, face }, options) {
      const antispoof = await antispoofModel();
      const threshold = spoofThreshold(options, antispoof);
      const image = openFor(context, frame, options, createClock());
      const choice = await image.choose(face);
      if (!('chosen' in choice)) return { outcome: 'failure-to-acquire', ...choice };
      const verdict = await image.checkSpoof({ antispoof, threshold }, choice.chosen);
      return { ...verdict, face: image.describe(choice.chosen) };
    },

    async enroll(context, faces, options) {
      const { owner } = context;
      const { name = null, metadata = {}, consent = null, collectionId = null } = options;
      // Check before the work, so that a wrong id or a locked vault costs nothing. The transaction checks again.
      await store.assertOpen();
      if (collectionId !== null) await store.collectionRevision(owner, collectionId);
      const images = await acquireAll(faces, options, context);
      const collectionIds = collectionId === null ? [] : [collectionId];
      const { templates, report } = await judge(images, options, owner, null, collectionIds);
      if (templates.length === 0) return { outcome: 'rejected', images: report([]) };
      context.signal.throwIfAborted();
      const created = await store.createProfile(owner, { name, metadata, consent, templates, collectionId });
      const warnings = templates.length < RECOMMENDED_TEMPLATES ? (['few-images'] as const) : [];
      return { outcome: 'enrolled', profile: created.profile, images: report(created.templateIds), warnings };
    },

    async addImages(context, profileId, faces, options) {
      const { owner } = context;
      const before = await store.getProfile(owner, profileId);
      await store.assertOpen();
      const images = await acquireAll(faces, options, context);
      const { templates, report } = await judge(images, options, owner, profileId, before.collectionIds);
      if (templates.length === 0) {
        return { outcome: 'rejected', profile: before, images: report([]), replacedTemplateIds: [] };
      }
      context.signal.throwIfAborted();
      const added = await store.addTemplates(owner, profileId, templates, MAX_TEMPLATES);
      const { profile, replacedTemplateIds } = added;
      return { outcome: 'added', profile, images: report(added.templateIds), replacedTemplateIds };
    },

    async match(context, probe, profileId, options) {
      const stored = await store.templatesOf(context.owner, profileId);
      for (const template of stored) assertSameSpace(template, space);
      if (stored.length === 0) {
        throw new InfaceError('INVALID_INPUT', 'The profile has 0 templates to match with. Add images of the person.');
      }
      return verify(context, probe, options, () => Promise.resolve({ acquired: true, references: stored }));
    },

    compare: (context, probe, reference, options) =>
      verify(context, probe, options, async (clock) => {
        const { accuracy = DEFAULT_ACCURACY } = options;
        const image = openFor(context, reference.frame, options, clock);
        const other = await acquire(image, reference.face, accuracy, null);
        return other.acquired
          ? { acquired: true, references: [{ id: null, quality: null, vector: other.vector }] }
          : other;
      }),

    async identify(context, image, collectionId, options) {
      const clock = createClock();
      const { maxFaces = MAX_FACES, accuracy = DEFAULT_ACCURACY } = options;
      const check = await spoofCheckOf(options);
      const { state, ...collection } = await loaded.load(context.owner, collectionId);
      const threshold = identifier.threshold(collection, options.maxFpir);
      const frame = openFor(context, image, options, clock);
      const probes: (FaceToIdentify & { readonly described: DetectedFace })[] = [];
      for (const acquired of await frame.find(maxFaces)) {
        const spoof = check && (await frame.checkSpoof(check, acquired));
        const face = scoring.prepare(await frame.embed(acquired, accuracy));
        const described = frame.describe(acquired, options.landmarks);
        probes.push({ face, spoof, refusal: spoofFailure(check, spoof), described });
      }
      const identifications = await identifier.decide(probes, collection, options);
      const faces = identifications.map((decided, i) => ({
        ...(probes[i] as (typeof probes)[number]).described,
        ...decided,
      }));
      // If a trained classifier decided, report that. Report a running training only if none did.
      const isTraining = state !== 'trained' && (await parts.trainingNow()).has(collectionId);
      return { faces, classifier: isTraining ? 'training' : state, threshold, timings: clock.timings() };
    },

    track(context, trackerId, frame, options) {
      const clock = createClock();
      const atMs = performance.now();
      return trackers.take(trackerId, async (stateBefore) => {
        // Start before reading anything, so that the new state is not kept if a purge happens in the meantime.
        const isCurrent = loaded.watch();
        const check = await spoofCheckOf(options);
        const { collectionId = null } = options;
        const collection = collectionId === null ? null : await loaded.load(context.owner, collectionId);
        const image = openFor(context, { ...frame, mode: 'video' }, options, clock);
        const { state, faces, detected } = await takeFrame(image, stateBefore(), { options, check, collection, atMs });
        const { width, height } = image;
        const result = { faces, width, height, detected, timings: clock.timings() };
        return { state: isCurrent() ? state : null, result };
      });
    },
    endTracker: (_context, trackerId) => trackers.end(trackerId),

    async reject({ owner }, identificationId, options) {
      const found = identifier.recall(identificationId);
      const profileId = options.profileId ?? found?.best;
      if (!found || profileId === undefined || profileId === null) {
        throw new InfaceError(
          'IDENTIFICATION_NOT_FOUND',
          `The identification '${identificationId}' is not remembered, or had no candidate. ` +
            `The last ${MAX_REMEMBERED} faces can be rejected; identify the face again.`,
        );
      }
      const { collectionId, vector } = found;
      const negative = { profileId, space, vector };
      const negativeCount = await store.addNegative(owner, collectionId, [negative], MAX_NEGATIVES);
      return { collectionId, profileId, negativeCount };
    },

    train: ({ owner, signal, onTrainProgress }, collectionId) =>
      trainer.train(owner, collectionId, signal, onTrainProgress),
    abortTraining: (_context, collectionId) => Promise.resolve(trainer.abort(collectionId)),

    listProfiles: ({ owner }) => store.listProfiles(owner),
    getProfile: ({ owner }, id) => store.getProfile(owner, id),
    updateProfile: ({ owner }, id, change) => store.updateProfile(owner, id, change),
    deleteProfile: ({ owner }, id) => store.deleteProfile(owner, id),
    createCollection: ({ owner }, name, { unknowns = false }) => store.createCollection(owner, name, unknowns),
    listCollections: async ({ owner }) => withTraining(await store.listCollections(owner)),
    getCollection: ({ owner }, id) => one(store.getCollection(owner, id)),
    updateCollection: ({ owner }, id, change) => one(store.updateCollection(owner, id, change)),
    deleteCollection: ({ owner }, id) => store.deleteCollection(owner, id),

    vaultStatus: () => store.vaultStatus(),
    setPassphrase: (_context, passphrase) => store.setPassphrase(passphrase),
    removePassphrase: () => store.setPassphrase(null),
    lockVault: () => store.lockVault(),
    async unlockVault(_context, passphrase) {
      const status = await store.unlockVault(passphrase);
      parts.onUnlock();
      // Collections that changed while the vault was locked could not be trained.
      await trainer.resume();
      return status;
    },
    destroyKey: () => store.destroyKey(),

    exportBackup: async (_context, passphrase) => parts.backup.seal(await store.exportContent(), passphrase),
    async importBackup(_context, file, passphrase) {
      await store.assertOpen();
      return store.importContent(await parts.backup.open(file, passphrase, new Map([[space, embedder.dimension]])));
    },

    listAudit: (_context, limit) => store.listAudit(limit),
    clearAudit: () => store.clearAudit(),
    createApiKey: (_context, name, scopes) => store.createApiKey(name, scopes),
    listApiKeys: () => store.listApiKeys(),
    revokeApiKey: (_context, id) => store.revokeApiKey(id),
    verifyApiKey: (_context, secret) => store.verifyApiKey(secret),
    eraseAll: () => store.eraseAll(),

    async info() {
      const { profiles, templates, collections } = await store.count();
      const runtime = parts.describeRuntime();
      return {
        ...runtime,
        live: {
          ...runtime.live,
          openImages: openImages.count(),
          openImageBytes: openImages.bytes(),
        },
        embeddingSpace: space,
        fmrCurve: describeFmr(calibration),
        profileCount: profiles,
        templateCount: templates,
        collectionCount: collections,
      };
    },
  };
  return {
    operations,
    purge(change) {
      if (!loaded.purge(change)) return;
      trackers.clear();
      identifier.forget();
      if (change.collections?.change === 'deleted') for (const id of change.collections.ids) trainer.abort(id);
    },
  };
}
