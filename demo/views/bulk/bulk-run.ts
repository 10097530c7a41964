/** The import itself: who is enrolled, who is not and why, and the way back. */
import type {
  InfaceError,
  EnrollManyResult,
  EnrollRow,
  FaceImage,
  FaceKit,
  ImageReport,
  Profile,
} from '../../../src/index.js';
import { recall, remember } from '../../remembered.js';
import type { Row } from './bulk-rows.js';

/** What became of a person of the import. */
export type Verdict =
  | { readonly kind: 'ready' | 'no-photo' | 'left-out' }
  /** `own`: by this import, so that undoing it removes the person. */
  | {
      readonly kind: 'enrolled';
      readonly profile: Profile;
      readonly own: boolean;
      readonly reports: readonly ImageReport[];
    }
  | { readonly kind: 'rejected'; readonly reports: readonly ImageReport[] }
  /** Looks like somebody who is enrolled. */
  | { readonly kind: 'look-alike'; readonly reports: readonly ImageReport[]; readonly otherId: string }
  /** `error`: `null` where the photo could not be read. */
  | { readonly kind: 'failed'; readonly error: InfaceError | null };

export interface Item {
  readonly row: Row;
  readonly verdict: Verdict;
}

/** An import that can go on after a reload. Names stay in the store, which is encrypted. */
export interface Job {
  readonly id: string;
  /** The folder, archive or list. */
  readonly source: string;
  readonly total: number;
  readonly startedAt: string;
}

const JOB_KEY = 'inface-demo-import';
/** In the metadata of a profile: the import that it is from. */
const IMPORT = 'import';

export function recallJob(): Job | null {
  const text = recall(JOB_KEY) ?? '';
  return text === '' ? null : (JSON.parse(text) as Job);
}

export function rememberJob(job: Job | null): void {
  remember(JOB_KEY, job ? JSON.stringify(job) : '');
}

export function isOfJob({ metadata }: Profile, job: Job): boolean {
  return metadata[IMPORT] === job.id;
}

/** The people of a source before anybody is enrolled. @param members the profiles of the collection */
export function toItems(rows: readonly Row[], members: readonly Profile[], job: Job): Item[] {
  const enrolled = new Map(members.map((profile) => [profile.metadata['externalId'], profile]));
  return rows.map((row) => {
    const profile = enrolled.get(row.key);
    if (profile) return { row, verdict: { kind: 'enrolled', profile, own: isOfJob(profile, job), reports: [] } };
    return { row, verdict: { kind: row.files.length === 0 ? 'no-photo' : 'ready' } };
  });
}

/**
 * Enrolls those who are ready, one after another.
 * @param onVerdict with the place of the person in `items`
 */
export async function enrollReady(
  kit: FaceKit,
  items: readonly Item[],
  collectionId: string,
  job: Job,
  signal: AbortSignal,
  onVerdict: (index: number, verdict: Verdict) => void,
): Promise<void> {
  let current = 0;
  // Read one row at a time, so `current` is the one whose result comes next.
  async function* source(): AsyncGenerator<EnrollRow> {
    for (const [index, { row, verdict }] of items.entries()) {
      if (verdict.kind !== 'ready') continue;
      current = index;
      const images = await openAll(row);
      if (images) yield toEnrollRow(row, images, job);
      else onVerdict(index, { kind: 'failed', error: null });
    }
  }
  for await (const result of kit.enrollMany(source(), { collectionId, signal })) onVerdict(current, judge(result, job));
}

/** Enrolls somebody who looks like another person and is none. Other photos that were refused stay so. */
export async function enrollLookAlike(
  kit: FaceKit,
  { row, verdict }: Item,
  collectionId: string,
  job: Job,
): Promise<Verdict> {
  if (verdict.kind !== 'look-alike') return verdict;
  const images = await openAll(row);
  if (!images) return { kind: 'failed', error: null };
  const wanted = images.filter((_, i) => verdict.reports[i]?.outcome === 'accepted' || duplicateOf(verdict.reports[i]));
  const only = (function* () {
    yield toEnrollRow(row, wanted, job);
  })();
  for await (const result of kit.enrollMany(only, { collectionId, policy: 'off' })) return judge(result, job);
  return verdict;
}

/** @returns `null` where one of them cannot be read */
async function openAll({ files }: Row): Promise<Blob[] | null> {
  try {
    return await Promise.all(files.map((file) => file.open()));
  } catch {
    return null;
  }
}

function toEnrollRow({ key, name, metadata }: Row, images: readonly FaceImage[], job: Job): EnrollRow {
  return { name, externalId: key, metadata: { ...metadata, [IMPORT]: job.id }, images };
}

function judge(result: EnrollManyResult, job: Job): Verdict {
  switch (result.outcome) {
    case 'enrolled':
      return { kind: 'enrolled', profile: result.profile, own: true, reports: result.images };
    case 'exists':
      return { kind: 'enrolled', profile: result.profile, own: isOfJob(result.profile, job), reports: [] };
    case 'failed':
      return { kind: 'failed', error: result.error };
    case 'rejected': {
      const otherId = result.images.map(duplicateOf).find((id) => id !== null) ?? null;
      return otherId === null
        ? { kind: 'rejected', reports: result.images }
        : { kind: 'look-alike', reports: result.images, otherId };
    }
  }
}

export function duplicateOf(report: ImageReport | undefined): string | null {
  return report?.outcome === 'rejected' ? report.duplicateOf : null;
}

/** Deletes everybody whom an import enrolled, in this visit or before. @param onDone after each of them */
export async function undo(kit: FaceKit, job: Job, onDone: (done: number, all: number) => void): Promise<number> {
  const profiles = (await kit.profiles.list()).filter((profile) => isOfJob(profile, job));
  for (const [done, { id }] of profiles.entries()) {
    onDone(done, profiles.length);
    await kit.profiles.delete(id);
  }
  return profiles.length;
}
