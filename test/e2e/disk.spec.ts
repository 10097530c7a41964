/**
 * The disk under a browser's profile: what its files tell after data was erased (the browser is closed, and every file is
 * read), and what happens when it is full.
 */
import { spawn } from 'node:child_process';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { chromium, expect, test, type BrowserContext } from '@playwright/test';
import { BROWSER_ARGS } from '../../tools/browser.mjs';
import { contentTypeOf, listen } from '../../tools/serve.mjs';
import type { FaceKit, InfaceError } from '../../src/index.js';
import { openDisk } from '../chaos/disk.js';
import { ROOT, samplePhoto } from './places.js';
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

function openBrowser(profile: string): Promise<BrowserContext> {
  const executablePath = process.env['INFACE_BROWSER'];
  return chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    args: BROWSER_ARGS,
  });
}

type Recorded = Readonly<Record<Operation, readonly Encryption[]>>;

interface Task {
  /** Folder of the built package, with the spy in its worker. */
  readonly folder: string;
  /** A photo, in base64. */
  readonly photo: string;
  readonly passphrase: string;
  readonly people: readonly { readonly operation: Operation; readonly person: ReturnType<typeof personIn> }[];
}

const taskIn = (folder: string): Task => ({
  folder,
  photo: readFileSync(samplePhoto(6)).toString('base64'),
  passphrase: PASSPHRASE,
  people: OPERATIONS.map((operation) => ({ operation, person: personIn(operation) })),
});

/** Runs in the page: enrolls a person in a database per operation, and does the operation. */
async function enrollAndErase({ folder, photo, passphrase, people }: Task): Promise<Recorded> {
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
}

async function recordInChromium(profile: string): Promise<Recorded> {
  const context = await openBrowser(profile);
  try {
    const page = await context.newPage();
    return await page.evaluate(enrollAndErase, taskIn(await openPackage(page, SPY)));
  } finally {
    await context.close();
  }
}

/** Firefox as the system has it, which Playwright cannot drive: its page reports to the server that it comes from. */
async function recordInFirefox(executable: string, profile: string): Promise<Recorded> {
  const folder = '/package/';
  let report: (json: string) => void = () => undefined;
  const reported = new Promise<string>((resolve) => (report = resolve));
  const server = await listen(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/report') {
      report(await text(request));
      response.end();
    } else if (pathname === '/') {
      const work = `(${enrollAndErase.toString()})(${JSON.stringify(taskIn(folder))})`;
      const send = "(value) => fetch('/report', { method: 'POST', body: JSON.stringify(value) })";
      response.setHeader('Content-Type', 'text/html');
      // What the page is told must not be in the cache of the browser.
      response.setHeader('Cache-Control', 'no-store');
      response.end(
        `<link rel="icon" href="data:,"><script type="module">${work}.catch((error) => ({ error: String(error) })).then(${send})</script>`,
      );
    } else {
      const isPackage = pathname.startsWith(folder);
      const file = join(ROOT, isPackage ? 'dist' : 'dist/assets', isPackage ? basename(pathname) : pathname);
      const content = readFileSync(file);
      response.setHeader('Content-Type', contentTypeOf(file));
      response.end(basename(file) === 'worker.js' ? SPY + content.toString() : content);
    }
  });
  // Otherwise Firefox ends before it has written everything, as it would after a crash.
  writeFileSync(join(profile, 'user.js'), 'user_pref("toolkit.shutdown.fastShutdownStage", 0);');
  const args = ['--headless', '--no-remote', '--profile', profile, server.url];
  const firefox = spawn(executable, args, { stdio: 'ignore', env: { ...process.env, HOME: profile } });
  const ended = once(firefox, 'exit');
  try {
    const recorded = JSON.parse(await reported) as Recorded;
    expect(recorded).not.toHaveProperty('error');
    return recorded;
  } finally {
    firefox.kill('SIGTERM');
    await ended;
    await server.close();
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Least number of different bytes in 32 random ones: fewer have a probability below 1e-9. */
const LEAST_VALUES = 20;

/** Returns every different window of 32 bytes that may be a key, which is random. */
function windowsOf(contents: readonly Buffer[]): Buffer[] {
  const windows = contents.flatMap((content) =>
    Array.from({ length: Math.max(0, content.length - 31) }, (_, i) => content.subarray(i, i + 32)),
  );
  const random = windows.filter((window) => new Set(window).size >= LEAST_VALUES);
  return [...new Map(random.map((window) => [window.toString('latin1'), window])).values()];
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

const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'].find(
  (path) => existsSync(path),
);

const BROWSERS = [
  { name: 'Chromium', record: recordInChromium, secrets: /File System/, database: /IndexedDB.*\.(ldb|log)$/ },
  {
    name: 'Firefox',
    record: (profile: string) => {
      test.skip(FIREFOX === undefined, 'Firefox is not installed.');
      return recordInFirefox(FIREFOX as string, profile);
    },
    secrets: /default\/.*\/fs\/(?!metadata)/,
    database: /default\/.*\/idb\/.*sqlite/,
  },
];

for (const browser of BROWSERS)
  test(`what was erased cannot be read from the files of ${browser.name}`, async () => {
    const profile = mkdtempSync(join(tmpdir(), 'inface-profile-'));
    try {
      const recorded = await browser.record(profile);
      const files = filesIn(profile).map((path) => ({ path, content: readFileSync(path) }));
      const isIn = (bytes: Buffer) => files.some(({ content }) => content.includes(bytes));
      const windowsIn = (place: RegExp) =>
        windowsOf(files.filter(({ path }) => place.test(path)).map(({ content }) => content));
      // The private files of the origin. Each place in them is tried as a secret, in case one was only moved.
      const windows = windowsIn(browser.secrets);
      // So is each place of the database, where the browser leaves what was deleted until it compacts its files.
      const inDatabase = windowsIn(browser.database);
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
          const firstHalf = Buffer.from(half ?? '', 'base64');
          // Firefox may compress a record or divide it between two pages within the half.
          const parts = [firstHalf.subarray(0, 16), firstHalf.subarray(16)] as const;
          const [hasHalf, hasSealed] = [parts.some(isIn), isIn(Buffer.from(sealed, 'base64'))];
          if (operation === 'nothing') {
            // The scan finds what is there.
            expect([found, hasHalf, hasSealed], what).toEqual([original, true, true]);
            const holdsPart = (window: Buffer) =>
              window.subarray(0, 16).equals(parts[0]) || window.subarray(16).equals(parts[1]);
            expect(inDatabase.some(holdsPart)).toBe(true);
          } else {
            expect(found, `${what} was decrypted`).toBeUndefined();
            expect(isIn(Buffer.from(secret, 'base64')), `${what}: its secret is in a file`).toBe(false);
          }
        }
        // All of one key, so that the shortest one is enough.
        const [shortest] = encryptions.toSorted((a, b) => a.sealed.length - b.sealed.length);
        expect(new Set(encryptions.map(({ half, secret }) => `${half} ${secret}`)).size).toBe(1);
        expect(inDatabase.find((window) => decrypt(shortest!, window))).toBeUndefined();
      }
    } finally {
      rmSync(profile, { recursive: true, force: true });
    }
  });

