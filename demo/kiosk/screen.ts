/** Everything that whoever stands before the kiosk sees. */
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { signOf } from '../../src/client/camera/camera-element.js';
import { InfaceError, type LivenessAdvice, type LivenessPrompt, type TrackResult } from '../../src/index.js';
import type { Context } from '../context.js';
import { CameraError } from './camera.js';
import type { Shown } from './decide.js';
import { PIN_PATTERN } from './pin.js';
import { decimal } from '../numbers.js';

export type Face =
  | { readonly kind: 'loading' | 'missing' | 'opening' | 'attendant' }
  | { readonly kind: 'setup'; readonly problem: string; readonly isBusy: boolean }
  /** Shown once: it is kept nowhere. */
  | { readonly kind: 'recovery'; readonly code: string; readonly go: () => void }
  | { readonly kind: 'failed' | 'help'; readonly words: Words }
  /** Asks for the PIN of a person. */
  | { readonly kind: 'own-pin'; readonly form: TemplateResult }
  | { readonly kind: 'challenge'; readonly prompt: LivenessPrompt | null; readonly skip: () => void }
  | { readonly kind: 'challenge-failed'; readonly advice: readonly LivenessAdvice[] }
  | { readonly kind: 'locked'; readonly by: 'face' | 'device'; readonly retryAfterMs: number }
  | Shown;

/** Beside the words, so that color is not all that tells them apart. */
const SIGNS: Partial<Record<Face['kind'], string>> = {
  name: '✓',
  unknown: '?',
  hint: '→',
  crowd: '→',
  attack: '✕',
  failed: '!',
  'challenge-failed': '✕',
  locked: '✕',
  attendant: '!',
  help: '!',
};

/** @returns what is large, what stands below it, and what can be done */
export function drawFace(
  context: Context,
  face: Face,
  greeting: string,
  submitPin: (event: SubmitEvent) => void,
  ways: TemplateResult | typeof nothing,
): TemplateResult {
  if (face.kind === 'own-pin') return face.form;
  if (face.kind === 'setup') return drawSetup(context, face, submitPin);
  if (face.kind === 'recovery') return drawRecovery(context, face);
  const { large, small, more } = describe(context, face, greeting);
  // The kiosk always shows its picture mirrored.
  const gesture = face.kind === 'challenge' && face.prompt?.gesture;
  const sign = gesture ? signOf(gesture, true) : SIGNS[face.kind];
  return html`<div class="kiosk-words" role="status">
      <p class="kiosk-large">${sign ? html`<span aria-hidden="true">${sign}</span> ` : nothing}${large}</p>
      <p class="kiosk-small">${small}</p>
    </div>
    ${more ?? nothing} ${ways}`;
}

interface Words {
  readonly large: string;
  readonly small: string;
  readonly more?: TemplateResult;
}

/** As it is called now: somebody may have been renamed since. */
function nameOf(
  { library, texts }: Context,
  { profileId, name }: { readonly profileId: string; readonly name: string | null },
): string {
  const profile = library.profiles.find(({ id }) => id === profileId);
  return (profile ? profile.name : name) ?? texts.kiosk.noName;
}

