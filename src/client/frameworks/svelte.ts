/** Entry "./svelte": the action `faceCamera` and the store `faceKit` for Svelte 4 and 5. Needs no compiler. */
import { defineFaceCamera, type FaceCamera } from '../camera/camera-element.js';
import { bindCamera, type CameraInputs } from './camera-binding.js';
import { shareKit, type KitState, type SharedKitOptions } from './shared-kit.js';

export type { CameraHandler, CameraInputs } from './camera-binding.js';
export type { KitState, SharedKitOptions } from './shared-kit.js';

/** Store of a kit, as Svelte's `Readable`. */
export interface FaceKitStore {
  subscribe(run: (state: KitState) => void): () => void;
}

/**
 * Returns a store of a kit, which is created for the first subscriber and closed after the last.
 * Stores with equal options share one kit. On a server, it creates none.
 * @param options as for `createFaceKit`
 */
export function faceKit(options: SharedKitOptions = {}): FaceKitStore {
  return { subscribe: (run) => shareKit(options, run) };
}

/**
 * Svelte action that passes inputs on to a `<face-camera>`, and stops it at the end.
 * @example `<face-camera use:faceCamera={{ kit: $state.kit, collection: team, autostart: true }}></face-camera>`
 */
export function faceCamera(
  element: FaceCamera,
  inputs: CameraInputs = {},
): { readonly update: (inputs: CameraInputs) => void; readonly destroy: () => void } {
  defineFaceCamera();
  const { update, release } = bindCamera(element);
  update(inputs);
  return { update, destroy: release };
}
