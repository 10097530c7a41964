/** Fleets without a server: what is sealed, and what a hostile bucket can do. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Refusal } from '../../src/fleet/replicator.js';
import {
  createFleetKeys,
  importFleetKey,
  importOwnerKey,
  kioskIdOf,
  nextFleetKey,
  SIGNATURE,
  toBase64,
} from '../../src/fleet/keys.js';
import { decodeRecord, encodeRecord, type FleetRecord } from '../../src/fleet/record.js';
import { createSealer, EPOCH_KEY, headKey, openHead, paddedSize, sealHead, signEpoch } from '../../src/fleet/seal.js';
import { compareStamps, nextTime } from '../../src/fleet/stamp.js';
import type { Entry } from '../../src/fleet/transport.js';
import { alike, DATABASE, join, waitFor, type JoinOptions, type TestKiosk } from './kiosks.js';
import { eventually } from './servers.js';
import { block, Bucket, createMemoryJournal, createSimulatedTransport, SPACE, Store } from './simulation.js';

const TIME = '2026-05-01T00:00:00.000Z';
const RECORD: FleetRecord = {
  kind: 'profile',
  id: 'anna',
  stamp: { isDeleted: false, time: TIME, kiosk: 'k1' },
  content: {
    id: 'anna',
    name: 'Anna',
    metadata: { floor: 3 },
    consent: 'paper',
    owner: null,
    createdAt: TIME,
    updatedAt: TIME,
    blocks: [block(1, 512), block(2, 512)],
  },
};

async function createWriter() {
  const pair = await crypto.subtle.generateKey(SIGNATURE, false, ['sign', 'verify']);
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const publicKey = toBase64(point);
  return { signer: { kiosk: await kioskIdOf(point), key: pair.privateKey, publicKey }, publicKey };
}

async function createFleet() {
  const secrets = await createFleetKeys();
  const keys = await importFleetKey(secrets.fleetKey);
  const writer = await createWriter();
  const writers = [{ kiosk: writer.signer.kiosk, publicKey: writer.publicKey }];
  const head = { serial: 1, space: SPACE, writers, revoked: [] };
  const sealer = createSealer(keys, writer.signer);
  await sealer.setWriters(head);
  return { ...secrets, keys, writer, head, sealer };
}

describe('versions', () => {
  it('puts deletions over changes, then times, then kiosks', () => {
    const at = (time: string, kiosk: string, isDeleted = false) => ({ time, kiosk, isDeleted });
    const ordered = [
      at('2026-01-01T00:00:00.000Z', 'b'),
      at('2026-01-02T00:00:00.000Z', 'a'),
      at('2026-01-02T00:00:00.000Z', 'b'),
      at('2020-01-01T00:00:00.000Z', 'a', true),
      at('2020-01-01T00:00:00.000Z', 'b', true),
    ];
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) expect(Math.sign(compareStamps(a, b))).toBe(Math.sign(i - j));
    }
  });

  it('goes on after what it changes, even if the clock is behind', () => {
    expect(nextTime(Date.parse(TIME), undefined)).toBe(TIME);
    expect(nextTime(0, TIME)).toBe('2026-05-01T00:00:00.001Z');
  });
});

describe('records', () => {
  it('are the same after they were bytes', () => {
    expect(decodeRecord(encodeRecord(RECORD))).toEqual(RECORD);
  });

  it('leave out the API key that owns them', () => {
    const owned = { ...RECORD, content: { ...RECORD.content!, owner: 'key-1' } } as FleetRecord;
    expect(decodeRecord(encodeRecord(owned))).toEqual(RECORD);
  });

  it('are padded to a power of two or half more, at most by half', () => {
    expect([1, 512, 513, 769, 1_024, 1_025, 5_000].map(paddedSize)).toEqual([
      512, 512, 768, 1_024, 1_024, 1_536, 6_144,
    ]);
  });

  it('open with the key of the fleet at their place only', async () => {
    const { sealer, keys, writer, head } = await createFleet();
    const key = await sealer.keyOf('profile:anna');
    const bytes = await sealer.seal(RECORD);
    expect(bytes.length).toBe(paddedSize(bytes.length));
    expect(await sealer.open(key, bytes)).toEqual(RECORD);
    expect(await sealer.open(await sealer.keyOf('profile:bob'), bytes)).toBe('corrupt');
    const other = await createFleet();
    expect(await other.sealer.open(key, bytes)).toBe('corrupt');
    for (let at = 0; at < bytes.length; at += 97) {
      const altered = bytes.slice();
      altered[at]! ^= 1;
      expect(await sealer.open(key, altered)).toBe('corrupt');
    }
    expect(await sealer.open(key, bytes.slice(0, 40))).toBe('corrupt');
    expect(await sealer.open(key, new Uint8Array())).toBe('corrupt');
    await sealer.setWriters({ ...head, writers: [] });
    expect(await sealer.open(key, bytes)).toBe('unknown-writer');
    // A kiosk that only reads has the fleet key, and uses the name of a writer.
    const reader = createSealer(keys, { ...writer.signer, key: (await createWriter()).signer.key });
    await sealer.setWriters(head);
    expect(await sealer.open(key, await reader.seal(RECORD))).toBe('unsigned');
  });

  it('of one fleet have other keys in the bucket after a rotation', async () => {
    const { fleetKey, sealer, writer } = await createFleet();
    const next = createSealer(await importFleetKey(nextFleetKey(fleetKey)), writer.signer);
    expect(await sealer.keyOf('profile:anna')).toMatch(/^1\.[\w-]{24}$/);
    expect(await next.keyOf('profile:anna')).toMatch(/^2\.[\w-]{24}$/);
    expect((await next.keyOf('profile:anna')).slice(2)).not.toBe((await sealer.keyOf('profile:anna')).slice(2));
  });
});

describe('keys', () => {
  it('refuse what is no key, with the reason', async () => {
    const { fleetKey, ownerKey, keys } = await createFleet();
    for (const wrong of ['', 'x', ownerKey, fleetKey.slice(0, -4), `${fleetKey}!`, `${fleetKey.slice(0, -4)}abcd`]) {
      await expect(importFleetKey(wrong)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    const other = await createFleetKeys();
    for (const wrong of ['', fleetKey, other.ownerKey]) {
      await expect(importOwnerKey(wrong, keys)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  it('cannot be read by scripts', async () => {
    const { keys } = await createFleet();
    for (const key of [keys.seal, keys.name]) {
      await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    }
  });

  it('open a list of writers that the owner signed, and no other', async () => {
    const { keys, ownerKey, head } = await createFleet();
    const owner = await importOwnerKey(ownerKey, keys);
    expect(await openHead(keys, await sealHead(keys, head, owner))).toEqual(head);
    expect(await openHead(keys, await sealHead(keys, head, (await createWriter()).signer.key))).toBe('unsigned');
  });
});

describe('a hostile bucket', () => {
  const kiosks: TestKiosk[] = [];
  afterEach(async () => {
    await Promise.all(kiosks.splice(0).map(({ fleet }) => fleet.leave()));
  });

  async function joined(
    bucket: Bucket,
    options: JoinOptions,
    tamper?: (entry: Entry) => readonly Entry[],
  ): Promise<TestKiosk & { readonly refusals: Refusal[] }> {
    const kiosk = await join(createSimulatedTransport(bucket, tamper), options);
    kiosks.push(kiosk);
    const refusals: Refusal[] = [];
    kiosk.fleet.on('refused', (refusal) => refusals.push(refusal));
    return { ...kiosk, refusals };
  }

  it('that replays an older value is detected, and the newer one is kept and written again', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const old = [...bucket.entries.values()].at(-1)!;
    a.store.rename('anna', 'Anna, renamed');
    await waitFor(a.fleet, ({ outbox }) => outbox === 0 && bucket.entries.get(old.key)!.revision > old.revision);
    bucket.write(old.key, old.value);
    await waitFor(a.fleet, ({ refused }) => refused === 1);
    expect(a.refusals).toEqual([{ reason: 'replayed', revision: old.revision + 2 }]);
    expect(a.store.profiles.get('anna')?.name).toBe('Anna, renamed');
    await a.settled();
    const late = await joined(bucket, { mode: 'read', fleetKey });
    await alike(a, late);
  });

  it('that brings a deleted person back is detected', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const old = [...bucket.entries.values()].at(-1)!;
    a.store.deleteProfile('anna');
    await a.settled();
    bucket.write(old.key, old.value);
    await waitFor(a.fleet, ({ refused }) => refused === 1);
    expect(a.store.profiles.size).toBe(0);
    await a.settled();
    const late = await joined(bucket, { mode: 'read', fleetKey });
    await alike(a, late);
  });

  it('that corrupts values is detected, and what is intact is taken', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    for (let i = 0; i < 20; i++) a.store.enroll(`p${i}`, `Person ${i}`, [block(i)]);
    await a.settled();
    const head = bucket.entries.get('1.head')!;
    const b = await joined(bucket, { mode: 'read', fleetKey }, (entry) => {
      if (entry.key === head.key || entry.revision % 2 === 0) return [entry];
      const value = entry.value!.slice();
      value[100]! ^= 1;
      return [{ ...entry, value }];
    });
    await b.settled();
    expect(b.refusals.length).toBe(10);
    expect(new Set(b.refusals.map(({ reason }) => reason))).toEqual(new Set(['corrupt']));
    expect(b.store.profiles.size).toBe(10);
  });

  it('that swaps values between keys, or delivers them twice and in another order, changes nothing', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    for (let i = 0; i < 6; i++) a.store.enroll(`p${i}`, `Person ${i}`, [block(i)]);
    await a.settled();
    const records = [...bucket.entries.values()].filter(({ key }) => key !== '1.head');
    const b = await joined(bucket, { mode: 'read', fleetKey }, (entry) => {
      if (entry.key === '1.head') return [entry];
      if (entry !== records[0]) return [];
      const swapped = { ...records[0], value: records[1]!.value };
      return [swapped, ...[...records].reverse(), ...records, swapped];
    });
    await alike(a, b);
    expect(b.refusals.map(({ reason }) => reason)).toEqual(['corrupt', 'corrupt']);
  });

  it('that swaps the list of writers for one that the owner did not sign does not get its writers in', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    // A kiosk that only reads knows the fleet key, and works together with the server.
    const keys = await importFleetKey(fleetKey);
    const thief = await createWriter();
    const writers = [{ kiosk: thief.signer.kiosk, publicKey: thief.publicKey }];
    bucket.write(
      headKey(keys),
      await sealHead(keys, { serial: 9, space: SPACE, writers, revoked: [] }, thief.signer.key),
    );
    const sealer = createSealer(keys, thief.signer);
    bucket.write(await sealer.keyOf('profile:anna'), await sealer.seal(RECORD));
    await waitFor(a.fleet, ({ refused }) => refused === 2);
    expect(a.refusals.map(({ reason }) => reason)).toEqual(['unsigned', 'unknown-writer']);
    expect(a.store.profiles.size).toBe(0);
  });

  it('that pretends a rotation is not believed', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    const keys = await importFleetKey(fleetKey);
    bucket.write(EPOCH_KEY, await signEpoch(keys, 2, (await createWriter()).signer.key));
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    expect(a.fleet.status().problem).toBeNull();
  });

  it('with a record that a defective writer signed keeps the others', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await joined(bucket, { mode: 'write', fleetKey, ownerKey });
    // The store of these tests does not take this name.
    for (const name of ['Anna', 'invalid', 'Bob']) a.store.enroll(name, name, [block(1)]);
    await a.settled();
    const b = await joined(bucket, { mode: 'read', fleetKey });
    await b.settled();
    // Records that are sent together arrive in any order.
    expect([...b.store.profiles.keys()].sort()).toEqual(['Anna', 'Bob']);
    expect(b.refusals.map(({ reason }) => reason)).toEqual(['invalid']);
  });
});

/** The turn of a tab that waits until `takeOver` is called. */
function createWaitingTurn() {
  let takeOver: () => void = () => undefined;
  return {
    turn: () => new Promise<() => void>((resolve) => (takeOver = () => resolve(() => undefined))),
    takeOver: () => takeOver(),
  };
}

