/** Operations on faces, profiles and collections. Checks arguments, decodes images, and calls the worker. */
import { InfaceError } from '../../api/errors.js';
import type { CallOptions } from '../../api/calls.js';
import type { EnrollPolicy } from '../../api/enrollment.js';
import type { DetectorOptions } from '../../api/faces.js';
import type { IdentifyOptions } from '../../api/identification.js';
import type { FaceImage } from '../../api/images.js';
import type { FaceOperations } from '../../api/kit.js';
import { MAX_FACES, MAX_IMAGES } from '../../api/limits.js';
import type { AccuracyOptions, MatchOptions } from '../../api/matching.js';
import type { SpoofOptions } from '../../api/spoof.js';
import type { FaceFrame, Frame, Progress, WorkerOperations } from '../../wire/worker.js';
import {
  abortSignal,
  assertOneRate,
  bool,
  callback,
  checkOptions,
  fraction,
  id,
  ids,
  invalid,
  label,
  metadata,
  note,
  nullOr,
  oneOf,
  placeInList,
  rate,
  SPOOF_RATE_RULES,
  spoofPolicy,
  spoofPolicyFor,
  wholeNumber,
  type Rules,
} from './check.js';
import { enrollMany } from './enroll-many.js';
import { createOpenImage, type FrameList, type OpenImages } from './open-images.js';

const MAX_CANDIDATES = 100;
/** Maximum number of records on a page of a list. */
const MAX_PAGE = 10_000;

export const CALL_RULES: Rules<CallOptions> = { signal: abortSignal };
const FINDER_RULES: Rules<DetectorOptions> = {
  mode: oneOf('photo', 'video'),
  search: oneOf('auto', 'whole', 'tiles'),
  detectorSizePx: oneOf(128, 192, 256, 384, 512),
  minDetectionScore: fraction,
};
const DETECTOR_RULES = { ...CALL_RULES, ...FINDER_RULES };
const POLICY: readonly EnrollPolicy[] = ['strict', 'guidance', 'off'];
const SPOOF_RULES: Rules<SpoofOptions> = { spoof: spoofPolicy };
const ACCURACY_RULES: Rules<AccuracyOptions> = { accuracy: oneOf('fast', 'high') };
export const IDENTIFY_RULES: Rules<Omit<IdentifyOptions, 'signal'>> = {
  ...FINDER_RULES,
  ...SPOOF_RULES,
  ...ACCURACY_RULES,
  landmarks: oneOf(5, 68),
  maxFaces: wholeNumber(1, MAX_FACES),
  maxFpir: rate,
  maxCandidates: wholeNumber(1, MAX_CANDIDATES),
};
const ADD_RULES = { ...DETECTOR_RULES, ...SPOOF_RULES, policy: oneOf(...POLICY) };

/**
 * Calls an operation of the worker.
 * @param prepare creates the arguments. Their frames are transferred, or closed if the call fails before that
 */
export type Call = <K extends keyof WorkerOperations>(
  operation: K,
  options: CallOptions,
  prepare: (frames: FrameList) => Promise<Parameters<WorkerOperations[K]>>,
  onProgress?: (progress: Progress) => void,
) => Promise<Awaited<ReturnType<WorkerOperations[K]>>>;

/** Calls an operation that takes no images. @param name name of the operation in error messages */
export async function callPlainly<K extends keyof WorkerOperations>(
  call: Call,
  name: string,
  operation: K,
  options: CallOptions,
  args: Parameters<WorkerOperations[K]>,
): Promise<Awaited<ReturnType<WorkerOperations[K]>>> {
  return call(operation, checkOptions(name, options, CALL_RULES), () => Promise.resolve(args));
}

