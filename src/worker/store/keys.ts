/** Manages the current key: sets its passphrase, and locks, unlocks and destroys it. */
import { InfaceError } from '../../api/errors.js';
import type { FaceStore } from '../ports/face-store.js';
import { WHOLE_STORE } from './audit.js';
import { locksOf, readKey, reseal } from './keyring.js';
import type { StoreParts } from './records.js';
import {
  createDeviceKey,
  createPassphraseKey,
  openPassphraseKey,
  type OpenKey,
  type Sealed,
  type StoredKey,
} from './vault.js';

type Operations = Pick<
  FaceStore,
  'assertOpen' | 'vaultStatus' | 'setPassphrase' | 'lockVault' | 'unlockVault' | 'destroyKey'
>;

export function createKeys({ db, keyring, note, changed }: StoreParts): Operations {
  const passphraseKey = async () => {
    const stored = await db.read(readKey);
    if (stored?.kind === 'passphrase') return stored;
    throw noPassphrase();
  };

  return {
    async assertOpen() {
      const stored = await db.read(readKey);
      if (stored) keyring.forReading(stored, 'templates');
    },

    vaultStatus: async () => keyring.status(await db.read(readKey)),

    setPassphrase: (passphrase, current) =>
      db.exclusive(async (writer) => {
        const sealed = await writer.read(async (tx) => ({
          stored: await readKey(tx),
          blocks: await tx.objectStore('blocks').getAll(),
          negatives: await tx.objectStore('negatives').getAll(),
          classifiers: await tx.objectStore('classifiers').getAll(),
        }));
        const old = sealed.stored ? keyring.forReading(sealed.stored, 'templates') : null;
        await assertCurrent(sealed.stored, current);
        const made = await (passphrase === null ? createDeviceKey() : createPassphraseKey(passphrase));
        const [blocks, negatives, classifiers] = await Promise.all([
          resealAll(old, made.open, sealed.blocks),
          resealAll(old, made.open, sealed.negatives),
          resealAll(old, made.open, sealed.classifiers),
        ]);
        await writer.commit(async (tx) => {
          for (const block of blocks) await tx.objectStore('blocks').put(block);
          for (const negative of negatives) await tx.objectStore('negatives').put(negative);
          for (const classifier of classifiers) await tx.objectStore('classifiers').put(classifier);
          await tx.objectStore('keys').put(made.stored, 'current');
          await note(tx, passphrase === null ? 'remove-passphrase' : 'set-passphrase', WHOLE_STORE);
        });
        keyring.remember(made.open, 0);
        changed({ vault: 'changed' });
        return keyring.status(made.stored);
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
      keyring.remember(await openPassphraseKey(stored, passphrase), locksOf(stored));
      // Another tab may have replaced the key in the meantime.
      return keyring.status(await db.read(readKey));
    },

    destroyKey: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          await tx.objectStore('keys').delete('current');
          await note(tx, 'destroy-key', WHOLE_STORE);
        });
        keyring.forget();
        changed({ vault: 'changed' });
      }),
  };
}

/**
 * Checks the passphrase that is to be replaced. An open vault requires it as well: whoever finds a page open must not be
 * able to lock its owner out.
 */
async function assertCurrent(stored: StoredKey | undefined, current: string | null): Promise<void> {
  if (stored?.kind !== 'passphrase') {
    if (current !== null) throw noPassphrase();
    return;
  }
  if (current === null) {
    throw new InfaceError('INVALID_INPUT', "A passphrase is already set. Pass it as 'currentPassphrase'.");
  }
  await openPassphraseKey(stored, current);
}

function noPassphrase(): InfaceError {
  return new InfaceError('INVALID_INPUT', 'No passphrase protects the templates. Call vault.setPassphrase() first.');
}

/** Encrypts records with a new key. Skips those that were not encrypted with the old one. */
function resealAll<R extends Sealed & Parameters<typeof reseal>[2]>(
  old: OpenKey | null,
  next: OpenKey,
  records: readonly R[],
): Promise<R[]> {
  const readable = records.filter(({ keyId }) => keyId === old?.id);
  return Promise.all(readable.map((record) => reseal(old as OpenKey, next, record)));
}
