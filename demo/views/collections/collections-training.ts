/** The training of one collection. It goes on when the view is left, and is found again when somebody comes back. */
import { html, render } from 'lit';
import type { TrainProgress } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { InfaceError } from '../../../src/index.js';
import { decimal } from '../../numbers.js';
import { readyKit } from '../../waiting.js';

/** @returns takes it down; a training that runs goes on */
export function createTraining(host: HTMLElement, context: Context, collectionId: string): () => void {
  const { library, texts } = context;
  const words = texts.collections;
  const closed = new AbortController();
  let progress: TrainProgress | null = null;
  /** From the press of the button until the training has ended. */
  let isAsked = false;
  let status = '';

  function draw(): void {
    const collection = library.collections.find(({ id }) => id === collectionId);
    if (!collection) return;
    const isOurs = isAsked || progress !== null;
    const state = isOurs ? 'training' : collection.classifier;
    render(
      html`<h2 id="training-title">${words.training}</h2>
        <p><span class="state ${state}">${words.states[state]}</span></p>
        <p class="muted hint">${words.stateHints[state]}</p>
        <div class="row">
          <button type="button" class=${isOurs ? '' : 'primary'} @click=${isOurs ? stop : train}>
            ${isOurs ? words.stop : words.train}
          </button>
        </div>
        <div class="reserve">${state === 'training' ? drawProgress() : ''}</div>
        <p class="status" role="status">${status}</p>`,
      host,
    );
  }

  function drawProgress() {
    if (!progress) return html`<progress aria-label=${words.trainElsewhere}></progress>`;
    const percent = Math.floor((100 * progress.done) / Math.max(1, progress.total));
    return html`<progress max="100" value=${percent} aria-label=${words.training}></progress>
      <span class="muted">${words.trainProgress(percent)}</span>`;
  }

  async function train(): Promise<void> {
    isAsked = true;
    status = '';
    draw();
    try {
      const kit = await readyKit(context, (text) => {
        status = text;
        draw();
      });
      status = '';
      const { profileCount, durationMs } = await kit.train(collectionId);
      status = words.trained(profileCount, decimal(durationMs / 1000, 1, context.locale));
    } catch (error) {
      const isStopped = error instanceof InfaceError && error.code === 'TRAINING_ABORTED';
      status = isStopped ? words.stopped : context.explain(error);
    }
    isAsked = false;
    progress = null;
    await library.refresh().catch(() => undefined);
    if (!closed.signal.aborted) draw();
  }

  async function stop(): Promise<void> {
    const kit = await context.kit.ready();
    try {
      await kit.abortTraining(collectionId);
    } catch (error) {
      status = context.explain(error);
      draw();
    }
  }

  void context.kit.ready().then((kit) => {
    if (closed.signal.aborted) return;
    const unlisten = kit.on('classifier', (event) => {
      if (event.collectionId !== collectionId) return;
      progress = event.progress;
      // A training that begins elsewhere. The last progress of ours may arrive after its result, by another port.
      if (event.progress?.done === 0 && !isAsked) status = '';
      if (event.error !== null) status = words.trainFailed;
      draw();
    });
    closed.signal.addEventListener('abort', unlisten);
  });
  draw();
  const unlisten = library.onChange(draw);
  return () => {
    closed.abort();
    unlisten();
  };
}