/** Creates the operations of one owner. @param call calls the worker for that owner */
export function createOperations(call: Call, images: OpenImages): FaceOperations {
  const plain = <K extends keyof WorkerOperations>(
    name: string,
    operation: K,
    options: CallOptions,
    args: Parameters<WorkerOperations[K]>,
  ) => callPlainly(call, name, operation, options, args);

  const toFaces = async (images: readonly FaceImage[], frames: FrameList, finder: DetectorOptions) => {
    const faces: FaceFrame[] = [];
    for (const [i, image] of images.entries()) faces.push(await frames.face(image, 'only', `images[${i}]`, finder));
    return faces;
  };

  const operations: FaceOperations = {
    open: async (image, options = {}) => {
      const { signal, ...wire } = checkOptions('open', options, DETECTOR_RULES);
      const imageId = images.nextId();
      let frame: Frame | null = null;
      await call('openImage', { signal }, async (frames) => {
        frame = await frames.decode(image, 'image');
        return [imageId, frame, wire];
      });
      return createOpenImage(images, imageId, frame as unknown as Frame, operations);
    },

    detect: async (image, options = {}) => {
      const { signal, ...wire } = checkOptions('detect', options, {
        ...DETECTOR_RULES,
        landmarks: oneOf(0, 5, 68),
        maxFaces: wholeNumber(1, MAX_FACES),
        quality: bool,
        eyes: bool,
        spoof: spoofPolicyFor(false, 'detect() refuses no face'),
      });
      if (wire.landmarks === 0 && (wire.quality || wire.eyes || (wire.spoof ?? 'off') !== 'off')) {
        throw new InfaceError(
          'INVALID_INPUT',
          "detect() needs landmarks for 'quality', 'eyes' and 'spoof'. Pass landmarks: 5 or 68, or leave these options out.",
        );
      }
      return call('detect', { signal }, async (frames) => [await frames.image(image, 'image', wire), wire]);
    },

    checkSpoof: async (image, options = {}) => {
      const { signal, ...wire } = checkOptions('checkSpoof', options, {
        ...DETECTOR_RULES,
        ...SPOOF_RATE_RULES,
      });
      assertOneRate(wire, 'checkSpoof()');
      return call('checkSpoof', { signal }, async (frames) => [
        await frames.face(image, 'largest', 'image', wire),
        wire,
      ]);
    },

    enroll: async (images, options = {}) => {
      checkImages(images);
      const { signal, ...wire } = checkOptions('enroll', options, {
        ...ADD_RULES,
        name: label,
        collectionId: id,
        metadata,
        consent: note,
      });
      return call('enroll', { signal }, async (frames) => [await toFaces(images, frames, wire), toJson(wire)]);
    },

    enrollMany: (rows, options = {}) => {
      const source: unknown = rows;
      if (
        typeof source !== 'object' ||
        source === null ||
        !(Symbol.iterator in source || Symbol.asyncIterator in source)
      ) {
        throw invalid('rows', source, 'a list of rows, or another iterable');
      }
      const checked = checkOptions('enrollMany', options, { ...ADD_RULES, collectionId: id });
      return enrollMany(operations, rows, checked);
    },

    addImages: async (profileId, images, options = {}) => {
      id(profileId, 'profileId');
      checkImages(images);
      const { signal, ...wire } = checkOptions('addImages', options, ADD_RULES);
      return call('addImages', { signal }, async (frames) => [profileId, await toFaces(images, frames, wire), wire]);
    },

    match: async (probe, profileId, options = {}) => {
      id(profileId, 'profileId');
      const { signal, ...wire } = checkMatch('match', options);
      return call('match', { signal }, async (frames) => [
        await frames.face(probe, 'largest', 'probe', wire),
        profileId,
        wire,
      ]);
    },

    compare: async (probe, reference, options = {}) => {
      const { signal, ...wire } = checkMatch('compare', options);
      return call('compare', { signal }, async (frames) => [
        await frames.face(probe, 'largest', 'probe', wire),
        await frames.face(reference, 'largest', 'reference', wire),
        wire,
      ]);
    },

    identify: async (image, collectionId, options = {}) => {
      id(collectionId, 'collectionId');
      const { signal, ...wire } = checkOptions('identify', options, { ...CALL_RULES, ...IDENTIFY_RULES });
      return call('identify', { signal }, async (frames) => [
        await frames.image(image, 'image', wire),
        collectionId,
        wire,
      ]);
    },

    reject: async (identificationId, options = {}) => {
      id(identificationId, 'identificationId');
      const { signal, ...wire } = checkOptions('reject', options, { ...CALL_RULES, profileId: id });
      return call('reject', { signal }, () => Promise.resolve([identificationId, wire]));
    },

    train: async (collectionId, options = {}) => {
      id(collectionId, 'collectionId');
      const { signal, onProgress } = checkOptions('train', options, { ...CALL_RULES, onProgress: callback });
      return call('train', { signal }, () => Promise.resolve([collectionId]), onProgress);
    },

    profiles: {
      list: async (options = {}) => {
        const rules = { ...CALL_RULES, limit: wholeNumber(1, MAX_PAGE), after: placeInList };
        const { signal, ...wire } = checkOptions('profiles.list', options, rules);
        return call('listProfiles', { signal }, () => Promise.resolve([wire]));
      },
      get: async (profileId, options = {}) => {
        id(profileId, 'id');
        return plain('profiles.get', 'getProfile', options, [profileId]);
      },
      update: async (profileId, change, options = {}) => {
        id(profileId, 'id');
        const checked = checkOptions('profiles.update', change, {
          name: nullOr(label),
          metadata,
          consent: nullOr(note),
        });
        return plain('profiles.update', 'updateProfile', options, [profileId, toJson(checked)]);
      },
      delete: async (profileId, options = {}) => {
        id(profileId, 'id');
        return plain('profiles.delete', 'deleteProfile', options, [profileId]);
      },
    },

    collections: {
      create: async (name, options = {}) => {
        label(name, 'name');
        const { signal, ...wire } = checkOptions('collections.create', options, { ...CALL_RULES, unknowns: bool });
        return call('createCollection', { signal }, () => Promise.resolve([name, wire]));
      },
      list: async (options = {}) => plain('collections.list', 'listCollections', options, []),
      get: async (collectionId, options = {}) => {
        id(collectionId, 'id');
        return plain('collections.get', 'getCollection', options, [collectionId]);
      },
      update: async (collectionId, change, options = {}) => {
        id(collectionId, 'id');
        const checked = checkOptions('collections.update', change, {
          name: label,
          unknowns: bool,
          addProfileIds: ids,
          removeProfileIds: ids,
        });
        return plain('collections.update', 'updateCollection', options, [collectionId, checked]);
      },
      delete: async (collectionId, options = {}) => {
        id(collectionId, 'id');
        return plain('collections.delete', 'deleteCollection', options, [collectionId]);
      },
    },
  };
  return operations;
}

function checkMatch(operation: string, options: MatchOptions): MatchOptions {
  const checked = checkOptions(operation, options, {
    ...DETECTOR_RULES,
    ...SPOOF_RULES,
    ...ACCURACY_RULES,
    threshold: fraction,
    maxFmr: rate,
  });
  if (checked.threshold !== undefined && checked.maxFmr !== undefined) {
    throw new InfaceError('INVALID_INPUT', `${operation}() takes 'threshold' or 'maxFmr', not both.`);
  }
  return checked;
}

function checkImages(images: readonly FaceImage[]): void {
  const given: unknown = images;
  if (!Array.isArray(given) || given.length === 0) throw invalid('images', given, 'a list of 1 to 10 images');
  if (given.length > MAX_IMAGES) {
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `images has ${given.length} entries; the limit is ${MAX_IMAGES}. Add the rest with addImages().`,
    );
  }
}

/** Converts the metadata to plain JSON values. The worker then receives only values that it can store. */
function toJson<T extends { readonly metadata?: unknown }>(options: T): T {
  return options.metadata === undefined
    ? options
    : { ...options, metadata: JSON.parse(JSON.stringify(options.metadata)) as unknown };
}
