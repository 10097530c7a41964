/** One piece of work of this view at a time per card: what is being done, and what came of it, in words. */
import { html, nothing, type TemplateResult } from 'lit';
import type { FaceKit, ImportProgress } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { readyKit } from '../../waiting.js';

export interface Task {
  readonly isBusy: boolean;
  /**
   * Does something unless something else is being done.
   * @param work resolves to what came of it, in words; may report how much of it is done
   * @param describe what an error means, where that is more than the page's own words; `undefined` for those
   */
  run(
    doing: string,
    work: (kit: FaceKit, onProgress: (progress: ImportProgress) => void) => Promise<string>,
    describe?: (error: unknown) => string | undefined,
  ): Promise<void>;
  /** Something to say without work. */
  readonly tell: (words: string) => void;
  draw(): TemplateResult;
}

/** @param redraw draws the card */
export function createTask(context: Context, redraw: () => void): Task {
  const { texts } = context;
  let isBusy = false;
  let words = '';
  let progress: ImportProgress | null = null;

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
      progress = null;
      try {
        const kit = await readyKit(context, tell);
        tell(doing);
        const result = await work(kit, (reached) => {
          progress = reached;
          redraw();
        });
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
        ${
          isBusy
            ? html`<progress
                aria-label=${texts.data.working}
                max=${progress?.total || nothing}
                value=${progress?.done ?? nothing}
              ></progress>`
            : nothing
        }
      </div>`,
  };
}
