/** The folders of the package, as seen from its program in dist/cli. */
import { fileURLToPath } from 'node:url';
import type { PackageFolders } from './assets.js';

export const PACKAGE: PackageFolders = {
  assets: fileURLToPath(new URL('../assets', import.meta.url)),
  scripts: fileURLToPath(new URL('..', import.meta.url)),
};
