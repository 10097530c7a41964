/** The camera of this view: faces followed live, each with its name. */
import { html, nothing, render } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FaceCamera, FaceCameraEvents } from '../../../src/client/camera/camera-element.js';
import type { TrackedFace, TrackResult } from '../../../src/index.js';
import { prepareStage } from '../../camera-stage.js';
import type { Context } from '../../context.js';
import { describeWait } from '../../waiting.js';
import { drawFace, drawLife, nameOf, type Search } from './identify-faces.js';
import type { Log } from './identify-log.js';

export interface LiveCamera {
  look(search: Search): void;
  /** Whether faces are checked for photos and screens. */
  checkLife(isWanted: boolean): void;
  /** Frees the camera. */
  close(): void;
}

/** @param isStarted whether a link promised that the camera starts */
export function createLiveCamera(host: HTMLElement, context: Context, log: Log, isStarted: boolean): LiveCamera {
  const { texts } = context;
  let search: Search | null = null;
  let faces: readonly TrackedFace[] = [];
  /** What is shown, so that a frame that changes nothing draws nothing. */
  let shown = '';
  let problem = '';
  /** Who each face was said to be last. A new tracker counts from 1 again. */
  let logged = new Map<number, string>();

  render(
    html`<h2 id="live-title" class="hidden-label" tabindex="-1">${texts.identify.cameraTitle}</h2>
      <div class="camera-box">
        <face-camera @face=${onFace} @noface=${onNoFace} @statechange=${onState} @error=${onError}></face-camera>
      </div>
      <p class="status" role="status"></p>
      <ul class="faces" aria-label=${texts.identify.inView}></ul>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const camera = find('face-camera') as FaceCamera;
  const list = find('.faces');
  prepareStage(camera, context, { isStarted });
  void context.kit.ready().then((kit) => {
    camera.kit = kit;
  });
  const endListening = context.kit.onChange(draw);

  function draw(): void {
    const hadFocus = list.contains(document.activeElement);
    render(describe(), find('.status'));
    render(
      // The largest face of a frame comes first, but a list that jumps cannot be read.
      repeat(
        faces.toSorted((a, b) => a.trackId - b.trackId),
        ({ trackId }) => trackId,
        ({ trackId, identification, spoof }) =>
          html`<li>
            ${
              identification
                ? html`${drawFace(context, texts.identify.face(trackId), identification, onRejected)}${drawLife(context, spoof)}`
                : html`<p class="muted">${texts.identify.face(trackId)}: ${texts.identify.recognizing}</p>`
            }
          </li>`,
      ),
      list,
    );
    if (hadFocus && !list.contains(document.activeElement)) find('#live-title').focus();
  }

  function describe() {
    if (problem !== '') return problem;
    if (camera.state === 'idle') return nothing;
    const wait = describeWait(context);
    if (wait !== null) return wait;
    if (faces.length === 0) return texts.identify.nobodyInView;
    const names = faces.map(({ identification }) => (identification ? nameOf(context, identification) : null));
    return texts.identify.seen(names.map((name) => name ?? texts.identify.recognizing).toSorted());
  }

  function onFace({ detail }: CustomEvent<TrackResult>): void {
    // Without a collection there is nothing to say of them.
    faces = search?.collection ? detail.faces : [];
    for (const { trackId, identification } of faces) {
      if (!identification || !search?.collection) continue;
      const who = identification.outcome === 'identified' ? identification.profileId : '';
      if (logged.get(trackId) === who) continue;
      logged.set(trackId, who);
      log.add({ source: texts.identify.logCamera, identification, search });
    }
    const next = faces
      .map((face) => `${face.trackId} ${face.identification?.identificationId} ${face.spoof?.outcome}`)
      .join();
    if (next === shown) return;
    shown = next;
    draw();
  }

  function onNoFace(): void {
    clear();
    draw();
  }

  function onState({ detail: state }: CustomEvent<FaceCameraEvents['statechange']>): void {
    if (state === 'starting') {
      problem = '';
      logged = new Map();
    }
    if (state !== 'running') clear();
    draw();
  }

  function onError({ detail }: CustomEvent<FaceCameraEvents['error']>): void {
    // The element explains a camera; of the kit it knows that it failed.
    problem = detail.problem === 'kit' ? context.explain(detail.error) : '';
    draw();
  }

  function clear(): void {
    faces = [];
    shown = '';
  }

  function onRejected(): void {
    find('#live-title').focus();
  }

  return {
    look(next) {
      const before = search;
      search = next;
      if (before?.collection?.id === next.collection?.id && before?.maxFpir === next.maxFpir) return;
      logged = new Map();
      clear();
      if (next.collection) camera.setAttribute('collection', next.collection.id);
      else camera.removeAttribute('collection');
      camera.setAttribute('max-fpir', String(next.maxFpir));
      draw();
    },
    checkLife(isWanted) {
      if (isWanted) camera.setAttribute('spoof', 'report');
      else camera.removeAttribute('spoof');
    },
    close() {
      endListening();
      camera.stop();
    },
  };
}
