/** `inface doctor`: what it finds on a server that does something wrong, and on one that does not. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readAssets } from '../../tools/cli/assets.js';
import { examine, type Level } from '../../tools/cli/doctor.js';
import { allowsOwn, allowsWebAssembly, parsePolicies } from '../../tools/cli/policy.js';
import { sha256Of } from '../../tools/models/files.js';
import { makeScripts } from './scripts.js';

const WORKER = '/inface/worker.js';
const MANIFEST = '/inface/models/manifest.json';
const WASM = '/inface/ort/ort-wasm-simd-threaded.cut.wasm';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** What the server does differently for one path. */
interface Change {
  readonly status?: number;
  /** An empty value leaves a header out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const scripts = makeScripts();
const files = new Map<string, Buffer>();
const packed = new Map<string, Buffer>();
let changes: Readonly<Record<string, Change>> = {};

function respond(path: string, response: ServerResponse): void {
  const change = changes[path] ?? {};
  const file = files.get(path);
  const content = change.body ?? file;
  const isPacked = change.body === undefined && packed.has(path);
  const headers: Record<string, string> = {
    ...ISOLATION,
    'content-type': TYPES[extname(path)] ?? (path === '/' ? 'text/html' : 'application/octet-stream'),
    ...(isPacked && { 'content-encoding': 'br' }),
    ...change.headers,
  };
  const isPlain = headers['content-encoding'] === '';
  for (const [name, value] of Object.entries(headers)) if (value !== '') response.setHeader(name, value);
  response.writeHead(change.status ?? (content === undefined ? 404 : 200));
  response.end(isPacked && !isPlain ? packed.get(path) : content);
}

const server = createServer((request, response) => respond(request.url ?? '/', response));
let origin = '';
/** An origin where nobody listens. */
let nobody = '';

beforeAll(async () => {
  files.set('/', Buffer.from('<!doctype html><title>A page</title>'));
  const log = () => expect.fail('Everything is there, so nothing is fetched.');
  const assets = await readAssets({ assets: 'public', scripts }, { sets: ['default'], webgpu: false }, { log });
  for (const [path, content] of assets) files.set(`/inface/${path}`, Buffer.from(content));
  for (const [path, content] of files) {
    if (/\.(js|wasm)$/.test(path))
      packed.set(path, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }));
  }
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  nobody = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  gone.close();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  changes = {};
});

/** The findings of an examination, by their level. */
async function findings(changed: typeof changes = {}, assets: string | null = null, page = `${origin}/`) {
  changes = changed;
  const found: Record<Level, string[]> = { ok: [], warning: [], problem: [] };
  await examine({
    page: new URL(page),
    assets: assets === null ? null : new URL(assets, origin),
    workerSha256: sha256Of(readFileSync(join(scripts, 'worker.js'))),
    report: (level, text) => found[level].push(text.replaceAll(origin, '')),
  });
  return found;
}

