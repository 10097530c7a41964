/** The installed package where the fixtures do not bring it: in Node, in development, and behind obstacles. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { test, expect } from '@playwright/test';
import { build, createServer, preview, type InlineConfig } from 'vite';
import { DEMO_HEADERS, createServer as serveFolder } from '../../tools/serve.mjs';
import type { FaceKit } from '../../src/index.js';
import { ROOT, samplePhoto } from '../e2e/places.js';
import { npm, workFolder } from './project.js';

const QUICK = { tag: '@quick' };

/** A page that shows what it found, or the error. */
const PAGE = '<!doctype html><title>scratch</title><script type="module" src="/main.js"></script><output></output>';
const SCRIPT = `
import { createFaceKit, InfaceError } from 'inface';
const output = document.querySelector('output');
try {
  const kit = await createFaceKit({ backend: 'wasm' });
  const photo = await (await fetch('/photo.jpg')).blob();
  const { faces } = await kit.detect(photo);
  const { outcome } = await kit.enroll([{ image: photo, face: 'largest' }], { name: 'Anna' });
  output.textContent = faces.length + ' faces, ' + outcome;
} catch (error) {
  output.textContent = error instanceof InfaceError ? error.code + ' ' + error.message : String(error);
}
`;

let scratch = '';

test.beforeAll(async () => {
  // In the folder of the run, so that the installed package is found.
  scratch = mkdtempSync(join(workFolder(), 'scratch-'));
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ name: 'scratch', private: true, type: 'module' }));
  writeFileSync(join(scratch, 'index.html'), PAGE);
  writeFileSync(join(scratch, 'main.js'), SCRIPT);
  await npm(scratch, 'exec', '--offline', '--', 'inface', 'assets', 'public/inface');
  cpSync(samplePhoto(6), join(scratch, 'public/photo.jpg'));
});

const config = (): InlineConfig => ({
  root: scratch,
  configFile: false,
  logLevel: 'warn',
  cacheDir: join(scratch, '.vite'),
});

