/** Many people at once: choose, see what is in it, enroll those who are fine, decide the rest, or undo it as a whole. */
import { html, nothing, render } from 'lit';
import type { FaceKit, ImageReport } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { isAbort } from '../../errors.js';
import type { BulkTexts } from '../../texts/bulk-en.js';
import { createVirtualList } from '../virtual-list.js';
import { drawPairs, type Pair } from './bulk-pairs.js';
import { SourceProblem } from './bulk-problem.js';
import {
  duplicateOf,
  enrollLookAlike,
  enrollReady,
  isOfJob,
  recallJob,
  rememberJob,
  toItems,
  undo,
  type Item,
  type Verdict,
} from './bulk-run.js';
import { fromDrop, fromInput, readSource, type ChosenFile, type Source } from './bulk-sources.js';
import './bulk.css';

type Filter = keyof BulkTexts['filters'];

const KINDS: Readonly<Record<Verdict['kind'], Filter>> = {
  ready: 'ready',
  enrolled: 'done',
  'no-photo': 'problem',
  'left-out': 'problem',
  rejected: 'problem',
  'look-alike': 'problem',
  failed: 'problem',
};

/** @returns takes it down: an import that runs stops, and can be continued */
export function createBulk(host: HTMLElement, context: Context, words: BulkTexts): () => void {
  const { library, texts } = context;
  const closed = new AbortController();
  let job = recallJob();
  let source: Source | null = null;
  let items: Item[] = [];
  let filter: Filter = 'all';
  let status = '';
  /** What is being done: reading, one decision or an undo, or the import with the way to stop it. */
  let work: 'other' | AbortController | null = null;
  /** Of the import that runs. */
  let progress = { done: 0, all: 0, startedAt: 0 };
  let isDue = false;

  render(
    html`<section class="card bulk-source" aria-labelledby="source-title"></section>
      <section class="card bulk-people" aria-labelledby="people-title" hidden>
        <h2 id="people-title" tabindex="-1">${words.people}</h2>
        <div class="bulk-actions"></div>
        <div class="virtual" role="group" tabindex="0" aria-label=${words.people}></div>
      </section>
      <section class="card bulk-pairs" aria-labelledby="pairs-title" hidden></section>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const sourceCard = find('.bulk-source');
  const pairsCard = find('.bulk-pairs');
  const peopleCard = find('.bulk-people');
  const actions = find('.bulk-actions');
  const box = find('.virtual');
  const list = createVirtualList<Item>(box, { keyOf: ({ row }) => row.key, draw: drawItem });

  /** Draws once a frame, however many verdicts come. */
  function changed(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (!closed.signal.aborted) draw();
    });
  }

  function draw(): void {
    render(drawSource(), sourceCard);
    render(drawActions(), actions);
    drawPairs(pairsCard, findPairs(), work !== null, context, words, { onEnroll: enrollAnyway, onLeaveOut: leaveOut });
    peopleCard.hidden = items.length === 0;
    list.show(shownItems());
  }

  const countOf = (wanted: Filter) => items.filter(({ verdict }) => KINDS[verdict.kind] === wanted).length;
  const shownItems = () => items.filter(({ verdict }) => filter === 'all' || KINDS[verdict.kind] === filter);
  /** How many people the import has enrolled, in this visit or before. */
  const enrolledByJob = () => {
    const of = job;
    return of ? library.profiles.filter((profile) => isOfJob(profile, of)).length : 0;
  };

  function drawSource() {
    const hasItems = items.length > 0;
    return html`<h2 id="source-title" tabindex="-1">${words.source}</h2>
      <div class=${hasItems ? 'row spread' : 'bulk-drop'}>
        <div class="row">${drawButtons(hasItems)}</div>
        ${hasItems ? drawCollection() : html`<span class="muted">${words.drop}</span>`}
      </div>
      ${
        hasItems
          ? nothing
          : html`<div class="row spread">
              <details>
                <summary>${words.formats}</summary>
                <ul class="bulk-formats">
                  ${words.formatsText.map((text) => html`<li>${text}</li>`)}
                </ul>
              </details>
              ${drawCollection()}
            </div>`
      }
      ${drawUnfinished()}
      <p class="status" role="status">${status}</p>`;
  }

  function drawButtons(hasItems: boolean) {
    const canChooseFolder = 'webkitdirectory' in HTMLInputElement.prototype;
    return [true, false]
      .filter((isFolder) => canChooseFolder || !isFolder)
      .map(
        (isFolder, i) =>
          html`<button
            type="button"
            class=${i === 0 && !hasItems ? 'primary' : ''}
            aria-disabled=${work !== null}
            @click=${() => pick(isFolder)}
          >
            ${isFolder ? words.folder : words.files}
          </button>`,
      );
  }

  function drawCollection() {
    const { chosen, collections } = library;
    return html`<label class="choice"
      >${words.collection}
      <select ?disabled=${work !== null} @change=${chooseCollection}>
        ${
          collections.length === 0
            ? html`<option>${words.newCollection(texts.common.firstCollection)}</option>`
            : collections.map(
                ({ id, name }) => html`<option value=${id} .selected=${id === chosen?.id}>${name}</option>`,
              )
        }
      </select></label
    >`;
  }

  /** Of a visit before this one. */
  function drawUnfinished() {
    const enrolled = enrolledByJob();
    if (!job || items.length > 0 || enrolled === 0) return nothing;
    const date = new Date(job.startedAt).toLocaleString(context.locale, { dateStyle: 'medium', timeStyle: 'short' });
    return html`<div class="bulk-unfinished">
      <p>
        ${words.unfinished(job.source, date, enrolled, job.total)} ${enrolled < job.total ? words.unfinishedHint : ''}
      </p>
      <div class="row">
        <button type="button" aria-disabled=${work !== null} @click=${keep}>${words.keep}</button>
        <button type="button" aria-disabled=${work !== null} @click=${undoAll}>${words.undo(enrolled)}</button>
      </div>
    </div>`;
  }

  function drawActions() {
    if (!source) return nothing;
    const ready = countOf('ready');
    const own = enrolledByJob();
    const alike = findPairs().length;
    const isRunning = work instanceof AbortController;
    const photos = items.reduce((sum, { row }) => sum + row.files.length, 0);
    const notes = [
      words.found(items.length, photos),
      source.ignored > 0 ? words.ignored(source.ignored) : '',
      source.unlisted > 0 ? words.unlisted(source.unlisted) : '',
    ];
    return html`<p class="muted">${notes.join(' ')}</p>
      <div class="row">
        ${
          ready > 0 || isRunning
            ? html`<button
                type="button"
                class=${isRunning ? '' : 'primary'}
                aria-disabled=${work === 'other'}
                @click=${isRunning ? stop : enroll}
              >
                ${isRunning ? words.stop : own > 0 ? words.resume(ready) : words.enroll(ready)}
              </button>`
            : nothing
        }
        ${
          own > 0 && !isRunning
            ? html`<button type="button" aria-disabled=${work !== null} @click=${undoAll}>${words.undo(own)}</button>`
            : nothing
        }
        ${
          alike > 0
            ? html`<button type="button" class="bulk-to-pairs" @click=${() => focusOn('#pairs-title')}>
                ${words.toPairs(alike)}
              </button>`
            : nothing
        }
        <label class="choice bulk-show"
          >${words.show}
          <select @change=${chooseFilter}>
            ${Object.entries(words.filters).map(
              ([value, text]) => html`<option value=${value} .selected=${value === filter}>${text}</option>`,
            )}
          </select></label
        >
      </div>
      <div class="reserve">
        ${
          isRunning
            ? html`<label
                  >${words.progress(progress.done, progress.all)}, ${words.left(minutesLeft())}
                  <progress max=${progress.all} value=${progress.done}></progress
                ></label>
                <p class="muted">${words.staysOpen}</p>`
            : html`<p>${words.shown(shownItems().length)}</p>`
        }
      </div>`;
  }

  function drawItem({ row, verdict }: Item) {
    return html`<div class="bulk-row">
      <span class="name">${row.name}${row.key === row.name ? '' : html` <span class="muted">${row.key}</span>`}</span>
      <span class="muted">${words.photos(row.files.length)}</span>
      <span class="verdict ${KINDS[verdict.kind]}">${describe(row, verdict).join('; ')}</span>
    </div>`;
  }

  function describe(row: Item['row'], verdict: Verdict): string[] {
    const notes = [
      ...(row.missing.length > 0 ? [words.missing(row.missing)] : []),
      ...(row.surplus > 0 ? [words.surplus(row.surplus)] : []),
    ];
    switch (verdict.kind) {
      case 'enrolled': {
        const { reports, own } = verdict;
        const used = reports.filter(({ outcome }) => outcome === 'accepted').length;
        const word = own ? words.verdicts.enrolled : words.verdicts.exists;
        if (used === reports.length) return [word, ...notes];
        return [`${word}, ${words.used(used, reports.length)}`, ...reasonsOf(reports), ...notes];
      }
      case 'rejected':
        return [words.verdicts.rejected, ...reasonsOf(verdict.reports), ...notes];
      case 'look-alike':
        return [words.looksLike(nameOf(verdict.otherId)), ...notes];
      case 'failed':
        return [words.verdicts.failed, describeError(verdict.error), ...notes];
      case 'ready':
      case 'no-photo':
      case 'left-out':
        return [words.verdicts[verdict.kind], ...notes];
    }
  }

  function describeError(error: Error | null): string {
    if (!error) return words.unreadable;
    return 'code' in error && error.code === 'INVALID_INPUT' ? words.notImage : context.explain(error);
  }

  /** Each reason once. */
  function reasonsOf(reports: readonly ImageReport[]): string[] {
    const all = reports.flatMap((report) => {
      if (report.outcome === 'accepted') return [];
      const otherId = duplicateOf(report);
      return otherId === null
        ? report.reasons.map((reason) => texts.common.refusals[reason])
        : words.looksLike(nameOf(otherId));
    });
    return [...new Set(all)];
  }

  function nameOf(profileId: string): string {
    return library.profiles.find(({ id }) => id === profileId)?.name ?? texts.common.noName;
  }

  function findPairs(): Pair[] {
    const byProfile = new Map(
      items.flatMap((item) => (item.verdict.kind === 'enrolled' ? [[item.verdict.profile.id, item] as const] : [])),
    );
    return items.flatMap((item, index) => {
      if (item.verdict.kind !== 'look-alike') return [];
      const { otherId } = item.verdict;
      return [{ index, item, other: byProfile.get(otherId) ?? null, otherName: nameOf(otherId) }];
    });
  }

  /** After the control that had the focus is gone. */
  function focusOn(selector: string): void {
    draw();
    const element = find(selector);
    (element.checkVisibility() ? element : find('#people-title')).focus();
  }

  function say(text: string): void {
    status = text;
    changed();
  }

  function pick(isFolder: boolean): void {
    if (work !== null) return;
    const input = Object.assign(document.createElement('input'), {
      type: 'file',
      multiple: true,
      webkitdirectory: isFolder,
    });
    input.addEventListener('change', () => {
      if (input.files?.length) void take(Promise.resolve(fromInput(input.files)));
    });
    input.click();
  }

  async function take(files: Promise<readonly ChosenFile[]>): Promise<void> {
    if (work !== null) return;
    work = 'other';
    say(words.reading);
    try {
      const chosen = await files;
      const next = await readSource(chosen);
      if (next.rows.length === 0) throw new SourceProblem('empty', '');
      await context.kit.ready();
      await library.refresh();
      const name = next.name ?? words.someFiles(chosen.length);
      // The same again: the import goes on, and is undone as one.
      if (job?.source !== name || job.total !== next.rows.length) {
        job = { id: crypto.randomUUID(), source: name, total: next.rows.length, startedAt: new Date().toISOString() };
      }
      source = next;
      const { chosen: collection } = library;
      items = toItems(next.rows, collection ? library.profilesOf(collection.id) : [], job);
      filter = 'all';
      status = '';
    } catch (error) {
      status = error instanceof SourceProblem ? words.problem(error.kind, error.file) : context.explain(error);
    }
    work = null;
    changed();
  }

  async function enroll(): Promise<void> {
    const current = job;
    if (work !== null || !current) return;
    const stopping = new AbortController();
    work = stopping;
    progress = { done: 0, all: countOf('ready'), startedAt: performance.now() };
    say('');
    try {
      const kit = await context.kit.ready();
      const { id } = await library.chosenOr(texts.common.firstCollection);
      rememberJob(current);
      await enrollReady(kit, items, id, current, stopping.signal, (index, verdict) => {
        progress.done++;
        put(index, verdict);
      });
      status = words.ended(countOf('done'), countOf('problem'));
    } catch (error) {
      status = isAbort(error) ? words.stopped : context.explain(error);
    }
    work = null;
    await settle();
  }

  function put(index: number, verdict: Verdict): void {
    items[index] = { row: items[index]!.row, verdict };
    changed();
  }

  /** One thing that is no import. */
  async function doOther(task: (kit: FaceKit) => Promise<void>): Promise<void> {
    if (work !== null) return;
    work = 'other';
    changed();
    try {
      await task(await context.kit.ready());
    } catch (error) {
      status = context.explain(error);
    }
    work = null;
    await settle();
  }

  async function settle(): Promise<void> {
    await library.refresh().catch((error: unknown) => {
      status = context.explain(error);
    });
    changed();
  }

  function enrollAnyway(index: number): void {
    const item = items[index];
    const collection = library.chosen;
    const current = job;
    if (!item || !collection || !current) return;
    void doOther(async (kit) => {
      put(index, await enrollLookAlike(kit, item, collection.id, current));
    }).then(() => focusOn('#pairs-title'));
  }

  function leaveOut(index: number): void {
    put(index, { kind: 'left-out' });
    focusOn('#pairs-title');
  }

  async function undoAll(): Promise<void> {
    const current = job;
    if (!current || work !== null) return;
    const isSure = await context.ask({
      title: words.undoTitle,
      text: words.undoText(enrolledByJob()),
      confirm: texts.common.delete,
    });
    if (!isSure) return;
    await doOther(async (kit) => {
      const removed = await undo(kit, current, (done, all) => {
        say(words.undoing(done, all));
      });
      rememberJob(null);
      items = toItems(
        items.map(({ row }) => row),
        [],
        current,
      );
      status = words.undone(removed);
    });
    focusOn('#source-title');
  }

  function keep(): void {
    if (work !== null) return;
    rememberJob(null);
    job = null;
    status = '';
    focusOn('#source-title');
  }

  function stop(): void {
    if (work instanceof AbortController) work.abort();
  }

  function minutesLeft(): number {
    const { done, all, startedAt } = progress;
    if (done === 0) return 1;
    return Math.round((((performance.now() - startedAt) / done) * (all - done)) / 60_000);
  }

  function chooseCollection({ target }: Event): void {
    const id = (target as HTMLSelectElement).value;
    if (!library.collections.some((collection) => collection.id === id)) return;
    library.choose(id);
    if (source && job) items = toItems(source.rows, library.profilesOf(id), job);
    changed();
  }

  function chooseFilter({ target }: Event): void {
    filter = (target as HTMLSelectElement).value as Filter;
    // At once: a key that comes next, such as End, means the rows that were chosen.
    draw();
  }

  /** Before the page, which opens photos that are dropped on a view without a place for them. */
  const takeDrop = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === 'drop') void take(fromDrop(event.dataTransfer));
  };
  for (const type of ['dragover', 'drop'] as const) {
    addEventListener(type, takeDrop, { capture: true, signal: closed.signal });
  }
  draw();
  const unlisten = library.onChange(changed);
  return () => {
    closed.abort();
    stop();
    unlisten();
    list.close();
  };
}
