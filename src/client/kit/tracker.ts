/** Tracking on the page's side: checks, decodes, calls. What is known of the faces is in the worker. */
import type { FaceTracker, TrackerOptions } from '../../api/tracking.js';
import { checkOptions, id } from './check.js';
import { CALL_RULES, callPlainly, IDENTIFY_RULES, type Call } from './operations.js';

/** A tracker's frames are always those of a video. */
const { mode: _, ...TRACKER_RULES } = IDENTIFY_RULES;

/** @param trackerId unlike that of any other tracker of the kit */
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
