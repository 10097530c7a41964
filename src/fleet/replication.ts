/** Keeps the store and the bucket of a fleet alike, with the keys of this kiosk. Knows no server. */
import { InfaceError } from '../api/errors.js';
import type { Replica } from '../api/replica.js';
import type { FleetStatus } from './contract.js';
import type { Identity } from './identity.js';
import type { Journal, Position } from './journal.js';
import { importFleetKey, importOwnerKey, isSameKey, type FleetKeys } from './keys.js';
import { createReplicator, type Refusal } from './replicator.js';
import { createSealer, EPOCH_KEY, headKey, openHead, readEpoch, sealHead, signEpoch, type FleetHead } from './seal.js';
import type { Entry, Link } from './transport.js';

export interface ReplicationOptions {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly identity: Identity;
  /** Ids of the collections to take. Defaults to everything. */
  readonly collections: readonly string[] | undefined;
  /** Admits this kiosk to the list of writers, and moves the fleet to the models of this kiosk. */
  readonly ownerKey: string | undefined;
  /** Keeps a new fleet key, which was imported as extractable. */
  readonly keep: (keys: FleetKeys) => Promise<FleetKeys>;
  readonly now: () => number;
  readonly onRefused: (refusal: Refusal) => void;
  /** Aborts when nothing must be written to the store any more. */
  readonly signal: AbortSignal;
}

/** Its calls must not overlap, except for those that return at once. */
export interface Replication {
  outbox(): number;
  waiting(): number;
  position(): Position;
  writer(): FleetStatus['writer'];
  writers(): readonly string[];
  /** Notes that the store may have changed. */
  touch(): void;
  /** Compares the bucket with what is known of it, and gets the list of writers. */
  prepare(link: Link): Promise<void>;
  /** Takes entries of the bucket. */
  take(entries: readonly Entry[]): Promise<void>;
  /**
   * Notes what changed in the store, and repairs what it lost.
   * @param link `null` without a connection
   */
  observe(link: Link | null): Promise<void>;
  /**
   * Sends some of what changed here.
   * @returns whether there is more that can be sent now
   * @throws InfaceError `EMBEDDING_SPACE_MISMATCH` when the fleet has other models
   */
  send(link: Link): Promise<boolean>;
  rotate(link: Link, nextKey: string, ownerKey: string): Promise<void>;
  revoke(link: Link, kiosk: string, ownerKey: string): Promise<void>;
}

/** Records that are sent before what arrived meanwhile is taken. */
const SEND_COUNT = 256;

