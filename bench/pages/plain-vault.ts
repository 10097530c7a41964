/**
 * A vault that does not encrypt, to measure the cost of encryption.
 * Only used by the case `open` of the bench.
 */
import type { OpenKey, Sealed, StoredKey } from '../../src/worker/store/vault.js';

const KEY = { id: 'none', key: null as unknown as CryptoKey };

export const createDeviceKey = (): Promise<{ stored: StoredKey; open: OpenKey }> =>
  Promise.resolve({ stored: { ...KEY, kind: 'device' }, open: KEY });

export const seal = (_key: OpenKey, plain: Uint8Array<ArrayBuffer>): Promise<Sealed> =>
  Promise.resolve({ keyId: KEY.id, iv: new Uint8Array(0), data: plain.buffer });

export const unseal = (_key: OpenKey, { data }: Sealed): Promise<Uint8Array<ArrayBuffer>> =>
  Promise.resolve(new Uint8Array(data));

const unused = (): never => {
  throw new Error('The plain vault does not support this call. Add it to bench/pages/plain-vault.ts.');
};

export {
  unused as createPassphraseKey,
  unused as openPassphraseKey,
  unused as randomBytes,
  unused as sha256,
  unused as unreadable,
};
