/** A tab for the tests of the store: a worker with a store of its own, told by messages what to do. See `tab.ts`. */
import { createStore } from '../../src/worker/store/store.js';
import type { FaceStore } from '../../src/worker/ports/face-store.js';
import type { TabAnswer, TabRequest } from './tab.js';

type AnyMethod = (...args: unknown[]) => Promise<unknown>;

/** Set by the first message. */
let store: FaceStore | null = null;
let writesUntilKilled = Infinity;
let refusals = 0;

addEventListener('message', ({ data }: MessageEvent<TabRequest>) => {
  if ('open' in data) {
    const { open, inMemory, known } = data;
    const mark = { known, keep: () => undefined, onLost: () => undefined };
    store = createStore(open, { audit: true, onChange: () => undefined, inMemory, mark });
  } else if ('killAt' in data) writesUntilKilled = data.killAt;
  else if ('refuseFiles' in data) refusals = data.refuseFiles;
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

/** TypeScript declares it for workers only; absent in WebKitGTK. */
const { FileSystemSyncAccessHandle: fileHandle } = globalThis as unknown as {
  readonly FileSystemSyncAccessHandle?: { readonly prototype: object };
};

/**
 * Every request that writes to the database or to a file, counted: after the one that `killAt` names, nothing of this
 * worker runs any more.
 */
type Request = (this: object, ...args: unknown[]) => unknown;
for (const [prototype, names] of [
  [IDBObjectStore.prototype, ['put', 'add', 'delete', 'clear']],
  [IDBCursor.prototype, ['update', 'delete']],
  ...(fileHandle ? [[fileHandle.prototype, ['write', 'flush']] as const] : []),
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

/** As while the browser has not yet released the file of a worker that ended. */
if (fileHandle) {
  const { prototype } = FileSystemFileHandle;
  const open = Object.getOwnPropertyDescriptor(prototype, 'createSyncAccessHandle')?.value as Request;
  Object.defineProperty(prototype, 'createSyncAccessHandle', {
    configurable: true,
    value(this: object) {
      if (refusals-- <= 0) return open.apply(this, []);
      return Promise.reject(new DOMException('The file is open.', 'NoModificationAllowedError'));
    },
  });
}

/** Without a return to the event loop, so that the transaction can neither go on nor commit. */
function blockForever(): never {
  // A wait instead of a busy loop, because it leaves the core to the page.
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0);
}
