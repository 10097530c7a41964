/**
 * The backup file: all profiles and collections, encrypted with a passphrase.
 *
 * Layout: `INFACE` and the version of the format (8 bytes); length of the head (uint32, little-endian); the head (JSON: how
 * the key is made of the passphrase, and the initialisation vector); the content (JSON, AES-GCM 256, authenticated
 * together with all that precedes it); SHA-256 of everything before it. The hash tells a damaged file from a wrong
 * passphrase; it is the authentication that keeps altered files out.
 */
import { InfaceError } from '../../api/errors.js';
import { assertSameSpace, euclideanNorm, MAX_TEMPLATES } from '../../recognition/template.js';
import type {
  BackupCollection,
  BackupContent,
  BackupProfile,
  BackupTemplate,
  JsonObject,
} from '../ports/face-store.js';
import {
  acceptsParameters,
  deriveKey,
  newParameters,
  randomBytes,
  sha256,
  type PassphraseParameters,
} from './vault.js';

const MAGIC = 'INFACE';
const FORMAT = 1;
const LENGTH_AT = 8;
const HEAD_AT = 12;
const HASH_BYTES = 32;
const IV_BYTES = 12;
const MAX_HEAD_BYTES = 10_000;

/** What an application may have stored: the limits of the kit's own operations. */
const MAX_NAME_LENGTH = 200;
const MAX_CONSENT_LENGTH = 2_000;
const MAX_TEXT_LENGTH = 10_000;

/** The embedder of this kit, as far as its templates go. */
interface Embedder {
  readonly space: string;
  /** Length of an embedding. */
  readonly dimension: number;
}

/** @param passphrase of any length; the caller sees to its strength */
export async function sealBackup(content: BackupContent, passphrase: string): Promise<Blob> {
  const parameters = newParameters();
  const iv = randomBytes(IV_BYTES);
  const { kdf, iterations, salt } = parameters;
  const head = encode({ cipher: 'AES-GCM-256', kdf, iterations, salt: toBase64(salt), iv: toBase64(iv) });
  const opening = new Uint8Array(HEAD_AT + head.length);
  opening.set(new TextEncoder().encode(MAGIC));
  opening[MAGIC.length] = FORMAT;
  new DataView(opening.buffer).setUint32(LENGTH_AT, head.length, true);
  opening.set(head, HEAD_AT);
  const key = await deriveKey(passphrase, parameters);
  const algorithm = { name: 'AES-GCM', iv, additionalData: opening };
  const encrypted = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, encode(toJson(content))));
  const file = new Uint8Array(opening.length + encrypted.length + HASH_BYTES);
  file.set(opening);
  file.set(encrypted, opening.length);
  file.set(await sha256(file.slice(0, -HASH_BYTES)), file.length - HASH_BYTES);
  return new Blob([file], { type: 'application/octet-stream' });
}

/**
 * The inverse of {@link sealBackup}. Everything in it is checked.
 * @param embedder whose templates can be used here
 * @throws InfaceError `BACKUP_INVALID`, `WRONG_PASSPHRASE`, `EMBEDDING_SPACE_MISMATCH`
 */
export async function openBackup(file: Blob, passphrase: string, embedder: Embedder): Promise<BackupContent> {
  const bytes = new Uint8Array(await readAll(file));
  const { parameters, iv, opening, encrypted } = await readOpening(bytes);
  const key = await deriveKey(passphrase, parameters);
  let plain: ArrayBuffer;
  try {
    plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: opening }, key, encrypted);
  } catch (cause) {
    throw new InfaceError('WRONG_PASSPHRASE', 'The passphrase does not open this backup. Nothing was imported.', {
      cause,
    });
  }
  return fromJson(parseJson(new Uint8Array(plain), 'its content'), embedder);
}

async function readAll(file: Blob): Promise<ArrayBuffer> {
  try {
    return await file.arrayBuffer();
  } catch (cause) {
    throw damaged(`it cannot be read (${String(cause)})`);
  }
}

