/**
 * Writes and reads backup files: all profiles and collections, encrypted with a passphrase.
 *
 * Layout: `INFACE` and the version of the format (8 bytes); length of the head (uint32, little-endian); the head (JSON
 * with the key derivation parameters and the initialization vector); the content (JSON, AES-GCM 256, authenticated
 * together with everything before it); SHA-256 of everything before it. The hash distinguishes a damaged file from a
 * wrong passphrase; only the authentication detects deliberate changes.
 */
import * as v from 'valibot';
import { InfaceError } from '../../api/errors.js';
import { object, parse, pathText, type Problem } from '../../schema/schema.js';
import type { BackupContent } from '../ports/face-store.js';
import { BYTES, fromJson, toBase64, toJson, type KnownSpaces } from './backup-content.js';
import { acceptsParameters, deriveKey, newParameters, randomBytes, sha256 } from './vault.js';

const MAGIC = 'INFACE';
const FORMAT = 1;
/** Format of a backup with profiles of several embedding spaces. Kits that would drop one of them do not read it. */
const MIXED_FORMAT = 2;
const LENGTH_AT = 8;
const HEAD_AT = 12;
const HASH_BYTES = 32;
const IV_BYTES = 12;
const MAX_HEAD_BYTES = 10_000;

/** Schema of the head, which holds the parameters of the encryption. */
const HEAD = object({
  cipher: v.literal('AES-GCM-256', "'AES-GCM-256'"),
  kdf: v.literal('PBKDF2-SHA256', "'PBKDF2-SHA256'"),
  iterations: v.number('a number'),
  salt: BYTES,
  iv: v.pipe(BYTES, v.length(IV_BYTES, `${IV_BYTES} bytes`)),
});

/** @param passphrase of any length; the caller is responsible for its strength */
export async function sealBackup(content: BackupContent, passphrase: string): Promise<Blob> {
  const parameters = newParameters();
  const iv = randomBytes(IV_BYTES);
  const { kdf, iterations, salt } = parameters;
  const head = encode({ cipher: 'AES-GCM-256', kdf, iterations, salt: toBase64(salt), iv: toBase64(iv) });
  const opening = new Uint8Array(HEAD_AT + head.length);
  opening.set(new TextEncoder().encode(MAGIC));
  opening[MAGIC.length] = content.profiles.some(({ others }) => others) ? MIXED_FORMAT : FORMAT;
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
 * Decrypts a file made by {@link sealBackup} and validates all of its content.
 * @param known the embedding spaces that this kit can use
 * @throws InfaceError `BACKUP_INVALID`, `WRONG_PASSPHRASE`, `EMBEDDING_SPACE_MISMATCH`
 */
export async function openBackup(file: Blob, passphrase: string, known: KnownSpaces): Promise<BackupContent> {
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
  return fromJson(parseJson(new Uint8Array(plain), 'its content'), known, failAt('content'));
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
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw damaged('it is not a backup of inface');
  const body = bytes.slice(0, -HASH_BYTES);
  const sum = await sha256(body);
  if (!sum.every((byte, i) => byte === bytes[body.length + i])) throw damaged('it was truncated or altered');
  const format = body[MAGIC.length];
  if (format !== FORMAT && format !== MIXED_FORMAT) throw damaged(`its format ${format ?? ''} is not known here`);
  const headLength = new DataView(body.buffer).getUint32(LENGTH_AT, true);
  if (headLength > Math.min(MAX_HEAD_BYTES, body.length - HEAD_AT)) throw damaged('its head is too long');
  const { iv, ...parameters } = parse(
    HEAD,
    parseJson(body.subarray(HEAD_AT, HEAD_AT + headLength), 'its head'),
    failAt('head'),
  );
  if (!acceptsParameters(parameters)) throw damaged('its key is derived in an unknown way');
  const end = HEAD_AT + headLength;
  return { parameters, iv, opening: body.slice(0, end), encrypted: body.slice(end) };
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged(`${what} is not JSON`);
  }
}

function encode(json: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}

/** Creates a function that throws for an invalid field. The message omits its value, which is personal data. */
function failAt(root: string): (problem: Problem) => never {
  return ({ path, wanted }) => {
    throw damaged(`${pathText(root, path)} should be ${wanted}`);
  };
}

function damaged(why: string): InfaceError {
  return new InfaceError('BACKUP_INVALID', `This file cannot be imported: ${why}. Nothing was changed.`);
}
