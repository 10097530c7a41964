/**
 * The PIN of the admin, and the code for whoever forgot it. They keep hands off the kiosk; whoever can read the browser's
 * storage can try all PINs there, and clear it.
 */
import { hashSecret, matchesSecret, type StoredSecret } from './secret.js';
import { createTries } from './tries.js';

const KEYS = { pin: 'inface-kiosk-pin', code: 'inface-kiosk-recovery' } as const;
const TRIES = 'inface-kiosk-tries';
/** What a PIN looks like, as an input's `pattern` has it. */
export const PIN_PATTERN = '[0-9]{4,12}';
/** Crockford's base 32: none of its characters is taken for another. 16 of them have 80 bits. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE = { length: 16, group: 4 } as const;

export interface Pin {
  readonly isSet: boolean;
  /** How long until the next try is allowed, in milliseconds; 0 when it is. */
  lockedForMs(): number;
  set(pin: string): Promise<void>;
  /** Counts as a try when it is wrong. @returns whether it is right; never while it is locked */
  check(pin: string): Promise<boolean>;
  /** Replaces the recovery code. @returns the new one, which is nowhere else */
  renewCode(): Promise<string>;
  /** Never locked: nobody guesses 80 bits. A right one ends the lock. */
  checkCode(code: string): Promise<boolean>;
}

export function createPin(): Pin {
  const tries = createTries(TRIES);
  return {
    get isSet() {
      return read('pin') !== null;
    },
    lockedForMs: () => tries.lockedForMs(),
    set: (pin) => store('pin', pin),
    async check(pin) {
      if (tries.lockedForMs() > 0) return false;
      tries.add();
      const isRight = await isStored('pin', pin);
      if (isRight) tries.clear();
      return isRight;
    },
    async renewCode() {
      // Because 256 is a multiple of 32, each character is as likely as any other.
      const random = crypto.getRandomValues(new Uint8Array(CODE.length));
      const code = Array.from(random, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
      await store('code', code);
      return (code.match(new RegExp(`.{${CODE.group}}`, 'g')) ?? []).join('-');
    },
    async checkCode(code) {
      const isRight = await isStored('code', readCode(code));
      if (isRight) tries.clear();
      return isRight;
    },
  };
}

/** A code as somebody types it: small letters, other separators, and what looks alike. */
function readCode(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
}

async function store(kind: keyof typeof KEYS, secret: string): Promise<void> {
  localStorage.setItem(KEYS[kind], JSON.stringify(await hashSecret(secret)));
}

async function isStored(kind: keyof typeof KEYS, secret: string): Promise<boolean> {
  const stored = read(kind);
  return stored !== null && (await matchesSecret(secret, stored));
}

function read(kind: keyof typeof KEYS): StoredSecret | null {
  try {
    return JSON.parse(localStorage.getItem(KEYS[kind]) ?? 'null') as StoredSecret | null;
  } catch {
    return null;
  }
}
