/** The end of everything that is stored. */
import { html, render } from 'lit';
import type { Context } from '../../context.js';
import { createTask } from './data-task.js';

/** @param onChange after it was erased */
export function createErasure(host: HTMLElement, context: Context, onChange: () => void): void {
  const { texts, library } = context;
  const task = createTask(context, draw);

  function draw(): void {
    render(
      html`<h2 id="erase-title">${texts.data.erase}</h2>
        <p class="muted">${texts.data.eraseHint}</p>
        <div class="row">
          <button type="button" class="danger" aria-disabled=${task.isBusy} @click=${erase}>
            ${texts.data.eraseNow}
          </button>
        </div>
        ${task.draw()}`,
      host,
    );
  }

  async function erase(): Promise<void> {
    if (task.isBusy) return;
    const agreed = await context.ask({
      title: texts.data.eraseTitle,
      text: texts.data.eraseText(library.profiles.length, library.collections.length),
      confirm: texts.data.erase,
      typed: texts.data.eraseWord,
    });
    if (!agreed) return;
    await task.run(texts.data.erasing, async (kit) => {
      // The fleet would bring everybody back. There, nobody is deleted by this.
      await context.fleet.leave();
      await kit.storage.eraseAll();
      await library.refresh();
      return texts.data.erased;
    });
    onChange();
  }

  draw();
}
