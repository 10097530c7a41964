/** Photos from files: each is looked at, and shows whom there is to choose from. */
import { html, nothing, render } from 'lit';
import { MAX_IMAGES, type FaceKit } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { createQueue } from '../../dom.js';
import { leftToRight, paintPhoto } from '../../draw.js';
import { readyKit } from '../../waiting.js';
import { takePhotos } from '../../photo-input.js';
import { choose, type Shot } from './enroll-shots.js';

/** Longer side of a shown photo, in pixels. */
const SHOWN_SIDE = 960;

interface FilesEvents {
  /** How many more pictures there is room for. */
  readonly room: () => number;
  /** Also for photos that were dropped or pasted anywhere on the page. */
  readonly onPick: () => void;
  readonly onShot: (shot: Shot, kit: FaceKit) => Promise<void>;
}

/** @returns takes it down: no more photos, and what is being looked at is left */
export function createFiles(host: HTMLElement, context: Context, { room, onPick, onShot }: FilesEvents): () => void {
  const { texts } = context;
  const closed = new AbortController();
  const { signal } = closed;
  // Asked anew each time: it changes while something is waited for.
  const isClosed = () => signal.aborted;
  const enqueue = createQueue();
  /** Of the photos that were picked since nothing was left to do. */
  let done = 0;
  let all = 0;
  let status = '';

  const input = document.createElement('div');
  takePhotos(input, texts, signal, add);

  function draw(): void {
    const isBusy = done < all;
    render(
      html`${input}
        <p><a class="import" href="#/collections/import">${texts.collections.importMany}</a></p>
        <div class="reserve">
          <p class="status" role="status">${status}</p>
          ${isBusy ? html`<progress max=${all} value=${done} aria-label=${status}></progress>` : nothing}
        </div>`,
      host,
    );
  }

  function add(files: readonly File[]): void {
    const waiting = all - done;
    const taken = files.slice(0, Math.max(0, room() - waiting));
    const left = files.length - taken.length;
    if (done === all) done = all = 0;
    all += taken.length;
    onPick();
    status = left > 0 ? texts.enroll.tooMany(left, MAX_IMAGES) : '';
    draw();
    for (const file of taken) {
      enqueue(async () => {
        if (isClosed()) return;
        const kit = await readyKit(context, (text) => {
          status = text;
          draw();
        });
        status = texts.enroll.lookingAt(done + 1, all);
        draw();
        const shot = await look(file, kit);
        if (isClosed()) return;
        await onShot(shot, kit);
        if (isClosed()) return;
        done++;
        if (done === all) status = left > 0 ? texts.enroll.tooMany(left, MAX_IMAGES) : '';
        draw();
      });
    }
  }

  async function look(file: File, kit: FaceKit): Promise<Shot> {
    const shot: Shot = {
      id: crypto.randomUUID(),
      title: file.name === '' ? texts.common.pasted : file.name,
      pose: null,
      image: file,
      size: { width: 1, height: 1 },
      picture: null,
      faces: [],
      chosen: null,
      thumbnail: null,
      isOther: false,
      problem: null,
      report: null,
    };
    try {
      const { faces: found, width, height } = await kit.detect(file, { signal });
      const faces = leftToRight(found);
      const { picture } = await paintPhoto(file, SHOWN_SIDE);
      const seen: Shot = { ...shot, size: { width, height }, faces, picture };
      if (faces.length === 0) return { ...seen, problem: texts.enroll.noFile };
      return faces.length === 1 ? choose(seen, 0) : seen;
    } catch (error) {
      return { ...shot, problem: context.explain(error) };
    }
  }

  draw();
  return () => closed.abort();
}
