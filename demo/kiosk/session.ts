/** Names whoever comes before the camera, for as long as the page runs. */
import type { Box, FaceKit, IdentifiedFace, TrackResult } from '../../src/index.js';
import { certaintyOf } from '../numbers.js';
import type { Context } from '../context.js';
import { createDecider, isSame, type Shown } from './decide.js';
import { createGate, GONE_MS } from './gate.js';
import type { KioskEvent, KioskLog, Subject } from './log.js';
import { takePicture, type Recent, type Sighting } from './recent.js';
import { describeFailure, type Face } from './screen.js';
import type { KioskSettings } from './settings.js';
import { startWatch } from './watch.js';

/** How long a reload of the page waits for the log. */
const LOG_PATIENCE_MS = 2_000;

export interface SessionOptions {
  readonly context: Context;
  readonly kit: FaceKit;
  readonly video: HTMLVideoElement;
  readonly collectionId: string;
  readonly log: KioskLog;
  readonly recent: Recent;
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

/** Of those who are not named. */
const EVENTS: Partial<Record<Shown['kind'], Extract<KioskEvent, 'unknown' | 'attack'>>> = {
  unknown: 'unknown',
  attack: 'attack',
};

export function startSession(options: SessionOptions): Session {
  const { context, kit, video, collectionId, log, recent, settings, isPaused, show } = options;
  const identifyOptions = () => ({ spoof: settings().spoof, maxFpir: settings().maxFpir });
  const decider = createDecider({
    holdMs: () => 1_000 * settings().holdSeconds,
    oneAtATime: () => settings().oneAtATime,
  });
  const gate = createGate(kit, video, collectionId, identifyOptions);
  let shown: Shown = { kind: 'waiting' };
  let lastFaceMs = performance.now();
  /** Who did not pass the challenge: the person is asked again after leaving, or when the time is over. */
  let refused: { readonly profileId: string | null; readonly untilMs: number } | null = null;

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
    reload() {
      // The entry about it would be lost in the middle. A database that hangs must not keep the page.
      setTimeout(() => location.reload(), LOG_PATIENCE_MS);
      void log.written().then(() => location.reload());
    },
  });

  async function onFrame(result: TrackResult, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if (result.faces.length > 0) lastFaceMs = now;
    if (isPaused()) return;
    const profileId = profileIn(result);
    if (refused) {
      const isOther = profileId !== null && profileId !== refused.profileId;
      if (!isOther && now - lastFaceMs < GONE_MS && now < refused.untilMs) return;
      refused = null;
      show(shown);
    }
    if (settings().challenge && gate.isClosedTo(result, now)) {
      await challenge(result, signal);
      return;
    }
    become(decider.see(result, now), result);
  }

  function become(next: Shown, result: TrackResult): void {
    const isNew = !isSame(next, shown);
    // The names of a group move with the faces.
    if (isNew || next.kind === 'group') {
      shown = next;
      show(next);
    }
    if (next.kind === 'group') {
      for (const { identification, box } of result.faces)
        if (identification?.outcome === 'identified') visit(identification, '', box, result);
      return;
    }
    const [face] = result.faces;
    if (!face) return;
    if (next.kind === 'name' && profileIn(result) === next.profileId) {
      // With 'report' somebody is named in spite of it: the log says so.
      const verdict = face.spoof?.outcome;
      const doubt = verdict && verdict !== 'bona-fide' ? ` (${verdict})` : '';
      visit({ ...next, candidates: face.identification?.candidates ?? [] }, doubt, face.box, result);
      return;
    }
    const event = EVENTS[next.kind];
    if (!isNew || !event) return;
    // Whom they resemble most, so that somebody who was turned away wrongly can be found.
    const [nearest] = face.identification?.candidates ?? [];
    const about = nearest ? { profileId: nearest.profileId, score: certaintyOf([nearest]) } : null;
    log.add(event, nearest ? nameOf(nearest.name) : '', about);
    picture(event, about, face.box, result);
  }

  function visit(
    {
      profileId,
      name,
      candidates,
    }: Pick<Extract<IdentifiedFace, { outcome: 'identified' }>, 'profileId' | 'name' | 'candidates'>,
    doubt: string,
    box: Box,
    frame: TrackResult,
  ): void {
    const visitor = { profileId, score: certaintyOf(candidates) };
    if (!log.see(visitor, nameOf(name) + doubt)) return;
    picture('identified', visitor, box, frame);
    options.onNamed();
  }

  function picture(event: Sighting['event'], subject: Subject | null, box: Box, frame: TrackResult): void {
    if (settings().pictures) recent.add({ atMs: Date.now(), event, subject, ...takePicture(video, box, frame) });
  }

  /** The camera's loop waits for it, so it says that it is alive. */
  async function challenge(seen: TrackResult, signal: AbortSignal): Promise<void> {
    decider.reset();
    shown = { kind: 'waiting' };
    show({ kind: 'challenge', prompt: null, skip: () => undefined });
    const result = await gate.ask((prompt, skip) => {
      lastFaceMs = performance.now();
      watch.feed();
      show({ kind: 'challenge', prompt, skip });
    }, signal);
    const name = nameIn(seen);
    const profileId = profileIn(seen);
    const about: Subject | null = profileId === null ? null : { profileId, score: null };
    switch (result.outcome) {
      case 'passed':
        log.add('challenge-passed', name, about);
        show(shown);
        break;
      case 'interrupted':
        // No failure: whoever walked on has nothing to be told, and whoever is still there is asked again.
        log.add('challenge-interrupted', `${name}: ${result.reason}`, about);
        show(shown);
        break;
      case 'failed':
        log.add('challenge-failed', `${name}: ${result.reasons.join(' ')}`, about);
        refused = { profileId, untilMs: Infinity };
        show({ kind: 'challenge-failed', advice: result.advice });
        break;
      case 'help':
        log.add('challenge-help', name, about);
        refused = { profileId, untilMs: Infinity };
        show({ kind: 'attendant' });
        break;
      case 'locked': {
        const { by, retryAfterMs } = result;
        log.add('challenge-locked', name, about);
        refused = { profileId, untilMs: performance.now() + retryAfterMs };
        show({ kind: 'locked', by, retryAfterMs });
      }
    }
  }

  /** Who is in front, as far as the models can tell. */
  function nameIn({ faces: [face] }: TrackResult): string {
    return nameOf(face?.identification?.outcome === 'identified' ? face.identification.name : null);
  }

  function nameOf(name: string | null): string {
    return name ?? context.texts.kiosk.noName;
  }

  return {
    idleMs: () => performance.now() - lastFaceMs,
    renew: () => watch.renew(),
    stop: () => watch.stop(),
  };
}

function profileIn({ faces: [face] }: TrackResult): string | null {
  return face?.identification?.outcome === 'identified' ? face.identification.profileId : null;
}
