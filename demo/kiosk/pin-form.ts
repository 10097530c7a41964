/** Asks for the PIN, or for the recovery code of whoever forgot it. */
import { html, type TemplateResult } from 'lit';
import type { Texts } from '../texts/texts.js';
import type { Pin } from './pin.js';
import { drawPinField } from './screen.js';

export interface PinForm {
  /** @param buttons before that which opens */
  draw(buttons: TemplateResult): TemplateResult;
  /** Forgets what it has said. */
  reset(): void;
}

export interface PinFormOptions {
  readonly texts: Texts;
  readonly pin: Pin;
  readonly redraw: () => void;
  readonly onRight: (by: 'pin' | 'code') => void;
}

export function createPinForm({ texts, pin, redraw, onRight }: PinFormOptions): PinForm {
  const words = texts.kiosk.pin;
  let isBusy = false;
  /** What was wrong. */
  let wrong: 'pin' | 'code' | null = null;
  let lockTimer = 0;

  async function enter(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const [pinField, codeField] = ['pin', 'code'].map((name) => form.elements.namedItem(name) as HTMLInputElement);
    if (isBusy || !pinField || !codeField) return;
    const by = codeField.value.trim() === '' ? 'pin' : 'code';
    if (by === 'pin' && (pin.lockedForMs() > 0 || pinField.value === '')) return;
    isBusy = true;
    redraw();
    const isRight = await (by === 'pin' ? pin.check(pinField.value) : pin.checkCode(codeField.value));
    isBusy = false;
    pinField.value = codeField.value = '';
    wrong = isRight ? null : by;
    redraw();
    if (isRight) onRight(by);
    else (by === 'pin' ? pinField : codeField).focus();
  }

  return {
    draw(buttons) {
      const lockedMs = pin.lockedForMs();
      clearTimeout(lockTimer);
      if (lockedMs > 0) lockTimer = window.setTimeout(redraw, 1_000);
      const locked = lockedMs > 0 ? words.locked(Math.ceil(lockedMs / 1_000)) : wrong ? words.wrong : '';
      const status = isBusy ? words.checking : wrong === 'code' ? words.wrongCode : locked;
      return html`<form class="kiosk-pin" @submit=${enter}>
        ${drawPinField('pin', words.pin, { isRequired: false })}
        <details>
          <summary>${words.forgotten}</summary>
          <label class="field">${words.code}<input name="code" autocomplete="off" autocapitalize="characters" /></label>
        </details>
        <p class="status" role="status">${status}</p>
        <div class="row end">
          ${buttons}
          <button type="submit" class="primary" aria-disabled=${isBusy}>${words.open}</button>
        </div>
      </form>`;
    },
    reset() {
      wrong = null;
      clearTimeout(lockTimer);
    },
  };
}
