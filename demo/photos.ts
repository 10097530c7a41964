/** The photos: picked, dropped or pasted, each shown with its faces. */
import type { FaceKit } from '../src/index.js';
import { byId, createQueue, focusAfterRemoval, setText } from './dom.js';
import type { Enrolment } from './enrolment.js';
import type { People } from './people.js';
import { createPhotoCard, type PhotoCard } from './photo-card.js';
import { count } from './words.js';

export interface Photos {
  /** Looks anew for who the faces are. */
  identifyAll(): void;
}

export function createPhotos(kit: FaceKit, people: People, enrolment: Enrolment): Photos {
  const title = byId('photos-title', HTMLElement);
  const list = byId('photos-list', HTMLUListElement);
  const input = byId('photos-input', HTMLInputElement);
  const drop = byId('photos-drop', HTMLButtonElement);
  const status = byId('photos-status', HTMLElement);
  const cards = new Set<PhotoCard>();
  /** One photo at a time: each may take hundreds of megabytes while it is decoded. */
  const enqueue = createQueue();
  let nextId = 1;

  function add(files: Iterable<File>): void {
    const images = [...files];
    if (images.length === 0) return;
    setText(status, `Looking for faces in ${count(images.length, 'photo')}…`);
    for (const file of images) {
      const card = createPhotoCard(`photo-${nextId++}`, file, kit, people, enrolment, () => {
        const index = [...list.children].indexOf(card.element);
        cards.delete(card);
        card.close();
        focusAfterRemoval(list, index, '.photo-remove', title);
        sum();
      });
      cards.add(card);
      list.append(card.element);
      enqueue(async () => {
        await card.look();
        if (file === images.at(-1)) sum();
      });
    }
  }

  /** Says what the photos show altogether. */
  function sum(): void {
    const faces = [...cards].reduce((n, card) => n + card.faceCount, 0);
    setText(status, cards.size === 0 ? '' : `${count(faces, 'face')} in ${count(cards.size, 'photo')}.`);
  }

  drop.addEventListener('click', () => {
    input.click();
  });
  input.addEventListener('change', () => {
    add(input.files ?? []);
    // So that the same file can be picked again.
    input.value = '';
  });
  // The whole page takes photos, so that one dropped beside the button does not replace the page.
  addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.classList.add('over');
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) drop.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    drop.classList.remove('over');
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
  addEventListener('paste', (event) => {
    const files = event.clipboardData?.files;
    if (!files || files.length === 0) return;
    event.preventDefault();
    add(files);
  });

  enrolment.onChange(() => {
    for (const card of cards) card.render();
  });

  return {
    identifyAll() {
      for (const card of cards) enqueue(() => card.identify());
    },
  };
}
