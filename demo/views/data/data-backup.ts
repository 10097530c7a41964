/** Everything as one encrypted file, and back. */
import { html, render } from 'lit';
import type { Context } from '../../context.js';
import { download, today } from '../../download.js';
import { drawNewPassphrase, field, isWrongPassphrase, readNewPassphrase } from './data-passphrase.js';
import { describeBytes } from './data-storage.js';
import { createTask } from './data-task.js';

const MODES = ['merge', 'mirror'] as const;

/** @param onChange after something was made or restored */
export function createBackup(host: HTMLElement, context: Context, onChange: () => void): void {
  const { texts } = context;
  const making = createTask(context, draw);
  const restoring = createTask(context, draw);

  function draw(): void {
    render(
      html`<h2 id="backup-title">${texts.data.backup}</h2>
        <p class="muted">${texts.data.backupHint}</p>
        <div class="halves">
          <form class="make" aria-labelledby="make-title" @submit=${make}>
            <h3 id="make-title">${texts.data.make}</h3>
            ${drawNewPassphrase(context, 'make-hint')}
            <button type="submit" aria-disabled=${making.isBusy}>${texts.data.make}</button>
            ${making.draw()}
          </form>
          <form class="restore" aria-labelledby="restore-title" @submit=${restore}>
            <h3 id="restore-title">${texts.data.restore}</h3>
            <label class="field"><span>${texts.data.file}</span> <input type="file" name="file" /></label>
            <label class="field"
              ><span>${texts.data.passphrase}</span> <input type="password" name="passphrase" autocomplete="off"
            /></label>
            ${MODES.map(
              (mode) =>
                html`<label class="check"
                  ><input type="radio" name="mode" value=${mode} ?checked=${mode === 'merge'} /> ${
                    texts.data.restoreModes[mode]
                  }</label
                >`,
            )}
            <p class="muted">${texts.data.restoreHint}</p>
            <button type="submit" aria-disabled=${restoring.isBusy}>${texts.data.restore}</button>
            ${restoring.draw()}
          </form>
        </div>`,
      host,
    );
  }

  async function make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (making.isBusy) return;
    const passphrase = readNewPassphrase(context, form, making.tell);
    if (passphrase === null) return;
    await making.run(texts.data.making, async (kit) => {
      const file = await kit.backup.export(passphrase);
      const name = texts.data.fileName(today());
      download(file, name);
      form.reset();
      return texts.data.made(name, describeBytes(context, file.size));
    });
    onChange();
  }

  async function restore(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const [input, passphrase] = [field(form, 'file'), field(form, 'passphrase')];
    if (restoring.isBusy) return;
    const file = input.files?.[0];
    if (!file) {
      restoring.tell(texts.data.noFile);
      input.focus();
      return;
    }
    const mode = new FormData(form).get('mode') === 'mirror' ? 'mirror' : 'merge';
    const { profiles, collections } = context.library;
    const { mirrorTitle: title, mirrorConfirm: confirm } = texts.data;
    const text = texts.data.mirrorText(profiles.length, collections.length);
    if (mode === 'mirror' && !(await context.ask({ title, text, confirm }))) return;
    await restoring.run(
      texts.data.restoring,
      async (kit, onProgress) => {
        const result = await kit.backup.import(file, passphrase.value, { mode, onProgress });
        form.reset();
        await context.library.refresh();
        const sum = texts.data.restored(result.profiles, result.collections);
        const { length } = result.conflicts;
        return length === 0 ? sum : sum + texts.data.conflicts[mode](length);
      },
      (error) => {
        if (!isWrongPassphrase(error)) return undefined;
        passphrase.select();
        return texts.data.wrongBackupPassphrase;
      },
    );
    onChange();
  }

  draw();
}
