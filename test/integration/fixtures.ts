/** The environments in which the package is tried, and how each one is served. */

/** Scripts and WebAssembly of this origin, and the addresses that the kit fetches; nothing else is allowed. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

export interface Fixture {
  readonly name: string;
  /** The folder of its project, beside this file. Defaults to the name. */
  readonly folder?: string;
  /** What `npm run build` has made and a static server serves; or 'start': the project serves itself by `npm start`. */
  readonly serve: string;
  /** Whether the tools put the script of the worker among their own, or the kit takes it from its assets. */
  readonly worker: 'bundle' | 'assets';
  /** Headers of the static server. Defaults to none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Path of the page. Defaults to '/'. */
  readonly path?: string;
  /** Whether its tools are among those of this repository, so that nothing is installed. */
  readonly quick?: true;
}

export const FIXTURES: readonly Fixture[] = [
  { name: 'plain', serve: '.', worker: 'assets', quick: true },
  {
    name: 'strict-csp',
    folder: 'plain',
    serve: '.',
    worker: 'assets',
    headers: { 'Content-Security-Policy': STRICT_POLICY },
    quick: true,
  },
  { name: 'global-script', serve: '.', worker: 'assets', quick: true },
  { name: 'vite', serve: 'dist', worker: 'bundle', quick: true },
  { name: 'single-page-route', folder: 'vite', serve: 'start', worker: 'bundle', path: '/people/anna', quick: true },
  { name: 'sub-path', serve: 'dist', worker: 'bundle', path: '/app/', quick: true },
  { name: 'esbuild', serve: 'public', worker: 'assets', quick: true },
  { name: 'rollup', serve: 'public', worker: 'assets' },
  { name: 'webpack', serve: 'public', worker: 'bundle' },
  { name: 'rspack', serve: 'public', worker: 'bundle' },
  { name: 'parcel', serve: 'dist', worker: 'bundle' },
  { name: 'react', serve: 'dist', worker: 'bundle' },
  { name: 'vue', serve: 'dist', worker: 'bundle' },
  { name: 'svelte', serve: 'dist', worker: 'bundle' },
  { name: 'sveltekit', serve: 'build', worker: 'bundle' },
  { name: 'angular', serve: 'dist/angular/browser', worker: 'assets' },
  { name: 'next', serve: 'start', worker: 'bundle' },
];

/** From an empty folder to a live name, by framework: the code of docs/start-*.md. The one for Vite is an example. */
export const STARTS: readonly Fixture[] = [
  { name: 'start/html', serve: '.', worker: 'assets', quick: true },
  { name: 'start/react', serve: 'dist', worker: 'bundle' },
  { name: 'start/vue', serve: 'dist', worker: 'bundle' },
  { name: 'start/svelte', serve: 'dist', worker: 'bundle' },
  { name: 'start/next', serve: 'start', worker: 'bundle' },
  { name: 'start/angular', serve: 'dist/angular/browser', worker: 'assets' },
];
