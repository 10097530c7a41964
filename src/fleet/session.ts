/** A fleet that was joined: opens the vault, connects, and reports how it goes. */
import { InfaceError } from '../api/errors.js';
import { LASTING, type Fleet, type FleetEvents, type FleetKit, type FleetStatus } from './contract.js';
import { checkIdentity, forgetIdentity, hasFleetKey, keepFleetKeys, takeIdentity } from './identity.js';
import type { Journal } from './journal.js';
import { createReplication, type Replication } from './replication.js';
import type { Refusal } from './replicator.js';
import type { Entry, Link, Transport } from './transport.js';

export interface SessionOptions {
  readonly kit: FleetKit;
  readonly transport: Transport;
  readonly journal: Journal;
  /** Name of the keys in the vault. */
  readonly database: string;
  readonly fleetKey?: string | undefined;
  readonly mode: 'read' | 'write';
  /** Ids of the collections to take. Defaults to everything. */
  readonly collections?: readonly string[] | undefined;
  readonly ownerKey?: string | undefined;
  readonly now?: () => number;
  /** Waits until this kiosk may replicate, because no other tab does. Rejects when the signal aborts. */
  readonly turn: (signal: AbortSignal) => Promise<() => void>;
}

/** Waits between attempts to connect or to write, in milliseconds. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** Starts to replicate, and returns at once: there may be no connection for weeks. */
export async function createSession(options: SessionOptions): Promise<Fleet> {
  const { kit, transport, journal, database, mode, collections, turn, now = Date.now } = options;
  const { replica } = kit;
  let { fleetKey, ownerKey } = options;
  const listeners: { readonly [K in keyof FleetEvents]: Set<(event: FleetEvents[K]) => void> } = {
    status: new Set(),
    refused: new Set(),
  };
  let state: FleetStatus['state'] = 'standby';
  let behind = 0;
  let refused = 0;
  let problem: InfaceError | null = null;
  /** `null` on standby, and while the vault is locked: it holds the keys. */
  let replication: Replication | null = null;
  /** Ends the writes of a replication that is dropped. */
  let dropped = new AbortController();
  let link: Link | null = null;
  const left = new AbortController();
  /** Ends the connection, to begin with the next one. */
  let reconnect: () => void = () => undefined;
  let vaultChanges = 0;
  /** Ends a wait for the vault. */
  let vaultChanged: () => void = () => undefined;
  /** The last one that is known. */
  let position = await journal.loadPosition();
  const hadJournal = position !== null;
  const hadFleetKey = await hasFleetKey(replica, database);

  const status = (): FleetStatus => ({
    state,
    behind,
    outbox: replication?.outbox() ?? 0,
    waiting: replication?.waiting() ?? 0,
    lastChange: (replication?.position() ?? position)?.lastChange ?? null,
    refused,
    problem,
    writer: replication?.writer() ?? null,
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

  function onRefused(refusal: Refusal): void {
    refused++;
    for (const listener of listeners.refused) listener(refusal);
  }

  /** Runs work on the journal and the store, one after another. */
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  /** Gets the keys from the vault. The journal may have been written by another tab until now. */
  async function open(): Promise<Replication> {
    position = await journal.loadPosition();
    // Once the key is erased in the vault, the fleet must not come back by itself. Another tab may have put it there.
    const wasKept = hadFleetKey || (!hadJournal && position !== null);
    if (wasKept && !(await hasFleetKey(replica, database))) fleetKey = undefined;
    const identity = await takeIdentity(replica, database, fleetKey, mode);
    fleetKey = undefined;
    if (position && position.fleetId !== identity.keys.fleetId) {
      // The key of that fleet was erased, and the kiosk has joined another one.
      await journal.erase();
      position = null;
    }
    return createReplication({
      replica,
      journal,
      identity,
      collections,
      ownerKey,
      keep: async (keys) => {
        // Everything may have been erased during the rotation, the key with it.
        await checkIdentity(replica, database, undefined);
        return keepFleetKeys(replica, database, keys);
      },
      now,
      onRefused,
      signal: dropped.signal,
    });
  }

  async function take(from: Replication, entries: readonly Entry[], after: number): Promise<void> {
    await from.take(entries);
    behind = after;
    setState(after === 0 ? 'current' : 'catching-up');
  }

  /** Sends what changed here. A failure is reported, and tried again. */
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  async function send(): Promise<void> {
    // It is called again in the end.
    if (!replication || state === 'catching-up') return;
    try {
      await replication.observe(link);
      if (link && state === 'current' && (await replication.send(link))) schedule();
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

  /** Attempts to connect since the last one that succeeded. */
  let attempts = 0;
  async function use(opened: Replication, to: Link, lost: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const end = () => ended.abort();
    lost.addEventListener('abort', end);
    reconnect = end;
    try {
      // The vault was locked meanwhile.
      if (replication !== opened) return;
      await inTurn(() => opened.prepare(to));
      if (ended.signal.aborted) return;
      link = to;
      problem = null;
      attempts = 0;
      setState('catching-up');
      await to.watch(
        opened.position().revision,
        async (entries, after) => {
          await inTurn(() => take(opened, entries, after));
          if (after === 0) schedule();
        },
        ended.signal,
      );
    } finally {
      link = null;
      lost.removeEventListener('abort', end);
    }
  }

  /**
   * @returns `vaultChanges` when the vault was found locked; `null` when this kiosk has left, or a key or other models are
   * needed
   */
  async function replicate(): Promise<number | null> {
    while (!hasLeft()) {
      setState('offline');
      const changes = vaultChanges;
      let failure: InfaceError | null = null;
      try {
        const opened = replication ?? (await inTurn(open));
        if (changes !== vaultChanges) continue;
        replication = opened;
        if (problem?.code === 'VAULT_LOCKED') problem = null;
        await transport.connect((to, lost) => use(opened, to, lost), left.signal);
      } catch (error) {
        failure = problem = toProblem(error);
      }
      setState('offline');
      schedule();
      if (hasLeft() || (failure && LASTING.includes(failure.code))) break;
      if (failure?.code === 'VAULT_LOCKED') return changes;
      // Kiosks of a fleet must not all come back at the same moment.
      await pause(RETRY_MS[Math.min(attempts++, RETRY_MS.length - 1)]! * (0.5 + Math.random()), left.signal);
    }
    return null;
  }

  async function run(): Promise<void> {
    while (!hasLeft()) {
      const release = await turn(left.signal);
      const lockedAt = await replicate().finally(release);
      if (lockedAt === null) return;
      // Each tab is unlocked by itself, and another one may replicate meanwhile.
      while (lockedAt === vaultChanges && !hasLeft()) await new Promise<void>((resolve) => (vaultChanged = resolve));
      setState('standby');
    }
  }

  const changed = (): void => {
    replication?.touch();
    schedule();
  };
  // A vault that is locked keeps its keys for itself, and one whose key is replaced or destroyed may have lost them.
  const reopen = (): void => {
    position = replication?.position() ?? position;
    if (replication?.writer()?.isAdmitted) ownerKey = undefined;
    replication = null;
    dropped.abort();
    dropped = new AbortController();
    reconnect();
    vaultChanges++;
    vaultChanged();
  };
  const stops = [
    // What erases everybody may erase the keys too. People must not be brought back before that is known.
    kit.on('profiles', ({ change }) => (change === 'reset' ? reopen() : changed())),
    kit.on('collections', changed),
    kit.on('vault', reopen),
  ];
  // A rejection of turn() is the end of the wait by leave().
  const running = run().catch(() => undefined);

  /** Returns the replication and the connection for work that needs the whole fleet as it is now. */
  function connected(): [Replication, Link] {
    if (collections) {
      throw new InfaceError(
        'INVALID_INPUT',
        "A kiosk with 'collections' does not hold the whole fleet. Use another one.",
      );
    }
    const outbox = replication?.outbox() ?? 0;
    if (replication?.writer()?.isAdmitted && link && state === 'current' && outbox === 0) return [replication, link];
    throw new InfaceError(
      'FLEET_UNREACHABLE',
      `The fleet is ${state}, with ${outbox} changes to send. Wait until it is current and all changes are sent.`,
    );
  }

  return {
    status,
    on: (event, listener) => {
      listeners[event].add(listener);
      return () => listeners[event].delete(listener);
    },
    writers: () => replication?.writers() ?? [],
    rotate: (nextKey, owner) =>
      inTurn(() => {
        const [from, to] = connected();
        return from.rotate(to, nextKey, owner);
      }).finally(() => reconnect()),
    revoke: (kiosk, owner) =>
      inTurn(() => {
        const [from, to] = connected();
        return from.revoke(to, kiosk, owner);
      }),
    leave: async ({ erase = false } = {}) => {
      left.abort();
      vaultChanged();
      clearTimeout(retry);
      for (const stop of stops) stop();
      await running;
      await queue;
      try {
        if (erase) {
          await journal.erase();
          await forgetIdentity(replica, database);
        }
      } finally {
        journal.close();
        setState('left');
      }
    },
  };
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
