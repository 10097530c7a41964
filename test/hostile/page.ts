/** The page that is attacked: the built kit, and its REST handler as a service worker calls it. */
import type * as api from '../../src/index.js';
import type * as rest from '../../src/client/rest/rest.js';
import type { HostileRequest, Wanted } from './bodies.js';

/** How the requests ended. */
export interface RequestsReport {
  /** Longest time from a request to its answer. */
  readonly slowest: { readonly ms: number; readonly kind: string };
  readonly bytes: number;
  /** Number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Number of collections that were created. */
  readonly created: number;
  /** Answers that are wrong, in words. */
  readonly wrong: readonly string[];
}

export interface TrackersReport {
  /** Milliseconds until the frames that were taken were done. */
  readonly takenMs: readonly number[];
  /** Milliseconds until the others were refused, and the codes. */
  readonly refusedMs: readonly number[];
  readonly codes: readonly string[];
  /** Milliseconds until one more tracker was refused while the others were quiet. */
  readonly oneMoreMs: number;
  readonly oneMoreCode: string | null;
}

/** The functions that the page exposes; arguments and results are JSON values. */
export interface HostilePage {
  /**
   * Sends the requests with the numbers from `from` to below `to`, and marks each with its kind in the performance timeline.
   * @param atOnce number of requests that are pending at the same time
   */
  readonly send: (from: number, to: number, atOnce: number, wanted: Omit<Wanted, 'number'>) => Promise<RequestsReport>;
  /** Counts what is stored, and checks that the kit works. */
  readonly check: (
    photo: string,
  ) => Promise<{ readonly profiles: number; readonly collections: number; readonly faces: number }>;
  /** Gives each of so many trackers so many frames at the same time. */
  readonly track: (trackers: number, frames: number, photo: string) => Promise<TrackersReport>;
  /** Fetches the file that the following functions open. */
  readonly fetchFile: (url: string) => Promise<void>;
  /** Detects faces in the file. @returns the code of the refusal, or `null` */
  readonly detect: () => Promise<string | null>;
  /** Decodes the file as a page without the kit would. @returns whether that was possible */
  readonly decode: () => Promise<boolean>;
}

const KIT_URL = '/kit/index.js';
const REST_URL = '/kit/rest.js';

const { createFaceKit } = (await import(/* @vite-ignore */ KIT_URL)) as typeof api;
const { createRestHandler } = (await import(/* @vite-ignore */ REST_URL)) as typeof rest;
const options = {
  assetsUrl: '/assets/',
  database: 'inface-hostile',
  backend: 'wasm',
  threads: 1,
  autoTrain: false,
} as const;
const kit = await createFaceKit(options);
const handler = createRestHandler(kit, { requestsPerMinute: 1_000_000 });
const { secret } = await kit.apiKeys.create({ name: 'hostile' });
const maker = new Worker(new URL('./bodies.ts', import.meta.url), { type: 'module' });
let file = new Blob();

const codeOf = (call: Promise<unknown>): Promise<string | null> =>
  call.then(
    () => null,
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );

/** A stream of a body that fails after its first bytes. */
function breakingOff(body: Blob): ReadableStream {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(await body.slice(0, 1_000).arrayBuffer()));
      controller.error(new Error('The connection is gone.'));
    },
  });
}

function toRequest({ method, path, headers, body, breaksOff }: HostileRequest, key: string): Request {
  const init = { method, body: body && breaksOff ? breakingOff(body) : body, duplex: 'half' };
  const request = new Request(`${location.origin}/v1${path}`, init);
  request.headers.set('x-api-key', key);
  for (const [name, value] of headers) request.headers.set(name, value);
  return request;
}

const hostilePage: HostilePage = {
  async send(from, to, atOnce, wanted) {
    const make = (number: number) =>
      new Promise<HostileRequest>((resolve, reject) => {
        maker.onmessage = ({ data }: MessageEvent<HostileRequest>) => resolve(data);
        maker.onerror = ({ message }) => reject(new Error(message));
        maker.postMessage({ ...wanted, number } satisfies Wanted);
      });
    let slowest: RequestsReport['slowest'] = { ms: 0, kind: '' };
    let [bytes, created] = [0, 0];
    const statuses: Record<string, number> = {};
    const wrong: string[] = [];

    const ask = async (hostile: HostileRequest) => {
      const { kind, isGood, method, path, body } = hostile;
      const started = performance.mark(kind).startTime;
      const response = await handler(toRequest(hostile, secret));
      const { success } = (await response.json()) as { readonly success: boolean };
      const ms = performance.now() - started;
      if (ms > slowest.ms) slowest = { ms, kind };
      const { status } = response;
      statuses[status] = (statuses[status] ?? 0) + 1;
      const isRefused = status >= 400 && status < 500 && !success;
      if (isGood ? status !== 200 || !success : !isRefused) wrong.push(`${kind}, ${method} ${path}: ${status}`);
      if (isGood && method === 'POST' && path === '/collection') created++;
      bytes += body?.size ?? 0;
    };

    for (let first = from; first < to; first += atOnce) {
      const group: HostileRequest[] = [];
      for (let i = first; i < Math.min(to, first + atOnce); i++) group.push(await make(i));
      await Promise.all(group.map(ask));
    }
    performance.clearMarks();
    return { slowest, bytes, statuses, created, wrong };
  },

  async check(photo) {
    const { profileCount: profiles, collectionCount: collections } = await kit.info();
    const { faces } = await kit.detect(await (await fetch(photo)).blob());
    return { profiles, collections, faces: faces.length };
  },

  async track(count, frames, photo) {
    const bitmap = await createImageBitmap(await (await fetch(photo)).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    // The first frames compile the models.
    const first = kit.createTracker();
    for (let i = 0; i < 3; i++) await first.update(canvas);
    await first.close();
    const trackers = Array.from({ length: count }, () => kit.createTracker());
    const started = performance.now();
    const [takenMs, refusedMs, codes]: [number[], number[], string[]] = [[], [], []];
    const update = async (tracker: api.FaceTracker) => {
      const code = await codeOf(tracker.update(canvas));
      (code === null ? takenMs : refusedMs).push(performance.now() - started);
      if (code !== null) codes.push(code);
    };
    await Promise.all(trackers.flatMap((tracker) => Array.from({ length: frames }, () => update(tracker))));
    // Each of those that were taken follows faces of the last 3 s.
    const taken = trackers.slice(0, takenMs.length / frames);
    const again = taken.map((tracker) => tracker.update(canvas));
    const asked = performance.now();
    const oneMoreCode = await codeOf(kit.createTracker().update(canvas));
    const oneMoreMs = performance.now() - asked;
    await Promise.all(again);
    for (const tracker of trackers) await tracker.close();
    return { takenMs, refusedMs, codes, oneMoreMs, oneMoreCode };
  },

  async fetchFile(url) {
    file = await (await fetch(url)).blob();
  },
  detect: () => codeOf(kit.detect(file)),
  decode: async () => (await codeOf(createImageBitmap(file))) === null,
};

Object.assign(globalThis, { evalPage: hostilePage });
