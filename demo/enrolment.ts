/** The tray, where faces of one person are gathered, and the form that enrols them. */
import type { Box, FaceImage } from '../src/index.js';
import { byId, el, focusAfterRemoval, setBusy, setText } from './dom.js';
import { centreOf } from './draw.js';
import type { People } from './people.js';
import { count, describeRefusal, explain } from './words.js';

/** As many images as one enrolment takes. */
const MAX_FACES = 10;

/** A face that may be put into the tray. */
export interface TrayFace {
  /** The photo it is in: the tray holds one face of each. */
  readonly photoId: string;
  /** The same for the same face of the same photo. */
  readonly faceId: string;
  /** For people: 'face 2 of party.jpg'. */
  readonly label: string;
  readonly image: Blob | HTMLCanvasElement;
  readonly box: Box;
  readonly thumbnail: HTMLCanvasElement;
}

export interface Enrolment {
  has(faceId: string): boolean;
  add(face: TrayFace): void;
  /** Takes out the faces of a photo. */
  remove(photoId: string): void;
  onChange(listener: () => void): void;
}

/** @param train called after each enrolment; resolves when the training ended, however it did */
export function createEnrolment(people: People, train: () => Promise<void>): Enrolment {
  const title = byId('enrol-title', HTMLElement);
  const list = byId('enrol-tray', HTMLUListElement);
  const form = byId('enrol-form', HTMLFormElement);
  const nameInput = byId('enrol-name', HTMLInputElement);
  const names = byId('enrol-names', HTMLDataListElement);
  const status = byId('enrol-status', HTMLElement);
  const submit = form.querySelector('button') as HTMLButtonElement;
  const faces: (TrayFace & { refusal?: string })[] = [];
  const listeners: (() => void)[] = [];
  let busy = false;

  function changed(): void {
    list.replaceChildren(...faces.map((face) => describeItem(face)));
    for (const listener of listeners) listener();
  }

  function describeItem(face: (typeof faces)[number]): HTMLLIElement {
    const remove = el('button', { type: 'button', ariaLabel: `Remove ${face.label}`, className: 'remove' }, '✕');
    remove.addEventListener('click', () => {
      const index = faces.indexOf(face);
      drop(face);
      changed();
      focusAfterRemoval(list, index, 'button', title);
      setText(status, `Removed ${face.label}.`);
    });
    face.thumbnail.role = 'img';
    face.thumbnail.ariaLabel = face.label;
    const refusal = face.refusal === undefined ? [] : [el('p', { className: 'refusal' }, face.refusal)];
    return el('li', {}, face.thumbnail, remove, ...refusal);
  }

  function drop(face: TrayFace): void {
    faces.splice(faces.indexOf(face), 1);
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!busy) void enrol(nameInput.value.trim());
  });

  async function enrol(name: string): Promise<void> {
    if (faces.length === 0) {
      setText(status, 'Choose a face in a photo or from the camera first.');
      return;
    }
    if (name === '') {
      setText(status, 'Give the person a name first.');
      nameInput.focus();
      return;
    }
    busy = true;
    setBusy(submit, true);
    const chosen = [...faces];
    setText(status, `Enrolling ${name} from ${count(chosen.length, 'photo')}…`);
    try {
      const images = chosen.map(({ image, box }): FaceImage => ({ image, face: centreOf(box) }));
      const { outcome, images: reports } = await people.enrol(name, images);
      let accepted = 0;
      reports.forEach((report, i) => {
        const face = chosen[i] as (typeof faces)[number];
        if (!report.accepted) {
          face.refusal = describeRefusal(report.reasons);
        } else {
          accepted++;
          if (faces.includes(face)) drop(face);
        }
      });
      changed();
      const refused = accepted < reports.length ? ' The faces that are left in the tray could not be used.' : '';
      if (outcome === 'rejected') {
        setText(status, `${name} was not enrolled: no photo could be used.`);
        return;
      }
      nameInput.value = '';
      const done =
        outcome === 'added'
          ? `${name} was enrolled already: ${count(accepted, 'photo')} added.`
          : `${name} is enrolled from ${count(accepted, 'photo')}.`;
      setText(status, done + refused);
      await train();
    } catch (error) {
      setText(status, explain(error));
    } finally {
      busy = false;
      setBusy(submit, false);
    }
  }

  people.onRefresh(() => {
    names.replaceChildren(...people.profiles.map(({ name }) => el('option', { value: name ?? '' })));
  });

  return {
    has: (faceId) => faces.some((face) => face.faceId === faceId),
    add(face) {
      const other = faces.find(({ photoId }) => photoId === face.photoId);
      if (other) drop(other);
      else if (faces.length >= MAX_FACES) {
        setText(status, `The tray is full: ${MAX_FACES} faces are the most.`);
        return;
      }
      faces.push(face);
      changed();
      const instead = other ? `, instead of ${other.label}` : '';
      setText(status, `Added ${face.label}${instead}. ${count(faces.length, 'face')} in the tray.`);
    },
    remove(photoId) {
      const gone = faces.filter((face) => face.photoId === photoId);
      if (gone.length === 0) return;
      for (const face of gone) drop(face);
      changed();
      setText(status, `Removed ${gone.map(({ label }) => label).join(', ')}.`);
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}
