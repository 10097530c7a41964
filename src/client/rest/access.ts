/** Controls access to the REST facade: authenticates API keys and limits the requests of each. */
import type { ApiKey } from '../../api/api-keys.js';
import type { FaceKit } from '../../api/kit.js';
import { Refusal } from './refusals.js';

export async function authenticate(kit: FaceKit, secret: string | null): Promise<ApiKey> {
  if (!secret) throw new Refusal(401, 'The header x-api-key is missing.');
  const key = await kit.apiKeys.verify(secret);
  if (!key) throw new Refusal(401, 'The API key in x-api-key is wrong.');
  return key;
}

/**
 * Creates a token bucket per key. It holds the requests of one minute and refills evenly. Only the time when it is full
 * again is stored (the generic cell rate algorithm), so refused requests change nothing.
 */
export function createBudget(perMinute: number): (keyId: string) => void {
  const intervalMs = 60_000 / perMinute;
  const fullAtMs = new Map<string, number>();
  return (keyId) => {
    const now = performance.now();
    const fullAt = Math.max(now, fullAtMs.get(keyId) ?? 0);
    const waitMs = fullAt - now - (perMinute - 1) * intervalMs;
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new Refusal(429, `More than ${perMinute} requests per minute. Try again in ${seconds} s.`, {
        'retry-after': String(seconds),
      });
    }
    fullAtMs.set(keyId, fullAt + intervalMs);
  };
}
