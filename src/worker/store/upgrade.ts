/** Completes an upgrade after its transaction, which cannot wait for encryption. */
import { inBatches } from './batches.js';
import type { BlockItem } from './block.js';
import type { Writer } from './database/connection.js';
import type { PlainTemplate, TemplateBlock } from './database/schema.js';
import { readKey, sealBlock, sealDetails, type Keyring } from './keyring.js';
import { replaceKey } from './rekey.js';

/** Encrypts templates that version 1 stored unencrypted. Runs whenever a database is opened. */
export async function sealPlainTemplates(writer: Writer, keyring: Keyring): Promise<void> {
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
    await inBatches(blocks, (block) => tx.objectStore('blocks').put(block));
    await tx.objectStore('templates').clear();
  });
}

/**
 * Replaces a key that an earlier version left to the database alone. Encrypts the details of profiles that it stored
 * unencrypted. Runs whenever a database is opened, and when a passphrase opens the vault.
 */
export async function upgradeVault(writer: Writer, keyring: Keyring): Promise<void> {
  const { stored, ids } = await writer.read(async (tx) => ({
    stored: await readKey(tx),
    ids: await tx.objectStore('plainDetails').getAllKeys(),
  }));
  if (stored?.kind === 'device' && !stored.erasure) {
    const old = await keyring.forReading(stored, 'templates');
    await replaceKey(writer, keyring, old, null, () => Promise.resolve());
  }
  if (ids.length === 0 || keyring.status(stored).state === 'locked') return;
  const key = await keyring.forWriting(writer);
  const plain = await writer.read((tx) => tx.objectStore('plainDetails').getAll());
  const sealed = await Promise.all(plain.map((details, i) => sealDetails(key, ids[i] as string, details)));
  await writer.commit(async (tx) => {
    await inBatches(sealed, async (details, i) => {
      const record = await tx.objectStore('profiles').get(ids[i] as string);
      if (record) await tx.objectStore('profiles').put({ ...record, details });
    });
    await tx.objectStore('plainDetails').clear();
  });
}
