/** The page's side of the kit: checks, decodes, calls the worker, and starts another when it died. */
import { fromWire, InfaceError } from '../errors.js';
import type {
  CallOptions,
  FaceImage,
  FaceKit,
  FaceKitOptions,
  DetectorOptions,
  LoadProgress,
  TrainProgress,
} from '../types.js';
import type { FaceFrame, Frame, WorkerConfig, WorkerNotice, WorkerOperations } from '../wire.js';
import {
  abortSignal,
  callback,
  checkOptions,
  fraction,
  id,
  ids,
  invalid,
  label,
  metadata,
  oneOf,
  rate,
  wholeNumber,
  type Rules,
} from './check.js';
import { startWorker, type Connection } from './connection.js';
import { toFaceFrame, toFrame } from './frame-source.js';

/** Images per call of `enroll` and `addImages`. */
const MAX_IMAGES = 10;
const MAX_FACES = 100;
const MAX_CANDIDATES = 100;
const MAX_THREADS = 16;

const CALL_RULES: Rules<CallOptions> = { signal: abortSignal };
const DETECTOR_RULES: Rules<DetectorOptions & CallOptions> = {
  ...CALL_RULES,
  detectorSize: oneOf('auto', 128, 192, 256, 384, 512),
  minScore: fraction,
};
const url = (value: unknown, name: string) => {
  if (typeof value !== 'string' && !(value instanceof URL)) throw invalid(name, value, 'a URL');
};
const KIT_RULES: Rules<FaceKitOptions> = {
  assetsUrl: url,
  workerUrl: url,
  backend: oneOf('auto', 'webgpu', 'wasm'),
  threads: (value, name) => {
    if (value !== 'auto') wholeNumber(1, MAX_THREADS)(value, name);
  },
  embedder: oneOf('auto', 'int8', 'lossless'),
  database: label,
  onProgress: callback,
  signal: abortSignal,
};

/**
 * Starts the worker and loads the models. The database is opened by the first operation that needs it.
 * @throws InfaceError `INVALID_INPUT`, `MODEL_LOAD_FAILED`, `MODEL_INTEGRITY_FAILED`, `BACKEND_UNAVAILABLE`,
 * `WORKER_CRASHED`; or the reason of `options.signal`
 */
