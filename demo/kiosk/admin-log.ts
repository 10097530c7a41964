/** The log, as the admin of the kiosk sees it, and as files. */
import { html, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { toCsv } from '../csv.js';
import { download } from '../download.js';
import { toJsonLines, toTable, type KioskLog } from './log.js';

/** More is in the files. */
const SHOWN = 200;

/** @param onClear when it is empty */
export function drawLog(context: Context, log: KioskLog, onClear: () => void): TemplateResult {
  const { texts, locale } = context;
  const words = texts.kiosk.log;
  const entries = log.list();
  const shown = entries.slice(0, SHOWN);
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium' });

  async function clear(): Promise<void> {
    if (!(await context.ask({ title: words.clearTitle, text: words.clearText, confirm: words.clear }))) return;
    log.clear();
    onClear();
  }

  return html`<section class="kiosk-part" aria-labelledby="kiosk-log">
    <h3 id="kiosk-log">${words.title}</h3>
    <p class="muted">${words.text(shown.length, entries.length)}</p>
    <div class="row">
      <button type="button" @click=${() => download(toCsv(toTable(log.list())), 'kiosk-log.csv')}>${words.csv}</button>
      <button type="button" @click=${() => download(toJsonLines(log.list()), 'kiosk-log.jsonl')}>
        ${words.jsonLines}
      </button>
      <button type="button" class="danger" @click=${clear}>${words.clear}</button>
    </div>
    <div class="kiosk-table" tabindex="0" role="region" aria-label=${words.caption}>
      <table>
        <thead>
          <tr>
            ${[words.number, words.at, words.event, words.detail].map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            ({ number, at, event, detail, score }) =>
              html`<tr>
                <td>${number}</td>
                <td>${time.format(new Date(at))}</td>
                <td>${words.events[event]}</td>
                <td>${detail} ${score === null ? '' : words.score(Math.round(100 * score))}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
