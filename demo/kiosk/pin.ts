/**
 * The PIN of the admin. It keeps hands off the kiosk; whoever can read the browser's storage can try all PINs there, and clear it.
 */
import { startTries } from './tries.js';

const KEY = 'inface-kiosk-pin';
const ITERATIONS = 600_000;
const SALT_BYTES = 16;
/** What a PIN looks like, as an input's `pattern` has it. */
export const PIN_PATTERN = '[0-9]{4,12}';

interface StoredPin {
  readonly salt: string;
  readonly hash: string;
  readonly iterations: number;
}

export interface Pin {
  readonly isSet: boolean;
  /** How long until the next try is allowed, in milliseconds; 0 when it is. */
  lockedForMs(): number;
  set(pin: string): Promise<void>;
  /** Counts as a try when it is wrong. @returns whether it is right; never while it is locked */
  check(pin: string): Promise<boolean>;
}

export function createPin(): Pin {
  const tries = startTries();
  return {
    get isSet() {
      return read() !== null;
    },
    lockedForMs: () => tries.lockedForMs(),
    async set(pin) {
      const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
      const hash = await derive(pin, salt, ITERATIONS);
      const stored: StoredPin = { salt: toHex(salt), hash: toHex(hash), iterations: ITERATIONS };
      localStorage.setItem(KEY, JSON.stringify(stored));
    },
    async check(pin) {
      const stored = read();
      if (!stored || tries.lockedForMs() > 0) return false;
      tries.add();
      const isRight = toHex(await derive(pin, fromHex(stored.salt), stored.iterations)) === stored.hash;
      if (isRight) tries.clear();
      return isRight;
    },
  };
}

function read(): StoredPin | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as StoredPin | null;
  } catch {
    return null;
  }
}

async function derive(pin: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, 256),
  );
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}
