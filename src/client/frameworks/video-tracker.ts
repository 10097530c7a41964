/** Tracks the faces of a video for a component. */
import type { FaceKit, InfaceError, TrackerOptions, TrackResult } from '../../index.js';
import { eachFrame } from '../camera/camera-element.js';

/** State of a tracked video. */
export interface TrackerState {
  /** The result of the last frame, or `null` before the first. */
  readonly result: TrackResult | null;
  /** The reason why the tracker ended, or `null`. */
  readonly error: InfaceError | null;
}

/** State before the first frame. */
export const NO_FRAME: TrackerState = { result: null, error: null };

/**
 * Tracks the faces of a video.
 * @param listener called after each frame, and when the tracker fails
 * @returns a function that ends the tracker
 */
export function trackVideo(
  kit: FaceKit,
  video: HTMLVideoElement,
  options: TrackerOptions,
  listener: (state: TrackerState) => void,
): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const run = async () => {
    const tracker = kit.createTracker(options);
    const look = async () => {
      const result = await tracker.update(video, { signal });
      if (!signal.aborted) listener({ result, error: null });
    };
    // The kit may be closed by then, and its trackers with it.
    await eachFrame(video, look, signal).finally(() => tracker.close().catch(() => undefined));
  };
  run().catch((error: unknown) => {
    if (!signal.aborted) listener({ result: null, error: error as InfaceError });
  });
  return () => {
    stop.abort();
  };
}
