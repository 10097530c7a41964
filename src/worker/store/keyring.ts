/** Opens the current key, and encrypts templates, details, negative examples and classifiers with it. */
import { InfaceError } from '../../api/errors.js';
import type { Classifier } from '../../recognition/classifier.js';
import type { VaultStatus } from '../../api/vault.js';
import type { Secrets } from './secrets.js';
import {
  createDeviceKey,
  createPassphraseKey,
  openDeviceKey,
  openPassphraseKey,
  seal,
  unreadable,
  unseal,
  type MadeKey,
  type OpenKey,
  type Sealed,
  type StoredKey,
} from './vault.js';
import { inBatches } from './batches.js';
import { decodeBlock, decodeClassifiers, encodeBlock, encodeClassifiers, type BlockItem } from './block.js';
import type { Writer } from './database/connection.js';
import type {
  ClassifierRecord,
  KeySetRecord,
  NegativeBlock,
  ProfileDetails,
  ProfileRecord,
  ReadTransaction,
  TemplateBlock,
} from './database/schema.js';

/** Opens and holds the current key. Each caller passes the stored key that it read along with the data. */
export interface Keyring {
  /** Creates a key, which the caller commits, and stores its secret. Requires the write lock. */
  create(passphrase: string | null): Promise<MadeKey>;
  /** Erases the secrets of all other keys. Requires the write lock. @param stored the current key, `null` for none */
  eraseOthers(stored: StoredKey | null): Promise<void>;
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
  forReading(stored: StoredKey | undefined, context: string): Promise<OpenKey>;
  /** Returns the key for decryption, or `null` while the vault is locked and after the key was destroyed. */
  ifOpen(stored: StoredKey | undefined): Promise<OpenKey | null>;
  /** Opens a key with its passphrase. @throws InfaceError `WRONG_PASSPHRASE` */
  unlock(stored: Extract<StoredKey, { kind: 'passphrase' }>, passphrase: string): Promise<OpenKey>;
  /** Returns the status, and drops a key that is no longer current. */
  status(stored: StoredKey | undefined): VaultStatus;
  /** @param locks the result of {@link locksOf} from before the passphrase was checked */
  remember(key: OpenKey, locks: number): OpenKey;
  forget(): void;
}

