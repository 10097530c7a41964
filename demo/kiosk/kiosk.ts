/** A device that only tells who stands before it: it looks for people of one collection until an admin ends that. */
import { html, nothing, render } from 'lit';
import type { Collection, FaceKit } from '../../src/index.js';
import type { Context } from '../context.js';
import { arm, disarm } from '../armed.js';
import { byId } from '../dom.js';
import type { Offline } from '../offline/offline.js';
import { createAdmin } from './admin.js';
import { keepAttention } from './attention.js';
import { drawLogo } from './logo.js';
import { createEvents } from './events.js';
import { createLog } from './log.js';
import { createPersonalPins } from './personal-pin.js';
import { createPin } from './pin.js';
import { createRecent } from './recent.js';
import { describeFailure, describeStorage, drawFace, drawTags, type Face } from './screen.js';
import { startSession, type Session } from './session.js';
import { readSettings, writeSettings } from './settings.js';
import { createWays } from './ways.js';
import { currentLanguage } from '../texts/texts.js';
import './kiosk.css';

/** How often is looked whether an update can be used, and for how long nobody was here then. */
const UPDATE = { everyMs: 30_000, idleMs: 10 * 60_000 } as const;
/** A start of the models that failed is tried again. */
const RETRY_MS = 30_000;
/** How often old entries of the log are deleted. */
const PRUNE_MS = 3_600_000;

