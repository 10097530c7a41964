/** The camera of the first view: faces followed live, with the advisory check. */
import { html, render } from 'lit';
import { defineFaceCamera, type FaceCamera } from '../../../src/client/camera/camera-element.js';
import type { TrackResult } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { decimal } from '../../numbers.js';

/** Weight of the newest frame in the shown time per frame. */
const SMOOTHING = 0.2;

/** @returns frees the camera */
export function createCamera(host: HTMLElement, context: Context): () => void {
  const { texts } = context;
  defineFaceCamera();
  let averageMs = 0;
  let isChecked = false;
  let told = '';

  function draw(): void {
    render(
      html`<h2 id="camera-title">${texts.try.cameraTitle}</h2>
        <face-camera landmarks="68" .texts=${texts.camera} @face=${onFace} @noface=${onNoFace}></face-camera>
        <p class="muted reserve">${averageMs === 0 ? '' : `${texts.try.perFrame(Math.round(averageMs))} · ${told}`}</p>
        <label class="check"
          ><input type="checkbox" .checked=${isChecked} @change=${toggleCheck} /> ${texts.try.cameraSpoof}</label
        >`,
      host,
    );
  }

  draw();
  const camera = host.querySelector('face-camera') as FaceCamera;
  void context.kit.ready().then((kit) => {
    camera.kit = kit;
  });

  function onFace({ detail }: CustomEvent<TrackResult>): void {
    const { pixelsMs, detectMs, landmarksMs, spoofMs, embedMs } = detail.timings;
    const frameMs = pixelsMs + detectMs + landmarksMs + spoofMs + embedMs;
    averageMs += (frameMs - averageMs) * (averageMs === 0 ? 1 : SMOOTHING);
    const [face] = detail.faces;
    told = texts.try.inView(detail.faces.length);
    if (face?.spoof) {
      const { spoof } = face;
      const words =
        spoof.outcome === 'not-judged'
          ? texts.try.notJudged(spoof.reasons)
          : (spoof.outcome === 'bona-fide' ? texts.try.bonaFide : texts.try.attack)(
              decimal(spoof.bonaFideScore, 2, context.locale),
            );
      told = `${told} ${texts.try.spoof} ${words}`;
    }
    draw();
  }

  function onNoFace(): void {
    told = texts.try.noneInView;
    draw();
  }

  function toggleCheck({ target }: Event): void {
    isChecked = (target as HTMLInputElement).checked;
    if (isChecked) camera.setAttribute('spoof', 'report');
    else camera.removeAttribute('spoof');
  }

  return () => camera.stop();
}
