/** Entry `inface/fleet`: keeps the people of many kiosks alike, through a server that cannot read them. */
import { InfaceError } from '../api/errors.js';
import type { Fleet, FleetKit, FleetOptions } from './contract.js';
import { openJournal } from './journal-db.js';
import type { Identity, Journal } from './journal.js';
import { importFleetKey, importOwnerKey, kioskIdOf, SIGNATURE, toBase64 } from './keys.js';
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
 * start. Of several tabs, one replicates.
 * @throws InfaceError `INVALID_INPUT`
 */
export async function joinFleet(kit: FleetKit, options: FleetOptions): Promise<Fleet> {
  check(options);
  const { servers, credentials, mode, collections, bucket = 'inface', database = 'inface-fleet' } = options;
  const journal = await openJournal(database);
  try {
    const { identity, isNewKey, ownerKey } = await identify(journal, options);
    const transport = createNatsTransport({ servers, credentials, bucket });
    return await createSession({
      kit,
      transport,
      journal,
      identity,
      mode,
      collections,
      isNewKey,
      ownerKey,
      turn: (signal) => waitForTurn(`inface-fleet:${database}`, signal),
    });
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Returns the keys of this kiosk: those of the journal, unless the options have a newer fleet key. */
async function identify(
  journal: Journal,
  { fleetKey, mode, ownerKey }: FleetOptions,
): Promise<{ readonly identity: Identity; readonly isNewKey: boolean; readonly ownerKey: CryptoKey | null }> {
  const stored = await journal.loadIdentity();
  const given = fleetKey === undefined ? undefined : await importFleetKey(fleetKey);
  if (stored && given && stored.keys.fleetId !== given.fleetId) {
    throw new InfaceError(
      'INVALID_INPUT',
      'This kiosk belongs to another fleet. Leave it with leave({ erase: true }), or use another database.',
    );
  }
  const keys = given && given.epoch > (stored?.keys.epoch ?? 0) ? given : stored?.keys;
  if (!keys) throw new InfaceError('INVALID_INPUT', 'The fleet key is missing. Pass it the first time a kiosk joins.');
  const isNewKey = stored !== null && keys !== stored.keys;
  const pair = mode === 'write' && !stored?.signer ? await createSigner() : undefined;
  const identity = { keys, signer: stored?.signer ?? null, publicKey: stored?.publicKey ?? null, ...pair };
  // A new key is stored once the journal has the new names of the records.
  if (!stored || pair) await journal.saveIdentity({ ...identity, keys: stored?.keys ?? keys });
  const owner = ownerKey === undefined ? null : await importOwnerKey(ownerKey, keys);
  return { identity, isNewKey, ownerKey: owner };
}

async function createSigner(): Promise<Pick<Identity, 'signer' | 'publicKey'>> {
  const pair = await crypto.subtle.generateKey(SIGNATURE, false, ['sign', 'verify']);
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { signer: { kiosk: await kioskIdOf(point), key: pair.privateKey }, publicKey: toBase64(point) };
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
