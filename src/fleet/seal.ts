/** Seals records: signed by a writer, padded, and encrypted with the fleet key. */
import { fromBase64, importPublicKey, SIGNATURE, toBase64, utf8, type FleetKeys } from './keys.js';
import { decodeRecord, encodeRecord, nameOf, type FleetRecord, type RecordName } from './record.js';

/** The key pair of a kiosk that writes. */
export interface Signer {
  readonly kiosk: string;
  readonly key: CryptoKey;
  /** The public key, base64. */
  readonly publicKey: string;
}

/** The list of writers, which the owner of the fleet signs. */
export interface FleetHead {
  /** Grows with each change of the list. */
  readonly serial: number;
  /** The embedding space of the fleet's templates. */
  readonly space: string;
  readonly writers: readonly { readonly kiosk: string; readonly publicKey: string }[];
  /** Kiosks that were writers, until they are admitted again. */
  readonly revoked: readonly string[];
}

/**
 * Why a record is refused.
 *
 * - `corrupt`: it cannot be decrypted, or was moved from another key of the bucket
 * - `unsigned`: its signature is wrong
 * - `unknown-writer`: the kiosk that signed it is not in the list of writers
 * - `replayed`: it is older than a version that this kiosk has seen
 * - `invalid`: a writer signed it, but the store does not accept it
 * - `other-models`: it has templates of models that this kiosk does not have; it is taken once the kiosk has them
 */
export type RefusalReason = 'corrupt' | 'unsigned' | 'unknown-writer' | 'replayed' | 'invalid' | 'other-models';

/** Seals and opens records. The tests of convergence use one without encryption. */
export interface Sealer {
  /** Returns the key of the bucket for a record. */
  keyOf(name: RecordName): Promise<string>;
  seal(record: FleetRecord): Promise<Uint8Array<ArrayBuffer>>;
  open(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<FleetRecord | RefusalReason>;
}

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SIGNATURE_BYTES = 64;
const KIOSK_BYTES = 16;
/** Length of the content, kiosk that signed, signature: in front of the content, under the encryption. */
const ENVELOPE_BYTES = 4 + KIOSK_BYTES + SIGNATURE_BYTES;
const SMALLEST_BYTES = 512;

/**
 * Returns the size to which a sealed record is padded: a power of two, or half more than one.
 * The size then shows less of the content, for at most half more bytes.
 */
export function paddedSize(bytes: number): number {
  let size = SMALLEST_BYTES;
  while (size < bytes) size *= 2;
  const smaller = size * 0.75;
  return size > SMALLEST_BYTES && smaller >= bytes ? smaller : size;
}

/** Creates the sealer of a fleet. @param signer `null` on kiosks that only read */
export function createSealer(
  keys: FleetKeys,
  signer: Signer | null,
): Sealer & {
  /** Takes the list of writers. */
  setWriters(head: FleetHead): Promise<void>;
} {
  let writers: ReadonlyMap<string, CryptoKey> = new Map();
  return {
    keyOf: (name) => keyOf(keys, name),
    setWriters: async ({ writers: list }) => {
      writers = new Map(
        await Promise.all(
          list.map(async ({ kiosk, publicKey }) => [kiosk, await importPublicKey(fromBase64(publicKey))] as const),
        ),
      );
    },
    seal: async (record) => {
      if (!signer) throw new Error('A kiosk that only reads cannot seal records.');
      const key = await keyOf(keys, nameOf(record));
      return encrypt(keys, key, await sign(keys, key, encodeRecord(record), signer));
    },
    open: async (key, bytes) => {
      const plain = await decrypt(keys, key, bytes);
      if (!plain) return 'corrupt';
      const { content, kiosk, signature } = splitEnvelope(plain);
      const writer = writers.get(kiosk);
      if (!writer) return 'unknown-writer';
      if (!(await crypto.subtle.verify(SIGNATURE, writer, signature, signedBytes(keys, key, content))))
        return 'unsigned';
      try {
        const record = decodeRecord(content);
        return (await keyOf(keys, nameOf(record))) === key ? record : 'corrupt';
      } catch {
        return 'invalid';
      }
    },
  };
}

const OWNER: string = 'owner'.padEnd(KIOSK_BYTES);

/** Key of the bucket for the list of writers. */
export function headKey({ epoch }: FleetKeys): string {
  return `${epoch}.head`;
}

export async function sealHead(
  keys: FleetKeys,
  head: FleetHead,
  ownerKey: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = headKey(keys);
  return encrypt(keys, key, await sign(keys, key, utf8(JSON.stringify(head)), { kiosk: OWNER, key: ownerKey }));
}

export async function openHead(keys: FleetKeys, bytes: Uint8Array<ArrayBuffer>): Promise<FleetHead | RefusalReason> {
  const key = headKey(keys);
  const plain = await decrypt(keys, key, bytes);
  if (!plain) return 'corrupt';
  const { content, signature } = splitEnvelope(plain);
  const isSigned = await crypto.subtle.verify(SIGNATURE, keys.owner, signature, signedBytes(keys, key, content));
  // The owner signed it, so it has the form that sealHead() gave it.
  return isSigned ? (JSON.parse(new TextDecoder().decode(content)) as FleetHead) : 'unsigned';
}

/** Key of the bucket for the current epoch, which kiosks with an older fleet key can read. */
export const EPOCH_KEY = 'epoch';

/** Returns the signed number of the current epoch. It is not encrypted. */
export async function signEpoch(
  { fleetId }: FleetKeys,
  epoch: number,
  ownerKey: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const signature = await crypto.subtle.sign(SIGNATURE, ownerKey, epochBytes(fleetId, epoch));
  return utf8(JSON.stringify({ epoch, signature: toBase64(new Uint8Array(signature)) }));
}

/** Returns the number of the current epoch, or `null` when the owner did not sign it. */
export async function readEpoch({ fleetId, owner }: FleetKeys, bytes: Uint8Array<ArrayBuffer>): Promise<number | null> {
  try {
    const { epoch, signature } = JSON.parse(new TextDecoder().decode(bytes)) as { epoch: number; signature: string };
    const isSigned = await crypto.subtle.verify(SIGNATURE, owner, fromBase64(signature), epochBytes(fleetId, epoch));
    return isSigned ? epoch : null;
  } catch {
    return null;
  }
}

function epochBytes(fleetId: string, epoch: number): Uint8Array<ArrayBuffer> {
  return utf8(`inface fleet epoch|${fleetId}|${epoch}`);
}

/** A key of the bucket shows neither the kind nor the id of the record. */
async function keyOf({ name: hmac, epoch }: FleetKeys, name: RecordName): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', hmac, utf8(name));
  return `${epoch}.${toBase64(new Uint8Array(mac, 0, 18))}`;
}

