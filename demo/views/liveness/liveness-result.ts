/** The best picture of a challenge that was passed, to enroll with. */
import { html, nothing, render } from 'lit';
import type { LivenessResult } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { download } from '../../download.js';

/** High enough that the saved picture is recognized as well as the frame. */
const JPEG_QUALITY = 0.95;

type Passed = Extract<LivenessResult, { readonly outcome: 'passed' }>;

interface ResultCard {
  /** Takes the frame. */
  show(passed: Passed): void;
  clear(): void;
}

export function createLivenessResult(host: HTMLElement, { texts }: Context): ResultCard {
  let picture: HTMLCanvasElement | null = null;
  let gestures: Passed['gestures'] = [];

  function draw(): void {
    render(
      html`<h2 id="liveness-result-title">${texts.liveness.result}</h2>
        <div class="best">${picture ?? html`<p class="muted">${texts.liveness.noResult}</p>`}</div>
        ${
          picture
            ? html`<p>
                  ${texts.liveness.gesturesDone(gestures.map((gesture) => texts.liveness.gestureNames[gesture]))}
                </p>
                <p class="muted">${texts.liveness.bestHint}</p>
                <div class="row">
                  <button type="button" @click=${save}>${texts.liveness.save}</button>
                  <a href="#/enroll">${texts.liveness.enroll}</a>
                </div>`
            : nothing
        }`,
      host,
    );
  }

  function save(): void {
    picture?.toBlob(
      (file) => {
        if (file) download(file, texts.liveness.fileName);
      },
      'image/jpeg',
      JPEG_QUALITY,
    );
  }

  draw();
  return {
    show(passed) {
      const { frame } = passed;
      picture = Object.assign(document.createElement('canvas'), { width: frame.width, height: frame.height });
      picture.role = 'img';
      picture.ariaLabel = texts.liveness.best;
      picture.getContext('2d')?.drawImage(frame, 0, 0);
      frame.close();
      gestures = passed.gestures;
      draw();
    },
    clear() {
      picture = null;
      draw();
    },
  };
}
