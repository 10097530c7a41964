/** Distributes changes: those made by this kit to other tabs, and all to this worker and its page. */
import type { RecordsChange } from '../api/events.js';
import type { VaultStatus } from '../api/vault.js';
import type { KitEvent } from '../wire/worker.js';
import type { TabMessage } from './platform/tabs.js';
import type { StoreChange } from './ports/face-store.js';
import type { TrainingNews } from './use-cases/training.js';

/** The functions that receive news. */
interface Receivers {
  emit(event: KitEvent): void;
  /** Posts a message to the other tabs. */
  post(message: TabMessage): void;
  watchStorage(): Promise<void>;
  /** Reads the status from the store, and drops a key that another tab locked, replaced or destroyed. */
  vaultStatus(): Promise<VaultStatus>;
  /** Drops the decrypted vectors that must not outlive the change. */
  purge(change: StoreChange): void;
  /** Schedules the training of a changed collection. @param isOurs whether this kit made the change */
  schedule(collectionId: string, isOurs: boolean): void;
}

/** Handlers for the sources of news. */
export interface News {
  /** Called after this kit changed the store. */
  readonly onChange: (change: StoreChange) => void;
  /** Called when a message from another tab arrives. */
  readonly onMessage: (message: TabMessage) => void;
  /** Called when a training of this kit starts, makes progress, or ends. */
  readonly onTraining: (news: TrainingNews) => void;
  /** Called after a passphrase unlocked the vault. */
  readonly onUnlock: () => void;
  /** Called when the database turns out to be another one than before. */
  readonly onLost: (database: string) => void;
}

export function createNews(to: Receivers): News {
  async function emitVault(): Promise<void> {
    to.emit({ name: 'vault', detail: await to.vaultStatus() });
  }

  function deliver(change: StoreChange, origin: RecordsChange['origin']): void {
    to.purge(change);
    if (change.vault) emitVault().catch(() => undefined);
    if (change.profiles) to.emit({ name: 'profiles', detail: { ...change.profiles, origin } });
    if (change.collections) to.emit({ name: 'collections', detail: { ...change.collections, origin } });
    for (const { collectionId, state } of change.classifiers ?? []) {
      to.emit({ name: 'classifier', detail: { collectionId, state, progress: null, error: null } });
      if (state !== 'trained') to.schedule(collectionId, origin === 'this-kit');
    }
  }

  return {
    onChange(change) {
      to.post({ kind: 'change', change });
      deliver(change, 'this-kit');
      to.watchStorage().catch(() => undefined);
    },
    onMessage(message) {
      if (message.kind === 'change') {
        deliver(message.change, 'other');
        return;
      }
      const { collectionId, state, error } = message;
      to.emit({ name: 'classifier', detail: { collectionId, state, progress: null, error } });
      if (state === 'stale') to.schedule(collectionId, false);
    },
    onTraining({ progress, ...news }) {
      // Notify other tabs only of the start and the end. The progress in between concerns only this kit.
      if (progress === null || progress.done === 0) to.post({ kind: 'classifier', ...news });
      to.emit({ name: 'classifier', detail: { ...news, progress } });
    },
    onUnlock: () => void emitVault().catch(() => undefined),
    onLost(database) {
      to.emit({ name: 'storage-lost', detail: { database } });
      // Every tab notices it by itself.
      const reset = { change: 'reset', ids: [] } as const;
      deliver({ profiles: reset, collections: reset, vault: 'changed' }, 'other');
    },
  };
}
