/** The page's side of `tab-worker.ts`: a tab that can be killed in the middle of a write. */
import type { FaceStore } from '../../src/worker/ports/face-store.js';

export type TabMethod = keyof FaceStore;

export type TabRequest =
  | { readonly open: string; readonly inMemory: boolean; readonly known: string | null }
  | { readonly killAt: number }
  | { readonly refuseFiles: number }
  | { readonly id: number; readonly method: TabMethod; readonly args: readonly unknown[] };

export type TabAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string }
  | { readonly reached: true };

export interface Tab {
  /** Calls the tab's store. A refusal rejects with an Error that has the `code`. */
  call<M extends TabMethod>(method: M, ...args: Parameters<FaceStore[M]>): Promise<Awaited<ReturnType<FaceStore[M]>>>;
  /**
   * The tab stands still for ever right after the n-th request from now on that writes to the database (1 is the first
   * one): the request is made, its transaction cannot commit. Resolves when it stands there, and never when fewer
   * requests are made: race it with the call.
   */
  killAt(n: number): Promise<void>;
  /** The next requests of the tab for a file to overwrite are refused as if another worker had it open. */
  refuseFiles(times: number): void;
  /** What is pending is never answered. */
  terminate(): void;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker with its own connection to the database `name`.
 * @param inMemory whether it has its own database instead
 * @param known id of the database that held data before, or `null`
 */
export function openTab(name: string, { inMemory = false, known = null as string | null } = {}): Tab {
  const worker = new Worker(new URL('./tab-worker.ts', import.meta.url), { type: 'module' });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let onReached: () => void = () => undefined;

  const send = (request: TabRequest) => {
    worker.postMessage(request);
  };
  worker.addEventListener('message', ({ data }: MessageEvent<TabAnswer>) => {
    if ('reached' in data) {
      onReached();
      return;
    }
    const call = pending.get(data.id);
    pending.delete(data.id);
    if (data.ok) call?.resolve(data.value as never);
    else call?.reject(Object.assign(new Error(data.message), { code: data.code }));
  });
  // A worker that did not load answers nobody.
  worker.addEventListener('error', ({ message }) => {
    for (const call of pending.values()) call.reject(new Error(`The tab failed: ${message}`));
    pending.clear();
  });
  send({ open: name, inMemory, known });

  return {
    call: <M extends TabMethod>(method: M, ...args: Parameters<FaceStore[M]>) =>
      new Promise<Awaited<ReturnType<FaceStore[M]>>>((resolve, reject) => {
        const id = ++lastId;
        pending.set(id, { resolve, reject });
        send({ id, method, args });
      }),
    refuseFiles: (times) => {
      send({ refuseFiles: times });
    },
    killAt: (n) =>
      new Promise((resolve) => {
        onReached = resolve;
        send({ killAt: n });
      }),
    terminate: () => {
      worker.terminate();
    },
  };
}
