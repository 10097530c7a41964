/** The keys of this kiosk. They are kept in the vault of its kit. */
import { InfaceError } from '../api/errors.js';
import type { Replica, ReplicaKeys } from '../api/replica.js';
import { fleetIdOf, importFleetKey, isSameKey, kioskIdOf, SIGNATURE, toBase64, type FleetKeys } from './keys.js';
import type { Signer } from './seal.js';

export interface Identity {
  readonly keys: FleetKeys;
  /** `null` on a kiosk that only reads. */
  readonly signer: Signer | null;
}

type Vault = Pick<Replica, 'keys' | 'keepKeys'>;

/** Names of the sets of keys in the vault. A new fleet key replaces the first one only. */
const setsOf = (database: string) => ({ fleet: `${database} fleet`, signer: `${database} signer` });

/**
 * Checks that a kiosk can join with the keys that it has.
 * @param fleetKey the one that the application passed; `undefined` for none
 * @throws InfaceError `INVALID_INPUT`, `FLEET_KEY_MISSING`, `VAULT_LOCKED`
 */
export async function checkIdentity(
  vault: Vault,
  database: string,
  fleetKey: string | undefined,
): Promise<{ readonly stored: FleetKeys | null; readonly given: FleetKeys | null }> {
  const given = fleetKey === undefined ? null : await importFleetKey(fleetKey, true);
  const stored = await readFleetKeys(vault, database);
  const isOther = given !== null && stored !== null && stored.fleetId !== given.fleetId;
  // As after a rotation that was repeated with another key: what the kiosk has would not open the fleet.
  if (isOther || (given && stored?.epoch === given.epoch && !(await isSameKey(stored, given)))) {
    throw new InfaceError(
      'INVALID_INPUT',
      `This kiosk has ${isOther ? 'the key of another fleet' : 'another key with the same number'}. ` +
        'Join without a fleet key and call leave({ erase: true }) first, or use another database.',
    );
  }
  if (!stored && !given) {
    throw new InfaceError(
      'FLEET_KEY_MISSING',
      'The vault has no fleet key. Pass it the first time a kiosk joins, and after the store or its key was erased.',
    );
  }
  return { stored, given };
}

/**
 * Returns the keys of this kiosk, and keeps those that are new.
 *
 * These are a newer fleet key, and on a kiosk that writes the key that it signs with.
 * @throws InfaceError as {@link checkIdentity}
 */
export async function takeIdentity(
  vault: Vault,
  database: string,
  fleetKey: string | undefined,
  mode: 'read' | 'write',
): Promise<Identity> {
  const { stored, given } = await checkIdentity(vault, database, fleetKey);
  const keys = given && given.epoch > (stored?.epoch ?? 0) ? await keepFleetKeys(vault, database, given) : stored!;
  return { keys, signer: mode === 'write' ? await takeSigner(vault, database) : null };
}

/** Keeps a fleet key, imported as extractable. @returns the same that scripts cannot read */
export async function keepFleetKeys(vault: Vault, database: string, keys: FleetKeys): Promise<FleetKeys> {
  const { epoch, seal, name, owner } = keys;
  // One set, so that the number of the key and the key are never of different rotations.
  const set = { [`${epoch}.seal`]: seal, [`${epoch}.name`]: name, [`${epoch}.owner`]: owner };
  await vault.keepKeys(setsOf(database).fleet, set);
  return (await readFleetKeys(vault, database))!;
}

/** Whether the vault has a fleet key, also while it is locked. */
export function hasFleetKey(vault: Vault, database: string): Promise<boolean> {
  return vault.keys(setsOf(database).fleet).then(
    (set) => set !== null,
    () => true,
  );
}

/** Deletes the keys of this kiosk. It works while the vault is locked. */
export async function forgetIdentity(vault: Vault, database: string): Promise<void> {
  const { fleet, signer } = setsOf(database);
  await vault.keepKeys(fleet, null);
  await vault.keepKeys(signer, null);
}

async function readFleetKeys(vault: Vault, database: string): Promise<FleetKeys | null> {
  const set = await vault.keys(setsOf(database).fleet);
  if (!set) return null;
  const epoch = Number.parseInt(Object.keys(set)[0]!, 10);
  const [seal, name, owner] = ['seal', 'name', 'owner'].map((key) => set[`${epoch}.${key}`]!);
  return { fleetId: await fleetIdOf(await bytesOf(owner!)), epoch, seal: seal!, name: name!, owner: owner! };
}

async function takeSigner(vault: Vault, database: string): Promise<Signer> {
  const set = setsOf(database).signer;
  const kept = await vault.keys(set);
  if (kept) return signerOf(kept);
  const { privateKey: sign, publicKey: verify } = await crypto.subtle.generateKey(SIGNATURE, true, ['sign', 'verify']);
  await vault.keepKeys(set, { sign, verify });
  return signerOf((await vault.keys(set))!);
}

async function signerOf(set: ReplicaKeys): Promise<Signer> {
  const point = await bytesOf(set['verify']!);
  return { kiosk: await kioskIdOf(point), key: set['sign']!, publicKey: toBase64(point) };
}

async function bytesOf(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}
