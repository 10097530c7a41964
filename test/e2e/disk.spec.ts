/** What the files of a browser's profile tell after data was erased: the browser is closed, and every file is read. */
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium, expect, test } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import type { FaceKit } from '../../src/index.js';
import { samplePhoto } from './places.js';
import { openPackage } from './seed.js';

/** One encryption of the kit, with everything that decrypts it. All bytes are in base64. */
interface Encryption {
  readonly context: string;
  readonly iv: string;
  readonly plain: string;
  readonly sealed: string;
  /** The half of the key that is in the database, or `null` for one that a passphrase protects. */
  readonly half: string | null;
  /** The half that is in a file. */
  readonly secret: string;
  readonly info: string;
}

/** Runs in the worker before the kit: reports each encryption under a key that was derived from two halves. */
const SPY = `{
  const { prototype } = SubtleCrypto;
  const { importKey, deriveKey, encrypt } = prototype;
  const bytes = (data) => new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
  const text = (data) => btoa(Array.from(bytes(data), (byte) => String.fromCharCode(byte)).join(''));
  const [halves, keys, channel] = [new WeakMap(), new WeakMap(), new BroadcastChannel('spy')];
  prototype.importKey = async function (format, data, ...rest) {
    const key = await importKey.call(this, format, data, ...rest);
    if (rest[0] === 'HKDF') halves.set(key, text(data));
    return key;
  };
  prototype.deriveKey = async function (algorithm, half, ...rest) {
    const key = await deriveKey.call(this, algorithm, half, ...rest);
    const { name, salt, info } = algorithm;
    if (name === 'HKDF') keys.set(key, { half: halves.get(half) ?? null, secret: text(salt), info: text(info) });
    return key;
  };
  prototype.encrypt = async function (algorithm, key, plain) {
    const sealed = await encrypt.call(this, algorithm, key, plain);
    const { iv, additionalData } = algorithm;
    const found = keys.get(key);
    if (found) {
      const context = new TextDecoder().decode(additionalData);
      channel.postMessage({ context, iv: text(iv), plain: text(plain), sealed: text(sealed), ...found });
    }
    return sealed;
  };
}
`;

const OPERATIONS = ['nothing', 'setPassphrase', 'destroyKey', 'eraseAll'] as const;
type Operation = (typeof OPERATIONS)[number];

const PASSPHRASE = 'correct horse battery';

/** Personal data that the database of an operation holds. */
const personIn = (operation: Operation) => ({
  name: `Zephyrine ${operation}`,
  consent: `signed on paper for ${operation}`,
  metadata: { badge: `badge-${operation}-4711` },
});

/** Enrolls a person in a database per operation, and does the operation. */
async function recordEncryptions(profile: string): Promise<Readonly<Record<Operation, readonly Encryption[]>>> {
  const executablePath = process.env['INFACE_BROWSER'];
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    args: BROWSER_ARGS,
  });
  try {
    const page = await context.newPage();
    const folder = await openPackage(page, SPY);
    return await page.evaluate(
      async ({ folder, photo, passphrase, people }) => {
        const { createFaceKit } = (await import(`${folder}index.js`)) as {
          createFaceKit: (options: object) => Promise<FaceKit>;
        };
        const image = new Blob([Uint8Array.from(atob(photo), (char) => char.charCodeAt(0))]);
        const channel = new BroadcastChannel('spy');
        const seen: unknown[] = [];
        channel.onmessage = ({ data }: MessageEvent<unknown>) => seen.push(data);
        const recorded: Record<string, unknown[]> = {};
        for (const { operation, person } of people) {
          const assetsUrl = new URL('/', location.href);
          const options = { assetsUrl, workerUrl: `${folder}worker.js`, database: operation, backend: 'wasm' };
          const kit = await createFaceKit({ ...options, autoTrain: false });
          const result = await kit.enroll([{ image, face: 'largest' }], person);
          if (result.outcome !== 'enrolled') throw new Error(JSON.stringify(result));
          if (operation === 'setPassphrase') await kit.vault.setPassphrase(passphrase);
          if (operation === 'destroyKey') await kit.vault.destroyKey();
          if (operation === 'eraseAll') await kit.storage.eraseAll();
          await kit.close();
          recorded[operation] = seen.splice(0);
        }
        return recorded as never;
      },
      {
        folder,
        photo: readFileSync(samplePhoto(6)).toString('base64'),
        passphrase: PASSPHRASE,
        people: OPERATIONS.map((operation) => ({ operation, person: personIn(operation) })),
      },
    );
  } finally {
    await context.close();
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Decrypts, or returns `null` if this is not the key. */
function decrypt({ iv, sealed, context, half, info }: Encryption, secret: Buffer): Buffer | null {
  const key = hkdfSync('sha256', Buffer.from(half ?? '', 'base64'), secret, Buffer.from(info, 'base64'), 32);
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), Buffer.from(iv, 'base64'));
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
  } catch {
    return null;
  }
}

test('what was erased cannot be read from the files of the browser', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'inface-profile-'));
  try {
    const recorded = await recordEncryptions(profile);
    const files = filesIn(profile).map((path) => ({ path, content: readFileSync(path) }));
    const isIn = (bytes: Buffer) => files.some(({ content }) => content.includes(bytes));
    // The private files of the origin. Each place in them is tried as a secret, in case one was only moved.
    const windows = files
      .filter(({ path }) => path.includes('File System'))
      .flatMap(({ content }) =>
        Array.from({ length: Math.max(0, content.length - 31) }, (_, i) => content.subarray(i, i + 32)),
      );
    expect(windows.length).toBeGreaterThan(0);

    for (const operation of OPERATIONS) {
      const { name, consent, metadata } = personIn(operation);
      for (const text of [name, consent, metadata.badge]) {
        expect(isIn(Buffer.from(text)), `${operation}: '${text}' is in a file`).toBe(false);
        expect(isIn(Buffer.from(text, 'utf16le')), `${operation}: '${text}' is in a file`).toBe(false);
      }
      // Those under a passphrase are no secret of the files: their first half is not in them.
      const encryptions = recorded[operation].filter(({ half }) => half !== null);
      const kinds = encryptions.map(({ context }) => context.split(' of ')[0]);
      expect(new Set(kinds), operation).toEqual(new Set(['templates', 'details']));
      for (const encryption of encryptions) {
        const { context, plain, sealed, half, secret } = encryption;
        const what = `${operation}: ${context}`;
        const original = Buffer.from(plain, 'base64');
        // 64 numbers in the middle of a block, without what surrounds them.
        expect(isIn(original.subarray(-64)), `${what} is in a file`).toBe(false);
        expect(decrypt(encryption, Buffer.from(secret, 'base64')), what).toEqual(original);
        const found = windows.map((window) => decrypt(encryption, window)).find((bytes) => bytes !== null);
        const [hasHalf, hasSealed] = [half, sealed].map((text) => isIn(Buffer.from(text ?? '', 'base64')));
        if (operation === 'nothing') {
          // The scan finds what is there.
          expect([found, hasHalf, hasSealed], what).toEqual([original, true, true]);
        } else {
          expect(found, `${what} was decrypted`).toBeUndefined();
          expect(isIn(Buffer.from(secret, 'base64')), `${what}: its secret is in a file`).toBe(false);
        }
      }
    }
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});
