/** Who is before the camera, and on photos: names at a rate that the user chooses, and a log of who was seen. */
import { html, nothing, render } from 'lit';
import type { Context, View } from '../../context.js';
import { createLiveCamera } from './identify-camera.js';
import type { Search } from './identify-faces.js';
import { createLog } from './identify-log.js';
import { createPhotos } from './identify-photos.js';
import './identify.css';

/** How often a stranger may be given a name, to choose from. */
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1] as const;
const DEFAULT_RATE: number = RATES[2];
/** So many strangers make a rate vivid. */
const STRANGERS = 1_000;

export const mount: View = (host, context, rest) => {
  const { texts, library } = context;
  let maxFpir = DEFAULT_RATE;
  let checksLife = false;

  render(
    html`<h1 tabindex="-1">${texts.identify.title}</h1>
      <div class="columns">
        <div class="column">
          <section class="card live" aria-labelledby="live-title"></section>
          <section class="card on-photos" aria-labelledby="on-photos-title"></section>
        </div>
        <div class="column">
          <section class="card settings" aria-labelledby="settings-title"></section>
          <section class="card log" aria-labelledby="log-title"></section>
        </div>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const log = createLog(find('.log'), context);
  const camera = createLiveCamera(find('.live'), context, log, rest[0] === 'camera');
  const photos = createPhotos(find('.on-photos'), context, log);

  function draw(): void {
    const { chosen, collections } = library;
    const search: Search = { collection: chosen, maxFpir };
    render(
      html`<h2 id="settings-title">${texts.identify.settings}</h2>
        <div class="choices">
          <div>
            <label class="field"
              ><span>${texts.common.collection}</span>
              <select ?disabled=${collections.length === 0} @change=${chooseCollection}>
                ${collections.map(({ id, name }) => html`<option value=${id} .selected=${id === chosen?.id}>${name}</option>`)}
              </select></label
            >
            <p class="people" role="status">${drawPeople(context)}</p>
          </div>
          <div>
            <label class="field"
              ><span>${texts.identify.rate}</span>
              <select aria-describedby="rate-meaning" @change=${chooseRate}>
                ${RATES.map(
                  (rate) =>
                    html`<option value=${rate} .selected=${rate === maxFpir}>
                      ${texts.identify.rateOption((100 * rate).toLocaleString(context.locale))}
                    </option>`,
                )}
              </select></label
            >
            <p class="muted" id="rate-meaning">
              ${texts.identify.rateMeaning(Math.round(STRANGERS * maxFpir), chosen?.profileIds.length ?? 0)}
            </p>
          </div>
          <label class="check"
            ><input type="checkbox" .checked=${checksLife} @change=${toggleLife} /> ${texts.identify.life}</label
          >
        </div>`,
      find('.settings'),
    );
    camera.look(search);
    photos.look(search);
  }

  function chooseCollection({ target }: Event): void {
    library.choose((target as HTMLSelectElement).value);
  }

  function chooseRate({ target }: Event): void {
    maxFpir = Number((target as HTMLSelectElement).value);
    draw();
  }

  function toggleLife({ target }: Event): void {
    checksLife = (target as HTMLInputElement).checked;
    camera.checkLife(checksLife);
  }

  draw();
  const endListening = library.onChange(draw);
  return () => {
    endListening();
    camera.close();
    photos.close();
  };
};

/** How many can be found, and what to do when nobody can. */
function drawPeople({ texts, library }: Context) {
  const { chosen, loaded } = library;
  if (!loaded) return nothing;
  if (chosen && chosen.profileIds.length > 0) return texts.common.people(chosen.profileIds.length);
  return html`${chosen ? texts.identify.emptyCollection : texts.identify.noCollection}
    <a href="#/enroll">${texts.identify.enrollFirst}</a>`;
}
