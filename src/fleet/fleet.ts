/** Entry `inface/fleet`: keeps the people of many kiosks alike, through a server that cannot read them. */
import { InfaceError } from '../api/errors.js';
import type { Fleet, FleetKit, FleetOptions } from './contract.js';
import { checkIdentity } from './identity.js';
import { openJournal } from './journal-db.js';
import { importOwnerKey } from './keys.js';
import { createNatsTransport } from './nats.js';
import { createSession } from './session.js';

export type { Fleet, FleetCredentials, FleetEvents, FleetKit, FleetOptions, FleetStatus } from './contract.js';
export { createFleetKeys, nextFleetKey, type FleetSecrets } from './keys.js';
export type { Refusal } from './replicator.js';
export type { RefusalReason } from './seal.js';

const BUCKET = /^[\w-]{1,64}$/;

/**
 * Joins a fleet: from now on, what is enrolled, changed or deleted on one kiosk is on all. Returns before there is a
 * connection, because a kiosk may be offline for weeks; `status()` and its event report how it goes. Call it after every
 * start. Of several tabs, one replicates. While the vault is locked, it waits.
 * @throws InfaceError `INVALID_INPUT`, `FLEET_KEY_MISSING`
 */
export async function joinFleet(kit: FleetKit, options: FleetOptions): Promise<Fleet> {
  check(options);
  const { servers, credentials, bucket = 'inface', database = 'inface-fleet', ...rest } = options;
  const journal = await openJournal(database);
  try {
    await checkKeys(kit, options, database);
    const transport = createNatsTransport({ servers, credentials, bucket });
    const turn = (signal: AbortSignal) => waitForTurn(`inface-fleet:${database}`, signal);
    return await createSession({ ...rest, kit, transport, journal, database, turn });
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Checks the keys if the vault is open. The session would report only later that they are wrong. */
async function checkKeys(kit: FleetKit, { fleetKey, ownerKey }: FleetOptions, database: string): Promise<void> {
  try {
    const { stored, given } = await checkIdentity(kit.replica, database, fleetKey);
    if (ownerKey !== undefined) await importOwnerKey(ownerKey, (given ?? stored)!);
  } catch (error) {
    if (!(error instanceof InfaceError) || error.code !== 'VAULT_LOCKED') throw error;
  }
}

/** Waits until no other tab replicates with this database. @returns a function that ends the turn */
function waitForTurn(name: string, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { signal }, () => new Promise<void>((release) => resolve(release)))
      .catch((error: unknown) => reject(error instanceof Error ? error : new Error(String(error))));
  });
}

function check(options: FleetOptions): void {
  const { servers, credentials, mode, collections, bucket, database } = options;
  const isAddress = (value: unknown) => typeof value === 'string' && /^wss?:\/\/./.test(value);
  if (!Array.isArray(servers) || servers.length === 0 || !servers.every(isAddress)) {
    throw invalid('servers', servers, "a list of addresses such as 'wss://nats.example.com:9222'");
  }
  const given = credentials as Partial<Record<string, unknown>> | null;
  const isText = (...names: readonly string[]) => names.every((name) => typeof given?.[name] === 'string');
  if (!isText('user', 'password') && !isText('token') && !isText('creds')) {
    throw new InfaceError('INVALID_INPUT', "The credentials need 'user' and 'password', or 'token', or 'creds'.");
  }
  // TypeScript prevents this, but callers may use JavaScript.
  if (!['read', 'write'].includes(mode)) throw invalid('mode', mode, "'read' or 'write'");
  const isList = Array.isArray(collections) && collections.every((id) => typeof id === 'string');
  if (collections !== undefined && !isList) throw invalid('collections', collections, 'a list of ids');
  if (bucket !== undefined && !BUCKET.test(bucket)) throw invalid('bucket', bucket, 'letters, digits, - and _');
  if (database === '') throw invalid('database', database, 'a name');
}

function invalid(option: string, value: unknown, allowed: string): InfaceError {
  return new InfaceError(
    'INVALID_INPUT',
    `joinFleet() option '${option}' is ${JSON.stringify(value)}. Use ${allowed}.`,
  );
}
