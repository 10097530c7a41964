/** A fleet that was joined: connects, keeps the store and the bucket alike, and reports how it goes. */
import { InfaceError } from '../api/errors.js';
import { LASTING, type Fleet, type FleetEvents, type FleetKit, type FleetStatus } from './contract.js';
import type { Identity, Journal, Position } from './journal.js';
import { importFleetKey, importOwnerKey } from './keys.js';
import { createReplicator } from './replicator.js';
import { createSealer, EPOCH_KEY, headKey, openHead, readEpoch, sealHead, signEpoch, type FleetHead } from './seal.js';
import type { Entry, Link, Transport } from './transport.js';

export interface SessionOptions {
  readonly kit: FleetKit;
  readonly transport: Transport;
  readonly journal: Journal;
  readonly identity: Identity;
  readonly mode: 'read' | 'write';
  /** Ids of the collections to take. Defaults to everything. */
  readonly collections?: readonly string[] | undefined;
  /** Whether the fleet key is newer than the one of the journal. */
  readonly isNewKey: boolean;
  /** Admits this kiosk, if it is not yet in the list of writers. */
  readonly ownerKey: CryptoKey | null;
  readonly now?: () => number;
  /** Waits until this kiosk may replicate, because no other tab does. Rejects when the signal aborts. */
  readonly turn: (signal: AbortSignal) => Promise<() => void>;
}

/** Waits between attempts to connect or to write, in milliseconds. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** Records that are sent before what arrived meanwhile is taken. */
const SEND_COUNT = 256;

