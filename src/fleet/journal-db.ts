/** The journal in IndexedDB. */
import { openDB, type DBSchema } from 'idb';
import type { Draft, Journal, Known, Pending, Position } from './journal.js';

interface Schema extends DBSchema {
  readonly known: { readonly key: string; readonly value: Known };
  readonly drafts: { readonly key: string; readonly value: Draft };
  readonly pending: { readonly key: string; readonly value: Pending };
  readonly state: { readonly key: 'position'; readonly value: Position };
}

const STORES = ['known', 'drafts', 'pending'] as const;

/** Opens the database of a fleet. */
export async function openJournal(name: string): Promise<Journal> {
  const db = await openDB<Schema>(name, 1, {
    upgrade: (created) => {
      for (const store of STORES) created.createObjectStore(store, { keyPath: 'name' });
      created.createObjectStore('state');
    },
  });
  return {
    load: async () => {
      const tx = db.transaction(db.objectStoreNames);
      return {
        known: await tx.objectStore('known').getAll(),
        drafts: await tx.objectStore('drafts').getAll(),
        pending: await tx.objectStore('pending').getAll(),
        position: (await tx.objectStore('state').get('position')) ?? null,
      };
    },
    loadPosition: async () => (await db.get('state', 'position')) ?? null,
    save: async (change) => {
      const tx = db.transaction(db.objectStoreNames, 'readwrite');
      const writes: Promise<unknown>[] = [];
      for (const entry of change.known?.values() ?? []) writes.push(tx.objectStore('known').put(entry));
      for (const [key, entry] of change.drafts ?? []) {
        writes.push(entry ? tx.objectStore('drafts').put(entry) : tx.objectStore('drafts').delete(key));
      }
      for (const [key, entry] of change.pending ?? []) {
        writes.push(entry ? tx.objectStore('pending').put(entry) : tx.objectStore('pending').delete(key));
      }
      if (change.position) writes.push(tx.objectStore('state').put(change.position, 'position'));
      await Promise.all([...writes, tx.done]);
    },
    erase: async () => {
      const tx = db.transaction(db.objectStoreNames, 'readwrite');
      await Promise.all([...[...STORES, 'state' as const].map((store) => tx.objectStore(store).clear()), tx.done]);
    },
    close: () => {
      db.close();
    },
  };
}
