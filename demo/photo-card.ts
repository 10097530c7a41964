/** One photo with its faces: drawn over the picture, and as buttons below it. */
import type { DetectResult, FaceKit } from '../src/index.js';
import { el, setText } from './dom.js';
import { centreOf, drawMarks, drawThumbnail, fit } from './draw.js';
import type { Enrolment } from './enrolment.js';
import type { People, SeenFace } from './people.js';
import { count, explain, nameOf } from './words.js';

/** Longer side of a shown photo, in pixels: enough for a card on a dense screen. */
const SHOWN_SIDE = 1280;
/** A click belongs to the nearest face that is within this many box widths. */
const CLICK_REACH = 0.8;

export interface PhotoCard {
  readonly element: HTMLLIElement;
  readonly faceCount: number;
  /** Finds the faces and who they are. */
  look(): Promise<void>;
  identify(): Promise<void>;
  render(): void;
  close(): void;
}

export function createPhotoCard(
  id: string,
  file: File,
  kit: FaceKit,
  people: People,
  enrolment: Enrolment,
  onRemove: () => void,
): PhotoCard {
  const title = file.name === '' ? 'Pasted photo' : file.name;
  const picture = el('canvas', { role: 'img', ariaLabel: title, width: 0, height: 0 });
  const overlay = el('canvas', { ariaHidden: 'true' });
  const stage = el('div', { className: 'stage', hidden: true }, picture, overlay);
  const summary = el('p', { className: 'muted' }, 'Looking for faces…');
  const faceList = el('ul', { className: 'faces', ariaLabel: `Faces in ${title}` });
  const remove = el('button', { type: 'button', className: 'photo-remove remove', ariaLabel: `Remove ${title}` }, '✕');
  const heading = el('div', { className: 'photo-head' }, el('h3', {}, title), remove);
  const element = el('li', { className: 'photo' }, heading, stage, summary, faceList);

  let found: DetectResult | null = null;
  let seen: SeenFace[] = [];
  let buttons: HTMLButtonElement[] = [];
  let open = true;

  const faceId = (i: number) => `${id}-face-${i + 1}`;
  const chosen = (i: number) => enrolment.has(faceId(i));

  function describe(i: number): { label: string; text: string; known: boolean } {
    const name = nameOf(seen[i]?.identity ?? null);
    const number = `Face ${i + 1}`;
    if (!name) return { label: String(i + 1), text: number, known: false };
    const score = name.score === null ? '' : `, ${name.score.toFixed(2)}`;
    return {
      label: name.known ? name.name : String(i + 1),
      text: `${number}: ${name.name}${score}`,
      known: name.known,
    };
  }

  function render(): void {
    if (!found) return;
    buttons.forEach((button, i) => {
      setText(button, describe(i).text);
      button.ariaPressed = String(chosen(i));
    });
    // The focused face is drawn like a chosen one, so that the list and the picture tell of the same.
    const marks = seen.map(({ face }, i) => {
      const { label, known } = describe(i);
      return { face, label, known, chosen: chosen(i) || buttons[i] === document.activeElement };
    });
    drawMarks(overlay, found, marks);
  }

  function toggle(i: number): void {
    const face = seen[i]?.face;
    if (!face || !found) return;
    if (chosen(i)) {
      enrolment.remove(id);
      return;
    }
    enrolment.add({
      photoId: id,
      faceId: faceId(i),
      label: `face ${i + 1} of ${title}`,
      image: file,
      box: face.box,
      thumbnail: drawThumbnail(picture, picture.width / found.width, face.box),
    });
  }

  function show(result: DetectResult): void {
    found = result;
    seen = result.faces.map((face) => ({ face, identity: null, spoof: null }));
    buttons = seen.map((_, i) => {
      const button = el('button', { type: 'button' });
      button.addEventListener('click', () => {
        toggle(i);
      });
      button.addEventListener('focus', render);
      button.addEventListener('blur', render);
      return button;
    });
    faceList.replaceChildren(...buttons.map((button) => el('li', {}, button)));
    sayHowMany();
  }

  function sayHowMany(): void {
    const faces = count(buttons.length, 'face');
    setText(summary, buttons.length === 0 ? 'No face found.' : `${faces}. Choose one to enrol it.`);
    picture.ariaLabel = `${title}: ${faces}`;
  }

  async function look(): Promise<void> {
    if (!open) return;
    try {
      const result = await kit.detect(file, { landmarks: 68 });
      const size = fit(result, SHOWN_SIDE);
      const bitmap = await createImageBitmap(file, {
        resizeWidth: size.width,
        resizeHeight: size.height,
        resizeQuality: 'medium',
      });
      Object.assign(picture, size);
      picture.getContext('2d')?.drawImage(bitmap, 0, 0);
      bitmap.close();
      stage.hidden = false;
      show(result);
      render();
    } catch (error) {
      setText(summary, explain(error));
      return;
    }
    await identify();
  }

  async function identify(): Promise<void> {
    if (!found || !open) return;
    try {
      // The same faces in the same order as before; without people there is nothing to ask.
      seen =
        people.profiles.length === 0
          ? found.faces.map((face) => ({ face, identity: null, spoof: null }))
          : await people.look(file);
      sayHowMany();
    } catch (error) {
      setText(summary, explain(error));
    }
    render();
  }

  // The overlay is as large as it is shown; its pixels follow.
  const resized = new ResizeObserver(render);
  resized.observe(overlay);
  remove.addEventListener('click', onRemove);
  overlay.addEventListener('click', ({ offsetX, offsetY }) => {
    if (!found) return;
    const scale = found.width / overlay.clientWidth;
    const near = seen
      .map(({ face }, i) => ({ i, box: face.box, centre: centreOf(face.box) }))
      .map(({ i, box, centre }) => ({
        i,
        d: Math.hypot(offsetX * scale - centre.x, offsetY * scale - centre.y) / box.width,
      }))
      .sort((a, b) => a.d - b.d)[0];
    if (near && near.d < CLICK_REACH) toggle(near.i);
  });

  return {
    element,
    get faceCount() {
      return buttons.length;
    },
    look,
    identify,
    render,
    close() {
      open = false;
      resized.disconnect();
      enrolment.remove(id);
      element.remove();
    },
  };
}
