/** A connection to a database of the browser. No other module imports idb as a value. */
import { openDB, type IDBPDatabase } from 'idb';
import { InfaceError } from '../../../api/errors.js';
import type { Connection } from './connection.js';
import type { Migration, Schema } from './schema.js';

/** Opens and migrates a database. Calls `onClosed` when the browser or another tab ends the connection. */
export async function openIndexedDb(
  name: string,
  migrations: readonly Migration[],
  onClosed: () => void,
): Promise<Connection> {
  const db = await open(name, migrations, onClosed);
  return {
    read: (work) => work(db.transaction(db.objectStoreNames, 'readonly')),
    async commit(work) {
      const tx = db.transaction(db.objectStoreNames, 'readwrite', { durability: 'strict' });
      try {
        const result = await work(tx);
        await tx.done;
        return result;
      } catch (error) {
        tx.done.catch(() => undefined);
        try {
          tx.abort();
        } catch {
          // The transaction has already aborted, as it does when the disk is full.
        }
        throw tx.error ?? error;
      }
    },
    close() {
      db.close();
    },
  };
}

async function open(
  name: string,
  migrations: readonly Migration[],
  onClosed: () => void,
): Promise<IDBPDatabase<Schema>> {
  return new Promise((resolve, reject) => {
    let gaveUp = false;
    openDB<Schema>(name, migrations.length, {
      upgrade(db, oldVersion, _newVersion, tx) {
        const run = async () => {
          for (const migrate of migrations.slice(oldVersion)) await migrate(db, tx);
        };
        // idb does not await this. A failed migration rolls back the whole upgrade.
        run().catch(() => {
          tx.done.catch(() => undefined);
          tx.abort();
        });
      },
      blocked() {
        gaveUp = true;
        reject(
          new InfaceError(
            'STORAGE_BLOCKED',
            `The database '${name}' is held open by another tab with an older version. Close the other tabs of this site.`,
          ),
        );
      },
      blocking(_current, _blocked, event) {
        // A newer version wants to migrate. Close the connection, or it would wait until this tab is closed.
        (event.target as IDBDatabase).close();
        onClosed();
      },
      terminated: onClosed,
    }).then((db) => {
      if (gaveUp) db.close();
      else resolve(db);
    }, reject);
  });
}
