/** Keys of a fleet: the strings that an operator keeps, and what is derived from them. */
import { InfaceError } from '../api/errors.js';

/** A fleet key, imported. */
export interface FleetKeys {
  /** Identifies the fleet: a hash of the owner's public key, in hexadecimal. The same after a rotation. */
  readonly fleetId: string;
  /** Counts the rotations of the key, from 1. */
  readonly epoch: number;
  /** Encrypts records (AES-GCM, 256 bits). */
  readonly seal: CryptoKey;
  /** Makes keys of the bucket from the names of records (HMAC-SHA-256). */
  readonly name: CryptoKey;
  /** The owner's public key (ECDSA P-256), which signs the list of writers. */
  readonly owner: CryptoKey;
}

/** The two secrets of a fleet, as strings. */
export interface FleetSecrets {
  /** Every kiosk needs it to read the fleet. */
  readonly fleetKey: string;
  /** Admits and revokes writers and rotates the fleet key. Keep it offline. */
  readonly ownerKey: string;
}

const FLEET_PREFIX = 'inface-fleet-';
const OWNER_PREFIX = 'inface-owner-';
const SECRET_BYTES = 32;
/** An uncompressed point of P-256. */
const POINT_BYTES = 65;

/** Algorithm of all signatures. Every browser with WebCrypto has it. */
export const SIGNATURE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * Creates the secrets of a fleet.
 * @example
 * ```ts
 * const { fleetKey, ownerKey } = await createFleetKeys();
 * ```
 */
export async function createFleetKeys(): Promise<FleetSecrets> {
  const pair = await crypto.subtle.generateKey(SIGNATURE, true, ['sign', 'verify']);
  const owner = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return { fleetKey: formatFleetKey(1, owner), ownerKey: OWNER_PREFIX + toBase64(secret) };
}

/**
 * Returns a new key for the fleet of a key, for `rotate`.
 * @throws InfaceError `INVALID_INPUT`
 */
export function nextFleetKey(fleetKey: string): string {
  const { epoch, owner } = parseFleetKey(fleetKey);
  return formatFleetKey(epoch + 1, owner);
}

/**
 * Imports a fleet key.
 * @param isExtractable whether scripts may read the keys, to store them
 * @throws InfaceError `INVALID_INPUT`
 */
export async function importFleetKey(fleetKey: string, isExtractable = false): Promise<FleetKeys> {
  const { epoch, secret, owner } = parseFleetKey(fleetKey);
  // A mistake in the part of the owner is mostly no point of the curve.
  const ownerKey = await importPublicKey(owner).catch(() => {
    throw unreadable();
  });
  const fleetId = await fleetIdOf(owner);
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const derive = (purpose: string, algorithm: AesDerivedKeyParams | HmacImportParams, usages: readonly KeyUsage[]) =>
    crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: utf8(fleetId), info: utf8(`inface fleet ${purpose}`) },
      base,
      algorithm,
      isExtractable,
      usages,
    );
  return {
    fleetId,
    epoch,
    seal: await derive('seal', { name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']),
    name: await derive('name', { name: 'HMAC', hash: 'SHA-256' }, ['sign']),
    owner: ownerKey,
  };
}

/** Whether two fleet keys with the same number are the same. */
export async function isSameKey(a: FleetKeys, b: FleetKeys): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map(async ({ name }) => toHex(await crypto.subtle.sign('HMAC', name, utf8('inface fleet probe')))),
  );
  return first === second;
}

/**
 * Imports an owner key for signing.
 * @throws InfaceError `INVALID_INPUT` when it is not an owner key, or that of another fleet
 */
export async function importOwnerKey(ownerKey: string, keys: FleetKeys): Promise<CryptoKey> {
  const bytes = fromText(ownerKey, OWNER_PREFIX);
  const key = await crypto.subtle
    .importKey('pkcs8', bytes ?? new Uint8Array(), SIGNATURE, false, ['sign'])
    .catch(() => undefined);
  if (!key) throw new InfaceError('INVALID_INPUT', `The owner key cannot be read. It begins with '${OWNER_PREFIX}'.`);
  const probe = utf8('inface fleet probe');
  const signature = await crypto.subtle.sign(SIGNATURE, key, probe);
  if (!(await crypto.subtle.verify(SIGNATURE, keys.owner, signature, probe))) {
    throw new InfaceError(
      'INVALID_INPUT',
      'The owner key is of another fleet. Use the one that the fleet key came with.',
    );
  }
  return key;
}

export function importPublicKey(point: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', point, SIGNATURE, true, ['verify']);
}

/** Returns the id of a fleet from its owner's public key. */
export async function fleetIdOf(owner: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-256', owner)).slice(0, 32);
}

/** Returns the id of a kiosk from its public key. */
export async function kioskIdOf(point: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-256', point)).slice(0, 16);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Base64 for URLs, without padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** @throws any error when the text is not base64 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

function formatFleetKey(epoch: number, owner: Uint8Array): string {
  const bytes = new Uint8Array(4 + SECRET_BYTES + POINT_BYTES);
  new DataView(bytes.buffer).setUint32(0, epoch);
  crypto.getRandomValues(bytes.subarray(4, 4 + SECRET_BYTES));
  bytes.set(owner, 4 + SECRET_BYTES);
  return FLEET_PREFIX + toBase64(bytes);
}

function parseFleetKey(fleetKey: string): {
  readonly epoch: number;
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly owner: Uint8Array<ArrayBuffer>;
} {
  const bytes = fromText(fleetKey, FLEET_PREFIX);
  if (bytes?.length !== 4 + SECRET_BYTES + POINT_BYTES) {
    throw unreadable();
  }
  return {
    epoch: new DataView(bytes.buffer).getUint32(0),
    secret: bytes.slice(4, 4 + SECRET_BYTES),
    owner: bytes.slice(4 + SECRET_BYTES),
  };
}

function unreadable(): InfaceError {
  return new InfaceError(
    'INVALID_INPUT',
    `The fleet key cannot be read. It begins with '${FLEET_PREFIX}'; copy it whole, from createFleetKeys().`,
  );
}

function fromText(text: string, prefix: string): Uint8Array<ArrayBuffer> | undefined {
  if (!text.startsWith(prefix)) return undefined;
  try {
    return fromBase64(text.slice(prefix.length));
  } catch {
    return undefined;
  }
}
