/** PINs and codes, stored as a slow hash with a salt (PBKDF2). */

const ITERATIONS = 600_000;
const SALT_BYTES = 16;

/** JSON, as metadata of a profile may have it. */
export interface StoredSecret {
  readonly [key: string]: string | number;
  readonly salt: string;
  readonly hash: string;
  readonly iterations: number;
}

export async function hashSecret(secret: string): Promise<StoredSecret> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return { salt: toHex(salt), hash: toHex(await derive(secret, salt, ITERATIONS)), iterations: ITERATIONS };
}

/** @param stored null where there is none: nothing matches, and it takes as long */
export async function matchesSecret(secret: string, stored: StoredSecret | null): Promise<boolean> {
  const salt = stored ? fromHex(stored.salt) : new Uint8Array(SALT_BYTES);
  const hash = toHex(await derive(secret, salt, stored?.iterations ?? ITERATIONS));
  return hash === stored?.hash;
}

async function derive(secret: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, 256),
  );
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}
