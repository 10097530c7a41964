/** Who is enrolled, how to forget them, and the training of the classifier. */
import type { ClassifierState, Profile } from '../src/index.js';
import { byId, el, focusAfterRemoval, setText } from './dom.js';
import type { People } from './people.js';
import { count, explain, isAbort } from './words.js';

export interface Profiles {
  /** Trains with progress on the page; resolves when that ended, however it did. */
  readonly train: () => Promise<void>;
}

const STATES: Record<ClassifierState, { readonly name: string; readonly hint: string }> = {
  untrained: { name: 'not trained', hint: 'The nearest enrolled photo decides until then.' },
  training: { name: 'being trained', hint: 'The nearest enrolled photo decides until then.' },
  trained: { name: 'trained', hint: '' },
  stale: { name: 'out of date', hint: 'Somebody was added or deleted; the nearest enrolled photo decides until then.' },
};

/** @param onRecognitionChange called when faces may get other names than before */
export function createProfiles(people: People, onRecognitionChange: () => void): Profiles {
  const title = byId('people-title', HTMLElement);
  const list = byId('people-list', HTMLUListElement);
  const empty = byId('people-empty', HTMLElement);
  const status = byId('people-status', HTMLElement);
  const stateText = byId('training-state', HTMLElement);
  const stateHint = byId('training-hint', HTMLElement);
  const trainButton = byId('training-start', HTMLButtonElement);
  const cancelButton = byId('training-cancel', HTMLButtonElement);
  const bar = byId('training-bar', HTMLProgressElement);
  const askToDelete = createDeleteDialog();
  let training: AbortController | null = null;

  people.onRefresh(() => {
    list.replaceChildren(...people.profiles.map((profile) => describeProfile(profile)));
    empty.hidden = people.profiles.length > 0;
    const state = STATES[people.collection?.classifier ?? 'untrained'];
    setText(stateText, state.name);
    setText(stateHint, people.profiles.length > 0 ? state.hint : '');
  });

  function describeProfile(profile: Profile): HTMLLIElement {
    const name = profile.name ?? 'No name';
    const day = new Date(profile.createdAt).toLocaleDateString('en-GB', { dateStyle: 'medium' });
    const details = `${count(profile.templateCount, 'template')}, enrolled ${day}`;
    const button = el('button', { type: 'button', ariaLabel: `Delete ${name}` }, 'Delete');
    button.addEventListener('click', () => {
      void remove(profile, name, people.profiles.indexOf(profile));
    });
    const text = el('div', {}, el('strong', {}, name), el('p', { className: 'muted' }, details));
    return el('li', {}, text, button);
  }

  async function remove(profile: Profile, name: string, index: number): Promise<void> {
    if (!(await askToDelete(name, profile.templateCount))) return;
    try {
      await people.remove(profile.id);
      setText(status, `${name} was deleted.`);
    } catch (error) {
      setText(status, explain(error));
    }
    focusAfterRemoval(list, index, 'button', title);
    onRecognitionChange();
  }

  async function train(): Promise<void> {
    if (training) return;
    if (people.profiles.length === 0) {
      setText(status, 'Enrol somebody first.');
      return;
    }
    training = new AbortController();
    cancelButton.hidden = bar.hidden = false;
    bar.removeAttribute('value');
    setText(status, 'Training…');
    try {
      await people.train({
        signal: training.signal,
        onProgress({ done, total }) {
          bar.max = total;
          bar.value = done;
        },
      });
      setText(status, 'Training is done.');
    } catch (error) {
      setText(status, isAbort(error) ? 'Training was cancelled.' : explain(error));
    } finally {
      training = null;
      if (document.activeElement === cancelButton) trainButton.focus();
      cancelButton.hidden = bar.hidden = true;
      onRecognitionChange();
    }
  }

  trainButton.addEventListener('click', () => {
    void train();
  });
  cancelButton.addEventListener('click', () => training?.abort());
  return { train };
}

/** A question that is answered with yes only by its own button; Escape is no. The browser returns the focus. */
function createDeleteDialog(): (name: string, templateCount: number) => Promise<boolean> {
  const dialog = byId('delete-dialog', HTMLDialogElement);
  const confirm = byId('delete-confirm', HTMLButtonElement);
  confirm.addEventListener('click', () => {
    dialog.close('delete');
  });
  byId('delete-cancel', HTMLButtonElement).addEventListener('click', () => {
    dialog.close('');
  });
  return (name, templateCount) =>
    new Promise((resolve) => {
      setText(byId('delete-title', HTMLElement), `Delete ${name}?`);
      const templates = count(templateCount, 'template');
      setText(
        byId('delete-text', HTMLElement),
        `${templates} will be removed from this browser. There is no way back.`,
      );
      dialog.returnValue = '';
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'delete'), { once: true });
      dialog.showModal();
    });
}
