/** What the browser is given: the built package, a set of models, the photos, and a page that calls the worker. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { build, createServer, type Plugin } from 'vite';
import { BROWSER_ARGS, findBrowser } from '../../tools/browser.mjs';
import { ROOT } from '../../tools/process.mjs';

const DIST = join(ROOT, 'dist');
const CONFIG = { configFile: join(ROOT, 'vite.config.ts'), root: ROOT, logLevel: 'error' } as const;

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** A page and what is behind it. */
interface Opened {
  readonly page: Page;
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Where the page finds things, below its origin. */
export const URLS = { kit: '/kit/index.js', assets: '/assets/', photo: '/photo/' } as const;

/**
 * Opens a page in Chromium, with the worker as it is shipped.
 * @param models folder with a manifest.json and its files
 * @param photos paths of files, served by their index below {@link URLS.photo}
 * @param script of the page; it sets `globalThis.evalPage`
 * @throws when no browser starts
 */
export async function openPage(
  models: string,
  photos: readonly string[],
  script = '/lab/eval/page.ts',
): Promise<Opened> {
  const { path: executablePath, tried } = await findBrowser();
  if (executablePath === undefined) {
    throw new Error(`No Chromium starts: ${tried.join('; ')}. Set INFACE_BROWSER to the path of one.`);
  }
  await buildKit();
  const server = await createServer({
    ...CONFIG,
    cacheDir: join(ROOT, '.cache/eval/vite'),
    plugins: [serveFiles(models, photos, script)],
    // A file that is edited meanwhile would reload the page in the middle of a run.
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  const browser = await chromium.launch({ executablePath, args: [...BROWSER_ARGS] });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    await server.listen();
    const { origin } = new URL(server.resolvedUrls?.local[0] ?? '');
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(`${origin}/eval.html`);
    await page.waitForFunction('globalThis.evalPage');
    return { page, origin, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Builds the package, unless what is there is newer than its source. */
export async function buildKit(): Promise<void> {
  // The files of before stay until they are replaced: others may be using them.
  if (isStale()) await build({ ...CONFIG, build: { emptyOutDir: false } });
}

/** Whether the worker was built before something in `src` was changed. */
function isStale(): boolean {
  const changed = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  const built = statSync(join(DIST, 'worker.js'), { throwIfNoEntry: false });
  return !built || built.mtimeMs < Math.max(...changed);
}

/** Files as they are, before vite could transform them. */
function serveFiles(models: string, photos: readonly string[], script: string): Plugin {
  const folders: Readonly<Record<string, string>> = {
    kit: DIST,
    'assets/models': models,
    'assets/ort': join(DIST, 'assets/ort'),
  };
  const find = (path: string): string | undefined => {
    const [, folder = '', file = ''] = /^\/(.+)\/([\w.-]+)$/.exec(path) ?? [];
    if (folder === 'photo') return photos[Number(file)];
    return folders[folder] === undefined ? undefined : join(folders[folder], file);
  };
  return {
    name: 'inface:eval',
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const [path = ''] = (request.url ?? '').split('?');
        if (path === '/eval.html') {
          response.setHeader('Content-Type', 'text/html');
          // The client defines the constants of the build.
          const scripts = ['/@vite/client', script];
          response.end(
            `<!doctype html>${scripts.map((url) => `<script type="module" src="${url}"></script>`).join('')}`,
          );
          return;
        }
        const file = find(path);
        const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
        if (file === undefined || !stats?.isFile()) {
          next();
          return;
        }
        response.setHeader('Content-Type', MIME_TYPES[extname(file)] ?? 'application/octet-stream');
        response.setHeader('Content-Length', stats.size);
        createReadStream(file).pipe(response);
      });
    },
  };
}
