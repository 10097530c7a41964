/** Serves the browser the built package, a set of models, the photos, and a page that calls the worker. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { build, createServer, type Plugin } from 'vite';
import { BROWSER_ARGS, findBrowser } from '../../tools/browser.mjs';
import { ROOT } from '../../tools/process.mjs';
import { sendFile } from '../../tools/serve.mjs';

const DIST = join(ROOT, 'dist');
const CONFIG = { configFile: join(ROOT, 'vite.config.ts'), root: ROOT, logLevel: 'error' } as const;

/** An open page and the resources behind it. */
interface Opened {
  readonly page: Page;
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** A running server. */
interface PageServer {
  readonly origin: string;
  /** URL of the page. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Paths below the page's origin. */
export const URLS = { kit: '/kit/index.js', assets: '/assets/', photo: '/photo/' } as const;

/**
 * Opens a page in Chromium with the built package.
 * @param models folder with a manifest.json and its files
 * @param photos paths of files, served by index below {@link URLS.photo}
 * @param script script of the page; it sets `globalThis.evalPage`
 * @throws when no browser starts
 */
export async function openPage(
  models: string,
  photos: readonly string[],
  script = '/lab/eval/page.ts',
): Promise<Opened> {
  const { path: executablePath, tried } = await findBrowser();
  if (executablePath === undefined) {
    throw new Error(`Chromium did not start: ${tried.join('; ')}. Set INFACE_BROWSER to the path of a Chromium.`);
  }
  const server = await servePage(models, photos, script);
  const browser = await chromium.launch({ executablePath, args: [...BROWSER_ARGS] }).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(server.url);
    await page.waitForFunction('globalThis.evalPage');
    return { page, origin: server.origin, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Serves a page with the built package. The parameters are those of {@link openPage}. */
export async function servePage(models: string, photos: readonly string[], script: string): Promise<PageServer> {
  await buildKit();
  const server = await createServer({
    ...CONFIG,
    cacheDir: join(ROOT, '.cache/eval/vite'),
    plugins: [serveFiles(models, photos, script)],
    // Do not watch files: an edit would reload the page in the middle of a run.
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  await server.listen();
  const { origin } = new URL(server.resolvedUrls?.local[0] ?? '');
  return { origin, url: `${origin}/eval.html`, close: () => server.close() };
}

/** Builds the package unless the existing build is newer than its source. */
export async function buildKit(): Promise<void> {
  // Keep the old files until they are replaced: other processes may be using them.
  if (isStale()) await build({ ...CONFIG, build: { emptyOutDir: false } });
}

/** Returns whether anything in `src` changed after the worker was built. */
function isStale(): boolean {
  const changed = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  const built = statSync(join(DIST, 'worker.js'), { throwIfNoEntry: false });
  return !built || built.mtimeMs < Math.max(...changed);
}

/** Serves files unchanged, before Vite can transform them. */
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
          // Vite's client defines the constants of the build.
          const scripts = ['/@vite/client', script];
          response.end(
            `<!doctype html>${scripts.map((url) => `<script type="module" src="${url}"></script>`).join('')}`,
          );
          return;
        }
        const file = find(path);
        if (file === undefined || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
          next();
          return;
        }
        sendFile(file, request, response).catch(next);
      });
    },
  };
}
