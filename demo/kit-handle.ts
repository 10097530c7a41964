/** The start of the kit, once per page and again as often as the user asks. */
import { createFaceKit, type FaceKit } from '../src/index.js';
import type { KitHandle, KitState } from './context.js';

/** Where the demo keeps everything. */
export const DATABASE = 'inface-demo';

export function loadKit(): KitHandle {
  let state: KitState = { phase: 'loading', loaded: 0, total: 0, fromCache: true };
  const listeners = new Set<() => void>();
  let resolve: (kit: FaceKit) => void;
  const ready = new Promise<FaceKit>((done) => {
    resolve = done;
  });

  function become(next: KitState): void {
    state = next;
    for (const listener of listeners) listener();
  }

  async function start(): Promise<void> {
    become({ phase: 'loading', loaded: 0, total: 0, fromCache: true });
    let allFromCache = true;
    try {
      const kit = await createFaceKit({
        assetsUrl: new URL('./', document.baseURI),
        database: DATABASE,
        onProgress({ loaded, total, fromCache }) {
          allFromCache &&= fromCache;
          // A worker that is started again reports, too.
          if (state.phase === 'loading') become({ phase: 'loading', loaded, total, fromCache: allFromCache });
        },
      });
      const info = await kit.info();
      become({ phase: 'ready', kit, info });
      resolve(kit);
    } catch (error) {
      become({ phase: 'failed', error });
    }
  }

  void start();
  return {
    get state() {
      return state;
    },
    ready: () => ready,
    retry() {
      if (state.phase === 'failed') void start();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
