/** What is round the views: header, navigation, the state of the models, notes. */
import { html, render } from 'lit';
import type { Context, View } from './context.js';
import { byId } from './dom.js';
import type { Offline } from './offline/offline.js';
import { chooseLanguage, LANGUAGES, type Language, type Texts } from './texts/texts.js';
import { decimal } from './numbers.js';

type ViewName = keyof Texts['shell']['names'];

const VIEWS: Readonly<Record<ViewName, () => Promise<{ readonly mount: View }>>> = {
  try: () => import('./views/try/try.js'),
  enroll: () => import('./views/enroll/enroll.js'),
  collections: () => import('./views/collections/collections.js'),
  identify: () => import('./views/identify/identify.js'),
  liveness: () => import('./views/liveness/liveness.js'),
  data: () => import('./views/data/data.js'),
  'self-test': () => import('./views/self-test/self-test.js'),
};

/** Where the page is, of an address such as `#/collections/ID`. */
function readAddress(): { readonly name: ViewName; readonly rest: readonly string[] } {
  const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decode);
  return Object.hasOwn(VIEWS, name) ? { name: name as ViewName, rest } : { name: 'try', rest: [] };
}

/** Decodes a part of an address. What is not encoded correctly, such as `%E0%A4%A`, stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function startShell(context: Context, offline: Offline, language: Language): void {
  const { texts } = context;
  const header = byId('header', HTMLElement);
  const main = byId('view', HTMLElement);
  let takeDown: () => void = () => undefined;
  let visit = 0;

  function drawHeader(): void {
    const { name: current } = readAddress();
    render(
      html`<a class="skip" href="#view" @click=${skip}>${texts.shell.skip}</a>
        <div class="brand">
          <p class="logo">${texts.shell.title}</p>
          <p class="lead">${texts.shell.tagline}</p>
          <label class="choice"
            ><span class="hidden-label">${texts.shell.language}</span>
            <select @change=${changeLanguage}>
              ${Object.entries(LANGUAGES).map(
                ([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${tag === language}>${name}</option>`,
              )}
            </select></label
          >
        </div>
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
        <div class="engine">${drawEngine()} ${drawOffline()}</div>`,
      header,
    );
  }

  const megabytes = (bytes: number) => decimal(bytes / 1e6, 1, context.locale);

  function drawEngine() {
    const { state } = context.kit;
    switch (state.phase) {
      case 'loading': {
        const [loaded, total] = [megabytes(state.loaded), megabytes(state.total)];
        const text = state.total === 0 ? texts.shell.starting : texts.shell.loading(loaded, total, state.fromCache);
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
        return html`<p role="alert">${texts.shell.startFailed} ${context.explain(state.error)}</p>
          <button type="button" @click=${() => context.kit.retry()}>${texts.shell.retry}</button>`;
    }
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

  async function show(): Promise<void> {
    const mine = ++visit;
    const { name, rest } = readAddress();
    drawHeader();
    takeDown();
    takeDown = () => undefined;
    document.title = texts.shell.documentTitle(texts.shell.names[name]);
    const loaded = await VIEWS[name]().catch((error: unknown) => {
      reportError(error);
      return null;
    });
    // Somebody went on meanwhile.
    if (mine !== visit) return;
    const host = document.createElement('div');
    host.className = `host ${name}`;
    main.replaceChildren(host);
    if (!loaded) {
      render(html`<p class="card" role="alert">${texts.shell.viewFailed}</p>`, host);
      return;
    }
    takeDown = loaded.mount(host, context, rest);
    // Not on the first visit: nobody has left anything.
    if (mine > 1) host.querySelector<HTMLElement>('h1')?.focus();
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
  offline.onChange(drawHeader);
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
