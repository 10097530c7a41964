/** Who is told of a change: this worker before its page, the other tabs once, and nobody twice. */
import { expect, it } from 'vitest';
import type { StoreChange } from '../../src/worker/ports/face-store.js';
import { createNews } from '../../src/worker/news.js';
import type { TrainingNews } from '../../src/worker/use-cases/training.js';

const LOCKED = { state: 'locked', hasPassphrase: true, erasure: 'overwritten' } as const;

/** News with everything that they cause, in order. */
function testNews(vaultStatus = () => Promise.resolve(LOCKED), watchStorage = () => Promise.resolve()) {
  const log: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: readonly unknown[]) => {
      log.push([name, ...args]);
    };
  const news = createNews({
    emit: ({ name, detail }) => log.push(['emit', name, detail]),
    post: note('post'),
    purge: note('purge'),
    schedule: note('schedule'),
    watchStorage: () => {
      log.push(['watchStorage']);
      return watchStorage();
    },
    vaultStatus,
  });
  return { news, log };
}

/** Lets promises that have settled go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

const CHANGE: StoreChange = {
  profiles: { change: 'deleted', ids: ['anna'] },
  collections: { change: 'updated', ids: ['home', 'work', 'empty'] },
  classifiers: [
    { collectionId: 'home', state: 'stale' },
    { collectionId: 'work', state: 'trained' },
    { collectionId: 'empty', state: 'untrained' },
  ],
};
const state = (collectionId: string, of: string) => [
  'emit',
  'classifier',
  { collectionId, state: of, progress: null, error: null },
];

it('drops what a change removed before the page hears of it, here and after a message of another tab', () => {
  for (const [origin, isOurs] of [
    ['this-kit', true],
    ['other', false],
  ] as const) {
    const { news, log } = testNews();
    if (isOurs) news.onChange(CHANGE);
    else news.onMessage({ kind: 'change', change: CHANGE });
    const delivered = [
      ['purge', CHANGE],
      ['emit', 'profiles', { ...CHANGE.profiles, origin }],
      ['emit', 'collections', { ...CHANGE.collections, origin }],
      state('home', 'stale'),
      ['schedule', 'home', isOurs],
      state('work', 'trained'),
      state('empty', 'untrained'),
      ['schedule', 'empty', isOurs],
    ];
    // Another tab posted its change itself. If each tab repeated it, messages would never end.
    expect(log).toEqual(
      isOurs ? [['post', { kind: 'change', change: CHANGE }], ...delivered, ['watchStorage']] : delivered,
    );
  }
});

it('tells what the store says when another tab reports a change of the vault', async () => {
  const { news, log } = testNews();
  news.onMessage({ kind: 'change', change: { vault: 'changed' } });
  await settle();
  expect(log).toEqual([
    ['purge', { vault: 'changed' }],
    ['emit', 'vault', LOCKED],
  ]);
  log.length = 0;
  news.onUnlock();
  await settle();
  expect(log).toEqual([['emit', 'vault', LOCKED]]);
});

it('goes on when the store or the storage cannot be asked', async () => {
  const fail = () => Promise.reject(new Error('the disk'));
  const { news, log } = testNews(fail, fail);
  news.onChange({ vault: 'changed' });
  news.onUnlock();
  await settle();
  expect(log.map(([name]) => name)).toEqual(['post', 'purge', 'watchStorage']);
});

it('posts the start and the end of a training, and its progress to this page only', () => {
  const { news, log } = testNews();
  const of = (progress: TrainingNews['progress'], error: string | null = null): TrainingNews => {
    return { collectionId: 'home', state: progress ? 'training' : 'stale', progress, error };
  };
  const steps = [of({ done: 0, total: 9 }), of({ done: 4, total: 9 }), of(null, 'out of luck')];
  for (const step of steps) news.onTraining(step);
  const posted = ({ collectionId, state: now, error }: TrainingNews) => [
    'post',
    { kind: 'classifier', collectionId, state: now, error },
  ];
  const [start, middle, end] = steps.map((detail) => ['emit', 'classifier', detail]);
  expect(log).toEqual([posted(steps[0] as TrainingNews), start, middle, posted(steps[2] as TrainingNews), end]);
});

it('makes up for a training that another tab left unfinished, and for no other', () => {
  const { news, log } = testNews();
  for (const each of ['training', 'stale', 'trained', 'untrained'] as const) {
    news.onMessage({ kind: 'classifier', collectionId: each, state: each, error: null });
  }
  expect(log).toEqual([
    state('training', 'training'),
    state('stale', 'stale'),
    ['schedule', 'stale', false],
    state('trained', 'trained'),
    state('untrained', 'untrained'),
  ]);
});
