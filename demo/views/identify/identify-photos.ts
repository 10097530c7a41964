/** Photos of this view: every face is looked for in the collection, and again when something else is looked for. */
import { html, nothing, render } from 'lit';
import { drawFaces } from '../../../src/client/camera/camera-element.js';
import type { IdentifiedFace } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { createQueue, setText } from '../../dom.js';
import { leftToRight, paintPhoto, type Size } from '../../draw.js';
import { takePhotos } from '../../photo-input.js';
import { drawFace, nameOf, type Search } from './identify-faces.js';
import type { Log } from './identify-log.js';
import { describeWait } from '../../waiting.js';

/** Longer side of a shown photo, in pixels. */
const SHOWN_SIDE = 1280;

interface Photo {
  readonly file: File;
  readonly title: string;
  readonly element: HTMLLIElement;
  /** Of the picture that is shown, and of the file. */
  picture: HTMLCanvasElement | null;
  size: Size | null;
  faces: readonly IdentifiedFace[] | null;
  problem: string;
  /** Who each face was said to be last; the faces of a photo keep their order. */
  readonly logged: Map<number, string>;
  readonly close: AbortController;
}

export interface Photos {
  look(search: Search): void;
  close(): void;
}

export function createPhotos(host: HTMLElement, context: Context, log: Log): Photos {
  const { texts } = context;
  let photos: readonly Photo[] = [];
  let search: Search | null = null;
  /** Ends looks for something else. */
  let looks = new AbortController();
  const closed = new AbortController();
  /** One photo at a time: each may take hundreds of megabytes while it is decoded. */
  const [previews, enqueue] = [createQueue(), createQueue()];

  render(
    html`<h2 id="on-photos-title" tabindex="-1">${texts.identify.photoTitle}</h2>
      <p class="muted">${texts.identify.photoHint}</p>
      <div class="input"></div>
      <p class="status" role="status"></p>
      <ul class="photos" aria-label=${texts.identify.photoTitle}></ul>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const list = find('.photos');
  takePhotos(find('.input'), texts, closed.signal, add);

  function add(files: readonly File[]): void {
    for (const file of files) {
      const element = document.createElement('li');
      element.className = 'photo';
      const photo: Photo = {
        file,
        title: file.name === '' ? texts.common.pasted : file.name,
        element,
        picture: null,
        size: null,
        faces: null,
        problem: '',
        logged: new Map(),
        close: new AbortController(),
      };
      photos = [photo, ...photos];
      list.prepend(element);
      previews(() => preview(photo));
      lookAt(photo);
    }
  }

  async function preview(photo: Photo): Promise<void> {
    try {
      Object.assign(photo, await paintPhoto(photo.file, SHOWN_SIDE));
    } catch {
      // The kit says why it cannot be read.
      return;
    }
    draw(photo);
  }

  function lookAt(photo: Photo): void {
    const aim = search;
    const signal = AbortSignal.any([photo.close.signal, looks.signal, closed.signal]);
    photo.problem = aim?.collection ? '' : texts.identify.needsCollection;
    photo.faces = null;
    draw(photo);
    if (!aim?.collection) return;
    const { id } = aim.collection;
    tell();
    enqueue(async () => {
      const kit = await context.kit.ready();
      try {
        signal.throwIfAborted();
        const { faces } = await kit.identify(photo.file, id, { maxFpir: aim.maxFpir, signal });
        const ordered = leftToRight(faces);
        photo.faces = ordered;
        for (const [i, face] of ordered.entries()) note(photo, i, face, aim);
      } catch (error) {
        if (signal.aborted) return;
        photo.problem = context.explain(error);
      }
      draw(photo);
      tell();
    });
  }

  function note(photo: Photo, i: number, identification: IdentifiedFace, aim: Search): void {
    const who = identification.outcome === 'identified' ? identification.profileId : '';
    if (photo.logged.get(i) === who) return;
    photo.logged.set(i, who);
    log.add({ source: photo.title, identification, search: aim });
  }

  function tell(): void {
    const waiting = photos.some(({ faces, problem }) => !faces && problem === '');
    const faces = photos.flatMap((photo) => photo.faces ?? []);
    const words = describeWait(context) ?? texts.identify.looking;
    const sum = faces.length === 0 ? '' : texts.identify.found(faces.map((face) => nameOf(context, face)));
    setText(find('.status'), waiting ? words : sum);
  }

  function remove(photo: Photo): void {
    const index = photos.indexOf(photo);
    photos = photos.filter((other) => other !== photo);
    photo.close.abort();
    photo.element.remove();
    const next = list.querySelectorAll<HTMLElement>('.photo-remove');
    (next[Math.min(index, next.length - 1)] ?? find('#on-photos-title')).focus();
    tell();
  }

  function draw(photo: Photo): void {
    const { title, picture, faces, problem } = photo;
    const hadFocus = photo.element.contains(document.activeElement);
    render(
      html`<div class="photo-head">
          <h3 tabindex="-1">${title}</h3>
          <button
            type="button"
            class="photo-remove remove"
            aria-label=${texts.common.remove(title)}
            @click=${() => remove(photo)}
          >
            ✕
          </button>
        </div>
        ${picture ? html`<div class="stage">${picture}<canvas aria-hidden="true"></canvas></div>` : nothing}
        <p class="muted">
          ${problem !== '' ? problem : faces ? (faces.length === 0 ? texts.identify.noFace : texts.common.faces(faces.length)) : texts.identify.looking}
        </p>
        <ul class="faces" aria-label=${texts.identify.facesIn(title)}>
          ${faces?.map(
            (face, i) =>
              html`<li>
                ${drawFace(context, texts.identify.face(i + 1), face, () => {
                  photo.element.querySelector('h3')?.focus();
                  lookAt(photo);
                })}
              </li>`,
          )}
        </ul>`,
      photo.element,
    );
    if (hadFocus && !photo.element.contains(document.activeElement)) photo.element.querySelector('h3')?.focus();
    if (picture) picture.role = 'img';
    if (picture) picture.ariaLabel = `${title}: ${texts.common.faces(faces?.length ?? 0)}`;
    mark(photo);
    watch(photo);
  }

  function mark({ element, size, faces }: Photo): void {
    const overlay = element.querySelector<HTMLCanvasElement>('.stage > canvas:last-child');
    if (!overlay || !size) return;
    const marks = (faces ?? []).map((face, i) => {
      const known = face.outcome === 'identified';
      return { face, label: `${i + 1} ${nameOf(context, face)}`, known };
    });
    drawFaces(overlay, size, marks);
  }

  /** The overlay is as large as it is shown; its pixels follow. */
  function watch(photo: Photo): void {
    const overlay = photo.element.querySelector<HTMLCanvasElement>('.stage > canvas:last-child');
    if (!overlay || overlay.dataset['watched']) return;
    overlay.dataset['watched'] = 'yes';
    const resized = new ResizeObserver(() => mark(photo));
    resized.observe(overlay);
    for (const { signal } of [photo.close, closed]) signal.addEventListener('abort', () => resized.disconnect());
  }

  const endListening = context.kit.onChange(tell);
  return {
    look(next) {
      const before = search;
      search = next;
      const isSame =
        before?.collection?.id === next.collection?.id &&
        before?.collection?.updatedAt === next.collection?.updatedAt &&
        before?.maxFpir === next.maxFpir;
      if (isSame) return;
      looks.abort();
      looks = new AbortController();
      for (const photo of photos) lookAt(photo);
    },
    close() {
      endListening();
      looks.abort();
      closed.abort();
    },
  };
}
