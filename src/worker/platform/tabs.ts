/** What the tabs of one database tell each other, and what only one of them does at a time. */
import type { ClassifierState } from '../../api/collections.js';
import type { StoreChange } from '../ports/face-store.js';
import type { TrainingLocks } from '../use-cases/training.js';

/** A message to the other tabs, sent after what it tells of is done. */
export type TabMessage =
  | { readonly kind: 'change'; readonly change: StoreChange }
  | {
      readonly kind: 'classifier';
      readonly collectionId: string;
      readonly state: ClassifierState;
      readonly error: string | null;
    };

export interface Tabs {
  /** Does nothing once it is closed. */
  post(message: TabMessage): void;
  close(): void;
}

/** @param onMessage gets what other tabs, and other kits of this page, have posted */
export function openTabs(database: string, onMessage: (message: TabMessage) => void): Tabs {
  const channel = new BroadcastChannel(`inface-${database}`);
  let closed = false;
  channel.addEventListener('message', (event: MessageEvent<TabMessage>) => {
    onMessage(event.data);
  });
  return {
    post(message) {
      // A write that was on its way when the kit was closed is done all the same, and must not fail for its news.
      if (!closed) channel.postMessage(message);
    },
    close() {
      closed = true;
      channel.close();
    },
  };
}

/** Web Locks: they end with the tab that holds them, however it ends. */
export function createTrainingLocks(database: string): TrainingLocks {
  const prefix = `inface-train-${database}/`;
  // Absent on plain http pages, where nothing is stored and so nothing is trained.
  const locks = (navigator as { locks?: LockManager }).locks;
  return {
    async run(collectionId, signal, work) {
      signal.throwIfAborted();
      if (!locks) return work();
      return locks.request(`${prefix}${collectionId}`, { signal }, work);
    },
    async tryRun(collectionId, work) {
      if (!locks) return false;
      return locks.request(`${prefix}${collectionId}`, { ifAvailable: true }, async (lock) => {
        if (!lock) return false;
        await work();
        return true;
      });
    },
    async held() {
      const { held = [] } = (await locks?.query()) ?? {};
      const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(prefix));
      return new Set(names.map((name) => name.slice(prefix.length)));
    },
  };
}
