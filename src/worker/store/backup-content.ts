/** Converts the content of a backup to JSON and back, and validates it. */
import * as v from 'valibot';
import { MAX_METADATA_LENGTH, MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../../api/limits.js';
import type { ReplicaTemplate } from '../../api/replica.js';
import { euclideanNorm, MAX_TEMPLATES, unknownSpace } from '../../recognition/template.js';
import { object, parse, type Problem } from '../../schema/schema.js';
import type { BackupBlock, BackupContent, JsonObject } from '../ports/face-store.js';

/** The embedding spaces whose templates this kit can use, with the length of their embeddings. */
export type KnownSpaces = ReadonlyMap<string, number>;

/** The last time that a backup may have. */
export const LAST_TIME = '8999-12-31T23:59:59.999Z';

/** Schema of bytes in base64. */
export const BYTES = v.pipe(v.string('base64'), v.base64('base64'), v.transform(fromBase64));

export const ANY_TEXT = v.string('a string');
export const text = (maxLength: number): v.GenericSchema<unknown, string> => {
  const wanted = `a string of at most ${maxLength} characters`;
  return v.pipe(v.string(wanted), v.maxLength(maxLength, wanted));
};
export const ID = v.pipe(text(MAX_NAME_LENGTH), v.nonEmpty('an id that is not empty'));
const TIME = v.pipe(ANY_TEXT, v.check(isTime, 'a time in ISO 8601, in the years 0 to 8999'));
export const METADATA = v.pipe(
  v.custom<JsonObject>(isObject, 'an object'),
  v.check(isShort, `an object of at most ${MAX_METADATA_LENGTH} characters of JSON`),
  // A number like 1e400 is parsed as Infinity, which JSON cannot represent. Store null, as the kit's operations do.
  v.transform((value) => JSON.parse(JSON.stringify(value)) as JsonObject),
);

/** Schemas of the fields that profiles and collections share. */
export const RECORD = { id: ID, owner: v.nullable(ID), createdAt: TIME, updatedAt: TIME };

/** Schema of the fields of a deletion. */
export const DELETION = {
  kind: v.picklist(['profile', 'collection'], "'profile' or 'collection'"),
  id: ID,
  deletedAt: TIME,
};

/** Schema of the embedding spaces. They are checked first, because the length of a vector depends on its space. */
const SPACES = object({
  profiles: v.array(
    object({ space: ANY_TEXT, others: v.optional(v.array(object({ space: ANY_TEXT }), 'a list')) }),
    'a list',
  ),
  collections: v.array(object({ negatives: v.array(object({ space: ANY_TEXT }), 'a list') }), 'a list'),
});

const TEMPLATE_COUNT = `a list of 1 to ${MAX_TEMPLATES} templates`;
const RATIO = 'a number from 0 to 1';

/** Schema of a vector as the bytes of its numbers in base64. */
function vectorInBytes(dimension: number) {
  return v.pipe(
    BYTES,
    v.check((bytes) => bytes.length === 4 * dimension, `${dimension} numbers`),
    v.transform((bytes) => new Float32Array(bytes.buffer)),
  );
}

/** Creates the schema of the templates in one embedding space. @param vector the schema of their vectors */
export function templatesOf(
  vector: v.GenericSchema<unknown, Float32Array>,
): v.GenericSchema<unknown, ReplicaTemplate[]> {
  return v.pipe(
    uniqueList(
      object({
        id: ID,
        createdAt: TIME,
        quality: v.nullable(v.pipe(v.number(RATIO), v.minValue(0, RATIO), v.maxValue(1, RATIO))),
        vector: v.pipe(
          vector,
          v.check((numbers) => hasDirection(numbers), 'a vector whose norm is above 0'),
        ),
      }),
    ),
    v.nonEmpty(TEMPLATE_COUNT),
    v.maxLength(MAX_TEMPLATES, TEMPLATE_COUNT),
  );
}

function contentSchema(known: KnownSpaces) {
  /** Creates the schema of an object with templates. Their length depends on the space, which is checked before. */
  const block = <E extends v.ObjectEntries>(entries: E) => {
    const bySpace = new Map(
      [...known].map(([space, dimension]) => [
        space,
        object({ ...entries, space: ANY_TEXT, templates: templatesOf(vectorInBytes(dimension)) }),
      ]),
    );
    type Block = NonNullable<ReturnType<(typeof bySpace)['get']>>;
    return v.lazy((input) => bySpace.get((input as { readonly space: string }).space) as Block);
  };
  const profile = block({
    ...RECORD,
    name: v.nullable(text(MAX_NAME_LENGTH)),
    metadata: METADATA,
    consent: v.nullable(text(MAX_NOTE_LENGTH)),
    others: v.exactOptional(v.array(block({}), 'a list')),
  });
  const collection = object({
    ...RECORD,
    name: text(MAX_NAME_LENGTH),
    unknowns: v.boolean('true or false'),
    profileIds: v.pipe(
      v.array(ID, 'a list'),
      v.transform((ids) => [...new Set(ids)]),
    ),
    negatives: v.array(block({ profileId: ID }), 'a list'),
  });
  const deletion = object({ ...DELETION, owner: v.nullable(ID) });
  return object({
    profiles: uniqueList(profile),
    collections: uniqueList(collection),
    deletions: v.exactOptional(v.array(deletion, 'a list')),
  });
}

/** Creates the schema of a list of records with unique ids. */
export function uniqueList<I extends v.GenericSchema<unknown, { readonly id: string }>>(
  item: I,
): v.GenericSchema<unknown, v.InferOutput<I>[]> {
  return v.pipe(
    v.array(item, 'a list'),
    v.check(
      (records) => new Set(records.map((record) => record.id)).size === records.length,
      'a list without an id twice',
    ),
  );
}

/** Converts the content of a backup to JSON. Vectors become base64. */
export function toJson({ profiles, collections, deletions }: BackupContent): unknown {
  const withText = <T extends BackupBlock>({ templates, ...record }: T) => ({
    ...record,
    templates: templates.map(({ id, createdAt, quality, vector }) => ({
      id,
      createdAt: toTime(createdAt),
      quality,
      vector: toBase64(new Uint8Array(vector.slice().buffer)),
    })),
  });
  return {
    profiles: profiles.map(({ others, ...profile }) => ({
      ...withTimes(withText(profile)),
      ...(others && { others: others.map(withText) }),
    })),
    collections: collections.map(({ negatives, ...collection }) => ({
      ...withTimes(collection),
      negatives: negatives.map(withText),
    })),
    ...(deletions && { deletions: deletions.map((each) => ({ ...each, deletedAt: toTime(each.deletedAt) })) }),
  };
}

/**
 * Parses and validates the JSON that {@link toJson} returns.
 * @param known the embedding spaces that this kit can use
 * @param fail throws an error that names the first invalid field
 * @throws InfaceError `EMBEDDING_SPACE_MISMATCH`
 */
export function fromJson(json: unknown, known: KnownSpaces, fail: (problem: Problem) => never): BackupContent {
  const { profiles, collections } = parse(SPACES, json, fail);
  const blocks = profiles.flatMap(({ others = [], ...profile }) => [profile, ...others]);
  for (const { space } of [...blocks, ...collections.flatMap(({ negatives }) => negatives)]) {
    if (!known.has(space)) throw unknownSpace(space, [...known.keys()]);
  }
  return parse(contentSchema(known), json, fail);
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Written so that NaN is rejected. */
function hasDirection(vector: Float32Array): boolean {
  const norm = euclideanNorm(vector);
  return norm > 0 && norm < Infinity;
}

/**
 * Checks for ISO 8601 with a year from 0 to 8999. Times are sorted as strings, and a change needs a later time;
 * neither works with years of more than four digits.
 */
function isTime(text: string): boolean {
  const date = new Date(text);
  return /^[0-8]\d{3}-/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Replaces a time that an earlier version stored while the clock was beyond {@link LAST_TIME}. */
function toTime(text: string): string {
  return isTime(text) ? text : LAST_TIME;
}

function withTimes<R extends { readonly createdAt: string; readonly updatedAt: string }>(record: R): R {
  return { ...record, createdAt: toTime(record.createdAt), updatedAt: toTime(record.updatedAt) };
}

/** Checks the length as JSON. Returns false for an object nested too deep for JSON.stringify(). */
function isShort(value: JsonObject): boolean {
  try {
    return JSON.stringify(value).length <= MAX_METADATA_LENGTH;
  } catch {
    return false;
  }
}
