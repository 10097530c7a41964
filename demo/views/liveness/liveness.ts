/** Whether a living person is before the camera: gestures on request, and what came of it. */
import { html, render } from 'lit';
import type { CameraProblem, FaceCamera, FaceCameraEvents } from '../../../src/client/camera/camera-element.js';
import {
  createLivenessChallenge,
  type LivenessGesture,
  type LivenessPrompt,
  type LivenessResult,
} from '../../../src/index.js';
import { prepareStage } from '../../camera-stage.js';
import type { View } from '../../context.js';
import { setText } from '../../dom.js';
import { isAbort } from '../../errors.js';
import { readyKit } from '../../waiting.js';
import { createLivenessResult } from './liveness-result.js';
import { createSetup, hasTurn } from './liveness-setup.js';
import './liveness.css';

const TICK_MS = 1_000;

/** Why an attempt ends when there is no picture. */
class CameraFailure extends Error {
  constructor(readonly problem: CameraProblem) {
    super(problem);
  }
}

/** Why an attempt ends when the person cannot do what is asked. */
class Skipped extends Error {
  constructor(readonly gesture: LivenessGesture) {
    super(gesture);
  }
}

export const mount: View = (host, context) => {
  const { texts } = context;
  /** One per attempt; aborted by the stop. */
  let session: AbortController | null = null;
  let asked: LivenessPrompt['gesture'] = 'look-straight';
  /** Until when nothing is asked, on the clock of `performance.now()`. */
  let lockedUntilMs = 0;
  let clock: ReturnType<typeof setInterval> | undefined;

  render(
    html`<h1 tabindex="-1">${texts.liveness.title}</h1>
      <p class="lead">${texts.liveness.lead}</p>
      <div class="columns">
        <section class="card check-card" aria-label=${texts.liveness.title}>
          <p id="liveness-caption" role="status">${texts.liveness.ready}</p>
          <p class="muted reserve" id="liveness-detail"></p>
          <div class="camera-box">
            <face-camera @error=${onCameraError}></face-camera>
            <div class="row stage-controls">
              <button type="button" class="primary" id="liveness-toggle" @click=${toggle}>
                ${texts.liveness.start}
              </button>
              <button type="button" id="liveness-skip" hidden @click=${skip}>${texts.liveness.skip}</button>
            </div>
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
  const [caption, detail, button, skipButton] = ['caption', 'detail', 'toggle', 'skip'].map((name) =>
    find(`#liveness-${name}`),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  // Without a kit it shows the picture alone: the challenge looks at the frames itself.
  const camera = find('face-camera') as FaceCamera;
  prepareStage(camera, context, {
    texts: { video: texts.liveness.mirror, prompts: { ...texts.liveness.gestures, ...texts.liveness.hints } },
  });
  const setup = createSetup(find('.setup'), context);
  const result = createLivenessResult(find('.result'), context);

  function toggle(): void {
    if (session) session.abort();
    else if (performance.now() >= lockedUntilMs) void start([]);
  }

  /** Asks for other gestures from then on. */
  function skip(): void {
    if (asked !== 'look-straight') session?.abort(new Skipped(asked));
  }

  /** @param skipped what the person cannot do */
  async function start(skipped: readonly LivenessGesture[]): Promise<void> {
    const { sound, ...wish } = setup.read();
    const gestures = wish.gestures.filter((gesture) => !skipped.includes(gesture));
    if (!hasTurn(gestures)) {
      setText(caption, skipped.length > 0 ? texts.liveness.attendant : texts.liveness.turnNeeded);
      return;
    }
    let restart: readonly LivenessGesture[] | null = null;
    const mine = new AbortController();
    session = mine;
    const { signal } = mine;
    setText(button, texts.liveness.stop);
    result.clear();
    camera.toggleAttribute('sound', sound);
    say(texts.liveness.starting);
    try {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      const kit = await Promise.race([readyKit(context, say), aborted]);
      say(texts.liveness.starting);
      await Promise.race([camera.start(), aborted]);
      signal.throwIfAborted();
      const options = { ...wish, gestures, source: camera.video, onPrompt: ask, signal };
      show(await createLivenessChallenge(kit, options).run());
    } catch (error) {
      if (error instanceof Skipped) restart = [...skipped, error.gesture];
      else if (error instanceof CameraFailure) say(texts.camera.problems[error.problem]);
      else say(isAbort(error) ? texts.liveness.stopped : context.explain(error));
    } finally {
      camera.stop();
      session = null;
      skipButton.hidden = true;
      setText(button, texts.liveness.start);
    }
    if (restart) await start(restart);
  }

  function say(words: string, small = ''): void {
    setText(caption, words);
    setText(detail, small);
  }

  function ask(prompt: LivenessPrompt): void {
    const { gesture, remainingMs, done, total } = prompt;
    camera.prompt = prompt;
    if (gesture !== 'look-straight') asked = gesture;
    skipButton.hidden = false;
    say(texts.liveness.follow, texts.liveness.done(done, total, Math.ceil(remainingMs / TICK_MS)));
  }

  function show(ended: LivenessResult): void {
    switch (ended.outcome) {
      case 'passed':
        say(texts.liveness.passed);
        result.show(ended);
        break;
      case 'failed':
        say(texts.liveness.failed(ended.reasons), adviceOf(ended));
        break;
      case 'interrupted':
        say(texts.liveness.interrupted(ended.reason), adviceOf(ended));
        break;
      case 'locked':
        say(texts.liveness.locked[ended.by]);
        lockedUntilMs = performance.now() + ended.retryAfterMs;
        button.ariaDisabled = 'true';
        countDown();
        clock = setInterval(countDown, TICK_MS);
    }
  }

  function adviceOf({ advice }: Extract<LivenessResult, { readonly advice: unknown }>): string {
    return advice.map((each) => texts.liveness.advice[each]).join(' ');
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
