/** Checks arguments of the application before anything is decoded or sent to the worker. */
import { InfaceError } from '../../api/errors.js';
import type { SpoofRates, SpoofRule } from '../../api/spoof.js';
import { MAX_METADATA_LENGTH, MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../../api/limits.js';

/** Checks a value, and throws an error that contains `name` if the value is not allowed. */
export type Rule = (value: unknown, name: string) => void;

/** One rule per option. `checkOptions` rejects options without a rule. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule };

/**
 * Checks options and returns a copy without undefined ones.
 * @throws InfaceError `INVALID_INPUT` with the option, its value and the allowed values, or another error of a rule
 */
export function checkOptions<T extends object>(operation: string, options: T, rules: Rules<T>): T {
  // TypeScript prevents this, but callers may use JavaScript.
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw invalid(`the options of ${operation}()`, given, 'an object');
  }
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const rule = (rules as Readonly<Record<string, Rule | undefined>>)[key];
    if (!rule) throw invalid(`an option of ${operation}()`, key, `one of ${Object.keys(rules).join(', ')}`);
    if (value === undefined) continue;
    rule(value, `${operation}() option '${key}'`);
    checked[key] = value;
  }
  return checked as T;
}

export function oneOf(...choices: readonly (string | number)[]): Rule {
  return (value, name) => {
    if (!choices.includes(value as string)) throw invalid(name, value, `one of ${choices.join(', ')}`);
  };
}

/** Accepts whole numbers from `min` to `max`, inclusive. */
export function wholeNumber(min: number, max: number): Rule {
  return (value, name) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw invalid(name, value, `a whole number from ${min} to ${max}`);
    }
  };
}

/** Accepts numbers from 0 to 1, inclusive. */
export const fraction: Rule = (value, name) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw invalid(name, value, 'a number from 0 to 1');
};

/** Accepts numbers above 0 and below 1. */
export const rate: Rule = (value, name) => {
  if (typeof value !== 'number' || !(value > 0 && value < 1))
    throw invalid(name, value, 'a number above 0 and below 1');
};

export const bool: Rule = (value, name) => {
  if (typeof value !== 'boolean') throw invalid(name, value, 'true or false');
};

/** Accepts a list of one or more of the choices, without duplicates. */
export function eachOf(choices: readonly string[]): Rule {
  return (value, name) => {
    if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) {
      throw invalid(name, value, `a list of one or more of ${choices.join(', ')}, each once`);
    }
    value.forEach((item, i) => {
      oneOf(...choices)(item, `${name}[${i}]`);
    });
  };
}

export function nullOr(rule: Rule): Rule {
  return (value, name) => {
    if (value !== null) rule(value, name);
  };
}

/** Accepts a secret string. Its value must never appear in an error message. */
export const secretText: Rule = (value, name) => {
  if (typeof value !== 'string')
    throw new InfaceError('INVALID_INPUT', `${name} must be a string, got ${typeof value}.`);
};

const PASSPHRASE_LENGTH = { min: 8, max: 1_000 };

/** Accepts a new passphrase. The minimum of 8 characters is from NIST SP 800-63B. */
export const passphrase: Rule = (value, name) => {
  secretText(value, name);
  const { length } = value as string;
  const { min, max } = PASSPHRASE_LENGTH;
  if (length < min || length > max) {
    throw new InfaceError('INVALID_INPUT', `${name} must have ${min} to ${max} characters, got ${length}.`);
  }
};

/** Accepts a consent note. */
export const note: Rule = (value, name) => {
  if (typeof value !== 'string' || value.trim() === '') throw invalid(name, value, 'a string that is not empty');
  if (value.length > MAX_NOTE_LENGTH) {
    throw new InfaceError('LIMIT_EXCEEDED', `${name} has ${value.length} characters; the limit is ${MAX_NOTE_LENGTH}.`);
  }
};

/** Accepts a name. */
export const label: Rule = (value, name) => {
  if (typeof value !== 'string' || value.trim() === '') throw invalid(name, value, 'a string that is not empty');
  if (value.length > MAX_NAME_LENGTH) {
    throw new InfaceError('LIMIT_EXCEEDED', `${name} has ${value.length} characters; the limit is ${MAX_NAME_LENGTH}.`);
  }
};

/** Accepts the id of a record. Rejects image addresses, which callers may pass by mistake. */
export const id: Rule = (value, name) => {
  if (typeof value !== 'string' || value === '') throw invalid(name, value, 'an id, which is a string');
  const [scheme] = /^(data|blob|https?|file):/i.exec(value) ?? [];
  if (scheme !== undefined) {
    throw new InfaceError(
      'INVALID_INPUT',
      `${name} must be an id, got ${show(value)}, which is the address of an image. Compare two images with compare().`,
    );
  }
};

