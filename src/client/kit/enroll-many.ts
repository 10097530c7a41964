/** Enrolls many people, one call of `enroll` after another. */
import type { EnrollManyOptions, EnrollManyResult, EnrollRow } from '../../api/enroll-many.js';
import { InfaceError, type ErrorCode } from '../../api/errors.js';
import type { FaceOperations } from '../../api/kit.js';
import { checkOptions, label, metadata, note, type Rules } from './check.js';

const ROW_RULES: Rules<EnrollRow> = {
  // enroll() checks them.
  images: () => undefined,
  name: label,
  externalId: label,
  metadata,
  consent: note,
};

/** Codes of errors that one row causes. Any other error, such as a locked vault, would fail the later rows as well. */
const ROW_ERRORS: readonly ErrorCode[] = [
  'INVALID_INPUT',
  'LIMIT_EXCEEDED',
  'IMAGE_CLOSED',
  'INFERENCE_FAILED',
  'WORKER_CRASHED',
  'DEVICE_LOST',
];

type Result<R = EnrollManyResult> = R extends unknown ? Omit<R, 'row'> : never;

/** @param options checked by the caller */
export async function* enrollMany(
  { enroll, profiles }: Pick<FaceOperations, 'enroll' | 'profiles'>,
  rows: Iterable<EnrollRow> | AsyncIterable<EnrollRow>,
  options: EnrollManyOptions,
): AsyncGenerator<EnrollManyResult, void, undefined> {
  const { collectionId, signal } = options;
  const enrolled = new Map(
    (await profiles.list({ signal }))
      .filter(({ collectionIds }) => collectionId === undefined || collectionIds.includes(collectionId))
      .map((profile) => [profile.metadata['externalId'], profile]),
  );

  async function enrollRow(row: EnrollRow): Promise<Result> {
    const { images, externalId, ...person } = checkOptions('enrollMany', row, ROW_RULES);
    if (externalId === undefined) return enroll(images, { ...options, ...person });
    const profile = enrolled.get(externalId);
    if (profile) return { outcome: 'exists', profile };
    const result = await enroll(images, { ...options, ...person, metadata: { ...person.metadata, externalId } });
    if (result.outcome === 'enrolled') enrolled.set(externalId, result.profile);
    return result;
  }

  for await (const row of rows) {
    let result: Result;
    try {
      signal?.throwIfAborted();
      result = await enrollRow(row);
    } catch (error) {
      if (!(error instanceof InfaceError) || !ROW_ERRORS.includes(error.code)) throw error;
      result = { outcome: 'failed', error };
    }
    yield { row, ...result };
  }
}
