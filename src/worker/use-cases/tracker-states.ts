/** Keeps the state of each tracker from one frame to the next, and takes its frames one at a time. */
import { NO_TRACKS, type TrackerState } from './tracking.js';

export interface TrackerStates {
  /**
   * Takes one frame of a tracker after its earlier frames, even if one of them failed.
   * @param take processes the frame, and returns the new state, or `null` if it must not be kept. It reads the state
   *   before the frame last, because the state is dropped if a purge happens in the meantime.
   */
  readonly take: <T>(
    trackerId: string,
    take: (stateBefore: () => TrackerState) => Promise<{ readonly state: TrackerState | null; readonly result: T }>,
  ) => Promise<T>;
  /** Drops the state of a tracker after its last frame. */
  readonly end: (trackerId: string) => Promise<void>;
  /** Drops the states of all trackers. */
  readonly clear: () => void;
}

/** Maximum number of trackers. Beyond it, the state of the least recently used one is dropped. */
const MAX_TRACKERS = 32;

export function createTrackerStates(): TrackerStates {
  /** By tracker id, least recently used first. */
  const states = new Map<string, TrackerState>();
  /** One promise per tracker, which resolves when its last submitted frame is done. */
  const turns = new Map<string, Promise<unknown>>();
  return {
    take(trackerId, take) {
      const turn = (turns.get(trackerId) ?? Promise.resolve()).then(async () => {
        const { state, result } = await take(() => states.get(trackerId) ?? NO_TRACKS);
        states.delete(trackerId);
        if (state) states.set(trackerId, state);
        const [oldest] = states.keys();
        if (states.size > MAX_TRACKERS && oldest !== undefined) states.delete(oldest);
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
