/** The enrolled people as the page knows them: the kit's profiles in the demo's one collection. */
import type {
  Collection,
  DetectedFace,
  FaceImage,
  FaceKit,
  FaceTracker,
  Identification,
  ImageInput,
  ImageReport,
  Profile,
  SpoofVerdict,
  TrainOptions,
} from '../src/index.js';

const COLLECTION_NAME = 'Demo';

export interface EnrolOutcome {
  /** `added`: the name was there already and got more templates. */
  readonly outcome: 'enrolled' | 'added' | 'rejected';
  readonly images: readonly ImageReport[];
}

/** A face with its 68 points and, when people are enrolled, who it is. */
export interface SeenFace {
  readonly face: DetectedFace;
  readonly identity: Identification | null;
  /** Whether it is really there, where that was asked. */
  readonly spoof: SpoofVerdict | null;
}

/** The faces of a camera, frame after frame. */
export interface Watch {
  /** As `look` does; also when people were enrolled or removed meanwhile. */
  look(frame: ImageBitmap): Promise<SeenFace[]>;
  close(): void;
}

export interface People {
  /** As of the last refresh. */
  readonly profiles: readonly Profile[];
  /** `null` until somebody is enrolled for the first time. */
  readonly collection: Collection | null;
  /** Reads everything anew and tells whoever listens. */
  refresh(): Promise<void>;
  onRefresh(listener: () => void): void;
  /** Makes a profile, or adds to the one of this name. */
  enrol(name: string, images: readonly FaceImage[]): Promise<EnrolOutcome>;
  remove(profileId: string): Promise<void>;
  train(options: TrainOptions): Promise<void>;
  /** The faces of an image, largest first, and who they are; nobody while nobody is enrolled. */
  look(image: ImageInput): Promise<SeenFace[]>;
  /** @param checkSpoof whether faces are checked for presentation attacks */
  watch(checkSpoof: boolean): Watch;
}

/** @param onChange called when people or their classifier changed without this page having asked for it */
export function createPeople(kit: FaceKit, onChange: () => void): People {
  let profiles: readonly Profile[] = [];
  let collection: Collection | null = null;
  const listeners: (() => void)[] = [];

  // What another tab did, and what the kit trains by itself.
  for (const records of ['profiles', 'collections'] as const) {
    kit.on(records, ({ origin }) => {
      if (origin === 'other') onChange();
    });
  }
  kit.on('classifier', ({ state }) => {
    if (state === 'trained') onChange();
  });

  async function refresh(): Promise<void> {
    const [allProfiles, collections] = await Promise.all([kit.profiles.list(), kit.collections.list()]);
    collection = collections.find(({ name }) => name === COLLECTION_NAME) ?? null;
    profiles = collection ? allProfiles.filter((profile) => isIn(profile, collection?.id)) : [];
    for (const listener of listeners) listener();
  }

  return {
    get profiles() {
      return profiles;
    },
    get collection() {
      return collection;
    },
    refresh,
    onRefresh(listener) {
      listeners.push(listener);
    },

    async enrol(name, images) {
      collection ??= await kit.collections.create(COLLECTION_NAME, { unknowns: true });
      const known = profiles.find((profile) => sameName(profile.name, name));
      const { outcome, images: reports } = known
        ? await kit.addImages(known.id, images)
        : await kit.enroll(images, { name, collectionId: collection.id });
      await refresh();
      return { outcome, images: reports };
    },

    async remove(profileId) {
      try {
        await kit.profiles.delete(profileId);
      } finally {
        // Also when another tab was quicker.
        await refresh();
      }
    },

    async train(options) {
      if (!collection) return;
      try {
        await kit.train(collection.id, options);
      } finally {
        await refresh();
      }
    },

    async look(image) {
      if (!collection || profiles.length === 0) {
        const { faces } = await kit.detect(image, { landmarks: 68 });
        return faces.map((face) => ({ face, identity: null, spoof: null }));
      }
      const { faces } = await kit.identify(image, collection.id, { landmarks: 68 });
      return faces.map((face) => ({ face, identity: face, spoof: null }));
    },

    watch(checkSpoof) {
      let tracker: FaceTracker | null = null;
      let of: string | null = null;
      const close = () => {
        tracker?.close().catch(reportError);
        tracker = null;
      };
      return {
        async look(frame) {
          const collectionId = profiles.length > 0 ? (collection?.id ?? null) : null;
          if (of !== collectionId) close();
          of = collectionId;
          tracker ??= kit.createTracker({
            landmarks: 68,
            spoof: checkSpoof ? 'report' : 'off',
            ...(collectionId === null ? {} : { collectionId }),
          });
          const { faces } = await tracker.update(frame);
          return faces.map((face) => ({ face, identity: face.identification, spoof: face.spoof }));
        },
        close,
      };
    },
  };
}

function isIn(profile: Profile, collectionId: string | undefined): boolean {
  return collectionId !== undefined && profile.collectionIds.includes(collectionId);
}

function sameName(a: string | null, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
