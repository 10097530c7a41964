/** The worker's life: started, killed, restarted, aborted, closed. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFaceKit, InfaceError, type LoadProgress } from '../../src/index.js';
import { ASSETS_URL, dropDatabase, samplePhoto, testKit } from './support.js';

const RealWorker = globalThis.Worker;
/** Every worker that a test started, so that it can be killed. */
const workers: Worker[] = [];
/** Workers whose answers are kept from the kit, so that its calls stay pending, each with what to do at an answer. */
const muted = new Map<Worker, () => void>();

beforeEach(() => {
  globalThis.Worker = class extends RealWorker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
      // Registered before the kit's own listener.
      this.addEventListener('message', (event) => {
        const onAnswer = muted.get(this);
        if (onAnswer === undefined) return;
        event.stopImmediatePropagation();
        onAnswer();
      });
    }
  };
});
afterEach(() => {
  globalThis.Worker = RealWorker;
  workers.length = 0;
  muted.clear();
  vi.restoreAllMocks();
});

const error = (code: string, message: RegExp) =>
  expect.objectContaining({ name: 'InfaceError', code, message: expect.stringMatching(message) as string }) as unknown;

/** Keeps all that the worker says from the kit; resolves when it has answered a call, which the kit waits for still. */
function mute(worker: Worker): Promise<void> {
  return new Promise((resolve) => muted.set(worker, resolve));
}

/** Calls `then` once, right after the page has posted its next message, which a worker handles before any later one. */
function afterNextMessage(worker: Worker, then: () => void): void {
  const post = worker.postMessage.bind(worker) as (...args: unknown[]) => void;
  worker.postMessage = (...args: unknown[]) => {
    worker.postMessage = post;
    post(...args);
    then();
  };
}

