/** What is round the views: header, navigation, the state of the models, notes. */
import { html, render } from 'lit';
import type { Context, FirstContext, View } from './context.js';
import { byId } from './dom.js';
import type { Offline } from './offline/offline.js';
import { describeWait } from './waiting.js';
import { decimal } from './numbers.js';
import { retry } from './retry.js';
import { chooseLanguage, LANGUAGES, type FirstTexts, type Language } from './texts/texts.js';

type ViewName = keyof FirstTexts['shell']['names'];

/** The first view needs fewer texts than the others, so it is loaded by itself. */
const VIEWS: Readonly<
  Record<Exclude<ViewName, 'start'>, (rest: readonly string[]) => Promise<{ readonly mount: View }>>
> = {
  compare: () => import('./views/compare/compare.js'),
  enroll: () => import('./views/enroll/enroll.js'),
  collections: async (rest) => (await import('./views/collections/collections.js')).load(rest),
  identify: () => import('./views/identify/identify.js'),
  liveness: () => import('./views/liveness/liveness.js'),
  data: () => import('./views/data/data.js'),
  'self-test': () => import('./views/self-test/self-test.js'),
};

/** Where the page is, of an address such as `#/collections/ID`. */
function readAddress(): { readonly name: ViewName; readonly rest: readonly string[] } {
  const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decode);
  return Object.hasOwn(VIEWS, name) ? { name: name as ViewName, rest } : { name: 'start', rest: [] };
}

