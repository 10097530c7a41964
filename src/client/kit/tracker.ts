/** Implements trackers on the page: checks arguments, decodes frames, calls the worker. The worker holds the state. */
import type { FaceTracker, TrackerOptions } from '../../api/tracking.js';
import { checkOptions, id } from './check.js';
import { CALL_RULES, callPlainly, IDENTIFY_RULES, type Call } from './operations.js';

/** Rules without `mode`, because a tracker always treats its frames as video. */
const { mode: _, ...TRACKER_RULES } = IDENTIFY_RULES;

/** Creates a tracker. @param trackerId id that is unique among the trackers of the kit */
export function createTracker(call: Call, trackerId: string, options: TrackerOptions): FaceTracker {
  const checked = checkOptions('createTracker', options, { ...TRACKER_RULES, collectionId: id });
  return {
    update: async (frame, callOptions = {}) => {
      const { signal } = checkOptions('update', callOptions, CALL_RULES);
      return call('track', { signal }, async (frames) => [trackerId, await frames.decode(frame, 'frame'), checked]);
    },
    close: async () => callPlainly(call, 'close', 'endTracker', {}, [trackerId]),
  };
}
