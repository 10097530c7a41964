/** Whether a living person is before the camera: gestures on request, and what came of it. */
import { html, render } from 'lit';
import {
  defineFaceCamera,
  type CameraProblem,
  type FaceCamera,
  type FaceCameraEvents,
} from '../../../src/client/camera/camera-element.js';
import { createLivenessChallenge, type LivenessPrompt, type LivenessResult } from '../../../src/index.js';
import type { View } from '../../context.js';
import { setText } from '../../dom.js';
import { isAbort } from '../../errors.js';
import { createLivenessResult } from './liveness-result.js';
import { createSetup } from './liveness-setup.js';
import './liveness.css';

const TICK_MS = 1_000;

/** Why an attempt ends when there is no picture. */
class CameraFailure extends Error {
  constructor(readonly problem: CameraProblem) {
    super(problem);
  }
}

export const mount: View = (host, context) => {
  const { texts } = context;
  /** One per attempt; aborted by the stop. */
  let session: AbortController | null = null;
  /** Until when nothing is asked, on the clock of `performance.now()`. */
  let lockedUntilMs = 0;
  let clock: ReturnType<typeof setInterval> | undefined;

  defineFaceCamera();
  render(
    html`<h1 tabindex="-1">${texts.liveness.title}</h1>
      <p class="lead">${texts.liveness.lead}</p>
      <div class="columns">
        <section class="card check-card" aria-label=${texts.liveness.title}>
          <p id="liveness-caption" role="status">${texts.liveness.ready}</p>
          <progress max="1" value="0" aria-label=${texts.liveness.progress}></progress>
          <p class="muted reserve" id="liveness-detail"></p>
          <face-camera
            .texts=${{ ...texts.camera, video: texts.liveness.mirror }}
            @error=${onCameraError}
          ></face-camera>
          <div class="row">
            <button type="button" class="primary" id="liveness-toggle" @click=${toggle}>${texts.liveness.start}</button>
          </div>
        </section>
        <div class="column">
          <section class="card result" aria-labelledby="liveness-result-title"></section>
          <section class="card setup" aria-labelledby="liveness-setup-title"></section>
          <section class="card" aria-labelledby="liveness-limits-title">
            <h2 id="liveness-limits-title">${texts.liveness.limitsTitle}</h2>
            <ul class="limits">
              ${texts.liveness.limits.map((limit) => html`<li>${limit}</li>`)}
            </ul>
          </section>
        </div>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const [caption, detail, button] = ['caption', 'detail', 'toggle'].map((name) => find(`#liveness-${name}`)) as [
    HTMLElement,
    HTMLElement,
    HTMLElement,
  ];
  const bar = find('progress') as HTMLProgressElement;
  // Without a kit it shows the picture alone: the challenge looks at the frames itself.
  const camera = find('face-camera') as FaceCamera;
  const setup = createSetup(find('.setup'), context);
  const result = createLivenessResult(find('.result'), context);

  function toggle(): void {
    if (session) session.abort();
    else if (performance.now() >= lockedUntilMs) void start();
  }

  async function start(): Promise<void> {
    const wish = setup.read();
    if (!wish) {
      setText(caption, texts.liveness.turnNeeded);
      return;
    }
    const mine = new AbortController();
    session = mine;
    const { signal } = mine;
    setText(button, texts.liveness.stop);
    result.clear();
    say(context.kit.state.phase === 'ready' ? texts.liveness.starting : texts.shell.waiting);
    try {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      const kit = await Promise.race([context.kit.ready(), aborted]);
      await Promise.race([camera.start(), aborted]);
      signal.throwIfAborted();
      const challenge = createLivenessChallenge(kit, { ...wish, source: camera.video, onPrompt: ask, signal });
      show(await challenge.run());
    } catch (error) {
      if (error instanceof CameraFailure) say(texts.camera.problems[error.problem]);
      else say(isAbort(error) ? texts.liveness.stopped : context.explain(error));
    } finally {
      camera.stop();
      session = null;
      bar.value = 0;
      setText(button, texts.liveness.start);
    }
  }

  function say(words: string, small = ''): void {
    setText(caption, words);
    setText(detail, small);
  }

  function ask({ gesture, hint, progress, remainingMs, done, total }: LivenessPrompt): void {
    const { hints, gestures } = texts.liveness;
    say(hint ? hints[hint] : gestures[gesture], texts.liveness.done(done, total, Math.ceil(remainingMs / TICK_MS)));
    bar.value = progress;
  }

  function show(ended: LivenessResult): void {
    switch (ended.outcome) {
      case 'passed':
        say(texts.liveness.passed);
        result.show(ended);
        break;
      case 'failed':
        say(texts.liveness.failed(ended.reasons));
        break;
      case 'locked':
        say(texts.liveness.locked);
        lockedUntilMs = performance.now() + ended.retryAfterMs;
        button.ariaDisabled = 'true';
        countDown();
        clock = setInterval(countDown, TICK_MS);
    }
  }

  function countDown(): void {
    const leftMs = lockedUntilMs - performance.now();
    if (leftMs > 0) {
      setText(detail, texts.liveness.lockedFor(Math.ceil(leftMs / TICK_MS)));
      return;
    }
    clearInterval(clock);
    button.ariaDisabled = null;
    say(texts.liveness.unlocked);
  }

  function onCameraError({ detail: failure }: CustomEvent<FaceCameraEvents['error']>): void {
    session?.abort(new CameraFailure(failure.problem));
  }

  return () => {
    clearInterval(clock);
    session?.abort();
    camera.stop();
  };
};
