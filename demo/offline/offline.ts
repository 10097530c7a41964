/** The page's side of its service worker: everything is stored once the models run, and updates wait to be asked for. */
import type { KitHandle } from '../kit-handle.js';
import type { FromPage, Progress } from '../service-worker/messages.js';

export interface OfflineState {
  /** Whether all that the page needs is stored: the share that is, or how it ended. `none`: nobody has begun. */
  readonly saving: 'none' | 'done' | 'failed' | number;
  /** A newer version is stored and waits. */
  readonly update: boolean;
}

export interface Offline {
  readonly state: OfflineState;
  onChange(listener: () => void): () => void;
  /** Reloads the page with the newer version. @returns false when another tab keeps the older one */
  useUpdate(): Promise<boolean>;
}

/** For models that are not in the package. */
const WHOLE_RUNTIME = 'ort/ort-wasm-simd-threaded.wasm';
/** Of the runtimes that onnxruntime-web has, those that this backend does without. */
const OTHER_RUNTIME = {
  wasm: ['ort/ort-wasm-simd-threaded.asyncify.wasm', WHOLE_RUNTIME],
  // Without its graphics card, the next start is with wasm.
  webgpu: [WHOLE_RUNTIME],
} as const;
/** How often a page that stays open asks for an update. */
const UPDATE_EVERY_MS = 60 * 60 * 1000;

export function watchOffline(kit: KitHandle): Offline {
  let state: OfflineState = { saving: 'none', update: false };
  let registration: ServiceWorkerRegistration | null = null;
  const listeners = new Set<() => void>();

  function become(change: Partial<OfflineState>): void {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  }

  async function start(): Promise<void> {
    // The development server has no service worker; insecure pages and some private windows have none either.
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!import.meta.env.PROD || !workers) return;
    let isControlled = workers.controller !== null;
    const registered = await workers.register('./service-worker.js', { updateViaCache: 'none' });
    registration = registered;
    workers.addEventListener('controllerchange', () => {
      // The first one takes over a page that is of its own version; a later one is the update that was asked for.
      if (isControlled) location.reload();
      isControlled = true;
    });
    registered.addEventListener('updatefound', () => {
      registered.installing?.addEventListener('statechange', noteUpdate);
    });
    noteUpdate();
    setInterval(() => {
      // Without a network there is no update, and nothing to say.
      registered.update().catch(() => undefined);
    }, UPDATE_EVERY_MS);
    await kit.ready();
    await workers.ready;
    await fill(registered);
  }

  function noteUpdate(): void {
    const update = Boolean(registration?.waiting && registration.active);
    if (update !== state.update) become({ update });
  }

  async function fill({ active }: ServiceWorkerRegistration): Promise<void> {
    if (!active || kit.state.phase !== 'ready') return;
    const skip = OTHER_RUNTIME[kit.state.info.backend];
    const { port1, port2 } = new MessageChannel();
    await new Promise<void>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<Progress>) => {
        const { done, failed } = data;
        become({ saving: failed ? 'failed' : done === 1 ? 'done' : done });
        if (failed || done === 1) resolve();
      };
      active.postMessage({ type: 'fill', skip } satisfies FromPage, [port2]);
    });
    port1.close();
  }

  start().catch(() => {
    become({ saving: 'failed' });
  });

  return {
    get state() {
      return state;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async useUpdate() {
      const waiting = registration?.waiting;
      if (!waiting) return false;
      const { port1, port2 } = new MessageChannel();
      const answer = new Promise<boolean>((resolve) => {
        port1.onmessage = ({ data }: MessageEvent<boolean>) => resolve(data);
      });
      waiting.postMessage({ type: 'activate' } satisfies FromPage, [port2]);
      const isDone = await answer;
      port1.close();
      return isDone;
    },
  };
}
