/** Passphrases that are chosen: typed twice, as nobody can recover one. */
import { html, type TemplateResult } from 'lit';
import { InfaceError } from '../../../src/index.js';
import type { Context } from '../../context.js';

/** What the kit asks for. */
const MIN_LENGTH = 8;

/** Two fields for the `form` they are in; {@link readNewPassphrase} reads them. */
export function drawNewPassphrase({ texts }: Context, hintId: string): TemplateResult {
  return html`<label class="field"
      ><span>${texts.data.newPassphrase}</span>
      <input type="password" name="passphrase" autocomplete="new-password" aria-describedby=${hintId}
    /></label>
    <label class="field"
      ><span>${texts.data.repeat}</span> <input type="password" name="repeated" autocomplete="new-password"
    /></label>
    <p class="muted" id=${hintId}>${texts.data.passphraseHint}</p>`;
}

/** A field for the passphrase that is set. */
export function drawCurrentPassphrase({ texts }: Context): TemplateResult {
  return html`<label class="field"
    ><span>${texts.data.currentPassphrase}</span> <input type="password" name="current" autocomplete="current-password"
  /></label>`;
}

/**
 * Moves to the field that is wrong.
 * @param complain says what is
 */
export function readNewPassphrase(
  { texts }: Context,
  form: HTMLFormElement,
  complain: (words: string) => void,
): string | null {
  const [first, second] = ['passphrase', 'repeated'].map((name) => field(form, name)) as [
    HTMLInputElement,
    HTMLInputElement,
  ];
  if (first.value.length < MIN_LENGTH) {
    complain(texts.data.tooShort);
    first.focus();
    return null;
  }
  if (first.value !== second.value) {
    complain(texts.data.notTheSame);
    second.focus();
    return null;
  }
  return first.value;
}

/**
 * Whether an error means that a passphrase does not fit: what is too short for one is refused before it is tried.
 */
export function isWrongPassphrase(error: unknown): boolean {
  return error instanceof InfaceError && (error.code === 'WRONG_PASSPHRASE' || error.code === 'INVALID_INPUT');
}

/** The input of a form with this name. */
export function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}
