/** Who is enrolled, where to, and what the person agreed to. */
import { html, render } from 'lit';
import { MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { findNamesake } from './enroll-store.js';

export interface Who {
  /** '' for none, as `consent`. */
  readonly name: string;
  readonly consent: string;
  /** Whether the chosen collection has somebody of this name. */
  readonly isKnown: boolean;
  focus(): void;
  /** For another person. */
  clear(): void;
  close(): void;
}

/** @param onChange when a name was typed, a collection was chosen, or people came and went */
export function createWho(host: HTMLElement, context: Context, onChange: () => void): Who {
  const { library, texts } = context;
  const words = texts.enroll;
  let name = '';
  let consent = '';

  function isKnown(): boolean {
    return name !== '' && library.chosen !== null && findNamesake(context, library.chosen.id, name) !== null;
  }

  function draw(): void {
    const { chosen, collections } = library;
    const names = [...new Set(library.profiles.flatMap((profile) => profile.name ?? []))];
    render(
      html`<h2 id="who-title">${words.who}</h2>
        <div class="row">
          <label class="field grow"
            >${texts.common.name}<input
              name="person"
              required
              autocomplete="off"
              list="known-names"
              maxlength=${MAX_NAME_LENGTH}
              @input=${changeName}
          /></label>
          <datalist id="known-names">${names.map((known) => html`<option value=${known}></option>`)}</datalist>
          <label class="field grow"
            >${texts.common.collection}<select @change=${changeCollection}>
              ${
                collections.length === 0
                  ? html`<option>${words.newCollection(words.firstCollection)}</option>`
                  : collections.map(
                      ({ id, name: title }) =>
                        html`<option value=${id} .selected=${id === chosen?.id}>${title}</option>`,
                    )
              }
            </select></label
          >
        </div>
        <p class="known muted" role="status">${isKnown() && chosen ? words.known(name, chosen.name) : ''}</p>
        <label class="field"
          >${words.consent}<input
            name="consent"
            autocomplete="off"
            maxlength=${MAX_NOTE_LENGTH}
            aria-describedby="consent-hint"
            @input=${changeConsent}
          /><span id="consent-hint" class="muted">${words.consentHint}</span></label
        >`,
      host,
    );
  }

  function changeName({ target }: Event): void {
    name = (target as HTMLInputElement).value.trim();
    draw();
    onChange();
  }

  function changeConsent({ target }: Event): void {
    consent = (target as HTMLInputElement).value.trim();
  }

  function changeCollection({ target }: Event): void {
    const id = (target as HTMLSelectElement).value;
    if (library.collections.some((collection) => collection.id === id)) library.choose(id);
  }

  draw();
  const unlisten = library.onChange(() => {
    draw();
    onChange();
  });
  const inputs = host.querySelectorAll('input');
  return {
    get name() {
      return name;
    },
    get consent() {
      return consent;
    },
    get isKnown() {
      return isKnown();
    },
    focus: () => inputs[0]?.focus(),
    clear() {
      name = consent = '';
      for (const input of inputs) input.value = '';
      draw();
    },
    close: unlisten,
  };
}
