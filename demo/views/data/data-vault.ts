/** The lock: a passphrase for the templates. */
import { html, nothing, render } from 'lit';
import type { FaceKit, VaultStatus } from '../../../src/index.js';
import type { Context } from '../../context.js';
import {
  drawCurrentPassphrase,
  drawNewPassphrase,
  field,
  isWrongPassphrase,
  readNewPassphrase,
} from './data-passphrase.js';
import { createTask } from './data-task.js';

interface VaultCard {
  refresh(): void;
}

/** @param onChange after something was locked, unlocked or encrypted anew */
export function createVault(host: HTMLElement, context: Context, onChange: () => void): VaultCard {
  const { texts } = context;
  const task = createTask(context, draw);
  let status: VaultStatus | null = null;
  let problem = '';
  let latest = 0;

  function draw(): void {
    const hadFocus = host.contains(document.activeElement);
    render(
      html`<h2 id="vault-title" tabindex="-1">${texts.data.lock}</h2>
        <p class="state" role="status">${describe()}</p>
        ${status ? drawActions(status) : nothing} ${task.draw()}`,
      host,
    );
    // What had it may be gone with the state.
    if (hadFocus && !host.contains(document.activeElement)) host.querySelector<HTMLElement>('h2')?.focus();
  }

  function describe(): string {
    if (!status) return problem || texts.data.reading;
    if (status.state === 'lost') return texts.data.lockLost;
    if (status.state === 'locked') return texts.data.lockLocked;
    return status.hasPassphrase ? texts.data.lockSet : texts.data.lockOpen;
  }

  function drawActions(known: VaultStatus) {
    if (known.state === 'locked') return drawLocked();
    if (known.state === 'open') return drawOpen(known);
    return html`<button type="button" class="primary" aria-disabled=${task.isBusy} @click=${startAnew}>
      ${texts.data.startAnew}
    </button>`;
  }

  function drawLocked() {
    return html`<form @submit=${unlock}>
      <label class="field"
        ><span>${texts.data.passphrase}</span> <input type="password" name="passphrase" autocomplete="current-password"
      /></label>
      <button type="submit" class="primary" aria-disabled=${task.isBusy}>${texts.data.unlock}</button>
      <p class="muted">${texts.data.forgotten}</p>
    </form>`;
  }

  function drawOpen({ hasPassphrase }: VaultStatus) {
    return html`${
        hasPassphrase
          ? html`<button type="button" class="primary" aria-disabled=${task.isBusy} @click=${lock}>
              ${texts.data.lockNow}
            </button>`
          : nothing
      }
      <form @submit=${set}>
        ${hasPassphrase ? drawCurrentPassphrase(context) : nothing} ${drawNewPassphrase(context, 'vault-hint')}
        <div class="row">
          <button type="submit" aria-disabled=${task.isBusy}>
            ${hasPassphrase ? texts.data.changePassphrase : texts.data.setPassphrase}
          </button>
          ${
            hasPassphrase
              ? html`<button type="button" aria-disabled=${task.isBusy} @click=${remove}>
                  ${texts.data.removePassphrase}
                </button>`
              : nothing
          }
        </div>
      </form>`;
  }

  async function read(): Promise<void> {
    const mine = ++latest;
    try {
      const kit = await context.kit.ready();
      const next = await kit.vault.status();
      if (mine !== latest) return;
      // Another tab did that, so what was said of this one is over.
      if (status && status.state !== next.state && !task.isBusy) task.tell('');
      status = next;
    } catch (error) {
      if (mine !== latest) return;
      problem = context.explain(error);
    }
    draw();
  }

  async function change(doing: string, work: (kit: FaceKit) => Promise<VaultStatus>, done: string): Promise<void> {
    const run = async (kit: FaceKit) => {
      const next = await work(kit);
      // Later than any reading that is on its way.
      latest++;
      status = next;
      return done;
    };
    await task.run(doing, run, (error) => (isWrongPassphrase(error) ? texts.data.wrongPassphrase : undefined));
    onChange();
  }

  async function startAnew(): Promise<void> {
    const begin = async (kit: FaceKit) => {
      await kit.storage.startAnew();
      return kit.vault.status();
    };
    await change(texts.data.working, begin, texts.data.startedAnew);
  }

  async function set(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (task.isBusy) return;
    const passphrase = readNewPassphrase(context, form, task.tell);
    if (passphrase === null) return;
    const options = status?.hasPassphrase ? { currentPassphrase: field(form, 'current').value } : {};
    const setIt = async (kit: FaceKit) => {
      const next = await kit.vault.setPassphrase(passphrase, options);
      form.reset();
      return next;
    };
    await change(texts.data.encrypting, setIt, texts.data.passphraseSet);
  }

  async function unlock(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const input = field(event.currentTarget as HTMLFormElement, 'passphrase');
    await change(texts.data.unlocking, (kit) => kit.vault.unlock(input.value), texts.data.unlocked);
    if (status?.state === 'locked') input.select();
  }

  async function lock(): Promise<void> {
    await change(texts.data.working, (kit) => kit.vault.lock(), texts.data.lockedNow);
  }

  async function remove(event: MouseEvent): Promise<void> {
    const { form } = event.currentTarget as HTMLButtonElement;
    if (task.isBusy || !form) return;
    const current = field(form, 'current').value;
    const agreed = await context.ask({
      title: texts.data.removeTitle,
      text: texts.data.removeText,
      confirm: texts.data.removePassphrase,
    });
    if (!agreed) return;
    const removeIt = async (kit: FaceKit) => {
      const next = await kit.vault.removePassphrase(current);
      form.reset();
      return next;
    };
    await change(texts.data.encrypting, removeIt, texts.data.passphraseRemoved);
  }

  draw();
  return {
    refresh() {
      void read();
    },
  };
}
