/** Checks records of another store before they are written. */
import * as v from 'valibot';
import { InfaceError } from '../../api/errors.js';
import { MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../../api/limits.js';
import type { ReplicaChanges } from '../../api/replica.js';
import { unknownSpace } from '../../recognition/template.js';
import { object, parse, pathText } from '../../schema/schema.js';
import {
  ANY_TEXT,
  DELETION,
  ID,
  METADATA,
  RECORD,
  templatesOf,
  text,
  uniqueList,
  type KnownSpaces,
} from './backup-content.js';

const LIST = 'a list';
const REPLACES = { replaces: v.exactOptional(v.nullable(ANY_TEXT)) };

/** Schema of the embedding spaces. They are checked first, because the length of a vector depends on its space. */
const SPACES = object({
  profiles: v.array(object({ blocks: v.array(object({ space: ANY_TEXT }), LIST) }), LIST),
  members: v.array(object({ negatives: v.array(object({ space: ANY_TEXT }), LIST) }), LIST),
});

function vectorOf(dimension: number) {
  const wanted = `a Float32Array of ${dimension} numbers`;
  return v.pipe(
    v.instance(Float32Array, wanted),
    v.check((vector) => vector.length === dimension, wanted),
  );
}

function recordsSchema(known: KnownSpaces) {
  const bySpace = new Map(
    [...known].map(([space, dimension]) => [
      space,
      object({ space: ANY_TEXT, templates: templatesOf(vectorOf(dimension)) }),
    ]),
  );
  type Block = NonNullable<ReturnType<(typeof bySpace)['get']>>;
  const blocks = v.pipe(
    v.array(
      v.lazy((input) => bySpace.get((input as { readonly space: string }).space) as Block),
      LIST,
    ),
    v.check((list) => new Set(list.map(({ space }) => space)).size === list.length, 'a list without a space twice'),
  );
  return object({
    profiles: uniqueList(
      object({
        ...RECORD,
        ...REPLACES,
        name: v.nullable(text(MAX_NAME_LENGTH)),
        metadata: METADATA,
        consent: v.nullable(text(MAX_NOTE_LENGTH)),
        blocks,
      }),
    ),
    collections: uniqueList(
      object({ ...RECORD, ...REPLACES, name: text(MAX_NAME_LENGTH), unknowns: v.boolean('true or false') }),
    ),
    members: v.array(
      object({ ...REPLACES, collectionId: ID, profileId: ID, isMember: v.boolean('true or false'), negatives: blocks }),
      LIST,
    ),
    deletions: v.array(object(DELETION), LIST),
    drops: uniqueList(object({ id: ID, ...REPLACES })),
  });
}

/**
 * Checks records, and returns them with all lists.
 * @param known the embedding spaces that this kit can use
 * @throws InfaceError `INVALID_INPUT`, `EMBEDDING_SPACE_MISMATCH`
 */
export function checkRecords(given: ReplicaChanges, known: KnownSpaces): Required<ReplicaChanges> {
  const records = { profiles: [], collections: [], members: [], deletions: [], drops: [], ...given };
  const fail = ({ path, wanted }: { path: readonly (string | number)[]; wanted: string }): never => {
    // Without the value, which is personal data.
    throw new InfaceError('INVALID_INPUT', `${pathText('replica.apply() records', path)} must be ${wanted}.`);
  };
  const { profiles, members } = parse(SPACES, records, fail);
  for (const { space } of [...profiles.flatMap(({ blocks }) => blocks), ...members.flatMap((m) => m.negatives)]) {
    if (!known.has(space)) throw unknownSpace(space, [...known.keys()]);
  }
  return parse(recordsSchema(known), records, fail);
}
