/** When classifiers are trained, by whom, and on what. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InfaceError } from '../../src/api/errors.js';
import type { Background } from '../../src/recognition/background.js';
import type { Classifier } from '../../src/recognition/classifier.js';
import { createScoring, type Scoring } from '../../src/recognition/scoring.js';
import type { ClassifierState, TrainProgress } from '../../src/api/collections.js';
import type { CollectionContent, StoredClassifierState } from '../../src/worker/ports/face-store.js';
import { createLoadedCollections, type LoadedCollections } from '../../src/worker/use-cases/loaded-collections.js';
import { createTrainer, type Trainer, type TrainerParts } from '../../src/worker/use-cases/training.js';
import { CALIBRATION, storedProfiles, vector } from './vectors.js';

const SPACE = 'space';
const ID = 'home';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const template = (profileId: string, x: number, y: number) => ({
  id: `${profileId}:${x},${y}`,
  profileId,
  space: SPACE,
  vector: vector(x, y),
  quality: null,
  createdAt: '',
});

/** Two components around the axes. */
const BACKGROUND: Background = {
  dimension: 2,
  shares: vector(0.5, 0.5),
  centers: vector(-1, 0, 0, -1),
  factor: vector(0.05, 0, 0.05),
  strangerCommonness: new Float32Array(0),
};

interface World {
  content: CollectionContent;
  state: StoredClassifierState;
  saved: (Classifier | null)[];
  /** Thrown by the next load. */
  failure: Error | null;
  /** Whether another tab holds the lock. */
  taken: boolean;
  /** What was announced, without progress. */
  news: (readonly [ClassifierState, string | null])[];
  trainer: Trainer;
  loaded: LoadedCollections;
}

const CURRENT: TrainerParts['current'] = {
  embedder: { space: SPACE, calibration: { ...CALIBRATION, origin: 'test' } },
  scoring: createScoring(2, null),
  background: BACKGROUND,
};

function world(parts: Partial<TrainerParts> = {}, content: Partial<CollectionContent> = {}): World {
  const w: World = {
    content: {
      revision: 3,
      profiles: storedProfiles([template('anna', 1, 0), template('berta', 0, 1)]),
      negatives: [],
      classifier: null,
      ...content,
    },
    state: 'stale',
    saved: [],
    failure: null,
    taken: false,
    news: [],
    trainer: undefined as unknown as Trainer,
    loaded: createLoadedCollections(
      {
        collectionRevision: () => Promise.resolve({ revision: w.content.revision, classifier: w.state }),
        loadCollection: () => (w.failure ? Promise.reject(w.failure) : Promise.resolve(w.content)),
      },
      { space: SPACE, dimension: 2, calibration: { ...CALIBRATION, origin: 'test' } },
    ),
  };
  w.trainer = createTrainer({
    store: {
      collectionRevision: () => Promise.resolve({ revision: w.content.revision, classifier: w.state }),
      listCollections: () =>
        Promise.resolve(
          ['empty', 'done', 'home'].map((id) => ({
            id,
            name: id,
            unknowns: false,
            owner: null,
            profileIds: id === 'empty' ? [] : ['anna'],
            classifier: id === 'done' ? 'trained' : 'stale',
            createdAt: '',
            updatedAt: '',
          })),
        ),
      saveClassifiers: (_id, _revision, [classifier = null]) => {
        w.saved.push(classifier);
        w.state = classifier ? 'trained' : 'untrained';
        return Promise.resolve(w.state);
      },
    },
    loaded: w.loaded,
    current: CURRENT,
    older: () => Promise.resolve([]),
    locks: {
      async run(_id, signal, work) {
        signal.throwIfAborted();
        return work();
      },
      async tryRun(_id, work) {
        if (w.taken) return false;
        await work();
        return true;
      },
      held: () => Promise.resolve(new Set()),
    },
    auto: true,
    announce: ({ state, error, progress }) => {
      if (progress === null) w.news.push([state, error]);
    },
    ...parts,
  });
  return w;
}

