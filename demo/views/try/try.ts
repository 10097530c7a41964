/** Photos and the camera: what the kit finds, how good it is, how long it took, and two faces side by side. */
import { html, nothing, render } from 'lit';
import { drawFaces } from '../../../src/client/camera/camera-element.js';
import type {
  DetectedFace,
  DetectResult,
  FaceKit,
  OpenImage,
  QualityReport,
  SpoofVerdict,
  StageTimings,
} from '../../../src/index.js';
import type { Context, View } from '../../context.js';
import { createQueue, setText } from '../../dom.js';
import { centerOf, drawThumbnail, fit } from '../../draw.js';
import { takePhotos } from '../../photo-input.js';
import { createCamera } from './try-camera.js';
import { createComparison, type Comparison } from './try-compare.js';
import { decimal } from '../../numbers.js';

/** Longer side of a shown photo, in pixels: enough for a card on a dense screen. */
const SHOWN_SIDE = 1280;
/** A click belongs to the nearest face that is within this many box widths. */
const CLICK_REACH = 0.8;
/** Each face that is checked costs a look at the photo; more are not looked at unasked. */
const MAX_CHECKED = 6;

/** A photo with what was found in it. */
interface Photo {
  readonly file: File;
  readonly title: string;
  readonly element: HTMLLIElement;
  result: DetectResult | null;
  spoofs: (SpoofVerdict | null)[];
  spoofMs: number;
  problem: string | null;
  chosen: number | null;
  picture: HTMLCanvasElement | null;
  /** Ends the watch over the size of its picture. */
  readonly close: AbortController;
}

