/**
 * The demo without a network, and isolated on hosts that send no headers.
 *
 * A version is a list of files with their hashes, written in front of this script by the build. Each version has a cache of its
 * own and answers from it alone: files of two versions are never mixed. The first visit stores the page, and the page asks for the
 * rest when its models run; an update stores everything before it may take over, which it does when it is told to and only one
 * tab is open, or when none is.
 */
import type { FromPage, PrecacheList, Progress } from './messages.js';

declare const self: ServiceWorkerGlobalScope & { readonly __PRECACHE__: PrecacheList };

const PREFIX = 'inface-demo-';
const { version, files } = self.__PRECACHE__;
const CACHE = PREFIX + version;
const SCOPE = self.registration.scope;
const byUrl = new Map(files.map((file) => [new URL(file.path, SCOPE).href, file]));
/** What the page itself is made of; models and sample photos come when the models run. */
const isShell = (path: string) => !/^(models|ort|self-test)\//.test(path);

const HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
};

self.addEventListener('install', (event) => {
  event.waitUntil(install());
});
self.addEventListener('activate', (event) => {
  event.waitUntil(takeOver());
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(SCOPE)) return;
  // So the kit asks for the wasm that it has a copy of, should that fail: browsers keep machine code beside the files of their
  // own cache, and none beside what comes from here. Navigations back and forward are of the same mode.
  if (request.cache === 'force-cache' && request.url.endsWith('.wasm')) return;
  event.respondWith(answer(request));
});
self.addEventListener('message', (event) => {
  const [port] = event.ports;
  const message = event.data as FromPage;
  if (!port) return;
  event.waitUntil(message.type === 'fill' ? fillFor(port, message.skip) : activate(port));
});

async function install(): Promise<void> {
  const before = await olderPaths();
  const wanted = before.size === 0 ? files.filter(({ path }) => isShell(path)) : files.filter(isWanted(before));
  await fill(wanted, () => undefined);
  // Nobody is served by another version yet.
  if (self.registration.active === null) await self.skipWaiting();
}

/** Of an update: the page, the models, and of the runtimes the one that this device uses. */
function isWanted(before: ReadonlySet<string>): (file: PrecacheList['files'][number]) => boolean {
  return ({ path }) => !path.startsWith('ort/') || before.has(path);
}

async function olderPaths(): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === CACHE) continue;
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) paths.add(url.slice(SCOPE.length));
  }
  return paths;
}

async function takeOver(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

async function fillFor(port: MessagePort, skip: readonly string[]): Promise<void> {
  const report = (progress: Progress) => {
    port.postMessage(progress);
  };
  try {
    await fill(
      files.filter(({ path }) => !skip.includes(path)),
      (done) => report({ done, failed: false }),
    );
    report({ done: 1, failed: false });
  } catch {
    report({ done: 0, failed: true });
  }
}

/** A page of this version is alone when only it is open: another tab may be served by the version of before. */
async function activate(port: MessagePort): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const isAlone = pages.length <= 1;
  port.postMessage(isAlone);
  if (isAlone) await self.skipWaiting();
}

/** Stores files, one after the other. @param report share that is done, 0..1 */
async function fill(wanted: PrecacheList['files'], report: (share: number) => void): Promise<void> {
  const cache = await caches.open(CACHE);
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of wanted) {
    const url = new URL(file.path, SCOPE).href;
    if (!(await stored(url))) await cache.put(url, await fetchExactly(url, file.sha256));
    done += file.bytes;
    report(done / total);
  }
}

/** In the cache of this version, or in the kit's own, which names a file by its hash. */
async function stored(url: string): Promise<Response | undefined> {
  const file = byUrl.get(url);
  if (!file) return undefined;
  const cache = await caches.open(CACHE);
  return (await cache.match(url)) ?? (await caches.match(`${url}?sha256=${file.sha256}`));
}

/** @throws when the server has another file than this version's */
async function fetchExactly(url: string, sha256: string): Promise<Response> {
  const response = await fetch(url, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  const body = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found !== sha256) throw new Error(`${url} is of another version.`);
  return new Response(body, { headers: { 'Content-Type': response.headers.get('Content-Type') ?? '' } });
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  url.search = url.hash = '';
  // Every view is the one page.
  if (request.mode === 'navigate') url.href = new URL('index.html', SCOPE).href;
  const found = await stored(url.href);
  return withHeaders(found ?? (await fetch(request)));
}

function withHeaders(response: Response): Response {
  if (response.type === 'opaqueredirect' || response.type === 'error') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = response;
  const isEmpty = [101, 204, 205, 304].includes(status);
  return new Response(isEmpty ? null : response.body, { status, statusText, headers });
}
