/** Files of the assets folder: fetched once, with true progress, checked by hash, and kept in the Cache API. */
import { InfaceError } from '../errors.js';
import type { LoadProgress } from '../types.js';

/** A file whose content is known beforehand. */
export interface AssetFile {
  /** Path below the assets folder. */
  readonly path: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

const CACHE_NAME = 'inface-assets';

const HOW_TO_SERVE =
  "Serve the package's folder dist/assets there, or pass its address as 'assetsUrl' to createFaceKit().";

/**
 * Loads files at the same time and reports their common progress. What was cached under the same hash is not fetched.
 * @param assetsUrl absolute, with a slash at the end
 * @throws InfaceError `MODEL_LOAD_FAILED`, `MODEL_INTEGRITY_FAILED`
 */
export async function loadFiles(
  assetsUrl: string,
  files: readonly AssetFile[],
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const cache = await openCache();
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  const report = (file: AssetFile, bytes: number, fromCache: boolean) => {
    loaded += bytes;
    onProgress({ file: file.path, loaded, total, fromCache });
  };
  const entries = await Promise.all(
    files.map(async (file) => {
      const key = cacheKey(assetsUrl, file);
      const cached = await readCached(cache, key, file);
      if (cached) {
        report(file, file.bytes, true);
        return [file.path, cached] as const;
      }
      const bytes = await fetchFile(assetsUrl, file, (count) => report(file, count, false), signal);
      await writeCached(cache, key, bytes);
      return [file.path, bytes] as const;
    }),
  );
  return new Map(entries);
}

/** Drops what is cached of these assets and is none of the files: an older version of them, most often. */
export async function dropOtherFiles(assetsUrl: string, files: readonly AssetFile[]): Promise<void> {
  const wanted = files.map((file) => cacheKey(assetsUrl, file));
  const cache = await openCache();
  try {
    for (const request of (await cache?.keys()) ?? []) {
      const isFile = request.url.startsWith(assetsUrl) && request.url.includes('?sha256=');
      if (isFile && !wanted.includes(request.url)) await cache?.delete(request);
    }
  } catch {
    // Left for the next start.
  }
}

/**
 * Loads a JSON file that changes with a new version: from the network, and from the cache when that cannot be reached.
 * @throws InfaceError `MODEL_LOAD_FAILED`
 */
export async function loadJson(assetsUrl: string, path: string, signal: AbortSignal): Promise<unknown> {
  const url = new URL(path, assetsUrl).href;
  const cache = await openCache();
  const text = await fetchText(url, signal).catch(async (error: unknown) => {
    // A cause means that there was no answer at all; an answer that is wrong must not be hidden by an older one.
    const isUnreachable = error instanceof InfaceError && error.cause !== undefined;
    const cached = isUnreachable ? await cache?.match(url) : undefined;
    if (cached === undefined) throw error;
    return cached.text();
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} is not JSON. ${HOW_TO_SERVE}`);
  }
  await writeCached(cache, url, new TextEncoder().encode(text));
  return json;
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetchChecked(url, signal);
  const text = await response.text();
  rejectHtml(url, text.trimStart().charCodeAt(0));
  return text;
}

/** The file's own address with the hash in the query: another content is another entry. */
function cacheKey(assetsUrl: string, file: AssetFile): string {
  return new URL(`${file.path}?sha256=${file.sha256}`, assetsUrl).href;
}

/** The cache is a help and no need: where it is missing (private mode, http) every start fetches. */
async function openCache(): Promise<Cache | null> {
  try {
    return await caches.open(CACHE_NAME);
  } catch {
    return null;
  }
}

async function readCached(cache: Cache | null, key: string, file: AssetFile): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const response = await cache?.match(key);
    if (response === undefined) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256(bytes)) === file.sha256) return bytes;
    await cache?.delete(key);
  } catch {
    // A cache that cannot be read is like an empty one.
  }
  return null;
}

async function writeCached(cache: Cache | null, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await cache?.put(key, new Response(bytes));
  } catch {
    // A full disk must not keep the kit from starting.
  }
}

async function fetchFile(
  assetsUrl: string,
  file: AssetFile,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(file.path, assetsUrl).href;
  const response = await fetchChecked(url, signal);
  const bytes = new Uint8Array(file.bytes);
  let length = 0;
  try {
    for (const reader = (response.body ?? new Blob().stream()).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (length === 0) rejectHtml(url, value[0]);
      if (length + value.length > bytes.length) {
        await reader.cancel();
        throw wrongContent(url, `more than ${file.bytes} bytes`, `${file.bytes} bytes`);
      }
      bytes.set(value, length);
      length += value.length;
      onBytes(value.length);
    }
  } catch (cause) {
    if (cause instanceof InfaceError || signal.aborted) throw cause;
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} broke off after ${length} bytes. Try again.`, { cause });
  }
  if (length !== bytes.length) throw wrongContent(url, `${length} bytes`, `${file.bytes} bytes`);
  const hash = await sha256(bytes);
  if (hash !== file.sha256) throw wrongContent(url, `SHA-256 ${hash}`, file.sha256);
  return bytes;
}

async function fetchChecked(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal, credentials: 'same-origin' });
  } catch (cause) {
    if (signal.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} could not be fetched (${reason}). ${HOW_TO_SERVE}`, { cause });
  }
  if (!response.ok) {
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} answered ${response.status}. ${HOW_TO_SERVE}`);
  }
  return response;
}

/** Servers of single-page applications answer a missing file with their index page: say so instead of failing later. */
function rejectHtml(url: string, firstByte: number | undefined): void {
  if (firstByte !== '<'.charCodeAt(0)) return;
  throw new InfaceError('MODEL_LOAD_FAILED', `${url} is a web page and not the file itself. ${HOW_TO_SERVE}`);
}

function wrongContent(url: string, got: string, wanted: string): InfaceError {
  return new InfaceError(
    'MODEL_INTEGRITY_FAILED',
    `${url} is not the file that was expected: it has ${got}, expected was ${wanted}. ` +
      'Copy the assets of the installed version again.',
  );
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // Absent on plain http pages, whatever the type says.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (!subtle) {
    throw new InfaceError('MODEL_INTEGRITY_FAILED', 'Files can be checked on https pages and localhost only.');
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
