/**
 * The script for pages without modules, built to dist/inface.global.js: `<script src="/inface/inface.global.js">` defines
 * `inface` with what the entries ".", "./camera" and "./rest" export.
 */
import { createFaceKit as createKit, type FaceKit, type FaceKitOptions } from './index.js';

export * from './index.js';
export * from './client/camera/camera-element.js';
export * from './client/rest/rest.js';

/**
 * Starts the worker and loads the models, as the module does. `assetsUrl` defaults to the folder of this script, where
 * `npx inface assets` puts it.
 */
export function createFaceKit(options?: FaceKitOptions): Promise<FaceKit> {
  return createKit({ assetsUrl: new URL('.', __SCRIPT_URL__), ...options });
}
