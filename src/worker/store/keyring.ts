/** Selects the current key, and encrypts templates, negative examples and classifiers with it. */
import { InfaceError } from '../../api/errors.js';
import type { Classifier } from '../../recognition/classifier.js';
import type { VaultStatus } from '../../api/vault.js';
import { createDeviceKey, seal, unreadable, unseal, type OpenKey, type Sealed, type StoredKey } from './vault.js';
import { decodeBlock, decodeClassifiers, encodeBlock, encodeClassifiers, type BlockItem } from './block.js';
import type { Writer } from './database/connection.js';
import type { ClassifierRecord, NegativeBlock, ReadTransaction, TemplateBlock } from './database/schema.js';

/** Holds the key that a passphrase unlocked. A device key is not held; callers read it from the store each time. */
export interface Keyring {
  /**
   * Returns the key for encryption, or creates the first one. Requires the write lock.
   * @throws InfaceError `VAULT_LOCKED`
   */
  forWriting(writer: Writer): Promise<OpenKey>;
  /**
   * Returns the key for decryption.
   * @param stored the result of {@link readKey}, from the transaction that read the encrypted data
   * @param context describes the data in the error message
   * @throws InfaceError `VAULT_LOCKED`; `TEMPLATES_UNREADABLE` when there is no key
   */
  forReading(stored: StoredKey | undefined, context: string): OpenKey;
  /** Returns the status, and drops a key that is no longer current. */
  status(stored: StoredKey | undefined): VaultStatus;
  /** @param locks the result of {@link locksOf} from before the passphrase was checked */
  remember(key: OpenKey, locks: number): void;
  forget(): void;
}

export function createKeyring(): Keyring {
  let unlocked: { readonly key: OpenKey; readonly locks: number } | null = null;

  /** Returns the unlocked key, unless a tab has locked, replaced or destroyed it since. */
  function current(stored: StoredKey | undefined): OpenKey | null {
    if (unlocked?.key.id !== stored?.id || unlocked?.locks !== locksOf(stored)) unlocked = null;
    return unlocked && unlocked.key;
  }

  function open(stored: StoredKey): OpenKey {
    if (stored.kind === 'device') return { id: stored.id, key: stored.key };
    const key = current(stored);
    if (key) return key;
    throw new InfaceError('VAULT_LOCKED', 'The templates are locked by a passphrase. Call vault.unlock() first.');
  }

  return {
    async forWriting(writer) {
      const stored = await writer.read(readKey);
      if (stored) return open(stored);
      const made = await createDeviceKey();
      await writer.commit((tx) => tx.objectStore('keys').put(made.stored, 'current'));
      return made.open;
    },
    forReading(stored, context) {
      if (!stored) throw unreadable(context, 'its key was destroyed');
      return open(stored);
    },
    status(stored) {
      const hasPassphrase = stored?.kind === 'passphrase';
      const isOpen = current(stored) !== null || !hasPassphrase;
      return { state: isOpen ? 'open' : 'locked', hasPassphrase };
    },
    remember(key, locks) {
      unlocked = { key, locks };
    },
    forget() {
      unlocked = null;
    },
  };
}

/** Returns how often the vault was locked since its passphrase was set. All tabs compare it with what they unlocked. */
export function locksOf(stored: StoredKey | undefined): number {
  return stored?.kind === 'passphrase' ? (stored.locks ?? 0) : 0;
}

export function readKey(tx: ReadTransaction): Promise<StoredKey | undefined> {
  return tx.objectStore('keys').get('current');
}

type BlockPlace = Pick<TemplateBlock, 'profileId' | 'space'>;
type NegativePlace = Pick<NegativeBlock, 'collectionId' | 'profileId' | 'space'>;
type ClassifierPlace = Pick<ClassifierRecord, 'collectionId'>;

/** Returns the context for {@link seal}: the kind of a record and where it belongs. */
function contextOf(place: BlockPlace | NegativePlace | ClassifierPlace): string {
  if (!('profileId' in place)) return `classifier of collection ${place.collectionId}`;
  const of = `of profile ${place.profileId} in space ${place.space}`;
  return 'collectionId' in place ? `negative examples ${of} for collection ${place.collectionId}` : `templates ${of}`;
}

/** Encrypts the templates of a profile, or its negative examples in a collection. */
export async function sealBlock<P extends BlockPlace | NegativePlace>(
  key: OpenKey,
  place: P,
  items: readonly BlockItem[],
): Promise<P & Sealed> {
  return { ...place, ...(await seal(key, encodeBlock(items), contextOf(place))) };
}

/** Decrypts blocks made by {@link sealBlock}. @throws InfaceError `VAULT_LOCKED`, `TEMPLATES_UNREADABLE` */
export async function openBlocks(
  keyring: Keyring,
  stored: StoredKey | undefined,
  blocks: readonly (TemplateBlock | NegativeBlock)[],
): Promise<BlockItem[][]> {
  const [first] = blocks;
  if (!first) return [];
  const key = keyring.forReading(stored, contextOf(first));
  return Promise.all(blocks.map(async (block) => decodeBlock(await unseal(key, block, contextOf(block)))));
}

/** Encrypts the classifiers of a collection, because their weights are derived from templates. */
export async function sealClassifiers(
  key: OpenKey,
  collectionId: string,
  classifiers: readonly Classifier[],
): Promise<ClassifierRecord> {
  return { collectionId, ...(await seal(key, encodeClassifiers(classifiers), contextOf({ collectionId }))) };
}

/** Decrypts classifiers encrypted by {@link sealClassifiers}. */
export async function openClassifiers(
  keyring: Keyring,
  stored: StoredKey | undefined,
  record: ClassifierRecord,
): Promise<Classifier[]> {
  const context = contextOf(record);
  return decodeClassifiers(await unseal(keyring.forReading(stored, context), record, context));
}

/** Decrypts a record and encrypts it with another key. */
export async function reseal<R extends TemplateBlock | NegativeBlock | ClassifierRecord>(
  old: OpenKey,
  next: OpenKey,
  record: R,
): Promise<R> {
  const context = contextOf(record);
  return { ...record, ...(await seal(next, await unseal(old, record, context), context)) };
}