export function startKiosk(context: Context, offline: Offline, collectionId: string): void {
  const { texts, library } = context;
  const words = texts.kiosk;
  const time = new Intl.DateTimeFormat(context.locale, { dateStyle: 'medium', timeStyle: 'short' });
  const main = byId('view', HTMLElement);
  const events = createEvents(() => settings.name || document.title);
  const [pin, log] = [createPin(), events.follow(createLog())];
  const pins = createPersonalPins(
    () => context.kit.ready(),
    () => library.profilesOf(collectionId),
  );
  const recent = createRecent(() => admin.redraw());
  let settings = readSettings();
  let face: Face = { kind: 'loading' };
  let kit: FaceKit | null = null;
  let session: Session | null = null;
  let retryTimer = 0;
  let isDrawn = false;
  let known: ReadonlySet<string> = new Set();

  const ways = createWays({
    context,
    collectionId,
    pins,
    log,
    settings: () => settings,
    redraw,
    onNamed: chime,
  });

  for (const id of ['header', 'footer']) byId(id, HTMLElement).hidden = true;
  document.documentElement.classList.add('kiosk-page');
  const attention = keepAttention(redraw);
  const logo = document.createElement('canvas');
  void drawLogo(logo, settings.logo);

  function show(next: Face): void {
    face = next;
    redraw();
  }

  function redraw(): void {
    if (!isDrawn) return;
    const shownFace: Face =
      recovery ?? ways.face ?? (pin.isSet || face.kind === 'missing' || isDenied() ? face : setup);
    main.className = `kiosk ${shownFace.kind}`;
    render(
      html`<h1 class="hidden-label">${document.title}</h1>
        <video class="kiosk-video" muted playsinline aria-label=${words.camera}></video>
        <div class="kiosk-brand">${logo}${settings.name === '' ? nothing : html`<p>${settings.name}</p>`}</div>
        <div class="kiosk-tags">${drawnTags(shownFace)}</div>
        <div class="kiosk-result">
          ${drawFace(context, shownFace, settings.greeting, (event) => void finishSetup(event), ways.draw(shownFace))}
        </div>
        ${drawUpdated()}
        <div class="kiosk-corner">
          ${
            attention.wantsScreen && shownFace.kind !== 'setup' && !recovery
              ? html`<button type="button" title=${words.touch}>${words.fullScreen}</button>`
              : nothing
          }
          ${pin.isSet && !recovery ? html`<button type="button" @click=${() => admin.open()}>${words.admin}</button>` : nothing}
        </div>
        <dialog class="kiosk-admin"></dialog>`,
      main,
    );
  }

  function chime(): void {
    if (settings.sound) attention.chime();
  }

  function drawnTags(shown: Face) {
    const video = main.querySelector('video');
    return shown.kind === 'group' && video ? drawTags(context, shown.result, video) : nothing;
  }

  /** When the people of a fleet last changed here. */
  function drawUpdated() {
    const at = context.fleet.status?.lastChange ?? null;
    return at === null ? nothing : html`<p class="kiosk-updated">${words.updated(time.format(new Date(at)))}</p>`;
  }

  /** Whether the browser denies storage, so that neither people nor a PIN can be kept. */
  function isDenied(): boolean {
    const { state } = context.kit;
    return state.phase === 'ready' && state.info.storage === 'none';
  }

  let recovery: Extract<Face, { kind: 'recovery' }> | null = null;
  let setup: Extract<Face, { kind: 'setup' }> = { kind: 'setup', problem: '', isBusy: false };

  async function finishSetup(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (setup.isBusy) return;
    const { elements } = event.target as HTMLFormElement;
    const [first, again] = ['pin', 'again'].map((name) => (elements.namedItem(name) as HTMLInputElement).value);
    if (first === undefined || first !== again) {
      setup = { ...setup, problem: words.setup.different };
      redraw();
      return;
    }
    setup = { ...setup, problem: '', isBusy: true };
    redraw();
    await pin.set(first);
    const code = await pin.renewCode();
    setup = { ...setup, isBusy: false };
    showCode(code);
  }

  /** The kiosk goes on when the admin has read the code. */
  function showCode(code: string): void {
    recovery = {
      kind: 'recovery',
      code,
      go() {
        recovery = null;
        redraw();
        follow();
      },
    };
    redraw();
    main.querySelector<HTMLElement>('.kiosk-setup h2')?.focus();
  }

  function titleOf(collection: Collection): string {
    return settings.name || words.documentTitle(collection.name);
  }

  /** Does what the models, the collection and the PIN allow by now. */
  function follow(): void {
    const { state } = context.kit;
    if (state.phase === 'failed' && !kit) {
      show({ kind: 'failed', words: { ...describeFailure(context, state.error), large: words.startFailed } });
      clearTimeout(retryTimer);
      retryTimer = window.setTimeout(() => context.kit.retry(), RETRY_MS);
      return;
    }
    if (isDenied()) {
      show({ kind: 'failed', words: describeStorage(context, 'STORAGE_DENIED') });
      return;
    }
    const collection = library.collections.find(({ id }) => id === collectionId);
    if (library.lost) {
      session?.stop();
      session = null;
      show({ kind: 'failed', words: describeStorage(context, 'STORAGE_LOST') });
      return;
    }
    if (library.loaded && !collection) {
      session?.stop();
      session = null;
      show({ kind: 'missing' });
      return;
    }
    if (collection) document.title = titleOf(collection);
    if (library.loaded) {
      const before = known;
      known = new Set(library.profiles.map(({ id }) => id));
      for (const records of [log, pins]) records.keepOnly((profileId) => known.has(profileId));
      // Any of the pictures may show whoever was deleted, under another name or none.
      if ([...before].some((profileId) => !known.has(profileId))) recent.clear();
      // Somebody may have been renamed.
      redraw();
    }
    if (kit && !library.loaded) {
      clearTimeout(retryTimer);
      // What could not be read is told by the library.
      retryTimer = window.setTimeout(() => void library.refresh().catch(() => follow()), RETRY_MS);
    }
    if (!kit || !collection || !pin.isSet || recovery) {
      if (!session) show({ kind: 'loading' });
      return;
    }
    if (session) return;
    arm(collectionId);
    log.add('started', collection.name);
    events.start();
    session = startSession({
      context,
      kit,
      video: main.querySelector('video') as HTMLVideoElement,
      collectionId,
      log,
      recent,
      settings: () => settings,
      isPaused: () => admin.isOpen || ways.face !== null,
      show,
      onNamed: chime,
    });
  }

  isDrawn = true;
  document.title = words.documentTitle(words.title);
  redraw();
  const admin = createAdmin(main.querySelector('dialog') as HTMLDialogElement, {
    context,
    offline,
    attention,
    pin,
    pins,
    log,
    events,
    recent,
    collectionId,
    settings: () => settings,
    change(next) {
      if (next.logo !== settings.logo) void drawLogo(logo, next.logo);
      settings = next;
      writeSettings(next);
      log.keep(next.logDays);
      if (!next.pictures) recent.clear();
      session?.renew();
      follow();
      admin.redraw();
    },
    onClose() {
      // All words of the page are of one language.
      if (currentLanguage('kiosk') !== document.documentElement.lang) location.reload();
    },
    leave() {
      session?.stop();
      attention.leaveScreen();
      disarm();
      location.assign('./#/collections');
    },
  });
  context.kit.onChange(follow);
  library.onChange(follow);
  context.fleet.onChange(redraw);
  offline.onChange(() => admin.redraw());
  void context.kit.ready().then((loaded) => {
    kit = loaded;
    follow();
  });
  setInterval(() => {
    if (!offline.state.update || admin.isOpen || ways.face || (session?.idleMs() ?? 0) < UPDATE.idleMs) return;
    log.add('update');
    void offline.useUpdate();
  }, UPDATE.everyMs);
  // Back has to pass this entry first, and then finds another.
  history.pushState(null, '');
  addEventListener('popstate', () => history.pushState(null, ''));
  log.keep(settings.logDays);
  setInterval(() => log.keep(settings.logDays), PRUNE_MS);
  addEventListener('pagehide', () => session?.stop());
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  follow();
}