/** Starts to replicate, and returns at once: there may be no connection for weeks. */
export async function createSession(options: SessionOptions): Promise<Fleet> {
  const { kit, transport, journal, turn, now = Date.now } = options;
  let { identity } = options;
  const signer = options.mode === 'write' ? identity.signer : null;
  let sealer = createSealer(identity.keys, signer);
  const listeners: { readonly [K in keyof FleetEvents]: Set<(event: FleetEvents[K]) => void> } = {
    status: new Set(),
    refused: new Set(),
  };
  let state: FleetStatus['state'] = 'standby';
  let behind = 0;
  let refused = 0;
  let problem: InfaceError | null = null;
  let head: FleetHead | null = null;
  let link: Link | null = null;
  let isDirty = true;
  let ownerKey = options.ownerKey;
  const left = new AbortController();
  /** Ends the connection, to begin with the next one. */
  let reconnect: () => void = () => undefined;

  const replicator = await createReplicator({
    replica: kit.replica,
    journal,
    sealer,
    kiosk: signer?.kiosk ?? null,
    collections: options.collections,
    now,
    onRefused: (refusal) => {
      refused++;
      for (const listener of listeners.refused) listener(refusal);
    },
  });
  if (options.isNewKey) {
    await replicator.rekey(sealer);
    await journal.saveIdentity(identity);
  }

  const isAdmitted = (): boolean => head?.writers.some(({ kiosk }) => kiosk === signer?.kiosk) === true;

  const status = (): FleetStatus => ({
    state,
    behind,
    outbox: replicator.outbox(),
    waiting: replicator.waiting(),
    lastChange: replicator.position().lastChange,
    refused,
    problem,
    writer: signer && { kiosk: signer.kiosk, isAdmitted: isAdmitted() },
  });

  const hasLeft = (): boolean => left.signal.aborted;

  function setState(next: FleetStatus['state']): void {
    state = next;
    report();
  }

  let reported = '';
  function report(): void {
    const current = status();
    const text = JSON.stringify([current, current.problem?.message]);
    if (text === reported) return;
    reported = text;
    for (const listener of listeners.status) listener(current);
  }

  /** Runs work on the journal and the store, one after another. */
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  /** Notes what changed in the store since the last time, and repairs what it lost. */
  async function observe(): Promise<void> {
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
    const opened = await openHead(identity.keys, value);
    if (typeof opened === 'string' || opened.serial < (head?.serial ?? 0)) {
      refused++;
      const reason = typeof opened === 'string' ? opened : 'replayed';
      for (const listener of listeners.refused) listener({ reason, revision });
      return;
    }
    head = opened;
    await sealer.setWriters(opened);
    await replicator.keepHead(value);
  }

  async function checkEpoch(entry: Entry | null): Promise<void> {
    const epoch = entry?.value ? await readEpoch(identity.keys, entry.value) : null;
    if (epoch === null || epoch <= identity.keys.epoch) return;
    throw new InfaceError(
      'FLEET_KEY_OUTDATED',
      `The fleet key was replaced: this kiosk has number ${identity.keys.epoch}, the fleet ${epoch}. ` +
        'Join with the new key; changes made here are kept until then.',
    );
  }

  async function take(entries: readonly Entry[], after: number): Promise<void> {
    const records = [];
    for (const entry of entries) {
      if (entry.key === EPOCH_KEY) await checkEpoch(entry);
      else if (entry.key === headKey(identity.keys)) {
        // Records before it are checked by the list before it.
        await replicator.take(records.splice(0));
        await takeHead(entry);
      } else if (entry.key.startsWith(`${identity.keys.epoch}.`)) records.push(entry);
    }
    // The store is not observed for each part, which takes longer: what changed there is noticed when it is written over.
    await replicator.take(records, entries.at(-1)?.revision);
    // People who were left out until they joined one of the collections.
    if (options.collections) isDirty = true;
    behind = after;
    setState(after === 0 ? 'current' : 'catching-up');
  }

  /** Sends what changed here. A failure is reported, and tried again. */
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  async function send(): Promise<void> {
    // It is called again in the end.
    if (state === 'catching-up') return;
    try {
      await observe();
      if (link && state === 'current' && isAdmitted() && replicator.outbox() > 0) {
        const before = replicator.outbox();
        const after = await replicator.push(link, SEND_COUNT);
        if (after > 0 && after < before) schedule();
      }
      failures = 0;
      if (state === 'current') problem = null;
    } catch (error) {
      if (hasLeft()) return;
      problem = toProblem(error);
      clearTimeout(retry);
      retry = setTimeout(schedule, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    }
    report();
  }

  let isScheduled = false;
  function schedule(): void {
    if (isScheduled || hasLeft()) return;
    isScheduled = true;
    void inTurn(() => {
      isScheduled = false;
      return hasLeft() ? Promise.resolve() : send();
    });
  }

  /** Compares the bucket with what is known of it, and gets the list of writers. */
  async function prepare(to: Link): Promise<void> {
    const { created, revision } = await to.info();
    const position = (): Position => replicator.position();
    await checkEpoch(await to.get(EPOCH_KEY));
    if (position().bucket !== created || position().revision > revision) await replicator.restart(created);
    const kept = position().head;
    if (kept && !head) await takeHead({ key: headKey(identity.keys), revision: 0, value: kept });
    const entry = await to.get(headKey(identity.keys));
    const opened = entry?.value ? await openHead(identity.keys, entry.value) : null;
    if (opened === 'corrupt' && !head) {
      throw new InfaceError(
        'FLEET_KEY_OUTDATED',
        'The fleet key does not open the list of writers in this bucket. Check the key and the name of the bucket.',
      );
    }
    if (entry) await takeHead(entry);
    const { space } = await kit.replica.state();
    if (signer && ownerKey && !isAdmitted()) {
      const writer = { kiosk: signer.kiosk, publicKey: identity.publicKey ?? '' };
      const next = {
        serial: (head?.serial ?? 0) + 1,
        space: head?.space ?? space,
        writers: [...(head?.writers ?? []), writer],
        revoked: (head?.revoked ?? []).filter((kiosk) => kiosk !== signer.kiosk),
      };
      await writeHead(to, next, ownerKey, entry?.revision ?? 0);
    } else if (
      signer &&
      kept &&
      (typeof opened !== 'object' || opened === null || opened.serial < (head?.serial ?? 0))
    ) {
      // The bucket was restored from a backup, or lost.
      await to.put(headKey(identity.keys), kept, entry?.revision ?? 0);
    }
    if (isAdmitted()) ownerKey = null;
    await checkSpace(space);
  }

  async function writeHead(to: Link, next: FleetHead, key: CryptoKey, expected: number): Promise<void> {
    const value = await sealHead(identity.keys, next, key);
    const revision = await to.put(headKey(identity.keys), value, expected);
    if (revision === 'conflict') throw new Error('The list of writers was changed at the same time.');
    await takeHead({ key: headKey(identity.keys), revision, value });
  }

  async function checkSpace(space: string): Promise<void> {
    if (!head || head.space === space) return;
    const { migration } = await kit.info();
    if (migration.some((old) => old.space === head?.space && old.problem === null)) return;
    throw new InfaceError(
      'EMBEDDING_SPACE_MISMATCH',
      `The fleet has templates of the models '${head.space}', this kiosk has '${space}'. ` +
        'Use the same models on all kiosks; models of a migration must be loaded before the fleet is joined.',
    );
  }

  /** Attempts to connect since the last one that succeeded. */
  let attempts = 0;
  async function use(to: Link, lost: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const end = () => ended.abort();
    lost.addEventListener('abort', end);
    reconnect = end;
    try {
      await inTurn(() => prepare(to));
      link = to;
      problem = null;
      attempts = 0;
      setState('catching-up');
      await to.watch(
        replicator.position().revision,
        async (entries, after) => {
          await inTurn(() => take(entries, after));
          if (after === 0) schedule();
        },
        ended.signal,
      );
    } finally {
      link = null;
      lost.removeEventListener('abort', end);
    }
  }

  async function run(): Promise<void> {
    const release = await turn(left.signal);
    try {
      while (!hasLeft()) {
        setState('offline');
        try {
          await transport.connect(use, left.signal);
        } catch (error) {
          problem = toProblem(error);
        }
        setState('offline');
        schedule();
        if (hasLeft() || (problem && LASTING.includes(problem.code))) break;
        // Kiosks of a fleet must not all come back at the same moment.
        await pause(RETRY_MS[Math.min(attempts++, RETRY_MS.length - 1)]! * (0.5 + Math.random()), left.signal);
      }
    } finally {
      release();
    }
  }

  const changed = (): void => {
    isDirty = true;
    if (state !== 'standby') schedule();
  };
  const stops = [kit.on('profiles', changed), kit.on('collections', changed), kit.on('vault', changed)];
  // A rejection of turn() is the end of the wait by leave().
  const running = run().catch(() => undefined);

  /** Returns the connection for work that needs the whole fleet as it is now. */
  function connected(): Link {
    if (options.collections) {
      throw new InfaceError(
        'INVALID_INPUT',
        "A kiosk with 'collections' does not hold the whole fleet. Use another one.",
      );
    }
    if (link && state === 'current' && isAdmitted() && replicator.outbox() === 0) return link;
    throw new InfaceError(
      'FLEET_UNREACHABLE',
      `The fleet is ${state}, with ${replicator.outbox()} changes to send. Wait until it is current and all changes are sent.`,
    );
  }

  return {
    status,
    on: (event, listener) => {
      listeners[event].add(listener);
      return () => listeners[event].delete(listener);
    },
    writers: () => head?.writers.map(({ kiosk }) => kiosk) ?? [],
    rotate: (nextKey, owner) =>
      inTurn(async () => {
        const keys = await importFleetKey(nextKey);
        const key = await importOwnerKey(owner, identity.keys);
        if (keys.fleetId !== identity.keys.fleetId || keys.epoch <= identity.keys.epoch) {
          throw new InfaceError('INVALID_INPUT', 'The next key does not follow the fleet key. Use nextFleetKey().');
        }
        const to = connected();
        const next = createSealer(keys, signer);
        await replicator.reseal(to, next);
        const value = await sealHead(keys, { ...head!, serial: head!.serial + 1 }, key);
        await overwrite(to, headKey(keys), value);
        await overwrite(to, EPOCH_KEY, await signEpoch(keys, keys.epoch, key));
        const old = identity.keys.epoch;
        identity = { ...identity, keys };
        sealer = next;
        await replicator.rekey(next);
        await journal.saveIdentity(identity);
        await takeHead({ key: headKey(keys), revision: 0, value });
        await to.purge(String(old));
      }).finally(() => reconnect()),
    revoke: (kiosk, owner) =>
      inTurn(async () => {
        const key = await importOwnerKey(owner, identity.keys);
        const to = connected();
        const isWriter = head?.writers.some((writer) => writer.kiosk === kiosk) === true;
        if (!head || kiosk === signer?.kiosk || !(isWriter || head.revoked.includes(kiosk))) {
          throw new InfaceError('INVALID_INPUT', `'${kiosk}' is not another kiosk that writes. See fleet.writers().`);
        }
        // One that was interrupted is finished by the next call: the kiosk is revoked then, but not all is sealed again.
        if (isWriter) {
          const writers = head.writers.filter((writer) => writer.kiosk !== kiosk);
          const revoked = [...head.revoked, kiosk];
          const entry = await to.get(headKey(identity.keys));
          await writeHead(to, { ...head, serial: head.serial + 1, writers, revoked }, key, entry?.revision ?? 0);
        }
        await replicator.reseal(to);
      }),
    leave: async ({ erase = false } = {}) => {
      left.abort();
      clearTimeout(retry);
      for (const stop of stops) stop();
      await running;
      await queue;
      if (erase) await journal.erase();
      journal.close();
      setState('left');
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

function toProblem(error: unknown): InfaceError {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new InfaceError('FLEET_UNREACHABLE', `${reason} The kit tries again.`, { cause: error });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