async function readOpening(bytes: Uint8Array<ArrayBuffer>) {
  if (bytes.length < HEAD_AT + HASH_BYTES) throw damaged('it is too short');
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw damaged('it is no backup of inface');
  const body = bytes.slice(0, -HASH_BYTES);
  const sum = await sha256(body);
  if (!sum.every((byte, i) => byte === bytes[body.length + i])) throw damaged('it was truncated or altered');
  if (body[MAGIC.length] !== FORMAT) throw damaged(`its format ${body[MAGIC.length] ?? ''} is not known here`);
  const headLength = new DataView(body.buffer).getUint32(LENGTH_AT, true);
  if (headLength > Math.min(MAX_HEAD_BYTES, body.length - HEAD_AT)) throw damaged('its head is too long');
  const head = fields(parseJson(body.subarray(HEAD_AT, HEAD_AT + headLength), 'its head'), 'head');
  if (head['cipher'] !== 'AES-GCM-256') throw damaged('its cipher is not known here');
  const parameters = {
    kdf: head['kdf'],
    iterations: head['iterations'],
    salt: bytesOf(head['salt'], 'salt'),
  } as PassphraseParameters;
  const iv = bytesOf(head['iv'], 'iv');
  if (!acceptsParameters(parameters) || iv.length !== IV_BYTES) throw damaged('its key is made in an unknown way');
  const end = HEAD_AT + headLength;
  return { parameters, iv, opening: body.slice(0, end), encrypted: body.slice(end) };
}

// ------------------------------------------------------------------------------------------- content, to and from JSON

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function toJson({ profiles, collections }: BackupContent): Json {
  const templatesToJson = (templates: readonly BackupTemplate[]): Json =>
    templates.map(({ id, createdAt, quality, vector }) => ({
      id,
      createdAt,
      quality,
      vector: toBase64(new Uint8Array(vector.slice().buffer)),
    }));
  return {
    profiles: profiles.map(({ templates, ...profile }) => ({ ...profile, templates: templatesToJson(templates) })),
    collections: collections.map(({ negatives, ...collection }) => ({
      ...collection,
      negatives: negatives.map(({ templates, ...place }) => ({ ...place, templates: templatesToJson(templates) })),
    })),
  } as unknown as Json;
}

