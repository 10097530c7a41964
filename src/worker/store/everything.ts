/** Operations on the whole store: erase everything, accept a loss, and count the records. */
import type { FaceStore } from '../ports/face-store.js';
import { WHOLE_STORE } from './audit.js';
import type { StoreParts } from './records.js';

export function createEverything({
  db,
  keyring,
  note,
  changed,
}: StoreParts): Pick<FaceStore, 'eraseAll' | 'startAnew' | 'count'> {
  const reset = { change: 'reset', ids: [] } as const;
  return {
    eraseAll: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          for (const store of tx.objectStoreNames) if (store !== 'identity') await tx.objectStore(store).clear();
          await writer.accept(tx);
          await note(tx, 'erase-all', WHOLE_STORE);
        }, true);
        keyring.forget();
        await keyring.eraseOthers(null);
        changed({ profiles: reset, collections: reset, vault: 'changed' });
      }, true),

    async startAnew() {
      if (!(await db.isLost())) return;
      await db.exclusive(
        (writer) =>
          writer.commit(async (tx) => {
            await writer.accept(tx);
            await note(tx, 'start-anew', WHOLE_STORE);
          }),
        true,
      );
      changed({ profiles: reset, collections: reset, vault: 'changed' });
    },

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
