/**
 * Loads files of the assets folder. Fetches each once, reports progress in bytes, verifies its hash, and keeps it in
 * the Cache API.
 */
import { InfaceError } from '../../api/errors.js';
import type { LoadProgress } from '../../api/runtime.js';

/** A file whose content is known in advance. */
export interface AssetFile {
  /** Path below the assets folder. */
  readonly path: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

const CACHE_NAME = 'inface-assets';

const HOW_TO_SERVE =
  "Serve what 'npx inface assets DIR' copies there, or pass its URL as 'assetsUrl' to createFaceKit().";

/** A loader of asset files. */
export interface Assets {
  /** @throws InfaceError `MODEL_LOAD_FAILED`, `MODEL_INTEGRITY_FAILED` */
  load(file: AssetFile): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Compiles a WebAssembly binary while it downloads.
   * @throws InfaceError as `load` does
   */
  compile(file: AssetFile): Promise<WebAssembly.Module>;
  /** Resolves when all files downloaded so far are in the cache. */
  stored(): Promise<void>;
}

type OnBytes = (count: number) => void;

/**
 * Creates a loader that reports the total progress of all files. Does not fetch files cached under the same hash.
 * @param assetsUrl absolute, with a trailing slash
 * @param files all files that will be requested, each once
 */
export function openAssets(
  assetsUrl: string,
  files: readonly AssetFile[],
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Assets {
  const opening = openCache();
  const writes: Promise<void>[] = [];
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  const report = (file: AssetFile, bytes: number, fromCache: boolean) => {
    loaded += bytes;
    onProgress({ file: file.path, loaded, total, fromCache });
  };
  const urlOf = ({ path }: AssetFile) => new URL(path, assetsUrl).href;

  async function readKept(file: AssetFile): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await readCached(await opening, cacheKey(assetsUrl, file), file);
    if (bytes) report(file, file.bytes, true);
    return bytes;
  }

  /**
   * Writes the file in the background while it is used. On a slow disk, writing 14 MB takes longer than compiling them.
   */
  function keep(file: AssetFile, bytes: Uint8Array<ArrayBuffer>): void {
    writes.push(opening.then((cache) => writeCached(cache, cacheKey(assetsUrl, file), bytes)));
  }

  /** Compiles the file as `compile` does, if it was cached before. */
  async function compileKept(file: AssetFile): Promise<WebAssembly.Module | null> {
    if (!(await isCached(await opening, cacheKey(assetsUrl, file)))) return null;
    try {
      // Browsers cache machine code with files in the HTTP cache, but not with files in the Cache API.
      const response = await fetchChecked(urlOf(file), signal, 'force-cache');
      const { module } = await compileExactly(urlOf(file), response, file, () => undefined, signal);
      report(file, file.bytes, true);
      return module;
    } catch {
      const bytes = await readKept(file);
      return bytes && compiled(urlOf(file), WebAssembly.compile(bytes));
    }
  }

  return {
    async load(file) {
      const kept = await readKept(file);
      if (kept) return kept;
      const response = await fetchChecked(urlOf(file), signal);
      const onBytes: OnBytes = (count) => report(file, count, false);
      const bytes = await readExactly(urlOf(file), response, file, onBytes, signal);
      keep(file, bytes);
      return bytes;
    },

    async compile(file) {
      const kept = await compileKept(file);
      if (kept) return kept;
      const response = await fetchChecked(urlOf(file), signal);
      const onBytes: OnBytes = (count) => report(file, count, false);
      const { module, bytes } = await compileExactly(urlOf(file), response, file, onBytes, signal);
      keep(file, bytes);
      return module;
    },

    async stored() {
      await Promise.all(writes);
    },
  };
}

/** Removes cached files of these assets that are not among `files`, usually those of an older version. */
export async function dropOtherFiles(assetsUrl: string, files: readonly AssetFile[]): Promise<void> {
  const wanted = files.map((file) => cacheKey(assetsUrl, file));
  const cache = await openCache();
  try {
    for (const request of (await cache?.keys()) ?? []) {
      const isFile = request.url.startsWith(assetsUrl) && request.url.includes('?sha256=');
      if (isFile && !wanted.includes(request.url)) await cache?.delete(request);
    }
  } catch {
    // Leave them for the next start.
  }
}

/**
 * Loads a JSON file that changes with each version. Uses the cache only when the network is unreachable.
 * @throws InfaceError `MODEL_LOAD_FAILED`
 */
export async function loadJson(assetsUrl: string, path: string, signal: AbortSignal): Promise<unknown> {
  const url = new URL(path, assetsUrl).href;
  const cache = await openCache();
  const text = await fetchText(url, signal).catch(async (error: unknown) => {
    // A cause means that there was no response. A wrong response must not be hidden by an older one.
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

/** Returns the URL of the file with the hash in the query, so that each content has its own entry. */
function cacheKey(assetsUrl: string, file: AssetFile): string {
  return new URL(`${file.path}?sha256=${file.sha256}`, assetsUrl).href;
}

/**
 * Opens the cache, or returns `null`. The cache is optional: without it (private mode, http) every start fetches the
 * files.
 */
async function openCache(): Promise<Cache | null> {
  try {
    return await caches.open(CACHE_NAME);
  } catch {
    return null;
  }
}

async function isCached(cache: Cache | null, key: string): Promise<boolean> {
  try {
    return (await cache?.match(key)) !== undefined;
  } catch {
    return false;
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
    // Treat an unreadable cache as empty.
  }
  return null;
}

async function writeCached(cache: Cache | null, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await cache?.put(key, new Response(bytes));
  } catch {
    // A full disk must not prevent the kit from starting.
  }
}

/** Compiles a module, and returns it with its bytes after they have been verified. */
async function compileExactly(
  url: string,
  response: Response,
  file: AssetFile,
  onBytes: OnBytes,
  signal: AbortSignal,
): Promise<{ readonly module: WebAssembly.Module; readonly bytes: Uint8Array<ArrayBuffer> }> {
  // Many servers do not know this content type, and browsers only compile streams that have it.
  const isWasm = response.headers.get('Content-Type') === 'application/wasm';
  const copy = isWasm ? response.clone() : response;
  const streaming = isWasm ? WebAssembly.compileStreaming(response) : null;
  // If the content is wrong, report that instead of the failed compilation.
  streaming?.catch(() => undefined);
  const bytes = await readExactly(url, copy, file, onBytes, signal);
  return { bytes, module: await compiled(url, streaming ?? WebAssembly.compile(bytes)) };
}

/** @throws InfaceError `ENVIRONMENT_UNSUPPORTED` if a policy forbids WebAssembly */
async function compiled(url: string, compiling: Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await compiling;
  } catch (cause) {
    try {
      new WebAssembly.Module(EMPTY_MODULE);
    } catch {
      throw new InfaceError(
        'ENVIRONMENT_UNSUPPORTED',
        `The Content-Security-Policy of ${self.location.href} does not allow WebAssembly, so ${url} cannot be compiled. ` +
          "Add 'wasm-unsafe-eval' to script-src in the header of that file.",
        { cause },
      );
    }
    throw cause;
  }
}

/** The shortest module: its magic number and version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

async function readExactly(
  url: string,
  response: Response,
  file: AssetFile,
  onBytes: OnBytes,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
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

async function fetchChecked(url: string, signal: AbortSignal, cache: RequestCache = 'default'): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal, cache, credentials: 'same-origin' });
  } catch (cause) {
    if (signal.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} could not be fetched (${reason}). ${HOW_TO_SERVE}`, { cause });
  }
  if (!response.ok) {
    throw new InfaceError('MODEL_LOAD_FAILED', `${url} returned HTTP status ${response.status}. ${HOW_TO_SERVE}`);
  }
  return response;
}

/**
 * Throws if a file is HTML. Servers of single-page applications respond to requests for missing files with their index
 * page.
 */
function rejectHtml(url: string, firstByte: number | undefined): void {
  if (firstByte !== '<'.charCodeAt(0)) return;
  throw new InfaceError('MODEL_LOAD_FAILED', `${url} is a web page and not the file itself. ${HOW_TO_SERVE}`);
}

function wrongContent(url: string, got: string, wanted: string): InfaceError {
  return new InfaceError(
    'MODEL_INTEGRITY_FAILED',
    `${url} is not the expected file: it has ${got} instead of ${wanted}. ` +
      'Copy the assets of the installed version again.',
  );
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
