/** Serves the built package, the peers, the photos and the bench's pages from one server. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { brotliCompressSync } from 'node:zlib';
import { build, type Plugin } from 'vite';
import { ROOT } from '../tools/process.mjs';
import { contentTypeOf, ISOLATION_HEADERS, listen } from '../tools/serve.mjs';
import { createLink, sendAtOnce, type Network } from './network.js';

const PAGES = [
  'inface',
  'human',
  'face-api',
  'search',
  'store',
  'training',
  'scale',
  'abort',
  'large-photo',
  'engine',
  'fleet',
] as const;
/** Files that a run makes, below the root of the repository. */
const MADE = '.cache/bench';
/** Folders by URL prefix. */
const FOLDERS: Readonly<Record<string, string>> = {
  '/kit/': 'dist',
  '/peers/': 'node_modules/@vladmandic',
  '/photos/': 'node_modules/@vladmandic/face-api/demo',
  '/made/': MADE,
  // The binaries that the peers' bundles request from a CDN, in the same version.
  '/tfjs/': 'node_modules/@tensorflow/tfjs-backend-wasm/dist',
};
/** Files that a page needs immediately, which are fetched in parallel with its script. */
const PRELOADED: Readonly<Record<string, string>> = {
  inface: '/kit/index.js',
  human: '/peers/human/dist/human.esm.js',
  'face-api': '/peers/face-api/dist/face-api.esm.js',
};
/** Paths of the bench itself. They do not count as loaded by a toolkit, and reach the page as fast as possible. */
const UNCOUNTED = /^\/(pages|photos)\/|\.html$|^\/favicon/;

export interface BenchServer {
  /** Base URL; ends with '/'. */
  readonly url: string;
  /**
   * Returns the bytes of all responses since the last call, excluding the bench's files.
   * Counted as sent over the wire, compressed with brotli.
   */
  takeBytes(): number;
  /**
   * Serves a file that the run made.
   * @returns its URL
   */
  serveMade(name: string, content: Buffer): string;
  /** Sends later files of a toolkit over a network. With `null`, as at first, they arrive as fast as possible. */
  shape(network: Network | null): void;
  /** Returns the next value that a page posts to `/report` as JSON. */
  nextReport(): Promise<unknown>;
  close(): Promise<void>;
}

export async function serveBench(): Promise<BenchServer> {
  const scripts = new Map([
    ...(await bundlePages('/pages/', PAGES, [])),
    ...(await bundlePages('/pages/plain/', ['store'], [plainVault])),
  ]);
  let bytes = 0;
  let send = sendAtOnce;
  let onReport: (value: unknown) => void = () => undefined;
  const server = await listen(async (request, response) => {
    response.setHeaders(new Map(Object.entries(ISOLATION_HEADERS)));
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/report') {
      onReport(await json(request));
      response.end();
      return;
    }
    const isPage = pathname.endsWith('.html');
    const content = isPage ? htmlOf(pathname) : (scripts.get(pathname) ?? readFile(pathname));
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const isPhoto = pathname.endsWith('.jpg');
    const body = isPhoto ? Buffer.from(content) : compress(Buffer.from(content));
    const isOfToolkit = !UNCOUNTED.test(pathname);
    if (isOfToolkit) bytes += body.length;
    response.writeHead(200, {
      'Content-Type': contentTypeOf(pathname),
      'Content-Length': body.length,
      ...(isPhoto ? {} : { 'Content-Encoding': 'br' }),
      // Cached like files with a hash in their names: a second visit requests none of them.
      'Cache-Control': isPage ? 'no-cache' : 'public, max-age=31536000, immutable',
    });
    await (isOfToolkit ? send : sendAtOnce)(response, body);
  });
  return {
    ...server,
    shape(network) {
      send = network ? createLink(network) : sendAtOnce;
    },
    nextReport: () =>
      new Promise((resolve) => {
        onReport = resolve;
      }),
    takeBytes() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    serveMade(name, content) {
      keep(name, content);
      return `/made/${name}`;
    },
  };
}

/** Returns the HTML of `/NAME.html` and `/plain/NAME.html`: a page that only runs its script. */
function htmlOf(pathname: string): string | undefined {
  const [, name = ''] = /^\/([\w/-]+)\.html$/.exec(pathname) ?? [];
  if (name === 'blank') return '<!doctype html><title>bench</title>';
  const preloaded = PRELOADED[name];
  const preload = preloaded === undefined ? '' : `<link rel="modulepreload" href="${preloaded}">`;
  return `<!doctype html><title>bench</title>${preload}<script type="module" src="/pages/${name}.js"></script>`;
}

function readFile(pathname: string): Buffer | undefined {
  const prefix = Object.keys(FOLDERS).find((start) => pathname.startsWith(start));
  if (prefix === undefined) return undefined;
  const path = join(ROOT, FOLDERS[prefix] as string, pathname.slice(prefix.length));
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined;
}

/** Files compressed at the highest quality, as a site would do once. Cached, because it takes half a minute. */
const compressed = new Map<string, Buffer>();
function compress(content: Buffer): Buffer {
  const hash = createHash('sha256').update(content).digest('hex');
  const name = `${hash}.br`;
  const path = join(ROOT, MADE, name);
  const known = compressed.get(hash) ?? (existsSync(path) ? readFileSync(path) : undefined);
  const body = known ?? brotliCompressSync(content);
  if (!known) keep(name, body);
  compressed.set(hash, body);
  return body;
}

function keep(name: string, content: Buffer): void {
  mkdirSync(join(ROOT, MADE), { recursive: true });
  writeFileSync(join(ROOT, MADE, name), content);
}

/** Bundles the pages' scripts, by URL. Code of ours and of peers that is served unchanged stays external. */
async function bundlePages(
  base: string,
  names: readonly string[],
  plugins: readonly Plugin[],
): Promise<[string, string][]> {
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    plugins: [...plugins],
    build: {
      write: false,
      target: 'esnext',
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: Object.fromEntries(names.map((name) => [name, join(ROOT, `bench/pages/${name}.ts`)])),
        external: [/^\/(kit|peers)\//],
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  });
  const outputs = Array.isArray(built) ? built : [built];
  return outputs.flatMap((output) =>
    'output' in output
      ? output.output.flatMap((file): [string, string][] =>
          file.type === 'chunk' ? [[base + file.fileName, file.code]] : [],
        )
      : [],
  );
}

/** Replaces the real vault with one that does not encrypt. */
const plainVault: Plugin = {
  name: 'bench:plain-vault',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source.endsWith('/vault.js') && importer?.includes('/src/worker/')
      ? join(ROOT, 'bench/pages/plain-vault.ts')
      : null,
};
