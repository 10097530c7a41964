/** Creates the built kit. */
import type * as api from '../../src/index.js';

const KIT_URL = '/kit/index.js';

/** Creates a kit on one wasm thread that trains only on request. */
export async function createKit(options: api.FaceKitOptions = {}): Promise<api.FaceKit> {
  const { createFaceKit } = (await import(/* @vite-ignore */ KIT_URL)) as typeof api;
  return createFaceKit({ assetsUrl: '/kit/assets/', backend: 'wasm', threads: 1, autoTrain: false, ...options });
}
