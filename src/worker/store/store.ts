/** Assembles the IndexedDB store from its parts. */
import type { FaceStore, StoreChange } from '../ports/face-store.js';
import { createApiKeys } from './api-keys.js';
import { createAudit, createNote } from './audit.js';
import { createCollections } from './collections.js';
import type { Locks } from '../ports/locks.js';
import { createDatabase, type StoreMark } from './database/connection.js';
import { openIndexedDb } from './database/indexed-db.js';
import { openMemory } from './database/memory.js';
import { MIGRATIONS, type Migration } from './database/schema.js';
import { createEverything } from './everything.js';
import { createKeyring, readKey } from './keyring.js';
import { createKeySets } from './key-sets.js';
import { createKeys } from './keys.js';
import { createProfiles } from './profiles.js';
import type { StoreParts } from './records.js';
import { createReplica } from './replica.js';
import { NO_SECRETS, openSecrets } from './secrets.js';
import { createSpaces } from './spaces.js';
import { createTransfer } from './transfer.js';
import { sealPlainTemplates, upgradeVault } from './upgrade.js';

export interface StoreOptions {
  /** Whether to keep an audit trail. */
  readonly audit: boolean;
  /** Called after each write of this store. */
  readonly onChange: (change: StoreChange) => void;
  /** Remembers the database. Without it, only a loss while the store is in use is noticed. */
  readonly mark?: StoreMark;
  /** Defaults to those of the browser. */
  readonly locks?: Locks;
  /** Whether everything is kept in memory only, because the browser denies storage. Defaults to false. */
  readonly inMemory?: boolean;
}

const NO_MARK: StoreMark = { known: null, keep: () => undefined, onLost: () => undefined };

/**
 * Creates the store. Opens the database on first use.
 * @param migrations the migrations up to this version; tests append to them
 */
export function createStore(
  name: string,
  { audit, onChange, mark = NO_MARK, locks = navigator.locks, inMemory = false }: StoreOptions,
  migrations: readonly Migration[] = MIGRATIONS,
): FaceStore {
  const keyring = createKeyring(inMemory ? NO_SECRETS : openSecrets(name, locks));
  const connectTo = (onClosed: () => void) =>
    inMemory ? openMemory(migrations) : openIndexedDb(name, migrations, onClosed);
  const db = createDatabase(name, locks, mark, connectTo, async (writer) => {
    await sealPlainTemplates(writer, keyring);
    await upgradeVault(writer, keyring);
    // A tab that was killed while it replaced or destroyed a key may not have erased it.
    const stored = await writer.read(readKey);
    await keyring.eraseOthers(stored ?? null);
    // Open the key before another tab can replace it, because data that was read before needs the old one.
    await keyring.ifOpen(stored);
  });
  const parts: StoreParts = { db, keyring, note: createNote(audit), changed: onChange };
  return {
    ...createProfiles(parts),
    ...createCollections(parts),
    ...createSpaces(parts),
    ...createKeys(parts),
    ...createAudit(parts),
    ...createApiKeys(parts),
    ...createTransfer(parts),
    ...createReplica(parts),
    ...createKeySets(parts),
    ...createEverything(parts),
    close: () => db.close(),
  };
}
