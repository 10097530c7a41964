/** The admin's part of the kiosk, behind the PIN. It closes by itself when nobody does anything there. */
import { html, nothing, render, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import type { Offline } from '../offline/offline.js';
import { createBrandView } from './admin-brand.js';
import { createEventsView } from './admin-events.js';
import { createLogView } from './admin-log.js';
import { createRecentView } from './admin-recent.js';
import { drawSettings, drawStatus } from './admin-settings.js';
import type { Attention } from './attention.js';
import type { KioskEvents } from './events.js';
import type { KioskLog } from './log.js';
import { createWaysView } from './admin-ways.js';
import type { PersonalPins } from './personal-pin.js';
import type { Pin } from './pin.js';
import { createPinForm } from './pin-form.js';
import type { Recent } from './recent.js';
import type { KioskSettings } from './settings.js';

const CLOSES_AFTER_MS = 2 * 60_000;

export interface AdminOptions {
  readonly context: Context;
  readonly offline: Offline;
  readonly attention: Attention;
  readonly pin: Pin;
  readonly pins: PersonalPins;
  readonly log: KioskLog;
  readonly events: KioskEvents;
  readonly recent: Recent;
  readonly collectionId: string;
  readonly settings: () => KioskSettings;
  readonly change: (settings: KioskSettings) => void;
  readonly leave: () => void;
  readonly onClose: () => void;
}

export interface Admin {
  readonly isOpen: boolean;
  /** Asks for the PIN first. */
  open(): void;
  redraw(): void;
}

export function createAdmin(dialog: HTMLDialogElement, options: AdminOptions): Admin {
  const { context, pin, log, attention } = options;
  const words = context.texts.kiosk;
  let isTrusted = false;
  let said = '';
  let code = '';
  let idleTimer = 0;
  const logView = createLogView(context, log, () => options.settings().logDays, draw);
  const brandView = createBrandView({ ...options, redraw: draw });
  const eventsView = createEventsView(context, options.events, draw);
  const waysView = createWaysView({ ...options, redraw: draw });
  const recentView = createRecentView({
    ...options,
    redraw() {
      draw();
      // A correction is an entry, too.
      void logView.read();
    },
  });
  const form = createPinForm({
    texts: context.texts,
    pin,
    redraw: draw,
    onRight(by) {
      if (!dialog.open) return;
      isTrusted = true;
      said = by === 'code' ? words.status.changeIt : '';
      log.add('admin');
      draw();
      void logView.read();
      dialog.querySelector<HTMLElement>('h2')?.focus();
    },
  });

  function draw(): void {
    if (!dialog.open) return;
    render(isTrusted ? drawPanel() : drawPin(), dialog);
  }

  function drawPin(): TemplateResult {
    return html`<h2 id="kiosk-admin-title">${words.pin.title}</h2>
      ${form.draw(html`<button type="button" @click=${close}>${words.pin.cancel}</button>`)}`;
  }

  function drawPanel(): TemplateResult {
    return html`<div class="kiosk-panel">
      <div class="row kiosk-panel-head">
        <h2 id="kiosk-admin-title" tabindex="-1">${words.pin.title}</h2>
        <button type="button" @click=${close}>${words.close}</button>
        <button type="button" class="danger" @click=${options.leave}>${words.leave}</button>
      </div>
      ${options.settings().pictures ? recentView.draw() : nothing}
      ${drawSettings(context.texts, options.settings(), options.change)} ${brandView.draw()} ${waysView.draw()}
      ${eventsView.draw()}
      ${drawStatus(context.texts, options.offline.state, attention.staysOn, { useUpdate, changePin, renewCode })}
      <p class="status" role="status">${said === '' ? nothing : said}</p>
      ${code === '' ? nothing : html`<p class="kiosk-code">${code}</p>`} ${logView.draw()}
    </div>`;
  }

  async function useUpdate(): Promise<void> {
    if (await options.offline.useUpdate()) return;
    said = words.status.otherTabs;
    draw();
  }

  async function changePin(value: string): Promise<void> {
    await pin.set(value);
    said = words.status.pinChanged;
    draw();
  }

  async function renewCode(): Promise<void> {
    code = await pin.renewCode();
    said = words.status.codeRenewed;
    draw();
  }

  function close(): void {
    dialog.close();
  }

  function watchIdle(): void {
    clearTimeout(idleTimer);
    if (dialog.open) idleTimer = window.setTimeout(close, CLOSES_AFTER_MS);
  }

  dialog.setAttribute('aria-labelledby', 'kiosk-admin-title');
  for (const type of ['pointerdown', 'keydown', 'input']) dialog.addEventListener(type, watchIdle);
  dialog.addEventListener('close', () => {
    isTrusted = false;
    said = '';
    code = '';
    form.reset();
    recentView.reset();
    brandView.reset();
    waysView.reset();
    eventsView.reset();
    clearTimeout(idleTimer);
    render(nothing, dialog);
    options.onClose();
  });

  return {
    get isOpen() {
      return dialog.open;
    },
    open() {
      dialog.showModal();
      draw();
      watchIdle();
      dialog.querySelector('input')?.focus();
    },
    redraw: draw,
  };
}
