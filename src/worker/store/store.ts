/** The store on IndexedDB, put together of its parts. */
import type { BlockItem } from './block.js';
import { createCare } from './keys.js';
import { createCollections } from './collections.js';
import {
  createDatabase,
  MIGRATIONS,
  type Migration,
  type PlainTemplate,
  type TemplateBlock,
  type Writer,
} from './database/connection.js';
import { createKeyring, sealBlock } from './keyring.js';
import { createProfiles } from './profiles.js';
import { timestamp, type StoreParts } from './records.js';
import { createTransfer } from './transfer.js';
import type { FaceStore, StoreChange } from '../ports/face-store.js';

export interface StoreOptions {
  /** Keeps an audit trail. */
  readonly audit: boolean;
  /** Called after each write of this store. */
  readonly onChange: (change: StoreChange) => void;
}

/**
 * Opens the store at its first use.
 * @param migrations the steps of this version; tests append to them
 */
export function createStore(
  name: string,
  { audit, onChange }: StoreOptions,
  migrations: readonly Migration[] = MIGRATIONS,
): FaceStore {
  const keyring = createKeyring();
  const db = createDatabase(name, migrations, sealPlainTemplates);
  const parts: StoreParts = {
    db,
    keyring,
    async note(tx, action, { actor, subject, count }) {
      if (audit) await tx.objectStore('audit').add({ at: timestamp(), action, actor, subject, count });
    },
    changed: onChange,
  };

  /** Version 1 stored templates in the clear. An upgrade cannot wait for encryption, so this comes right after it. */
  async function sealPlainTemplates(writer: Writer): Promise<void> {
    const plain = await writer.read((tx) => tx.objectStore('templates').index('profile').getAll());
    if (plain.length === 0) return;
    const key = await keyring.forWriting(writer);
    const profiles = new Map<string, PlainTemplate[]>();
    for (const template of plain)
      profiles.set(template.profileId, [...(profiles.get(template.profileId) ?? []), template]);
    const blocks: TemplateBlock[] = await Promise.all(
      [...profiles].map(([profileId, templates]) => {
        const items = templates.map(({ id, createdAt, vector }): BlockItem => ({
          id,
          createdAt,
          quality: null,
          vector,
        }));
        return sealBlock(key, { profileId, space: (templates[0] as PlainTemplate).space }, items);
      }),
    );
    await writer.commit(async (tx) => {
      for (const block of blocks) await tx.objectStore('blocks').put(block);
      await tx.objectStore('templates').clear();
    });
  }

  return {
    ...createProfiles(parts),
    ...createCollections(parts),
    ...createCare(parts),
    ...createTransfer(parts),
    close: () => db.close(),
  };
}
