/** Who gets the events of the kiosk, as its admin sets it. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { MIN_SECRET_LENGTH, type EventSettings, type KioskEvents } from './events.js';

export interface EventsView {
  draw(): TemplateResult;
  reset(): void;
}

export function createEventsView(context: Context, events: KioskEvents, redraw: () => void): EventsView {
  const words = context.texts.kiosk.events;
  let said = '';

  async function setSecret(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    try {
      await events.setSecret((form.elements.namedItem('secret') as HTMLInputElement).value);
      form.reset();
      said = words.secretSet;
    } catch (error) {
      said = context.explain(error);
    }
    redraw();
  }

  async function describe(): Promise<void> {
    const [hasSecret, waiting] = await Promise.all([events.hasSecret(), events.waiting()]);
    said = hasSecret ? words.waiting(waiting) : words.noSecret;
    redraw();
  }

  function drawCheck(key: keyof EventSettings, label: string): TemplateResult {
    return html`<label class="check"
      ><input
        type="checkbox"
        .checked=${events.settings[key]}
        @change=${({ target }: Event) => {
          events.change({ ...events.settings, [key]: (target as HTMLInputElement).checked });
          void describe();
        }}
      />
      ${label}</label
    >`;
  }

  return {
    draw: () =>
      html`<section class="kiosk-part" aria-labelledby="kiosk-events">
        <h3 id="kiosk-events">${words.title}</h3>
        <p class="muted">${words.text}</p>
        ${events.targets.hosts.length > 0 ? drawCheck('host', words.host(events.targets.hosts.join(', '))) : nothing}
        ${drawCheck('channel', words.channel)}
        ${events.targets.receiver === null ? nothing : drawCheck('receiver', words.receiver(events.targets.receiver))}
        <form class="row kiosk-new-pin" @submit=${setSecret}>
          <label class="field"
            >${words.secret}<input
              type="password"
              name="secret"
              required
              minlength=${MIN_SECRET_LENGTH}
              autocomplete="off"
          /></label>
          <button type="submit">${words.setSecret}</button>
        </form>
        <p class="status" role="status">${said}</p>
      </section>`,
    reset() {
      said = '';
    },
  };
}
