/** Examines a deployed page and its assets, as the browser of a visitor would fetch them. */
import { parseManifest, type ModelManifest } from '../../src/models/manifest.js';
import { filesOf, sha256Of } from '../models/files.js';
import { runtimesOf } from './assets.js';
import { allowsOwn, allowsWebAssembly, hasDirective, parsePolicies } from './policy.js';
import { reasonOf } from './problem.js';

/** Kind of a finding. A problem keeps the kit from starting, a warning makes it slower or limits it. */
export type Level = 'ok' | 'warning' | 'problem';

export interface Examination {
  /** The page. */
  readonly page: URL;
  /** The folder of its assets; `null` for the one that the kit uses by default. */
  readonly assets: URL | null;
  /** SHA-256 of the worker of this package. */
  readonly workerSha256: string;
  /** Receives each finding. */
  readonly report: (level: Level, text: string) => void;
}

type Report = Examination['report'];

/** A response whose body was read. */
interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const LIMIT_MS = 60_000;
const COPY_AGAIN = "Run 'npx inface assets' again and deploy what it copies.";
const SERVE = "Serve the folder that 'npx inface assets DIR' writes there.";
/** Files that shrink to a sixth or less. Models hardly do. */
const COMPRESSIBLE = /\.(js|wasm)$/;

/** Examines the page, then the assets one after the other. Ends early where the rest could not be judged. */
export async function examine({ page, assets, workerSha256, report }: Examination): Promise<void> {
  const answer = await get(page);
  if (typeof answer === 'string') {
    report('problem', answer);
    return;
  }
  if (answer.status !== 200) {
    report('problem', `${page.href} returned HTTP status ${answer.status}.`);
    return;
  }
  const own = answer.url;
  if (own.href !== page.href) report('ok', `${page.href} leads to ${own.href}.`);
  if (isSecure(own)) report('ok', `Browsers give ${own.origin} camera, hashes and keys.`);
  else
    report(
      'problem',
      `Browsers give camera, hashes and keys to https: and localhost only. Serve ${own.origin} over https.`,
    );
  examineHeaders(answer, report);

  const folder = assets ?? defaultAssets(answer);
  if (folder.origin !== own.origin) {
    report('problem', `${folder.href} is of another origin than the page. Serve the assets from ${own.origin}.`);
    return;
  }
  const worker = await getFile(new URL('worker.js', folder));
  // A bundler that provides the worker does without this one.
  if (typeof worker === 'string') report('warning', worker);
  else examineWorker(worker, { own, isolated: isIsolated(answer.headers), workerSha256 }, report);
  const manifest = await readManifest(new URL('models/manifest.json', folder));
  if (typeof manifest === 'string') {
    report('problem', manifest);
    return;
  }
  report('ok', `${folder.href} has the sets of models ${Object.keys(manifest.sets).join(', ')}.`);
  const runtimes = runtimesOf(manifest.backends ?? ['wasm', 'webgpu']);
  const models = manifest.models.flatMap(filesOf).map(({ file, sha256 }) => ({ path: `models/${file}`, sha256 }));
  for (const { path, sha256 } of [...runtimes, ...models]) {
    const file = await getFile(new URL(path, folder));
    if (typeof file === 'string') report('problem', file);
    else examineFile(file, sha256, report);
  }
}

