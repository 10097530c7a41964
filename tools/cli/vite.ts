/** Entry "./vite": serves the assets while an application is developed, and puts them into its build. */
import { extname } from 'node:path';
import type { Plugin } from 'vite';
import { bundlerAssets, type AssetsOptions } from './plugin.js';

export type { AssetsOptions } from './plugin.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/**
 * The plugin for Vite: no assets to copy, and none in the repository.
 *
 * The kit finds them where the base URL of the application is `/`. Otherwise, pass `createFaceKit` the option
 * `assetsUrl: import.meta.env.BASE_URL + 'inface/'`.
 *
 * @throws Error if an option is wrong
 */
export function inface(options: AssetsOptions = {}): Plugin {
  const assets = bundlerAssets('inface()', options);
  return {
    name: 'inface',
    // The server of an application that renders its pages serves the same files as its browser build.
    apply: (_config, { isSsrBuild }) => !isSsrBuild,
    applyToEnvironment: ({ config }) => config.consumer === 'client',
    // Bundled beforehand, it would lose its worker.
    config: () => ({ optimizeDeps: { exclude: ['inface'] } }),
    configureServer({ config, middlewares }) {
      middlewares.use(`${config.base}${assets.folder}/`, ({ url = '' }, response, next) => {
        const path = (url.split('?')[0] ?? '').slice(1);
        const answer = (content: Uint8Array | undefined) => {
          if (!content) {
            next();
            return;
          }
          for (const [name, value] of Object.entries(config.server.headers)) {
            if (value !== undefined) response.setHeader(name, value);
          }
          response.setHeader('Content-Type', CONTENT_TYPES[extname(path)] ?? 'application/octet-stream');
          response.setHeader('Cache-Control', 'no-cache');
          response.end(content);
        };
        assets.read().then((files) => answer(files.get(path)), next);
      });
    },
    async generateBundle() {
      for (const [path, source] of await assets.read())
        this.emitFile({ type: 'asset', fileName: `${assets.folder}/${path}`, source });
    },
  };
}
