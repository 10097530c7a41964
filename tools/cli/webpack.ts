/** Entry "./webpack": puts the assets beside the output of webpack or Rspack, also in their servers. */
import { bundlerAssets, type AssetsOptions, type BundlerAssets } from './plugin.js';

export type { AssetsOptions } from './plugin.js';

/** The part of a compilation that the plugin uses. */
export interface AssetsCompilation {
  readonly hooks: {
    readonly processAssets: {
      tapPromise(options: { readonly name: string; readonly stage: number }, emit: () => Promise<void>): void;
    };
  };
  emitAsset(path: string, source: unknown, info: { readonly minimized: true }): void;
}

/** The part of webpack's `Compiler` that the plugin uses. */
export interface AssetsCompiler {
  readonly hooks: {
    readonly thisCompilation: { tap(name: string, start: (compilation: AssetsCompilation) => void): void };
  };
  readonly webpack: {
    readonly sources: { readonly RawSource: new (content: Buffer) => unknown };
    readonly Compilation: { readonly PROCESS_ASSETS_STAGE_ADDITIONAL: number };
  };
}

const NAME = 'InfacePlugin';

/**
 * The plugin for webpack 5 and Rspack: no assets to copy, and none in the repository.
 *
 * The kit finds them where the output is served at `/`. Otherwise, pass `createFaceKit` the option `assetsUrl`.
 *
 * @throws Error if an option is wrong
 */
export class InfacePlugin {
  readonly #assets: BundlerAssets;

  constructor(options: AssetsOptions = {}) {
    this.#assets = bundlerAssets(NAME, options);
  }

  apply({ hooks, webpack }: AssetsCompiler): void {
    const { folder } = this.#assets;
    /** The same objects in each compilation, so that the server writes them once. */
    let sources: ReadonlyMap<string, unknown> | null = null;
    hooks.thisCompilation.tap(NAME, (compilation) => {
      const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL;
      compilation.hooks.processAssets.tapPromise({ name: NAME, stage }, async () => {
        sources ??= new Map(
          [...(await this.#assets.read())].map(([path, content]) => [
            path,
            new webpack.sources.RawSource(Buffer.from(content)),
          ]),
        );
        for (const [path, source] of sources) compilation.emitAsset(`${folder}/${path}`, source, { minimized: true });
      });
    });
  }
}
