/** Other ways for whoever the kiosk does not name: how to get help, and a PIN. */
import { html, nothing, type TemplateResult } from 'lit';
import { MAX_NAME_LENGTH } from '../../src/index.js';
import type { Context } from '../context.js';
import type { KioskLog } from './log.js';
import { PERSONAL_PIN_PATTERN, type PersonalPins } from './personal-pin.js';
import { drawPinField, type Face } from './screen.js';
import type { KioskSettings } from './settings.js';

/** Whoever asked for it may have gone. */
const CLOSES_AFTER_MS = 60_000;

/** Where they are offered: wherever nobody is named. */
const OFFERED: ReadonlySet<Face['kind']> = new Set<Face['kind']>([
  'waiting',
  'unknown',
  'attack',
  'hint',
  'crowd',
  'failed',
  'challenge-failed',
  'locked',
  'attendant',
]);

export interface Ways {
  /** Shown instead of what the camera sees; null for nothing. */
  readonly face: Face | null;
  /** What is offered beside a face. */
  draw(face: Face): TemplateResult | typeof nothing;
}

export interface WaysOptions {
  readonly context: Context;
  readonly collectionId: string;
  readonly pins: PersonalPins;
  readonly log: KioskLog;
  readonly settings: () => KioskSettings;
  readonly redraw: () => void;
  readonly onNamed: () => void;
}

export function createWays({ context, collectionId, pins, log, settings, redraw, onNamed }: WaysOptions): Ways {
  const { texts, library } = context;
  const words = texts.kiosk.ways;
  let face: Face | null = null;
  let isAsking = false;
  let isBusy = false;
  let problem = '';
  let timer = 0;

  function close(): void {
    clearTimeout(timer);
    face = null;
    isAsking = isBusy = false;
    problem = '';
    redraw();
  }

  function wait(ms: number): void {
    clearTimeout(timer);
    timer = window.setTimeout(close, ms);
  }

  function showHelp({ kind }: Face): void {
    log.add('help', kind);
    const { help, phone } = settings();
    face = { kind: 'help', words: { large: help || words.helpTitle, small: phone, more: drawBack() } };
    wait(CLOSES_AFTER_MS);
    redraw();
  }

  function askForPin(): void {
    isAsking = true;
    wait(CLOSES_AFTER_MS);
    redraw();
    document.querySelector<HTMLElement>('.kiosk-own-pin input')?.focus();
  }

  async function enter(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { elements } = event.target as HTMLFormElement;
    const [name, pin] = ['name', 'own-pin'].map((field) => elements.namedItem(field)) as HTMLInputElement[];
    if (isBusy || !name || !pin) return;
    isBusy = true;
    redraw();
    const result = await pins.check(name.value, pin.value);
    isBusy = false;
    pin.value = '';
    if (result.outcome === 'right') {
      const { id: profileId, name: called } = result.profile;
      log.add('pin', called ?? texts.kiosk.noName, { profileId, score: null });
      onNamed();
      close();
      face = { kind: 'name', profileId, name: called, score: 1 };
      wait(1_000 * settings().holdSeconds);
      redraw();
      return;
    }
    if (result.outcome === 'wrong') {
      const { profile } = result;
      log.add('pin-wrong', profile?.name ?? '', profile && { profileId: profile.id, score: null });
      problem = words.wrong;
    } else {
      problem = texts.kiosk.pin.locked(Math.ceil(result.retryAfterMs / 1_000));
    }
    redraw();
    pin.focus();
  }

  function drawBack(): TemplateResult {
    return html`<button type="button" @click=${close}>${words.back}</button>`;
  }

  function drawForm(): TemplateResult {
    return html`<form class="card kiosk-setup kiosk-own-pin" @submit=${enter} @input=${() => wait(CLOSES_AFTER_MS)}>
      <h2>${words.pinTitle}</h2>
      <label class="field"
        >${words.name}<input name="name" required autocomplete="off" maxlength=${MAX_NAME_LENGTH}
      /></label>
      ${drawPinField('own-pin', words.pin, { pattern: PERSONAL_PIN_PATTERN })}
      <p class="status" role="status">${isBusy ? texts.kiosk.pin.checking : problem}</p>
      <div class="row end">
        ${drawBack()}
        <button type="submit" class="primary" aria-disabled=${isBusy}>${words.enter}</button>
      </div>
    </form>`;
  }

  return {
    get face(): Face | null {
      return isAsking ? { kind: 'own-pin', form: drawForm() } : face;
    },
    draw(shown) {
      const { help, phone } = settings();
      const [hasHelp, hasPins] = [
        help !== '' || phone !== '',
        library.profilesOf(collectionId).some((profile) => pins.has(profile)),
      ];
      if (!OFFERED.has(shown.kind) || (!hasHelp && !hasPins)) return nothing;
      return html`<div class="row kiosk-ways">
        ${hasPins ? html`<button type="button" @click=${askForPin}>${words.usePin}</button>` : nothing}
        ${hasHelp ? html`<button type="button" @click=${() => showHelp(shown)}>${words.getHelp}</button>` : nothing}
        ${hasHelp && shown.kind !== 'waiting' && phone !== '' ? html`<p>${phone}</p>` : nothing}
      </div>`;
    },
  };
}
