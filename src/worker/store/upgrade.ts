/** Completes an upgrade after its transaction, which cannot wait for encryption. */
import type { BlockItem } from './block.js';
import type { Writer } from './database/connection.js';
import type { PlainTemplate, TemplateBlock } from './database/schema.js';
import { sealBlock, type Keyring } from './keyring.js';

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
    for (const block of blocks) await tx.objectStore('blocks').put(block);
    await tx.objectStore('templates').clear();
  });
}
