/** One collection: its name and settings, its training, its people. */
import { html, render } from 'lit';
import { MAX_NAME_LENGTH, type Collection, type CollectionChange } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { describeListWait } from '../../waiting.js';
import { createPeople } from './collections-people.js';
import { createTraining } from './collections-training.js';

/** @returns takes it down */
export function createOneCollection(host: HTMLElement, context: Context, id: string): () => void {
  const { library, texts } = context;
  const words = texts.collections;
  let status = '';
  let parts: (() => void) | null = null;

  function collection(): Collection | null {
    return library.collections.find((one) => one.id === id) ?? null;
  }

  function draw(): void {
    const one = collection();
    render(
      html`<p><a class="back" href="#/collections">← ${words.all}</a></p>
        <h1 tabindex="-1" class="long">${one?.name ?? words.title}</h1>
        ${
          one
            ? drawCollection(one)
            : html`<p class="card" role="status">${library.loaded ? words.gone : describeListWait(context)}</p>`
        }`,
      host,
    );
    if (!one) {
      parts?.();
      parts = null;
      return;
    }
    if (parts) return;
    const people = createPeople(host.querySelector('.people') as HTMLElement, context, id);
    const closeTraining = createTraining(host.querySelector('.training') as HTMLElement, context, id);
    parts = () => {
      people();
      closeTraining();
    };
    // Who looks at a collection enrolls into it, too. This tells everybody, this view included.
    library.choose(id);
  }

  function drawCollection(one: Collection) {
    return html`<div class="columns">
      <section class="card people" aria-labelledby="people-title"></section>
      <div class="column">
        <section class="card training" aria-labelledby="training-title"></section>
        <section class="card" aria-labelledby="settings-title">
          <h2 id="settings-title">${words.settings}</h2>
          <form class="row" novalidate @submit=${rename}>
            <label class="field grow"
              >${texts.common.name}<input name="name" autocomplete="off" maxlength=${MAX_NAME_LENGTH} value=${one.name}
            /></label>
            <button class="bottom">${words.rename}</button>
          </form>
          <p>
            <a href=${`?kiosk=${encodeURIComponent(id)}`}>${words.kiosk}</a><br /><span class="muted"
              >${words.kioskHint}</span
            >
          </p>
          <p class="status" role="status">${status}</p>
          <div class="row">
            <button type="button" class="danger" @click=${remove}>${words.deleteCollection}</button>
          </div>
        </section>
      </div>
    </div>`;
  }

  function say(text: string): void {
    status = text;
    draw();
  }

  async function change(what: CollectionChange, done: string): Promise<void> {
    try {
      const kit = await context.kit.ready();
      await kit.collections.update(id, what);
      await library.refresh();
      say(done);
    } catch (error) {
      say(context.explain(error));
    }
  }

  async function rename(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).elements.namedItem('name') as HTMLInputElement;
    const name = input.value.trim();
    if (name === '') {
      say(words.nameMissing);
      input.focus();
      return;
    }
    await change({ name }, words.renamed(name));
  }

  async function remove(): Promise<void> {
    const one = collection();
    if (!one) return;
    const isSure = await context.ask({
      title: words.deleteTitle(one.name),
      text: words.deleteText(library.profilesOf(id).length),
      confirm: texts.common.delete,
    });
    if (!isSure) return;
    try {
      const kit = await context.kit.ready();
      await kit.collections.delete(id);
      context.say(words.deleted(one.name));
      location.hash = '#/collections';
    } catch (error) {
      say(context.explain(error));
    }
  }

  draw();
  const unlisten = library.onChange(draw);
  return () => {
    unlisten();
    parts?.();
  };
}
