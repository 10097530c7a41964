/**
 * A static file server on localhost, by default with the headers that the built demo needs.
 * It sends the precompressed copy of a file (`.br`, `.gz`) to browsers that take it, unless the file is newer.
 *
 * Run it with `node tools/serve.mjs DIR [--port N]`.
 */
import { realpathSync } from 'node:fs';
import { lstat, open, realpath, stat } from 'node:fs/promises';
import http from 'node:http';
import { extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allowTargets, readTargets } from './demo-targets.mjs';
import { Problem, runMain } from './process.mjs';

/** @type {Readonly<Record<string, string>>} */
const MIME_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** Headers that make a page cross-origin isolated, which wasm threads need. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Headers of the demo, in every response. A worker takes its policy from the response with its script.
 * 'wasm-unsafe-eval' lets WebAssembly compile without allowing JavaScript's eval.
 */
export const DEMO_HEADERS = {
  ...ISOLATION_HEADERS,
  'Content-Security-Policy': allowTargets(
    [
      "default-src 'self'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "worker-src 'self'",
      "connect-src 'self'",
      "img-src 'self'",
      "style-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    readTargets(process.env),
  ),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(self)',
};

/**
 * @typedef {object} Server
 * @property {string} url ends with '/'
 * @property {() => Promise<void>} close ends open connections
 */

/**
 * Serves a folder until closed.
 * @param {object} options
 * @param {string} options.root the folder; must exist
 * @param {number} [options.port] defaults to 0, which takes any free port
 * @param {Readonly<Record<string, string>>} [options.headers] added to every response; defaults to {@link DEMO_HEADERS}
 * @returns {Promise<Server>} rejects with the system's error when the folder is missing (ENOENT) or the port cannot be
 *   had (EADDRINUSE, EACCES)
 */
export async function createServer({ root, port = 0, headers = DEMO_HEADERS }) {
  const realRoot = await realpath(root);
  return listen((request, response) => {
    response.setHeaders(new Map(Object.entries(headers)));
    return answerFrom(realRoot, request, response);
  }, port);
}

/**
 * Answers requests on an address that only this machine reaches, until closed.
 * @param {(request: http.IncomingMessage, response: http.ServerResponse) => void | Promise<void>} handle
 * @param {number} [port] defaults to 0, which takes any free port
 * @returns {Promise<Server>} rejects with the system's error when the port cannot be had (EADDRINUSE, EACCES)
 */
export async function listen(handle, port = 0) {
  /** @type {typeof handle} */
  const handleSafely = async (request, response) => {
    try {
      await handle(request, response);
    } catch (error) {
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendText(response, 500, 'Internal server error');
    }
  };
  const server = http.createServer((request, response) => void handleSafely(request, response));
  await new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      done(undefined);
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address with a port.');
  return {
    // A camera needs a secure context, which http://localhost is by definition.
    url: `http://localhost:${address.port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}

/**
 * Answers a request with a file of a folder.
 * @param {string} root an absolute path without symbolic links
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
export async function answerFrom(root, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendText(response, 405, 'Method not allowed');
    return;
  }
  const [path = '', query] = (request.url ?? '').split('?', 2);
  const segments = readPath(path);
  if (segments === undefined) {
    sendText(response, 400, 'Bad request');
    return;
  }
  const found = await findFile(root, segments);
  if (found === undefined) {
    sendText(response, 404, 'Not found');
  } else if (found.isIndex && !path.endsWith('/')) {
    // Without the slash the page's relative URLs would resolve beside the folder. Build the location from the checked
    // segments, because '//host' in the path would lead the browser to another site.
    const location = ['', ...segments.map(encodeURIComponent), ''].join('/');
    response.setHeader('Location', query === undefined ? location : `${location}?${query}`);
    sendText(response, 301, 'Moved permanently');
  } else {
    await sendFile(found.file, request, response);
  }
}

/**
 * Returns the decoded segments of a request path, or undefined if no browser would send that path.
 * @param {string} path as received, without the query
 * @returns {string[] | undefined}
 */
function readPath(path) {
  if (!path.startsWith('/')) return undefined;
  let decoded;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // A backslash separates folders on Windows.
  if (/[\0\\]/.test(decoded)) return undefined;
  const segments = decoded.split('/').filter((segment) => segment !== '');
  return segments.some((segment) => segment === '.' || segment === '..') ? undefined : segments;
}

/**
 * @param {string} root an absolute path without symbolic links
 * @param {readonly string[]} segments
 * @returns {Promise<{ file: string, isIndex: boolean } | undefined>} undefined when there is no such file in the root
 */
async function findFile(root, segments) {
  try {
    const path = await realpath(join(root, ...segments));
    const isIndex = (await stat(path)).isDirectory();
    const file = isIndex ? await realpath(join(path, 'index.html')) : path;
    // Links inside the root are allowed if their target is also inside it.
    const inside = relative(root, file);
    const isInside = inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
    // Reject pipes and devices, which would block on opening.
    return isInside && (await stat(file)).isFile() ? { file, isIndex } : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING_CODES.has(error.code)) return undefined;
    throw error;
  }
}

/** @type {ReadonlySet<unknown>} */
const MISSING_CODES = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES']);

/**
 * Returns the content type for the name of a file.
 * @param {string} file
 * @returns {string}
 */
export function contentTypeOf(file) {
  return MIME_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * Sends a file or its precompressed copy with type and length, or confirms the browser's copy of it.
 * @param {string} file
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
export async function sendFile(file, request, response) {
  const copy = await findCopy(file, request.headers['accept-encoding'] ?? '');
  const handle = await open(copy?.file ?? file);
  try {
    const { size, mtimeMs } = await handle.stat();
    const etag = `"${size.toString(16)}-${mtimeMs.toString(16)}"`;
    // The browser caches the file and revalidates it each time.
    const caching = { ETag: etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' };
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      response.writeHead(304, caching).end();
      return;
    }
    response.writeHead(200, {
      ...caching,
      'Content-Type': contentTypeOf(file),
      ...(copy && { 'Content-Encoding': copy.encoding }),
      'Content-Length': size,
    });
    if (request.method === 'HEAD' || size === 0) {
      response.end();
      return;
    }
    // Never send more than announced, even if the file grows meanwhile.
    const content = handle.createReadStream({ start: 0, end: size - 1, autoClose: false });
    await new Promise((done) => {
      pipeline(content, response, () => {
        // The client disconnected or the file shrank: do not let the client wait for bytes that never come.
        if (content.bytesRead < size) request.socket.destroy();
        done(undefined);
      });
    });
  } finally {
    await handle.close();
  }
}

/** Encodings of precompressed files with their extensions, the smaller ones first. */
const ENCODINGS = /** @type {const} */ ([
  ['br', '.br'],
  ['gzip', '.gz'],
]);

/**
 * Finds the precompressed copy of a file that a browser takes.
 * @param {string} file
 * @param {string} accepted the browser's Accept-Encoding header
 * @returns {Promise<{ file: string, encoding: string } | undefined>} undefined if there is none, or the file is newer
 */
async function findCopy(file, accepted) {
  const codings = accepted.split(',').map((coding) => coding.trim().split(/\s*;\s*q=/));
  for (const [encoding, extension] of ENCODINGS) {
    const isAccepted = codings.some(([name, weight = '1']) => name === encoding && Number(weight) > 0);
    if (!isAccepted) continue;
    const [original, copy] = await Promise.all([stat(file), lstat(file + extension).catch(() => undefined)]);
    // A link could lead out of the root.
    if (copy?.isFile() && copy.mtimeMs >= original.mtimeMs) return { file: file + extension, encoding };
  }
  return undefined;
}

/**
 * Returns whether an If-None-Match header names this tag.
 * By weak comparison (RFC 9110, section 13.1.2).
 * @param {string | undefined} header
 * @param {string} etag
 */
function matchesEtag(header, etag) {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/**
 * @param {http.ServerResponse} response
 * @param {number} status
 * @param {string} text
 */
function sendText(response, status, text) {
  const body = `${text}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

/**
 * Closes the server on Ctrl+C or SIGTERM, so that the process ends.
 * @param {{ close: () => Promise<void> }} server
 */
export function closeOnSignal(server) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      void server.close();
    });
  }
}

async function main() {
  const usage = 'node tools/serve.mjs DIR [--port N]';
  let args;
  try {
    args = parseArgs({ allowPositionals: true, options: { port: { type: 'string', default: '0' } } });
  } catch (error) {
    throw new Problem('The command line is not valid.', String(error), `Use: ${usage}`);
  }
  const [root, ...rest] = args.positionals;
  const port = Number(args.values.port);
  if (root === undefined || rest.length > 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Problem(
      'The command line is not valid.',
      'It takes one folder and a port of 0 to 65535.',
      `Use: ${usage}`,
    );
  }
  try {
    const server = await createServer({ root, port });
    closeOnSignal(server);
    console.log(`Serving ${resolve(root)} at ${server.url}`);
  } catch (error) {
    throw new Problem(`${root} could not be served on port ${port}.`, String(error), 'Choose another folder or port.');
  }
}

const [, program] = process.argv;
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) await runMain(main);
