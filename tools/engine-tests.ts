/** Runs tests in Firefox and WebKit: starts the browser itself, and serves the built demo beside them. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineBrowserProvider } from '@vitest/browser';
import type { Plugin } from 'vite';
import type { BrowserCommand } from 'vitest/node';
import { findEngine, openBrowser, type Engine, type OpenBrowser } from './engines.mjs';
import { Problem, ROOT } from './process.mjs';
import { answerFrom, DEMO_HEADERS } from './serve.mjs';

/** The path of the built demo on the test server. */
const DEMO_PATH = '/built-demo';
const DEMO_FOLDER = join(ROOT, 'dist-demo');
/** The tests open the demo in a frame. */
const HEADERS = new Map(
  Object.entries({
    ...DEMO_HEADERS,
    'Content-Security-Policy': DEMO_HEADERS['Content-Security-Policy'].replace(
      "frame-ancestors 'none'",
      "frame-ancestors 'self'",
    ),
  }),
);

/** Creates the parts of a vitest project that runs in the browser of an engine. */
export function createEngineTests(engine: Engine) {
  const output: string[] = [];
  let isOffline = false;

  const demo: Plugin = {
    name: 'inface:built-demo',
    configureServer({ middlewares }) {
      middlewares.use(DEMO_PATH, (request, response) => {
        if (isOffline) {
          request.socket.destroy();
          return;
        }
        response.setHeaders(HEADERS);
        void answerFrom(DEMO_FOLDER, request, response);
      });
    },
  };

  // The types of the commands are in test/engines.
  const setDemoOffline: BrowserCommand<[boolean]> = (_context, next) => {
    isOffline = next;
  };
  const browserOutput: BrowserCommand = () => output;

  const provider = defineBrowserProvider({
    name: 'inface',
    supportedBrowser: [engine],
    providerFactory() {
      const opened: OpenBrowser[] = [];
      const log = join(ROOT, '.cache', 'reports', `${engine}.log`);
      mkdirSync(dirname(log), { recursive: true });
      const file = createWriteStream(log);
      return {
        name: 'inface',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(_sessionId, url) {
          const path = await findEngine(engine);
          if (path === undefined) {
            throw new Problem(
              `No browser with ${engine} was found.`,
              '',
              `Run npm test -- ${engine}, which installs one.`,
            );
          }
          const onLine = (line: string) => {
            output.push(line);
            file.write(`${line}\n`);
          };
          opened.push(await openBrowser(engine, path, url, onLine));
        },
        async close() {
          await Promise.all(opened.map((browser) => browser.close()));
          file.end();
        },
      };
    },
  });

  return { demo, commands: { setDemoOffline, browserOutput }, provider };
}
