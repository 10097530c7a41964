/** Who is enrolled, where to, and what the person agreed to. */
import { html, nothing, render } from 'lit';
import { MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { findNamesake } from '../../enrollment.js';

interface Draft {
  /** '' for none, as `consent`. */
  readonly name: string;
  readonly consent: string;
}

export interface Who extends Draft {
  /** Says what is wrong with the name at its field, and puts the focus there. */
  refuse(problem: string): void;
  /** Whether the chosen collection has somebody of this name. */
  readonly isKnown: boolean;
  focus(): void;
  /** For another person. */
  clear(): void;
  close(): void;
}

/**
 * @param given what the fields hold at first
 * @param onChange when a name was typed, a collection was chosen, or people came and went
 */
export function createWho(host: HTMLElement, context: Context, given: Draft, onChange: () => void): Who {
  const { library, texts } = context;
  const words = texts.enroll;
  let { name, consent } = given;
  let problem = '';

  function isKnown(): boolean {
    return name !== '' && library.chosen !== null && findNamesake(context, library.chosen.id, name) !== null;
  }

  function draw(): void {
    const { chosen, collections } = library;
    const names = [...new Set(library.profiles.flatMap((profile) => profile.name ?? []))];
    render(
      html`<h2 id="who-title">${words.who}</h2>
        <label class="field"
          >${texts.common.name}<input
            name="person"
            required
            autocomplete="off"
            .value=${given.name}
            list="known-names"
            maxlength=${MAX_NAME_LENGTH}
            aria-invalid=${problem === '' ? nothing : 'true'}
            aria-describedby="name-note"
            @input=${changeName}
        /></label>
        <datalist id="known-names">${names.map((known) => html`<option value=${known}></option>`)}</datalist>
        <p class=${problem === '' ? 'known muted' : 'known problem'} id="name-note" role="status">
          ${problem === '' ? (isKnown() && chosen ? words.known(name, chosen.name) : '') : problem}
        </p>
        <details>
          <summary>${words.more}</summary>
          <div class="more">
            <label class="field"
              >${texts.common.collection}<select @change=${changeCollection}>
                ${
                  collections.length === 0
                    ? html`<option>${words.newCollection(texts.common.firstCollection)}</option>`
                    : collections.map(
                        ({ id, name: title }) =>
                          html`<option value=${id} .selected=${id === chosen?.id}>${title}</option>`,
                      )
                }
              </select></label
            >
            <label class="field"
              >${words.consent}<input
                name="consent"
                autocomplete="off"
                .value=${given.consent}
                maxlength=${MAX_NOTE_LENGTH}
                aria-describedby="consent-hint"
                @input=${changeConsent}
              /><span id="consent-hint" class="muted">${words.consentHint}</span></label
            >
          </div>
        </details>`,
      host,
    );
  }

  function changeName({ target }: Event): void {
    name = (target as HTMLInputElement).value.trim();
    problem = '';
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
    refuse(text) {
      problem = text;
      draw();
      inputs[0]?.focus();
    },
    clear() {
      name = consent = problem = '';
      for (const input of inputs) input.value = '';
      draw();
    },
    close: unlisten,
  };
}