/** Decodes a part of an address. What is not encoded correctly, such as `%E0%A4%A`, stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param loadContext loads what the first view does without */
export function startShell(
  context: FirstContext,
  loadContext: () => Promise<Context>,
  offline: Offline,
  language: Language,
): void {
  const { texts } = context;
  const header = byId('header', HTMLElement);
  const main = byId('view', HTMLElement);
  let takeDown: () => void = () => undefined;
  let visit = 0;
  /** Photos that were dropped on a view that takes none. */
  let dropped: DataTransfer | null = null;
  /** How far the models were when they were drawn last, and since when they are loaded. */
  let loading = { loaded: 0, sinceMs: performance.now() };

  function drawHeader(): void {
    const { name: current } = readAddress();
    render(
      html`<a class="skip" href="#view" @click=${skip}>${texts.shell.skip}</a>
        <a class="logo" href="#/start">${texts.shell.title}</a>
        <label class="choice"
          ><span class="hidden-label">${texts.shell.language}</span>
          <select @change=${changeLanguage}>
            ${Object.entries(LANGUAGES).map(
              ([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${tag === language}>${name}</option>`,
            )}
          </select></label
        >
        <nav aria-label=${texts.shell.views}>
          <ul>
            ${Object.entries(texts.shell.names).map(
              ([name, text]) =>
                html`<li>
                  <a href="#/${name}" aria-current=${name === current ? 'page' : 'false'}>${text}</a>
                </li>`,
            )}
          </ul>
        </nav>
        <div class="engine">${drawEngine()} ${drawLoss()} ${drawOffline()}</div>`,
      header,
    );
  }

  const megabytes = (bytes: number) => decimal(bytes / 1e6, 1, context.locale);

  function drawEngine() {
    const { state } = context.kit;
    switch (state.phase) {
      case 'loading': {
        const [loaded, total] = [megabytes(state.loaded), megabytes(state.total)];
        const text =
          state.total === 0
            ? texts.shell.starting
            : texts.shell.loading(loaded, total, state.fromCache, secondsLeft(state.loaded, state.total));
        return html`<label class="progress"
          ><span>${text}</span> ${
            state.total === 0
              ? html`<progress></progress>`
              : html`<progress max=${state.total} value=${state.loaded}></progress>`
          }</label
        >`;
      }
      case 'ready': {
        const { backend, threads, models, version } = state.info;
        const size = megabytes(models.reduce((sum, { bytes }) => sum + bytes, 0));
        return html`<p>${texts.shell.engine(backend, threads, size, version)}</p>`;
      }
      case 'failed':
        return html`<p role="alert">${describeWait(context)}</p>
          <button type="button" @click=${() => context.kit.retry()}>${texts.shell.retry}</button>`;
    }
  }

  /** Whole seconds at the speed so far; `null` while that says little. */
  function secondsLeft(loaded: number, total: number): number | null {
    if (loaded < loading.loaded) loading = { loaded: 0, sinceMs: performance.now() };
    loading = { ...loading, loaded };
    const passedMs = performance.now() - loading.sinceMs;
    return passedMs < 2_000 || loaded === 0 ? null : Math.ceil((passedMs * (total - loaded)) / loaded / 1_000);
  }

  function drawLoss() {
    const { state } = context.kit;
    if (state.phase === 'ready' && state.info.storage === 'none') {
      return html`<p class="warning">${texts.errors.codes.STORAGE_DENIED}</p>`;
    }
    if (!context.library.lost) return '';
    return html`<p class="warning" role="alert">
      ${texts.errors.codes.STORAGE_LOST} <a href="#/data">${texts.shell.names.data}</a>
    </p>`;
  }

  function drawOffline() {
    const { saving, update } = offline.state;
    const { offline: words } = texts.shell;
    if (update) {
      return html`<p>${words.update}</p>
        <button type="button" @click=${useUpdate}>${words.updateNow}</button>`;
    }
    if (saving === 'none') return '';
    if (saving === 'done') return html`<p>${words.saved}</p>`;
    if (saving === 'failed') return html`<p>${words.failed}</p>`;
    return html`<p>${words.saving(Math.floor(saving * 100))}</p>`;
  }

  async function useUpdate(): Promise<void> {
    if (!(await offline.useUpdate())) context.say(texts.shell.offline.otherTabs);
  }

  function skip(event: Event): void {
    event.preventDefault();
    main.focus();
  }

  function changeLanguage({ target }: Event): void {
    chooseLanguage((target as HTMLSelectElement).value as Language);
    location.reload();
  }

  /** @returns puts the view into the page */
  async function load(name: ViewName, rest: readonly string[]): Promise<(host: HTMLElement) => () => void> {
    if (name === 'start') {
      const { mount } = await import('./views/start/start.js');
      return (host) => mount(host, context, loadContext);
    }
    const [{ mount }, full] = await Promise.all([VIEWS[name](rest), loadContext()]);
    return (host) => mount(host, full, rest);
  }

  async function show(): Promise<void> {
    const mine = ++visit;
    const { name, rest } = readAddress();
    drawHeader();
    header.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    takeDown();
    const left = new AbortController();
    takeDown = () => left.abort();
    document.title = texts.shell.documentTitle(texts.shell.names[name]);
    const mount = await retry(
      () => load(name, rest),
      ({ again }) => {
        render(
          html`<div class="card" role="alert">
            <p>${texts.shell.viewFailed} ${texts.shell.retried}</p>
            <div class="row"><button type="button" @click=${again}>${texts.shell.retry}</button></div>
          </div>`,
          replaceHost(name),
        );
      },
      { signal: left.signal },
    ).catch(() => null);
    // Somebody went on meanwhile.
    if (!mount || mine !== visit) return;
    const host = replaceHost(name);
    takeDown = mount(host);
    if (dropped) {
      dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, cancelable: true }));
      dropped = null;
    }
    // Not on the first visit: nobody has left anything.
    if (mine > 1) host.querySelector<HTMLElement>('h1')?.focus();
  }

  function replaceHost(name: ViewName): HTMLElement {
    const host = document.createElement('div');
    host.className = `host ${name}`;
    main.replaceChildren(host);
    return host;
  }

  /** Without this, the browser would show the file instead of the page. */
  function takeDrop(event: DragEvent): void {
    const { dataTransfer } = event;
    if (!dataTransfer?.types.includes('Files') || main.querySelector('.drop')) return;
    event.preventDefault();
    if (event.type !== 'drop') return;
    dropped = new DataTransfer();
    for (const file of dataTransfer.files) dropped.items.add(file);
    location.hash = '#/compare';
  }

  byId('footer', HTMLElement).ariaLabel = texts.shell.notesTitle;
  render(
    html`<h2>${texts.shell.notesTitle}</h2>
      <ul>
        ${texts.shell.notes.map((note) => html`<li>${note}</li>`)}
      </ul>`,
    byId('footer', HTMLElement),
  );
  context.kit.onChange(drawHeader);
  context.library.onChange(drawHeader);
  offline.onChange(drawHeader);
  for (const type of ['dragover', 'drop'] as const) addEventListener(type, takeDrop);
  addEventListener('hashchange', () => {
    void show();
  });
  addEventListener('pagehide', () => {
    takeDown();
    takeDown = () => undefined;
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) void show();
  });
  void show();
}
