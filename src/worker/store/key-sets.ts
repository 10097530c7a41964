/** Keeps the keys of an application that keeps several stores alike. */
import type { ReplicaKeys } from '../../api/replica.js';
import type { FaceStore } from '../ports/face-store.js';
import { openKeySet, readKey, sealKeySet } from './keyring.js';
import type { StoreParts } from './records.js';

type Operations = Pick<FaceStore, 'keepKeys' | 'keptKeys'>;

/** A key in its stored form, before the encryption. */
interface ExportedKey {
  readonly jwk: JsonWebKey;
  readonly algorithm: KeyAlgorithm;
  readonly usages: readonly KeyUsage[];
  /** Whether scripts may read it. */
  readonly isPublic: boolean;
}

export function createKeySets({ db, keyring }: StoreParts): Operations {
  return {
    keepKeys: async (set, keys) => {
      const exported = keys && (await exportKeys(keys));
      await db.exclusive(async (writer) => {
        const record = exported && (await sealKeySet(await keyring.forWriting(writer), set, exported));
        await writer.commit(async (tx) => {
          if (record) await tx.objectStore('keySets').put(record);
          else await tx.objectStore('keySets').delete(set);
        });
      });
    },

    async keptKeys(set) {
      const { record, stored } = await db.read(async (tx) => ({
        record: await tx.objectStore('keySets').get(set),
        stored: await readKey(tx),
      }));
      return record ? importKeys(await openKeySet(keyring, stored, record)) : null;
    },
  };
}

async function exportKeys(keys: ReplicaKeys): Promise<Uint8Array<ArrayBuffer>> {
  const exported = Object.entries(keys).map(async ([name, key]): Promise<[string, ExportedKey]> => {
    const { algorithm, usages, type } = key;
    const jwk = await crypto.subtle.exportKey('jwk', key);
    return [name, { jwk, algorithm, usages, isPublic: type === 'public' }];
  });
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(await Promise.all(exported))));
}

async function importKeys(bytes: Uint8Array<ArrayBuffer>): Promise<ReplicaKeys> {
  const exported = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, ExportedKey>>;
  const keys = Object.entries(exported).map(async ([name, key]): Promise<[string, CryptoKey]> => {
    const { jwk, algorithm, usages, isPublic } = key;
    return [name, await crypto.subtle.importKey('jwk', jwk, algorithm, isPublic, usages)];
  });
  return Object.fromEntries(await Promise.all(keys));
}