function fromJson(json: unknown, { space, dimension }: Embedder): BackupContent {
  const content = fields(json, 'content');
  const templatesOf = (value: unknown, at: string): readonly BackupTemplate[] => {
    const templates = list(value, at).map((entry, i) => {
      const template = fields(entry, `${at}[${i}]`);
      const raw = bytesOf(template['vector'], `${at}[${i}].vector`);
      if (raw.length !== 4 * dimension) throw damaged(`${at}[${i}].vector has another length`);
      const vector = new Float32Array(raw.buffer);
      const norm = euclideanNorm(vector);
      // Put so that a NaN fails it.
      if (!(norm > 0 && norm < Infinity)) throw damaged(`${at}[${i}].vector has the norm ${norm}`);
      const { quality } = template;
      if (quality !== null && !(typeof quality === 'number' && quality >= 0 && quality <= 1)) {
        throw damaged(`${at}[${i}].quality is no number from 0 to 1`);
      }
      return {
        id: idOf(template['id'], `${at}[${i}].id`),
        createdAt: timeOf(template['createdAt'], `${at}[${i}].createdAt`),
        quality,
        vector,
      };
    });
    if (templates.length === 0 || templates.length > MAX_TEMPLATES)
      throw damaged(`${at} has ${templates.length} entries`);
    return unique(templates, at);
  };
  /** Before the templates are read, which may be of another length in another space. */
  const spaceOf = (value: unknown, at: string): string => {
    const stored = text(value, at, MAX_TEXT_LENGTH);
    assertSameSpace({ space: stored }, space);
    return stored;
  };
  const common = (record: Fields, at: string) => ({
    id: idOf(record['id'], `${at}.id`),
    owner: record['owner'] === null ? null : idOf(record['owner'], `${at}.owner`),
    createdAt: timeOf(record['createdAt'], `${at}.createdAt`),
    updatedAt: timeOf(record['updatedAt'], `${at}.updatedAt`),
  });
  const profiles = list(content['profiles'], 'profiles').map((entry, i): BackupProfile => {
    const at = `profiles[${i}]`;
    const profile = fields(entry, at);
    const own = spaceOf(profile['space'], `${at}.space`);
    return {
      ...common(profile, at),
      name: profile['name'] === null ? null : text(profile['name'], `${at}.name`, MAX_NAME_LENGTH),
      metadata: metadataOf(profile['metadata'], `${at}.metadata`),
      consent: profile['consent'] === null ? null : text(profile['consent'], `${at}.consent`, MAX_CONSENT_LENGTH),
      space: own,
      templates: templatesOf(profile['templates'], `${at}.templates`),
    };
  });
  const collections = list(content['collections'], 'collections').map((entry, i): BackupCollection => {
    const at = `collections[${i}]`;
    const collection = fields(entry, at);
    if (typeof collection['unknowns'] !== 'boolean') throw damaged(`${at}.unknowns is neither true nor false`);
    const profileIds = list(collection['profileIds'], `${at}.profileIds`).map((id) => idOf(id, `${at}.profileIds`));
    return {
      ...common(collection, at),
      name: text(collection['name'], `${at}.name`, MAX_NAME_LENGTH),
      unknowns: collection['unknowns'],
      profileIds: [...new Set(profileIds)],
      negatives: list(collection['negatives'], `${at}.negatives`).map((value, k) => {
        const negative = fields(value, `${at}.negatives[${k}]`);
        return {
          profileId: idOf(negative['profileId'], `${at}.negatives[${k}].profileId`),
          space: spaceOf(negative['space'], `${at}.negatives[${k}].space`),
          templates: templatesOf(negative['templates'], `${at}.negatives[${k}].templates`),
        };
      }),
    };
  });
  return { profiles: unique(profiles, 'profiles'), collections: unique(collections, 'collections') };
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${at} is no object`);
  return value as Fields;
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged(`${at} is no list`);
  return value;
}

function text(value: unknown, at: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) throw damaged(`${at} is no text of a fitting length`);
  return value;
}

function idOf(value: unknown, at: string): string {
  const id = text(value, at, MAX_NAME_LENGTH);
  if (id === '') throw damaged(`${at} is empty`);
  return id;
}

function timeOf(value: unknown, at: string): string {
  const time = text(value, at, MAX_NAME_LENGTH);
  const date = new Date(time);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== time) throw damaged(`${at} is no time in ISO 8601`);
  // Times are compared as text, and a change needs a later one: neither works with years of more digits.
  if (!/^[0-8]\d{3}-/.test(time)) throw damaged(`${at} is not in the years 0 to 8999`);
  return time;
}

function metadataOf(value: unknown, at: string): JsonObject {
  const metadata = fields(value, at);
  let json: string;
  try {
    json = JSON.stringify(metadata);
  } catch {
    throw damaged(`${at} is nested too deep`);
  }
  if (json.length > MAX_TEXT_LENGTH) throw damaged(`${at} is too long`);
  // As the kit's own operations take it: a number like 1e400 is read as an infinite one, which no JSON holds.
  return JSON.parse(json) as JsonObject;
}

function unique<T extends { readonly id: string }>(records: readonly T[], at: string): readonly T[] {
  if (new Set(records.map(({ id }) => id)).size !== records.length) throw damaged(`${at} has an id twice`);
  return records;
}

function bytesOf(value: unknown, at: string): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'string') throw damaged(`${at} is no text`);
  try {
    return Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  } catch {
    throw damaged(`${at} is not base64`);
  }
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged(`${what} is not JSON`);
  }
}

function encode(json: Json): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function damaged(why: string): InfaceError {
  return new InfaceError('BACKUP_INVALID', `This file cannot be imported: ${why}. Nothing was changed.`);
}
