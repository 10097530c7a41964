/** The name, the logo, the words and the language of a kiosk, as its admin sees them. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { chooseLanguage, chosenKioskLanguage, LANGUAGES, type Language } from '../texts/texts.js';
import { MAX_LOGO_FILE_MB, readLogo, type LogoProblem } from './logo.js';
import { MAX_WORDS, type KioskSettings } from './settings.js';

export interface BrandView {
  draw(): TemplateResult;
  /** Forgets what was wrong with a file. */
  reset(): void;
}

export interface BrandViewOptions {
  readonly context: Context;
  readonly settings: () => KioskSettings;
  readonly change: (settings: KioskSettings) => void;
  readonly redraw: () => void;
}

export function createBrandView({ context, settings, change, redraw }: BrandViewOptions): BrandView {
  const words = context.texts.kiosk.brand;
  let problem: LogoProblem | null = null;

  async function chooseLogo({ target }: Event): Promise<void> {
    const input = target as HTMLInputElement;
    const file = input.files?.[0];
    if (!file) return;
    const read = await readLogo(file);
    // So that the same file can be picked again.
    input.value = '';
    problem = 'problem' in read ? read.problem : null;
    if ('logo' in read) change({ ...settings(), logo: read.logo });
    redraw();
  }

  function drawWords(key: 'name' | 'greeting', label: string): TemplateResult {
    return html`<label class="field"
      >${label}<input
        autocomplete="off"
        maxlength=${MAX_WORDS}
        .value=${settings()[key]}
        @change=${({ target }: Event) => change({ ...settings(), [key]: (target as HTMLInputElement).value.trim() })}
    /></label>`;
  }

  function drawLanguage(): TemplateResult {
    const chosen = chosenKioskLanguage();
    return html`<label class="field"
      >${words.language}<select
        aria-describedby="kiosk-language-hint"
        @change=${({ target }: Event) => chooseLanguage((target as HTMLSelectElement).value as Language | '', 'kiosk')}
      >
        <option value="" ?selected=${chosen === null}>${words.sameLanguage}</option>
        ${Object.entries(LANGUAGES).map(
          ([language, name]) =>
            html`<option value=${language} lang=${language} ?selected=${language === chosen}>${name}</option>`,
        )}
      </select>
      <span class="muted" id="kiosk-language-hint">${words.languageHint}</span></label
    >`;
  }

  return {
    draw: () =>
      html`<section class="kiosk-part" aria-labelledby="kiosk-brand">
        <h3 id="kiosk-brand">${words.title}</h3>
        ${drawWords('name', words.name)}
        <label class="field"
          >${words.logo}<input
            type="file"
            accept="image/png,image/jpeg,image/webp"
            aria-invalid=${problem ? 'true' : nothing}
            aria-describedby="kiosk-logo-problem"
            @change=${chooseLogo}
        /></label>
        <p class="problem" id="kiosk-logo-problem" role="status">
          ${problem ? words.problems[problem](MAX_LOGO_FILE_MB) : nothing}
        </p>
        ${
          settings().logo === ''
            ? nothing
            : html`<div class="row">
                <button type="button" @click=${() => change({ ...settings(), logo: '' })}>${words.removeLogo}</button>
              </div>`
        }
        ${drawWords('greeting', words.greeting)} ${drawLanguage()}
      </section>`,
    reset() {
      problem = null;
    },
  };
}
