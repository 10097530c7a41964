/** The landing page: recognizes whoever starts the camera, or shows on sample photos what a match is. */
import { html, nothing, render } from 'lit';
import type { FaceCamera, FaceCameraEvents } from '../../../src/client/camera/camera-element.js';
import type { TrackResult } from '../../../src/index.js';
import { prepareStage } from '../../camera-stage.js';
import type { Context, FirstContext } from '../../context.js';
import { decimal } from '../../numbers.js';
import { retry } from '../../retry.js';
import { describeWait } from '../../waiting.js';
import type { Who } from './start-who.js';
import './start.css';

/** Where the project is; empty in a build that does not know it. */
const HOME = __HOME__;

/**
 * @param loadContext loads what the camera and the sample photos need besides
 * @returns takes it down: frees the camera
 */
export function mount(host: HTMLElement, context: FirstContext, loadContext: () => Promise<Context>): () => void {
  const { texts, kit, library } = context;
  const words = texts.start;
  const closed = new AbortController();
  let endSample: (() => void) | null = null;
  /** Loaded while the browser asks for the camera. */
  let who: Who | null = null;

  render(
    html`<h1 tabindex="-1">${words.title}</h1>
      <div class="columns">
        <section class="card" aria-label=${texts.camera.camera}>
          <div class="camera-box">
            <face-camera @face=${onFace} @noface=${onNoFace} @statechange=${onState} @error=${onError}></face-camera>
            <button type="button" class="stage-more" @click=${openSample}>${words.sample}</button>
          </div>
          <div class="sample" hidden></div>
        </section>
        <section class="card answer" aria-label=${words.answer}></section>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const camera = find('face-camera') as FaceCamera;
  const [answer, stage, sample] = [find('.answer'), find('.camera-box'), find('.sample')];
  prepareStage(camera, context);
  void kit.ready().then((ready) => {
    camera.kit = ready;
    draw();
  });

  /** Without a camera or sample: what there is to do. */
  function draw(): void {
    if (endSample) return;
    if (camera.state !== 'idle') {
      const wait = describeWait(context);
      if (wait !== null) who?.wait(wait);
      return;
    }
    const { state } = kit;
    const bytes = state.phase === 'loading' ? state.total : 0;
    render(
      html`<h2>${words.answer}</h2>
        <ol class="steps">
          ${words.steps.map((step) => html`<li>${step}</li>`)}
        </ol>
        ${
          bytes === 0 || (state.phase === 'loading' && state.fromCache)
            ? nothing
            : html`<p class="muted">${words.download(decimal(bytes / 1e6, 1, context.locale))}</p>`
        }
        <p class="row links">
          ${
            HOME === ''
              ? html`<a href="./documentation/README.md">${words.documentation}</a>`
              : html`<a href=${HOME}>${words.code}</a> <a href=${`${HOME}#readme`}>${words.documentation}</a>`
          }
        </p>`,
      answer,
    );
  }

  /** Whoever is remembered is recognized at once. */
  function choosePeople(): void {
    const { chosen } = library;
    if (chosen && chosen.profileIds.length > 0) camera.setAttribute('collection', chosen.id);
    else camera.removeAttribute('collection');
  }

  function onFace({ detail }: CustomEvent<TrackResult>): void {
    who?.show(detail);
  }

  function onNoFace(): void {
    who?.lose();
  }

  function onState({ detail }: CustomEvent<FaceCameraEvents['statechange']>): void {
    if (detail === 'starting') {
      closeSample();
      void loadWho();
    }
    if (detail === 'running') who?.begin();
    if (detail === 'idle') who?.end();
    draw();
  }

  function onError({ detail }: CustomEvent<FaceCameraEvents['error']>): void {
    if (detail.problem === 'kit') context.say(context.explain(detail.error));
  }

  async function loadWho(): Promise<void> {
    const load = () => Promise.all([import('./start-who.js'), loadContext()]);
    // Rejects when the view is left.
    const loaded = await retry(load, () => context.say(texts.shell.viewFailed), { signal: closed.signal }).catch(
      () => null,
    );
    if (!loaded) return;
    const [{ createWho }, full] = loaded;
    who ??= createWho(answer, full, camera);
    if (camera.state === 'running') who.begin();
    draw();
  }

  async function openSample(): Promise<void> {
    camera.stop();
    const ended = new AbortController();
    endSample = () => ended.abort();
    stage.hidden = true;
    sample.hidden = false;
    try {
      const [{ showSample }, full] = await Promise.all([import('./start-sample.js'), loadContext()]);
      await showSample({ sample, answer, context: full, signal: ended.signal, onCamera: () => void camera.start() });
    } catch (error) {
      if (ended.signal.aborted) return;
      context.say(context.explain(error));
      closeSample();
      draw();
    }
  }

  function closeSample(): void {
    endSample?.();
    endSample = null;
    stage.hidden = false;
    sample.hidden = true;
    render(nothing, sample);
  }

  choosePeople();
  draw();
  const endListening = [kit.onChange(draw), library.onChange(choosePeople)];
  return () => {
    closed.abort();
    for (const end of endListening) end();
    endSample?.();
    camera.stop();
  };
}
