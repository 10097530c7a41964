/** Kiosks of the tests: a store in memory that has joined a fleet over the real transport. */
import { createNatsTransport } from '../../src/fleet/nats.js';
import type { Fleet, FleetCredentials, FleetKit } from '../../src/fleet/contract.js';
import { createFleetKeys } from '../../src/fleet/keys.js';
import { createSession } from '../../src/fleet/session.js';
import type { Transport } from '../../src/fleet/transport.js';
import type { Journal } from '../../src/fleet/journal.js';
import { eventually } from './servers.js';
import { createMemoryJournal, Store } from './simulation.js';

export interface JoinOptions {
  readonly mode: 'read' | 'write';
  readonly fleetKey?: string;
  readonly ownerKey?: string;
  readonly collections?: readonly string[];
  readonly journal?: Journal;
  readonly store?: Store;
  /** Waits until no other tab replicates. Defaults to at once. */
  readonly turn?: (signal: AbortSignal) => Promise<() => void>;
}

export interface TestKiosk {
  readonly store: Store;
  readonly fleet: Fleet;
  readonly journal: Journal;
  /** Waits until the fleet is current, and has what the store holds. */
  settled(): Promise<void>;
}

/** Name of the keys in the vault. */
export const DATABASE = 'inface-fleet';

/** Returns the parts of a kit that a fleet uses. */
function kitOf(store: Store): FleetKit {
  return {
    replica: store,
    on: (event, listener) => {
      if (event === 'vault') return store.onVault(() => listener({} as never));
      return event === 'profiles'
        ? store.onChange((change) => listener({ change, ids: [], origin: 'this-kit' } as never))
        : () => undefined;
    },
  };
}

export async function join(transport: Transport, options: JoinOptions): Promise<TestKiosk> {
  const { mode, journal = createMemoryJournal(), store = new Store(Date.now), ...rest } = options;
  const fleet = await createSession({
    turn: () => Promise.resolve(() => undefined),
    ...rest,
    kit: kitOf(store),
    transport,
    journal,
    database: DATABASE,
    mode,
  });
  const settled = () =>
    eventually(async () => {
      const { state, behind, outbox, problem } = fleet.status();
      const isSent = mode === 'read' || (outbox === 0 && (await isKnown(store, journal)));
      if (state !== 'current' || behind > 0 || !isSent) {
        throw new Error(
          `The fleet is ${state}, ${behind} behind, ${outbox} to send: ${problem?.message ?? 'no problem'}`,
        );
      }
    });
  return { store, fleet, journal, settled };
}

/** Whether the fleet knows what the store holds: changes are noticed a moment after they were made. */
async function isKnown(store: Store, journal: Journal): Promise<boolean> {
  const { profiles, deletions } = await store.state();
  const known = new Map((await journal.load()).known.map((entry) => [entry.name, entry]));
  return (
    profiles.every(({ id, updatedAt }) => known.get(`profile:${id}`)?.stamp.time === updatedAt) &&
    deletions.every(({ kind, id }) => known.get(`${kind}:${id}`)?.stamp.isDeleted === true)
  );
}

export function joinServers(
  servers: readonly string[],
  credentials: FleetCredentials,
  options: JoinOptions,
): Promise<TestKiosk> {
  return join(createNatsTransport({ servers, credentials, bucket: 'inface' }), options);
}

/** Waits until the status is as expected. */
export function waitFor(fleet: Fleet, isMet: (status: ReturnType<Fleet['status']>) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        done(() =>
          reject(
            new Error(`The fleet stays: ${JSON.stringify(fleet.status())} ${fleet.status().problem?.message ?? ''}`),
          ),
        ),
      40_000,
    );
    const stop = fleet.on('status', (status) => isMet(status) && done(resolve));
    const done = (end: () => void) => {
      clearTimeout(timer);
      stop();
      end();
    };
    if (isMet(fleet.status())) done(resolve);
  });
}

/** Waits until two stores hold the same. */
export function alike(...kiosks: readonly TestKiosk[]): Promise<void> {
  return eventually(() => {
    const [first, ...others] = kiosks.map(({ store }) => JSON.stringify(store.content()));
    for (const other of others) if (other !== first) throw new Error('The stores differ.');
  });
}

export { createFleetKeys };
