/** Encrypts stored data with WebCrypto. Handles keys and bytes, and accesses neither the database nor files. */
import { InfaceError } from '../../api/errors.js';
import type { KeyErasure } from '../../api/vault.js';

/** Encrypted bytes in their stored form. */
export interface Sealed {
  /** Id of the key that decrypts the data. */
  readonly keyId: string;
  /** 12 bytes, used once. */
  readonly iv: Uint8Array<ArrayBuffer>;
  /** AES-GCM ciphertext and tag. */
  readonly data: ArrayBuffer;
}

/** A usable key. It cannot be exported. */
export interface OpenKey {
  readonly id: string;
  readonly key: CryptoKey;
}

/** Parameters that derived a key from a passphrase. Stored with the data that the key decrypts. */
export interface PassphraseParameters {
  readonly kdf: 'PBKDF2-SHA256';
  readonly iterations: number;
  /** 16 bytes. */
  readonly salt: Uint8Array<ArrayBuffer>;
}

/**
 * A key in its stored form: half of it, as it is or wrapped with a passphrase. The other half is a secret in a file,
 * which can be overwritten.
 */
export type StoredKey = { readonly id: string; readonly erasure?: KeyErasure } & (
  | { readonly kind: 'device'; readonly key: CryptoKey }
  | {
      readonly kind: 'passphrase';
      readonly parameters: PassphraseParameters;
      /** Number of times that the vault was locked; absent before the first. */
      readonly locks?: number;
      readonly wrapped: { readonly iv: Uint8Array<ArrayBuffer>; readonly data: ArrayBuffer };
    }
);

/** A key that was just created. */
export interface MadeKey {
  readonly stored: StoredKey;
  readonly open: OpenKey;
}

/** Iterations for PBKDF2 with HMAC-SHA-256, from the OWASP Password Storage Cheat Sheet, 2023. */
const PBKDF2_ITERATIONS = 600_000;
/** Limits for imported files. A file must not require hours of work, or have a key that is guessed in seconds. */
const ITERATIONS_ACCEPTED = { min: 100_000, max: 10_000_000 };

const SALT_BYTES = 16;
/** Size of each half of a key. */
export const SECRET_BYTES = 32;
/** The size that AES-GCM is designed for: NIST SP 800-38D, section 8.2. */
const IV_BYTES = 12;

const ALGORITHM = { name: 'AES-GCM', length: 256 } as const;

/**
 * Creates a key that the browser can store and use.
 * @param secret the half that is stored apart, or `null` where it cannot be
 */
export async function createDeviceKey(id: string, secret: Secret): Promise<MadeKey> {
  const key = await crypto.subtle.importKey('raw', randomBytes(SECRET_BYTES), 'HKDF', false, ['deriveKey']);
  const stored = { id, kind: 'device', key, erasure: erasureOf(secret) } as const;
  return { stored, open: await openDeviceKey(stored, secret) };
}

/** Opens a stored key. @param secret the one that it was created with */
export async function openDeviceKey(
  { id, key, erasure }: Extract<StoredKey, { kind: 'device' }>,
  secret: Secret,
): Promise<OpenKey> {
  return { id, key: erasure ? await combine(id, key, secret) : key };
}

/** Creates a key that is stored wrapped, so that using it requires the passphrase. */
export async function createPassphraseKey(id: string, secret: Secret, passphrase: string): Promise<MadeKey> {
  const parameters = newParameters();
  const wrappingKey = await deriveKey(passphrase, parameters);
  const iv = randomBytes(IV_BYTES);
  const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrappingKey, randomBytes(SECRET_BYTES));
  const stored = { id, kind: 'passphrase', parameters, wrapped: { iv, data }, erasure: erasureOf(secret) } as const;
  return { stored, open: await unwrap(stored, secret, wrappingKey) };
}

/**
 * Unwraps a stored key.
 * @param secret the one that it was created with
 * @throws InfaceError `WRONG_PASSPHRASE`
 */
export async function openPassphraseKey(
  stored: Extract<StoredKey, { kind: 'passphrase' }>,
  secret: Secret,
  passphrase: string,
): Promise<OpenKey> {
  return unwrap(stored, secret, await deriveKey(passphrase, stored.parameters));
}

