/** The use cases, top to bottom. Knows roles and a store, no runtime and no database. */
import { InfaceError } from '../errors.js';
import type { FaceAntispoof } from '../models/antispoof.js';
import { predict, trainClassifier, type Classifier } from '../recognition/classifier.js';
import {
  decideIdentity,
  decideMatch,
  identificationThreshold,
  matchThreshold,
  similarityAt,
} from '../recognition/decision.js';
import { createGallery, type Gallery } from '../recognition/gallery.js';
import { assertSameSpace, distance, type Template } from '../recognition/template.js';
import type {
  AcquisitionFailure,
  Candidate,
  ClassifierState,
  Collection,
  CollectionChange,
  DetectorOptions,
  IdentifiedFace,
  ImageReport,
  KitInfo,
  Profile,
  TrainProgress,
} from '../types.js';
import type { FaceFrame, WorkerOperations } from '../wire.js';
import { createAcquisition, createClock, MAX_FACES, type AcquisitionParts } from './acquisition.js';

/** A vector that is about to be stored. */
export type NewTemplate = Pick<Template, 'space' | 'vector'>;

/** What a collection recognises, read at one moment. */
export interface CollectionContent {
  readonly revision: number;
  readonly templates: readonly Template[];
  /** Only while it is up to date. */
  readonly classifier: Classifier | null;
}

/** Where profiles and collections are kept. Every method that writes does so in one transaction. */
export interface FaceStore {
  createProfile(profile: {
    readonly name: string | null;
    readonly metadata: Profile['metadata'];
    readonly templates: readonly NewTemplate[];
    readonly collectionId: string | null;
  }): Promise<{ profile: Profile; templateIds: string[] }>;
  addTemplates(
    profileId: string,
    templates: readonly NewTemplate[],
  ): Promise<{ profile: Profile; templateIds: string[] }>;
  listProfiles(): Promise<Profile[]>;
  getProfile(id: string): Promise<Profile>;
  renameProfile(id: string, name: string | null): Promise<Profile>;
  deleteProfile(id: string): Promise<void>;
  /** In the order of enrolment. */
  templatesOf(profileId: string): Promise<Template[]>;
  /** `null` for profiles without a name and for those that are gone. */
  namesOf(profileIds: readonly string[]): Promise<(string | null)[]>;
  createCollection(name: string): Promise<Collection>;
  listCollections(): Promise<Collection[]>;
  getCollection(id: string): Promise<Collection>;
  updateCollection(id: string, change: CollectionChange): Promise<Collection>;
  deleteCollection(id: string): Promise<void>;
  collectionRevision(id: string): Promise<{ revision: number; classifier: ClassifierState }>;
  loadCollection(id: string): Promise<CollectionContent>;
  /** Stores what was trained on the content of `revision`. */
  saveClassifier(id: string, revision: number, classifier: Classifier): Promise<void>;
  count(): Promise<{ profiles: number; templates: number; collections: number }>;
  close(): Promise<void>;
}

/** What the engine is made of. */
export interface EngineParts extends AcquisitionParts {
  /** `null` while the manifest has no anti-spoof model. */
  readonly antispoof: FaceAntispoof | null;
  readonly store: FaceStore;
  describeRuntime(): Promise<Omit<KitInfo, 'embeddingSpace' | 'profileCount' | 'templateCount' | 'collectionCount'>>;
}

/** What belongs to one call besides its arguments. */
export interface CallContext {
  readonly signal: AbortSignal;
  onTrainProgress(progress: TrainProgress): void;
}

export type Engine = {
  readonly [K in keyof WorkerOperations]: (
    context: CallContext,
    ...args: Parameters<WorkerOperations[K]>
  ) => ReturnType<WorkerOperations[K]>;
};

/** Names within `candidates`, best first, are cut to this number unless the caller says otherwise. */
const DEFAULT_CANDIDATES = 5;
/** Share of strangers that may get a name: the FPIR at which NIST's FRVT 1:N ranks algorithms. */
const DEFAULT_MAX_FPIR = 0.003;
/** A training lets other calls through this often. */
const YIELD_AFTER_MS = 30;

