/** Implements the operations of the worker. Depends on model roles and a store, not on a runtime or a database. */
import { InfaceError } from '../../api/errors.js';
import { spoofThreshold, type FaceAntispoof } from '../../models/antispoof.js';
import type { EyeReader } from '../../models/eyes.js';
import { describeFmr } from '../../recognition/decision.js';
import type { Gallery } from '../../recognition/gallery.js';
import type { Scoring } from '../../recognition/scoring.js';
import { MAX_TEMPLATES, unknownSpace } from '../../recognition/template.js';
import type { Collection } from '../../api/collections.js';
import type { AddImagesOptions } from '../../api/enrollment.js';
import type { DetectResult } from '../../api/detection.js';
import type { DetectedFace, DetectorOptions } from '../../api/faces.js';
import { MAX_FACES, MAX_IDENTIFICATIONS } from '../../api/limits.js';
import type { Accuracy } from '../../api/matching.js';
import type { KitInfo } from '../../api/runtime.js';
import type { Identification } from '../../api/identification.js';
import type { SpoofOptions } from '../../api/spoof.js';
import type { FaceFrame, Wire, WireImage } from '../../wire/worker.js';
import {
  createAcquisition,
  createClock,
  spoofFailure,
  type Acquired,
  type Acquisition,
  type AcquisitionParts,
  type Clock,
  type OpenFrame,
  type SpoofCheck,
} from './acquisition.js';
import { judgeEnrollment, type EnrolledPeople } from './enrollment.js';
import type { BackupContent, FaceStore, Owner, StoreChange } from '../ports/face-store.js';
import { createIdentifier, DEFAULT_MAX_FPIR, type FaceToIdentify, type Search } from './identification.js';
import type { LoadedCollection, LoadedCollections } from './loaded-collections.js';
import type { Migration } from './migration.js';
import { createOpenImages } from './open-images.js';
import type { CallContext, Operations } from './operations.js';
import { embedOlder, isIn, type Space, type Spaces } from './spaces.js';
import { createFieldsReader } from './fields.js';
import { createTrackerStates } from './tracker-states.js';
import { createTracking } from './tracking.js';
import type { Trainer } from './training.js';
import { createVerification, DEFAULT_ACCURACY } from './verification.js';

/** The dependencies of the engine. */
export interface EngineParts extends AcquisitionParts {
  /** Loads the anti-spoof model on first use; `null` if the manifest has none. */
  readonly loadAntispoof: (() => Promise<FaceAntispoof>) | null;
  /** Loads the model of the eyes; `null` if there is none. */
  readonly loadEyes: (() => Promise<EyeReader>) | null;
  readonly scoring: Scoring;
  readonly store: FaceStore;
  readonly spaces: Spaces;
  readonly migration: Migration;
  /** The embedding spaces that the manifest has an embedder for, with the length of their embeddings. */
  readonly knownSpaces: ReadonlyMap<string, number>;
  readonly loaded: LoadedCollections;
  readonly trainer: Pick<Trainer, 'train' | 'abort' | 'resume'>;
  /** Returns the collections that are being trained in this tab or another one. */
  trainingNow(): Promise<ReadonlySet<string>>;
  /** Runs `work` while no enrollment runs it in this tab or another one. @throws the reason of `signal` */
  enrollAlone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
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
  describeRuntime(): Promise<
    Omit<
      KitInfo,
      'embeddingSpace' | 'migration' | 'fmrCurve' | 'profileCount' | 'templateCount' | 'collectionCount' | 'live'
    > & { readonly live: Pick<KitInfo['live'], 'frames' | 'sessions'> }
  >;
  /** Called when an open image is closed because the limit was exceeded. */
  onImageClosed(imageId: string): void;
}

export interface Engine {
  readonly operations: Operations;
  /**
   * Drops the data that must not outlive a change made in this tab or another one.
   * That is the vectors of removed people, and every tracked or identified face, because it may show one of them.
   */
  readonly purge: (change: StoreChange) => void;
}

/** Accuracy of enrolled faces. They are embedded once and compared for years. */
const ENROLLMENT_ACCURACY: Accuracy = 'high';
/** Minimum number of templates per enrollment that the seed API recommends. */
const RECOMMENDED_TEMPLATES = 3;
/** Maximum number of negative examples per profile and collection. */
const MAX_NEGATIVES = 50;

