/** What the admin of this device has set, across reloads. */
import type { SpoofPolicy } from '../../src/index.js';
import { MAX_LOGO_LENGTH } from './logo.js';

/** The policies that an operator can choose; error rates are not among them. */
export type KioskSpoof = Extract<SpoofPolicy, string>;

export interface KioskSettings {
  readonly spoof: KioskSpoof;
  /** Whether the active challenge has to be passed before a name is shown. */
  readonly challenge: boolean;
  readonly maxFpir: number;
  /** For how long a name stays when its face is gone. */
  readonly holdSeconds: number;
  readonly sound: boolean;
  /** For how many days an entry of the log is kept. */
  readonly logDays: number;
  /** Whether nobody is named while others are as near. */
  readonly oneAtATime: boolean;
  /** Whether pictures of the last people are kept in memory for some minutes. */
  readonly pictures: boolean;
  /** Of the kiosk; empty for that of the collection. */
  readonly name: string;
  /** As a `data:` URL; empty for none. */
  readonly logo: string;
  /** How to get help, for whoever is not recognized; empty for nothing. */
  readonly help: string;
  /** Whom to call then; empty for nobody. */
  readonly phone: string;
  /** Stands under a name; empty for the usual words. */
  readonly greeting: string;
}

const KEY = 'inface-kiosk-settings';
export const POLICIES: readonly KioskSpoof[] = ['require', 'report', 'off'];
export const RATES: readonly number[] = [0.001, 0.01, 0.05];
export const HOLD_SECONDS: readonly number[] = [2, 4, 8, 15];
export const LOG_DAYS: readonly number[] = [7, 30, 90, 365];
export const MAX_WORDS = 60;
export const MAX_HELP = 200;

const DEFAULTS: KioskSettings = {
  spoof: 'require',
  challenge: false,
  maxFpir: 0.01,
  holdSeconds: 4,
  sound: true,
  logDays: 30,
  oneAtATime: true,
  pictures: false,
  name: '',
  logo: '',
  help: '',
  phone: '',
  greeting: '',
};

/** What was stored; what is missing or not allowed is as at first. */
export function readSettings(): KioskSettings {
  let stored: Partial<Record<keyof KioskSettings, unknown>>;
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as typeof stored;
  } catch {
    return DEFAULTS;
  }
  const oneOf = <T>(allowed: readonly T[], value: unknown, otherwise: T) =>
    allowed.find((each) => each === value) ?? otherwise;
  return {
    spoof: oneOf(POLICIES, stored.spoof, DEFAULTS.spoof),
    challenge: oneOf([true, false], stored.challenge, DEFAULTS.challenge),
    maxFpir: oneOf(RATES, stored.maxFpir, DEFAULTS.maxFpir),
    holdSeconds: oneOf(HOLD_SECONDS, stored.holdSeconds, DEFAULTS.holdSeconds),
    sound: oneOf([true, false], stored.sound, DEFAULTS.sound),
    logDays: oneOf(LOG_DAYS, stored.logDays, DEFAULTS.logDays),
    oneAtATime: oneOf([true, false], stored.oneAtATime, DEFAULTS.oneAtATime),
    pictures: oneOf([true, false], stored.pictures, DEFAULTS.pictures),
    name: textOf(stored.name, MAX_WORDS),
    logo: typeof stored.logo === 'string' && stored.logo.length <= MAX_LOGO_LENGTH ? stored.logo : '',
    help: textOf(stored.help, MAX_HELP),
    phone: textOf(stored.phone, MAX_WORDS),
    greeting: textOf(stored.greeting, MAX_WORDS),
  };
}

function textOf(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? value.slice(0, maxLength) : '';
}

export function writeSettings(settings: KioskSettings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}
