/** Who was seen: a list of the page alone, which can be saved as CSV. */
import { html, nothing, render } from 'lit';
import type { Identification } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { toCsv } from '../../csv.js';
import { download, today } from '../../download.js';
import type { Library } from '../../library.js';
import { nameOf, type Search } from './identify-faces.js';
import { decimal } from '../../numbers.js';

/** Older lines give way. */
const MAX_LINES = 500;
/** So many are shown unasked. */
const SHOWN_LINES = 50;

/** The columns of the file. In English in every language: programs read them. */
const COLUMNS = ['time', 'source', 'decision', 'name', 'similarity', 'probability', 'reason', 'collection', 'max_fpir'];

interface Sighting {
  /** The camera, or a photo's title. */
  readonly source: string;
  readonly identification: Identification;
  readonly search: Search;
}

interface Line extends Sighting {
  readonly at: Date;
}

/** What is kept while other views are shown. */
const LOGS = new WeakMap<Library, readonly Line[]>();

export interface Log {
  /** A face was newly named, or newly found to be nobody's. */
  add(sighting: Sighting): void;
}

export function createLog(host: HTMLElement, context: Context): Log {
  const { texts, locale, library } = context;
  /** Newest first. */
  let lines: readonly Line[] = (LOGS.get(library) ?? []).filter(isKept);
  let showsAll = false;
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });

  /** Whether nobody in it was deleted meanwhile. */
  function isKept({ identification }: Line): boolean {
    return identification.outcome === 'unknown' || library.profiles.some(({ id }) => id === identification.profileId);
  }

  function draw(): void {
    render(
      html`<h2 id="log-title" tabindex="-1">${texts.identify.log}</h2>
        <p class="muted">${texts.identify.logHint(MAX_LINES)}</p>
        ${lines.length === 0 ? html`<p>${texts.identify.logEmpty}</p>` : drawLines()}`,
      host,
    );
  }

  function drawLines() {
    const shown = showsAll ? lines : lines.slice(0, SHOWN_LINES);
    return html`<div class="row">
        <button type="button" @click=${save}>${texts.identify.logExport}</button>
        <button type="button" @click=${clear}>${texts.identify.logClear}</button>
      </div>
      <div class="table" role="region" tabindex="0" aria-label=${texts.identify.logTable}>
        <table>
          <thead>
            <tr>
              <th scope="col">${texts.identify.logTime}</th>
              <th scope="col">${texts.identify.logName}</th>
              <th scope="col">${texts.identify.score}</th>
              <th scope="col">${texts.identify.logSource}</th>
              <th scope="col">${texts.identify.logReason}</th>
            </tr>
          </thead>
          <tbody>
            ${shown.map(drawLine)}
          </tbody>
        </table>
      </div>
      ${
        shown.length < lines.length
          ? html`<button type="button" @click=${showAll}>${texts.identify.logAll(lines.length)}</button>`
          : nothing
      }`;
  }

  function drawLine({ at, source, identification }: Line) {
    const [best] = identification.candidates;
    return html`<tr>
      <td><time datetime=${at.toISOString()}>${time.format(at)}</time></td>
      <th scope="row">${nameOf(context, identification)}</th>
      <td>${best ? decimal(best.score, 2, locale) : '–'}</td>
      <td>${source}</td>
      <td>${identification.outcome === 'unknown' ? texts.identify.reasons[identification.reason] : '–'}</td>
    </tr>`;
  }

  function save(): void {
    const rows = lines.map(({ at, source, identification, search }) => {
      const [best] = identification.candidates;
      const isKnown = identification.outcome === 'identified';
      return [
        at.toISOString(),
        source,
        identification.outcome,
        isKnown ? identification.name : null,
        best?.score ?? null,
        isKnown ? (best?.probability ?? null) : identification.unknownProbability,
        isKnown ? null : identification.reason,
        search.collection?.name ?? null,
        search.maxFpir,
      ];
    });
    download(toCsv([COLUMNS, ...rows]), `inface-log-${today()}.csv`);
  }

  async function clear(): Promise<void> {
    const agreed = await context.ask({
      title: texts.identify.logClearTitle,
      text: texts.identify.logClearText(lines.length),
      confirm: texts.identify.logClear,
    });
    if (!agreed) return;
    lines = [];
    LOGS.delete(library);
    showsAll = false;
    draw();
    context.say(texts.identify.logCleared);
    host.querySelector<HTMLElement>('#log-title')?.focus();
  }

  function showAll(): void {
    showsAll = true;
    draw();
    // The button is gone.
    host.querySelector<HTMLElement>('.table')?.focus();
  }

  draw();
  return {
    add(sighting) {
      lines = [{ ...sighting, at: new Date() }, ...lines].slice(0, MAX_LINES);
      LOGS.set(library, lines);
      draw();
    },
  };
}
