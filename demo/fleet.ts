/** The fleet of this device: other devices that have the same people. Only where the build names its servers. */
import type { Fleet, FleetStatus } from '../src/fleet/fleet.js';
import type { KitHandle } from './kit-handle.js';
import { forget, recall, remember } from './remembered.js';

const KEY = 'inface-fleet';

/** What is needed to join again after a start. The fleet key is not among it: it is in the vault. */
interface Membership {
  readonly user: string;
  readonly password: string;
  readonly mode: 'read' | 'write';
}

export interface FleetHandle {
  /** Addresses; none without a fleet. */
  readonly servers: readonly string[];
  /** `null` as long as this device is in no fleet. */
  readonly status: FleetStatus | null;
  /** What this device may do in the fleet, which its status does not have while the vault is locked. */
  readonly mode: 'read' | 'write';
  /** Joins, and again at each start. @param keys an owner key only for a device that writes, the first time */
  join(membership: Membership, keys: { readonly fleetKey: string; readonly ownerKey: string }): Promise<void>;
  /** Leaves for good. The people stay. */
  leave(): Promise<void>;
  /** @returns ends the listening */
  onChange(listener: () => void): () => void;
}

export function createFleet(kit: KitHandle): FleetHandle {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="inface-fleet-servers"]');
  const servers = meta?.content.split(' ') ?? [];
  const listeners = new Set<() => void>();
  let fleet: Fleet | null = null;
  let mode: Membership['mode'] = 'read';

  function changed(): void {
    for (const listener of listeners) listener();
  }

  async function join(membership: Membership, fleetKey = '', ownerKey = ''): Promise<void> {
    const { user, password } = membership;
    mode = membership.mode;
    const [ready, { joinFleet }] = await Promise.all([kit.ready(), import('../src/fleet/fleet.js')]);
    fleet = await joinFleet(ready, {
      servers,
      credentials: { user, password },
      mode,
      ...(fleetKey === '' ? {} : { fleetKey }),
      ...(ownerKey === '' ? {} : { ownerKey }),
    });
    fleet.on('status', changed);
    changed();
  }

  /** Joins and leaves one after another, because this tab and another one may want both at the same time. */
  let last: Promise<void> = Promise.resolve();
  function inTurn(work: () => Promise<void>): Promise<void> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  /** Joins or leaves, as this or another tab did. */
  async function follow(): Promise<void> {
    const stored = recall(KEY);
    if (stored === null) await leave();
    else if (fleet === null) await join(JSON.parse(stored) as Membership);
  }
  if (servers.length > 0) {
    inTurn(follow).catch(reportError);
    // It would go on with the replication here, after everything was erased there.
    addEventListener('storage', ({ key }) => {
      if (key === KEY || key === null) inTurn(follow).catch(reportError);
    });
  }

  async function leave(): Promise<void> {
    const left = fleet;
    fleet = null;
    changed();
    await left?.leave({ erase: true });
  }

  return {
    servers,
    get status() {
      return fleet?.status() ?? null;
    },
    get mode() {
      return mode;
    },
    join: (membership, { fleetKey, ownerKey }) =>
      inTurn(async () => {
        // Another tab joined meanwhile.
        await fleet?.leave();
        await join(membership, fleetKey, ownerKey);
        remember(KEY, JSON.stringify(membership));
      }),
    leave() {
      // First, so that no other tab takes over.
      forget((key) => key === KEY);
      return inTurn(leave);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