test('can be imported where there is no browser, as server-side rendering does', QUICK, () => {
  const script = `
    const { createFaceKit } = await import('inface');
    const { createRestHandler } = await import('inface/rest');
    const { defineFaceCamera } = await import('inface/camera');
    const { mountRest } = await import('inface/service-worker');
    const entries = [createFaceKit, createRestHandler, defineFaceCamera, mountRest].map((entry) => typeof entry);
    process.stdout.write([...entries, await createFaceKit().catch(({ code }) => code)].join());
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: scratch,
    encoding: 'utf8',
  });
  expect(output).toBe('function,function,function,function,ENVIRONMENT_UNSUPPORTED');
});

/** What a page or a server may have that keeps the kit from starting, and what it says then. */
const OBSTACLES: readonly {
  readonly files: string;
  readonly response: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> };
  readonly told: RegExp;
}[] = [
  {
    files: '**/worker*.js',
    response: { status: 404 },
    told: /^WORKER_LOAD_FAILED The worker script .*\/inface\/worker\.js could not be loaded: .*404.*'workerUrl'/,
  },
  {
    files: 'http://localhost:4174/',
    response: { headers: { 'content-security-policy': "worker-src 'none'" } },
    told: /^WORKER_LOAD_FAILED The Content-Security-Policy .* http:\/\/localhost:4174\/.*worker.*\.js.*worker-src/,
  },
  {
    files: 'http://localhost:4174/',
    response: { headers: { 'content-security-policy': "require-trusted-types-for 'script'" } },
    told: /^ENVIRONMENT_UNSUPPORTED .*Trusted Types/,
  },
  {
    files: '**/worker*.js',
    response: { headers: { 'content-security-policy': "script-src 'self'" } },
    told: /^ENVIRONMENT_UNSUPPORTED The Content-Security-Policy of .*worker.*'wasm-unsafe-eval'/,
  },
  {
    files: 'http://localhost:4174/**',
    response: { headers: { 'content-security-policy': 'sandbox allow-scripts', 'access-control-allow-origin': '*' } },
    told: /^ENVIRONMENT_UNSUPPORTED This page has no origin.*allow-same-origin/,
  },
];

test('takes the worker from the assets, or names what is in the way', QUICK, async ({ page }) => {
  await build(config());
  const server = await preview({ ...config(), preview: { port: 4174, strictPort: true } });
  const embedder = createHttpServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>Embedder</title><iframe src="http://localhost:4174/"></iframe>');
  }).listen(4177, '127.0.0.1');
  try {
    // As with a bundler that leaves the script out: it comes from the assets.
    await page.route('**/assets/worker*.js', (route) => route.fulfill({ status: 404 }));
    await page.goto('http://localhost:4174/');
    await expect(page.locator('output')).toHaveText('4 faces, enrolled');
    await page.unroute('**/assets/worker*.js');
    for (const { files, response, told } of OBSTACLES) {
      await page.route(files, async (route) => {
        const original = await route.fetch();
        await route.fulfill({
          response: original,
          ...response,
          headers: { ...original.headers(), ...response.headers },
        });
      });
      await page.goto('http://localhost:4174/');
      await expect(page.locator('output')).toHaveText(told);
      await page.unroute(files);
    }
    // In a frame of another site, where storage is apart from that of the page itself.
    await page.goto('http://127.0.0.1:4177/');
    await expect(page.frameLocator('iframe').locator('output')).toHaveText('4 faces, enrolled');
  } finally {
    embedder.close();
    await server.close();
  }
});

test("works in Vite's development server", QUICK, async ({ page }) => {
  const server = await createServer({
    ...config(),
    server: { port: 4175, strictPort: true, fs: { allow: [workFolder()] } },
  });
  try {
    await server.listen();
    await page.goto('http://localhost:4175/');
    await expect(page.locator('output')).toHaveText('4 faces, enrolled');
    expect(page.workers().map((worker) => worker.url())).toEqual([
      expect.stringContaining('/node_modules/inface/dist/worker.js'),
    ]);
  } finally {
    await server.close();
  }
});

test("no script is executed but the kit's own, in two threads under the strict policy", QUICK, async ({ page }) => {
  // The package and its assets, with the headers of the demo: its policy allows neither `eval` nor `blob:`.
  const server = await serveFolder({ root: join(ROOT, 'dist') });
  try {
    const body = '<!doctype html><title>Package</title>';
    await page.route(`${server.url}page`, (route) =>
      route.fulfill({ contentType: 'text/html', headers: DEMO_HEADERS, body }),
    );
    await page.goto(`${server.url}page`);
    const requested: string[] = [];
    page.context().on('request', (request) => requested.push(new URL(request.url()).pathname));
    const { info, count } = await page.evaluate(
      async (photo) => {
        const { createFaceKit } = (await import(new URL('/index.js', location.href).href)) as {
          createFaceKit: (options: object) => Promise<FaceKit>;
        };
        const kit = await createFaceKit({ assetsUrl: new URL('/assets/', location.href), backend: 'wasm', threads: 2 });
        const image = new Blob([Uint8Array.from(atob(photo), (char) => char.charCodeAt(0))]);
        const { faces } = await kit.detect(image);
        const found = { info: await kit.info(), count: faces.length };
        await kit.close();
        return found;
      },
      readFileSync(samplePhoto(6)).toString('base64'),
    );
    expect(info).toMatchObject({ backend: 'wasm', threads: 2 });
    expect(count).toBe(4);
    const assets = requested.filter((path) => path.startsWith('/assets/'));
    expect(assets.length).toBeGreaterThan(0);
    // Models and wasm, whose hashes are checked, and the manifest.
    for (const path of assets) expect(path).toMatch(/\/(models\/[\w.-]+\.(onnx|json|bin)|ort\/[\w.-]+\.wasm)$/);
  } finally {
    await server.close();
  }
});
