/** Replaces the key: encrypts everything with a new one, and erases the old one. */
import { inBatches } from './batches.js';
import type { ProfileRecord, WriteTransaction } from './database/schema.js';
import type { Writer } from './database/connection.js';
import { readKey, reseal, resealDetails, type Keyring } from './keyring.js';
import type { OpenKey, Sealed, StoredKey } from './vault.js';

/**
 * Encrypts everything that `old` decrypts with a new key, in one transaction. If it fails or the tab is killed, the old
 * key and its data remain. The old key is erased after the commit, or when the database is opened again.
 * @param passphrase protects the new key; `null` for none
 * @param alsoWrite writes in the same transaction
 */
export async function replaceKey(
  writer: Writer,
  keyring: Keyring,
  old: OpenKey | null,
  passphrase: string | null,
  alsoWrite: (tx: WriteTransaction) => Promise<void>,
): Promise<StoredKey> {
  const sealed = await writer.read(async (tx) => ({
    blocks: await tx.objectStore('blocks').getAll(),
    negatives: await tx.objectStore('negatives').getAll(),
    classifiers: await tx.objectStore('classifiers').getAll(),
    profiles: await tx.objectStore('profiles').getAll(),
    keySets: await tx.objectStore('keySets').getAll(),
  }));
  const made = await keyring.create(passphrase);
  try {
    const [blocks, negatives, classifiers, profiles, keySets] = await Promise.all([
      resealAll(old, made.open, sealed.blocks),
      resealAll(old, made.open, sealed.negatives),
      resealAll(old, made.open, sealed.classifiers),
      resealProfiles(old, made.open, sealed.profiles),
      resealAll(old, made.open, sealed.keySets),
    ]);
    await writer.commit(async (tx) => {
      await inBatches(blocks, (block) => tx.objectStore('blocks').put(block));
      await inBatches(negatives, (negative) => tx.objectStore('negatives').put(negative));
      await inBatches(classifiers, (classifier) => tx.objectStore('classifiers').put(classifier));
      await inBatches(profiles, (profile) => tx.objectStore('profiles').put(profile));
      await inBatches(keySets, (keySet) => tx.objectStore('keySets').put(keySet));
      await tx.objectStore('keys').put(made.stored, 'current');
      await alsoWrite(tx);
    });
  } catch (error) {
    await keyring.eraseOthers((await writer.read(readKey)) ?? null);
    throw error;
  }
  keyring.remember(made.open, 0);
  await keyring.eraseOthers(made.stored);
  return made.stored;
}

/** Encrypts records with a new key. Skips those that were not encrypted with the old one. */
function resealAll<R extends Sealed & Parameters<typeof reseal>[2]>(
  old: OpenKey | null,
  next: OpenKey,
  records: readonly R[],
): Promise<R[]> {
  const readable = records.filter(({ keyId }) => keyId === old?.id);
  return inBatches(readable, (record) => reseal(old as OpenKey, next, record));
}

function resealProfiles(
  old: OpenKey | null,
  next: OpenKey,
  profiles: readonly ProfileRecord[],
): Promise<ProfileRecord[]> {
  const readable = profiles.filter(({ details }) => details && details.keyId === old?.id);
  return inBatches(readable, (profile) => resealDetails(old as OpenKey, next, profile));
}
