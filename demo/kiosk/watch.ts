/** Looks at one frame after the other for years: whatever fails is tried again, and said meanwhile. */
import type { FaceKit, FaceTracker, TrackerOptions, TrackResult } from '../../src/index.js';
import { CameraError, closeCamera, nextFrame, openCamera, orAborted } from './camera.js';
import type { KioskEvent } from './log.js';
import { startWatchdog } from './watchdog.js';

const BACKOFF_MS = { first: 1_000, most: 30_000 } as const;

export type WatchState =
  | { readonly phase: 'opening' | 'running' }
  /** Waits, and tries again. */
  | { readonly phase: 'failed'; readonly error: unknown };

export interface WatchOptions {
  readonly kit: FaceKit;
  readonly video: HTMLVideoElement;
  readonly trackerOptions: () => TrackerOptions;
  /** The next frame waits for it; the signal ends what it waits for. */
  readonly onFrame: (result: TrackResult, signal: AbortSignal) => Promise<void>;
  readonly onState: (state: WatchState) => void;
  readonly onEvent: (event: KioskEvent, detail?: string) => void;
  readonly reload: () => void;
}

export interface Watch {
  /** Something was looked at in `onFrame`, too. */
  feed(): void;
  /** Follows the faces anew, with other options. */
  renew(): void;
  stop(): void;
}

/** Why a session of the camera is ended from outside. */
class Restart extends Error {}

export function startWatch(options: WatchOptions): Watch {
  const { kit, video, trackerOptions, onFrame, onState, onEvent } = options;
  const closed = new AbortController();
  let session = new AbortController();
  let tracker: FaceTracker | null = null;
  let isOnDuty = false;
  let wake: () => void = () => undefined;

  const watchdog = startWatchdog(
    () => isOnDuty && !document.hidden,
    () => {
      onEvent('watchdog-restart');
      session.abort(new Restart());
    },
    () => {
      onEvent('watchdog-reload');
      options.reload();
    },
  );
  const onDeviceChange = () => wake();
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener('devicechange', onDeviceChange);

  /** Waits longer after each failure; a camera that comes or goes ends it. */
  async function pause(failures: number): Promise<void> {
    const waitMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (failures - 1));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // Asked anew each time: it changes while something is waited for.
  const isClosed = () => closed.signal.aborted;

  async function run(): Promise<void> {
    let failures = 0;
    while (!isClosed()) {
      session = new AbortController();
      const { signal } = session;
      try {
        onState({ phase: 'opening' });
        const stream = await openCamera(video);
        if (failures > 0) onEvent('camera-back');
        failures = 0;
        const [track] = stream.getVideoTracks();
        track?.addEventListener('ended', () => session.abort(new CameraError('disconnected')), { signal });
        await look(signal);
      } catch (error) {
        if (isClosed()) return;
        if (error instanceof Restart) continue;
        failures++;
        if (failures === 1) onEvent('camera-lost', error instanceof CameraError ? error.problem : String(error));
        onState({ phase: 'failed', error });
        await pause(failures);
      } finally {
        isOnDuty = false;
        renew();
        closeCamera(video);
      }
    }
  }

  /** Until the camera is gone, which is when the signal is aborted. */
  async function look(signal: AbortSignal): Promise<never> {
    let failures = 0;
    isOnDuty = true;
    onState({ phase: 'running' });
    for (;;) {
      await orAborted(nextFrame(video), signal);
      if (document.hidden) continue;
      try {
        tracker ??= kit.createTracker(trackerOptions());
        const result = await orAborted(tracker.update(video, { signal }), signal);
        watchdog.feed();
        if (failures > 0) onState({ phase: 'running' });
        failures = 0;
        await orAborted(onFrame(result, signal), signal);
      } catch (error) {
        signal.throwIfAborted();
        // Of the kit: the camera goes on, and the next call starts the worker again.
        failures++;
        if (failures === 1) onEvent('models-failed', error instanceof Error ? error.message : String(error));
        onState({ phase: 'failed', error });
        renew();
        await orAborted(pause(failures), signal);
      }
    }
  }

  function renew(): void {
    // A worker that is gone has forgotten the faces anyhow.
    tracker?.close().catch(() => undefined);
    tracker = null;
  }

  void run();
  return {
    feed: () => watchdog.feed(),
    renew,
    stop() {
      closed.abort();
      session.abort(new Restart());
      wake();
      watchdog.stop();
      devices?.removeEventListener('devicechange', onDeviceChange);
    },
  };
}