export function createEngine(parts: EngineParts): Engine {
  const { embedder, landmarker, scoring, store, spaces, migration, loaded, trainer } = parts;
  const { read, open, acquire } = createAcquisition(parts);
  const { calibration, space } = embedder;
  const current: Space = { embedder, landmarker, scoring, background: null };
  const identifier = createIdentifier({ namesOf: (ids) => store.namesOf(ids) });
  const takeFrame = createTracking({ scoring, calibration, identifier });
  const readFields = createFieldsReader();
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

  /** @throws InfaceError `EYE_MODEL_UNAVAILABLE` if there is no model of the eyes */
  async function eyeReader(): Promise<EyeReader> {
    if (parts.loadEyes) return parts.loadEyes();
    throw new InfaceError(
      'EYE_MODEL_UNAVAILABLE',
      "This set of models has none for the state of eyes. Use the set 'default', or do not ask for eyes.",
    );
  }

  async function spoofCheckOf({ spoof = 'off' }: SpoofOptions): Promise<SpoofCheck | null> {
    if (spoof === 'off') return null;
    const antispoof = await antispoofModel();
    const { require: required, ...rates } = typeof spoof === 'string' ? { require: spoof === 'require' } : spoof;
    return { antispoof, threshold: spoofThreshold(rates, antispoof), required };
  }

  /** Creates the error for templates of an embedding space whose models are not loaded. */
  const mismatchOf = (name: string) => spaces.problemOf(name) ?? unknownSpace(name, [...parts.knownSpaces.keys()]);

  const verification = createVerification({
    current,
    spaces,
    migration,
    store,
    openFor,
    acquire,
    spoofCheckOf,
    mismatchOf,
  });

  /**
   * Loads a collection for a search in the embedding space of the kit and in older ones.
   * @throws InfaceError `EMBEDDING_SPACE_MISMATCH` if all templates of the collection are of spaces without models
   */
  async function loadSearch(owner: Owner, collectionId: string, older: readonly Space[]) {
    const { state, ...first } = await loaded.load(owner, collectionId);
    const others: LoadedCollection[] = [];
    for (const each of older) others.push(await loaded.load(owner, collectionId, each.embedder));
    const search: Search = [first, ...others];
    const [missing] = first.otherSpaces;
    if (missing !== undefined && search.every(({ gallery }) => gallery.size === 0)) throw mismatchOf(missing);
    return { state, search };
  }

  /** Stores a template of an identified face if that helps a person to migrate. */
  async function sightIdentified(image: OpenFrame, face: Acquired, identification: Identification): Promise<void> {
    const { identificationId, spoof } = identification;
    const seen = identifier.recall(identificationId);
    if (identification.outcome !== 'identified' || !seen?.isSure) return;
    const templateId = await migration.sight(image, face, { profileId: identification.profileId, spoof });
    if (templateId !== null) identifier.addTemplate(identificationId, templateId);
  }

  /** Acquires one face from each image of an enrollment. @param older embedding spaces to embed the faces in as well */
  async function acquireAll(
    faces: readonly FaceFrame[],
    options: Wire<AddImagesOptions>,
    older: readonly Space[],
    context: CallContext,
  ) {
    const clock = createClock();
    const check = await spoofCheckOf(options);
    const images: Acquisition[] = [];
    for (const { frame, face } of faces) {
      const image = openFor(context, frame, options, clock);
      images.push(await acquire(image, face, ENROLLMENT_ACCURACY, check, older));
    }
    return images;
  }

  /**
   * Decides which images of an enrollment are accepted.
   * @param older the embedding spaces that `acquireAll` got
   * @param collectionIds the collections in which to search for duplicates
   */
  async function judge(
    images: readonly Acquisition[],
    { policy = 'guidance' }: Wire<AddImagesOptions>,
    older: readonly Space[],
    owner: Owner,
    profileId: string | null,
    collectionIds: readonly string[],
  ) {
    const judged = { policy, space, profileId, maxFpir: DEFAULT_MAX_FPIR };
    if (policy === 'off') {
      return judgeEnrollment(images, { ...judged, calibration, scoring, references: [], galleries: [] });
    }
    const stored = profileId === null ? [] : await store.templatesOf(owner, profileId);
    const [first] = stored;
    if (first && ![current, ...older].some((each) => isIn(stored, each))) throw mismatchOf(first.space);
    const peopleOf = async (each: Space): Promise<EnrolledPeople> => {
      const references = stored
        .filter((template) => template.space === each.embedder.space)
        .map(({ vector }) => each.scoring.prepare(vector));
      const galleries: Gallery[] = [];
      // Load with the owner `null`, which can access all profiles: a duplicate counts regardless of its owner.
      for (const id of collectionIds) galleries.push((await loaded.load(null, id, each.embedder)).gallery);
      return { calibration: each.embedder.calibration, scoring: each.scoring, references, galleries };
    };
    const own = await peopleOf(current);
    const others: EnrolledPeople[] = [];
    for (const each of older) others.push(await peopleOf(each));
    return judgeEnrollment(images, { ...judged, ...own, older: others });
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
      const reader = options.eyes ? await eyeReader() : null;
      const frame = openFor(context, image, options, clock);
      let truncated: boolean;
      let faces: DetectResult['faces'];
      if (landmarks === 0) {
        const found = await frame.detect(maxFaces);
        ({ truncated } = found);
        faces = found.faces.map((face) => ({
          ...frame.describeDetection(face),
          quality: null,
          spoof: null,
          eyes: null,
        }));
      } else {
        const found = await frame.find(maxFaces);
        ({ truncated } = found);
        const described: DetectResult['faces'][number][] = [];
        for (const face of found.faces) {
          const spoof = check && (await frame.checkSpoof(check, face));
          described.push({
            ...frame.describe(face, landmarks),
            quality: quality ? frame.judge(face) : null,
            spoof,
            eyes: reader && (await frame.readEyes(reader, face)),
          });
        }
        faces = described;
      }
      const { width, height, size } = frame;
      return { faces, truncated, width, height, detectorSizePx: size, timings: clock.timings() };
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
      const collectionIds = collectionId === null ? [] : [collectionId];
      // Faces are compared with older templates only to find duplicates.
      const older = collectionId === null || options.policy === 'off' ? [] : await spaces.older();
      const images = await acquireAll(faces, options, older, context);
      return parts.enrollAlone(context.signal, async () => {
        const { templates, report } = await judge(images, options, older, owner, null, collectionIds);
        if (templates.length === 0) return { outcome: 'rejected', images: report([]) };
        context.signal.throwIfAborted();
        const created = await store.createProfile(owner, { name, metadata, consent, templates, collectionId });
        const warnings = templates.length < RECOMMENDED_TEMPLATES ? (['few-images'] as const) : [];
        return { outcome: 'enrolled', profile: created.profile, images: report(created.templateIds), warnings };
      });
    },

    async addImages(context, profileId, faces, options) {
      const { owner } = context;
      // Check before the work, as enroll() does.
      await store.assertOpen();
      await store.getProfile(owner, profileId);
      const older = options.policy === 'off' ? [] : await spaces.older();
      const images = await acquireAll(faces, options, older, context);
      return parts.enrollAlone(context.signal, async () => {
        const before = await store.getProfile(owner, profileId);
        const { templates, report } = await judge(images, options, older, owner, profileId, before.collectionIds);
        if (templates.length === 0) {
          return { outcome: 'rejected', profile: before, images: report([]), replacedTemplateIds: [] };
        }
        context.signal.throwIfAborted();
        const added = await store.addTemplates(owner, profileId, templates, MAX_TEMPLATES);
        const { profile, replacedTemplateIds } = added;
        return { outcome: 'added', profile, images: report(added.templateIds), replacedTemplateIds };
      });
    },

    match: verification.match,
    compare: verification.compare,

    async identify(context, image, collectionId, options) {
      const clock = createClock();
      const { maxFaces = MAX_FACES, accuracy = DEFAULT_ACCURACY } = options;
      const check = await spoofCheckOf(options);
      const older = await spaces.older();
      const { state, search } = await loadSearch(context.owner, collectionId, older);
      const threshold = identifier.threshold(search, options.maxFpir);
      const frame = openFor(context, image, options, clock);
      const probes: (FaceToIdentify & { readonly acquired: Acquired; readonly described: DetectedFace })[] = [];
      const found = await frame.find(maxFaces);
      for (const acquired of found.faces) {
        const spoof = check && (await frame.checkSpoof(check, acquired));
        const face = scoring.prepare(await frame.embed(acquired, accuracy));
        const others = await embedOlder(frame, acquired, accuracy, older);
        const described = frame.describe(acquired, options.landmarks);
        probes.push({ face, older: others, spoof, refusal: spoofFailure(check, spoof), acquired, described });
      }
      const identifications = await identifier.decide(probes, search, options);
      const faces = identifications.map((decided, i) => ({
        ...(probes[i] as (typeof probes)[number]).described,
        ...decided,
      }));
      const [[only], [identification]] = [probes, identifications];
      if (only && identification && probes.length === 1) await sightIdentified(frame, only.acquired, identification);
      // If a trained classifier decided, report that. Report a running training only if none did.
      const isTraining = state !== 'trained' && (await parts.trainingNow()).has(collectionId);
      const classifier = isTraining ? 'training' : state;
      return { faces, truncated: found.truncated, classifier, threshold, timings: clock.timings() };
    },

    track(context, trackerId, frame, options) {
      const clock = createClock();
      const atMs = performance.now();
      return trackers.take(trackerId, atMs, async (stateBefore) => {
        // Start before reading anything, so that the new state is not kept if a purge happens in the meantime.
        const isCurrent = loaded.watch();
        const check = await spoofCheckOf(options);
        const { collectionId = null } = options;
        const older = collectionId === null ? [] : await spaces.older();
        const found = collectionId === null ? null : await loadSearch(context.owner, collectionId, older);
        const image = openFor(context, { ...frame, mode: 'video' }, options, clock);
        const { state, faces, detected, spoofDecisionMs } = await takeFrame(image, stateBefore(), {
          options,
          check,
          search: found && found.search,
          older,
          atMs,
          onIdentified: (face, identification) => sightIdentified(image, face, identification),
        });
        const { width, height } = image;
        const timings = { ...clock.timings(), spoofDecisionMs };
        const result = { faces, width, height, detected, timings };
        return { state: isCurrent() ? state : null, result };
      });
    },
    readFields: (_context, body) => readFields(body),
    endTracker: (_context, trackerId) => trackers.end(trackerId),

    async reject({ owner }, identificationId, options) {
      const found = identifier.recall(identificationId);
      const profileId = options.profileId ?? found?.best;
      if (!found || profileId === undefined || profileId === null) {
        throw new InfaceError(
          'IDENTIFICATION_NOT_FOUND',
          `The identification '${identificationId}' is not remembered, or had no candidate. ` +
            `The last ${MAX_IDENTIFICATIONS} faces can be rejected; identify the face again.`,
        );
      }
      const { collectionId, vectors, templateId } = found;
      const negatives = vectors.map((vector) => ({ profileId, ...vector }));
      const negativeCount = await store.addNegative(owner, collectionId, negatives, MAX_NEGATIVES);
      if (templateId !== null && profileId === found.best) await store.removeTemplate(profileId, space, templateId);
      return { collectionId, profileId, negativeCount };
    },

    train: ({ owner, signal, onProgress }, collectionId) => trainer.train(owner, collectionId, signal, onProgress),
    abortTraining: (_context, collectionId) => Promise.resolve(trainer.abort(collectionId)),

    listProfiles: ({ owner }, page) => store.listProfiles(owner, page),
    getProfile: ({ owner }, id) => store.getProfile(owner, id),
    updateProfile: ({ owner }, id, change) => store.updateProfile(owner, id, change),
    deleteProfile: ({ owner }, id) => store.deleteProfile(owner, id),
    createCollection: ({ owner }, name, { unknowns = false }) => store.createCollection(owner, name, unknowns),
    listCollections: async ({ owner }) => withTraining(await store.listCollections(owner)),
    getCollection: ({ owner }, id) => one(store.getCollection(owner, id)),
    updateCollection: ({ owner }, id, change) => one(store.updateCollection(owner, id, change)),
    deleteCollection: ({ owner }, id) => store.deleteCollection(owner, id),

    vaultStatus: () => store.vaultStatus(),
    setPassphrase: (_context, passphrase, current) => store.setPassphrase(passphrase, current),
    removePassphrase: (_context, current) => store.setPassphrase(null, current),
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
    async importBackup({ onProgress }, file, passphrase, { mode }) {
      await store.assertOpen(true);
      return store.importContent(await parts.backup.open(file, passphrase, parts.knownSpaces), mode, onProgress);
    },

    replicaState: async () => ({ space, spaces: [...parts.knownSpaces.keys()], ...(await store.describeRecords()) }),
    readReplica: (_context, wanted) => store.readRecords(wanted),
    applyReplica: (_context, records) => store.applyRecords(records, parts.knownSpaces),
    keepKeys: (_context, set, keys) => store.keepKeys(set, keys),
    keptKeys: (_context, set) => store.keptKeys(set),

    listAudit: (_context, limit) => store.listAudit(limit),
    clearAudit: () => store.clearAudit(),
    createApiKey: (_context, name, scopes) => store.createApiKey(name, scopes),
    listApiKeys: () => store.listApiKeys(),
    revokeApiKey: (_context, id) => store.revokeApiKey(id),
    verifyApiKey: (_context, secret) => store.verifyApiKey(secret),
    eraseAll: () => store.eraseAll(),
    startAnew: () => store.startAnew(),

    async info() {
      const { profiles, templates, collections } = await store.count();
      const runtime = await parts.describeRuntime();
      return {
        ...runtime,
        live: {
          ...runtime.live,
          openImages: openImages.count(),
          openImageBytes: openImages.bytes(),
        },
        embeddingSpace: space,
        migration: await migration.describe(),
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
