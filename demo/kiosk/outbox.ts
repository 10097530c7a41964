/** Events for the receiver, kept in a database until it has taken them: each at least once, in their order. */
import { openDB, type DBSchema } from 'idb';
import type { KioskMessage } from './message.js';

const DATABASE = 'inface-kiosk-events';
const SEND = 'inface-kiosk-events';
const TIMEOUT_MS = 10_000;
const BACK_OFF = { firstMs: 1_000, mostMs: 5 * 60_000 } as const;
/** Beyond it, the oldest ones are dropped: a disk is not to fill up because a receiver is gone for good. */
const MOST = 10_000;

interface Schema extends DBSchema {
  queue: { key: number; value: KioskMessage };
  /** At most one, not extractable. */
  keys: { key: 'current'; value: CryptoKey };
}

export interface OutboxOptions {
  readonly receiver: string | null;
  /** @returns null without a secret */
  readonly sign: (body: string) => Promise<string | null>;
}

export interface Outbox {
  add(message: KioskMessage): Promise<void>;
  count(): Promise<number>;
  clear(): Promise<void>;
  /** Takes the names of people who are not known anymore out of what waits. */
  keepOnly(isKnown: (profileId: string) => boolean): Promise<void>;
  key(): Promise<CryptoKey | null>;
  setKey(key: CryptoKey): Promise<void>;
  /** Tries now instead of when the time has come. */
  deliver(): void;
}

/** @param failures in a row */
export function backOffMs(failures: number): number {
  return Math.min(BACK_OFF.mostMs, BACK_OFF.firstMs * 2 ** (failures - 1));
}

export function createOutbox({ receiver, sign }: OutboxOptions): Outbox {
  const opened = openDB<Schema>(DATABASE, 1, {
    upgrade(database) {
      database.createObjectStore('queue', { autoIncrement: true });
      database.createObjectStore('keys');
    },
  });
  // Where the browser denies storage, the kiosk itself says so.
  opened.catch(() => undefined);
  let failures = 0;
  let timer = 0;

  /** Sends one event after the other, in one tab at a time. */
  async function run(): Promise<void> {
    if (receiver === null) return;
    await navigator.locks.request(SEND, async () => {
      const database = await opened;
      for (;;) {
        const cursor = await database.transaction('queue').store.openCursor();
        if (!cursor) return;
        const { key, value } = cursor;
        if (!(await post(receiver, JSON.stringify(value)))) {
          failures++;
          timer = window.setTimeout(deliver, backOffMs(failures));
          return;
        }
        failures = 0;
        await database.delete('queue', key);
      }
    });
  }

  async function post(url: string, body: string): Promise<boolean> {
    const signature = await sign(body);
    if (signature === null) return false;
    try {
      const { ok } = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/json', 'X-Inface-Signature': `sha256=${signature}` },
        credentials: 'omit',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return ok;
    } catch {
      return false;
    }
  }

  let running: Promise<void> | null = null;
  let isWanted = false;

  function deliver(): void {
    clearTimeout(timer);
    isWanted = true;
    running ??= (async () => {
      while (isWanted) {
        isWanted = false;
        await run().catch(reportError);
      }
      running = null;
    })();
  }

  return {
    async add(message) {
      const database = await opened;
      const waiting = await database.count('queue');
      // Nobody needs to know later that the kiosk was alive in between.
      if (message.type === 'heartbeat' && waiting > 0) {
        if (failures === 0) deliver();
        return;
      }
      await database.add('queue', message);
      if (waiting >= MOST) {
        const oldest = await database.transaction('queue').store.openKeyCursor();
        if (oldest) await database.delete('queue', oldest.key);
      }
      // While the receiver is away, the timer decides.
      if (failures === 0) deliver();
    },
    count: async () => (await opened).count('queue'),
    clear: async () => (await opened).clear('queue'),
    async keepOnly(isKnown) {
      const database = await opened.catch(() => null);
      if (!database) return;
      const { store, done } = database.transaction('queue', 'readwrite');
      for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue()) {
        const { profileId } = cursor.value;
        if (profileId !== null && !isKnown(profileId)) {
          await cursor.update({ ...cursor.value, profileId: null, name: null, score: null });
        }
      }
      await done;
    },
    async key() {
      const database = await opened.catch(() => null);
      return (await database?.get('keys', 'current')) ?? null;
    },
    async setKey(key) {
      await (await opened).put('keys', key, 'current');
      deliver();
    },
    deliver,
  };
}