/** @throws InfaceError `INVALID_INPUT` when the owner key is wrong */
export async function createReplication(options: ReplicationOptions): Promise<Replication> {
  const { replica, journal, identity, collections, keep, now, onRefused, signal } = options;
  const { signer } = identity;
  let { keys } = identity;
  let ownerKey = options.ownerKey === undefined ? null : await importOwnerKey(options.ownerKey, keys);
  let sealer = createSealer(keys, signer);
  let head: FleetHead | null = null;
  /** The embedding spaces that the kit takes; the first one is that of its models. */
  let spaces: readonly string[] = [];
  let isDirty = true;

  const replicator = await createReplicator({
    replica,
    journal,
    sealer,
    kiosk: signer?.kiosk ?? null,
    collections,
    now,
    onRefused,
    signal,
  });
  // The first key, or a new one.
  if (replicator.position().epoch !== keys.epoch) await replicator.rekey(sealer, keys);

  const isAdmitted = (): boolean => head?.writers.some(({ kiosk }) => kiosk === signer?.kiosk) === true;

  async function observe(link: Link | null): Promise<void> {
    if (!isDirty) return;
    isDirty = false;
    try {
      const lost = await replicator.observe();
      if (lost.length > 0 && link) await replicator.repair(link, lost);
      if (lost.length > 0 && !link) isDirty = true;
    } catch (error) {
      isDirty = true;
      throw error;
    }
  }

  async function takeHead({ value, revision }: Entry): Promise<void> {
    if (!value) return;
    const opened = await openHead(keys, value);
    if (typeof opened === 'string' || opened.serial < (head?.serial ?? 0)) {
      onRefused({ reason: typeof opened === 'string' ? opened : 'replayed', revision });
      return;
    }
    head = opened;
    await sealer.setWriters(opened);
    await replicator.keepHead(value);
  }

  /** A kiosk with older models than the fleet must neither take nor write. */
  function checkSpace(): void {
    if (!head || spaces.includes(head.space)) return;
    throw new InfaceError(
      'EMBEDDING_SPACE_MISMATCH',
      `The fleet has templates of the models '${head.space}', this kiosk has '${String(spaces[0])}'. ` +
        'Update its models, or keep the old ones in its assets.',
    );
  }

  async function checkEpoch(entry: Entry | null): Promise<void> {
    const epoch = entry?.value ? await readEpoch(keys, entry.value) : null;
    if (epoch === null || epoch <= keys.epoch) return;
    throw new InfaceError(
      'FLEET_KEY_OUTDATED',
      `The fleet key was replaced: this kiosk has number ${keys.epoch}, the fleet ${epoch}. ` +
        'Join with the new key; changes made here are kept until then.',
    );
  }

  async function writeHead(link: Link, next: FleetHead, key: CryptoKey, expected: number): Promise<void> {
    const value = await sealHead(keys, next, key);
    const revision = await link.put(headKey(keys), value, expected);
    if (revision === 'conflict') throw new Error('The list of writers was changed at the same time.');
    await takeHead({ key: headKey(keys), revision, value });
  }

  /** Moves the fleet to a new key. */
  async function moveTo(link: Link, next: FleetKeys, owner: CryptoKey): Promise<void> {
    await replicator.reseal(link, await replicator.readLeft(link), createSealer(next, signer));
    const value = await sealHead(next, { ...head!, serial: head!.serial + 1 }, owner);
    await overwrite(link, headKey(next), value);
    await overwrite(link, EPOCH_KEY, await signEpoch(next, next.epoch, owner));
    keys = await keep(next);
    sealer = createSealer(keys, signer);
    await replicator.rekey(sealer, keys);
    await takeHead({ key: headKey(keys), revision: 0, value });
  }

  return {
    outbox: () => replicator.outbox(),
    waiting: () => replicator.waiting(),
    position: () => replicator.position(),
    writer: () => signer && { kiosk: signer.kiosk, isAdmitted: isAdmitted() },
    writers: () => head?.writers.map(({ kiosk }) => kiosk) ?? [],
    observe,

    touch() {
      isDirty = true;
    },

    async prepare(link) {
      const state = await replica.state();
      spaces = [state.space, ...state.spaces.filter((space) => space !== state.space)];
      const { created, revision } = await link.info();
      const position = (): Position => replicator.position();
      await checkEpoch(await link.get(EPOCH_KEY));
      const isOther = position().bucket !== created || position().revision > revision;
      if (isOther || spaces.join('\n') !== position().spaces.join('\n'))
        await replicator.restart({ bucket: created, spaces });
      const kept = position().head;
      if (kept && !head) await takeHead({ key: headKey(keys), revision: 0, value: kept });
      const entry = await link.get(headKey(keys));
      const opened = entry?.value ? await openHead(keys, entry.value) : null;
      if (opened === 'corrupt' && !head) {
        throw new InfaceError(
          'FLEET_KEY_OUTDATED',
          'The fleet key does not open the list of writers in this bucket. Check the key and the name of the bucket.',
        );
      }
      if (entry) await takeHead(entry);
      checkSpace();
      if (signer && ownerKey && (!isAdmitted() || head?.space !== state.space)) {
        const writer = { kiosk: signer.kiosk, publicKey: signer.publicKey };
        const others = (head?.writers ?? []).filter(({ kiosk }) => kiosk !== signer.kiosk);
        const next = {
          serial: (head?.serial ?? 0) + 1,
          space: state.space,
          writers: [...others, writer],
          revoked: (head?.revoked ?? []).filter((kiosk) => kiosk !== signer.kiosk),
        };
        await writeHead(link, next, ownerKey, entry?.revision ?? 0);
      } else if (
        signer &&
        kept &&
        (typeof opened !== 'object' || opened === null || opened.serial < (head?.serial ?? 0))
      ) {
        // The bucket was restored from a backup, or lost.
        await link.put(headKey(keys), kept, entry?.revision ?? 0);
      }
      if (isAdmitted()) ownerKey = null;
    },

    async take(entries) {
      const records = [];
      for (const entry of entries) {
        if (entry.key === EPOCH_KEY) await checkEpoch(entry);
        else if (entry.key === headKey(keys)) {
          // Records before it are checked by the list before it.
          await replicator.take(records.splice(0));
          await takeHead(entry);
          checkSpace();
        } else if (entry.key.startsWith(`${keys.epoch}.`)) records.push(entry);
      }
      // The store is not observed for each part, which takes longer: what changed there is noticed when it is written over.
      await replicator.take(records, entries.at(-1)?.revision);
      // People who were left out until they joined one of the collections.
      if (collections) isDirty = true;
    },

    async send(link) {
      const before = replicator.outbox();
      if (!isAdmitted() || before === 0) return false;
      if (head && head.space !== spaces[0]) {
        // Kiosks with the models of the fleet could not take the templates, and would write over them.
        throw new InfaceError(
          'EMBEDDING_SPACE_MISMATCH',
          `The fleet has the models '${head.space}', this kiosk has '${String(spaces[0])}'. Changes made here are sent ` +
            'once both are the same. To move the fleet to the models of this kiosk, join here with the owner key.',
        );
      }
      const after = await replicator.push(link, SEND_COUNT);
      return after > 0 && after < before;
    },

    async rotate(link, nextKey, owner) {
      const next = await importFleetKey(nextKey, true);
      const key = await importOwnerKey(owner, keys);
      // An interruption may have left records of older keys.
      const isDone = next.epoch === keys.epoch && (await isSameKey(next, keys));
      if (next.fleetId !== keys.fleetId || (next.epoch <= keys.epoch && !isDone)) {
        throw new InfaceError('INVALID_INPUT', 'The next key does not follow the fleet key. Use nextFleetKey().');
      }
      if (!isDone) await moveTo(link, next, key);
      for (let epoch = 1; epoch < next.epoch; epoch++) await link.purge(String(epoch));
    },

    async revoke(link, kiosk, owner) {
      const key = await importOwnerKey(owner, keys);
      const isWriter = head?.writers.some((writer) => writer.kiosk === kiosk) === true;
      if (!head || kiosk === signer?.kiosk || !(isWriter || head.revoked.includes(kiosk))) {
        throw new InfaceError('INVALID_INPUT', `'${kiosk}' is not another kiosk that writes. See fleet.writers().`);
      }
      // Once the kiosk is revoked, what it wrote is refused.
      const left = await replicator.readLeft(link);
      // One that was interrupted is finished by the next call: the kiosk is revoked then, but not all is sealed again.
      if (isWriter) {
        const writers = head.writers.filter((writer) => writer.kiosk !== kiosk);
        const revoked = [...head.revoked, kiosk];
        const entry = await link.get(headKey(keys));
        await writeHead(link, { ...head, serial: head.serial + 1, writers, revoked }, key, entry?.revision ?? 0);
      }
      await replicator.reseal(link, left);
    },
  };
}

/** Writes a value whatever is there. Only the owner of the fleet writes it. */
async function overwrite(link: Link, key: string, value: Uint8Array<ArrayBuffer>): Promise<void> {
  const entry = await link.get(key);
  if ((await link.put(key, value, entry?.revision ?? 0)) === 'conflict') {
    throw new InfaceError(
      'FLEET_UNREACHABLE',
      'Another kiosk changes the keys of the fleet at the same time. Try again.',
    );
  }
}
