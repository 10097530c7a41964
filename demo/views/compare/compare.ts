/** Photos: their faces, how good they are, how long it took, and two of them compared. */
import { html, nothing, render } from 'lit';
import { drawFaces } from '../../../src/client/camera/camera-element.js';
import type { DetectedFace, DetectResult, FaceKit, QualityReport, StageTimings } from '../../../src/index.js';
import type { View } from '../../context.js';
import { createQueue, setText } from '../../dom.js';
import { centerOf, drawThumbnail, leftToRight, paintPhoto } from '../../draw.js';
import type { Library } from '../../library.js';
import { decimal } from '../../numbers.js';
import { takePhotos } from '../../photo-input.js';
import { readyKit } from '../../waiting.js';
import { createComparison, type ComparedFace } from './comparison.js';
import './compare.css';

/** Longer side of a shown photo, in pixels: enough for a card on a dense screen. */
const SHOWN_SIDE = 1280;
/** A click belongs to the nearest face that is within this many box widths. */
const CLICK_REACH = 0.8;

/** The photos, kept while other views are shown. */
const FILES = new WeakMap<Library, readonly File[]>();

interface Face {
  readonly found: DetectedFace & { readonly quality: QualityReport | null };
  readonly compared: ComparedFace;
}

/** A photo with what was found in it. */
interface Photo {
  readonly file: File;
  readonly title: string;
  readonly element: HTMLLIElement;
  picture: HTMLCanvasElement | null;
  result: DetectResult | null;
  /** From left to right. */
  faces: readonly Face[];
  problem: string | null;
  /** Ends the watch over the size of its picture. */
  readonly close: AbortController;
}

