/** The care of the store as a whole: its key, its audit trail, the API keys, and its end. */
import { InfaceError } from '../../api/errors.js';
import type { ApiKey, AuditEntry } from '../../api/types.js';
import type { FaceStore } from '../ports/face-store.js';
import {
  createPassphraseKey,
  createDeviceKey,
  openPassphraseKey,
  randomBytes,
  sha256,
  type OpenKey,
  type Sealed,
} from './vault.js';
import type { ApiKeyRecord } from './database/connection.js';
import { readKey, reseal } from './keyring.js';
import { timestamp, type StoreParts } from './records.js';

type Operations = Pick<
  FaceStore,
  | 'assertOpen'
  | 'vaultStatus'
  | 'setPassphrase'
  | 'lockVault'
  | 'unlockVault'
  | 'destroyKey'
  | 'forgetKey'
  | 'listAudit'
  | 'clearAudit'
  | 'createApiKey'
  | 'listApiKeys'
  | 'revokeApiKey'
  | 'verifyApiKey'
  | 'eraseAll'
  | 'count'
>;

const SECRET_BYTES = 32;
const SALT_BYTES = 16;
const SECRET_FORM = /^inface_([0-9a-f-]{36})_[\w-]{43}$/;

export function createCare({ db, keyring, note, changed }: StoreParts): Operations {
  const everything = { actor: null, subject: null, count: null };

  const passphraseKey = async () => {
    const stored = await db.read(readKey);
    if (stored?.kind === 'passphrase') return stored;
    throw new InfaceError('INVALID_INPUT', 'No passphrase protects the templates. Call vault.setPassphrase() first.');
  };

  return {
    async assertOpen() {
      const stored = await db.read(readKey);
      if (stored) keyring.forReading(stored, 'templates');
    },

    vaultStatus: async () => keyring.status(await db.read(readKey)),

    setPassphrase: (passphrase) =>
      db.exclusive(async (writer) => {
        const sealed = await writer.read(async (tx) => ({
          stored: await readKey(tx),
          blocks: await tx.objectStore('blocks').getAll(),
          negatives: await tx.objectStore('negatives').getAll(),
          classifiers: await tx.objectStore('classifiers').getAll(),
        }));
        const made = await (passphrase === null ? createDeviceKey() : createPassphraseKey(passphrase));
        const old = sealed.stored ? keyring.forReading(sealed.stored, 'templates') : null;
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
          await note(tx, passphrase === null ? 'remove-passphrase' : 'set-passphrase', everything);
        });
        keyring.remember(made.open);
        changed({ vault: 'changed' });
        return keyring.status(made.stored);
      }),

    async lockVault() {
      const stored = await passphraseKey();
      keyring.forget();
      changed({ vault: 'locked' });
      return keyring.status(stored);
    },

    async unlockVault(passphrase) {
      const stored = await passphraseKey();
      keyring.remember(await openPassphraseKey(stored, passphrase));
      // Another tab may have changed it meanwhile.
      return keyring.status(await db.read(readKey));
    },

    destroyKey: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          await tx.objectStore('keys').delete('current');
          await note(tx, 'destroy-key', everything);
        });
        keyring.forget();
        changed({ vault: 'changed' });
      }),

    forgetKey: () => keyring.forget(),

    listAudit: (limit) =>
      db.read(async (tx) => {
        const entries: AuditEntry[] = [];
        for await (const cursor of tx.objectStore('audit').iterate(null, 'prev')) {
          if (limit !== null && entries.length >= limit) break;
          entries.push(cursor.value);
        }
        return entries;
      }),

    clearAudit: () => db.exclusive((writer) => writer.commit((tx) => tx.objectStore('audit').clear())),

    createApiKey: (name, scopes) =>
      db.exclusive(async (writer) => {
        const id = crypto.randomUUID();
        const secret = `inface_${id}_${base64Url(randomBytes(SECRET_BYTES))}`;
        const salt = randomBytes(SALT_BYTES);
        const record: ApiKeyRecord = { id, name, scopes, createdAt: timestamp(), salt, hash: await hash(salt, secret) };
        await writer.commit(async (tx) => {
          await tx.objectStore('apiKeys').add(record);
          await note(tx, 'create-api-key', { actor: null, subject: id, count: null });
        });
        return { key: toApiKey(record), secret };
      }),

    listApiKeys: () =>
      db.read(async (tx) => (await tx.objectStore('apiKeys').index('createdAt').getAll()).map(toApiKey)),

    revokeApiKey: (id) =>
      db.exclusive((writer) =>
        writer.commit(async (tx) => {
          if ((await tx.objectStore('apiKeys').count(id)) === 0) {
            throw new InfaceError('API_KEY_NOT_FOUND', `There is no API key '${id}'. apiKeys.list() has them all.`);
          }
          await tx.objectStore('apiKeys').delete(id);
          await note(tx, 'revoke-api-key', { actor: null, subject: id, count: null });
        }),
      ),

    async verifyApiKey(secret) {
      const [, id] = SECRET_FORM.exec(secret) ?? [];
      if (id === undefined) return null;
      const record = await db.read((tx) => tx.objectStore('apiKeys').get(id));
      if (!record) return null;
      return areEqual(await hash(record.salt, secret), record.hash) ? toApiKey(record) : null;
    },

    eraseAll: () =>
      db.exclusive(async (writer) => {
        await writer.commit(async (tx) => {
          for (const store of tx.objectStoreNames) await tx.objectStore(store).clear();
          await note(tx, 'erase-all', everything);
        });
        keyring.forget();
        const reset = { change: 'reset', ids: [] } as const;
        changed({ profiles: reset, collections: reset, vault: 'changed' });
      }),

    count: () =>
      db.read(async (tx) => {
        const profiles = await tx.objectStore('profiles').getAll();
        return {
          profiles: profiles.length,
          templates: profiles.reduce((sum, { templateCount }) => sum + templateCount, 0),
          collections: await tx.objectStore('collections').count(),
        };
      }),
  };
}

/** What the old key opens, under the new one. What was lost with an older key stays lost. */
function resealAll<R extends Sealed & Parameters<typeof reseal>[2]>(
  old: OpenKey | null,
  next: OpenKey,
  records: readonly R[],
): Promise<R[]> {
  const readable = records.filter(({ keyId }) => keyId === old?.id);
  return Promise.all(readable.map((record) => reseal(old as OpenKey, next, record)));
}

function toApiKey({ id, name, scopes, createdAt }: ApiKeyRecord): ApiKey {
  return { id, name, scopes, createdAt };
}

function hash(salt: Uint8Array<ArrayBuffer>, secret: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(secret);
  const salted = new Uint8Array(salt.length + bytes.length);
  salted.set(salt);
  salted.set(bytes, salt.length);
  return sha256(salted);
}

/** Looks at every byte, so that the time does not tell how many were right. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}

function base64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
