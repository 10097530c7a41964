/** Everything that whoever stands before the kiosk sees. */
import { html, nothing, type TemplateResult } from 'lit';
import { InfaceError, type LivenessPrompt } from '../../src/index.js';
import type { Context } from '../context.js';
import { CameraError } from './camera.js';
import type { Shown } from './decide.js';
import { PIN_PATTERN } from './pin.js';
import { decimal } from '../numbers.js';

export type Face =
  | { readonly kind: 'loading' | 'missing' | 'opening' | 'challenge-failed' }
  | { readonly kind: 'setup'; readonly problem: string; readonly isBusy: boolean }
  | { readonly kind: 'failed'; readonly words: Words }
  | { readonly kind: 'challenge'; readonly prompt: LivenessPrompt | null }
  | { readonly kind: 'locked'; readonly retryAfterMs: number }
  | Shown;

/** Beside the words, so that color is not all that tells them apart. */
const SIGNS: Partial<Record<Face['kind'], string>> = {
  name: '✓',
  unknown: '?',
  hint: '→',
  attack: '✕',
  failed: '!',
  'challenge-failed': '✕',
  locked: '✕',
};

/** @returns what is large, what stands below it, and what can be done */
export function drawFace(context: Context, face: Face, submitPin: (event: SubmitEvent) => void): TemplateResult {
  if (face.kind === 'setup') return drawSetup(context, face, submitPin);
  const { large, small, more } = describe(context, face);
  const sign = SIGNS[face.kind];
  return html`<div class="kiosk-words" role="status">
      <p class="kiosk-large">${sign ? html`<span aria-hidden="true">${sign}</span> ` : nothing}${large}</p>
      <p class="kiosk-small">${small}</p>
    </div>
    ${more ?? nothing}`;
}

interface Words {
  readonly large: string;
  readonly small: string;
  readonly more?: TemplateResult;
}

function describe(context: Context, face: Exclude<Face, { kind: 'setup' }>): Words {
  const { texts } = context;
  const words = texts.kiosk;
  switch (face.kind) {
    case 'loading':
      return describeLoading(context);
    case 'missing':
      return { large: words.missing, small: '', more: toCollections(context) };
    case 'opening':
      return { large: words.opening, small: '' };
    case 'failed':
      return face.words;
    case 'waiting':
      return { large: words.waiting, small: '' };
    case 'unknown':
      return { large: words.unknown, small: words.unknownMore };
    case 'attack':
      return { large: words.attack, small: words.attackMore };
    case 'empty':
      return { large: words.empty, small: '' };
    case 'hint':
      return { large: texts.camera.hints[face.hint], small: '' };
    case 'name':
      return { large: face.name ?? words.noName, small: words.hello };
    case 'challenge':
      return describePrompt(context, face.prompt);
    case 'challenge-failed':
      return { large: words.challenge.failed, small: words.challenge.failedMore };
    case 'locked':
      return { large: words.challenge.locked(Math.ceil(face.retryAfterMs / 60_000)), small: '' };
  }
}

function describeLoading({ texts, kit, locale }: Context): Words {
  const { state } = kit;
  if (state.phase !== 'loading') return { large: texts.kiosk.reading, small: '' };
  const { loaded, total, fromCache } = state;
  const megabytes = (bytes: number) => decimal(bytes / 1e6, 1, locale);
  return {
    large: texts.shell.starting,
    small: total === 0 ? '' : texts.shell.loading(megabytes(loaded), megabytes(total), fromCache),
    more: html`<progress aria-label=${texts.shell.starting} max=${total || 1} value=${loaded}></progress>`,
  };
}

/** Once per failure: what nobody expected is reported to the console, too. */
export function describeFailure(context: Context, error: unknown): Words {
  const { trouble } = context.texts.kiosk;
  if (error instanceof CameraError) return { large: trouble.camera[error.problem], small: trouble.again };
  // What the admin can mend only in the demo itself.
  const isLocked = error instanceof InfaceError && error.code === 'VAULT_LOCKED';
  return {
    large: trouble.camera.kit,
    small: `${context.explain(error)} ${trouble.again}`,
    ...(isLocked ? { more: html`<a class="kiosk-link" href="./#/data">${context.texts.shell.names.data}</a>` } : {}),
  };
}

function describePrompt({ texts }: Context, prompt: LivenessPrompt | null): Words {
  const { gestures, gestureHints, challenge } = texts.kiosk;
  if (!prompt) return { large: gestures['look-straight'], small: '' };
  return {
    large: prompt.hint ? gestureHints[prompt.hint] : gestures[prompt.gesture],
    small: challenge.steps(prompt.done, prompt.total),
    more: html`<progress aria-label=${challenge.progress} max="1" value=${prompt.progress}></progress>`,
  };
}

function toCollections({ texts }: Context): TemplateResult {
  return html`<a class="kiosk-link" href="./#/collections">${texts.kiosk.toCollections}</a>`;
}

function drawSetup(
  { texts }: Context,
  { problem, isBusy }: Extract<Face, { kind: 'setup' }>,
  submit: (event: SubmitEvent) => void,
): TemplateResult {
  const words = texts.kiosk.setup;
  return html`<form class="card kiosk-setup" @submit=${submit}>
    <h2>${words.title}</h2>
    <p>${words.text}</p>
    ${drawPinField('pin', words.pin)} ${drawPinField('again', words.again)}
    <p class="muted">${words.fullScreen}</p>
    <p class="status" role="status">${isBusy ? words.saving : problem}</p>
    <button type="submit" class="primary" aria-disabled=${isBusy}>${words.start}</button>
  </form>`;
}

/** A field for a PIN, as its form has it under `name`. */
export function drawPinField(name: string, label: string): TemplateResult {
  return html`<label class="field"
    >${label}<input type="password" name=${name} inputmode="numeric" autocomplete="off" pattern=${PIN_PATTERN} required
  /></label>`;
}
