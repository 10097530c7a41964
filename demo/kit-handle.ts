/** The start of the kit, once per page and again as often as the user asks. */
import { createFaceKit, type FaceKit, type KitInfo } from '../src/index.js';

/** Where the demo keeps everything. */
const DATABASE = 'inface-demo';

/** The kit on its way: views are there before its models are. */
export type KitState =
  | { readonly phase: 'loading'; readonly loaded: number; readonly total: number; readonly fromCache: boolean }
  | { readonly phase: 'ready'; readonly kit: FaceKit; readonly info: KitInfo }
  | { readonly phase: 'failed'; readonly error: unknown };

export interface KitHandle {
  readonly state: KitState;
  /** The kit as soon as there is one; after a failure, as soon as trying again has worked. */
  ready(): Promise<FaceKit>;
  /** After a failure: tries again. */
  retry(): void;
  /** @returns ends the listening */
  onChange(listener: () => void): () => void;
}

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
