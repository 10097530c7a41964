/** Operations on the whole store: erase everything, and count the records. */
import type { FaceStore } from '../ports/face-store.js';
import { WHOLE_STORE } from './audit.js';
import type { StoreParts } from './records.js';

export function createEverything({ db, keyring, note, changed }: StoreParts): Pick<FaceStore, 'eraseAll' | 'count'> {
  return {
    eraseAll: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          for (const store of tx.objectStoreNames) await tx.objectStore(store).clear();
          await note(tx, 'erase-all', WHOLE_STORE);
        });
        keyring.forget();
        await keyring.eraseOthers(null);
        const reset = { change: 'reset', ids: [] } as const;
        changed({ profiles: reset, collections: reset, vault: 'changed' });
      }),

    count: () =>
      db.read(async (tx) => {
        const profiles = await tx.objectStore('profiles').getAll();
        return {
          profiles: profiles.length,
          templates: profiles.reduce((sum, { templateCount }) => sum + templateCount, 0),
          collections: await tx.objectStore('collections').count(),
        };
      }),
  };
}