function describe(
  context: Context,
  face: Exclude<Face, { kind: 'setup' | 'recovery' | 'own-pin' }>,
  greeting: string,
): Words {
  const { texts } = context;
  const words = texts.kiosk;
  switch (face.kind) {
    case 'loading':
      return describeLoading(context);
    case 'missing':
      return { large: words.missing, small: '', more: drawCollections(context) };
    case 'opening':
      return { large: words.opening, small: '' };
    case 'failed':
    case 'help':
      return face.words;
    case 'waiting':
      return { large: words.waiting, small: '' };
    case 'unknown':
      return { large: words.unknown, small: words.unknownMore };
    case 'attack':
      return { large: words.attack, small: words.attackMore };
    case 'empty':
      return { large: words.empty, small: '' };
    case 'group':
      return { large: words.group(face.result.faces.length), small: '' };
    case 'crowd':
      return { large: words.crowd, small: words.crowdMore };
    case 'hint':
      return { large: texts.camera.hints[face.hint], small: '' };
    case 'name':
      return { large: nameOf(context, face), small: greeting || words.hello };
    case 'challenge':
      return describePrompt(context, face.prompt, face.skip);
    case 'attendant':
      return { large: words.challenge.attendant, small: words.challenge.attendantMore };
    case 'challenge-failed': {
      const [advice] = face.advice;
      const help = advice ? `${words.advice[advice]} ` : '';
      return { large: words.challenge.failed, small: help + words.challenge.failedMore };
    }
    case 'locked': {
      const { locked, lockedMore } = words.challenge;
      return { large: locked[face.by], small: lockedMore(Math.ceil(face.retryAfterMs / 60_000)) };
    }
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

/** The names of several people, each at the face. @param video that shows them, mirrored, cut to fill its place */
export function drawTags(
  context: Context,
  { faces, width, height }: TrackResult,
  video: HTMLVideoElement,
): TemplateResult {
  const { clientWidth, clientHeight } = video;
  const scale = Math.max(clientWidth / width, clientHeight / height);
  return html`${faces.map(({ box, identification }) => {
    const isNamed = identification?.outcome === 'identified';
    const name = isNamed ? nameOf(context, identification) : context.texts.kiosk.unknown;
    // The page's policy allows no style attributes.
    const place = (tag?: Element) => {
      if (!(tag instanceof HTMLElement)) return;
      tag.style.left = `${clientWidth / 2 - (box.x + box.width / 2 - width / 2) * scale}px`;
      tag.style.top = `${clientHeight / 2 + (box.y + box.height - height / 2) * scale}px`;
    };
    return html`<p class="kiosk-tag ${isNamed ? 'named' : ''}" ${ref(place)}>
      <span aria-hidden="true">${isNamed ? '✓' : '?'}</span> ${name}
    </p>`;
  })}`;
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
    ...(isLocked ? { more: toData(context) } : {}),
  };
}

/** Nobody can be stored, or all people are gone, which an admin mends in the demo itself. */
export function describeStorage(context: Context, code: 'STORAGE_DENIED' | 'STORAGE_LOST'): Words {
  const { errors, kiosk } = context.texts;
  return { large: kiosk.trouble.camera.kit, small: errors.codes[code] ?? '', more: toData(context) };
}

function describePrompt({ texts }: Context, prompt: LivenessPrompt | null, skip: () => void): Words {
  const { gestures, advice, challenge } = texts.kiosk;
  if (!prompt) return { large: gestures['look-straight'], small: '' };
  return {
    large: prompt.hint ? advice[prompt.hint] : gestures[prompt.gesture],
    small: challenge.steps(prompt.done, prompt.total),
    more: html`<progress aria-label=${challenge.progress} max="1" value=${prompt.progress}></progress>
      <button type="button" @click=${skip}>${challenge.skip}</button>`,
  };
}

function toData({ texts }: Context): TemplateResult {
  return html`<a class="kiosk-link" href="./#/data">${texts.shell.names.data}</a>`;
}

/** Those that a kiosk can be for. */
function drawCollections({ texts, library }: Context): TemplateResult {
  return html`<ul class="kiosk-collections">
      ${library.collections.map(
        ({ id, name }) =>
          html`<li><a class="kiosk-link" href="./?kiosk=${id}">${texts.kiosk.useCollection(name)}</a></li>`,
      )}
    </ul>
    <a class="kiosk-link" href="./#/collections">${texts.kiosk.toCollections}</a>`;
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

function drawRecovery({ texts }: Context, { code, go }: Extract<Face, { kind: 'recovery' }>): TemplateResult {
  const words = texts.kiosk.recovery;
  return html`<section class="card kiosk-setup">
    <h2 tabindex="-1">${words.title}</h2>
    <p>${words.text}</p>
    <p class="kiosk-code">${code}</p>
    <button type="button" class="primary" @click=${go}>${words.go}</button>
  </section>`;
}

/** A field for a PIN, as its form has it under `name`. */
export function drawPinField(
  name: string,
  label: string,
  { isRequired = true, pattern = PIN_PATTERN } = {},
): TemplateResult {
  return html`<label class="field"
    >${label}<input
      type="password"
      name=${name}
      inputmode="numeric"
      autocomplete="off"
      pattern=${pattern}
      ?required=${isRequired}
  /></label>`;
}
