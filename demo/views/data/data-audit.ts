/** What was done, and when. */
import { html, render } from 'lit';
import type { AuditEntry } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { download, today } from '../../download.js';
import { createTask } from './data-task.js';

/** So many are shown; the file has them all. */
const SHOWN_ENTRIES = 100;

interface AuditCard {
  refresh(): void;
}

export function createAudit(host: HTMLElement, context: Context): AuditCard {
  const { texts, library } = context;
  const task = createTask(context, draw);
  const time = new Intl.DateTimeFormat(context.locale, { dateStyle: 'medium', timeStyle: 'medium' });
  let entries: readonly AuditEntry[] | null = null;
  let problem = '';
  let latest = 0;

  function draw(): void {
    render(
      html`<h2 id="audit-title" tabindex="-1">${texts.data.audit}</h2>
        <p class="muted">${texts.data.auditHint(SHOWN_ENTRIES)}</p>
        <div class="row">
          <button type="button" aria-disabled=${task.isBusy} @click=${save}>${texts.data.auditExport}</button>
          <button type="button" aria-disabled=${task.isBusy} @click=${clear}>${texts.data.auditClear}</button>
        </div>
        ${task.draw()}
        <div class="table" role="group" tabindex="0" aria-label=${texts.data.audit}>${drawEntries()}</div>`,
      host,
    );
  }

  function drawEntries() {
    if (!entries) return html`<p>${problem || texts.data.reading}</p>`;
    if (entries.length === 0) return html`<p>${texts.data.auditEmpty}</p>`;
    return html`<table>
      <thead>
        <tr>
          <th scope="col">${texts.data.auditTime}</th>
          <th scope="col">${texts.data.auditAction}</th>
          <th scope="col">${texts.data.auditSubject}</th>
          <th scope="col">${texts.data.auditCount}</th>
          <th scope="col">${texts.data.auditActor}</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(
          ({ at, action, subject, count, actor }) =>
            html`<tr>
              <td><time datetime=${at}>${time.format(new Date(at))}</time></td>
              <th scope="row">${texts.data.auditActions[action]}</th>
              <td>${subject === null ? texts.data.everything : nameOf(subject)}</td>
              <td>${count ?? '–'}</td>
              <td>${actor ?? texts.data.thisPage}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  function nameOf(id: string): string {
    const found = [...library.profiles, ...library.collections].find((record) => record.id === id);
    return found ? (found.name ?? texts.common.noName) : texts.data.deletedRecord(id);
  }

  async function read(): Promise<void> {
    const mine = ++latest;
    try {
      const kit = await context.kit.ready();
      const next = await kit.audit.list({ limit: SHOWN_ENTRIES });
      if (mine !== latest) return;
      [entries, problem] = [next, ''];
    } catch (error) {
      if (mine !== latest) return;
      problem = context.explain(error);
    }
    draw();
  }

  async function save(): Promise<void> {
    await task.run(texts.data.working, async (kit) => {
      const name = texts.data.auditFile(today());
      const file = await kit.audit.export();
      download(file, name);
      return texts.data.saved(name);
    });
  }

  async function clear(): Promise<void> {
    const agreed = await context.ask({
      title: texts.data.auditClearTitle,
      text: texts.data.auditClearText,
      confirm: texts.data.auditClear,
    });
    if (!agreed) return;
    await task.run(texts.data.working, async (kit) => {
      await kit.audit.clear();
      return texts.data.auditCleared;
    });
    await read();
  }

  draw();
  return {
    refresh() {
      void read();
    },
  };
}
