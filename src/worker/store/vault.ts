/** Encryption of what is stored, with WebCrypto. Knows keys and bytes, no database. */
import { InfaceError } from '../../api/errors.js';

/** Encrypted bytes, as they are stored. */
export interface Sealed {
  /** The key that opens it. */
  readonly keyId: string;
  /** 12 bytes, used once. */
  readonly iv: Uint8Array<ArrayBuffer>;
  /** Ciphertext and tag of AES-GCM. */
  readonly data: ArrayBuffer;
}

/** A key that can be used. It cannot be exported. */
export interface OpenKey {
  readonly id: string;
  readonly key: CryptoKey;
}

/** How a key was made from a passphrase: stored beside what it opens. */
export interface PassphraseParameters {
  readonly kdf: 'PBKDF2-SHA256';
  readonly iterations: number;
  /** 16 bytes. */
  readonly salt: Uint8Array<ArrayBuffer>;
}

/** A key as it is stored: usable as it is, or wrapped by a passphrase. */
export type StoredKey =
  | { readonly id: string; readonly kind: 'device'; readonly key: CryptoKey }
  | {
      readonly id: string;
      readonly kind: 'passphrase';
      readonly parameters: PassphraseParameters;
      readonly wrapped: { readonly iv: Uint8Array<ArrayBuffer>; readonly data: ArrayBuffer };
    };

/** For PBKDF2 with HMAC-SHA-256: OWASP Password Storage Cheat Sheet, 2023. */
const PBKDF2_ITERATIONS = 600_000;
/** A file from outside may not ask for hours of work, nor offer a key that is guessed in seconds. */
const ITERATIONS_ACCEPTED = { min: 100_000, max: 10_000_000 };

const SALT_BYTES = 16;
/** The size that AES-GCM is made for: NIST SP 800-38D, section 8.2. */
const IV_BYTES = 12;

const ALGORITHM = { name: 'AES-GCM', length: 256 } as const;

/** A new key that the browser keeps: it can be stored and used, and its bytes never be read. */
export async function createDeviceKey(): Promise<{ stored: StoredKey; open: OpenKey }> {
  const id = crypto.randomUUID();
  const key = await subtle().generateKey(ALGORITHM, false, ['encrypt', 'decrypt']);
  return { stored: { id, kind: 'device', key }, open: { id, key } };
}

/** A new key that is stored wrapped, so that it takes the passphrase to use it. */
export async function createPassphraseKey(passphrase: string): Promise<{ stored: StoredKey; open: OpenKey }> {
  const id = crypto.randomUUID();
  const parameters = newParameters();
  const wrappingKey = await deriveKey(passphrase, parameters);
  const extractable = await subtle().generateKey(ALGORITHM, true, ['encrypt', 'decrypt']);
  const iv = randomBytes(IV_BYTES);
  const data = await subtle().wrapKey('raw', extractable, wrappingKey, { name: 'AES-GCM', iv });
  const stored = { id, kind: 'passphrase', parameters, wrapped: { iv, data } } as const;
  return { stored, open: await unwrap(stored, wrappingKey) };
}

/**
 * Opens a wrapped key.
 * @throws InfaceError `WRONG_PASSPHRASE`
 */
export async function openPassphraseKey(
  stored: Extract<StoredKey, { kind: 'passphrase' }>,
  passphrase: string,
): Promise<OpenKey> {
  return unwrap(stored, await deriveKey(passphrase, stored.parameters));
}

async function unwrap(stored: Extract<StoredKey, { kind: 'passphrase' }>, wrappingKey: CryptoKey): Promise<OpenKey> {
  const { iv, data } = stored.wrapped;
  const algorithm = { name: 'AES-GCM', iv };
  try {
    const key = await subtle().unwrapKey('raw', data, wrappingKey, algorithm, ALGORITHM, false, ['encrypt', 'decrypt']);
    return { id: stored.id, key };
  } catch (cause) {
    throw new InfaceError('WRONG_PASSPHRASE', 'The passphrase does not open the vault. Try again.', { cause });
  }
}

/**
 * Encrypts bytes.
 * @param context what the bytes are and where they belong; they can be opened with the same one only, so that no record
 * can be put in another's place
 */
export async function seal({ id, key }: OpenKey, plain: Uint8Array<ArrayBuffer>, context: string): Promise<Sealed> {
  const iv = randomBytes(IV_BYTES);
  return { keyId: id, iv, data: await subtle().encrypt(parametersOf(iv, context), key, plain) };
}

/**
 * Decrypts what {@link seal} made.
 * @throws InfaceError `TEMPLATES_UNREADABLE` when it was altered, belongs elsewhere, or its key is another one
 */
export async function unseal(
  { id, key }: OpenKey,
  { keyId, iv, data }: Sealed,
  context: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (keyId !== id) throw unreadable(context, 'its key was destroyed');
  try {
    return new Uint8Array(await subtle().decrypt(parametersOf(iv, context), key, data));
  } catch (cause) {
    throw unreadable(context, 'it was altered', cause);
  }
}

/** The error for stored data that no key opens. @param context what it is, as it was sealed */
export function unreadable(context: string, why: string, cause?: unknown): InfaceError {
  return new InfaceError(
    'TEMPLATES_UNREADABLE',
    `Stored data (${context}) cannot be read: ${why}. Delete its profile or collection, or import a backup.`,
    { cause },
  );
}

/** Parameters for a new passphrase. */
export function newParameters(): PassphraseParameters {
  return { kdf: 'PBKDF2-SHA256', iterations: PBKDF2_ITERATIONS, salt: randomBytes(SALT_BYTES) };
}

/** Whether parameters from outside are of a strength that this version takes. */
export function acceptsParameters({ iterations, salt }: PassphraseParameters): boolean {
  const { min, max } = ITERATIONS_ACCEPTED;
  return salt.length === SALT_BYTES && Number.isInteger(iterations) && iterations >= min && iterations <= max;
}

/** The AES-GCM key of a passphrase. Takes some tenths of a second, which is its purpose. */
export async function deriveKey(passphrase: string, { iterations, salt }: PassphraseParameters): Promise<CryptoKey> {
  // Normalized, so that a letter with an accent is the same on every keyboard.
  const bytes = new TextEncoder().encode(passphrase.normalize('NFKC'));
  const material = await subtle().importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', iterations, salt };
  return subtle().deriveKey(algorithm, material, ALGORITHM, false, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
}

export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtle().digest('SHA-256', bytes));
}

function parametersOf(iv: Uint8Array<ArrayBuffer>, context: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) };
}

/** Absent on plain http pages, whatever the type says. */
function subtle(): SubtleCrypto {
  const found = crypto.subtle as SubtleCrypto | undefined;
  if (found) return found;
  throw new InfaceError('STORAGE_UNAVAILABLE', 'Templates can be stored on https pages and on localhost only.');
}
