/**
 * A page with a service worker that mounts the REST facade. With `?kit` it holds a kit and serves; with `?mute` it takes
 * requests and never answers. Its title is `ready` when it is.
 */
import { createRestHandler, serveRest, type RestHandler, type RestOptions } from '../../../src/client/rest/rest.js';
import { createFaceKit, type ApiScope, type FaceKit, type Point } from '../../../src/index.js';
import sampleFaces from '../../fixtures/sample-faces.json' with { type: 'json' };
import { createExamples, type Fetch } from './examples.js';

export type Way = 'handler' | 'service worker';

async function controlled(): Promise<void> {
  await navigator.serviceWorker.register('service-worker.js', { type: 'module' });
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
}

/** A square around a face, its side a part of the photo's height, drawn at a scale. */
async function portrait(photo: Blob, center: Point, part: number, scale: number): Promise<Blob> {
  const bitmap = await createImageBitmap(photo);
  const side = Math.round(bitmap.height * part);
  const canvas = new OffscreenCanvas(Math.round(side * scale), Math.round(side * scale));
  const left = Math.min(Math.max(0, center.x - side / 2), bitmap.width - side);
  const top = Math.min(Math.max(0, center.y - side / 2), bitmap.height - side);
  canvas.getContext('2d')?.drawImage(bitmap, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
}

async function converted(photo: Blob, type: string): Promise<Blob> {
  const bitmap = await createImageBitmap(photo);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type });
}

async function toBase64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The files that the examples open. */
async function loadFiles(): Promise<Map<string, { readonly blob: Blob; readonly base64: string }>> {
  const photo = async (number: number) => (await fetch(`sample${number}.jpg`)).blob();
  const first = await photo(1);
  const john = (sampleFaces[0] as [Point])[0];
  const other = await photo(6);
  const stranger = (sampleFaces[5] as [Point])[0];
  const files: Record<string, Blob> = {
    'real_1.jpg': other,
    'real_1.png': await converted(other, 'image/png'),
    'real_1.webp': await converted(other, 'image/webp'),
    'fake_1.jpg': other,
    'stranger.jpg': await portrait(other, stranger, 0.5, 1),
    // The corner of a photo, where nobody is.
    'nobody.jpg': await portrait(other, { x: 0, y: 0 }, 0.1, 1),
    'broken.jpg': first.slice(0, 1000),
  };
  for (const [i, [part, scale]] of (
    [
      [0.6, 1],
      [0.55, 1],
      [0.5, 1],
      [0.6, 0.9],
      [0.55, 0.8],
    ] as const
  ).entries()) {
    files[`${i}.jpg`] = await portrait(first, john, part, scale);
  }
  const loaded = new Map<string, { blob: Blob; base64: string }>();
  for (const [name, blob] of Object.entries(files)) loaded.set(name, { blob, base64: await toBase64(blob) });
  return loaded;
}

/** An answer as plain data. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly data: unknown; readonly message?: string | null; readonly success: boolean };
}

/** What the tests use, as `harness` of the window. */
export interface Harness {
  readonly kit: FaceKit;
  /** Stands for `fetch`. */
  readonly fetchBy: (way: Way) => Fetch;
  readonly createKey: (scopes?: readonly ApiScope[]) => Promise<string>;
  readonly examples: (way: Way, apiKey: string) => ReturnType<typeof createExamples>;
  readonly read: (response: Response | Promise<Response>) => Promise<Reply>;
  readonly file: (name: string) => Blob;
  readonly base64: (name: string) => string;
  /** Serves with other options, or another kit, from now on. */
  readonly serve: (options: RestOptions, kit?: FaceKit) => void;
  readonly stop: () => void;
}

async function start(): Promise<void> {
  await controlled();
  const query = new URLSearchParams(location.search);
  if (query.has('mute')) {
    serveRest(() => {
      document.title = 'took a request';
      return new Promise(() => undefined);
    });
  }
  if (query.has('kit')) {
    const files = await loadFiles();
    const file = (name: string) => {
      const found = files.get(name);
      if (!found) throw new Error(`no file ${name}`);
      return found;
    };
    const kit = await createFaceKit({ assetsUrl: './', backend: 'wasm' });
    let rest: RestHandler = createRestHandler(kit);
    let stop = serveRest(rest);
    const harness: Harness = {
      kit,
      fetchBy: (way) =>
        way === 'handler' ? (url, init) => rest(new Request(url, init)) : (url, init) => fetch(url, init),
      createKey: async (scopes) => (await kit.apiKeys.create({ name: 'test', ...(scopes ? { scopes } : {}) })).secret,
      examples: (way, apiKey) =>
        createExamples(
          harness.fetchBy(way),
          apiKey,
          (name) => file(name).blob,
          (name) => file(name).base64,
        ),
      read: async (response) => {
        const answer = await response;
        const headers = Object.fromEntries(answer.headers);
        return { status: answer.status, headers, body: (await answer.json()) as Reply['body'] };
      },
      file: (name) => file(name).blob,
      base64: (name) => file(name).base64,
      serve: (options, other = kit) => {
        stop();
        rest = createRestHandler(other, options);
        stop = serveRest(rest);
      },
      stop: () => stop(),
    };
    Object.assign(globalThis, { harness });
  }
  document.title = document.title === 'starting' ? 'ready' : document.title;
}

await start();
