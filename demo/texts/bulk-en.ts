/** The texts of the import in English. */
import type { ProblemKind } from '../views/bulk/bulk-problem.js';

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
const people = (n: number) => count(n, 'person', 'people');

const problems: Record<ProblemKind, string> = {
  bomb: 'unpacks to more than this page accepts: 20,000 files, 64 MB for each, 8 GB in total. Nothing was read.',
  encrypted: 'is protected with a password. Choose an archive without one.',
  unreadable: 'cannot be read. It may be damaged.',
  columns: 'names no column that says who somebody is. Its first line needs “name” or “id”, and “file” for the photos.',
  empty: 'There are no photos in what you chose.',
  lists: 'are several lists. Choose one.',
};

export const bulkEnglish = {
  lead: 'A folder, a ZIP file, many photos, or photos and a list. Nothing leaves this device, and no photo is kept.',
  source: 'Choose photos',
  folder: 'Choose a folder',
  files: 'Choose files',
  drop: 'or drag and drop them here',
  formats: 'How the photos are named',
  formatsText: [
    'By file: anna_1.jpg and anna_2.jpg are two photos of anna.',
    'By folder: Anna/1.jpg and Anna/2.jpg are two photos of Anna.',
    'By a list (CSV) among the files: columns name, file and id; further columns are kept with the person.',
    'Two or three photos of each person are a good number; ten are the limit.',
  ],
  collection: 'Add them to',
  newCollection: (name: string) => `${name} (new)`,
  reading: 'Reading what you chose…',
  problem: (kind: ProblemKind, file: string) => (kind === 'empty' ? problems.empty : `${file} ${problems[kind]}`),
  someFiles: (n: number) => count(n, 'file'),
  found: (rows: number, photos: number) => `${people(rows)} with ${count(photos, 'photo')}.`,
  ignored: (n: number) => `${count(n, 'file')} that ${n === 1 ? 'is not an image' : 'are not images'}: ignored.`,
  unlisted: (n: number) => `${count(n, 'photo')} that the list does not name: ignored.`,
  people: 'People',
  show: 'Show',
  filters: { all: 'Everybody', ready: 'Not yet enrolled', done: 'Enrolled', problem: 'Not enrolled' },
  shown: (n: number) => people(n),
  enroll: (n: number) => `Enroll all that are fine (${n})`,
  resume: (n: number) => `Continue (${n} left)`,
  stop: 'Stop',
  undo: (n: number) => `Undo the import (${n})`,
  undoTitle: 'Undo the import?',
  undoText: (n: number) => `${people(n)} of this import will be deleted.`,
  undoing: (done: number, all: number) => `Deleting: ${done} of ${all}`,
  undone: (n: number) => `The import was undone: ${people(n)} deleted.`,
  progress: (done: number, all: number) => `${done} of ${all}`,
  left: (minutes: number) => (minutes < 1 ? 'less than a minute left' : `about ${count(minutes, 'minute')} left`),
  ended: (enrolled: number, others: number) =>
    `Done: ${people(enrolled)} enrolled${others > 0 ? `, ${others} not` : ''}.`,
  stopped: 'Stopped. Everybody so far stays enrolled.',
  staysOpen: 'Stay on this view until it is done. After a reload you can continue.',
  unfinished: (source: string, date: string, enrolled: number, total: number) =>
    `The import of ${source} on ${date} enrolled ${enrolled} of ${people(total)}.`,
  unfinishedHint: 'To continue, choose the same photos again: who is enrolled is skipped.',
  keep: 'Keep them',
  photos: (n: number) => count(n, 'photo'),
  verdicts: {
    ready: 'ready',
    'no-photo': 'no photo found',
    'left-out': 'left out',
    enrolled: 'enrolled',
    exists: 'enrolled before',
    rejected: 'not enrolled',
    'look-alike': 'looks like somebody else',
    failed: 'not enrolled',
  },
  missing: (names: readonly string[]) => `not found: ${names.join(', ')}`,
  surplus: (n: number) => `${count(n, 'more photo')} than the limit`,
  used: (used: number, all: number) => `${used} of ${count(all, 'photo')} used`,
  looksLike: (name: string) => `looks like ${name}`,
  notImage: 'a file is not an image that can be opened',
  unreadable: 'a photo cannot be read',
  toPairs: (n: number) => `Decide ${count(n, 'look-alike')}`,
  pairs: (n: number) => `${people(n)} look like somebody who is enrolled`.replace(/^1 person look/, '1 person looks'),
  pairsHint: 'New photo on the left, enrolled person on the right. They are not enrolled until you decide.',
  noPicture: 'enrolled before, no photo kept',
  different: 'Different people: enroll',
  differentWho: (name: string) => `Different people: enroll ${name}`,
  same: 'Same person: leave out',
  sameWho: (name: string) => `Same person: leave out ${name}`,
  morePairs: (n: number) => `${n} more follow.`,
};

export type BulkTexts = typeof bulkEnglish;
