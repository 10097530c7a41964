/** Training of classifiers: asked for or by itself, one collection in one tab at a time. */
import { InfaceError } from '../../api/errors.js';
import { strangerCount, type Background } from '../../recognition/background.js';
import { createStrangers, trainClassifier } from '../../recognition/classifier.js';
import type { Calibration } from '../../recognition/decision.js';
import type { Scoring } from '../../recognition/scoring.js';
import type { ClassifierState, TrainProgress, TrainResult } from '../../api/collections.js';
import type { FaceStore, Owner } from '../ports/face-store.js';
import type { LoadedCollections } from './loaded-collections.js';

/** Over all tabs, one collection is trained once at a time. */
export interface TrainingLocks {
  /** Waits until nobody trains the collection, and keeps the others from it. @throws the signal's reason */
  run<T>(collectionId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** The same without waiting: false, and nothing done, when somebody trains it. */
  tryRun(collectionId: string, work: () => Promise<void>): Promise<boolean>;
  /** The collections that are being trained, here or in another tab. */
  held(): Promise<ReadonlySet<string>>;
}

/** The state of a training. */
export interface TrainingNews {
  readonly collectionId: string;
  readonly state: ClassifierState;
  /** `null` when it has ended. */
  readonly progress: TrainProgress | null;
  /** Why it failed, `null` if it did not. */
  readonly error: string | null;
}

export interface TrainerParts {
  readonly store: Pick<FaceStore, 'collectionRevision' | 'listCollections' | 'saveClassifier'>;
  readonly loaded: Pick<LoadedCollections, 'read'>;
  readonly embedder: { readonly space: string; readonly calibration: Calibration };
  readonly scoring: Scoring;
  /** `null` where the embedder has no statistics of many people. */
  readonly background: Background | null;
  readonly locks: TrainingLocks;
  /** Whether collections are trained after they changed. */
  readonly auto: boolean;
  /** Tells this kit and the others of a state, and this kit of progress. */
  readonly announce: (news: TrainingNews) => void;
}

export interface Trainer {
  /** Trains now; an automatic training of the same collection gives way. */
  train(
    owner: Owner,
    collectionId: string,
    signal: AbortSignal,
    onProgress: (progress: TrainProgress) => void,
  ): Promise<TrainResult>;
  /** Ends what this trainer does for the collection. @returns whether it did something */
  abort(collectionId: string): boolean;
  /** Sees to it that a changed collection is trained. @param own whether the change was made by this kit */
  schedule(collectionId: string, own: boolean): void;
  /** Looks for collections that no tab lived to train, or that were locked. */
  resume(): Promise<void>;
  close(): void;
}

/** A change is rarely alone: the training waits for this long after the last one, */
const QUIET_MS = 2_000;
/** but not longer than this after the first, so that half of the promised 30 s is left for a busy worker. */
const MAX_WAIT_MS = 15_000;
/** After this, the tab that made the change should have trained; if it was closed, another one does. */
const OTHERS_MS = 20_000;
/** A training tells how far it is, and lets other calls through, this often. */
const TELL_AFTER_MS = 30;

export function createTrainer(parts: TrainerParts): Trainer {
  const { store, loaded, embedder, scoring, background, locks, auto, announce } = parts;
  /** Trainings that are due, each with the time of the first change that it is for. */
  const timers = new Map<string, { readonly timer: ReturnType<typeof setTimeout>; readonly first: number }>();
  /** Trainings that run or wait for their turn; the automatic ones give way. */
  const running = new Map<string, Set<{ readonly automatic: boolean; readonly controller: AbortController }>>();
  let closed = false;
  const strangers = background && createStrangers(background, scoring);

  /**
   * Learns from what is stored, and stores what was learnt.
   * @param onLearnt called before it is stored: then it is too late to end it
   */
  async function learn(
    owner: Owner,
    collectionId: string,
    signal: AbortSignal,
    onProgress: (progress: TrainProgress) => void,
    onLearnt: () => void,
  ): Promise<TrainResult> {
    const started = performance.now();
    const content = await loaded.read(owner, collectionId);
    if (content.profileIds.length === 0) {
      content.keep(null);
      await store.saveClassifier(collectionId, content.revision, null);
      throw new InfaceError(
        'COLLECTION_EMPTY',
        `Collection '${collectionId}' has no templates to learn from. Enroll profiles into it first.`,
      );
    }
    const { profileIds, rows, templateCount, before } = content;
    const { space, calibration } = embedder;
    const set = { space, profileIds, rows, scoring, calibration, strangers, before };
    let lastTold = performance.now();
    const training = await trainClassifier(set, async (progress) => {
      const { done, total } = progress;
      const isDue = performance.now() - lastTold > TELL_AFTER_MS;
      if (isDue || done === 0 || done === total) {
        onProgress(progress);
        announce({ collectionId, state: 'training', progress, error: null });
      }
      if (isDue) {
        await new Promise((resolve) => setTimeout(resolve));
        lastTold = performance.now();
      }
      signal.throwIfAborted();
    });
    const { classifier } = training;
    onLearnt();
    await store.saveClassifier(collectionId, content.revision, classifier);
    content.keep(training);
    return {
      collectionId,
      profileCount: classifier.profileIds.length,
      templateCount,
      unknownCount: background ? strangerCount(classifier.profileIds.length) : 0,
      durationMs: performance.now() - started,
    };
  }

  /** Keeps the books of a training: it can be aborted while it waits and while it runs, until it calls `onLearnt`. */
  async function tracked<T>(
    collectionId: string,
    automatic: boolean,
    work: (signal: AbortSignal, onLearnt: () => void) => Promise<T>,
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

  /** What the state is once a training ended, however it ended. */
  async function announceState(collectionId: string, error: string | null): Promise<void> {
    try {
      const { classifier } = await store.collectionRevision(null, collectionId);
      announce({ collectionId, state: classifier, progress: null, error });
    } catch {
      // The collection is gone, and its deletion was told.
    }
  }

  function cancelTimer(collectionId: string): boolean {
    const pending = timers.get(collectionId);
    clearTimeout(pending?.timer);
    return timers.delete(collectionId);
  }

  function setTimer(collectionId: string, due: number, first: number): void {
    cancelTimer(collectionId);
    const timer = setTimeout(
      () => {
        timers.delete(collectionId);
        void trainByItself(collectionId);
      },
      Math.max(0, due - Date.now()),
    );
    timers.set(collectionId, { timer, first });
  }

  async function trainByItself(collectionId: string): Promise<void> {
    let failure: string | null = null;
    const work = async () => {
      try {
        await tracked(collectionId, true, (signal, onLearnt) =>
          learn(null, collectionId, signal, () => undefined, onLearnt),
        );
      } catch (error) {
        const code = error instanceof InfaceError ? error.code : null;
        // Not failures: it was aborted, has nothing to learn from, is gone, or is tried again when it is unlocked.
        const isExpected = ['TRAINING_ABORTED', 'COLLECTION_EMPTY', 'COLLECTION_GONE', 'VAULT_LOCKED', 'CLOSED'];
        if (code === null || !isExpected.includes(code))
          failure = error instanceof Error ? error.message : String(error);
      }
    };
    try {
      if ((await store.collectionRevision(null, collectionId)).classifier === 'trained') return;
      const ran = await locks.tryRun(collectionId, work);
      if (ran) await announceState(collectionId, failure);
      // Another tab is at it. Should it end without having trained, this one comes back.
      else if (!closed) schedule(collectionId, false);
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
    async train(owner, collectionId, callSignal, onProgress) {
      // Before the wait, so that a wrong id is told at once.
      await store.collectionRevision(owner, collectionId);
      cancelTimer(collectionId);
      abortRunning(collectionId, (automatic) => automatic);
      try {
        return await tracked(collectionId, false, (signal, onLearnt) => {
          const controller = new AbortController();
          const end = (of: AbortSignal) => () => controller.abort(of.reason);
          for (const source of [callSignal, signal]) {
            if (source.aborted) controller.abort(source.reason);
            source.addEventListener('abort', end(source), { once: true });
          }
          const work = () => learn(owner, collectionId, controller.signal, onProgress, onLearnt);
          return locks.run(collectionId, controller.signal, work);
        });
      } finally {
        await announceState(collectionId, null);
      }
    },

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
