/** The admin's part of the kiosk, behind the PIN. It closes by itself when nobody does anything there. */
import { html, nothing, render, type TemplateResult } from 'lit';
import type { Context } from '../context.js';
import type { Offline } from '../offline/offline.js';
import { drawLog } from './admin-log.js';
import { drawSettings, drawStatus } from './admin-settings.js';
import type { Attention } from './attention.js';
import type { KioskLog } from './log.js';
import type { Pin } from './pin.js';
import { drawPinField } from './screen.js';
import type { KioskSettings } from './settings.js';

const CLOSES_AFTER_MS = 2 * 60_000;

export interface AdminOptions {
  readonly context: Context;
  readonly offline: Offline;
  readonly attention: Attention;
  readonly pin: Pin;
  readonly log: KioskLog;
  readonly settings: () => KioskSettings;
  readonly change: (settings: KioskSettings) => void;
  readonly leave: () => void;
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
  let isBusy = false;
  let said = '';
  let lockTimer = 0;
  let idleTimer = 0;

  function draw(): void {
    if (!dialog.open) return;
    render(isTrusted ? drawPanel() : drawPin(), dialog);
  }

  function drawPin(): TemplateResult {
    const lockedMs = pin.lockedForMs();
    clearTimeout(lockTimer);
    if (lockedMs > 0) lockTimer = window.setTimeout(draw, 1_000);
    const status = lockedMs > 0 ? words.pin.locked(Math.ceil(lockedMs / 1_000)) : isBusy ? words.pin.checking : said;
    return html`<form class="kiosk-pin" @submit=${enter}>
      <h2 id="kiosk-admin-title">${words.pin.title}</h2>
      ${drawPinField('pin', words.pin.pin)}
      <p class="status" role="status">${status}</p>
      <div class="row end">
        <button type="button" @click=${close}>${words.pin.cancel}</button>
        <button type="submit" class="primary" aria-disabled=${isBusy || lockedMs > 0}>${words.pin.open}</button>
      </div>
    </form>`;
  }

  async function enter(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isBusy || pin.lockedForMs() > 0) return;
    const field = (event.target as HTMLFormElement).elements.namedItem('pin') as HTMLInputElement;
    isBusy = true;
    draw();
    const isRight = await pin.check(field.value);
    isBusy = false;
    field.value = '';
    if (!dialog.open) return;
    isTrusted = isRight;
    said = isRight ? '' : words.pin.wrong;
    if (isRight) log.add('admin');
    draw();
    (isRight ? dialog.querySelector<HTMLElement>('h2') : field)?.focus();
  }

  function drawPanel(): TemplateResult {
    return html`<div class="kiosk-panel">
      <div class="row kiosk-panel-head">
        <h2 id="kiosk-admin-title" tabindex="-1">${words.pin.title}</h2>
        <button type="button" @click=${close}>${words.close}</button>
        <button type="button" class="danger" @click=${options.leave}>${words.leave}</button>
      </div>
      ${drawSettings(context.texts, options.settings(), options.change)}
      ${drawStatus(context.texts, options.offline.state, attention.staysOn, useUpdate, changePin)}
      <p class="status" role="status">${said === '' ? nothing : said}</p>
      ${drawLog(context, log, draw)}
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
    clearTimeout(lockTimer);
    clearTimeout(idleTimer);
    render(nothing, dialog);
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
