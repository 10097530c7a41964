/** The guided way: says what to do, sees when it is done, and takes the picture. */
import { html, nothing, render } from 'lit';
import type { CameraHint, FaceCamera } from '../../../src/client/camera/camera-element.js';
import type { FaceKit, TrackResult } from '../../../src/index.js';
import { grabFrame, prepareStage } from '../../camera-stage.js';
import type { Context } from '../../context.js';
import { setText } from '../../dom.js';
import { describeWait } from '../../waiting.js';
import {
  advise,
  POSES,
  STRAIGHT,
  type Head,
  type JudgedFace,
  type Pose,
  type PoseHint,
  type View,
} from './enroll-poses.js';
import { drawRing, type PoseState } from './enroll-ring.js';

/** A picture that could be better, by its light for example, is taken after this long in its pose. */
const PATIENCE_MS = 2_000;

export interface PoseShot {
  readonly pose: Pose;
  readonly canvas: HTMLCanvasElement;
  readonly face: JudgedFace;
}

interface GuideEvents {
  readonly onShot: (shot: PoseShot) => void;
  /** All pictures of it shall go. */
  readonly onRestart: () => void;
  /** Nothing more is asked for. */
  readonly onFinish: () => void;
}

export interface Guide {
  /** Tells it which poses there are pictures of; it asks for the others. */
  show(taken: ReadonlySet<Pose>): void;
  /** Asks for the camera, for the poses that are open. */
  start(): void;
  stop(): void;
  /** For another person. */
  reset(): void;
  close(): void;
}

