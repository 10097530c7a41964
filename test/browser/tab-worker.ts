/** A tab for the tests of the store: a worker with a store of its own, told by messages what to do. See `tab.ts`. */
import { createStore } from '../../src/worker/store/store.js';
import type { FaceStore } from '../../src/worker/ports/face-store.js';
import type { TabAnswer, TabRequest } from './tab.js';

type AnyMethod = (...args: unknown[]) => Promise<unknown>;

/** Set by the first message. */
let store: FaceStore | null = null;
let writesUntilKilled = Infinity;

addEventListener('message', ({ data }: MessageEvent<TabRequest>) => {
  if ('open' in data) store = createStore(data.open, { audit: true, onChange: () => undefined });
  else if ('killAt' in data) writesUntilKilled = data.killAt;
  else void answer(data);
});

async function answer({ id, method, args }: Extract<TabRequest, { id: number }>): Promise<void> {
  try {
    if (!store) throw new Error('The tab was not told its database.');
    const value = await (store[method] as AnyMethod)(...args);
    send({ id, ok: true, value });
  } catch (error) {
    const { message, code = 'NOT_AN_INFACE_ERROR' } = error as Error & { code?: string };
    send({ id, ok: false, code, message });
  }
}

function send(message: TabAnswer): void {
  postMessage(message);
}

/** TypeScript declares it for workers only. */
const { FileSystemSyncAccessHandle: fileHandle } = globalThis as unknown as {
  readonly FileSystemSyncAccessHandle: { readonly prototype: object };
};

/**
 * Every request that writes to the database or to a file, counted: after the one that `killAt` names, nothing of this
 * worker runs any more.
 */
type Request = (this: object, ...args: unknown[]) => unknown;
for (const [prototype, names] of [
  [IDBObjectStore.prototype, ['put', 'add', 'delete', 'clear']],
  [IDBCursor.prototype, ['update', 'delete']],
  [fileHandle.prototype, ['write', 'flush']],
] as const) {
  for (const name of names) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    const request = descriptor.value as Request;
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value(this: object, ...args: unknown[]) {
        const made = request.apply(this, args);
        if (--writesUntilKilled === 0) {
          send({ reached: true });
          blockForever();
        }
        return made;
      },
    });
  }
}

/** Without a return to the event loop, so that the transaction can neither go on nor commit. */
function blockForever(): never {
  // A wait instead of a busy loop, because it leaves the core to the page.
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0);
}
