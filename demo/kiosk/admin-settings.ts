/** The settings and the state of the kiosk, as its admin sees them. */
import { html, nothing, type TemplateResult } from 'lit';
import type { OfflineState } from '../offline/offline.js';
import type { Texts } from '../texts/texts.js';
import { drawPinField } from './screen.js';
import { HOLD_SECONDS, LOG_DAYS, POLICIES, RATES, type KioskSettings } from './settings.js';

/** Each change counts at once. */
export function drawSettings(
  { kiosk: { settings: words } }: Texts,
  settings: KioskSettings,
  change: (settings: KioskSettings) => void,
): TemplateResult {
  /** @param text of each choice */
  const drawChoice = <K extends keyof KioskSettings>(
    key: K,
    label: string,
    choices: readonly KioskSettings[K][],
    text: (choice: KioskSettings[K]) => string,
  ) =>
    html`<label class="field"
      >${label}<select
        @change=${({ target }: Event) => {
          const choice = choices[(target as HTMLSelectElement).selectedIndex];
          if (choice !== undefined) change({ ...settings, [key]: choice });
        }}
      >
        ${choices.map((choice) => html`<option ?selected=${choice === settings[key]}>${text(choice)}</option>`)}
      </select></label
    >`;
  const drawCheck = (key: 'challenge' | 'sound' | 'oneAtATime' | 'pictures', label: string) =>
    html`<label class="check"
      ><input
        type="checkbox"
        .checked=${settings[key]}
        @change=${({ target }: Event) => change({ ...settings, [key]: (target as HTMLInputElement).checked })}
      />
      ${label}</label
    >`;
  return html`<section class="kiosk-part" aria-labelledby="kiosk-settings">
    <h3 id="kiosk-settings">${words.title}</h3>
    ${drawChoice('spoof', words.spoof, POLICIES, (policy) => words.policies[policy])}
    ${drawCheck('challenge', words.challenge)} ${drawChoice('maxFpir', words.rate, RATES, words.rateValue)}
    ${drawCheck('oneAtATime', words.oneAtATime)} ${drawChoice('holdSeconds', words.hold, HOLD_SECONDS, words.holdValue)}
    ${drawCheck('sound', words.sound)} ${drawChoice('logDays', words.logDays, LOG_DAYS, words.logDaysValue)}
    ${drawCheck('pictures', words.pictures)}
  </section>`;
}

export function drawStatus(
  { kiosk: { status: words } }: Texts,
  { saving, update }: OfflineState,
  staysOn: boolean,
  actions: {
    readonly useUpdate: () => Promise<void>;
    readonly changePin: (pin: string) => Promise<void>;
    readonly renewCode: () => Promise<void>;
  },
): TemplateResult {
  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    await actions.changePin((form.elements.namedItem('new-pin') as HTMLInputElement).value);
    form.reset();
  }
  const offline = typeof saving === 'number' ? words.offline.saving(Math.floor(100 * saving)) : words.offline[saving];
  return html`<section class="kiosk-part" aria-labelledby="kiosk-status">
    <h3 id="kiosk-status">${words.title}</h3>
    <p>${offline} ${words.screen[staysOn ? 'on' : 'off']}</p>
    ${
      update
        ? html`<div class="row">
            <p>${words.update}</p>
            <button type="button" @click=${actions.useUpdate}>${words.updateNow}</button>
          </div>`
        : nothing
    }
    <form class="row kiosk-new-pin" @submit=${submit}>
      ${drawPinField('new-pin', words.newPin)}
      <button type="submit">${words.changePin}</button>
    </form>
    <div class="row"><button type="button" @click=${actions.renewCode}>${words.renewCode}</button></div>
  </section>`;
}
