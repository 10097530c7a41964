/** Implements the kit on the page. It runs one worker, restarts it after a crash, and sends it all calls. */
import { fromWire, InfaceError, type ErrorCode } from '../../api/errors.js';
import type { ApiScope } from '../../api/api-keys.js';
import type { CallOptions } from '../../api/calls.js';
import type { KitEvents } from '../../api/events.js';
import type { FaceKit, FaceKitOptions } from '../../api/kit.js';
import { MAX_PENDING_CALLS } from '../../api/limits.js';
import type { Progress, WorkerConfig, WorkerNotice, WorkerOperations } from '../../wire/worker.js';
import {
  abortSignal,
  bool,
  callback,
  checkOptions,
  cryptoKeys,
  eachOf,
  id,
  ids,
  invalid,
  label,
  nullOr,
  oneOf,
  pairs,
  passphrase as passphraseRule,
  records,
  secretText,
  wholeNumber,
  type Rules,
} from './check.js';
import { startWorker, type Connection } from './connection.js';
import { createOpenImages, FrameList } from './open-images.js';
import { CALL_RULES, callPlainly, createOperations, type Call } from './operations.js';
import { orAborted } from './abort.js';
import { keepStoreId, readStoreId } from './store-id.js';
import { createTracker } from './tracker.js';

const MAX_THREADS = 16;
const MAX_GRACE_DAYS = 3_650;
const DEFAULT_GRACE_DAYS = 7;
const DAY_MS = 86_400_000;
const MAX_AUDIT_ENTRIES = 10_000;
const DEFAULT_AUDIT_ENTRIES = 100;

const SCOPES: readonly ApiScope[] = ['detect', 'spoof', 'enroll', 'collections', 'match', 'identify'];

const EVENTS: Readonly<Record<keyof KitEvents, true>> = {
  profiles: true,
  collections: true,
  classifier: true,
  migrated: true,
  'migration-end': true,
  backend: true,
  'storage-pressure': true,
  'storage-lost': true,
  vault: true,
  'image-closed': true,
};

/** Codes of a bundler that leaves the script out, or puts it where a page may not run it. */
const SCRIPT_LOST: readonly ErrorCode[] = ['WORKER_LOAD_FAILED', 'ENVIRONMENT_UNSUPPORTED'];

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
  models: label,
  embedder: oneOf('auto', 'int8', 'lossless'),
  database: label,
  autoTrain: bool,
  migrate: (value, name) => {
    if (typeof value === 'boolean') return;
    const { graceDays } = (value ?? {}) as { readonly graceDays?: unknown };
    wholeNumber(0, MAX_GRACE_DAYS)(graceDays, `${name}.graceDays`);
  },
  audit: bool,
  onProgress: callback,
  signal: abortSignal,
};

/**
 * Starts the worker and loads the models.
 * @throws InfaceError `INVALID_INPUT`, `ENVIRONMENT_UNSUPPORTED`, `WORKER_LOAD_FAILED`, `MODEL_LOAD_FAILED`,
 * `MODEL_INTEGRITY_FAILED`, `BACKEND_UNAVAILABLE`, `WORKER_CRASHED`; or the reason of `options.signal`
 */