export async function createFaceKit(options: FaceKitOptions = {}): Promise<FaceKit> {
  const checked = checkOptions('createFaceKit', options, KIT_RULES);
  const config = toWorkerConfig(checked);
  const workerUrl = checked.workerUrl === undefined ? null : absolute(checked.workerUrl, 'workerUrl');

  let nextCallId = 1;
  let closing: Promise<void> | null = null;
  let connection: Promise<Connection> | null = null;
  const trainListeners = new Map<number, (progress: TrainProgress) => void>();

  function onNotice(notice: WorkerNotice): void {
    if (notice.kind === 'load') callListener(checked.onProgress, notice.progress);
    else callListener(trainListeners.get(notice.callId), notice.progress);
  }

  /** The running worker, or a new one. */
  function connect(signal?: AbortSignal): Promise<Connection> {
    assertOpen();
    if (!connection) {
      const started = startWorker(workerUrl, config, onNotice, nextCallId++, signal);
      connection = started;
      const forget = () => {
        if (connection === started) connection = null;
      };
      started.then(({ ended }) => ended.catch(forget), forget);
    }
    return connection;
  }

  function assertOpen(): void {
    if (closing) throw new InfaceError('CLOSED', 'The kit was closed. Create a new one with createFaceKit().');
  }

  /**
   * One call of the worker.
   * @param prepare makes the arguments; the frames among them are transferred, and closed when it does not come to that
   */
  async function call<K extends keyof WorkerOperations>(
    operation: K,
    { signal }: CallOptions,
    prepare: (frames: FrameList) => Promise<Parameters<WorkerOperations[K]>>,
    onTrainProgress?: (progress: TrainProgress) => void,
  ): Promise<Awaited<ReturnType<WorkerOperations[K]>>> {
    assertOpen();
    signal?.throwIfAborted();
    const frames = new FrameList();
    const callId = nextCallId++;
    let worker: Connection | null = null;
    const onAbort = () => worker?.abort(callId);
    try {
      const args = await prepare(frames);
      worker = await connect();
      signal?.throwIfAborted();
      signal?.addEventListener('abort', onAbort);
      if (onTrainProgress) trainListeners.set(callId, onTrainProgress);
      const reply = await worker.call(callId, operation, args, frames.bitmaps);
      if (reply.ok) return reply.value;
      if (reply.error.code === 'ABORTED') {
        signal?.throwIfAborted();
        assertOpen();
      }
      const error = fromWire(reply.error);
      // A worker that lost its GPU and could not go on without it serves nobody; the next call starts another.
      if (error.code === 'WORKER_CRASHED' || error.code === 'DEVICE_LOST') worker.end(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      trainListeners.delete(callId);
      frames.close();
    }
  }

  const toFaces = async (images: readonly FaceImage[], frames: FrameList): Promise<FaceFrame[]> => {
    const faces: FaceFrame[] = [];
    // One after another: each may be 50 megapixels while it is decoded.
    for (const [i, image] of images.entries()) faces.push(await frames.face(image, 'only', `images[${i}]`));
    return faces;
  };

  const kit: FaceKit = {
    detect: async (image, options = {}) => {
      const { signal, ...wire } = checkOptions('detect', options, {
        ...DETECTOR_RULES,
        landmarks: oneOf(5, 68),
        maxFaces: wholeNumber(1, MAX_FACES),
      });
      return call('detect', { signal }, async (frames) => [await frames.frame(image, 'image'), wire]);
    },

    checkSpoof: async (image, options = {}) => {
      const { signal, ...wire } = checkOptions('checkSpoof', options, { ...DETECTOR_RULES, threshold: fraction });
      return call('checkSpoof', { signal }, async (frames) => [await frames.face(image, 'largest', 'image'), wire]);
    },

    enroll: async (images, options = {}) => {
      checkImages(images);
      const { signal, ...wire } = checkOptions('enroll', options, {
        ...DETECTOR_RULES,
        name: label,
        collectionId: id,
        metadata,
      });
      return call('enroll', { signal }, async (frames) => [await toFaces(images, frames), toJson(wire)]);
    },

    addImages: async (profileId, images, options = {}) => {
      id(profileId, 'profileId');
      checkImages(images);
      const { signal, ...wire } = checkOptions('addImages', options, DETECTOR_RULES);
      return call('addImages', { signal }, async (frames) => [profileId, await toFaces(images, frames), wire]);
    },

    match: async (probe, reference, options = {}) => {
      const { signal, ...wire } = checkOptions('match', options, {
        ...DETECTOR_RULES,
        threshold: fraction,
        maxFmr: rate,
      });
      if (wire.threshold !== undefined && wire.maxFmr !== undefined) {
        throw new InfaceError('INVALID_INPUT', "match() takes 'threshold' or 'maxFmr', not both.");
      }
      return call('match', { signal }, async (frames) => {
        const isId = typeof reference === 'string' && !/^data:/i.test(reference);
        if (isId) id(reference, 'reference');
        const probed = await frames.face(probe, 'largest', 'probe');
        return [probed, isId ? reference : await frames.face(reference, 'largest', 'reference'), wire];
      });
    },

    identify: async (image, collectionId, options = {}) => {
      id(collectionId, 'collectionId');
      const { signal, ...wire } = checkOptions('identify', options, {
        ...DETECTOR_RULES,
        landmarks: oneOf(5, 68),
        maxFaces: wholeNumber(1, MAX_FACES),
        maxFpir: rate,
        maxCandidates: wholeNumber(1, MAX_CANDIDATES),
      });
      return call('identify', { signal }, async (frames) => [await frames.frame(image, 'image'), collectionId, wire]);
    },

    train: async (collectionId, options = {}) => {
      id(collectionId, 'collectionId');
      const { signal, onProgress } = checkOptions('train', options, { ...CALL_RULES, onProgress: callback });
      return call('train', { signal }, () => Promise.resolve([collectionId]), onProgress);
    },

    profiles: {
      list: async (options = {}) => simple('profiles.list', 'listProfiles', options, []),
      get: async (profileId, options = {}) => {
        id(profileId, 'id');
        return simple('profiles.get', 'getProfile', options, [profileId]);
      },
      rename: async (profileId, name, options = {}) => {
        id(profileId, 'id');
        if (name !== null) label(name, 'name');
        return simple('profiles.rename', 'renameProfile', options, [profileId, name]);
      },
      delete: async (profileId, options = {}) => {
        id(profileId, 'id');
        return simple('profiles.delete', 'deleteProfile', options, [profileId]);
      },
    },

    collections: {
      create: async (name, options = {}) => {
        label(name, 'name');
        return simple('collections.create', 'createCollection', options, [name]);
      },
      list: async (options = {}) => simple('collections.list', 'listCollections', options, []),
      get: async (collectionId, options = {}) => {
        id(collectionId, 'id');
        return simple('collections.get', 'getCollection', options, [collectionId]);
      },
      update: async (collectionId, change, options = {}) => {
        id(collectionId, 'id');
        const checkedChange = checkOptions('collections.update', change, {
          name: label,
          addProfileIds: ids,
          removeProfileIds: ids,
        });
        return simple('collections.update', 'updateCollection', options, [collectionId, checkedChange]);
      },
      delete: async (collectionId, options = {}) => {
        id(collectionId, 'id');
        return simple('collections.delete', 'deleteCollection', options, [collectionId]);
      },
    },

    info: async (options = {}) => simple('info', 'info', options, []),

    close: () => (closing ??= close()),
  };

  /** A call without images. */
  async function simple<K extends keyof WorkerOperations>(
    name: string,
    operation: K,
    options: CallOptions,
    args: Parameters<WorkerOperations[K]>,
  ) {
    return call(operation, checkOptions(name, options, CALL_RULES), () => Promise.resolve(args));
  }

  async function close(): Promise<void> {
    const open = await connection?.catch(() => null);
    if (!open) return;
    // A transaction on its way is let through; a worker that died meanwhile needs no goodbye.
    await open.close().catch(() => undefined);
    open.end(new InfaceError('CLOSED', 'The kit was closed while the call was running.'));
  }

  await connect(checked.signal);
  return kit;
}

/** Frames of one call, closed together when they are not transferred. */
class FrameList {
  readonly bitmaps: ImageBitmap[] = [];

  async frame(...args: Parameters<typeof toFrame>): Promise<Frame> {
    const frame = await toFrame(...args);
    this.bitmaps.push(frame.bitmap);
    return frame;
  }

  async face(...args: Parameters<typeof toFaceFrame>): Promise<FaceFrame> {
    const face = await toFaceFrame(...args);
    this.bitmaps.push(face.frame.bitmap);
    return face;
  }

  /** Closing a bitmap that was transferred does nothing. */
  close(): void {
    for (const bitmap of this.bitmaps) bitmap.close();
  }
}

function toWorkerConfig(options: FaceKitOptions): WorkerConfig {
  const assetsUrl = absolute(options.assetsUrl ?? 'inface/', 'assetsUrl');
  return {
    assetsUrl: assetsUrl.endsWith('/') ? assetsUrl : `${assetsUrl}/`,
    backend: options.backend ?? 'auto',
    threads: options.threads ?? 'auto',
    embedder: options.embedder ?? 'auto',
    database: options.database ?? 'inface',
  };
}

/** Nothing may leave the page's origin, and a worker of another one is refused by the browser anyhow. */
function absolute(value: string | URL, name: string): string {
  let resolved: URL;
  try {
    resolved = new URL(value, document.baseURI);
  } catch {
    throw invalid(`createFaceKit() option '${name}'`, String(value), 'a URL');
  }
  if (resolved.origin !== location.origin) {
    throw invalid(`createFaceKit() option '${name}'`, resolved.href, `of this page's origin, ${location.origin}`);
  }
  return resolved.href;
}

function checkImages(images: readonly FaceImage[]): void {
  const given: unknown = images;
  if (!Array.isArray(given) || given.length === 0) throw invalid('images', given, 'a list of 1 to 10 images');
  if (given.length > MAX_IMAGES) {
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `images has ${given.length} entries; ${MAX_IMAGES} are the most. Add the rest with addImages().`,
    );
  }
}

/** What JSON makes of the metadata, so that the worker gets no value that it could not store. */
function toJson<T extends { readonly metadata?: unknown }>(options: T): T {
  return options.metadata === undefined
    ? options
    : { ...options, metadata: JSON.parse(JSON.stringify(options.metadata)) as unknown };
}

/** A listener of the application must not break the call that it listens to. */
function callListener<P extends LoadProgress | TrainProgress>(
  listener: ((progress: P) => void) | undefined,
  progress: P,
): void {
  try {
    listener?.(progress);
  } catch (error) {
    reportError(error);
  }
}