export const ids: Rule = (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, value, 'a list of ids');
  value.forEach((item, i) => {
    id(item, `${name}[${i}]`);
  });
};

/** Accepts a list of records, whose content is checked where it is used. */
export const records: Rule = (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, value, 'a list of records');
};

/** Accepts an object of keys that can be stored. Their values never appear in an error message. */
export const cryptoKeys: Rule = (value, name) => {
  const keys = Object.values(Object(value) as object);
  const isGood = (key: unknown) => key instanceof CryptoKey && key.extractable && !key.algorithm.name.startsWith('RSA');
  if (keys.length === 0 || !keys.every(isGood)) {
    throw new InfaceError(
      'INVALID_INPUT',
      `${name} must be an object of extractable CryptoKeys for AES, HMAC or elliptic curves.`,
    );
  }
};

/** Accepts a list of pairs of a collection and a profile. */
export const pairs: Rule = (value, name) => {
  if (!Array.isArray(value)) throw invalid(name, value, 'a list of pairs');
  value.forEach((item: unknown, i) => {
    const { collectionId, profileId } = (item ?? {}) as Readonly<Record<string, unknown>>;
    id(collectionId, `${name}[${i}].collectionId`);
    id(profileId, `${name}[${i}].profileId`);
  });
};

export const callback: Rule = (value, name) => {
  if (typeof value !== 'function') throw invalid(name, value, 'a function');
};

export const abortSignal: Rule = (value, name) => {
  if (!(value instanceof AbortSignal)) throw invalid(name, value, 'an AbortSignal');
};

/** Accepts a record, or what is needed of one to find its place in a list. */
export const placeInList: Rule = (value, name) => {
  const { id: own, createdAt } = (value ?? {}) as { readonly id?: unknown; readonly createdAt?: unknown };
  if (typeof own !== 'string' || typeof createdAt !== 'string')
    throw invalid(name, value, 'a profile of the page before');
};

/** Accepts an object that can be written as JSON. */
export const metadata: Rule = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, value, 'an object');
  let length: number;
  try {
    length = JSON.stringify(value).length;
  } catch (cause) {
    throw new InfaceError('INVALID_INPUT', `${name} cannot be written as JSON: ${String(cause)}`, { cause });
  }
  if (length > MAX_METADATA_LENGTH) {
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `${name} is ${length} characters of JSON; the limit is ${MAX_METADATA_LENGTH}.`,
    );
  }
};

export const SPOOF_RATE_RULES: Rules<SpoofRates> = { maxApcer: rate, maxBpcer: rate };

/** Accepts any `SpoofPolicy`. */
export const spoofPolicy: Rule = (value, name) => {
  if (value === 'off' || value === 'report' || value === 'require') return;
  if (typeof value !== 'object' || value === null) {
    throw invalid(name, value, "'off', 'report', 'require' or { require, maxApcer | maxBpcer }");
  }
  for (const [key, part] of Object.entries<unknown>({ require: undefined, ...value })) {
    const rule = { ...SPOOF_RATE_RULES, require: bool }[key];
    if (!rule) throw invalid(`a key of ${name}`, key, 'one of require, maxApcer, maxBpcer');
    if (part !== undefined || key === 'require') rule(part, `${name}.${key}`);
  }
  assertOneRate(value, name);
};

/**
 * Accepts `'off'`, and only policies that refuse faces, or only those that do not.
 * @param required whether to accept the policies that refuse faces
 * @param why the reason why the others are rejected, for the error message
 */
export function spoofPolicyFor(required: boolean, why: string): Rule {
  return (value, name) => {
    spoofPolicy(value, name);
    if (value === 'off') return;
    const isRequired = typeof value === 'string' ? value === 'require' : (value as SpoofRule).require;
    if (isRequired === required) return;
    const word = required ? 'require' : 'report';
    throw new InfaceError(
      'INVALID_INPUT',
      `${name} must be 'off', '${word}' or { require: ${required}, ... }: ${why}.`,
    );
  };
}

/** Checks that at most one of the rates is set. @throws InfaceError `INVALID_INPUT` */
export function assertOneRate({ maxApcer, maxBpcer }: SpoofRates, name: string): void {
  if (maxApcer !== undefined && maxBpcer !== undefined) {
    throw new InfaceError('INVALID_INPUT', `${name} takes 'maxApcer' or 'maxBpcer', not both.`);
  }
}

/** Creates an `INVALID_INPUT` error with the name of the value, the value, and the allowed values. */
export function invalid(name: string, value: unknown, wanted: string): InfaceError {
  return new InfaceError('INVALID_INPUT', `${name} must be ${wanted}, got ${show(value)}.`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `'${value.slice(0, 60)}...'` : `'${value}'`;
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'function' ? 'a function' : String(value);
}