describe('a fleet', () => {
  it('brings a kiosk the collections that it takes, and those who join one later', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.createCollection('staff', 'Staff');
    a.store.createCollection('guests', 'Guests');
    for (const id of ['anna', 'bob', 'clara']) a.store.enroll(id, id, [block(1)]);
    a.store.addMember('staff', 'anna');
    a.store.addMember('guests', 'bob');
    await a.settled();
    const b = await join(createSimulatedTransport(bucket), {
      mode: 'write',
      fleetKey,
      ownerKey,
      collections: ['staff'],
    });
    const held = ({ store }: TestKiosk) => [
      [...store.collections.keys()].sort(),
      [...store.profiles.keys()].sort(),
      [...store.members.entries()].map(([id, members]) => [id, [...members.keys()].sort()]),
    ];
    await eventually(() => {
      expect(held(b)).toEqual([['staff'], ['anna'], [['staff', ['anna']]]]);
    });
    const before = held(a);
    a.store.addMember('staff', 'bob');
    await eventually(() => {
      expect(held(b)).toEqual([['staff'], ['anna', 'bob'], [['staff', ['anna', 'bob']]]]);
    });
    b.store.rename('bob', 'Bob');
    await eventually(() => {
      expect(a.store.profiles.get('bob')?.name).toBe('Bob');
    });
    expect(held(a).slice(0, 2)).toEqual(before.slice(0, 2));
    await expect(b.fleet.rotate(nextFleetKey(fleetKey), ownerKey)).rejects.toMatchObject({ code: 'INVALID_INPUT' });

    // More than before, from the same journal.
    await b.fleet.leave();
    const { journal, store } = b;
    const again = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey, journal, store });
    await alike(a, again);
    await Promise.all([a.fleet.leave(), again.fleet.leave()]);
  });

  it('refuses a kiosk with other models, and says which', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    const store = new Store(Date.now, 'space-2');
    // Not even with the owner key: it cannot read what the fleet has.
    const b = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey, store });
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'EMBEDDING_SPACE_MISMATCH');
    expect(b.fleet.status().problem?.message).toContain("'space-1'");
    expect(a.fleet.writers()).toHaveLength(1);
    await Promise.all([a.fleet.leave(), b.fleet.leave()]);
  });

  it('moves to newer models with the owner key, and all kiosks follow after their update', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const joined = (options: Omit<JoinOptions, 'mode'>) =>
      join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ...options });
    /** Joins again, with the models of an update. */
    const update = async (kiosk: TestKiosk, spaces: readonly string[], options: Partial<JoinOptions> = {}) => {
      await kiosk.fleet.leave();
      const { store, journal } = kiosk;
      store.space = spaces[0]!;
      store.spaces = spaces;
      return joined({ store, journal, ...options });
    };
    let a = await joined({ ownerKey });
    let b = await joined({ ownerKey });
    for (const id of ['anna', 'bob']) a.store.enroll(id, id, [block(1)]);
    await Promise.all([a.settled(), alike(a, b), b.settled()]);

    // The first kiosk with newer models. What it learns waits, because the others could not read it.
    b = await update(b, ['space-2', SPACE]);
    await waitFor(b.fleet, ({ state }) => state === 'current');
    b.store.addBlock('anna', block(2, 4, 'space-2'));
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'EMBEDDING_SPACE_MISMATCH');
    expect(b.fleet.status()).toMatchObject({ state: 'current', outbox: 1 });
    a.store.rename('bob', 'Bob');
    await eventually(() => {
      expect(b.store.profiles.get('bob')?.name).toBe('Bob');
    });
    expect(a.store.profiles.get('anna')?.blocks).toHaveLength(1);

    b = await update(b, ['space-2', SPACE], { ownerKey });
    await b.settled();
    await waitFor(a.fleet, ({ problem }) => problem?.code === 'EMBEDDING_SPACE_MISMATCH');
    expect(a.fleet.status().state).toBe('offline');
    a.store.enroll('clara', 'Clara', [block(3)]);
    expect(a.store.profiles.get('anna')?.blocks).toHaveLength(1);
    a = await update(a, ['space-2', SPACE]);
    await Promise.all([a.settled(), alike(a, b)]);
    expect(a.store.profiles.get('anna')?.blocks).toHaveLength(2);
    expect(b.store.profiles.has('clara')).toBe(true);
    expect([a.fleet.status().refused, b.fleet.status().refused]).toEqual([0, 0]);

    // One without the old models takes those who need none of them, and the others when it gets the old ones.
    const store = new Store(Date.now, 'space-2');
    let c = await joined({ store });
    const refusals: Refusal[] = [];
    c.fleet.on('refused', (refusal) => refusals.push(refusal));
    b.store.enroll('dora', 'Dora', [block(4, 4, 'space-2')]);
    await eventually(() => {
      expect([...store.profiles.keys()]).toEqual(['dora']);
    });
    expect(refusals.map(({ reason }) => reason)).toEqual(['other-models', 'other-models', 'other-models']);
    c = await update(c, ['space-2', SPACE]);
    await alike(a, b, c);
    for (const id of ['bob', 'clara']) b.store.addBlock(id, block(5, 4, 'space-2'));
    b.store.dropBlocks(SPACE);
    await alike(a, b, c);
    const late = await joined({ store: new Store(Date.now, 'space-2') });
    await alike(b, late);
    expect(late.fleet.status()).toMatchObject({ refused: 0, problem: null });
    await Promise.all([a, b, c, late].map(({ fleet }) => fleet.leave()));
  });

  it('has its keys from the vault, and waits while that is locked', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    const store = new Store(Date.now);
    store.setLocked(true);
    const first = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey, store });
    await waitFor(first.fleet, ({ problem }) => problem?.code === 'VAULT_LOCKED');
    expect(first.fleet.status()).toMatchObject({ state: 'offline', writer: null });
    store.setLocked(false);
    await waitFor(first.fleet, ({ state, writer }) => state === 'current' && writer?.isAdmitted === true);
    const { kiosk } = first.fleet.status().writer!;
    await first.fleet.leave();

    // Without the key from now on.
    const { journal } = first;
    let last: Promise<unknown> = Promise.resolve();
    const turn = async (): Promise<() => void> => {
      const before = last;
      let end: () => void = () => undefined;
      last = new Promise<void>((resolve) => (end = resolve));
      await before;
      return end;
    };
    const b = await join(createSimulatedTransport(bucket), { mode: 'write', store, journal, turn });
    await b.settled();
    expect(b.fleet.status().writer).toEqual({ kiosk, isAdmitted: true });
    const { lastChange } = b.fleet.status();
    store.setLocked(true);
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'VAULT_LOCKED');
    expect(b.fleet.status()).toMatchObject({ state: 'offline', outbox: 0, writer: null, lastChange });
    // A tab that is unlocked must not wait for one that is not.
    const end = await turn();
    store.setLocked(false);
    await waitFor(b.fleet, ({ state }) => state === 'standby');
    store.setLocked(true);
    end();
    await waitFor(b.fleet, ({ state }) => state === 'offline');
    a.store.enroll('anna', 'Anna', [block(1)]);
    b.store.createCollection('staff', 'Staff');
    await a.settled();
    store.setLocked(false);
    await Promise.all([alike(a, b), b.settled()]);
    expect(b.fleet.status().problem).toBeNull();
    store.setLocked(true);
    await b.fleet.leave({ erase: true });
    store.setLocked(false);
    expect(await store.keys(`${DATABASE} fleet`)).toBeNull();
    await a.fleet.leave();
  });

  it('ends when the store is erased, and brings nobody back before it is joined again', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    for (let i = 0; i < 200; i++) a.store.enroll(`p${i}`, `Person ${i}`, [block(i)]);
    const b = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    await Promise.all([a.settled(), alike(a, b), b.settled()]);
    b.store.eraseAll();
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    a.store.rename('p1', 'Renamed');
    await a.settled();
    expect(b.store.profiles.size).toBe(0);
    await b.fleet.leave();
    const { store, journal } = b;
    // Without its key, it can join another fleet; with it, it has to leave that one first.
    const other = await createFleetKeys();
    const moved = await join(createSimulatedTransport(new Bucket()), { mode: 'write', ...other, store, journal });
    await moved.settled();
    await moved.fleet.leave();
    const wrong = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey, store, journal });
    await waitFor(wrong.fleet, ({ problem }) => problem?.code === 'INVALID_INPUT');
    await wrong.fleet.leave({ erase: true });
    const again = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey, store, journal });
    await alike(a, again);
    await Promise.all([a.fleet.leave(), again.fleet.leave()]);
  });

  it('does not come back from a key that a locked or waiting tab was given before the store was erased', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    const b = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey });
    await alike(a, b);
    const { store, journal } = b;
    const { turn, takeOver } = createWaitingTurn();
    const options = { mode: 'read' as const, fleetKey, store, journal };
    const waiting = await join(createSimulatedTransport(bucket), { ...options, turn });
    await b.fleet.leave();
    store.setLocked(true);
    const locked = await join(createSimulatedTransport(bucket), options);
    await waitFor(locked.fleet, ({ problem }) => problem?.code === 'VAULT_LOCKED');
    store.eraseAll();
    await waitFor(locked.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    takeOver();
    await waitFor(waiting.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    expect(store.profiles.size).toBe(0);
    await Promise.all([a, locked, waiting].map(({ fleet }) => fleet.leave()));
  });

  it('does not come back from a key that two tabs were given at the first start', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const [store, journal] = [new Store(Date.now), createMemoryJournal()];
    const { turn, takeOver } = createWaitingTurn();
    const options = { mode: 'read' as const, fleetKey, store, journal };
    const waiting = await join(createSimulatedTransport(bucket), { ...options, turn });
    const first = await join(createSimulatedTransport(bucket), options);
    await alike(a, first);
    store.eraseAll();
    await waitFor(first.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    takeOver();
    await waitFor(waiting.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    expect(store.profiles.size).toBe(0);
    await Promise.all([a, first, waiting].map(({ fleet }) => fleet.leave()));
  });

  it('keeps no key when everything is erased during a rotation', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const stop = bucket.onWrite(({ key }) => {
      if (key === EPOCH_KEY) a.store.eraseAll();
    });
    await expect(a.fleet.rotate(nextFleetKey(fleetKey), ownerKey)).rejects.toMatchObject({
      code: 'FLEET_KEY_MISSING',
    });
    stop();
    await waitFor(a.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_MISSING');
    expect(a.store.profiles.size).toBe(0);
    await a.fleet.leave();
  });

  it('finishes a rotation that was interrupted after the fleet had the new key', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const nextKey = nextFleetKey(fleetKey);
    const stop = bucket.onWrite(({ key }) => {
      if (key === EPOCH_KEY) a.store.setLocked(true);
    });
    await expect(a.fleet.rotate(nextKey, ownerKey)).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
    stop();
    a.store.setLocked(false);
    await waitFor(a.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_OUTDATED');
    await a.fleet.leave();
    const { store, journal } = a;
    const again = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey: nextKey, store, journal });
    await again.settled();
    await expect(again.fleet.rotate(nextFleetKey(fleetKey), ownerKey)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await again.fleet.rotate(nextKey, ownerKey);
    expect([...bucket.entries.keys()].filter((key) => key.startsWith('1.'))).toEqual([]);
    await again.settled();
    const late = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey: nextKey });
    await alike(again, late);
    await Promise.all([again.fleet.leave(), late.fleet.leave()]);
  });

  it('keeps the records that the kiosk cannot take when that one rotates the key or revokes a writer', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const joined = (options: JoinOptions) => join(createSimulatedTransport(bucket), options);
    const spaces = ['space-2', SPACE];
    const a = await joined({ mode: 'write', fleetKey, ownerKey, store: new Store(Date.now, 'space-2', spaces) });
    a.store.enroll('anna', 'Anna', [block(1)]);
    a.store.createCollection('staff', 'Staff');
    a.store.addMember('staff', 'anna');
    await a.settled();
    // It has no old models.
    const b = await joined({ mode: 'write', fleetKey, ownerKey, store: new Store(Date.now, 'space-2') });
    await b.settled();
    expect([b.store.profiles.size, b.fleet.status().refused, b.fleet.status().waiting]).toEqual([0, 1, 1]);
    const { kiosk } = a.fleet.status().writer!;
    await a.fleet.leave();
    await b.fleet.revoke(kiosk, ownerKey);
    const late = await joined({ mode: 'read', fleetKey, store: new Store(Date.now, 'space-2', spaces) });
    await alike(a, late);
    await late.fleet.leave();
    await b.settled();
    const nextKey = nextFleetKey(fleetKey);
    await b.fleet.rotate(nextKey, ownerKey);
    const later = await joined({ mode: 'read', fleetKey: nextKey, store: new Store(Date.now, 'space-2', spaces) });
    await alike(a, later);
    await Promise.all([b.fleet.leave(), later.fleet.leave()]);
  });

  it('goes on in another tab with the key that the first one rotated to', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    const { store, journal } = a;
    const { turn, takeOver } = createWaitingTurn();
    const tab = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, store, journal, turn });
    expect(tab.fleet.status().state).toBe('standby');
    store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    await a.fleet.rotate(nextFleetKey(fleetKey), ownerKey);
    await a.settled();
    const { revision } = bucket;
    await a.fleet.leave();
    takeOver();
    await tab.settled();
    expect(tab.fleet.status()).toMatchObject({ problem: null, writer: { isAdmitted: true } });
    // It knows what the first one wrote, and writes nothing again.
    expect(bucket.revision).toBe(revision);
    await tab.fleet.leave();
  });

  it('refuses the key of another fleet', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    const other = await createFleetKeys();
    const b = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey: other.fleetKey });
    await waitFor(b.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_OUTDATED');
    await Promise.all([a.fleet.leave(), b.fleet.leave()]);
  });

  it('has nothing left to send after a rotation when a member was deleted before', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    a.store.createCollection('staff', 'Staff');
    a.store.addMember('staff', 'anna');
    await a.settled();
    a.store.deleteProfile('anna');
    await a.settled();
    await a.fleet.rotate(nextFleetKey(fleetKey), ownerKey);
    await a.settled();
    await a.fleet.leave();
  }, 15_000);

  it('says so when a kiosk has another key with the same number', async () => {
    const bucket = new Bucket();
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(bucket), { mode: 'write', fleetKey, ownerKey });
    a.store.enroll('anna', 'Anna', [block(1)]);
    await a.settled();
    const nextKey = nextFleetKey(fleetKey);
    await a.fleet.rotate(nextKey, ownerKey);
    await a.settled();
    const wrong = await join(createSimulatedTransport(bucket), { mode: 'read', fleetKey: nextFleetKey(fleetKey) });
    await waitFor(wrong.fleet, ({ problem }) => problem?.code === 'FLEET_KEY_OUTDATED');
    await wrong.fleet.leave();
    const { store, journal } = wrong;
    const right = { mode: 'read' as const, fleetKey: nextKey, store, journal };
    const refused = await join(createSimulatedTransport(bucket), right);
    await waitFor(refused.fleet, ({ problem }) => problem !== null);
    expect(refused.fleet.status().problem).toMatchObject({ code: 'INVALID_INPUT' });
    await refused.fleet.leave({ erase: true });
    const again = await join(createSimulatedTransport(bucket), right);
    await alike(a, again);
    await Promise.all([a.fleet.leave(), again.fleet.leave()]);
  });

  it('erases its keys when it is left for good', async () => {
    const { fleetKey, ownerKey } = await createFleetKeys();
    const a = await join(createSimulatedTransport(new Bucket()), { mode: 'write', fleetKey, ownerKey });
    await a.settled();
    await a.fleet.leave({ erase: true });
    for (const set of ['fleet', 'signer']) expect(await a.store.keys(`${DATABASE} ${set}`)).toBeNull();
    expect(await a.journal.load()).toMatchObject({ known: [], position: null });
  });
});
