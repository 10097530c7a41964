/** Manages the current key: sets its passphrase, and locks, unlocks and destroys it. */
import { InfaceError } from '../../api/errors.js';
import type { FaceStore } from '../ports/face-store.js';
import { WHOLE_STORE } from './audit.js';
import { locksOf, readKey } from './keyring.js';
import type { StoreParts } from './records.js';
import { replaceKey } from './rekey.js';
import { upgradeVault } from './upgrade.js';
import type { StoredKey } from './vault.js';

type Operations = Pick<
  FaceStore,
  'assertOpen' | 'vaultStatus' | 'setPassphrase' | 'lockVault' | 'unlockVault' | 'destroyKey'
>;

export function createKeys({ db, keyring, note, changed }: StoreParts): Operations {
  const passphraseKey = async () => {
    const stored = await db.read(readKey);
    if (stored?.kind === 'passphrase') return stored;
    await db.assertNotLost();
    throw noPassphrase();
  };

  /** Completes the upgrade of a database that was locked when it was opened. */
  const upgrade = (passphrase: string) =>
    db.exclusive(async (writer) => {
      const stored = await writer.read(readKey);
      const old = stored ? await keyring.forReading(stored, 'templates') : null;
      if (stored && !stored.erasure) await replaceKey(writer, keyring, old, passphrase, () => Promise.resolve());
      await upgradeVault(writer, keyring);
    });

  /**
   * Checks the passphrase that is to be replaced. An open vault requires it as well, because a person
   * who finds a page open must not be able to lock its owner out.
   */
  async function assertCurrent(stored: StoredKey | undefined, current: string | null): Promise<void> {
    if (stored?.kind !== 'passphrase') {
      if (current !== null) throw noPassphrase();
      return;
    }
    if (current === null) {
      throw new InfaceError('INVALID_INPUT', "A passphrase is already set. Pass it as 'currentPassphrase'.");
    }
    await keyring.unlock(stored, current);
  }

  return {
    async assertOpen(acceptsLoss = false) {
      if (!acceptsLoss) await db.assertNotLost();
      const stored = await db.read(readKey);
      if (stored) await keyring.forReading(stored, 'templates');
    },

    async vaultStatus() {
      const status = keyring.status(await db.read(readKey));
      return (await db.isLost()) ? { ...status, state: 'lost' } : status;
    },

    setPassphrase: (passphrase, current) =>
      db.exclusive(async (writer) => {
        const stored = await writer.read(readKey);
        const old = stored ? await keyring.forReading(stored, 'templates') : null;
        await assertCurrent(stored, current);
        const made = await replaceKey(writer, keyring, old, passphrase, (tx) =>
          note(tx, passphrase === null ? 'remove-passphrase' : 'set-passphrase', WHOLE_STORE),
        );
        changed({ vault: 'changed' });
        return keyring.status(made);
      }),

    async lockVault() {
      await passphraseKey();
      // Lock this tab even if the others cannot be locked because the disk is full.
      keyring.forget();
      const locked = await db.exclusive((writer) =>
        writer.commit(async (tx) => {
          const stored = await readKey(tx);
          if (stored?.kind !== 'passphrase') return stored;
          const next = { ...stored, locks: locksOf(stored) + 1 };
          await tx.objectStore('keys').put(next, 'current');
          return next;
        }),
      );
      changed({ vault: 'changed' });
      return keyring.status(locked);
    },

    async unlockVault(passphrase) {
      const stored = await passphraseKey();
      keyring.remember(await keyring.unlock(stored, passphrase), locksOf(stored));
      const plain = await db.read((tx) => tx.objectStore('plainDetails').count());
      if (!stored.erasure || plain > 0) await upgrade(passphrase);
      // Another tab may have replaced the key in the meantime.
      return keyring.status(await db.read(readKey));
    },

    destroyKey: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          await tx.objectStore('keys').delete('current');
          await tx.objectStore('keySets').clear();
          await note(tx, 'destroy-key', WHOLE_STORE);
        });
        keyring.forget();
        await keyring.eraseOthers(null);
        changed({ vault: 'changed' });
      }),
  };
}

function noPassphrase(): InfaceError {
  return new InfaceError('INVALID_INPUT', 'No passphrase protects the templates. Call vault.setPassphrase() first.');
}
