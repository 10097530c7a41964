import { cpSync, readFileSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions, type Plugin, type UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import { BROWSER_ARGS } from './tools/browser.mjs';
import { listDemoFiles } from './tools/demo-files.js';
import { bundleRuntime, copyRuntime, describeRuntime } from './tools/runtime.js';
import { ISOLATION_HEADERS } from './tools/serve.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** The package's assets: what `public` holds, as one folder beside the code. */
const packAssets: Plugin = {
  name: 'inface:assets',
  closeBundle() {
    cpSync('public', 'dist/assets', { recursive: true });
  },
};

const ORT_FILES = { __ORT_FILES__: JSON.stringify(describeRuntime()) };

/** The command line of the package, for Node. It bundles npm's library, some of whose modules are CommonJS. */
const COMMAND_LINE: UserConfig = {
  publicDir: false,
  define: ORT_FILES,
  ssr: { target: 'node', noExternal: true },
  build: {
    ssr: true,
    outDir: 'dist/cli',
    target: 'node20',
    minify: true,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: { main: 'tools/cli/main.ts' },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        banner: ({ isEntry }) =>
          isEntry
            ? ''
            : "import { fileURLToPath as __path } from 'node:url'; const __filename = __path(import.meta.url); " +
              "const __dirname = __path(new URL('.', import.meta.url));",
      },
    },
  },
};

/**
 * `vite` serves the demo and `vite build --mode demo` builds it; `vite build` builds the package and
 * `vite build --mode cli` its command line; vitest takes the test projects from here.
 */
export default defineConfig(({ command, mode }) => {
  // A page of the tests is built like the demo, from its own files.
  const demo = mode === 'demo' || mode === 'page' || command === 'serve';
  copyRuntime('public/ort');
  if (mode === 'cli') return COMMAND_LINE;
  return {
    root: demo && !process.env['VITEST'] ? 'demo' : '.',
    base: './',
    publicDir: new URL('public', import.meta.url).pathname,
    define: {
      __INFACE_VERSION__: JSON.stringify(version),
      ...ORT_FILES,
    },
    // onnxruntime-web with its wasm files apart, instead of 14 MB of base64 in the worker.
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
    // Named, because the test server would otherwise find them late and reload the page in the middle of a test.
    optimizeDeps: { include: ['comlink', 'idb', 'valibot'], exclude: ['onnxruntime-web'] },
    server: { headers: ISOLATION_HEADERS },
    plugins: [bundleRuntime(), mode === 'demo' ? listDemoFiles('dist-demo') : !demo && packAssets],
    worker: {
      plugins: () => [bundleRuntime()],
      format: 'es',
      rolldownOptions: { output: { entryFileNames: demo ? 'assets/[name]-[hash].js' : 'worker.js' } },
    },
    build: demo
      ? {
          outDir: new URL('dist-demo', import.meta.url).pathname,
          emptyOutDir: true,
          ...(mode === 'demo' && {
            rolldownOptions: {
              input: { index: 'demo/index.html', 'service-worker': 'demo/service-worker/service-worker.ts' },
              output: {
                entryFileNames: ({ name }: { name: string }) =>
                  name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js',
              },
            },
          }),
        }
      : {
          outDir: 'dist',
          copyPublicDir: false,
          target: 'es2022',
          lib: {
            entry: {
              index: 'src/index.ts',
              camera: 'src/client/camera/camera-element.ts',
              rest: 'src/client/rest/rest.ts',
              'service-worker': 'src/service-worker/service-worker.ts',
            },
            formats: ['es'],
          },
          // What two entries share, so that there is one InfaceError.
          rolldownOptions: { output: { chunkFileNames: '[name].js' } },
        },
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'node',
            include: ['test/node/**/*.test.ts'],
            environment: 'node',
            testTimeout: 60_000,
            hookTimeout: 60_000,
          },
        },
        {
          extends: true,
          // For the same reason as above, and for tests alone.
          optimizeDeps: { include: ['fast-check', 'react', 'react-dom/client', 'vue'] },
          test: {
            name: 'browser',
            include: ['test/browser/**/*.test.ts'],
            globalSetup: ['reference-models', 'cases'].map(
              (name) => new URL(`test/browser/${name}.setup.ts`, import.meta.url).pathname,
            ),
            testTimeout: 120_000,
            hookTimeout: 120_000,
            fileParallelism: false,
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({
                launchOptions: {
                  ...(process.env['INFACE_BROWSER'] ? { executablePath: process.env['INFACE_BROWSER'] } : {}),
                  args: [...BROWSER_ARGS, '--enable-unsafe-webgpu'],
                },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
      ],
    },
  };
});