export const mount: View = (host, context) => {
  const { texts } = context;
  const words = texts.compare;
  const photos: Photo[] = [];
  /** One photo at a time: each may take hundreds of megabytes while it is decoded. */
  const [previews, looks] = [createQueue(), createQueue()];
  const closed = new AbortController();

  render(
    html`<h1 tabindex="-1">${words.title}</h1>
      <div class="columns">
        <section class="card photos-card" aria-labelledby="photos-title">
          <h2 id="photos-title" tabindex="-1">${words.photos}</h2>
          <div class="input"></div>
          <p class="status" role="status"></p>
          <ul class="photos" aria-label=${words.photos}></ul>
        </section>
        <section class="card comparison" aria-labelledby="comparison-title"></section>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const list = find('.photos');
  const comparison = createComparison(find('.comparison'), context, () => {
    for (const photo of photos) draw(photo);
  });
  takePhotos(find('.input'), texts, closed.signal, add);

  function say(text: string): void {
    setText(find('.photos-card > .status'), text);
  }

  function add(files: readonly File[]): void {
    for (const file of files) {
      const element = document.createElement('li');
      const photo: Photo = {
        file,
        title: file.name === '' ? texts.common.pasted : file.name,
        element,
        picture: null,
        result: null,
        faces: [],
        problem: null,
        close: new AbortController(),
      };
      element.className = 'photo';
      photos.push(photo);
      list.append(element);
      draw(photo);
      previews(async () => {
        await preview(photo);
        looks(() => look(photo));
      });
    }
  }

  async function preview(photo: Photo): Promise<void> {
    try {
      ({ picture: photo.picture } = await paintPhoto(photo.file, SHOWN_SIDE));
    } catch {
      photo.problem = texts.errors.codes.INVALID_INPUT ?? '';
    }
    draw(photo);
  }

  async function look(photo: Photo): Promise<void> {
    const { signal } = photo.close;
    // Asked again each time: it changes while something is waited for.
    const isRemoved = () => signal.aborted;
    if (isRemoved() || photo.problem !== null) {
      sum();
      return;
    }
    const kit = await readyKit(context, say);
    say(words.lookingIn(photos.length));
    try {
      await detect(photo, kit, signal);
    } catch (error) {
      if (!isRemoved()) photo.problem = context.explain(error);
    }
    draw(photo);
    sum();
  }

  async function detect(photo: Photo, kit: FaceKit, signal: AbortSignal): Promise<void> {
    const { file, title, picture } = photo;
    const result = await kit.detect(file, { landmarks: 68, quality: true, signal });
    if (!picture) return;
    photo.result = result;
    photo.faces = leftToRight(result.faces).map((found, i) => ({
      found,
      compared: {
        of: title,
        label: texts.common.face(i + 1),
        image: { image: file, face: found },
        thumbnail: drawThumbnail(picture, picture.width / result.width, found.box),
      },
    }));
  }

  function sum(): void {
    const faces = photos.reduce((n, photo) => n + photo.faces.length, 0);
    const waiting = photos.some(({ result, problem }) => !result && problem === null);
    const seen = photos.filter(({ result }) => result).length;
    if (!waiting) say(photos.length === 0 ? '' : words.sum(faces, seen));
  }

  function remove(photo: Photo): void {
    const index = photos.indexOf(photo);
    photos.splice(index, 1);
    photo.close.abort();
    photo.element.remove();
    comparison.forget(photo.faces.map(({ compared }) => compared));
    const next = list.querySelectorAll<HTMLElement>('.photo-remove');
    (next[Math.min(index, next.length - 1)] ?? find('#photos-title')).focus();
    sum();
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
        <p class="muted">${problem ?? (result ? drawSummary(result) : words.looking)}</p>
        ${listFaces(photo)} ${result ? drawDetails(photo, result.timings) : nothing}`,
      photo.element,
    );
    if (!picture) return;
    picture.role = 'img';
    picture.ariaLabel = `${title}: ${texts.common.faces(photo.faces.length)}`;
    if (result) watch(photo, result);
  }

  /** The overlay is as large as it is shown; its pixels follow. */
  function watch(photo: Photo, result: DetectResult): void {
    const overlay = photo.element.querySelector('.stage > canvas:last-child') as HTMLCanvasElement;
    mark(photo, result, overlay);
    if (overlay.dataset['watched']) return;
    overlay.dataset['watched'] = 'yes';
    const resized = new ResizeObserver(() => mark(photo, result, overlay));
    resized.observe(overlay);
    photo.close.signal.addEventListener('abort', () => resized.disconnect());
  }

  function mark({ faces }: Photo, result: DetectResult, overlay: HTMLCanvasElement): void {
    const marks = faces.map(({ found, compared }, i) => {
      const isChosen = comparison.has(compared);
      return { face: found, label: String(i + 1), known: isChosen, chosen: isChosen };
    });
    drawFaces(overlay, result, marks);
  }

  function drawSummary({ faces, width, height }: DetectResult): string {
    return `${faces.length === 0 ? words.noFace : texts.common.faces(faces.length)} · ${words.size(width, height)}`;
  }

  function listFaces({ title, faces }: Photo) {
    if (faces.length === 0) return nothing;
    return html`<ul class="face-choice" aria-label=${texts.common.facesIn(title)}>
      ${faces.map(
        ({ compared }) =>
          html`<li>
            <button
              type="button"
              aria-pressed=${comparison.has(compared)}
              aria-label=${words.compareFace(compared.label, title)}
              @click=${() => comparison.toggle(compared)}
            >
              ${compared.thumbnail}<span>${compared.label}</span>
            </button>
          </li>`,
      )}
    </ul>`;
  }

  function drawDetails({ faces }: Photo, timings: StageTimings) {
    const stages = (Object.keys(words.stage) as (keyof typeof words.stage)[]).filter((stage) => timings[stage] > 0);
    return html`<details>
      <summary>${words.details}</summary>
      <ul class="muted">
        ${faces.map(
          ({ found: { box, detectionScore, quality }, compared }) =>
            html`<li>
              ${compared.label}: ${words.box(Math.round(box.width), Math.round(box.height))},
              ${words.confidence(Math.round(100 * detectionScore))}${
                quality ? html`, ${words.quality(Math.round(100 * quality.score), quality.poor)}` : nothing
              }
            </li>`,
        )}
      </ul>
      <p class="muted">
        ${words.stages}:
        ${stages
          .map((stage) => `${words.stage[stage]} ${words.milliseconds(decimal(timings[stage], 0, context.locale))}`)
          .join(', ')}
      </p>
    </details>`;
  }

  function click({ result, faces }: Photo, { offsetX, offsetY, currentTarget }: MouseEvent): void {
    if (!result) return;
    const scale = result.width / (currentTarget as HTMLElement).clientWidth;
    const near = faces
      .map(({ found: { box }, compared }) => {
        const center = centerOf(box);
        const distance = Math.hypot(offsetX * scale - center.x, offsetY * scale - center.y) / box.width;
        return { compared, distance };
      })
      .sort((a, b) => a.distance - b.distance)[0];
    if (near && near.distance < CLICK_REACH) comparison.toggle(near.compared);
  }

  const kept = FILES.get(context.library);
  if (kept) add(kept);

  return () => {
    FILES.set(
      context.library,
      photos.map(({ file }) => file),
    );
    closed.abort();
    comparison.close();
    for (const photo of photos) photo.close.abort();
  };
};
