/** Controls access to the REST facade: authenticates API keys and limits the requests of each. */
import type { ApiKey } from '../../api/api-keys.js';
import type { FaceKit } from '../../api/kit.js';
import { Refusal } from './refusals.js';

const MINUTE_MS = 60_000;

export async function authenticate(kit: FaceKit, secret: string | null): Promise<ApiKey> {
  if (!secret) throw new Refusal(401, 'The header x-api-key is missing.');
  const key = await kit.apiKeys.verify(secret);
  if (!key) throw new Refusal(401, 'The API key in x-api-key is wrong.');
  return key;
}

const STORE = 'inface-rest';

/**
 * Creates a token bucket per key, for all pages of the origin together. It holds the requests of one minute and refills
 * evenly. Only the time when it is full again is stored (the generic cell rate algorithm), so refused requests change
 * nothing. Without localStorage, each page counts for itself.
 */
export function createBudget(perMinute: number): (keyId: string) => Promise<void> {
  const intervalMs = MINUTE_MS / perMinute;
  let own = '{}';
  return (keyId) =>
    alone(() => {
      const now = Date.now();
      const fullAtMs = parseBudgets(storage()?.getItem(STORE) ?? own, now);
      const fullAt = fullAtMs.get(keyId) ?? now;
      const waitMs = fullAt - now - (perMinute - 1) * intervalMs;
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new Refusal(429, `More than ${perMinute} requests per minute. Try again in ${seconds} s.`, {
          'retry-after': String(seconds),
        });
      }
      own = JSON.stringify(Object.fromEntries(fullAtMs.set(keyId, fullAt + intervalMs)));
      try {
        storage()?.setItem(STORE, own);
      } catch {
        // The storage is full. This page goes on with its own count.
      }
    });
}

/**
 * Parses stored times, which any page of the origin can change. A bucket fills in a minute, so a time far beyond is from
 * before the clock was set back.
 */
function parseBudgets(json: string, now: number): Map<string, number> {
  let stored: unknown;
  try {
    stored = JSON.parse(json);
  } catch {
    stored = null;
  }
  const times = (stored ?? {}) as Readonly<Record<string, unknown>>;
  return new Map(
    Object.entries(times).flatMap(([keyId, time]) =>
      typeof time === 'number' && time > now && time < now + 1.1 * MINUTE_MS ? [[keyId, time]] : [],
    ),
  );
}

/** Returns localStorage. It is absent in Node, and denied to pages whose data is blocked. */
function storage(): Storage | null {
  try {
    return (globalThis as { localStorage?: Storage }).localStorage ?? null;
  } catch {
    return null;
  }
}

/** Runs `work` while no other page does. */
async function alone(work: () => void): Promise<void> {
  // Locks are denied together with localStorage. Then no other page shares the count.
  if (storage()) await navigator.locks.request(STORE, work);
  else work();
}
