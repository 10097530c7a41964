/** Shares one kit, and so one worker, among the components of a page that have the same options. */
import { createFaceKit, type FaceKit, type FaceKitOptions, type InfaceError, type LoadProgress } from '../../index.js';

/** Options of the shared kit: those of `createFaceKit` that are data. */
export type SharedKitOptions = Omit<FaceKitOptions, 'onProgress' | 'signal'>;

/** State of the shared kit. */
export interface KitState {
  /** The kit, or `null` until its models are loaded. Do not close it: the last component that uses it does. */
  readonly kit: FaceKit | null;
  /** The reason why the kit could not be created, or `null`. A component that is mounted later tries again. */
  readonly error: InfaceError | null;
  /** Progress of loading the models, or `null` before it starts. */
  readonly progress: LoadProgress | null;
}

/** State before anything is loaded, and on a server. */
export const STARTING: KitState = { kit: null, error: null, progress: null };

interface SharedKit {
  state: KitState;
  readonly listeners: Set<(state: KitState) => void>;
  readonly close: () => void;
}

/** Running kits by their options. Module-level, because the components that share them know only this module. */
const shared = new Map<string, SharedKit>();

/** Returns a string that is equal for equal options. */
export function keyOf(options: object): string {
  return JSON.stringify(Object.entries(options).sort());
}

/**
 * Uses the kit with these options, which starts with its first user and closes with its last.
 * @param listener called at once, and when the state changes
 * @returns a function that ends the use
 */
export function shareKit(options: SharedKitOptions, listener: (state: KitState) => void): () => void {
  if (typeof document === 'undefined') {
    listener(STARTING);
    return () => undefined;
  }
  const key = keyOf(options);
  const entry = shared.get(key) ?? start(key, options);
  entry.listeners.add(listener);
  listener(entry.state);
  return () => {
    entry.listeners.delete(listener);
    // In a later task: StrictMode, hot updates and a change of routes release the kit and use it again at once.
    setTimeout(() => {
      if (entry.listeners.size === 0) entry.close();
    });
  };
}

function start(key: string, options: SharedKitOptions): SharedKit {
  const stop = new AbortController();
  const publish = (change: Partial<KitState>) => {
    entry.state = { ...entry.state, ...change };
    for (const listener of entry.listeners) listener(entry.state);
  };
  const remove = () => {
    if (shared.get(key) === entry) shared.delete(key);
  };
  const entry: SharedKit = {
    state: STARTING,
    listeners: new Set(),
    close: () => {
      remove();
      stop.abort();
      started.then((kit) => kit.close()).catch(() => undefined);
    },
  };
  shared.set(key, entry);
  const started = createFaceKit({ ...options, signal: stop.signal, onProgress: (progress) => publish({ progress }) });
  started.then(
    (kit) => publish({ kit }),
    (error: unknown) => {
      remove();
      publish({ error: error as InfaceError });
    },
  );
  return entry;
}
