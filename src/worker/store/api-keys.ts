/** Creates, lists, revokes and verifies the API keys of the REST facade. */
import { InfaceError } from '../../api/errors.js';
import type { ApiKey } from '../../api/api-keys.js';
import type { FaceStore } from '../ports/face-store.js';
import type { ApiKeyRecord } from './database/schema.js';
import { timestamp, type StoreParts } from './records.js';
import { randomBytes, sha256 } from './vault.js';

type Operations = Pick<FaceStore, 'createApiKey' | 'listApiKeys' | 'revokeApiKey' | 'verifyApiKey'>;

const SECRET_BYTES = 32;
const SALT_BYTES = 16;
const SECRET_FORM = /^inface_([0-9a-f-]{36})_[\w-]{43}$/;

export function createApiKeys({ db, note }: StoreParts): Operations {
  return {
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
  };
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

/** Compares every byte, so that the duration does not reveal how many match. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}

function base64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
