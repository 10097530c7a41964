/** Keeps the state of each tracker from one frame to the next, and takes its frames one at a time. */
import { InfaceError } from '../../api/errors.js';
import { MAX_TRACKERS } from '../../api/limits.js';
import { NO_TRACKS, REMEMBER_MS, type TrackerState } from './tracking.js';

export interface TrackerStates {
  /**
   * Takes one frame of a tracker after its earlier frames, even if one of them failed.
   * @param take processes the frame, and returns the new state, or `null` if it must not be kept. It reads the state
   *   before the frame last, because the state is dropped if a purge happens in the meantime.
   * @param atMs time of the frame
   * @throws InfaceError `LIMIT_EXCEEDED` if {@link MAX_TRACKERS} others have a pending frame, or faces that they follow
   */
  readonly take: <T>(
    trackerId: string,
    atMs: number,
    take: (stateBefore: () => TrackerState) => Promise<{ readonly state: TrackerState | null; readonly result: T }>,
  ) => Promise<T>;
  /** Drops the state of a tracker after its last frame. */
  readonly end: (trackerId: string) => Promise<void>;
  /** Drops the states of all trackers. */
  readonly clear: () => void;
}

export function createTrackerStates(): TrackerStates {
  /** By tracker id, least recently used first. */
  const states = new Map<string, TrackerState>();
  /** One promise per tracker, which resolves when its last submitted frame is done. */
  const turns = new Map<string, Promise<unknown>>();

  /** Makes room for a tracker. The least recently used one goes if its faces are too old to be recognized. */
  function admit(trackerId: string, atMs: number): void {
    const ids = new Set([...states.keys(), ...turns.keys()]);
    if (ids.size < MAX_TRACKERS || ids.has(trackerId)) return;
    for (const [id, state] of states) {
      if (turns.has(id) || atMs - state.atMs <= REMEMBER_MS) continue;
      states.delete(id);
      return;
    }
    throw new InfaceError(
      'LIMIT_EXCEEDED',
      `${MAX_TRACKERS} other trackers follow faces; that is the limit. Close one, or wait until it had no frame for 3 seconds.`,
    );
  }

  return {
    async take(trackerId, atMs, take) {
      admit(trackerId, atMs);
      const turn = (turns.get(trackerId) ?? Promise.resolve()).then(async () => {
        const { state, result } = await take(() => states.get(trackerId) ?? NO_TRACKS);
        states.delete(trackerId);
        if (state) states.set(trackerId, state);
        return result;
      });
      const settled = turn
        .catch(() => undefined)
        .finally(() => {
          if (turns.get(trackerId) === settled) turns.delete(trackerId);
        });
      turns.set(trackerId, settled);
      return turn;
    },
    async end(trackerId) {
      await turns.get(trackerId);
      states.delete(trackerId);
    },
    clear() {
      states.clear();
    },
  };
}
