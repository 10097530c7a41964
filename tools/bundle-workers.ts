/** Serves the workers of the browser tests bundled, each as one file. */
import { build, type Plugin, type ResolvedConfig } from 'vite';
import { ROOT } from './process.mjs';
import { bundleRuntime } from './runtime/build.js';

/** The URL by which Vite's test server names the script of a worker. */
const WORKER_URL = /^\/([\w./-]+\.ts)\?worker_file&type=module\b/;

/**
 * Creates the plugin. Unbundled, every worker that a test starts would load about a hundred modules one after the other.
 * A worker is bundled when it is first asked for, and again after a change of any file.
 */
export function bundleWorkers(): Plugin {
  const bundles = new Map<string, Promise<string>>();
  return {
    name: 'inface:bundled-workers',
    configureServer({ config, middlewares, watcher }) {
      watcher.on('all', () => bundles.clear());
      const headers = new Map(Object.entries({ ...config.server.headers, 'Content-Type': 'text/javascript' }));
      middlewares.use((request, response, next) => {
        const entry = WORKER_URL.exec(request.url ?? '')?.[1];
        if (entry === undefined) {
          next();
          return;
        }
        const bundled = bundles.get(entry) ?? bundle(entry, config);
        bundles.set(entry, bundled);
        bundled.then((code) => {
          response.setHeaders(headers as Map<string, string>);
          response.end(code);
        }, next);
      });
    },
  };
}

async function bundle(entry: string, { define, resolve }: ResolvedConfig): Promise<string> {
  const result = await build({
    configFile: false,
    root: ROOT,
    publicDir: false,
    logLevel: 'warn',
    define: define ?? {},
    resolve: { conditions: resolve.conditions },
    plugins: [bundleRuntime()],
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      // Without tree-shaking, because the package says that its modules have no side effects, and the tests' own workers have some.
      rolldownOptions: { input: entry, treeshake: false, output: { codeSplitting: false } },
    },
  });
  if (!('output' in result)) throw new Error(`Vite built no single bundle of ${entry}.`);
  return result.output[0].code;
}