function examineHeaders({ url, headers, body }: Answer, report: Report): void {
  if (isIsolated(headers)) report('ok', 'The page is cross-origin isolated, so wasm has several threads.');
  else {
    report(
      'warning',
      'The page is not cross-origin isolated, so wasm has one thread. Send it with Cross-Origin-Opener-Policy: ' +
        'same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    );
  }
  const policies = parsePolicies([...headerPolicies(headers), ...metaPolicies(body.toString())]);
  if (!allowsOwn(policies, 'worker-src', url))
    report('problem', "The Content-Security-Policy of the page forbids its workers. Add worker-src 'self'.");
  if (hasDirective(policies, 'require-trusted-types-for')) {
    report(
      'warning',
      'The page requires Trusted Types. It has to create a default policy with createScriptURL before the kit.',
    );
  }
  if (hasDirective(policies, 'sandbox'))
    report('warning', 'The page is in a sandbox. The kit needs allow-scripts and allow-same-origin.');
  if (/(^|[\s,])camera=\(\)/.test(headers.get('permissions-policy') ?? ''))
    report('warning', 'The Permissions-Policy of the page forbids the camera. Send camera=(self) to use it.');
}

interface Expected {
  readonly own: URL;
  /** Whether the page is cross-origin isolated. */
  readonly isolated: boolean;
  readonly workerSha256: string;
}

function examineWorker(answer: Answer, { own, isolated, workerSha256 }: Expected, report: Report): void {
  const { href } = answer.url;
  const { headers } = answer;
  const type = headers.get('content-type') ?? 'no content type';
  if (!/javascript|ecmascript/i.test(type))
    report('problem', `${href} is served as ${type}, and browsers run workers only as text/javascript.`);
  if (isolated && !isEmbeddable(headers)) {
    report(
      'problem',
      `${href} lacks Cross-Origin-Embedder-Policy: require-corp, without which an isolated page may not run it.`,
    );
  }
  // The policy of a worker is that of the response with its script.
  const policies = parsePolicies(headerPolicies(headers));
  if (!allowsWebAssembly(policies)) {
    report(
      'problem',
      `The Content-Security-Policy of ${href} forbids WebAssembly. Add 'wasm-unsafe-eval' to script-src in that response.`,
    );
  }
  if (!allowsOwn(policies, 'connect-src', own)) {
    report(
      'problem',
      `The Content-Security-Policy of ${href} forbids to fetch models. Add connect-src 'self' to that response.`,
    );
  }
  if (sha256Of(answer.body) !== workerSha256) {
    report('problem', `${href} is of another version of inface than this command. ${COPY_AGAIN}`);
    return;
  }
  report('ok', `${href} is the worker of this version.`);
  examineCompression(answer, report);
}

function examineFile(answer: Answer, sha256: string, report: Report): void {
  const { url, headers, body } = answer;
  if (sha256Of(body) !== sha256) {
    report('problem', `${url.href} was altered, or is of another version of inface. ${COPY_AGAIN}`);
    return;
  }
  report('ok', `${url.href} is as expected, ${body.length.toLocaleString('en')} bytes.`);
  const type = headers.get('content-type') ?? 'no content type';
  if (url.pathname.endsWith('.wasm') && type !== 'application/wasm')
    report('warning', `${url.href} is served as ${type}. As application/wasm it compiles while it loads.`);
  examineCompression(answer, report);
}

function examineCompression({ url, headers, body }: Answer, report: Report): void {
  if (!COMPRESSIBLE.test(url.pathname) || headers.has('content-encoding')) return;
  report(
    'warning',
    `${url.href} is served without compression, ${body.length.toLocaleString('en')} bytes. With brotli it is a third to a sixth.`,
  );
}

/** @returns a manifest, or the reason why there is none */
async function readManifest(url: URL): Promise<ModelManifest | string> {
  const answer = await getFile(url);
  if (typeof answer === 'string') return answer;
  try {
    return parseManifest(JSON.parse(answer.body.toString()));
  } catch (error) {
    return `${url.href} is not a manifest of this version: ${reasonOf(error)} ${COPY_AGAIN}`;
  }
}

/** Returns the folder that the kit uses by default: below `<base href>`, or at the root of the origin. */
function defaultAssets({ url, body }: Answer): URL {
  const [, base] = /<base\b[^>]*\bhref\s*=\s*["']?([^"'\s>]+)/i.exec(body.toString()) ?? [];
  return new URL('inface/', base === undefined ? `${url.origin}/` : new URL(base, url));
}

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(localhost|127\.[\d.]+|\[::1\])$|\.localhost$/.test(hostname);
}

function isIsolated(headers: Headers): boolean {
  return headers.get('cross-origin-opener-policy') === 'same-origin' && isEmbeddable(headers);
}

function isEmbeddable(headers: Headers): boolean {
  return /^(require-corp|credentialless)$/.test(headers.get('cross-origin-embedder-policy') ?? '');
}

function headerPolicies(headers: Headers): string[] {
  const value = headers.get('content-security-policy');
  return value === null ? [] : [value];
}

function metaPolicies(html: string): string[] {
  return [...html.matchAll(/<meta\b[^>]*>/gi)].flatMap(([tag]) => {
    if (!/http-equiv\s*=\s*["']?content-security-policy\b/i.test(tag)) return [];
    const [, double, single] = /\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag) ?? [];
    return [double ?? single ?? ''];
  });
}

/**
 * Fetches a file of the assets.
 * @returns its response, or the reason why it cannot be used
 */
async function getFile(url: URL): Promise<Answer | string> {
  const answer = await get(url);
  if (typeof answer === 'string') return answer;
  if (answer.status !== 200) return `${url.href} returned HTTP status ${answer.status}. ${SERVE}`;
  if (answer.url.origin !== url.origin)
    return `${url.href} leads to ${answer.url.origin}, and assets have to come from the origin of the page.`;
  if (answer.body.subarray(0, 1).toString() === '<') return `${url.href} is a web page and not the file. ${SERVE}`;
  return answer;
}

/**
 * Fetches a URL as a browser does, and follows redirects.
 * @returns its response, or the reason why there is none
 */
async function get(url: URL): Promise<Answer | string> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: { 'accept-encoding': 'br, gzip' },
    });
    const body = Buffer.from(await response.arrayBuffer());
    return { url: new URL(response.url), status: response.status, headers: response.headers, body };
  } catch (error) {
    // Node hides the reason behind 'fetch failed'.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `${url.href} could not be fetched (${reasonOf(cause)}).`;
  }
}
