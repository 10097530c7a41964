import { cpSync, readFileSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions, type Plugin, type UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import { BROWSER_ARGS } from './tools/browser.mjs';
import { createEngineTests } from './tools/engine-tests.js';
import { bundleWorkers } from './tools/bundle-workers.js';
import { listDemoFiles } from './tools/demo-files.js';
import { readTargets, writeTargets } from './tools/demo-targets.mjs';
import { serveExamples } from './tools/docs-examples.js';
import { packAssets } from './tools/pack-assets.js';
import { bundleRuntime, readRuntimeSource, writeRuntime } from './tools/runtime/build.js';
import { ISOLATION_HEADERS } from './tools/serve.mjs';

const { version, homepage } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  /** Only in what is published, see publish.yml. */
  readonly homepage?: string;
};
/** Where the demo says that the code is. */
const HOME = process.env['INFACE_HOME'] ?? homepage?.replace(/#.*/, '') ?? '';

/** Puts a script of the package among its assets, too. */
const packScript = (name: string): Plugin => ({
  name: 'inface:script',
  closeBundle() {
    cpSync(`dist/${name}`, `dist/assets/${name}`);
  },
});

/** Looks for the worker beside the script, which has no `import.meta.url`. Vite would build the worker once more. */
const findWorker: Plugin = {
  name: 'inface:script-url',
  enforce: 'pre',
  transform: {
    filter: { id: /worker-script\.ts$/ },
    handler(code) {
      const written = "new URL('../../worker/main.ts', import.meta.url)";
      if (!code.includes(written)) throw new Error('worker-script.ts names the worker in another form.');
      return code.replace(written, "new URL('worker.js', __SCRIPT_URL__)");
    },
  },
};

/** Classic scripts, for pages and service workers without a bundler, each with everything that it needs. */
const SCRIPTS: Readonly<Record<string, { readonly entry: string; readonly file: string; readonly intro: string }>> = {
  global: {
    entry: 'src/global.ts',
    file: 'inface.global.js',
    // To be read while the script runs.
    intro: 'const __SCRIPT_URL__ = document.currentScript?.src || document.baseURI;',
  },
  'service-worker': {
    entry: 'src/service-worker/standalone.ts',
    file: 'service-worker.standalone.js',
    intro: '',
  },
};

function scriptConfig({ entry, file, intro }: (typeof SCRIPTS)[string]): UserConfig {
  return {
    publicDir: false,
    define: { __INFACE_VERSION__: JSON.stringify(version) },
    plugins: [findWorker, packScript(file)],
    build: {
      outDir: 'dist',
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'inface', fileName: () => file },
      rolldownOptions: { output: { intro } },
    },
  };
}

/**
 * Names the worker in the form that all bundlers follow. Vite writes `new URL(new URL(...).href, import.meta.url)`, in which
 * some find nothing, and webpack the path of the folder that it was built in.
 */
const nameWorker: Plugin = {
  name: 'inface:worker-url',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const index = bundle['index.js'];
      if (index?.type !== 'chunk') throw new Error('The package has no entry index.');
      const written =
        /new URL\(\s*(\/\* @vite-ignore \*\/\s*)?new URL\("worker\.js", import\.meta\.url\)\.href,\s*"" \+ import\.meta\.url\s*\)/;
      if (!written.test(index.code)) throw new Error('Vite names the worker in another form.');
      index.code = index.code.replace(written, 'new URL("./worker.js", import.meta.url)');
    },
  },
};

const runtime = writeRuntime('public/ort');
const RUNTIME = { __ORT__: JSON.stringify(runtime), __ORT_SOURCE__: JSON.stringify(readRuntimeSource()) };

/** The package's assets, as one folder beside the code. */
const packedAssets: Plugin = {
  name: 'inface:assets',
  closeBundle() {
    packAssets('public', 'dist/assets', runtime);
  },
};

/** Entries that the wrappers for frameworks import as they are. Bundled, their code would move to chunks that all share. */
const ENTRIES_OF_WRAPPERS = new Map([
  ['../../index.js', './index.js'],
  ['../camera/camera-element.js', './camera.js'],
]);
const importEntries: Plugin = {
  name: 'inface:entries',
  enforce: 'pre',
  resolveId(source, importer) {
    const entry = importer?.includes('/src/client/frameworks/') ? ENTRIES_OF_WRAPPERS.get(source) : undefined;
    return entry === undefined ? null : { id: entry, external: true };
  },
};

/** Declarations of the entries of the package that run in Node, from the compiler to where package.json names them. */
const packDeclarations: Plugin = {
  name: 'inface:declarations',
  closeBundle() {
    for (const name of ['plugin', 'vite', 'webpack'])
      cpSync(`.cache/types/tools/tools/cli/${name}.d.ts`, `dist/types/cli/${name}.d.ts`);
  },
};

/**
 * The command line of the package and its plugins for bundlers, for Node. It bundles npm's library, some of whose modules are
 * CommonJS.
 */