const train = (w: World, signal = new AbortController().signal) => w.trainer.train(null, ID, signal, () => undefined);

describe('after a change of its own', () => {
  it('a kit trains when it has been quiet for 2 s', async () => {
    const w = world();
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(1_500);
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(w.saved).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(w.saved).toHaveLength(1);
    expect(w.news).toEqual([['trained', null]]);
    // Trained, so that nothing is left to do.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(w.saved).toHaveLength(1);
  });

  it('changes that do not end do not put it off for longer than 15 s', async () => {
    const w = world();
    for (let seconds = 0; seconds < 15; seconds++) {
      w.trainer.schedule(ID, true);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(w.saved).toHaveLength(1);
  });

  it('nothing happens where that is switched off', async () => {
    const w = world({ auto: false });
    w.trainer.schedule(ID, true);
    await w.trainer.resume();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(w.saved).toEqual([]);
  });

  it('a collection that lost its last template loses its classifier', async () => {
    const w = world({}, { profiles: [] });
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(w.saved).toEqual([null]);
    expect(w.news).toEqual([['untrained', null]]);
  });

  it('a failure is told, and a locked vault is none', async () => {
    const w = world();
    w.failure = new Error('out of luck');
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    w.failure = new InfaceError('VAULT_LOCKED', 'locked');
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(w.news).toEqual([
      ['stale', 'out of luck'],
      ['stale', null],
    ]);
    w.failure = null;
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(w.saved).toHaveLength(1);
  });
});

describe('of many collections that are due at once', () => {
  it('one is trained at a time, and those that wait can be aborted and put off', async () => {
    const running: string[] = [];
    const order: string[] = [];
    const ends = new Map<string, () => void>();
    const { trainer } = world({
      locks: {
        run: async (_id, _signal, work) => work(),
        tryRun: async (id) => {
          running.push(id);
          order.push(id);
          expect(running).toEqual([id]);
          await new Promise<void>((resolve) => ends.set(id, resolve));
          running.pop();
          return true;
        },
        held: () => Promise.resolve(new Set()),
      },
    });
    const end = async (id: string) => {
      ends.get(id)?.();
      await vi.advanceTimersByTimeAsync(0);
    };
    for (const id of ['a', 'b', 'c', 'd']) trainer.schedule(id, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(order).toEqual(['a']);
    expect(trainer.abort('b')).toBe(true);
    trainer.schedule('c', true);
    await end('a');
    expect(order).toEqual(['a', 'd']);
    await vi.advanceTimersByTimeAsync(3_000);
    await end('d');
    expect(order).toEqual(['a', 'd', 'c']);
    trainer.schedule('e', true);
    await vi.advanceTimersByTimeAsync(3_000);
    trainer.close();
    await end('c');
    expect(order).toEqual(['a', 'd', 'c']);
  });
});

describe('after a change of another tab', () => {
  it('the training is left to it, and made up for after 20 s', async () => {
    const w = world();
    w.trainer.schedule(ID, false);
    await vi.advanceTimersByTimeAsync(19_000);
    w.trainer.schedule(ID, false);
    expect(w.saved).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(w.saved).toHaveLength(1);
  });

  it('nothing is trained twice', async () => {
    const w = world();
    w.trainer.schedule(ID, false);
    w.state = 'trained';
    await vi.advanceTimersByTimeAsync(30_000);
    expect(w.saved).toEqual([]);
  });

  it('a tab that holds the training is waited for, and replaced when it goes without a result', async () => {
    const w = world();
    w.taken = true;
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(w.saved).toEqual([]);
    w.taken = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(w.saved).toHaveLength(1);
  });
});

describe('at the start', () => {
  it('collections that nobody trained are looked for', async () => {
    const trained: string[] = [];
    const { trainer } = world({
      locks: {
        run: async (_id, _signal, work) => work(),
        tryRun: async (id, work) => {
          trained.push(id);
          await work();
          return true;
        },
        held: () => Promise.resolve(new Set()),
      },
    });
    await trainer.resume();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(trained).toEqual(['home']);
  });
});

describe('train', () => {
  it('answers with figures, and takes the place of what was due', async () => {
    const w = world();
    w.trainer.schedule(ID, true);
    const result = await train(w);
    expect(result).toMatchObject({ collectionId: ID, profileCount: 2, templateCount: 2, unknownCount: 500 });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(w.saved[0]).toMatchObject({ profileIds: ['anna', 'berta'] });
    expect(w.news).toEqual([['trained', null]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(w.saved).toHaveLength(1);
  });

  it('tells its progress to the caller and to the others', async () => {
    const [told, announced]: [TrainProgress[], TrainProgress[]] = [[], []];
    const w = world({
      announce: ({ collectionId, state, progress, error }) => {
        if (!progress) return;
        expect([collectionId, state, error]).toEqual([ID, 'training', null]);
        announced.push(progress);
      },
    });
    await w.trainer.train(null, ID, new AbortController().signal, (progress) => told.push(progress));
    expect(told[0]).toEqual({ done: 0, total: 502 });
    expect(told.at(-1)).toEqual({ done: 502, total: 502 });
    expect(announced).toEqual(told);
  });

  it('refuses what is stored of another embedding space', async () => {
    const w = world({}, { profiles: storedProfiles([{ ...template('anna', 1, 0), space: 'other' }]) });
    await expect(train(w)).rejects.toMatchObject({ code: 'EMBEDDING_SPACE_MISMATCH' });
    expect(w.saved).toEqual([]);
  });

  it('refuses an empty collection', async () => {
    const w = world({}, { profiles: [] });
    await expect(train(w)).rejects.toMatchObject({ code: 'COLLECTION_EMPTY' });
  });

  it('ends with its signal, or by abort(), and stores nothing', async () => {
    const reason = new Error('enough');
    const w = world();
    await expect(train(w, AbortSignal.abort(reason))).rejects.toBe(reason);

    const running = world({
      announce: ({ progress }) => {
        if (progress && progress.done > 0) running.trainer.abort(ID);
      },
    });
    await expect(train(running)).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
    expect([w.saved, running.saved]).toEqual([[], []]);
    expect(running.trainer.abort(ID)).toBe(false);
    running.trainer.schedule(ID, true);
    expect(running.trainer.abort(ID)).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(running.saved).toEqual([]);
  });

  it('can be aborted from its call on', async () => {
    const w = world();
    const training = train(w);
    expect(w.trainer.abort(ID)).toBe(true);
    await expect(training).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
    expect(w.saved).toEqual([]);
  });

  it('puts an end to an automatic training of the same collection', async () => {
    const explicit: Promise<unknown>[] = [];
    const w = world({
      announce: ({ progress }) => {
        if (progress && explicit.length === 0) explicit.push(train(w));
      },
    });
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    await Promise.all(explicit);
    expect(w.saved).toHaveLength(1);
  });

  it('is over when the kit is closed', async () => {
    const w = world({
      announce: ({ progress }) => {
        if (progress && progress.done > 0) w.trainer.close();
      },
    });
    await expect(train(w)).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(w.saved).toEqual([]);
  });
});

describe('the owner', () => {
  type OlderSpace = Awaited<ReturnType<TrainerParts['older']>>[number];

  /** A collection of the API key 'door'. @returns what was read and as whom */
  function ownedByDoor() {
    const asked: string[] = [];
    const see = <T>(what: string, owner: string | null, value: T): Promise<T> => {
      asked.push(`${what} ${owner}`);
      const isSeen = owner === null || owner === 'door';
      return isSeen ? Promise.resolve(value) : Promise.reject(new InfaceError('COLLECTION_NOT_FOUND', 'not yours'));
    };
    const inner = world();
    const older = { ...CURRENT, embedder: { ...CURRENT.embedder, dimension: 2 } } as OlderSpace;
    const w = world({
      older: () => Promise.resolve([older]),
      store: {
        collectionRevision: (owner) => see('revision', owner, { revision: 3, classifier: 'stale' }),
        listCollections: (owner) => see('list', owner, []),
        saveClassifiers: (_id, _revision, [classifier = null]) => {
          w.saved.push(classifier);
          return Promise.resolve('trained');
        },
      },
      loaded: {
        read: async (owner, ...rest) => see('read', owner, await inner.loaded.read(null, ...rest)),
      },
    });
    return { w, asked };
  }

  it('of a call decides what it may train, and the state is announced in any case', async () => {
    const { w, asked } = ownedByDoor();
    const trainAs = (owner: string) => w.trainer.train(owner, ID, new AbortController().signal, () => undefined);
    await expect(trainAs('desk')).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect(asked.splice(0)).toEqual(['revision desk']);
    await trainAs('door');
    expect(asked).toEqual(['revision door', 'read door', 'read door', 'revision null']);
    expect([w.saved.length, w.news]).toEqual([1, [['stale', null]]]);
  });

  it('of a collection does not matter when it is trained automatically', async () => {
    const { w, asked } = ownedByDoor();
    await w.trainer.resume();
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked).toEqual(['list null', 'revision null', 'read null', 'read null', 'revision null']);
    expect(w.saved).toHaveLength(1);
  });
});

describe('strangers', () => {
  it('are tried, the same ones each time', async () => {
    const [a, b] = [world(), world()];
    const results = [await train(a), await train(b)];
    expect(results.map(({ unknownCount }) => unknownCount)).toEqual([500, 500]);
    expect(a.saved[0]).toMatchObject({ profileIds: ['anna', 'berta'] });
    expect(a.saved).toEqual(b.saved);
    // They lie on the other side, much further away than the calibration says, which makes no threshold looser.
    expect(a.saved[0]?.strangerShift).toBe(0);
  });

  it('are left out for an embedder without background statistics', async () => {
    const w = world({ current: { ...CURRENT, background: null } });
    expect(await train(w)).toMatchObject({ unknownCount: 0 });
    expect(w.saved[0]).toMatchObject({ strangerShift: 0 });
  });
});

it('measures no profile twice, until it or its collection is removed', async () => {
  const scoring = createScoring(2, () => vector(1, 0, 0, 1));
  let measured: number[] = [];
  const counting: Scoring = {
    ...scoring,
    commonness(matrix, offset) {
      // Strangers are another matrix, and are measured once.
      if (matrix.length === 2 * 2) measured.push(offset);
      return scoring.commonness(matrix, offset);
    },
  };
  const w = world({ current: { ...CURRENT, scoring: counting }, auto: false });
  const profilesMeasured = async () => {
    measured = [];
    await train(w);
    return measured.length;
  };
  expect(await profilesMeasured()).toBe(2);
  expect(await profilesMeasured()).toBe(0);
  for (const [change, count] of [
    [{ vault: 'changed' }, 2],
    [{ collections: { change: 'deleted', ids: [ID] } }, 2],
    [{ profiles: { change: 'deleted', ids: ['anna'] } }, 1],
    [{ removed: { collectionId: ID, profileIds: ['berta'] } }, 1],
    [{ removed: { collectionId: 'other', profileIds: ['berta'] } }, 0],
  ] as const) {
    w.loaded.purge(change);
    expect(await profilesMeasured()).toBe(count);
    expect(await profilesMeasured()).toBe(0);
  }
  expect(w.saved.every((classifier) => JSON.stringify(classifier) === JSON.stringify(w.saved[0]))).toBe(true);
});

it('cannot be ended any more while what was learnt is stored, and says so', async () => {
  const aborted: boolean[] = [];
  const store: TrainerParts['store'] = {
    collectionRevision: () => Promise.resolve({ revision: 3, classifier: 'stale' }),
    listCollections: () => Promise.resolve([]),
    saveClassifiers() {
      aborted.push(late.trainer.abort(ID));
      return Promise.resolve('trained');
    },
  };
  const late = world({ auto: false, store });
  await expect(train(late)).resolves.toMatchObject({ profileCount: 2 });
  expect(aborted).toEqual([false]);
});

describe('progress', () => {
  it('is told at both ends, and every 30 ms or later between them; the worker handles other calls after 10 ms', async () => {
    let now = 1_000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const scoring = createScoring(2, () => vector(1, 0, 0, 1));
    const templates = Array.from({ length: 100 }, (_, i) => template(`p${i}`, Math.cos(i), Math.sin(i)));
    /** Trains on 100 faces, 32 in a step, that take so long to measure. */
    const trainAt = async (msPerFace: number) => {
      const slow: Scoring = {
        ...scoring,
        commonness(matrix, offset) {
          now += msPerFace;
          return scoring.commonness(matrix, offset);
        },
      };
      const events: (number | string)[] = [];
      const w = world(
        { current: { ...CURRENT, scoring: slow, background: null }, auto: false },
        { profiles: storedProfiles(templates) },
      );
      const training = w.trainer.train(null, ID, new AbortController().signal, ({ done }) => events.push(done));
      setTimeout(() => events.push('another call'));
      await vi.advanceTimersByTimeAsync(1_000);
      const { durationMs } = await training;
      return { events, durationMs };
    };
    expect(await trainAt(1)).toEqual({ events: [0, 32, 'another call', 64, 96, 100], durationMs: 100 });
    // 16 ms after the last turn, and 32 ms after the last report.
    expect(await trainAt(0.5)).toEqual({ events: [0, 'another call', 64, 100], durationMs: 50 });
    expect(await trainAt(0)).toEqual({ events: [0, 100, 'another call'], durationMs: 0 });
    clock.mockRestore();
  });
});

describe('a training that waits for another tab', () => {
  /** Locks that are never free. */
  const held: TrainerParts['locks'] = {
    run: (_id, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
    tryRun: () => Promise.resolve(false),
    held: () => Promise.resolve(new Set([ID])),
  };

  it('ends with its signal or by abort(), with the reason of either', async () => {
    const reason = new Error('enough');
    const w = world({ locks: held, auto: false });
    const controller = new AbortController();
    const first = train(w, controller.signal);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);

    const second = train(w);
    await vi.advanceTimersByTimeAsync(0);
    expect(w.trainer.abort('other')).toBe(false);
    expect(w.trainer.abort(ID)).toBe(true);
    await expect(second).rejects.toMatchObject({ code: 'TRAINING_ABORTED' });
    expect(w.trainer.abort(ID)).toBe(false);
    // Nothing was learnt, so that the state is what it was.
    expect(w.news).toEqual([
      ['stale', null],
      ['stale', null],
    ]);
  });

  it('is not ended by another one that is asked for, but both by closing', async () => {
    const w = world({ locks: held, auto: false });
    const both = [train(w), train(w)].map((training) => training.catch((error: unknown) => error));
    await vi.advanceTimersByTimeAsync(0);
    let isOver = false;
    void Promise.race(both).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isOver).toBe(false);
    w.trainer.close();
    for (const error of await Promise.all(both)) expect(error).toMatchObject({ code: 'TRAINING_ABORTED' });
  });

  it.each(['before', 'while'])('can be ended after another one that it was asked for %s', async (when) => {
    let asked = 0;
    const second = { result: Promise.resolve<unknown>(null) };
    const ask = () => {
      second.result = train(w).catch((error: unknown) => error);
    };
    const w: World = world({
      auto: false,
      locks: { ...held, run: (id, signal, work) => (asked++ === 0 ? work() : held.run(id, signal, work)) },
      store: {
        collectionRevision: () => Promise.resolve({ revision: 3, classifier: 'stale' }),
        listCollections: () => Promise.resolve([]),
        async saveClassifiers() {
          // The first training is stored and cannot be aborted any more.
          if (when === 'while') ask();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return 'trained';
        },
      },
    });
    const first = train(w);
    if (when === 'before') ask();
    await vi.advanceTimersByTimeAsync(200);
    expect(await first).toMatchObject({ profileCount: 2 });
    expect(w.trainer.abort(ID)).toBe(true);
    expect(await second.result).toMatchObject({ code: 'TRAINING_ABORTED' });
  });

  it('is tried again every 20 s', async () => {
    let tries = 0;
    const tryRun = () => {
      tries++;
      return Promise.resolve(false);
    };
    const { trainer } = world({ locks: { ...held, tryRun } });
    trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(tries).toBe(1);
    await vi.advanceTimersByTimeAsync(19_999);
    expect(tries).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(tries).toBe(2);
  });

  it('is not tried again after closing', async () => {
    let tries = 0;
    const w = world({
      locks: {
        ...held,
        tryRun: () => {
          tries++;
          w.trainer.close();
          return Promise.resolve(false);
        },
      },
    });
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries).toBe(1);
  });
});

describe('what happens to an automatic training', () => {
  it.each(['TRAINING_ABORTED', 'COLLECTION_EMPTY', 'COLLECTION_GONE', 'VAULT_LOCKED', 'CLOSED'] as const)(
    'is no failure when it ends with %s',
    async (code) => {
      const w = world();
      w.failure = new InfaceError(code, 'not now');
      w.trainer.schedule(ID, true);
      await vi.advanceTimersByTimeAsync(3_000);
      expect(w.news).toEqual([['stale', null]]);
    },
  );

  it('is a failure when it ends with another error', async () => {
    const w = world();
    for (const failure of [new InfaceError('EMBEDDING_SPACE_MISMATCH', 'other space'), 'plain text']) {
      w.failure = failure as Error;
      w.trainer.schedule(ID, true);
      await vi.advanceTimersByTimeAsync(3_000);
    }
    expect(w.news).toEqual([
      ['stale', 'other space'],
      ['stale', 'plain text'],
    ]);
  });

  it('is not told of a collection that is gone', async () => {
    let isGone = false;
    const gone = new InfaceError('COLLECTION_GONE', 'gone');
    const w = world({
      store: {
        collectionRevision: () =>
          isGone ? Promise.reject(gone) : Promise.resolve({ revision: 3, classifier: 'stale' }),
        listCollections: () => Promise.resolve([]),
        saveClassifiers: () => {
          isGone = true;
          return Promise.reject(gone);
        },
      },
    });
    // The error is that of the training, not that of the search for the collection.
    await expect(train(w)).rejects.toBe(gone);
    await expect(train(w)).rejects.toBe(gone);
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(w.news).toEqual([]);
  });

  it('is put off by further changes, and dropped by closing', async () => {
    const w = world();
    w.trainer.schedule(ID, false);
    await vi.advanceTimersByTimeAsync(10_000);
    // An own change is trained sooner than one of another tab.
    w.trainer.schedule(ID, true);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(w.saved).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(w.saved).toHaveLength(1);
    w.state = 'stale';
    w.trainer.schedule(ID, true);
    w.trainer.close();
    w.trainer.schedule(ID, true);
    await w.trainer.resume();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(w.saved).toHaveLength(1);
  });

  it('is not looked for when nothing is trained automatically, or after closing', async () => {
    let reads = 0;
    const store: TrainerParts['store'] = {
      collectionRevision: () => Promise.resolve({ revision: 3, classifier: 'stale' }),
      listCollections: () => {
        reads++;
        return Promise.resolve([]);
      },
      saveClassifiers: () => Promise.resolve('trained'),
    };
    const [off, closed] = [world({ store, auto: false }), world({ store })];
    await off.trainer.resume();
    closed.trainer.close();
    await closed.trainer.resume();
    expect(reads).toBe(0);
    await world({ store }).trainer.resume();
    expect(reads).toBe(1);
  });

  it('counts the 15 s from the first change since the last training', async () => {
    const w = world();
    const trainedAt: number[] = [];
    for (let second = 1; second <= 40; second++) {
      w.state = 'stale';
      w.trainer.schedule(ID, true);
      const before = w.saved.length;
      await vi.advanceTimersByTimeAsync(1_000);
      if (w.saved.length > before) trainedAt.push(second);
    }
    // The next change after a training comes with the next second.
    expect(trainedAt).toEqual([15, 30]);
  });
});
