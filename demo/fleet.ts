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

  async function joinAgain(): Promise<void> {
    const stored = recall(KEY);
    if (servers.length === 0 || stored === null) return;
    await join(JSON.parse(stored) as Membership);
    // Another tab may have left meanwhile.
    if (recall(KEY) === null) await leave();
  }
  joinAgain().catch(reportError);

  async function leave(): Promise<void> {
    const left = fleet;
    fleet = null;
    changed();
    await left?.leave({ erase: true });
  }

  // Another tab joined or left. It would go on with the replication here, after everything was erased there.
  addEventListener('storage', ({ key }) => {
    if (key !== KEY && key !== null) return;
    const isMember = recall(KEY) !== null;
    if (isMember !== (fleet !== null)) (isMember ? joinAgain() : leave()).catch(reportError);
  });

  return {
    servers,
    get status() {
      return fleet?.status() ?? null;
    },
    get mode() {
      return mode;
    },
    async join(membership, { fleetKey, ownerKey }) {
      await join(membership, fleetKey, ownerKey);
      remember(KEY, JSON.stringify(membership));
    },
    leave() {
      // First, so that no other tab takes over.
      forget((key) => key === KEY);
      return leave();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
