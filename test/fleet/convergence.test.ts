/** Kiosks and one bucket: whatever happens in between, all of them end with the same people. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalContent } from '../../src/fleet/journal.js';
import { decodeRecord } from '../../src/fleet/record.js';
import { createReplicator, type Replicator } from '../../src/fleet/replicator.js';
import type { Sealer } from '../../src/fleet/seal.js';
import { block, Bucket, createMemoryJournal, PLAIN_SEALER, Store } from './simulation.js';

const KIOSKS = 6;
/** This one takes one of the collections. */
const CHOOSING = 5;
const HOUR_MS = 3_600_000;
const SEQUENCES = 1_000;

const kiosk = fc.nat(KIOSKS - 1);
const profile = fc.constantFrom('p0', 'p1', 'p2', 'p3');
const collection = fc.constantFrom('c0', 'c1');
const value = fc.nat(9);

/** One thing that a person does. */
const edit = fc.oneof(
  fc.record({ do: fc.constant('enroll' as const), kiosk, profile, value }),
  fc.record({ do: fc.constant('rename' as const), kiosk, profile, value }),
  fc.record({ do: fc.constant('delete' as const), kiosk, profile }),
  fc.record({ do: fc.constant('create-collection' as const), kiosk, collection, value }),
  fc.record({ do: fc.constant('rename-collection' as const), kiosk, collection, value }),
  fc.record({ do: fc.constant('delete-collection' as const), kiosk, collection }),
  fc.record({ do: fc.constant('add' as const), kiosk, collection, profile }),
  fc.record({ do: fc.constant('remove' as const), kiosk, collection, profile }),
  fc.record({ do: fc.constant('reject' as const), kiosk, collection, profile, value }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

const take = fc.record({
  do: fc.constant('take' as const),
  kiosk,
  count: fc.nat(6),
  isReversed: fc.boolean(),
  past: fc.nat(30),
  meanwhile: fc.option(edit),
});

/** One thing that happens. Kiosks are offline until they take or push, so that every sequence is full of partitions. */
const step = fc.oneof(
  { weight: 9, arbitrary: edit },
  fc.record({ do: fc.constant('rekey' as const), kiosk }),
  fc.record({ do: fc.constant('erase' as const), kiosk }),
  fc.record({ do: fc.constant('time' as const), ms: fc.nat(2) }),
  take,
  take,
  fc.record({ do: fc.constant('push' as const), kiosk, fails: fc.option(fc.nat(8)) }),
  fc.record({ do: fc.constant('push' as const), kiosk, fails: fc.option(fc.nat(8)) }),
  fc.record({ do: fc.constant('crash' as const), kiosk, isInTake: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Kiosk {
  readonly store: Store;
  readonly journal: ReturnType<typeof createMemoryJournal>;
  replicator: Replicator;
  isFailing: boolean;
  isErased: boolean;
}

function change(store: Store, action: Edit): void {
  switch (action.do) {
    case 'enroll':
      store.enroll(action.profile, `name ${action.value}`, [block(action.value)]);
      break;
    case 'rename':
      store.rename(action.profile, `renamed ${action.kiosk} ${action.value}`);
      break;
    case 'delete':
      store.deleteProfile(action.profile);
      break;
    case 'create-collection':
      store.createCollection(action.collection, `collection ${action.value}`);
      break;
    case 'rename-collection':
      store.renameCollection(action.collection, `renamed ${action.kiosk} ${action.value}`);
      break;
    case 'delete-collection':
      store.deleteCollection(action.collection);
      break;
    case 'add':
      store.addMember(action.collection, action.profile);
      break;
    case 'remove':
      store.removeMember(action.collection, action.profile);
      break;
    case 'reject':
      store.reject(action.collection, action.profile, action.value + 10 * action.kiosk);
      break;
  }
}

async function start(clockHours: readonly number[], sealer: Sealer, now: () => number) {
  const bucket = new Bucket();
  const create = async (at: Pick<Kiosk, 'store' | 'journal'> & { isFailing: boolean }, i: number) =>
    createReplicator({
      replica: at.store,
      journal: {
        ...at.journal,
        save: (change) => (at.isFailing ? Promise.reject(new Error('killed')) : at.journal.save(change)),
      },
      sealer,
      kiosk: `k${i}`,
      collections: i === CHOOSING ? ['c0'] : undefined,
      now: () => now() + (clockHours[i] ?? 0) * HOUR_MS,
      onRefused: ({ reason }) => {
        throw new Error(`An honest bucket was refused as ${reason}.`);
      },
    });
  const kiosks: Kiosk[] = [];
  for (let i = 0; i < KIOSKS; i++) {
    const store = new Store(() => now() + (clockHours[i] ?? 0) * HOUR_MS);
    const state = { store, journal: createMemoryJournal(), isFailing: false, isErased: false };
    const at: Kiosk = Object.assign(state, { replicator: await create(state, i) });
    kiosks.push(at);
  }
  const restart = async (i: number) => {
    kiosks[i]!.isFailing = false;
    kiosks[i]!.replicator = await create(kiosks[i]!, i);
  };
  return { bucket, kiosks, restart };
}

async function run(
  steps: readonly Step[],
  clockHours: readonly number[],
  sealer: Sealer,
): Promise<Awaited<ReturnType<typeof start>>> {
  let time = Date.parse('2026-05-01T00:00:00Z');
  const fleet = await start(clockHours, sealer, () => time);
  const { bucket, kiosks, restart } = fleet;

  const takeFrom = async (at: Kiosk, count: number, isReversed: boolean, past: number) => {
    await at.replicator.repair(bucket.link() as never, await at.replicator.observe());
    const entries = bucket.after(at.replicator.position().revision).slice(0, count);
    const again = bucket.past.filter(({ revision }) => revision <= at.replicator.position().revision).slice(-past);
    const all = [...again, ...entries];
    await at.replicator.take(isReversed ? all.reverse() : all);
  };

  kiosks[0]!.store.enroll('p0', 'first', [block(1)]);
  kiosks[0]!.store.createCollection('c0', 'first');
  kiosks[0]!.store.addMember('c0', 'p0');
  kiosks[0]!.store.reject('c0', 'p0', 2);
  for (const at of kiosks) {
    await takeFrom(at, Infinity, false, 0);
    await at.replicator.push(bucket.link() as never);
  }

  for (const action of steps) {
    if (action.do === 'time') {
      time += action.ms;
      continue;
    }
    const at = kiosks[action.kiosk]!;
    const { store } = at;
    switch (action.do) {
      case 'rekey':
        store.rekey();
        break;
      case 'erase':
        store.eraseAll();
        // The ids of these tests come again, at a time that the erased records cannot have had.
        time += 1_000;
        break;
      case 'take': {
        const { meanwhile } = action;
        if (meanwhile) store.interrupt = () => change(store, meanwhile);
        await takeFrom(at, action.count, action.isReversed, action.past);
        store.interrupt = () => undefined;
        break;
      }
      case 'push': {
        let calls = 0;
        const link = bucket.link(() => {
          if (action.fails !== null && ++calls > action.fails) throw new Error('cut');
        });
        await at.replicator.observe();
        await at.replicator.push(link as never).catch((error: unknown) => {
          if (!(error instanceof Error && error.message === 'cut')) throw error;
        });
        break;
      }
      case 'crash':
        if (action.isInTake) {
          at.isFailing = true;
          await takeFrom(at, Infinity, false, 0).catch((error: unknown) => {
            if (!(error instanceof Error && error.message === 'killed')) throw error;
          });
        }
        await restart(action.kiosk);
        break;
      case 'enroll':
      case 'rename':
      case 'delete':
      case 'create-collection':
      case 'rename-collection':
      case 'delete-collection':
      case 'add':
      case 'remove':
      case 'reject':
        change(store, action);
        break;
    }
  }

  // All are online again: until nothing moves any more.
  for (let round = 0; round < 12; round++) {
    for (const at of kiosks) {
      await takeFrom(at, Infinity, false, 0);
      await at.replicator.observe();
      await at.replicator.push(bucket.link() as never);
    }
  }
  return fleet;
}

/** Compares a store that has some of the collections. */
function expectPart(part: Store, whole: Store, { known }: JournalContent): void {
  expect([...part.tombstones.keys()].sort()).toEqual([...whole.tombstones.keys()].sort());
  expect(part.collections.has('c0')).toBe(whole.collections.has('c0'));
  for (const [id, profile] of part.profiles) expect(profile).toEqual(whole.profiles.get(id));
  for (const [id, { name }] of part.collections) {
    expect(name).toBe(whole.collections.get(id)?.name);
    expect(part.members.get(id)).toEqual(whole.members.get(id));
  }
  // People who were enrolled there and never joined the collection remain; who left it does not.
  for (const id of part.profiles.keys()) {
    const isMember = [...part.members.values()].some((members) => members.has(id));
    const wasMember = known.some(({ name }) => name === `member:c0/${id}`);
    if (!isMember) expect(wasMember, id).toBe(false);
  }
}

async function expectConvergence(steps: readonly Step[], clockHours: readonly number[], sealer: Sealer): Promise<void> {
  const { bucket, kiosks } = await run(steps, clockHours, sealer);
  const [first, ...others] = kiosks.toSpliced(CHOOSING, 1);
  for (const other of others) expect(other.store.content()).toEqual(first!.store.content());
  for (const at of kiosks) {
    expect(at.replicator.outbox()).toBe(0);
    expect(at.replicator.position().revision).toBe(bucket.revision);
  }
  expectPart(kiosks[CHOOSING]!.store, first!.store, await kiosks[CHOOSING]!.journal.load());
  // The server drops the rejected faces of people who were deleted.
  for (const { value: bytes } of bucket.entries.values()) {
    const record = decodeRecord(bytes!);
    if (record.kind !== 'member' || record.content.negatives.length === 0) continue;
    expect([...first!.store.tombstones.keys()]).not.toContain(`profile:${record.content.profileId}`);
    expect([...first!.store.tombstones.keys()]).not.toContain(`collection:${record.content.collectionId}`);
  }
  // Another kiosk that joins now gets the same from the bucket alone.
  const late = new Store(() => 0);
  const replicator = await createReplicator({
    replica: late,
    journal: createMemoryJournal(),
    sealer,
    kiosk: 'late',
    now: () => 0,
    onRefused: () => undefined,
  });
  for (const entry of bucket.after(0)) await replicator.take([entry]);
  expect(late.content()).toEqual(first!.store.content());
  expect(await replicator.observe()).toEqual([]);
  expect(replicator.outbox()).toBe(0);
}

describe('a fleet', () => {
  it(`converges in ${SEQUENCES} random sequences`, async () => {
    const clocks = fc.array(fc.integer({ min: -72, max: 72 }), { minLength: KIOSKS, maxLength: KIOSKS });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), clocks, (steps, hours) =>
        expectConvergence(steps, hours, PLAIN_SEALER),
      ),
      {
        numRuns: SEQUENCES,
      },
    );
  }, 120_000);

  it('notices an edit at the time at which an erased store had the record', async () => {
    const steps: Step[] = [
      { do: 'reject', kiosk: 1, collection: 'c0', profile: 'p0', value: 0 },
      { do: 'push', kiosk: 1, fails: null },
      { do: 'erase', kiosk: 1 },
      { do: 'take', kiosk: 1, count: 0, isReversed: false, past: 0, meanwhile: null },
      { do: 'rename-collection', kiosk: 1, collection: 'c0', value: 0 },
    ];
    await expectConvergence(steps, [31], PLAIN_SEALER);
  });

  it('keeps an edit that is made while an older version is written', async () => {
    let time = Date.parse('2026-05-01T00:00:00Z');
    const { bucket, kiosks } = await start([], PLAIN_SEALER, () => time);
    const [a, b] = kiosks as [Kiosk, Kiosk];
    const link = bucket.link() as never;
    const push = async ({ replicator }: Kiosk) => {
      await replicator.observe();
      await replicator.push(link);
    };
    a.store.enroll('p0', 'Anna', [block(1)]);
    a.store.createCollection('c0', 'Staff');
    a.store.addMember('c0', 'p0');
    await push(a);
    await b.replicator.take(bucket.after(0));
    await b.replicator.observe();

    const before = bucket.revision;
    time += 1_000;
    a.store.rename('p0', 'changed by a');
    a.store.renameCollection('c0', 'changed by a');
    a.store.reject('c0', 'p0', 7);
    await push(a);
    b.store.interrupt = () => {
      time += 1_000;
      b.store.rename('p0', 'changed by b');
      b.store.renameCollection('c0', 'changed by b');
      b.store.reject('c0', 'p0', 8);
    };
    await b.replicator.take(bucket.after(before));
    expect(b.store.profiles.get('p0')?.name).toBe('changed by b');
    expect(b.store.collections.get('c0')?.name).toBe('changed by b');
    expect(b.store.members.get('c0')?.get('p0')).toEqual([block(8)]);

    await push(b);
    await a.replicator.take(bucket.after(before));
    expect(a.store.content()).toEqual(b.store.content());
    expect(b.replicator.position().revision).toBeGreaterThan(before);
  });

  it('leaves out what is not in the chosen collections, and deletes none of it', async () => {
    const { bucket, kiosks } = await start([], PLAIN_SEALER, () => Date.parse('2026-05-01T00:00:00Z'));
    const [all, choosing] = [kiosks[0]!, kiosks[CHOOSING]!];
    const link = bucket.link() as never;
    const exchange = async () => {
      for (const { replicator } of [all, choosing, all, choosing]) {
        await replicator.repair(link, await replicator.observe());
        await replicator.take(bucket.after(replicator.position().revision));
        await replicator.repair(link, await replicator.observe());
        await replicator.push(link);
        expect(replicator.outbox()).toBe(0);
      }
    };
    for (const id of ['p0', 'p1', 'p2', 'p3']) all.store.enroll(id, id, [block(1)]);
    for (const id of ['c0', 'c1']) all.store.createCollection(id, id);
    all.store.addMember('c0', 'p0');
    all.store.addMember('c1', 'p1');
    await exchange();
    expect([...choosing.store.profiles.keys()]).toEqual(['p0']);
    expect([...choosing.store.collections.keys()]).toEqual(['c0']);
    expect([...choosing.store.members.get('c0')!.keys()]).toEqual(['p0']);

    // Somebody joins who was left out; somebody leaves; and what is changed here is written.
    all.store.rename('p1', 'renamed before');
    all.store.addMember('c0', 'p1');
    all.store.removeMember('c0', 'p0');
    all.store.deleteProfile('p3');
    choosing.store.enroll('p9', 'enrolled here', [block(9)]);
    choosing.store.rename('p0', 'renamed here');
    await exchange();
    // Who left goes from this store alone, with what was changed here written before.
    expect([...choosing.store.profiles.keys()].sort()).toEqual(['p1', 'p9']);
    expect(choosing.store.profiles.get('p1')?.name).toBe('renamed before');
    expect([...choosing.store.members.get('c0')!.keys()]).toEqual(['p1']);
    expect([...all.store.profiles.keys()].sort()).toEqual(['p0', 'p1', 'p2', 'p9']);
    expect(all.store.profiles.get('p0')?.name).toBe('renamed here');
    expect([...all.store.tombstones.keys()]).toEqual(['profile:p3']);

    all.store.addMember('c0', 'p0');
    await exchange();
    expect([...choosing.store.profiles.keys()].sort()).toEqual(['p0', 'p1', 'p9']);
    expect(choosing.store.profiles.get('p0')?.name).toBe('renamed here');
    choosing.store.removeMember('c0', 'p0');
    await exchange();
    expect([...choosing.store.profiles.keys()].sort()).toEqual(['p1', 'p9']);
    expect(all.store.members.get('c0')?.has('p0')).toBe(false);
    expect(all.store.profiles.has('p0')).toBe(true);

    choosing.store.eraseAll();
    await exchange();
    expect([...choosing.store.profiles.keys()]).toEqual(['p1']);
    expect([...all.store.profiles.keys()].sort()).toEqual(['p0', 'p1', 'p2', 'p9']);
  });

  it('keeps somebody who joins again in the moment in which a kiosk drops them', async () => {
    const { bucket, kiosks } = await start([], PLAIN_SEALER, () => Date.parse('2026-05-01T00:00:00Z'));
    const [all, choosing] = [kiosks[0]!, kiosks[CHOOSING]!];
    const link = bucket.link() as never;
    const exchange = async ({ replicator }: Kiosk) => {
      await replicator.repair(link, await replicator.observe());
      await replicator.take(bucket.after(replicator.position().revision));
      await replicator.repair(link, await replicator.observe());
      await replicator.push(link);
    };
    all.store.enroll('p0', 'p0', [block(1)]);
    all.store.createCollection('c0', 'c0');
    all.store.addMember('c0', 'p0');
    await exchange(all);
    await exchange(choosing);
    all.store.removeMember('c0', 'p0');
    await exchange(all);
    await choosing.replicator.take(bucket.after(choosing.replicator.position().revision));
    choosing.store.interrupt = () => choosing.store.addMember('c0', 'p0');
    await exchange(choosing);
    await exchange(choosing);
    await exchange(all);
    expect(choosing.store.members.get('c0')?.has('p0')).toBe(true);
    expect(all.store.content()).toEqual(choosing.store.content());
  });

  it('takes a membership whose collection was changed here meanwhile, and waits for none that ended', async () => {
    let time = Date.parse('2026-05-01T00:00:00Z');
    const { bucket, kiosks } = await start([], PLAIN_SEALER, () => time);
    const [all, choosing] = [kiosks[0]!, kiosks[CHOOSING]!];
    const link = bucket.link() as never;
    const take = async ({ replicator }: Kiosk) => {
      await replicator.take(bucket.after(replicator.position().revision));
      await replicator.repair(link, await replicator.observe());
    };
    const push = async ({ replicator }: Kiosk) => {
      await replicator.repair(link, await replicator.observe());
      await replicator.push(link);
    };
    all.store.createCollection('c0', 'c0');
    all.store.enroll('p0', 'p0', [block(1)]);
    all.store.enroll('p1', 'p1', [block(1)]);
    all.store.addMember('c0', 'p1');
    await push(all);
    all.store.removeMember('c0', 'p1');
    await push(all);
    await take(choosing);
    expect(choosing.replicator.waiting()).toBe(0);
    all.store.addMember('c0', 'p0');
    all.store.renameCollection('c0', 'renamed first');
    await push(all);
    time += 1_000;
    choosing.store.renameCollection('c0', 'renamed last');
    await choosing.replicator.observe();
    await take(choosing);
    await push(choosing);
    await push(choosing);
    expect([...choosing.store.members.get('c0')!.keys()]).toEqual(['p0']);
    expect(choosing.replicator.waiting()).toBe(0);
  });

  it('drops nobody whom the bucket has lost', async () => {
    const { bucket, kiosks } = await start([], PLAIN_SEALER, () => Date.parse('2026-05-01T00:00:00Z'));
    const { store, replicator } = kiosks[CHOOSING]!;
    store.enroll('p0', 'p0', [block(1)]);
    store.createCollection('c0', 'c0');
    store.addMember('c0', 'p0');
    await replicator.observe();
    await replicator.push(bucket.link() as never);
    const { created } = bucket.info();
    bucket.restore({ revision: 0, entries: [] });
    await replicator.restart({ bucket: `another than ${created}`, spaces: [] });
    store.removeMember('c0', 'p0');
    await replicator.observe();
    // The connection is lost after the membership was sent.
    let writes = 0;
    const cut = bucket.link((when) => {
      if (when === 'before' && ++writes > 1) throw new Error('cut');
    });
    await expect(replicator.push(cut as never)).rejects.toThrow('cut');
    await replicator.observe();
    await replicator.push(bucket.link() as never);
    expect(bucket.entries.has('1.profile:p0')).toBe(true);
    await replicator.observe();
    expect(store.profiles.size).toBe(0);
  });
});