const COMMAND_LINE: UserConfig = {
  publicDir: false,
  define: RUNTIME,
  plugins: [packDeclarations],
  ssr: { target: 'node', noExternal: true },
  build: {
    ssr: true,
    outDir: 'dist/cli',
    target: 'node20',
    minify: true,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: { main: 'tools/cli/main.ts', vite: 'tools/cli/vite.ts', webpack: 'tools/cli/webpack.ts' },
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

/** The oldest versions of frameworks that work with the wrappers. */
const OLDEST = new URL('test/versions/oldest/node_modules', import.meta.url).pathname;

/** The tests that need a browser, in any one. */
const BROWSER_PROJECT = {
  extends: true as const,
  // For the same reason as those of all projects, and for tests alone.
  optimizeDeps: {
    include: [
      '@nats-io/jetstream',
      '@nats-io/nats-core',
      'fast-check',
      'react',
      'react-dom/client',
      'react/jsx-runtime',
      'svelte',
      'svelte/internal/client',
      'vue',
    ],
  },
  plugins: [serveExamples(), bundleWorkers()],
};
const BROWSER_TESTS = {
  include: ['test/browser/**/*.test.ts'],
  globalSetup: ['reference-models', 'cases', 'fleet'].map(
    (name) => new URL(`test/browser/${name}.setup.ts`, import.meta.url).pathname,
  ),
  testTimeout: 120_000,
  hookTimeout: 120_000,
  fileParallelism: false,
  env: { REACT: '19' },
};
const BROWSER = { enabled: true, headless: true, screenshotFailures: false };
/** Returns a new object, because vitest writes into it. */
const inChromium = () => ({
  ...BROWSER,
  provider: playwright({
    launchOptions: {
      ...(process.env['INFACE_BROWSER'] ? { executablePath: process.env['INFACE_BROWSER'] } : {}),
      args: [...BROWSER_ARGS, '--enable-unsafe-webgpu'],
    },
  }),
  instances: [{ browser: 'chromium' as const }],
});

/** Writes into the demo which programs and servers it may reach. */
const nameTargets: Plugin = {
  name: 'inface:targets',
  transformIndexHtml: (html) => writeTargets(html, readTargets(process.env)),
};

/** The same tests in another engine than Chromium's, and those of the built demo there. */
function inEngine(engine: 'firefox' | 'webkit') {
  const { demo, commands, provider } = createEngineTests(engine);
  return {
    ...BROWSER_PROJECT,
    plugins: [...BROWSER_PROJECT.plugins, demo],
    test: {
      ...BROWSER_TESTS,
      name: engine,
      include: [...BROWSER_TESTS.include, 'test/engines/**/*.test.ts'],
      browser: { ...BROWSER, provider, commands, instances: [{ browser: engine }], connectTimeout: 120_000 },
    },
  };
}

/**
 * `vite` serves the demo and `vite build --mode demo` builds it; `vite build` builds the package and
 * `vite build --mode global` and `--mode service-worker` its scripts and `--mode cli` its command line; vitest takes the test projects from here.
 */
export default defineConfig(({ command, mode }) => {
  // A page of the tests is built like the demo, from its own files.
  const demo = mode === 'demo' || mode === 'page' || command === 'serve';
  if (mode === 'cli') return COMMAND_LINE;
  const script = SCRIPTS[mode];
  if (script) return scriptConfig(script);
  return {
    root: demo && !process.env['VITEST'] ? 'demo' : '.',
    base: './',
    publicDir: new URL('public', import.meta.url).pathname,
    define: {
      __INFACE_VERSION__: JSON.stringify(version),
      __HOME__: JSON.stringify(HOME),
      ...RUNTIME,
    },
    // onnxruntime-web with its wasm files apart, instead of 14 MB of base64 in the worker.
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
    // Named, because the test server would otherwise find them late and reload the page in the middle of a test.
    optimizeDeps: { include: ['comlink', 'idb', 'valibot'], exclude: ['onnxruntime-web'] },
    server: { headers: ISOLATION_HEADERS },
    plugins: [
      bundleRuntime(),
      mode === 'demo'
        ? [nameTargets, listDemoFiles('dist-demo')]
        : !demo && [nameWorker, packedAssets, packScript('worker.js'), importEntries],
    ],
    worker: {
      plugins: () => [bundleRuntime()],
      format: 'es',
      rolldownOptions: {
        // The package's worker is one file.
        output: demo
          ? { entryFileNames: 'assets/[name]-[hash].js', chunkFileNames: 'assets/[name]-[hash].js' }
          : { entryFileNames: 'worker.js', codeSplitting: false },
      },
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
              react: 'src/client/frameworks/react.ts',
              vue: 'src/client/frameworks/vue.ts',
              svelte: 'src/client/frameworks/svelte.ts',
              fleet: 'src/fleet/fleet.ts',
            },
            formats: ['es'],
          },
          // What two entries share, so that there is one InfaceError.
          rolldownOptions: {
            external: ['react', 'vue', '@nats-io/jetstream', '@nats-io/nats-core'],
            output: {
              chunkFileNames: '[name].js',
              // Frameworks with server components take the entry for client code.
              banner: ({ name }) => (name === 'react' ? "'use client';" : ''),
            },
          },
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
          ...BROWSER_PROJECT,
          test: {
            ...BROWSER_TESTS,
            name: 'browser',
            browser: inChromium(),
            // Tests that run side by side mostly wait, for workers that Chromium takes two seconds to end.
            maxConcurrency: 12,
          },
        },
        {
          ...BROWSER_PROJECT,
          resolve: { alias: { react: `${OLDEST}/react`, 'react-dom': `${OLDEST}/react-dom` } },
          test: {
            ...BROWSER_TESTS,
            name: 'react-18',
            include: ['test/browser/frameworks/react.test.ts'],
            browser: inChromium(),
            env: { REACT: '18' },
            // After the other tests, whose times it would change.
            sequence: { groupOrder: 1 },
          },
        },
        {
          extends: true,
          test: {
            name: 'fleet',
            include: ['test/fleet/**/*.test.ts'],
            globalSetup: new URL('test/fleet/nats.setup.ts', import.meta.url).pathname,
            environment: 'node',
            // Node 20 has WebSocket behind this.
            execArgv: ['--experimental-websocket'],
            testTimeout: 60_000,
            hookTimeout: 60_000,
          },
        },
        inEngine('firefox'),
        inEngine('webkit'),
      ],
    },
  };
});
