/** Starts, calls and ends a worker. No other module calls `Comlink.wrap`. */
import * as Comlink from 'comlink';
import { fromWire, InfaceError } from '../../api/errors.js';
import type { Reply, WorkerApi, WorkerConfig, WorkerNotice, WorkerOperations } from '../../wire/worker.js';
import { createWorker } from './worker-script.js';

/** Time for a worker to load its script and to answer. */
const HELLO_TIMEOUT_MS = 60_000;

/** A running worker with loaded models. Its methods reject when it ends, with the reason for the end. */
export interface Connection {
  /** Calls an operation of the worker. @param frames the bitmaps in `args`, which are transferred */
  call<K extends keyof WorkerOperations>(
    callId: number,
    owner: string | null,
    operation: K,
    args: Parameters<WorkerOperations[K]>,
    frames: readonly ImageBitmap[],
  ): Promise<Reply<Awaited<ReturnType<WorkerOperations[K]>>>>;
  abort(callId: number): void;
  /** Waits until the worker has finished its transactions and released its sessions. */
  close(): Promise<void>;
  /** Terminates the worker immediately. */
  end(reason: InfaceError): void;
  /** Rejects with the reason when the worker ends; never resolves. */
  readonly ended: Promise<never>;
}

/**
 * Starts a worker and loads its models.
 * @param workerUrl URL of `worker.js`, or `null` to let the bundler find it
 * @param callId id of the start, which the worker handles like a call
 * @throws InfaceError as `createFaceKit`; or the reason of `signal`
 */
export async function startWorker(
  workerUrl: string | null,
  config: WorkerConfig,
  onNotice: (notice: WorkerNotice) => void,
  callId: number,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  signal?.throwIfAborted();
  const script = createWorker(workerUrl);
  const { worker } = script;
  const remote = Comlink.wrap<WorkerApi>(worker);

  const waiting = new AbortController();
  let rejectEnded: (reason: unknown) => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    rejectEnded = reject;
  });
  // Between two calls, nothing else handles the rejection.
  ended.catch(() => undefined);
  const end = (reason: unknown) => {
    if (waiting.signal.aborted) return;
    waiting.abort();
    remote[Comlink.releaseProxy]();
    worker.terminate();
    rejectEnded(reason);
  };
  const crash = (what: string) => {
    end(new InfaceError('WORKER_CRASHED', `The worker ended: ${what}. The next call starts a new one.`));
  };
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    // A script that runs reports its errors with a message.
    if (event.message) crash(event.message);
    else void script.whyNotLoaded().then(end);
  });
  worker.addEventListener('messageerror', () => {
    crash('a message could not be read');
  });
  /** Rejects when the worker ends, because comlink leaves the promises of a dead worker pending forever. */
  const alive = <T>(answer: Promise<T>): Promise<T> => Promise.race([answer, ended]);

  const onAbort = () => {
    end(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort);
  try {
    const lifeLock = `inface-worker-${crypto.randomUUID()}`;
    const timeout = setTimeout(() => {
      crash(`it did not answer within ${HELLO_TIMEOUT_MS / 1000} s`);
    }, HELLO_TIMEOUT_MS);
    const version = await alive(remote.hello(lifeLock)).finally(() => {
      clearTimeout(timeout);
    });
    script.loaded();
    if (version !== __INFACE_VERSION__) {
      throw new InfaceError(
        'WORKER_CRASHED',
        `The worker is version ${version} of inface, the page version ${__INFACE_VERSION__}. Serve the worker.js of this version.`,
      );
    }
    waitForEnd(lifeLock, waiting.signal, () => {
      crash('it was terminated or ran out of memory');
    }).catch(() => undefined);
    const reply = await alive<Reply<void>>(remote.start(callId, config, Comlink.proxy(onNotice)));
    if (!reply.ok) throw fromWire(reply.error);
  } catch (error) {
    end(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }

  return {
    ended,
    end,
    async call(id, owner, operation, args, frames) {
      // comlink's types lose the relation between an operation and its arguments that WorkerApi declares.
      const send = remote.call as unknown as (...values: unknown[]) => Promise<Reply<never>>;
      try {
        return await alive(send(id, owner, operation, Comlink.transfer(args, [...frames])));
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
        throw new InfaceError(
          'INVALID_INPUT',
          `An argument cannot be sent to the worker: ${error.message} An image of another origin needs CORS headers.`,
          { cause: error },
        );
      }
    },
    abort(id) {
      void remote.abort(id);
    },
    async close() {
      await alive<Reply<void>>(remote.close());
    },
  };
}

/**
 * Calls `onEnd` when the worker's lock is released, which happens when the worker ends. Rejects where the browser denies
 * locks together with storage.
 */
async function waitForEnd(lifeLock: string, signal: AbortSignal, onEnd: () => void): Promise<void> {
  // After the data of the site was cleared, this page and a new worker have different locks. A lock that the page does
  // not see as held is not a sign of the worker's end.
  const { locks } = navigator;
  const { held } = await locks.query();
  if (held?.some(({ name }) => name === lifeLock)) await locks.request(lifeLock, { signal }, onEnd);
}
