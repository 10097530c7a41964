/** The start of the kit, once per page and again after a failure. */
import { createFaceKit, InfaceError, type ErrorCode, type FaceKit, type KitInfo } from '../src/index.js';
import { retry, type Failure } from './retry.js';

/** Where the demo keeps everything. */
const DATABASE = 'inface-demo';
/** What a later attempt may not meet any more. */
const TEMPORARY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_LOAD_FAILED',
  'MODEL_LOAD_FAILED',
  'MODEL_INTEGRITY_FAILED',
  'WORKER_CRASHED',
  'DEVICE_LOST',
]);

/** The kit on its way: views are there before its models are. */
export type KitState =
  | { readonly phase: 'loading'; readonly loaded: number; readonly total: number; readonly fromCache: boolean }
  | { readonly phase: 'ready'; readonly kit: FaceKit; readonly info: KitInfo }
  | ({ readonly phase: 'failed' } & Omit<Failure, 'again'>);

export interface KitHandle {
  readonly state: KitState;
  /** The kit as soon as there is one, which may be after several attempts. */
  ready(): Promise<FaceKit>;
  /** Tries again at once after a failure. */
  retry(): void;
  /** @returns ends the listening */
  onChange(listener: () => void): () => void;
}

export function loadKit(): KitHandle {
  let state: KitState = { phase: 'loading', loaded: 0, total: 0, fromCache: true };
  const listeners = new Set<() => void>();
  let again: () => void = () => undefined;

  function become(next: KitState): void {
    state = next;
    for (const listener of listeners) listener();
  }

  async function start(): Promise<FaceKit> {
    become({ phase: 'loading', loaded: 0, total: 0, fromCache: true });
    let allFromCache = true;
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
    return kit;
  }

  const isTemporary = (error: unknown) => error instanceof InfaceError && TEMPORARY.has(error.code);
  const ready = retry(
    start,
    ({ again: tryAgain, ...failure }) => {
      again = tryAgain;
      become({ phase: 'failed', ...failure });
    },
    { isTemporary },
  );
  return {
    get state() {
      return state;
    },
    ready: () => ready,
    retry: () => again(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