export function createKeyring(secrets: Secrets): Keyring {
  /** The current key, and the one before while reads that began before it was replaced may need it. */
  let held: readonly { readonly key: OpenKey; readonly locks: number }[] = [];

  const matches = (stored: StoredKey | undefined) => (each: (typeof held)[number]) =>
    each.key.id === stored?.id && each.locks === locksOf(stored);

  function remember(key: OpenKey, locks: number): OpenKey {
    held = [{ key, locks }, ...held].slice(0, 2);
    return key;
  }

  const secretOf = async ({ id, erasure }: StoredKey, context: string) => {
    if (erasure !== 'overwritten') return null;
    const secret = await secrets.read(id);
    if (!secret)
      throw unreadable(context, 'half of its key is gone, and vault.destroyKey() has to make room for another');
    return secret;
  };

  async function open(stored: StoredKey, context: string): Promise<OpenKey> {
    const found = held.find(matches(stored));
    if (found) return found.key;
    if (stored.kind === 'passphrase') {
      throw new InfaceError('VAULT_LOCKED', 'The templates are locked by a passphrase. Call vault.unlock() first.');
    }
    return remember(await openDeviceKey(stored, await secretOf(stored, context)), 0);
  }

  async function create(passphrase: string | null): Promise<MadeKey> {
    const id = crypto.randomUUID();
    const secret = await secrets.create(id);
    return passphrase === null ? createDeviceKey(id, secret) : createPassphraseKey(id, secret, passphrase);
  }

  return {
    create,
    eraseOthers: (stored) => secrets.eraseOthers(stored && stored.id),
    async forWriting(writer) {
      const stored = await writer.read(readKey);
      if (stored) return open(stored, 'templates');
      const made = await create(null);
      await writer.commit((tx) => tx.objectStore('keys').put(made.stored, 'current'));
      return made.open;
    },
    async forReading(stored, context) {
      if (!stored) throw unreadable(context, 'its key was destroyed');
      return open(stored, context);
    },
    async ifOpen(stored) {
      const isLocked = stored?.kind === 'passphrase' && !held.some(matches(stored));
      if (!stored || isLocked) return null;
      return open(stored, 'names').catch((error: unknown) => {
        if (error instanceof InfaceError && error.code === 'TEMPLATES_UNREADABLE') return null;
        throw error;
      });
    },
    unlock: async (stored, passphrase) => openPassphraseKey(stored, await secretOf(stored, 'templates'), passphrase),
    status(stored) {
      const hasPassphrase = stored?.kind === 'passphrase';
      held = held.filter(matches(stored));
      const isOpen = held.length > 0 || !hasPassphrase;
      const erasure = stored ? (stored.erasure ?? 'deleted') : secrets.erasure;
      return { state: isOpen ? 'open' : 'locked', hasPassphrase, erasure };
    },
    remember,
    forget() {
      held = [];
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
type KeySetPlace = Pick<KeySetRecord, 'set'>;

/** Returns the context for {@link seal}: the kind of a record and where it belongs. */
function contextOf(place: BlockPlace | NegativePlace | ClassifierPlace | KeySetPlace): string {
  if ('set' in place) return `keys of ${place.set}`;
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
  const key = await keyring.forReading(stored, contextOf(first));
  return inBatches(blocks, async (block) => decodeBlock(await unseal(key, block, contextOf(block))));
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
  return decodeClassifiers(await unseal(await keyring.forReading(stored, context), record, context));
}

/** Encrypts a set of keys in the form that they are exported in. */
export async function sealKeySet(key: OpenKey, set: string, exported: Uint8Array<ArrayBuffer>): Promise<KeySetRecord> {
  return { set, ...(await seal(key, exported, contextOf({ set }))) };
}

/** Decrypts a set of keys encrypted by {@link sealKeySet}. @throws InfaceError `VAULT_LOCKED`, `TEMPLATES_UNREADABLE` */
export async function openKeySet(
  keyring: Keyring,
  stored: StoredKey | undefined,
  record: KeySetRecord,
): Promise<Uint8Array<ArrayBuffer>> {
  const context = contextOf(record);
  return unseal(await keyring.forReading(stored, context), record, context);
}

/** Decrypts a record and encrypts it with another key. */
export async function reseal<R extends TemplateBlock | NegativeBlock | ClassifierRecord | KeySetRecord>(
  old: OpenKey,
  next: OpenKey,
  record: R,
): Promise<R> {
  const context = contextOf(record);
  return { ...record, ...(await seal(next, await unseal(old, record, context), context)) };
}

/** Details of a profile that cannot be decrypted. */
const UNREADABLE_DETAILS: ProfileDetails = { name: null, metadata: {}, consent: null };

/** Encrypts what a profile says about a person. */
export function sealDetails(key: OpenKey, profileId: string, details: ProfileDetails): Promise<Sealed> {
  return seal(key, new TextEncoder().encode(JSON.stringify(details)), detailsContext(profileId));
}

/**
 * Decrypts the details of profiles. They are empty while the vault is locked, and after their key was destroyed, so that
 * profiles can still be listed and deleted.
 * @throws InfaceError `TEMPLATES_UNREADABLE` if they were altered
 */
export async function openDetails(
  keyring: Keyring,
  stored: StoredKey | undefined,
  records: readonly ProfileRecord[],
): Promise<ProfileDetails[]> {
  const key = records.length > 0 ? await keyring.ifOpen(stored) : null;
  return inBatches(records, async ({ id, details }) => {
    if (!key || details?.keyId !== key.id) return UNREADABLE_DETAILS;
    const bytes = await unseal(key, details, detailsContext(id));
    return JSON.parse(new TextDecoder().decode(bytes)) as ProfileDetails;
  });
}

/** Decrypts the details of a profile and encrypts them with another key. */
export async function resealDetails(old: OpenKey, next: OpenKey, record: ProfileRecord): Promise<ProfileRecord> {
  const context = detailsContext(record.id);
  return { ...record, details: await seal(next, await unseal(old, record.details as Sealed, context), context) };
}

function detailsContext(profileId: string): string {
  return `details of profile ${profileId}`;
}
