/** Assembles the IndexedDB store from its parts. */
import type { FaceStore, StoreChange } from '../ports/face-store.js';
import { createApiKeys } from './api-keys.js';
import { createAudit, createNote } from './audit.js';
import { createCollections } from './collections.js';
import { createDatabase } from './database/connection.js';
import { MIGRATIONS, type Migration } from './database/schema.js';
import { createEverything } from './everything.js';
import { createKeyring, readKey } from './keyring.js';
import { createKeys } from './keys.js';
import { createProfiles } from './profiles.js';
import type { StoreParts } from './records.js';
import { openSecrets } from './secrets.js';
import { createSpaces } from './spaces.js';
import { createTransfer } from './transfer.js';
import { sealPlainTemplates, upgradeVault } from './upgrade.js';

export interface StoreOptions {
  /** Whether to keep an audit trail. */
  readonly audit: boolean;
  /** Called after each write of this store. */
  readonly onChange: (change: StoreChange) => void;
}

/**
 * Creates the store. Opens the database on first use.
 * @param migrations the migrations up to this version; tests append to them
 */
export function createStore(
  name: string,
  { audit, onChange }: StoreOptions,
  migrations: readonly Migration[] = MIGRATIONS,
): FaceStore {
  const keyring = createKeyring(openSecrets(name));
  const db = createDatabase(name, migrations, async (writer) => {
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
    ...createEverything(parts),
    close: () => db.close(),
  };
}
