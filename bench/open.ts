/**
 * `npm run bench:open`: how long a collection takes to open, from the database to a gallery that can be searched, with
 * encryption and without, in turns. Without encryption the same store runs on a vault that leaves bytes as they are.
 * Prints medians in milliseconds and their ratio.
 */
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { createServer, type Plugin } from 'vite';
import { BROWSER_ARGS, ensureBrowser } from '../tools/browser.mjs';
import type { openCollection, prepareCollection } from './open-page.js';

const ROUNDS = 15;
const SIZES = [
  { profiles: 200, templates: 5 },
  { profiles: 1_000, templates: 1 },
  { profiles: 2_000, templates: 5 },
  { profiles: 10_000, templates: 1 },
];
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the page offers, see open-page.ts. */
interface BenchPage {
  readonly prepareCollection: typeof prepareCollection;
  readonly openCollection: typeof openCollection;
}

/** Puts the vault that does not encrypt in the place of the real one. */
const plainVault: Plugin = {
  name: 'bench:plain-vault',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source.endsWith('/vault.js') && importer?.includes('/src/worker/')
      ? fileURLToPath(new URL('plain-vault.ts', import.meta.url))
      : null,
};

const blankPage: Plugin = {
  name: 'bench:page',
  configureServer({ middlewares }) {
    middlewares.use('/bench.html', (_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        '<!doctype html><title>bench</title><script type="module">' +
          "import * as bench from '/bench/open-page.ts'; Object.assign(globalThis, { bench });</script>",
      );
    });
  },
};

async function serve(name: string, plugins: readonly Plugin[]) {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    cacheDir: `${ROOT}.cache/bench-${name}`,
    optimizeDeps: { include: ['idb'], entries: [] },
    plugins: [blankPage, ...plugins],
    server: { host: '127.0.0.1', port: 0 },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.');
  return { name, url: `http://localhost:${address.port}/bench.html`, close: () => server.close() };
}

const servers = [await serve('encrypted', []), await serve('plain', [plainVault])];
const browser = await chromium.launch({ executablePath: await ensureBrowser(console.error), args: [...BROWSER_ARGS] });
try {
  const rows: Record<string, Record<string, number>> = {};
  const pages = await Promise.all(
    servers.map(async ({ name, url }) => {
      const page = await browser.newPage();
      await page.goto(url);
      await page.waitForFunction(() => 'bench' in globalThis);
      return { name, page };
    }),
  );
  for (const size of SIZES) {
    const times: Record<string, number[]> = { encrypted: [], plain: [] };
    for (const { page } of pages) {
      await page.evaluate(
        (wanted) => (globalThis as unknown as { bench: BenchPage }).bench.prepareCollection(wanted),
        size,
      );
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, page } of pages) {
        const ms = await page.evaluate(() => (globalThis as unknown as { bench: BenchPage }).bench.openCollection());
        times[name]?.push(ms);
      }
    }
    const [encrypted, plain] = [median(times['encrypted'] ?? []), median(times['plain'] ?? [])];
    const key = `${size.profiles * size.templates} templates, ${size.templates} a profile`;
    rows[key] = { encryptedMs: round(encrypted), plainMs: round(plain), ratio: round(encrypted / plain) };
  }
  console.log(`Opening a collection, Chromium ${browser.version()}, medians of ${ROUNDS} in turns`);
  console.table(rows);
} finally {
  await browser.close();
  for (const server of servers) await server.close();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