type Secret = Uint8Array<ArrayBuffer> | null;

function erasureOf(secret: Secret): KeyErasure {
  return secret ? 'overwritten' : 'deleted';
}

async function unwrap(
  { id, wrapped: { iv, data }, erasure }: Extract<StoredKey, { kind: 'passphrase' }>,
  secret: Secret,
  wrappingKey: CryptoKey,
): Promise<OpenKey> {
  const algorithm = { name: 'AES-GCM', iv };
  const unwrapAs = (...as: ['HKDF' | typeof ALGORITHM, boolean, KeyUsage[]]) =>
    crypto.subtle.unwrapKey('raw', data, wrappingKey, algorithm, ...as);
  try {
    if (!erasure) return { id, key: await unwrapAs(ALGORITHM, false, ['encrypt', 'decrypt']) };
    return { id, key: await combine(id, await unwrapAs('HKDF', false, ['deriveKey']), secret) };
  } catch (cause) {
    throw new InfaceError('WRONG_PASSPHRASE', 'The passphrase does not open the vault. Try again.', { cause });
  }
}

/** Derives the key of the data from its two halves. Without the secret, the stored half is the whole key. */
function combine(id: string, half: CryptoKey, secret: Secret): Promise<CryptoKey> {
  const info = new TextEncoder().encode(`inface data key ${id}`);
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: secret ?? new Uint8Array(), info };
  return crypto.subtle.deriveKey(algorithm, half, ALGORITHM, false, ['encrypt', 'decrypt']);
}

/**
 * Encrypts bytes.
 * @param context the kind of data and where it belongs. Decryption requires the same context, so one record cannot
 * replace another.
 */
export async function seal({ id, key }: OpenKey, plain: Uint8Array<ArrayBuffer>, context: string): Promise<Sealed> {
  const iv = randomBytes(IV_BYTES);
  return { keyId: id, iv, data: await crypto.subtle.encrypt(parametersOf(iv, context), key, plain) };
}

/**
 * Decrypts bytes encrypted by {@link seal}.
 * @throws InfaceError `TEMPLATES_UNREADABLE` if the data was altered, belongs elsewhere, or has a different key
 */
export async function unseal(
  { id, key }: OpenKey,
  { keyId, iv, data }: Sealed,
  context: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (keyId !== id) throw unreadable(context, 'its key was destroyed');
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parametersOf(iv, context), key, data));
  } catch (cause) {
    throw unreadable(context, 'it was altered', cause);
  }
}

/** Creates the error for stored data that cannot be decrypted. @param context the one passed to {@link seal} */
export function unreadable(context: string, why: string, cause?: unknown): InfaceError {
  return new InfaceError(
    'TEMPLATES_UNREADABLE',
    `Stored data (${context}) cannot be read: ${why}. Delete its profile or collection, or import a backup.`,
    { cause },
  );
}

/** Creates the parameters for a new passphrase. */
export function newParameters(): PassphraseParameters {
  return { kdf: 'PBKDF2-SHA256', iterations: PBKDF2_ITERATIONS, salt: randomBytes(SALT_BYTES) };
}

/** Checks whether this version accepts the strength of parameters from outside. */
export function acceptsParameters({ iterations, salt }: PassphraseParameters): boolean {
  const { min, max } = ITERATIONS_ACCEPTED;
  return salt.length === SALT_BYTES && Number.isInteger(iterations) && iterations >= min && iterations <= max;
}

/** Derives an AES-GCM key from a passphrase. Takes some tenths of a second, to make guessing slow. */
export async function deriveKey(passphrase: string, { iterations, salt }: PassphraseParameters): Promise<CryptoKey> {
  // Normalize, so that an accented letter has the same bytes on every keyboard.
  // HMAC pads keys with zeros: one of them is the same key as none, which WebKit refuses to import.
  const bytes = new TextEncoder().encode(passphrase.normalize('NFKC') || '\0');
  const material = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', iterations, salt };
  return crypto.subtle.deriveKey(algorithm, material, ALGORITHM, false, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
}

export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function parametersOf(iv: Uint8Array<ArrayBuffer>, context: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) };
}
