/** The log, as the admin of the kiosk sees it, and as files. */
import { html, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { toCsv, toJsonLines, type KioskLog } from './log.js';

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
      <button type="button" @click=${() => save('kiosk-log.csv', 'text/csv', toCsv(log.list()))}>${words.csv}</button>
      <button type="button" @click=${() => save('kiosk-log.jsonl', 'application/jsonl', toJsonLines(log.list()))}>
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

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
