/** PINs of people at the kiosk: how they are stored, who is let in, and how long wrong ones lock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaceKit, Profile } from '../../src/index.js';
import { createPersonalPins } from '../../demo/kiosk/personal-pin.js';

const MINUTE_MS = 60_000;

/** Stands in for localStorage: `Object.keys` has the keys, as in browsers. */
function createStorage(): Record<string, string> {
  const methods = {
    getItem: (key: string) => storage[key] ?? null,
    setItem: (key: string, value: string) => (storage[key] = value),
    removeItem: (key: string) => Reflect.deleteProperty(storage, key),
  };
  const storage = Object.create(methods) as Record<string, string>;
  return storage;
}

function profile(id: string, name: string | null, metadata: Profile['metadata'] = {}): Profile {
  return { id, name, metadata } as Profile;
}

/** PINs of these people, in a kit that has nothing else. */
function createPins(...people: readonly Profile[]) {
  const stored = new Map(people.map((each) => [each.id, each]));
  const profiles = {
    get: (id: string) => Promise.resolve(stored.get(id)),
    update: (id: string, { metadata }: Pick<Profile, 'metadata'>) => {
      stored.set(id, { ...(stored.get(id) as Profile), metadata });
      return Promise.resolve();
    },
  };
  const kit = { profiles } as unknown as FaceKit;
  const pins = createPersonalPins(
    () => Promise.resolve(kit),
    () => [...stored.values()],
  );
  return { pins, of: (id: string) => stored.get(id) as Profile };
}

describe('the PIN of a person', () => {
  let storage: Record<string, string>;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    storage = createStorage();
    vi.stubGlobal('localStorage', storage);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is stored as a salted hash, beside what else the profile has, and removed again', async () => {
    const { pins, of } = createPins(profile('a', 'Dora', { badge: 7 }), profile('b', 'Emil'));
    expect(pins.has(of('a'))).toBe(false);
    for (const id of ['a', 'b']) await pins.set(id, '123456');
    expect(pins.has(of('a'))).toBe(true);
    const hashes = ['a', 'b'].map((id) => of(id).metadata['inface-kiosk-pin']);
    expect(JSON.stringify(hashes)).not.toContain('123456');
    expect(hashes[0]).not.toEqual(hashes[1]);
    expect(hashes[0]).toMatchObject({ iterations: 600_000 });
    expect(of('a').metadata).toMatchObject({ badge: 7 });
    await pins.remove('a');
    expect(of('a').metadata).toEqual({ badge: 7 });
    expect(await pins.check('Dora', '123456')).toMatchObject({ outcome: 'wrong', profile: null });
  });

  it('lets in whoever has it, under the own name only', async () => {
    const { pins, of } = createPins(profile('a', 'Dora'), profile('b', 'Emil'), profile('c', null));
    await pins.set('a', '123456');
    await pins.set('b', '654321');
    expect(await pins.check(' dora ', '123456')).toEqual({ outcome: 'right', profile: of('a') });
    expect(await pins.check('Emil', '123456')).toEqual({ outcome: 'wrong', profile: of('b') });
    expect(await pins.check('Nobody', '123456')).toEqual({ outcome: 'wrong', profile: null });
    expect(await pins.check('', '123456')).toEqual({ outcome: 'wrong', profile: null });
  });

  it('takes no other metadata of that name for a hash', async () => {
    const { pins, of } = createPins(profile('a', 'Dora', { 'inface-kiosk-pin': '123456' }));
    expect(pins.has(of('a'))).toBe(false);
    expect(await pins.check('Dora', '123456')).toEqual({ outcome: 'wrong', profile: null });
  });

  it('locks the device after four wrong ones, whoever they are for', async () => {
    const { pins } = createPins(profile('a', 'Dora'), profile('b', 'Emil'));
    await pins.set('a', '123456');
    for (const name of ['Dora', 'Emil', 'Nobody', 'Dora']) {
      expect(await pins.check(name, '000000')).toMatchObject({ outcome: 'wrong' });
    }
    expect(await pins.check('Nobody', '000000')).toMatchObject({ outcome: 'wrong' });
    expect(await pins.check('Dora', '123456')).toEqual({ outcome: 'locked', retryAfterMs: MINUTE_MS });
    vi.setSystemTime(Date.now() + MINUTE_MS);
    expect(await pins.check('Dora', '123456')).toMatchObject({ outcome: 'right' });
  });

  it('is not tried for longer by somebody who has another one', async () => {
    const { pins } = createPins(profile('a', 'Dora'), profile('b', 'Emil'));
    await pins.set('a', '123456');
    await pins.set('b', '654321');
    for (let i = 0; i < 5; i++) {
      expect(await pins.check('Emil', '000000')).toMatchObject({ outcome: 'wrong' });
      if (i < 4) expect(await pins.check('Dora', '123456')).toMatchObject({ outcome: 'right' });
    }
    // Only Emil is locked; Dora is not.
    expect(await pins.check('Emil', '654321')).toEqual({ outcome: 'locked', retryAfterMs: MINUTE_MS });
    expect(await pins.check('Dora', '123456')).toMatchObject({ outcome: 'right' });
    expect(Object.keys(storage)).toContain('inface-kiosk-tries-of-b');
    pins.keepOnly((id) => id !== 'b');
    expect(Object.keys(storage)).not.toContain('inface-kiosk-tries-of-b');
    expect(Object.keys(storage)).toContain('inface-kiosk-tries-of-a');
  });
});
