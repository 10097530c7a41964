/** Describes what happens at the kiosk for other programs, and signs it. */
import type { KioskEvent, Subject } from './log.js';
import { toHex } from './secret.js';

export type MessageType = 'identified' | 'unknown' | 'refused' | 'help' | 'error' | 'heartbeat';

/** The body of a message, as JSON. */
export interface KioskMessage {
  /** Differs for each event; a receiver drops those that it has seen. */
  readonly id: string;
  /** By the clock of the device. ISO 8601, UTC. */
  readonly at: string;
  /** The name of the kiosk. */
  readonly kiosk: string;
  readonly type: MessageType;
  /** The entry of the log that it is about; null for a heartbeat. */
  readonly cause: KioskEvent | null;
  /** Of who was identified; null for everybody else, and after the person was deleted. */
  readonly profileId: string | null;
  readonly name: string | null;
  readonly score: number | null;
}

/** The entries of the log that are sent. */
const TYPES: Partial<Record<KioskEvent, MessageType>> = {
  identified: 'identified',
  pin: 'identified',
  unknown: 'unknown',
  attack: 'refused',
  'challenge-failed': 'refused',
  'challenge-locked': 'refused',
  'pin-wrong': 'refused',
  help: 'help',
  'challenge-help': 'help',
  'camera-lost': 'error',
  'models-failed': 'error',
  'watchdog-restart': 'error',
  'watchdog-reload': 'error',
};

/**
 * Describes an entry of the log for others; null if it is none of their business. Only whoever was identified is named:
 * the log knows whom a stranger resembles.
 */
export function toMessage(kiosk: string, event: KioskEvent, name: string, about: Subject | null): KioskMessage | null {
  const type = TYPES[event];
  if (!type) return null;
  const person = type === 'identified' && about ? { ...about, name } : { profileId: null, score: null, name: null };
  return { id: crypto.randomUUID(), at: new Date().toISOString(), kiosk, type, cause: event, ...person };
}

export function importSecret(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/** @returns the HMAC-SHA-256 of the body, in hexadecimal */
export async function sign(key: CryptoKey, body: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(body))));
}