export const mount: View = (host, context) => {
  const { texts } = context;
  const photos: Photo[] = [];
  /** One photo at a time: each may take hundreds of megabytes while it is decoded. */
  const enqueue = createQueue();
  const closed = new AbortController();
  let status = '';

  render(
    html`<h1 tabindex="-1">${texts.try.title}</h1>
      <div class="columns">
        <section class="card photos-card" aria-labelledby="photos-title">
          <h2 id="photos-title" tabindex="-1">${texts.try.photos}</h2>
          <div class="input"></div>
          <p class="status" role="status"></p>
          <ul class="photos" aria-label=${texts.try.photos}></ul>
        </section>
        <div class="column">
          <section class="card compare" aria-labelledby="compare-title"></section>
          <section class="card camera" aria-labelledby="camera-title"></section>
        </div>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const list = find('.photos');
  const comparison: Comparison = createComparison(find('.compare'), context, redraw);
  const stopCamera = createCamera(find('.camera'), context);
  takePhotos(find('.input'), texts, closed.signal, add);

  function say(text: string): void {
    status = text;
    setText(find('.photos-card > .status'), status);
  }

  function add(files: readonly File[]): void {
    say(context.kit.state.phase === 'ready' ? texts.try.lookingIn(files.length) : texts.shell.waiting);
    for (const file of files) {
      const element = document.createElement('li');
      const photo: Photo = {
        file,
        title: file.name === '' ? texts.try.pasted : file.name,
        element,
        result: null,
        spoofs: [],
        spoofMs: 0,
        problem: null,
        chosen: null,
        picture: null,
        close: new AbortController(),
      };
      element.className = 'photo';
      photos.push(photo);
      list.append(element);
      draw(photo);
      enqueue(async () => {
        await look(photo, await context.kit.ready());
        sum();
      });
    }
  }

  async function look(photo: Photo, kit: FaceKit): Promise<void> {
    const { signal } = photo.close;
    let image: OpenImage | null = null;
    try {
      image = await kit.open(photo.file, { signal });
      photo.result = await image.detect({ landmarks: 68, quality: true, signal });
      photo.picture = await paint(photo.file, photo.result);
      draw(photo);
      for (const [i, face] of photo.result.faces.entries()) {
        if (i >= MAX_CHECKED) break;
        const started = performance.now();
        const checked = await image.checkSpoof({ face, signal });
        photo.spoofMs += performance.now() - started;
        photo.spoofs[i] = checked.outcome === 'failure-to-acquire' ? null : checked;
        draw(photo);
      }
    } catch (error) {
      if (signal.aborted) return;
      photo.problem = context.explain(error);
      draw(photo);
    } finally {
      image?.close();
    }
  }

  async function paint(file: File, result: DetectResult): Promise<HTMLCanvasElement> {
    const size = fit(result, SHOWN_SIDE);
    const bitmap = await createImageBitmap(file, {
      resizeWidth: size.width,
      resizeHeight: size.height,
      resizeQuality: 'medium',
    });
    const picture = Object.assign(document.createElement('canvas'), size);
    picture.role = 'img';
    picture.getContext('2d')?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return picture;
  }

  function sum(): void {
    const faces = photos.reduce((n, { result }) => n + (result?.faces.length ?? 0), 0);
    const waiting = photos.some(({ result, problem }) => !result && problem === null);
    if (!waiting) say(photos.length === 0 ? '' : texts.try.sum(faces, photos.length));
  }

  function remove(photo: Photo): void {
    const index = photos.indexOf(photo);
    photos.splice(index, 1);
    photo.close.abort();
    comparison.forget(photo.title);
    photo.element.remove();
    const next = list.querySelectorAll<HTMLElement>('.photo-remove');
    (next[Math.min(index, next.length - 1)] ?? find('#photos-title')).focus();
    sum();
  }

  function redraw(): void {
    for (const photo of photos) draw(photo);
  }

  function choose(photo: Photo, i: number): void {
    photo.chosen = photo.chosen === i ? null : i;
    draw(photo);
  }

  function compare(photo: Photo, i: number, face: DetectedFace): void {
    if (!photo.picture || !photo.result) return;
    comparison.add({
      of: photo.title,
      label: `${photo.title}: ${texts.try.face(i + 1)}`,
      image: { image: photo.file, face },
      thumbnail: drawThumbnail(photo.picture, photo.picture.width / photo.result.width, face.box),
    });
  }

  function draw(photo: Photo): void {
    const { result, title, problem, picture } = photo;
    render(
      html`<div class="photo-head">
          <h3>${title}</h3>
          <button
            type="button"
            class="photo-remove remove"
            aria-label=${texts.common.remove(title)}
            @click=${() => remove(photo)}
          >
            ✕
          </button>
        </div>
        ${
          picture
            ? html`<div class="stage">
                ${picture}<canvas aria-hidden="true" @click=${(event: MouseEvent) => click(photo, event)}></canvas>
              </div>`
            : nothing
        }
        <p class="muted">${problem ?? (result ? drawSummary(result) : texts.try.looking)}</p>
        ${result ? listFaces(photo, result) : nothing} ${result ? drawStages(photo, result.timings) : nothing}`,
      photo.element,
    );
    if (!result || !picture) return;
    picture.ariaLabel = `${title}: ${texts.common.faces(result.faces.length)}`;
    const overlay = photo.element.querySelector('.stage > canvas:last-child') as HTMLCanvasElement;
    mark(photo, result, overlay);
    if (!overlay.dataset['watched']) {
      overlay.dataset['watched'] = 'yes';
      // The overlay is as large as it is shown; its pixels follow.
      const resized = new ResizeObserver(() => mark(photo, result, overlay));
      resized.observe(overlay);
      photo.close.signal.addEventListener('abort', () => resized.disconnect());
    }
  }

  function mark(photo: Photo, result: DetectResult, overlay: HTMLCanvasElement): void {
    drawFaces(
      overlay,
      result,
      result.faces.map((face, i) => ({
        face,
        label: String(i + 1),
        known: photo.spoofs[i]?.outcome === 'bona-fide',
        chosen: photo.chosen === i,
      })),
    );
  }

  function drawSummary({ faces, width, height }: DetectResult): string {
    return `${faces.length === 0 ? texts.try.noFace : texts.common.faces(faces.length)} · ${texts.try.size(width, height)}`;
  }

  function listFaces(photo: Photo, { faces }: DetectResult) {
    if (faces.length === 0) return nothing;
    return html`<ul class="face-rows" aria-label=${texts.try.facesIn(photo.title)}>
      ${faces.map((face, i) => {
        const { width, height } = face.box;
        const spoof = photo.spoofs[i];
        return html`<li class=${photo.chosen === i ? 'chosen' : ''}>
          <button type="button" class="face" aria-pressed=${photo.chosen === i} @click=${() => choose(photo, i)}>
            ${texts.try.face(i + 1)}
          </button>
          <span class="muted"
            >${texts.try.box(Math.round(width), Math.round(height))},
            ${texts.try.confidence(Math.round(100 * face.detectionScore))}<br />${describeQuality(context, face.quality)}<br />${texts.try.spoof}
            ${spoof ? describeSpoof(context, spoof) : texts.try.notChecked}</span
          >
          <button
            type="button"
            aria-label=${`${texts.try.select}: ${texts.try.face(i + 1)}, ${photo.title}`}
            @click=${() => compare(photo, i, face)}
          >
            ${texts.try.select}
          </button>
        </li>`;
      })}
    </ul>`;
  }

  function drawStages(photo: Photo, timings: StageTimings) {
    const stages = { ...timings, spoofMs: photo.spoofMs };
    const names = (Object.keys(texts.try.stage) as (keyof StageTimings)[]).filter((stage) => stages[stage] > 0);
    return html`<p class="muted">
      ${texts.try.stages}:
      ${names.map((stage) => `${texts.try.stage[stage]} ${texts.try.milliseconds(decimal(stages[stage], 0, context.locale))}`).join(', ')}
    </p>`;
  }

  function click(photo: Photo, { offsetX, offsetY, currentTarget }: MouseEvent): void {
    const { result } = photo;
    if (!result) return;
    const scale = result.width / (currentTarget as HTMLElement).clientWidth;
    const near = result.faces
      .map(({ box }, i) => {
        const center = centerOf(box);
        return { i, distance: Math.hypot(offsetX * scale - center.x, offsetY * scale - center.y) / box.width };
      })
      .sort((a, b) => a.distance - b.distance)[0];
    if (near && near.distance < CLICK_REACH) choose(photo, near.i);
  }

  return () => {
    closed.abort();
    stopCamera();
    comparison.close();
    for (const photo of photos) photo.close.abort();
  };
};

function describeQuality({ texts }: Context, quality: QualityReport | null): string {
  if (!quality) return '';
  return texts.try.quality(Math.round(100 * quality.score), quality.poor);
}

/** What the anti-spoof check says, as part of a sentence. */
function describeSpoof({ texts, locale }: Context, spoof: SpoofVerdict): string {
  if (spoof.outcome === 'not-judged') return texts.try.notJudged(spoof.reasons);
  const score = decimal(spoof.bonaFideScore, 2, locale);
  return spoof.outcome === 'bona-fide' ? texts.try.bonaFide(score) : texts.try.attack(score);
}