export async function createFaceKit(options: FaceKitOptions = {}): Promise<FaceKit> {
  assertPage();
  const checked = checkOptions('createFaceKit', options, KIT_RULES);
  const config = toWorkerConfig(checked);
  /** `null` until the bundler turns out not to provide the script. */
  let workerUrl = checked.workerUrl === undefined ? null : absolute(checked.workerUrl, 'workerUrl');

  let nextCallId = 1;
  let nextTrackerId = 1;
  let pendingCalls = 0;
  let closing: Promise<void> | null = null;
  /** Aborts calls that have not reached the worker when the kit is closed. */
  const closed = new AbortController();
  let connection: Promise<Connection> | null = null;
  /** Id of the database that holds data. */
  let storeId: string | null = null;
  /** Whether the workers use the whole runtime, because the shorter one lacked a function. */
  let wholeRuntime = false;
  /** Number of calls that each worker runs. */
  const running = new Map<Connection, number>();
  /** Workers whose runtime lacks a function, with the trap. They end after their last call, which may be a write. */
  const retired = new Map<Connection, InfaceError>();
  const progressListeners = new Map<number, (progress: Progress) => void>();
  /** Listeners by event, each wrapped in an object, so that a function can be added twice. */
  const listeners = new Map<keyof KitEvents, Set<{ readonly call: (event: never) => void }>>();

  function onNotice(notice: WorkerNotice): void {
    if (notice.kind === 'load') callListener(checked.onProgress, notice.progress);
    else if (notice.kind === 'progress') callListener(progressListeners.get(notice.callId), notice.progress);
    else if (notice.kind === 'store') keepStoreId(config.database, (storeId = notice.storeId));
    else
      for (const { call: listen } of listeners.get(notice.event.name) ?? [])
        callListener(listen, notice.event.detail as never);
  }

  async function start(signal: AbortSignal | undefined): Promise<Connection> {
    // Where the browser denies storage, this kit alone knows what its last worker held in memory.
    const known = { ...config, storeId: readStoreId(config.database) ?? storeId };
    const run = () => startWorker(workerUrl, { ...known, wholeRuntime }, onNotice, nextCallId++, signal);
    try {
      return await run();
    } catch (error) {
      const isLost = error instanceof InfaceError && SCRIPT_LOST.includes(error.code);
      if (workerUrl !== null || !isLost) throw error;
      workerUrl = `${config.assetsUrl}worker.js`;
      return run();
    }
  }

  /** Does something once more with the whole runtime, if the shorter one lacks a function for it. */
  async function orOnWhole<T>(work: () => Promise<T>): Promise<T> {
    const isWhole = wholeRuntime;
    try {
      return await work();
    } catch (error) {
      if (isWhole || !isCutOff(error)) throw error;
      // Another call that the same worker ran may have been here before.
      if (!wholeRuntime) {
        wholeRuntime = true;
        const note = `The whole runtime is used, because the shorter one lacks a function: ${error.message}`;
        // To be reported by developers: no listener of the application may be there.
        // eslint-disable-next-line no-console
        console.warn(`inface: ${note}`);
        onNotice({ kind: 'event', event: { name: 'backend', detail: { backend: 'wasm', note } } });
      }
      return work();
    }
  }

  /** Returns the running worker, or starts one. */
  function connect(signal?: AbortSignal): Promise<Connection> {
    assertOpen();
    if (!connection) {
      const started = start(signal);
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

  /** Counts the calls of a worker, and ends it after the last one if it is retired. */
  function count(worker: Connection, change: 1 | -1): void {
    const left = (running.get(worker) ?? 0) + change;
    if (left > 0) running.set(worker, left);
    else running.delete(worker);
    const trap = left > 0 ? undefined : retired.get(worker);
    if (trap && retired.delete(worker)) worker.end(trap);
  }

  /** Leaves a worker to the calls that it runs. Ending it would reject writes that it may have stored. */
  function retire(worker: Connection, trap: InfaceError): void {
    if (retired.has(worker)) return;
    retired.set(worker, trap);
    connection = null;
  }

  const callFor =
    (owner: string | null): Call =>
    (...call) =>
      orOnWhole(() => callOnce(owner, ...call));

  const callOnce = async <K extends keyof WorkerOperations>(
    owner: string | null,
    operation: K,
    { signal }: CallOptions,
    prepare: (frames: FrameList) => Promise<Parameters<WorkerOperations[K]>>,
    onProgress?: (progress: Progress) => void,
  ): Promise<Awaited<ReturnType<WorkerOperations[K]>>> => {
    assertOpen();
    signal?.throwIfAborted();
    if (pendingCalls >= MAX_PENDING_CALLS) {
      throw new InfaceError(
        'LIMIT_EXCEEDED',
        `${pendingCalls} calls are pending, which is the limit. Wait for one before the next.`,
      );
    }
    pendingCalls++;
    const wasWhole = wholeRuntime;
    const callId = nextCallId++;
    let worker: Connection | null = null;
    /** Aborts the steps before the worker call: fetching, decoding, and waiting for a worker to start. */
    const stop = new AbortController();
    const frames = new FrameList(images, stop.signal);
    const onAbort = () => {
      stop.abort(signal?.reason);
      worker?.abort(callId);
    };
    const onClose = () => {
      stop.abort(closed.signal.reason);
    };
    signal?.addEventListener('abort', onAbort);
    closed.signal.addEventListener('abort', onClose);
    try {
      const args = await orAborted(prepare(frames), stop.signal);
      worker = await orAborted(connect(), stop.signal);
      count(worker, 1);
      if (onProgress) progressListeners.set(callId, onProgress);
      const reply = await worker.call(callId, owner, operation, args, frames.bitmaps);
      if (reply.ok) return reply.value;
      if (reply.error.code === 'ABORTED') {
        signal?.throwIfAborted();
        assertOpen();
      }
      const error = fromWire(reply.error);
      // The worker crashed, or lost the GPU and could not continue on wasm. End it; the next call starts another.
      if (!wasWhole && isCutOff(error)) retire(worker, error);
      else if (error.code === 'WORKER_CRASHED' || error.code === 'DEVICE_LOST') worker.end(error);
      throw error;
    } finally {
      if (worker) count(worker, -1);
      signal?.removeEventListener('abort', onAbort);
      closed.signal.removeEventListener('abort', onClose);
      progressListeners.delete(callId);
      frames.close();
      pendingCalls--;
    }
  };

  const images = createOpenImages((imageId) => {
    // Do not start a worker for this: one that ended has already released all images.
    const callId = nextCallId++;
    connection?.then((worker) => worker.call(callId, null, 'closeImage', [imageId], [])).catch(() => undefined);
  });

  const operationsFor = (owner: string | null) => createOperations(callFor(owner), images);

  const call = callFor(null);

  const kit: FaceKit = {
    ...operationsFor(null),

    forOwner: (owner) => {
      id(owner, 'owner');
      return operationsFor(owner);
    },

    createTracker: (options = {}) => {
      assertOpen();
      return createTracker(call, `${nextTrackerId++}`, options);
    },

    abortTraining: async (collectionId, options = {}) => {
      id(collectionId, 'collectionId');
      return callPlainly(call, 'abortTraining', 'abortTraining', options, [collectionId]);
    },

    on: (event, listener) => {
      if (!Object.hasOwn(EVENTS, event)) throw invalid('event', event, `one of ${Object.keys(EVENTS).join(', ')}`);
      callback(listener, 'listener');
      const entry = { call: listener };
      const entries = listeners.get(event) ?? new Set();
      listeners.set(event, entries.add(entry));
      return () => {
        entries.delete(entry);
      };
    },

    vault: {
      status: async (options = {}) => callPlainly(call, 'vault.status', 'vaultStatus', options, []),
      setPassphrase: async (passphrase, options = {}) => {
        passphraseRule(passphrase, 'passphrase');
        const rules = { ...CALL_RULES, currentPassphrase: secretText };
        const { signal, currentPassphrase = null } = checkOptions('vault.setPassphrase', options, rules);
        return call('setPassphrase', { signal }, () => Promise.resolve([passphrase, currentPassphrase]));
      },
      removePassphrase: async (currentPassphrase, options = {}) => {
        secretText(currentPassphrase, 'currentPassphrase');
        return callPlainly(call, 'vault.removePassphrase', 'removePassphrase', options, [currentPassphrase]);
      },
      lock: async (options = {}) => callPlainly(call, 'vault.lock', 'lockVault', options, []),
      unlock: async (passphrase, options = {}) => {
        secretText(passphrase, 'passphrase');
        return callPlainly(call, 'vault.unlock', 'unlockVault', options, [passphrase]);
      },
      destroyKey: async (options = {}) => callPlainly(call, 'vault.destroyKey', 'destroyKey', options, []),
    },

    backup: {
      export: async (passphrase, options = {}) => {
        passphraseRule(passphrase, 'passphrase');
        return callPlainly(call, 'backup.export', 'exportBackup', options, [passphrase]);
      },
      import: async (file, passphrase, options = {}) => {
        if (!(file instanceof Blob)) throw invalid('file', file, 'a Blob or File');
        secretText(passphrase, 'passphrase');
        const rules = { ...CALL_RULES, mode: oneOf('merge', 'mirror'), onProgress: callback };
        const { signal, onProgress, ...wire } = checkOptions('backup.import', options, rules);
        return call('importBackup', { signal }, () => Promise.resolve([file, passphrase, wire]), onProgress);
      },
    },

    replica: {
      state: async (options = {}) => callPlainly(call, 'replica.state', 'replicaState', options, []),
      read: async (wanted, options = {}) => {
        const checked = checkOptions('replica.read', wanted, { profileIds: ids, collectionIds: ids, members: pairs });
        return callPlainly(call, 'replica.read', 'readReplica', options, [checked]);
      },
      apply: async (given, options = {}) => {
        const rules = { profiles: records, collections: records, members: records, deletions: records, drops: records };
        const checked = checkOptions('replica.apply', given, rules);
        return callPlainly(call, 'replica.apply', 'applyReplica', options, [checked]);
      },
      keepKeys: async (set, keys, options = {}) => {
        label(set, 'set');
        nullOr(cryptoKeys)(keys, 'keys');
        return callPlainly(call, 'replica.keepKeys', 'keepKeys', options, [set, keys]);
      },
      keys: async (set, options = {}) => {
        label(set, 'set');
        return callPlainly(call, 'replica.keys', 'keptKeys', options, [set]);
      },
    },

    audit: {
      list: async (options = {}) => {
        const rules = { ...CALL_RULES, limit: wholeNumber(1, MAX_AUDIT_ENTRIES) };
        const { limit = DEFAULT_AUDIT_ENTRIES, signal } = checkOptions('audit.list', options, rules);
        return call('listAudit', { signal }, () => Promise.resolve([limit]));
      },
      export: async (options = {}) => {
        const entries = await callPlainly(call, 'audit.export', 'listAudit', options, [null]);
        const lines = entries.toReversed().map((entry) => `${JSON.stringify(entry)}\n`);
        return new Blob(lines, { type: 'application/jsonl' });
      },
      clear: async (options = {}) => callPlainly(call, 'audit.clear', 'clearAudit', options, []),
    },

    apiKeys: {
      create: async (options) => {
        const rules = { ...CALL_RULES, name: label, scopes: eachOf(SCOPES) };
        const { name, scopes = SCOPES, signal } = checkOptions('apiKeys.create', options, rules);
        label(name, "apiKeys.create() option 'name'");
        return call('createApiKey', { signal }, () => Promise.resolve([name, scopes]));
      },
      list: async (options = {}) => callPlainly(call, 'apiKeys.list', 'listApiKeys', options, []),
      revoke: async (keyId, options = {}) => {
        id(keyId, 'id');
        return callPlainly(call, 'apiKeys.revoke', 'revokeApiKey', options, [keyId]);
      },
      verify: async (secret, options = {}) => {
        secretText(secret, 'secret');
        return callPlainly(call, 'apiKeys.verify', 'verifyApiKey', options, [secret]);
      },
    },

    readFields: async (body, options = {}) => {
      if (!(body instanceof Blob)) throw invalid('body', body, 'a Blob or File');
      return callPlainly(call, 'readFields', 'readFields', options, [body]);
    },

    storage: {
      persist: async () => {
        assertOpen();
        return (await storageManager()?.persist()) ?? false;
      },
      usage: async () => {
        assertOpen();
        const { usage, quota } =
          (await storageManager()
            ?.estimate()
            .catch(() => null)) ?? {};
        return usage === undefined || quota === undefined ? null : { usageBytes: usage, quotaBytes: quota };
      },
      eraseAll: async (options = {}) => callPlainly(call, 'storage.eraseAll', 'eraseAll', options, []),
      startAnew: async (options = {}) => callPlainly(call, 'storage.startAnew', 'startAnew', options, []),
    },

    info: async (options = {}) => callPlainly(call, 'info', 'info', options, []),

    close: () => (closing ??= close()),
  };

  async function close(): Promise<void> {
    listeners.clear();
    closed.abort(new InfaceError('CLOSED', 'The kit was closed while the call was running.'));
    for (const worker of retired.keys()) worker.end(closed.signal.reason as InfaceError);
    const open = await connection?.catch(() => null);
    if (!open) return;
    // Let running transactions finish. Ignore the error of a worker that has ended in the meantime.
    await open.close().catch(() => undefined);
    open.end(new InfaceError('CLOSED', 'The kit was closed while the call was running.'));
  }

  await orOnWhole(() => connect(checked.signal));
  return kit;
}

/**
 * Returns whether a call failed because the shorter binary of the runtime lacks a function.
 * Each engine words that trap in another way.
 */
function isCutOff(error: unknown): error is InfaceError {
  return error instanceof InfaceError && error.code === 'WORKER_CRASHED' && /unreachable/i.test(error.message);
}

function toWorkerConfig(options: FaceKitOptions): Omit<WorkerConfig, 'storeId' | 'wholeRuntime'> {
  const assetsUrl = absolute(options.assetsUrl ?? defaultAssetsUrl(), 'assetsUrl');
  const { migrate } = options;
  return {
    assetsUrl: assetsUrl.endsWith('/') ? assetsUrl : `${assetsUrl}/`,
    backend: options.backend ?? 'auto',
    threads: options.threads ?? 'auto',
    models: options.models ?? 'default',
    embedder: options.embedder ?? 'auto',
    database: options.database ?? 'inface',
    autoTrain: options.autoTrain ?? true,
    migrateGraceMs:
      migrate === false ? null : DAY_MS * (typeof migrate === 'object' ? migrate.graceDays : DEFAULT_GRACE_DAYS),
    audit: options.audit ?? true,
  };
}

/** @throws InfaceError `ENVIRONMENT_UNSUPPORTED` */
function assertPage(): void {
  if (typeof document === 'undefined') {
    throw new InfaceError(
      'ENVIRONMENT_UNSUPPORTED',
      'createFaceKit() needs a page, and there is no document here. Call it in the browser only, not on a server or in a worker.',
    );
  }
  if (origin === 'null') {
    throw new InfaceError(
      'ENVIRONMENT_UNSUPPORTED',
      'This page has no origin, so that it can neither start a worker nor store anything. Open it from a server, and give a ' +
        'frame with `sandbox` also `allow-same-origin`.',
    );
  }
  if (!isSecureContext) {
    throw new InfaceError(
      'ENVIRONMENT_UNSUPPORTED',
      `Browsers do not let a page of ${location.origin} verify files and encrypt data. Open it over https or on localhost.`,
    );
  }
}

/**
 * Returns the default of `assetsUrl`. It is relative to `<base href>`, the root of a single-page app, because the
 * address of the page changes with its routes.
 */
function defaultAssetsUrl(): URL {
  return new URL('inface/', document.querySelector('base[href]') ? document.baseURI : `${location.origin}/`);
}

/** Returns the storage manager, which WebKitGTK does not have. */
function storageManager(): StorageManager | undefined {
  return (navigator as { storage?: StorageManager }).storage;
}

/**
 * Resolves a URL against the page. Rejects other origins, because no data may leave the page's origin, and browsers
 * refuse a worker from another one.
 */
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

/** Calls a listener of the application. Reports its errors, which must not break the kit. */
function callListener<P>(listener: ((value: P) => void) | undefined, value: P): void {
  try {
    listener?.(value);
  } catch (error) {
    reportError(error);
  }
}