export function createEngine(parts: EngineParts): Engine {
  const { embedder, store } = parts;
  const { open, acquire } = createAcquisition(parts);
  const galleries = new Map<string, { revision: number; gallery: Gallery; classifier: Classifier | null }>();

  /** Templates from images of one person; `reports` lack the ids that the store gives. */
  async function acquireAll(faces: readonly FaceFrame[], options: DetectorOptions, context: CallContext) {
    const clock = createClock();
    const results: Awaited<ReturnType<typeof acquire>>[] = [];
    for (const face of faces) results.push(await acquire(face, options, context.signal, clock));
    const templates = results.flatMap((r) => (r.acquired ? [{ space: embedder.space, vector: r.vector }] : []));
    const report = (templateIds: readonly string[]): ImageReport[] => {
      const ids = [...templateIds];
      return results.map((r) =>
        r.acquired
          ? { accepted: true, templateId: ids.shift() as string, face: r.face }
          : { accepted: false, reason: r.reason, faceCount: r.faceCount },
      );
    };
    return { templates, report };
  }

  /** The gallery of a collection, read again when the collection changed, be it in another tab. */
  async function galleryOf(collectionId: string) {
    const { revision, classifier: state } = await store.collectionRevision(collectionId);
    const cached = galleries.get(collectionId);
    const fresh = cached?.revision === revision && (cached.classifier !== null) === (state === 'trained');
    if (fresh) return { ...cached, state };
    const content = await store.loadCollection(collectionId);
    const gallery = createGallery(content.templates, embedder.space);
    const loaded = { revision: content.revision, gallery, classifier: content.classifier };
    galleries.set(collectionId, loaded);
    return { ...loaded, state: content.classifier ? ('trained' as const) : state };
  }

  const engine: Engine = {
    async detect(context, frame, options) {
      const clock = createClock();
      const image = open(frame, options, context.signal, clock);
      const found = await image.find(options.maxFaces ?? MAX_FACES);
      const faces = found.map((face) => image.describe(face, options.landmarks));
      const { sourceWidth: width, sourceHeight: height } = frame;
      return { faces, width, height, detectorSize: image.size, timings: clock.timings() };
    },

    async checkSpoof(context, { frame, face }, options) {
      const { antispoof } = parts;
      if (!antispoof) {
        throw new InfaceError(
          'SPOOF_MODEL_UNAVAILABLE',
          'No anti-spoof model is installed, so nothing can be said about this face. Do not read this as a pass.',
        );
      }
      const image = open(frame, options, context.signal, createClock());
      const choice = await image.choose(face);
      if (!('chosen' in choice)) return { outcome: 'failure-to-acquire', ...choice };
      const score = await image.check(antispoof, choice.chosen);
      const threshold = options.threshold ?? antispoof.defaultThreshold;
      const verdict = score >= threshold ? 'bona-fide' : 'attack';
      return { outcome: 'checked', verdict, score, threshold, face: image.describe(choice.chosen) };
    },

    async enroll(context, faces, options) {
      const collectionId = options.collectionId ?? null;
      // Before the work, so that a wrong id costs nothing; the transaction checks again.
      if (collectionId !== null) await store.collectionRevision(collectionId);
      const { templates, report } = await acquireAll(faces, options, context);
      if (templates.length === 0) return { outcome: 'rejected', images: report([]) };
      const { name = null, metadata = {} } = options;
      const { profile, templateIds } = await store.createProfile({ name, metadata, templates, collectionId });
      return { outcome: 'enrolled', profile, images: report(templateIds) };
    },

    async addImages(context, profileId, faces, options) {
      const before = await store.getProfile(profileId);
      const { templates, report } = await acquireAll(faces, options, context);
      if (templates.length === 0) return { outcome: 'rejected', profile: before, images: report([]) };
      const { profile, templateIds } = await store.addTemplates(profileId, templates);
      return { outcome: 'added', profile, images: report(templateIds) };
    },

    async match(context, probe, reference, options) {
      const clock = createClock();
      const stored = typeof reference === 'string' ? await store.templatesOf(reference) : null;
      const probed = await acquire(probe, options, context.signal, clock);
      const fail = (side: 'probe' | 'reference', failed: { reason: AcquisitionFailure; faceCount: number }) => {
        const { reason, faceCount } = failed;
        return { outcome: 'failure-to-acquire', side, reason, faceCount, timings: clock.timings() } as const;
      };
      if (!probed.acquired) return fail('probe', probed);

      const references: { readonly id: string | null; readonly vector: Float32Array }[] = [];
      if (typeof reference === 'string') {
        for (const template of stored ?? []) {
          assertSameSpace(template, embedder.space);
          references.push(template);
        }
      } else {
        const other = await acquire(reference, options, context.signal, clock);
        if (!other.acquired) return fail('reference', other);
        references.push({ id: null, vector: other.vector });
      }
      const comparisons = references.map(({ id, vector }) => ({
        templateId: id,
        distance: distance(probed.vector, vector),
      }));
      const threshold = matchThreshold(options, comparisons.length, embedder.calibration);
      const decision = decideMatch(comparisons, threshold, embedder.calibration);
      return { outcome: 'compared', ...decision, face: probed.face, timings: clock.timings() };
    },

    async identify(context, frame, collectionId, options) {
      const clock = createClock();
      const { maxFaces = MAX_FACES, maxCandidates = DEFAULT_CANDIDATES } = options;
      const { gallery, classifier, state } = await galleryOf(collectionId);
      const threshold = identificationThreshold(
        options.maxFpir ?? DEFAULT_MAX_FPIR,
        gallery.size,
        embedder.calibration,
      );
      const image = open(frame, options, context.signal, clock);
      const faces: IdentifiedFace[] = [];
      for (const acquired of await image.find(maxFaces)) {
        const vector = await image.embed(acquired);
        const ranked = rank(gallery, classifier, vector, Math.max(2, maxCandidates));
        const names = await store.namesOf(ranked.map(({ profileId }) => profileId));
        const candidates = ranked.map((candidate, i) => ({ ...candidate, name: names[i] ?? null }));
        faces.push({
          ...image.describe(acquired, options.landmarks),
          ...decideIdentity({ candidates, threshold }),
          candidates: candidates.slice(0, maxCandidates),
        });
      }
      return { faces, classifier: state, threshold, timings: clock.timings() };
    },

    async train(context, collectionId) {
      const started = performance.now();
      const { revision, templates } = await store.loadCollection(collectionId);
      if (templates.length === 0) {
        throw new InfaceError(
          'COLLECTION_EMPTY',
          `Collection '${collectionId}' has no templates to learn from. Enrol profiles into it first.`,
        );
      }
      const profileIds = [...new Set(templates.map(({ profileId }) => profileId))];
      const labels = new Map(profileIds.map((id, label) => [id, label]));
      const vectors = new Float32Array(templates.length * embedder.dimension);
      templates.forEach((template, i) => {
        assertSameSpace(template, embedder.space);
        vectors.set(template.vector, i * embedder.dimension);
      });
      let lastYield = performance.now();
      const classifier = await trainClassifier(
        {
          vectors,
          labels: templates.map(({ profileId }) => labels.get(profileId) as number),
          profileIds,
          space: embedder.space,
          dimension: embedder.dimension,
        },
        async (progress) => {
          context.onTrainProgress(progress);
          if (performance.now() - lastYield > YIELD_AFTER_MS) {
            await new Promise((resolve) => setTimeout(resolve));
            lastYield = performance.now();
          }
          context.signal.throwIfAborted();
        },
      );
      await store.saveClassifier(collectionId, revision, classifier);
      return {
        collectionId,
        profileCount: profileIds.length,
        templateCount: templates.length,
        iterations: classifier.iterations,
        loss: classifier.loss,
        durationMs: performance.now() - started,
      };
    },

    listProfiles: () => store.listProfiles(),
    getProfile: (_context, id) => store.getProfile(id),
    renameProfile: (_context, id, name) => store.renameProfile(id, name),
    deleteProfile: (_context, id) => store.deleteProfile(id),
    createCollection: (_context, name) => store.createCollection(name),
    listCollections: () => store.listCollections(),
    getCollection: (_context, id) => store.getCollection(id),
    updateCollection: (_context, id, change) => store.updateCollection(id, change),
    async deleteCollection(_context, id) {
      await store.deleteCollection(id);
      galleries.delete(id);
    },

    async info() {
      const { profiles, templates, collections } = await store.count();
      return {
        ...(await parts.describeRuntime()),
        embeddingSpace: embedder.space,
        profileCount: profiles,
        templateCount: templates,
        collectionCount: collections,
      };
    },
  };
  return engine;

  /** The `k` best profiles of a gallery: by the classifier where there is one, else by the nearest template. */
  function rank(
    gallery: Gallery,
    classifier: Classifier | null,
    vector: Float32Array,
    k: number,
  ): Omit<Candidate, 'name'>[] {
    const candidate = (profileId: string, d: number, probability: number | null) => ({
      profileId,
      score: similarityAt(d, embedder.calibration),
      probability,
    });
    if (!classifier) return gallery.search(vector, k).map((near) => candidate(near.profileId, near.distance, null));
    const distances = gallery.distances(vector);
    const distanceOf = new Map(gallery.profileIds.map((id, i) => [id, distances[i] as number]));
    const probabilities = predict(classifier, vector);
    return classifier.profileIds
      .map((id, i) => candidate(id, distanceOf.get(id) as number, probabilities[i] as number))
      .sort((a, b) => (b.probability as number) - (a.probability as number))
      .slice(0, k);
  }
}
