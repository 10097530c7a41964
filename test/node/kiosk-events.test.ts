/** What a kiosk tells others, how it is signed, and whom a build allows. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { importSecret, sign, toMessage } from '../../demo/kiosk/message.js';
import { backOffMs } from '../../demo/kiosk/outbox.js';
import { allowTargets, readTargets, writeTargets } from '../../tools/demo-targets.mjs';

const ANNA = { profileId: 'p1', score: 0.98 };

describe('a message', () => {
  it('names only whoever was identified', () => {
    expect(toMessage('Front door', 'identified', 'Anna', ANNA)).toMatchObject({
      kiosk: 'Front door',
      type: 'identified',
      cause: 'identified',
      ...ANNA,
      name: 'Anna',
    });
    // The log knows whom a stranger resembles, and who did not pass the challenge.
    const nobody = { profileId: null, name: null, score: null };
    expect(toMessage('Front door', 'unknown', 'Anna', ANNA)).toMatchObject({ type: 'unknown', ...nobody });
    expect(toMessage('Front door', 'challenge-failed', 'Anna: timeout', ANNA)).toMatchObject({
      type: 'refused',
      ...nobody,
    });
    expect(toMessage('Front door', 'help', '', null)).toMatchObject({ type: 'help', ...nobody });
    expect(toMessage('Front door', 'camera-lost', 'gone', null)).toMatchObject({ type: 'error', ...nobody });
    for (const internal of ['admin', 'corrected', 'enrolled', 'started', 'update'] as const) {
      expect(toMessage('Front door', internal, 'Anna', ANNA)).toBeNull();
    }
  });

  it('differs from every other one, and has the signature that a server computes', async () => {
    const [one, two] = [0, 1].map(() => toMessage('Tür', 'identified', 'Änna', ANNA));
    expect(one?.id).not.toBe(two?.id);
    const body = JSON.stringify(one);
    const secret = 'correct horse battery';
    const expected = createHmac('sha256', secret).update(body).digest('hex');
    const key = await importSecret(secret);
    expect(await sign(key, body)).toBe(expected);
    expect(await sign(key, `${body} `)).not.toBe(expected);
    expect(key.extractable).toBe(false);
  });
});

it('a receiver that is away is tried less and less often', () => {
  expect([1, 2, 3, 9, 10, 1_000].map(backOffMs)).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
});

describe('a build', () => {
  const policy = "connect-src 'self'; frame-ancestors 'none'";

  it('allows nobody by itself', () => {
    const targets = readTargets({});
    expect(targets).toEqual({ hosts: [], receiver: null, servers: [] });
    expect(allowTargets(policy, targets)).toBe(policy);
    expect(writeTargets('<head></head>', targets)).toBe('<head></head>');
  });

  it('allows who is named', () => {
    const env = {
      INFACE_KIOSK_HOSTS: 'https://a.example  http://localhost:3000',
      INFACE_KIOSK_RECEIVER: 'https://b.example/events',
      INFACE_FLEET_SERVERS: 'wss://c.example:9222 ws://localhost:9222',
    };
    const targets = readTargets(env);
    expect(allowTargets(policy, targets)).toBe(
      "connect-src 'self' https://b.example/events wss://c.example:9222/ ws://localhost:9222/; frame-ancestors https://a.example http://localhost:3000",
    );
    expect(writeTargets('<head></head>', targets)).toBe(
      '<head><meta name="inface-kiosk-hosts" content="https://a.example http://localhost:3000" />' +
        '<meta name="inface-kiosk-receiver" content="https://b.example/events" />' +
        '<meta name="inface-fleet-servers" content="wss://c.example:9222/ ws://localhost:9222/" /></head>',
    );
  });

  it('refuses what is no safe address', () => {
    for (const host of ['*', 'http://a.example', 'https://a.example/path', 'https://a.example;script-src']) {
      expect(() => readTargets({ INFACE_KIOSK_HOSTS: host }), host).toThrow(/INFACE_KIOSK_HOSTS has/);
    }
    for (const url of ['http://b.example/', 'b.example', 'https://b.example/;img-src', 'https://b.example/"x']) {
      expect(() => readTargets({ INFACE_KIOSK_RECEIVER: url }), url).toThrow(/INFACE_KIOSK_RECEIVER has/);
    }
    for (const url of ['ws://c.example', 'https://c.example', 'wss://c.example;x', 'c.example']) {
      expect(() => readTargets({ INFACE_FLEET_SERVERS: url }), url).toThrow(/INFACE_FLEET_SERVERS has/);
    }
  });
});