describe('inface doctor', () => {
  it('finds everything in order', async () => {
    const { ok, warning, problem } = await findings();
    expect({ warning, problem }).toEqual({ warning: [], problem: [] });
    expect(ok).toContainEqual(expect.stringMatching(/several threads/));
    expect(ok).toContain(`${WORKER} is the worker of this version.`);
    expect(ok).toContain('/inface/ has the sets of models default.');
    const { models } = JSON.parse(String(files.get(MANIFEST))) as { models: { file: string; bytes: number }[] };
    for (const { file, bytes } of models)
      expect(ok).toContain(`/inface/models/${file} is as expected, ${bytes.toLocaleString('en')} bytes.`);
    expect(ok).toContainEqual(expect.stringMatching(/^\/inface\/ort\/.*\.wasm is as expected/));
  });

  it('looks where the page or the caller says that the assets are', async () => {
    const based = { '/': { body: '<base href="/app/"><title>A page</title>' } };
    expect((await findings(based)).problem).toEqual([
      expect.stringMatching(/^\/app\/inface\/models\/manifest\.json returned HTTP status 404\. Serve the folder/),
    ]);
    expect((await findings(based, '/inface/')).problem).toEqual([]);
    expect((await findings({}, 'http://127.0.0.1:9/inface/')).problem).toEqual([
      expect.stringMatching(/another origin than the page/),
    ]);
  });

  it.each<[string, Readonly<Record<string, Change>>, Level, RegExp]>([
    ['a page that is missing', { '/': { status: 404 } }, 'problem', /^\/ returned HTTP status 404/],
    [
      'a page without isolation',
      { '/': { headers: { 'cross-origin-opener-policy': '' } } },
      'warning',
      /wasm has one thread.*Cross-Origin-Opener-Policy/,
    ],
    [
      'a header against workers',
      { '/': { headers: { 'content-security-policy': "default-src 'self'; worker-src 'none'" } } },
      'problem',
      /forbids its workers. Add worker-src 'self'/,
    ],
    [
      'a policy against workers in the page itself',
      { '/': { body: `<meta http-equiv="Content-Security-Policy" content="child-src 'none'">` } },
      'problem',
      /forbids its workers/,
    ],
    [
      'Trusted Types',
      { '/': { headers: { 'content-security-policy': "require-trusted-types-for 'script'" } } },
      'warning',
      /createScriptURL/,
    ],
    ['a sandbox', { '/': { headers: { 'content-security-policy': 'sandbox allow-scripts' } } }, 'warning', /sandbox/],
    [
      'a policy against the camera',
      { '/': { headers: { 'permissions-policy': 'geolocation=(), camera=()' } } },
      'warning',
      /forbids the camera/,
    ],
    ['a missing worker', { [WORKER]: { status: 404 } }, 'warning', /^\/inface\/worker\.js returned HTTP status 404/],
    [
      'a worker with a wrong type',
      { [WORKER]: { headers: { 'content-type': 'text/plain' } } },
      'problem',
      /text\/plain.*only as text\/javascript/,
    ],
    [
      'a worker that an isolated page may not run',
      { [WORKER]: { headers: { 'cross-origin-embedder-policy': '' } } },
      'problem',
      /lacks Cross-Origin-Embedder-Policy/,
    ],
    [
      'a policy against WebAssembly in the worker',
      { [WORKER]: { headers: { 'content-security-policy': "script-src 'self'" } } },
      'problem',
      /forbids WebAssembly.*'wasm-unsafe-eval'/,
    ],
    [
      'a policy against fetching in the worker',
      { [WORKER]: { headers: { 'content-security-policy': 'connect-src https://api.example.org' } } },
      'problem',
      /connect-src 'self'/,
    ],
    ['another worker', { [WORKER]: { body: 'older()' } }, 'problem', /another version of inface/],
    [
      'a manifest that is the page of an application',
      { [MANIFEST]: { body: '<!doctype html>' } },
      'problem',
      /manifest\.json is a web page and not the file/,
    ],
    ['a manifest of another version', { [MANIFEST]: { body: '{"version":1}' } }, 'problem', /not a manifest of this/],
    ['a manifest that is no JSON', { [MANIFEST]: { body: '{' } }, 'problem', /not a manifest of this version/],
    ['a missing model', { '/inface/models/blazeface.onnx': { status: 403 } }, 'problem', /blazeface.*status 403/],
    ['an altered model', { '/inface/models/blazeface.onnx': { body: 'x' } }, 'problem', /blazeface.*was altered/],
    [
      'wasm with a wrong type',
      { [WASM]: { headers: { 'content-type': 'application/octet-stream' } } },
      'warning',
      /compiles while it loads/,
    ],
    ['wasm without compression', { [WASM]: { headers: { 'content-encoding': '' } } }, 'warning', /without compression/],
    [
      'a connection that breaks off',
      { [WORKER]: { headers: { 'content-length': '1000000', 'content-encoding': '' } } },
      'warning',
      /worker\.js could not be fetched \(/,
    ],
  ])('finds %s, and nothing else', async (_, changed, level, message) => {
    const found = await findings(changed);
    expect({ warning: found.warning, problem: found.problem }).toEqual({
      warning: [],
      problem: [],
      [level]: [expect.stringMatching(message)],
    });
  });

  it('follows a redirect within the origin, and refuses one to another', async () => {
    const moved = { '/': { status: 301, headers: { location: '/inface/' } }, '/inface/': { body: 'A page' } };
    const { ok, problem } = await findings(moved);
    expect(ok[0]).toBe('/ leads to /inface/.');
    expect(problem).toEqual([]);
    const other = origin.replace('localhost', '127.0.0.1');
    const away = { [MANIFEST]: { status: 302, headers: { location: `${other}${MANIFEST}x` } } };
    changes = { ...away, [`${MANIFEST}x`]: { body: '{}' } };
    expect((await findings(changes)).problem).toEqual([expect.stringMatching(/leads to http:\/\/127\.0\.0\.1/)]);
  });

  it('says when nobody answers, and that plain http is not enough', async () => {
    expect((await findings({}, null, nobody)).problem).toEqual([`${nobody}/ could not be fetched (ECONNREFUSED).`]);
    const plain = origin.replace('localhost', '0.0.0.0');
    expect((await findings({}, null, plain)).problem).toEqual([
      expect.stringMatching(/localhost only\. Serve http:.* over https/),
    ]);
  });
});

describe('a Content-Security-Policy', () => {
  const own = new URL('https://kiosk.example.org/app/');
  it.each<[string, boolean]>([
    ['', true],
    ["worker-src 'self'", true],
    ["WORKER-SRC 'SELF'", true],
    ['worker-src https:', true],
    ['worker-src http:', false],
    ['worker-src *', true],
    ['worker-src *.example.org', true],
    ['worker-src example.org', false],
    ['worker-src https://kiosk.example.org:443', true],
    ['worker-src kiosk.example.org:8443', false],
    ["script-src 'nonce-x' 'strict-dynamic'", true],
    ["script-src 'nonce-x'", false],
    ["child-src 'none'; script-src 'self'", false],
    ["default-src 'none'", false],
    ["default-src 'none'; worker-src 'self'; worker-src 'none'", true],
    ["worker-src 'self', worker-src 'none'", false],
  ])('%s: allows a worker of the page: %s', (policy, allowed) => {
    expect(allowsOwn(parsePolicies([policy]), 'worker-src', own)).toBe(allowed);
  });

  it.each<[string, boolean]>([
    ["worker-src 'none'", true],
    ["default-src 'self'", false],
    ["default-src 'self' 'unsafe-eval'", true],
    ["default-src 'none'; script-src 'self' 'wasm-unsafe-eval'", true],
  ])('%s: allows WebAssembly: %s', (policy, allowed) => {
    expect(allowsWebAssembly(parsePolicies([policy]))).toBe(allowed);
  });
});
