/** Describes the browser by the features that the kit uses where they exist. */
import type { KitInfo } from '../../api/runtime.js';
import { hasSharedMemory } from './session.js';

/** Asks the browser for each feature. Never assumes one from the name of the browser. */
export async function describeBrowser(): Promise<Pick<KitInfo, 'features' | 'persisted'>> {
  // Absent in WebKitGTK; its parts are absent in old browsers, and refused in some private windows.
  const { storage } = navigator as { storage?: Partial<StorageManager> };
  const [persisted, root] = await Promise.all([
    storage?.persisted?.().catch(() => null),
    storage?.getDirectory?.().catch(() => null),
  ]);
  return {
    persisted: persisted ?? null,
    features: {
      sharedMemory: hasSharedMemory(),
      webgpu: 'gpu' in navigator,
      privateFiles: Boolean(root),
      storageEstimate: storage?.estimate !== undefined,
      videoFrames: 'VideoFrame' in globalThis,
    },
  };
}
