/** One piece of work of this view at a time per card: what is being done, and what came of it, in words. */
import { html, nothing, type TemplateResult } from 'lit';
import type { FaceKit } from '../../../src/index.js';
import type { Context } from '../../context.js';

export interface Task {
  readonly isBusy: boolean;
  /**
   * Does something unless something else is being done.
   * @param work resolves to what came of it, in words
   * @param describe what an error means, where that is more than the page's own words; `undefined` for those
   */
  run(
    doing: string,
    work: (kit: FaceKit) => Promise<string>,
    describe?: (error: unknown) => string | undefined,
  ): Promise<void>;
  /** Something to say without work. */
  readonly tell: (words: string) => void;
  draw(): TemplateResult;
}

/** @param redraw draws the card */
export function createTask(context: Context, redraw: () => void): Task {
  const { kit, texts } = context;
  let isBusy = false;
  let words = '';

  function tell(next: string): void {
    words = next;
    redraw();
  }

  return {
    get isBusy() {
      return isBusy;
    },
    async run(doing, work, describe) {
      if (isBusy) return;
      isBusy = true;
      tell(kit.state.phase === 'ready' ? doing : texts.shell.waiting);
      try {
        const ready = await kit.ready();
        tell(doing);
        const result = await work(ready);
        isBusy = false;
        tell(result);
      } catch (error) {
        isBusy = false;
        tell(describe?.(error) ?? context.explain(error));
      }
    },
    tell,
    draw: () =>
      html`<div class="task">
        <p role="status">${words}</p>
        ${isBusy ? html`<progress aria-label=${texts.data.working}></progress>` : nothing}
      </div>`,
  };
}
