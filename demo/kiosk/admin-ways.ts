/** How people get help at the kiosk, and their PINs, as its admin sets them. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { isNamed, PERSONAL_PIN_PATTERN, type PersonalPins } from './personal-pin.js';
import { drawPinField } from './screen.js';
import { MAX_HELP, MAX_WORDS, type KioskSettings } from './settings.js';

export interface WaysView {
  draw(): TemplateResult;
  reset(): void;
}

export interface WaysViewOptions {
  readonly context: Context;
  readonly collectionId: string;
  readonly pins: PersonalPins;
  readonly settings: () => KioskSettings;
  readonly change: (settings: KioskSettings) => void;
  readonly redraw: () => void;
}

export function createWaysView({ context, collectionId, pins, settings, change, redraw }: WaysViewOptions): WaysView {
  const { texts, library, locale } = context;
  const words = texts.kiosk.ways;
  let chosenId = '';
  let said = '';
  let isBusy = false;

  /** Whoever has no name has nothing to type. */
  function people() {
    return library
      .profilesOf(collectionId)
      .flatMap((profile) => (profile.name === null ? [] : [{ ...profile, name: profile.name }]))
      .sort((a, b) => a.name.localeCompare(b.name, locale));
  }

  async function work(done: string, task: () => Promise<void>): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    said = words.saving;
    redraw();
    try {
      await task();
      said = done;
    } catch (error) {
      said = context.explain(error);
    }
    isBusy = false;
    redraw();
  }

  async function setPin(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const person = chosen();
    if (!person) return;
    const { id, name } = person;
    if (people().some((other) => other.id !== id && isNamed(other, name) && pins.has(other))) {
      said = words.sameName(name);
      redraw();
      return;
    }
    await work(words.pinSet(name), () =>
      pins.set(id, (form.elements.namedItem('person-pin') as HTMLInputElement).value),
    );
    form.reset();
    redraw();
  }

  function chosen() {
    const all = people();
    return all.find(({ id }) => id === chosenId) ?? all[0];
  }

  function drawWords(key: 'help' | 'phone', label: string, maxLength: number): TemplateResult {
    return html`<label class="field"
      >${label}<input
        autocomplete="off"
        maxlength=${maxLength}
        .value=${settings()[key]}
        @change=${({ target }: Event) => change({ ...settings(), [key]: (target as HTMLInputElement).value.trim() })}
    /></label>`;
  }

  function drawPins(): TemplateResult {
    const person = chosen();
    if (!person) return html`<p>${texts.kiosk.empty}</p>`;
    return html`<p class="muted">${words.pinsText}</p>
      <form class="row kiosk-new-pin" @submit=${setPin}>
        <label class="field"
          >${words.person}<select
            @change=${({ target }: Event) => {
              chosenId = (target as HTMLSelectElement).value;
              said = '';
              redraw();
            }}
          >
            ${people().map(
              (each) =>
                html`<option value=${each.id} .selected=${each.id === person.id}>
                  ${pins.has(each) ? words.hasPin(each.name) : each.name}
                </option>`,
            )}
          </select></label
        >
        ${drawPinField('person-pin', words.newPin, { pattern: PERSONAL_PIN_PATTERN })}
        <button type="submit" aria-disabled=${isBusy}>${words.setPin}</button>
        ${
          pins.has(person)
            ? html`<button
                type="button"
                aria-disabled=${isBusy}
                @click=${() => work(words.pinRemoved(person.name), () => pins.remove(person.id))}
              >
                ${words.removePin}
              </button>`
            : nothing
        }
      </form>
      <p class="status" role="status">${said}</p>`;
  }

  return {
    draw: () =>
      html`<section class="kiosk-part" aria-labelledby="kiosk-ways">
        <h3 id="kiosk-ways">${words.title}</h3>
        <p class="muted">${words.text}</p>
        ${drawWords('help', words.help, MAX_HELP)} ${drawWords('phone', words.phone, MAX_WORDS)} ${drawPins()}
      </section>`,
    reset() {
      chosenId = '';
      said = '';
    },
  };
}
