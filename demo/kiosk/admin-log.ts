/** The log, as the admin of the kiosk sees it, and as files. */
import { html, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import { toCsv } from '../csv.js';
import { download } from '../download.js';
import { toDays, toJsonLines, toTable, type KioskLog, type LogEntry } from './log.js';

/** More is in the files. */
const SHOWN = 200;

export interface LogView {
  draw(): TemplateResult;
  /** Reads the newest entries. */
  read(): Promise<void>;
}

/** @param redraw when other entries are to be seen */
export function createLogView(context: Context, log: KioskLog, days: () => number, redraw: () => void): LogView {
  const { texts, locale } = context;
  const words = texts.kiosk.log;
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium' });
  let entries: readonly LogEntry[] = [];
  let total = 0;

  async function read(): Promise<void> {
    ({ entries, total } = await log.newest(SHOWN));
    redraw();
  }

  async function clear(): Promise<void> {
    if (!(await context.ask({ title: words.clearTitle, text: words.clearText, confirm: words.clear }))) return;
    await log.clear();
    await read();
  }

  async function save(name: string, toFile: (all: readonly LogEntry[]) => Blob): Promise<void> {
    download(toFile(await log.all()), name);
  }

  return {
    read,
    draw: () =>
      html`<section class="kiosk-part" aria-labelledby="kiosk-log">
        <h3 id="kiosk-log">${words.title}</h3>
        <p class="muted">${words.text(entries.length, total, days())}</p>
        <div class="row">
          <button type="button" @click=${() => save('kiosk-days.csv', (all) => toCsv(toDays(all)))}>
            ${words.days}
          </button>
          <button type="button" @click=${() => save('kiosk-log.csv', (all) => toCsv(toTable(all)))}>
            ${words.csv}
          </button>
          <button type="button" @click=${() => save('kiosk-log.jsonl', toJsonLines)}>${words.jsonLines}</button>
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
              ${entries.map(
                ({ number, at, until, event, detail, score }) =>
                  html`<tr>
                    <td>${number}</td>
                    <td>
                      ${until === null ? time.format(new Date(at)) : time.formatRange(new Date(at), new Date(until))}
                    </td>
                    <td>${words.events[event]}</td>
                    <td>${detail} ${score === null ? '' : words.score(Math.round(100 * score))}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </section>`,
  };
}
