/** Public types of the entry `inface/fleet`. */
import type { ErrorCode, InfaceError } from '../api/errors.js';
import type { FaceKit } from '../api/kit.js';
import type { Refusal } from './replicator.js';

/** The parts of a kit that a fleet uses. */
export type FleetKit = Pick<FaceKit, 'replica' | 'on'>;

/** Identifies a kiosk to the server: a user and password, a token, or the text of a `.creds` file. */
export type FleetCredentials =
  { readonly user: string; readonly password: string } | { readonly token: string } | { readonly creds: string };

/**
 * Options of `joinFleet`.
 * @example
 * ```ts
 * const fleet = await joinFleet(kit, {
 *   servers: ['wss://nats.example.com:9222'],
 *   credentials: { user: 'reader', password },
 *   fleetKey,
 *   mode: 'read',
 * });
 * ```
 */
export interface FleetOptions {
  /** Addresses of the servers, `wss://` or, for tests on one machine, `ws://`. One that answers is enough. */
  readonly servers: readonly string[];
  readonly credentials: FleetCredentials;
  /**
   * The fleet key, from `createFleetKeys()`. It is kept in the vault of the kit, and may be left out from the second
   * time on. Scripts cannot read it there.
   */
  readonly fleetKey?: string;
  /** Whether changes made here are written to the fleet. With `read`, they stay here. */
  readonly mode: 'read' | 'write';
  /**
   * Ids of the collections to take, with their people. Nothing else of the fleet comes to this kiosk, and who leaves the
   * last of them goes from it. What its store has besides stays and is kept up to date. Changes made here are written in
   * any case. Defaults to everything.
   */
  readonly collections?: readonly string[];
  /**
   * The owner key, from `createFleetKeys()`. A kiosk that writes needs it the first time it joins, to be admitted to the
   * list of writers; and one of them needs it once after an update of the models, to move the fleet to the new ones. It is
   * not stored.
   */
  readonly ownerKey?: string;
  /** Name of the bucket on the server. Defaults to `'inface'`. */
  readonly bucket?: string;
  /** Name of the database for the progress, and of the keys in the vault. Defaults to `'inface-fleet'`. */
  readonly database?: string;
}

/** The state of a fleet on this kiosk. */
export interface FleetStatus {
  /**
   * `standby`: another tab replicates. `offline`: no server is connected, or the vault is locked. `catching-up`: changes of
   * the fleet are being taken. `current`: all of them were taken. `left`: `leave()` was called.
   */
  readonly state: 'standby' | 'offline' | 'catching-up' | 'current' | 'left';
  /** Number of changes on the server that were not taken yet, as far as it is known. */
  readonly behind: number;
  /** Number of changes made here that the fleet does not have yet. 0 while it is not known: on standby, and before the start. */
  readonly outbox: number;
  /** Number of memberships that wait for their person or collection. 0 while it is not known. */
  readonly waiting: number;
  /** ISO 8601, UTC: when a change was last taken or sent, `null` for never. */
  readonly lastChange: string | null;
  /** Number of records that were refused since the fleet was joined. */
  readonly refused: number;
  /**
   * Why the fleet does not work at the moment, `null` if it does. With `VAULT_LOCKED`, it goes on when the vault is
   * unlocked. The kit tries again unless a key or other models are needed.
   */
  readonly problem: InfaceError | null;
  /** This kiosk as a writer, `null` with `mode: 'read'`, on standby, and while the vault is locked. */
  readonly writer: { readonly kiosk: string; readonly isAdmitted: boolean } | null;
}

/** Events of `fleet.on`. */
export interface FleetEvents {
  /** The status changed. */
  readonly status: FleetStatus;
  /** A record was refused, because a server or a kiosk is defective or hostile. */
  readonly refused: Refusal;
}

/** A fleet that was joined. */
export interface Fleet {
  status(): FleetStatus;
  /** Adds an event listener. @returns a function that removes the listener */
  on<K extends keyof FleetEvents>(event: K, listener: (event: FleetEvents[K]) => void): () => void;
  /** Returns the kiosks that may write, as the owner listed them. */
  writers(): readonly string[];
  /**
   * Encrypts all records with a new fleet key. Other kiosks report `FLEET_KEY_OUTDATED` until they join with it. It can be
   * repeated with the same key after an interruption, to delete the records of older keys.
   * @param nextKey from `nextFleetKey()`; keep it before you call this
   * @throws InfaceError `INVALID_INPUT`, also on a kiosk with `collections`; `FLEET_UNREACHABLE`, `FLEET_ACCESS_DENIED`
   */
  rotate(nextKey: string, ownerKey: string): Promise<void>;
  /**
   * Removes a kiosk from the list of writers, and signs all records again. What it wrote before remains. It can be repeated
   * after an interruption.
   * @throws InfaceError `INVALID_INPUT`, also on a kiosk with `collections`; `FLEET_UNREACHABLE`, `FLEET_ACCESS_DENIED`
   */
  revoke(kiosk: string, ownerKey: string): Promise<void>;
  /**
   * Disconnects. Changes made here are sent when the fleet is joined again.
   * @param options with `erase`, also deletes the keys and the progress; the people stay in the store
   * @throws InfaceError `CLOSED` with `erase`, when the kit was closed before
   */
  leave(options?: { readonly erase?: boolean }): Promise<void>;
}

/** Codes of errors that end the replication until the application acts. */
export const LASTING: readonly ErrorCode[] = [
  'FLEET_KEY_OUTDATED',
  'FLEET_KEY_MISSING',
  'EMBEDDING_SPACE_MISMATCH',
  'INVALID_INPUT',
];
