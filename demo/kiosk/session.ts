/** Names whoever comes before the camera, for as long as the page runs. */
import type { FaceKit, TrackResult } from '../../src/index.js';
import type { Context } from '../context.js';
import { orAborted } from './camera.js';
import { createDecider, isSame, type Shown } from './decide.js';
import { createGate, GONE_MS } from './gate.js';
import type { KioskEvent, KioskLog } from './log.js';
import { describeFailure, type Face } from './screen.js';
import type { KioskSettings } from './settings.js';
import { startWatch } from './watch.js';

export interface SessionOptions {
  readonly context: Context;
  readonly kit: FaceKit;
  readonly video: HTMLVideoElement;
  readonly collectionId: string;
  readonly log: KioskLog;
  readonly settings: () => KioskSettings;
  /** While somebody is in the admin's part, nobody is named. */
  readonly isPaused: () => boolean;
  readonly show: (face: Face) => void;
  readonly onNamed: () => void;
}

export interface Session {
  /** Since a face was seen last, in milliseconds. */
  idleMs(): number;
  /** Follows the faces anew, by the settings as they are now. */
  renew(): void;
  stop(): void;
}

/** How often is looked whether the challenge is still locked. */
const LOCKED_MS = 5_000;

const EVENTS: Partial<Record<Shown['kind'], KioskEvent>> = {
  name: 'identified',
  unknown: 'unknown',
  attack: 'attack',
};

export function startSession(options: SessionOptions): Session {
  const { context, kit, video, collectionId, log, settings, isPaused, show } = options;
  const identifyOptions = () => ({ spoof: settings().spoof, maxFpir: settings().maxFpir });
  const decider = createDecider(() => 1_000 * settings().holdSeconds);
  const gate = createGate(kit, video, collectionId, identifyOptions);
  let shown: Shown = { kind: 'waiting' };
  let lastFaceMs = performance.now();
  /** Somebody did not pass the challenge: whoever is there has to go before anybody is asked again. */
  let isSpent = false;

  const watch = startWatch({
    kit,
    video,
    trackerOptions: () => ({ ...identifyOptions(), collectionId, maxFaces: 3 }),
    onFrame,
    onState(state) {
      decider.reset();
      shown = { kind: 'waiting' };
      if (state.phase === 'failed') show({ kind: 'failed', words: describeFailure(context, state.error) });
      else show(state.phase === 'opening' ? { kind: 'opening' } : shown);
    },
    onEvent: (event, detail) => log.add(event, detail),
    reload: () => location.reload(),
  });

  async function onFrame(result: TrackResult, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if (result.faces.length > 0) lastFaceMs = now;
    if (isPaused()) return;
    if (isSpent) {
      if (now - lastFaceMs < GONE_MS) return;
      isSpent = false;
      show(shown);
    }
    if (settings().challenge && gate.isClosedTo(result, now)) {
      await challenge(signal);
      return;
    }
    become(decider.see(result, now), result);
  }

  function become(next: Shown, result: TrackResult): void {
    if (isSame(next, shown)) return;
    shown = next;
    show(next);
    const event = EVENTS[next.kind];
    if (!event) return;
    // With 'report' somebody is named in spite of it: the log says so.
    const verdict = result.faces[0]?.spoof?.outcome;
    const doubt = next.kind === 'name' && verdict && verdict !== 'bona-fide' ? ` (${verdict})` : '';
    const name = next.kind === 'name' ? (next.name ?? context.texts.kiosk.noName) : '';
    log.add(event, name + doubt, next.kind === 'name' ? next.score : null);
    if (next.kind === 'name') options.onNamed();
  }

  /** The camera's loop waits for it, so it says that it is alive. */
  async function challenge(signal: AbortSignal): Promise<void> {
    decider.reset();
    shown = { kind: 'waiting' };
    show({ kind: 'challenge', prompt: null });
    const result = await gate.ask((prompt) => {
      lastFaceMs = performance.now();
      watch.feed();
      show({ kind: 'challenge', prompt });
    }, signal);
    if (result.outcome === 'passed') {
      log.add('challenge-passed');
      show(shown);
      return;
    }
    if (result.outcome === 'failed') {
      log.add('challenge-failed', result.reasons.join(' '));
      isSpent = true;
      show({ kind: 'challenge-failed' });
      return;
    }
    show({ kind: 'locked', retryAfterMs: result.retryAfterMs });
    await orAborted(wait(LOCKED_MS), signal);
    show(shown);
  }

  return {
    idleMs: () => performance.now() - lastFaceMs,
    renew: () => watch.renew(),
    stop: () => watch.stop(),
  };
}

function wait(ms: number): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