/** @param isStarted whether a link promised that the camera starts */
export function createGuide(host: HTMLElement, context: Context, events: GuideEvents, isStarted: boolean): Guide {
  const { texts } = context;
  const words = texts.enroll;
  const closed = new AbortController();
  const skipped = new Set<Pose>();
  let taken: ReadonlySet<Pose> = new Set();
  /** The user has enough, whatever is open. */
  let isFinished = false;
  let straight: Head = STRAIGHT;
  let reachedAt: number | null = null;
  let isChecking = false;
  let kit: FaceKit | null = null;

  const noHints = Object.fromEntries(
    (Object.keys(texts.camera.hints) as CameraHint[]).map((hint) => [hint, '']),
  ) as Record<CameraHint, string>;

  function current(): Pose | null {
    return isFinished ? null : (POSES.find((pose) => !taken.has(pose) && !skipped.has(pose)) ?? null);
  }

  function stateOf(pose: Pose): PoseState {
    if (taken.has(pose)) return 'taken';
    if (skipped.has(pose)) return 'skipped';
    return pose === current() ? 'current' : 'open';
  }

  function draw(): void {
    const states = Object.fromEntries(POSES.map((pose) => [pose, stateOf(pose)])) as Record<Pose, PoseState>;
    const now = current();
    render(
      html`<p class="caption" role="status"></p>
        <ol class="poses">
          ${POSES.map(
            (pose) =>
              html`<li class=${states[pose]} aria-current=${states[pose] === 'current' ? 'step' : nothing}>
                ${words.poses[pose]} <span class="muted">${words.poseStates[states[pose]]}</span>
              </li>`,
          )}
        </ol>
        <div class="camera-box">
          <face-camera mirror="on" @face=${onFace} @noface=${onNoFace} @statechange=${onState}></face-camera>
          ${drawRing(texts, states)}
        </div>
        <p class="status muted guide-note" role="status"></p>
        <div class="row guide-buttons">
          <button type="button" ?hidden=${!now} @click=${skip}>${words.skip}</button>
          <button type="button" ?hidden=${!now || taken.size === 0} @click=${finish}>${words.useThese}</button>
          <button type="button" class="restart" ?hidden=${taken.size + skipped.size === 0} @click=${restart}>
            ${words.restart}
          </button>
        </div>`,
      host,
    );
  }

  draw();
  const camera = host.querySelector('face-camera') as FaceCamera;
  prepareStage(camera, context, { texts: { hints: noHints }, isStarted });
  void context.kit.ready().then((ready) => {
    if (!closed.signal.aborted) kit = camera.kit = ready;
  });
  const endListening = context.kit.onChange(() => say());
  say();

  function note(text: string): void {
    setText(host.querySelector('.guide-note') as HTMLElement, text);
  }

  /** @param hint what would help; without, what the state of things says */
  function say(hint: PoseHint | 'nobody' | 'checking' | null = null): void {
    setText(host.querySelector('.caption') as HTMLElement, captionOf(hint));
  }

  function captionOf(hint: PoseHint | 'nobody' | 'checking' | null): string {
    const pose = current();
    if (!pose) {
      if (taken.size === POSES.length) return words.allTaken;
      return taken.size === 0 ? words.noneTaken : words.enough;
    }
    if (camera.state !== 'running') return words.before;
    const wait = describeWait(context);
    if (wait !== null) return wait;
    switch (hint) {
      case 'nobody':
        return words.nobody;
      case 'checking':
        return words.checking;
      case 'less-far':
        return words.lessFar;
      case 'other-way':
        return words.otherWay[pose === 'right' ? 'right' : 'left'];
      case 'pose':
      case null:
        return words.poseCaptions[pose];
      case 'come-closer':
      case 'move-back':
      case 'more-light':
      case 'less-light':
      case 'hold-still':
      case 'uncover-the-face':
      case 'one-at-a-time':
        return texts.camera.hints[hint];
    }
  }

  function onFace({ detail, timeStamp }: CustomEvent<TrackResult>): void {
    const pose = current();
    if (!pose || isChecking) return;
    const advice = advise(pose, detail, straight);
    if (advice.isReached) reachedAt ??= timeStamp;
    else reachedAt = null;
    const isPatient = reachedAt !== null && timeStamp - reachedAt >= PATIENCE_MS;
    if (advice.isReached && (advice.hint === null || isPatient)) void take(pose);
    else say(advice.hint);
  }

  function onNoFace(): void {
    reachedAt = null;
    if (!isChecking) say('nobody');
  }

  function onState(): void {
    // Whoever starts the camera wants more.
    if (camera.state === 'running') isFinished = false;
    reachedAt = null;
    draw();
    say();
  }

  /** The frame that was judged is gone: the one that is taken is judged once more, for itself. */
  async function take(pose: Pose): Promise<void> {
    if (!kit) return;
    isChecking = true;
    say('checking');
    const canvas = grabFrame(camera.video);
    try {
      const result = await judgeAlone(kit, canvas);
      // Skipped, restarted or stopped meanwhile.
      if (closed.signal.aborted || pose !== current() || camera.state !== 'running') return;
      judge(pose, canvas, result);
    } catch (error) {
      if (!closed.signal.aborted) note(context.explain(error));
    } finally {
      isChecking = false;
    }
  }

  async function judgeAlone(ready: FaceKit, canvas: HTMLCanvasElement): Promise<View> {
    const { faces, height } = await ready.detect(canvas, { quality: true, signal: closed.signal });
    return { faces: faces.flatMap((face) => (face.quality ? [{ ...face, quality: face.quality }] : [])), height };
  }

  function judge(pose: Pose, canvas: HTMLCanvasElement, result: View): void {
    const [face] = result.faces;
    if (!face) {
      note(words.notTaken(['no-face']));
      return;
    }
    if (!advise(pose, result, straight).isReached) {
      const { unusable } = face.quality;
      note(unusable.length > 0 ? words.notTaken(unusable) : words.movedOn);
      return;
    }
    note('');
    reachedAt = null;
    if (pose === 'front') straight = face.quality;
    flash();
    events.onShot({ pose, canvas, face });
  }

  /** Shows that a picture was taken. */
  function flash(): void {
    const box = host.querySelector('.camera-box') as HTMLElement;
    box.classList.remove('flash');
    // Restarts the animation.
    box.getBoundingClientRect();
    box.classList.add('flash');
  }

  function skip(): void {
    const pose = current();
    if (!pose) return;
    skipped.add(pose);
    proceed();
  }

  function finish(): void {
    isFinished = true;
    proceed();
  }

  function restart(): void {
    events.onRestart();
    reset();
    void camera.start();
  }

  function reset(): void {
    skipped.clear();
    isFinished = false;
    straight = STRAIGHT;
    note('');
    proceed();
  }

  /** After every step: is there another one? */
  function proceed(): void {
    const hadFocus = host.querySelector('.guide-buttons')?.contains(document.activeElement) ?? false;
    reachedAt = null;
    draw();
    if (!current()) {
      camera.stop();
      if (taken.size > 0) events.onFinish();
    }
    say();
    // The button that was pressed may be gone.
    const active = document.activeElement;
    if (hadFocus && (active === document.body || (active instanceof HTMLElement && active.hidden))) {
      host.querySelector<HTMLElement>('.guide-buttons button:not([hidden])')?.focus();
    }
  }

  return {
    show(poses) {
      const isMore = poses.size > taken.size;
      taken = poses;
      if (isMore) proceed();
      else {
        draw();
        say();
      }
    },
    start() {
      isFinished = false;
      draw();
      void camera.start();
    },
    stop: () => camera.stop(),
    reset,
    close() {
      closed.abort();
      endListening();
      camera.stop();
    },
  };
}
