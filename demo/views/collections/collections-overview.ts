/** All collections, and a new one. */
import { html, render } from 'lit';
import { MAX_NAME_LENGTH, type Collection } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { describeListWait, readyKit } from '../../waiting.js';

/** @returns takes it down */
export function createOverview(host: HTMLElement, context: Context): () => void {
  const { library, texts } = context;
  const words = texts.collections;
  let status = '';

  function draw(): void {
    render(
      html`<h1 tabindex="-1">${words.title}</h1>
        <p class="muted">${words.lead}</p>
        <div class="columns">
          <section class="card" aria-labelledby="all-title">
            <h2 id="all-title">${words.all}</h2>
            ${drawAll()}
            <p><a class="import" href="#/collections/import">${words.importMany}</a></p>
          </section>
          <section class="card" aria-labelledby="create-title">
            <h2 id="create-title">${words.create}</h2>
            <form class="form" novalidate @submit=${create}>
              <label class="field"
                >${texts.common.name}<input name="name" autocomplete="off" maxlength=${MAX_NAME_LENGTH}
              /></label>
              <div class="row"><button class="primary">${words.createButton}</button></div>
              <p class="status" role="status">${status}</p>
            </form>
          </section>
        </div>`,
      host,
    );
  }

  function drawAll() {
    if (!library.loaded) return html`<p class="muted">${describeListWait(context)}</p>`;
    if (library.collections.length === 0) return html`<p class="muted">${words.none}</p>`;
    return html`<ul class="collection-list">
      ${library.collections.map(drawCollection)}
    </ul>`;
  }

  function drawCollection({ id, name, classifier }: Collection) {
    return html`<li>
      <a class="collection" href=${`#/collections/${id}`}
        ><strong>${name}</strong>
        <span class="muted">${texts.common.people(library.profilesOf(id).length)}</span>
        <span class="state ${classifier}">${words.states[classifier]}</span></a
      >
      <p class="muted">${words.stateHints[classifier]}</p>
    </li>`;
  }

  function say(text: string): void {
    status = text;
    draw();
  }

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const input = form.elements.namedItem('name') as HTMLInputElement;
    const name = input.value.trim();
    if (name === '') {
      say(words.nameMissing);
      input.focus();
      return;
    }
    try {
      const kit = await readyKit(context, say);
      await kit.collections.create(name);
      await library.refresh();
      form.reset();
      say(words.created(name));
    } catch (error) {
      say(context.explain(error));
    }
  }

  draw();
  const endListening = [library.onChange(draw), context.kit.onChange(draw)];
  return () => {
    for (const end of endListening) end();
  };
}