describe('a worker', () => {
  it('that is killed rejects what is pending, and the next call starts another with all that was stored', async () => {
    const kit = await testKit();
    const photo = await samplePhoto(6);
    const { id } = await kit.collections.create('Home');
    const first = workers.at(-1) as Worker;
    const answered = mute(first);
    const pending = [kit.detect(photo), kit.identify(photo, id), kit.detect(photo)].map((call) =>
      call.catch((reason: unknown) => reason),
    );
    await answered;
    first.terminate();
    const crashed = error('WORKER_CRASHED', /worker ended: it was terminated/);
    expect(await Promise.all(pending)).toEqual([crashed, crashed, crashed]);
    expect(await kit.collections.list()).toMatchObject([{ id, name: 'Home' }]);
    expect((await kit.detect(photo)).faces).toHaveLength(4);
    expect(workers).toHaveLength(2);
  });

  it('that is denied locks and storage keeps everything in memory until it ends, and says so', async () => {
    const denied = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'));
    vi.spyOn(navigator.locks, 'request').mockImplementation(denied);
    vi.spyOn(navigator.locks, 'query').mockImplementation(denied);
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    });
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    });
    const kit = await testKit({
      autoTrain: true,
      workerUrl: `${new URL('./denied-worker.ts', import.meta.url).href}?worker_file&type=module`,
    });
    expect(await kit.info()).toMatchObject({ storage: 'none', profileCount: 0, migration: [] });
    const photo = await samplePhoto(6);
    const { id } = await kit.collections.create('Home');
    const [anna, again] = await Promise.all(
      ['Anna', 'Again'].map((name) => kit.enroll([{ image: photo, face: 'largest' }], { name, collectionId: id })),
    );
    // Its own locks keep a double click from making two people.
    expect([anna?.outcome, again?.outcome].sort()).toEqual(['enrolled', 'rejected']);
    const { faces } = await kit.identify(photo, id);
    expect(faces.filter(({ outcome }) => outcome === 'identified')).toHaveLength(1);
    await kit.train(id);
    await kit.vault.setPassphrase('correct horse');
    await kit.vault.lock();
    await expect(kit.identify(photo, id)).rejects.toEqual(error('VAULT_LOCKED', /unlock/));
    await kit.vault.unlock('correct horse');
    const backup = await kit.backup.export('correct horse');
    expect(await kit.info()).toMatchObject({ profileCount: 1, templateCount: 1, collectionCount: 1 });

    const lost = new Promise((resolve) => kit.on('storage-lost', resolve));
    (workers.at(-1) as Worker).dispatchEvent(new ErrorEvent('error', { message: 'boom', cancelable: true }));
    await expect(kit.collections.create('Home')).rejects.toEqual(error('STORAGE_LOST', /deleted/));
    await lost;
    expect(await kit.backup.import(backup, 'correct horse')).toMatchObject({ profiles: { added: 1 } });
    expect(await kit.profiles.list()).toMatchObject([{ name: expect.stringMatching(/^A/) as string }]);
  });

  it('whose lock the page does not see, as after the data of the site was cleared, is not taken for dead', async () => {
    const { locks } = navigator;
    vi.spyOn(locks, 'query').mockResolvedValue({ held: [], pending: [] });
    // Nobody holds the lock, so that it is granted at once.
    vi.spyOn(locks, 'request').mockImplementation((_name: string, ...rest: unknown[]) =>
      Promise.resolve((rest.at(-1) as LockGrantedCallback<unknown>)(null)),
    );
    const kit = await testKit();
    expect(await kit.info()).toMatchObject({ storage: 'indexeddb', profileCount: 0 });
  });

  it('that is killed between two calls is noticed, and calls at the same time start only one', async () => {
    const kit = await testKit();
    (workers.at(-1) as Worker).terminate();
    // The first call may still meet the dead worker.
    await kit.info().catch((reason: unknown) => expect(reason).toEqual(error('WORKER_CRASHED', /terminated/)));
    const before = workers.length;
    await Promise.all([kit.info(), kit.profiles.list(), kit.collections.list()]);
    expect(workers.length).toBeLessThanOrEqual(Math.max(before, 2));
    expect(workers).toHaveLength(2);
  });

  it('that fails in its own code is replaced', async () => {
    const kit = await testKit();
    const worker = workers.at(-1) as Worker;
    const photo = await samplePhoto(1);
    const answered = mute(worker);
    const call = kit.detect(photo).catch((reason: unknown) => reason);
    await answered;
    worker.dispatchEvent(new ErrorEvent('error', { message: 'boom', cancelable: true }));
    expect(await call).toEqual(error('WORKER_CRASHED', /worker ended: boom/));
    expect(await kit.info()).toMatchObject({ live: { frames: 0, sessions: 3 } });
  });

  it('is not started when its script is missing, or of another origin', async () => {
    const missing = createFaceKit({ assetsUrl: ASSETS_URL, workerUrl: '/no-such-worker.js' });
    await expect(missing).rejects.toEqual(
      error('WORKER_LOAD_FAILED', /no-such-worker\.js could not be loaded: .*(404|text\/html).*'workerUrl'/),
    );
    const foreign = createFaceKit({ assetsUrl: 'https://cdn.example/inface/' });
    await expect(foreign).rejects.toEqual(error('INVALID_INPUT', /'assetsUrl' must be of this page's origin/));
    await expect(createFaceKit({ assetsUrl: 'http://' })).rejects.toEqual(error('INVALID_INPUT', /must be a URL/));
    await expect(createFaceKit({ threads: 0 })).rejects.toEqual(
      error('INVALID_INPUT', /'threads' must be a whole number/),
    );
    await expect(createFaceKit({ backend: 'cuda' as never })).rejects.toEqual(
      error('INVALID_INPUT', /auto, webgpu, wasm/),
    );
  });

  it('says which policy forbids its script', async () => {
    const blocked = createFaceKit({ assetsUrl: ASSETS_URL, workerUrl: '/no-such-worker.js' });
    const violation = { effectiveDirective: 'worker-src', blockedURI: 'https://kiosk.example/worker.js' };
    document.dispatchEvent(new SecurityPolicyViolationEvent('securitypolicyviolation', violation));
    await expect(blocked).rejects.toEqual(error('WORKER_LOAD_FAILED', /does not allow .*kiosk\.example.*worker-src/));

    vi.stubGlobal('Worker', function () {
      throw new TypeError('This document requires TrustedScriptURL assignment');
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const refused = createFaceKit({ assetsUrl: ASSETS_URL });
    await expect(refused).rejects.toEqual(error('ENVIRONMENT_UNSUPPORTED', /TrustedScriptURL.*default policy/));
  });

  it('does not start on a page that is not secure', async () => {
    vi.stubGlobal('isSecureContext', false);
    onTestFinished(() => void vi.unstubAllGlobals());
    await expect(createFaceKit()).rejects.toEqual(error('ENVIRONMENT_UNSUPPORTED', /over https or on localhost/));
  });

  it('says what is wrong when the assets are not there', async () => {
    const started = createFaceKit({ assetsUrl: new URL('/nowhere/', location.href), backend: 'wasm' });
    await expect(started).rejects.toEqual(error('MODEL_LOAD_FAILED', /\/nowhere\/models\/manifest.json/));
  });

  it('looks for the assets under the root of the site, or under the base of the page', async () => {
    // The server of the tests has them there, for the examples of the documentation.
    const kit = await createFaceKit({ backend: 'wasm', database: 'root' });
    await kit.close();
    await dropDatabase('root');
    const base = document.head.appendChild(Object.assign(document.createElement('base'), { href: '/app/' }));
    try {
      const underBase = /\/\/[^/]+\/app\/inface\/models\/manifest.json.*'assetsUrl'/;
      await expect(createFaceKit({ backend: 'wasm' })).rejects.toEqual(error('MODEL_LOAD_FAILED', underBase));
    } finally {
      base.remove();
    }
  });
});

describe('an abort', () => {
  it('ends a call before and while it runs, with the reason of the signal', async () => {
    const kit = await testKit();
    const photo = await samplePhoto(6);
    const reason = new Error('enough');
    await expect(kit.detect(photo, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const controller = new AbortController();
    const calls = Array.from({ length: 5 }, () => kit.detect(photo, { signal: controller.signal }));
    const unharmed = kit.detect(photo);
    controller.abort(reason);
    for (const result of await Promise.allSettled(calls)) expect(result).toEqual({ status: 'rejected', reason });
    expect((await unharmed).faces).toHaveLength(4);

    const plain = new AbortController();
    const aborted = kit.enroll([{ image: photo, face: 'largest' }], { signal: plain.signal });
    plain.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(await kit.profiles.list()).toEqual([]);
    expect((await kit.info()).live).toMatchObject({ frames: 0, sessions: 3 });
  });

  it('reaches a worker that computes, which then stores nothing', async () => {
    const kit = await testKit();
    const bitmap = await createImageBitmap(await samplePhoto(6));
    const warm = { image: bitmap, face: 'largest' } as const;
    // Loads what a first call loads, so that the aborted calls spend their time on inference alone.
    await kit.detect(bitmap);
    for (const start of [
      (signal: AbortSignal) => kit.detect(bitmap, { search: 'tiles', signal }),
      (signal: AbortSignal) => kit.enroll([warm, warm, warm], { policy: 'off', signal }),
    ]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      afterNextMessage(workers.at(-1) as Worker, () => {
        controller.abort(reason);
      });
      await expect(start(controller.signal)).rejects.toBe(reason);
    }
    expect(await kit.profiles.list()).toEqual([]);
    bitmap.close();
  });

  it('ends the start', async () => {
    const reason = new Error('enough');
    const options = { assetsUrl: ASSETS_URL, backend: 'wasm' } as const;
    await expect(createFaceKit({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const starting = createFaceKit({
      ...options,
      database: `test-${crypto.randomUUID()}`,
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await expect(starting).rejects.toBe(reason);
  });
});

describe('close', () => {
  it('lets go of everything, once and for all', async () => {
    const kit = await testKit();
    const photo = await samplePhoto(6);
    const call = kit.detect(photo).catch((reason: unknown) => reason);
    await Promise.all([kit.close(), kit.close()]);
    expect(await call).toEqual(error('CLOSED', /closed/));
    await expect(kit.detect(photo)).rejects.toEqual(error('CLOSED', /createFaceKit/));
    await expect(kit.profiles.list()).rejects.toBeInstanceOf(InfaceError);
    await kit.close();
    expect(workers).toHaveLength(1);
  });
});

describe('several kits', () => {
  it('work side by side on one database', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [a, b] = await Promise.all([testKit({ database }), testKit({ database })]);
    const created = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b).collections.create(`Collection ${i}`)),
    );
    const ids = created.map(({ id }) => id).sort();
    expect((await a.collections.list()).map(({ id }) => id).sort()).toEqual(ids);
    expect((await b.collections.list()).map(({ id }) => id).sort()).toEqual(ids);
  });

  it('report progress, and go on when the listener throws', async () => {
    const seen: LoadProgress[] = [];
    const reported: unknown[] = [];
    const onError = (event: ErrorEvent) => {
      event.preventDefault();
      reported.push(event.error);
    };
    addEventListener('error', onError);
    const failure = new Error('in the listener');
    const kit = await testKit({
      onProgress: (progress) => {
        seen.push(progress);
        throw failure;
      },
    });
    removeEventListener('error', onError);
    expect(reported).toContain(failure);
    expect(seen.at(-1)?.loaded).toBe(seen.at(-1)?.total);
    expect(seen.at(-1)?.total).toBeGreaterThan(__ORT__.cut.bytes);
    expect((await kit.detect(await samplePhoto(1))).faces).toHaveLength(3);
  });
});
