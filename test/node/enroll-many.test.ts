/** The order, the ends and the outcomes of enrolling many people. */
import { describe, expect, it } from 'vitest';
import type { EnrollManyOptions, EnrollRow } from '../../src/api/enroll-many.js';
import type { EnrollResult } from '../../src/api/enrollment.js';
import { InfaceError, type ErrorCode } from '../../src/api/errors.js';
import type { FaceOperations } from '../../src/api/kit.js';
import type { Profile } from '../../src/api/profiles.js';
import { enrollMany } from '../../src/client/kit/enroll-many.js';

const IMAGE = 'data:image/png;base64,';
const row = (name: string, more: Partial<EnrollRow> = {}): EnrollRow => ({ name, images: [IMAGE], ...more });

function profile(name: string, externalId: string | null, collectionIds: readonly string[] = ['staff']): Profile {
  const metadata = externalId === null ? {} : { externalId };
  const times = { createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' };
  return {
    id: name,
    name,
    metadata,
    consent: null,
    owner: null,
    templateCount: 1,
    spaces: {},
    collectionIds,
    ...times,
  };
}

/** Operations that enroll everybody, except whom `answer` answers or throws for. */
function operations(answer: (name: string) => EnrollResult | ErrorCode | null = () => null, known: Profile[] = []) {
  const calls: object[] = [];
  const enroll: FaceOperations['enroll'] = (images, options = {}) => {
    options.signal?.throwIfAborted();
    const { name = '', metadata = {} } = options;
    calls.push({ images, ...options });
    const given = answer(name);
    if (typeof given === 'string') return Promise.reject(new InfaceError(given, `${name} was not enrolled.`));
    const enrolled = { ...profile(name, null), metadata };
    return Promise.resolve(given ?? { outcome: 'enrolled', profile: enrolled, images: [], warnings: [] });
  };
  const profiles = { list: () => Promise.resolve(known) } as Partial<FaceOperations['profiles']>;
  return { calls, fakes: { enroll, profiles: profiles as FaceOperations['profiles'] } };
}

async function outcomes(
  rows: Iterable<EnrollRow> | AsyncIterable<EnrollRow>,
  { fakes }: ReturnType<typeof operations>,
  options: EnrollManyOptions = {},
): Promise<readonly (readonly [string | undefined, string])[]> {
  const all: (readonly [string | undefined, string])[] = [];
  for await (const result of enrollMany(fakes, rows, options)) {
    all.push([result.row.name, result.outcome === 'failed' ? result.error.code : result.outcome]);
  }
  return all;
}

describe('many people', () => {
  it('are each enrolled with the options of all and those of their row', async () => {
    const kit = operations();
    const rows = [row('Anna', { metadata: { badge: 7 }, externalId: 'a1', consent: 'signed' }), row('Bo')];
    expect(await outcomes(rows, kit, { collectionId: 'staff', policy: 'strict' })).toEqual([
      ['Anna', 'enrolled'],
      ['Bo', 'enrolled'],
    ]);
    const shared = { images: [IMAGE], collectionId: 'staff', policy: 'strict' };
    expect(kit.calls).toEqual([
      { ...shared, name: 'Anna', metadata: { badge: 7, externalId: 'a1' }, consent: 'signed' },
      { ...shared, name: 'Bo' },
    ]);
  });

  it('are enrolled although some rows are bad', async () => {
    const refused: EnrollResult = { outcome: 'rejected', images: [] };
    const kit = operations((name) => ({ Broken: 'INVALID_INPUT' as const, Nobody: refused })[name] ?? null);
    const rows = [
      row('Broken'),
      row('Nobody'),
      null as unknown as EnrollRow,
      { ...row('Typo'), nmae: 'Typo' },
      row('No text', { externalId: 7 as unknown as string }),
      row('List', { metadata: [] as unknown as Record<string, string>, externalId: 'l' }),
      row('Anna'),
    ];
    const results: string[] = [];
    for await (const result of enrollMany(kit.fakes, rows, {})) {
      results.push(result.outcome === 'failed' ? result.error.message : result.outcome);
    }
    expect(results).toEqual([
      'Broken was not enrolled.',
      'rejected',
      'the options of enrollMany() must be an object, got null.',
      expect.stringContaining("got 'nmae'"),
      expect.stringContaining("'externalId' must be a string"),
      expect.stringContaining("'metadata' must be an object"),
      'enrolled',
    ]);
  });

  it('are not enrolled twice under one external id, in the store or in the source', async () => {
    const kit = operations(undefined, [
      profile('Old Anna', 'a1'),
      profile('Cleo elsewhere', 'c1', ['other']),
      profile('No id', null),
    ]);
    const rows = [
      row('Anna', { externalId: 'a1' }),
      row('Bo', { externalId: 'b1' }),
      row('Bo again', { externalId: 'b1' }),
      row('Cleo', { externalId: 'c1' }),
      row('Dora'),
    ];
    expect(await outcomes(rows, kit, { collectionId: 'staff' })).toEqual([
      ['Anna', 'exists'],
      ['Bo', 'enrolled'],
      ['Bo again', 'exists'],
      ['Cleo', 'enrolled'],
      ['Dora', 'enrolled'],
    ]);
    expect(await outcomes([row('Cleo', { externalId: 'c1' })], kit)).toEqual([['Cleo', 'exists']]);
  });

  it('may be enrolled again under an external id that was rejected', async () => {
    const answers: (EnrollResult | null)[] = [{ outcome: 'rejected', images: [] }, null];
    const kit = operations(() => answers.shift() ?? null);
    const rows = [row('Blurred', { externalId: 'a1' }), row('Sharp', { externalId: 'a1' })];
    expect((await outcomes(rows, kit)).map(([, outcome]) => outcome)).toEqual(['rejected', 'enrolled']);
  });
});

describe('the source', () => {
  const log: string[] = [];
  async function* source(): AsyncGenerator<EnrollRow> {
    try {
      for (const name of ['Anna', 'Bo', 'Cleo']) {
        log.push(`open ${name}`);
        yield await Promise.resolve(row(name));
      }
    } finally {
      log.push('closed');
    }
  }
  const begin = () => {
    log.length = 0;
    return source();
  };

  it('is asked for the next row when the result of the last one was taken', async () => {
    const { fakes } = operations();
    for await (const { row: done } of enrollMany(fakes, begin(), {})) log.push(`done ${done.name}`);
    expect(log).toEqual(['open Anna', 'done Anna', 'open Bo', 'done Bo', 'open Cleo', 'done Cleo', 'closed']);
  });

  it('is closed when the loop is left', async () => {
    const { fakes } = operations();
    for await (const { outcome } of enrollMany(fakes, begin(), {})) if (outcome === 'enrolled') break;
    expect(log).toEqual(['open Anna', 'closed']);
  });

  it('is closed by an abort, which throws the reason', async () => {
    const stop = new AbortController();
    const kit = operations((name) => {
      if (name === 'Bo') stop.abort(new Error('enough'));
      return null;
    });
    await expect(outcomes(begin(), kit, { signal: stop.signal })).rejects.toThrow('enough');
    expect(log).toEqual(['open Anna', 'open Bo', 'open Cleo', 'closed']);
    expect(kit.calls).toHaveLength(2);
  });

  it.each(['VAULT_LOCKED', 'COLLECTION_GONE', 'STORAGE_QUOTA_EXCEEDED', 'CLOSED'] as const)(
    'is closed by %s, which would fail every row',
    async (code) => {
      const kit = operations((name) => (name === 'Bo' ? code : null));
      await expect(outcomes(begin(), kit)).rejects.toMatchObject({ code });
      expect(log).toEqual(['open Anna', 'open Bo', 'closed']);
    },
  );

  it('ends the run with its own error', async () => {
    const broken = (function* (): Generator<EnrollRow> {
      yield row('Anna');
      throw new Error('unreadable');
    })();
    await expect(outcomes(broken, operations())).rejects.toThrow('unreadable');
  });
});
