/** Messages between the tabs of one database, and locks for work that only one tab may do at a time. */
import * as v from 'valibot';
import type { ClassifierState } from '../../api/collections.js';
import type { StoreChange } from '../ports/face-store.js';
import type { Locks } from '../ports/locks.js';
import type { EngineParts } from '../use-cases/engine.js';
import type { TrainingLocks } from '../use-cases/training.js';

/** A message to the other tabs, sent after the change it reports is complete. */
export type TabMessage =
  | { readonly kind: 'change'; readonly change: StoreChange }
  | {
      readonly kind: 'classifier';
      readonly collectionId: string;
      readonly state: ClassifierState;
      readonly error: string | null;
    };

const IDS = v.array(v.string());
const RECORDS = v.exactOptional(v.object({ change: v.picklist(['created', 'updated', 'deleted', 'reset']), ids: IDS }));

/** Schema of a message. Any script of this origin can post one, and versions of this kit may differ between tabs. */
const MESSAGE: v.GenericSchema<unknown, TabMessage> = v.variant('kind', [
  v.object({
    kind: v.literal('change'),
    change: v.object({
      profiles: RECORDS,
      collections: RECORDS,
      removed: v.exactOptional(v.object({ collectionId: v.string(), profileIds: IDS })),
      dropped: v.exactOptional(v.object({ spaces: IDS, profileIds: IDS })),
      classifiers: v.exactOptional(
        v.array(v.object({ collectionId: v.string(), state: v.picklist(['untrained', 'stale', 'trained']) })),
      ),
      vault: v.exactOptional(v.literal('changed')),
    }),
  }),
  v.object({
    kind: v.literal('classifier'),
    collectionId: v.string(),
    state: v.picklist(['untrained', 'training', 'stale', 'trained']),
    error: v.nullable(v.string()),
  }),
]);

export interface Tabs {
  /** Does nothing after `close`. */
  post(message: TabMessage): void;
  close(): void;
}

/**
 * Opens the channel to the other tabs.
 * @param onMessage receives the messages of other tabs, and of other kits on this page; others are dropped
 */
export function openTabs(database: string, onMessage: (message: TabMessage) => void): Tabs {
  const channel = new BroadcastChannel(`inface-${database}`);
  let closed = false;
  channel.addEventListener('message', (event: MessageEvent<unknown>) => {
    const { success, output } = v.safeParse(MESSAGE, event.data);
    if (success) onMessage(output);
  });
  return {
    post(message) {
      // A write that was running when the kit was closed still completes; it must not fail because of its message.
      if (!closed) channel.postMessage(message);
    },
    close() {
      closed = true;
      channel.close();
    },
  };
}

/**
 * Creates a function that runs the check and the write of one enrollment at a time, across all tabs. Otherwise two
 * enrollments of one person, as after a double click, would both find no duplicate and both be stored.
 */
export function createEnrollmentLock(database: string, locks: Locks): EngineParts['enrollAlone'] {
  return async (signal, work) => locks.request(`inface-enroll-${database}`, { signal }, work);
}

/** Creates locks for trainings from Web Locks. The browser releases them when the tab ends for any reason. */
export function createTrainingLocks(database: string, locks: Locks): TrainingLocks {
  const prefix = `inface-train-${database}/`;
  return {
    async run(collectionId, signal, work) {
      signal.throwIfAborted();
      return locks.request(`${prefix}${collectionId}`, { signal }, work);
    },
    async tryRun(collectionId, work) {
      return locks.request(`${prefix}${collectionId}`, { ifAvailable: true }, async (lock) => {
        if (!lock) return false;
        await work();
        return true;
      });
    },
    async held() {
      const { held = [] } = await locks.query();
      const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(prefix));
      return new Set(names.map((name) => name.slice(prefix.length)));
    },
  };
}
