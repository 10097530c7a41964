/** Trains classifiers on request or automatically. Only one tab trains a collection at a time. */
import { InfaceError } from '../../api/errors.js';
import type { FaceEmbedder } from '../../models/embedder.js';
import { strangerCount } from '../../recognition/background.js';
import { createStrangers, trainClassifier, type Strangers, type Training } from '../../recognition/classifier.js';
import type { ClassifierState, TrainProgress, TrainResult } from '../../api/collections.js';
import type { FaceStore, Owner } from '../ports/face-store.js';
import type { LoadedCollections } from './loaded-collections.js';
import type { Space } from './spaces.js';

/** Ensures that a collection has only one training at a time, across all tabs. */
export interface TrainingLocks {
  /** Waits for the lock of the collection and runs `work` while holding it. @throws the signal's reason */
  run<T>(collectionId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Runs `work` if the lock is free. Otherwise returns false without waiting. */
  tryRun(collectionId: string, work: () => Promise<void>): Promise<boolean>;
  /** Returns the collections that are being trained in this tab or another one. */
  held(): Promise<ReadonlySet<string>>;
}

/** The state of a training. */
export interface TrainingNews {
  readonly collectionId: string;
  readonly state: ClassifierState;
  /** `null` after the training has ended. */
  readonly progress: TrainProgress | null;
  /** Reason of the failure, or `null`. */
  readonly error: string | null;
}

/** An embedding space to train collections in. */
interface TrainedSpace extends Pick<Space, 'scoring' | 'background'> {
  readonly embedder: Pick<FaceEmbedder, 'space' | 'calibration'>;
}

export interface TrainerParts {
  readonly store: Pick<FaceStore, 'collectionRevision' | 'listCollections' | 'saveClassifiers'>;
  readonly loaded: Pick<LoadedCollections, 'read'>;
  readonly current: TrainedSpace;
  /** Returns the older embedding spaces that have templates. */
  readonly older: () => Promise<readonly (TrainedSpace & { readonly embedder: FaceEmbedder })[]>;
  readonly locks: TrainingLocks;
  /** Whether to train collections automatically after a change. */
  readonly auto: boolean;
  /** Reports states to this kit and the other tabs, and progress to this kit only. */
  readonly announce: (news: TrainingNews) => void;
}

export interface Trainer {
  /** Trains now. Aborts this trainer's automatic training of the same collection. */
  train(
    owner: Owner,
    collectionId: string,
    signal: AbortSignal,
    onProgress: (progress: TrainProgress) => void,
  ): Promise<TrainResult>;
  /** Aborts this trainer's running and scheduled trainings of the collection. @returns whether there were any */
  abort(collectionId: string): boolean;
  /** Schedules the training of a changed collection. @param own whether this kit made the change */
  schedule(collectionId: string, own: boolean): void;
  /** Schedules all untrained collections with profiles. They remain if a tab was closed or the vault was locked. */
  resume(): Promise<void>;
  close(): void;
}

/** Delay of a training after the last change, because changes rarely come alone. */
const QUIET_MS = 2_000;
/** Maximum delay after the first change. Leaves half of the promised 30 s for a busy worker. */
const MAX_WAIT_MS = 15_000;
/** Delay after a change in another tab. That tab should have trained by then; if it was closed, this one does. */
const OTHERS_MS = 20_000;
/** Interval at which a training reports its progress. */
const TELL_AFTER_MS = 30;
/** Time after which a training lets the worker handle other calls. A page of a list takes about four such turns. */
const TURN_MS = 10;

export function createTrainer(parts: TrainerParts): Trainer {
  const { store, loaded, current, older, locks, auto, announce } = parts;
  /** Timers of scheduled trainings, each with the time of the first change it covers. */
  const timers = new Map<string, { readonly timer: ReturnType<typeof setTimeout>; readonly first: number }>();
  /** Trainings that run or wait for the lock. Requested trainings abort automatic ones. */
  const running = new Map<string, Set<{ readonly automatic: boolean; readonly controller: AbortController }>>();
  let closed = false;
  /** Automatic trainings run one after another. Many at once would make every other call wait for a step of each. */
  let queue: Promise<void> = Promise.resolve();
  /** The synthetic strangers of each space, drawn once. */
  const strangersOf = new WeakMap<TrainedSpace, Strangers | null>();

  /** Reads a collection in all embedding spaces. */
  async function readAll(owner: Owner, collectionId: string) {
    const contents = [{ space: current, content: await loaded.read(owner, collectionId) }];
    for (const space of await older()) {
      contents.push({ space, content: await loaded.read(owner, collectionId, space.embedder) });
    }
    return contents;
  }

  /**
   * Trains a classifier for each embedding space on the stored content of a collection and stores them.
   * @param onLearnt called before the classifier is stored; from then on, the training cannot be aborted
   */
  async function learn(
    owner: Owner,
    collectionId: string,
    signal: AbortSignal,
    onProgress: (progress: TrainProgress) => void,
    onLearnt: () => void,
  ): Promise<TrainResult> {
    const started = performance.now();
    const contents = await readAll(owner, collectionId);
    // If the collection changes while it is read, its revision differs from this one, and nothing is stored.
    const { revision } = (contents[0] as (typeof contents)[number]).content;
    const filled = contents.filter(({ content }) => content.profileIds.length > 0);
    for (const { content } of contents) if (content.profileIds.length === 0) content.keep(null);
    if (filled.length === 0) {
      await store.saveClassifiers(collectionId, revision, []);
      throw new InfaceError(
        'COLLECTION_EMPTY',
        `Collection '${collectionId}' has no templates to learn from. Enroll profiles into it first.`,
      );
    }
    const sizes = filled.map(({ space: { background }, content: { profileIds } }) => {
      return profileIds.length + (background ? strangerCount(profileIds.length) : 0);
    });
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    const total = sum(sizes);
    let lastTold = performance.now();
    let lastTurn = lastTold;
    const trainings: Training[] = [];
    for (const [i, { space, content }] of filled.entries()) {
      const { embedder, scoring, background } = space;
      const { profileIds, rows, before } = content;
      if (!strangersOf.has(space)) strangersOf.set(space, background && createStrangers(background, scoring));
      const strangers = strangersOf.get(space) ?? null;
      const set = { space: embedder.space, profileIds, rows, scoring, calibration: embedder.calibration, strangers };
      const training = await trainClassifier({ ...set, before }, async (step) => {
        const progress = { done: sum(sizes.slice(0, i)) + step.done, total };
        const now = performance.now();
        const isDue = now - lastTold > TELL_AFTER_MS;
        if (isDue || progress.done === 0 || progress.done === total) {
          onProgress(progress);
          announce({ collectionId, state: 'training', progress, error: null });
          lastTold = now;
        }
        if (now - lastTurn > TURN_MS) {
          await new Promise((resolve) => setTimeout(resolve));
          lastTurn = performance.now();
        }
        signal.throwIfAborted();
      });
      trainings.push(training);
    }
    onLearnt();
    await store.saveClassifiers(
      collectionId,
      revision,
      trainings.map(({ classifier }) => classifier),
    );
    for (const [i, { content }] of filled.entries()) content.keep(trainings[i] ?? null);
    const profileCount = new Set(filled.flatMap(({ content }) => content.profileIds)).size;
    const tested = filled.find(({ space }) => space.background);
    return {
      collectionId,
      profileCount,
      templateCount: sum(filled.map(({ content }) => content.templateCount)),
      unknownCount: tested ? strangerCount(tested.content.profileIds.length) : 0,
      durationMs: performance.now() - started,
    };
  }

  /** Registers a training so that it can be aborted, even while it waits, until it calls `leave`. */
  async function tracked<T>(
    collectionId: string,
    automatic: boolean,
    work: (signal: AbortSignal, leave: () => void) => Promise<T>,
  ): Promise<T> {
    const entry = { automatic, controller: new AbortController() };
    const entries = running.get(collectionId) ?? new Set();
    running.set(collectionId, entries.add(entry));
    const leave = () => {
      entries.delete(entry);
      if (entries.size === 0 && running.get(collectionId) === entries) running.delete(collectionId);
    };
    try {
      return await work(entry.controller.signal, leave);
    } finally {
      leave();
    }
  }

  /** Announces the state of a collection after a training has ended for any reason. */
  async function announceState(collectionId: string, error: string | null): Promise<void> {
    try {
      const { classifier } = await store.collectionRevision(null, collectionId);
      announce({ collectionId, state: classifier, progress: null, error });
    } catch {
      // The collection is gone, and its deletion was already announced.
    }
  }

  function cancelTimer(collectionId: string): boolean {
    const pending = timers.get(collectionId);
    clearTimeout(pending?.timer);
    return timers.delete(collectionId);
  }

  function setTimer(collectionId: string, due: number, first: number): void {
    cancelTimer(collectionId);
    const onDue = () => {
      // It stays scheduled while others are trained, so that it can still be aborted or put off.
      queue = queue.then(async () => {
        if (timers.get(collectionId) !== scheduled) return;
        timers.delete(collectionId);
        await trainByItself(collectionId);
      });
    };
    const scheduled = { timer: setTimeout(onDue, Math.max(0, due - Date.now())), first };
    timers.set(collectionId, scheduled);
  }

  async function trainByItself(collectionId: string): Promise<void> {
    let failure: string | null = null;
    const work = async () => {
      try {
        await tracked(collectionId, true, (signal, leave) => learn(null, collectionId, signal, () => undefined, leave));
      } catch (error) {
        // Not failures: an abort, an empty or deleted collection, a closed kit, or a locked vault (retried on unlock).
        const expected = ['TRAINING_ABORTED', 'COLLECTION_EMPTY', 'COLLECTION_GONE', 'VAULT_LOCKED', 'CLOSED'];
        const isExpected = error instanceof InfaceError && expected.includes(error.code);
        if (!isExpected) failure = error instanceof Error ? error.message : String(error);
      }
    };
    try {
      if ((await store.collectionRevision(null, collectionId)).classifier === 'trained') return;
      const ran = await locks.tryRun(collectionId, work);
      if (ran) await announceState(collectionId, failure);
      // Another tab is training the collection. Check later, in case that tab ends before it has finished.
      else schedule(collectionId, false);
    } catch {
      // The collection or the database is gone.
    }
  }

  function schedule(collectionId: string, own: boolean): void {
    if (!auto || closed) return;
    const pending = timers.get(collectionId);
    const now = Date.now();
    const first = pending?.first ?? now;
    if (own) setTimer(collectionId, Math.min(now + QUIET_MS, first + MAX_WAIT_MS), first);
    else if (!pending) setTimer(collectionId, now + OTHERS_MS, now);
  }

  function abortRunning(collectionId: string, accepts: (automatic: boolean) => boolean): boolean {
    let aborted = false;
    for (const { automatic, controller } of running.get(collectionId) ?? []) {
      if (!accepts(automatic)) continue;
      aborted = true;
      controller.abort(new InfaceError('TRAINING_ABORTED', `The training of '${collectionId}' was ended.`));
    }
    return aborted;
  }

  return {
    train: (owner, collectionId, callSignal, onProgress) =>
      // Registered before the first wait, or an abort that follows at once would find nothing to abort.
      tracked(collectionId, false, async (signal, leave) => {
        // Check before waiting for the lock, so that a wrong id fails at once.
        await store.collectionRevision(owner, collectionId);
        cancelTimer(collectionId);
        abortRunning(collectionId, (automatic) => automatic);
        const controller = new AbortController();
        const end = (of: AbortSignal) => () => controller.abort(of.reason);
        for (const source of [callSignal, signal]) {
          if (source.aborted) controller.abort(source.reason);
          source.addEventListener('abort', end(source), { once: true });
        }
        const work = () => learn(owner, collectionId, controller.signal, onProgress, leave);
        try {
          return await locks.run(collectionId, controller.signal, work);
        } finally {
          leave();
          await announceState(collectionId, null);
        }
      }),

    abort(collectionId) {
      const wasPending = cancelTimer(collectionId);
      return abortRunning(collectionId, () => true) || wasPending;
    },

    schedule,

    async resume() {
      if (!auto || closed) return;
      for (const { id, classifier, profileIds } of await store.listCollections(null)) {
        if (classifier !== 'trained' && profileIds.length > 0) schedule(id, true);
      }
    },

    close() {
      closed = true;
      for (const collectionId of [...timers.keys()]) cancelTimer(collectionId);
      for (const collectionId of running.keys()) abortRunning(collectionId, () => true);
    },
  };
}