test('a full disk is named as such, and nothing that the browser deletes because of it is lost silently', async () => {
  const disk = openDisk();
  test.skip(disk.whyNotSmall !== null, `No disk can be filled: ${disk.whyNotSmall}.`);
  let context: BrowserContext | null = null;
  try {
    context = await openBrowser(disk.profile);
    const page = await context.newPage();
    const folder = await openPackage(page);
    const enroll = await page.evaluateHandle(
      async ({ folder, photo }) => {
        const { createFaceKit } = (await import(`${folder}index.js`)) as {
          createFaceKit: (options: object) => Promise<FaceKit>;
        };
        const image = new Blob([Uint8Array.from(atob(photo), (char) => char.charCodeAt(0))]);
        const assetsUrl = new URL('/', location.href);
        const options = { assetsUrl, workerUrl: `${folder}worker.js`, backend: 'wasm', autoTrain: false };
        const kit = await createFaceKit(options);
        const told: string[] = [];
        kit.on('storage-lost', () => told.push('storage-lost'));
        return {
          kit,
          told,
          /** @returns the id of the profile, or the code of the error */
          enroll: () =>
            // Enough that a few do not fit into what the browser has reserved before.
            kit.enroll([{ image, face: 'largest' }], { metadata: { note: 'x'.repeat(9_000) } }).then(
              (result) => (result.outcome === 'enrolled' ? { id: result.profile.id } : { code: result.outcome }),
              (error: unknown) => ({ code: (error as InfaceError).code }),
            ),
        };
      },
      { folder, photo: readFileSync(samplePhoto(6)).toString('base64') },
    );
    const before = await enroll.evaluate(({ enroll: run }) => run());
    disk.fill();
    const full = await enroll.evaluate(async ({ enroll: run }) => {
      const answers = [];
      do answers.push(await run());
      while ('id' in answers.at(-1)! && answers.length < 200);
      return answers;
    });
    disk.free();
    expect(full.at(-1)).toEqual({ code: 'STORAGE_QUOTA_EXCEEDED' });

    const acknowledged = [before, ...full].flatMap((answer) => ('id' in answer ? [answer.id] : []));
    const after = await enroll.evaluate(async ({ kit, told }) => ({
      ids: (await kit.profiles.list()).map(({ id }) => id),
      state: (await kit.vault.status()).state,
      told,
    }));
    const isKept = acknowledged.every((id) => after.ids.includes(id));
    if (isKept) {
      expect(after).toMatchObject({ state: 'open', told: [] });
    } else {
      expect(after).toEqual({ ids: [], state: 'lost', told: ['storage-lost'] });
      expect(await enroll.evaluate(({ enroll: run }) => run())).toEqual({ code: 'STORAGE_LOST' });
      await enroll.evaluate(({ kit }) => kit.storage.startAnew());
    }
    expect(await enroll.evaluate(({ enroll: run }) => run())).toHaveProperty('id');
  } finally {
    await context?.close();
    disk.remove();
  }
});