async function sign(
  keys: FleetKeys,
  key: string,
  content: Uint8Array<ArrayBuffer>,
  signer: Pick<Signer, 'kiosk' | 'key'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(
    paddedSize(1 + IV_BYTES + TAG_BYTES + ENVELOPE_BYTES + content.length) - 1 - IV_BYTES - TAG_BYTES,
  );
  new DataView(bytes.buffer).setUint32(0, content.length, true);
  bytes.set(utf8(signer.kiosk), 4);
  const signature = await crypto.subtle.sign(SIGNATURE, signer.key, signedBytes(keys, key, content));
  bytes.set(new Uint8Array(signature), 4 + KIOSK_BYTES);
  bytes.set(content, ENVELOPE_BYTES);
  return bytes;
}

function splitEnvelope(plain: Uint8Array<ArrayBuffer>): {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly kiosk: string;
  readonly signature: Uint8Array<ArrayBuffer>;
} {
  const length = new DataView(plain.buffer).getUint32(0, true);
  return {
    content: plain.slice(ENVELOPE_BYTES, ENVELOPE_BYTES + length),
    kiosk: new TextDecoder().decode(plain.subarray(4, 4 + KIOSK_BYTES)),
    signature: plain.slice(4 + KIOSK_BYTES, ENVELOPE_BYTES),
  };
}

/** A signature is of a record at its place: it cannot be moved to another key, epoch or fleet. */
function signedBytes(keys: FleetKeys, key: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const place = placeOf(keys, key);
  const bytes = new Uint8Array(place.length + content.length);
  bytes.set(place);
  bytes.set(content, place.length);
  return bytes;
}

/** Returns the place of a record. Its key is made from its kind and id; the version is in the record. */
function placeOf({ fleetId }: FleetKeys, key: string): Uint8Array<ArrayBuffer> {
  return utf8(`inface fleet record ${FORMAT}|${fleetId}|${key}|`);
}

async function encrypt(keys: FleetKeys, key: string, plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: placeOf(keys, key) },
    keys.seal,
    plain,
  );
  const bytes = new Uint8Array(1 + IV_BYTES + sealed.byteLength);
  bytes[0] = FORMAT;
  bytes.set(iv, 1);
  bytes.set(new Uint8Array(sealed), 1 + IV_BYTES);
  return bytes;
}

async function decrypt(
  keys: FleetKeys,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (bytes[0] !== FORMAT || bytes.length < 1 + IV_BYTES + TAG_BYTES + ENVELOPE_BYTES) return undefined;
  const iv = bytes.subarray(1, 1 + IV_BYTES);
  try {
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv, additionalData: placeOf(keys, key) },
      keys.seal,
      bytes.subarray(1 + IV_BYTES),
    );
    return new Uint8Array(plain);
  } catch {
    return undefined;
  }
}
