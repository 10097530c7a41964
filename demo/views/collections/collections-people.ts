/** The people of a collection, and those who are not in it: thousands, found by name. */
import { html, render } from 'lit';
import { MAX_NAME_LENGTH, type CollectionChange, type Profile } from '../../../src/index.js';
import type { Context } from '../../context.js';
import { createVirtualList } from '../virtual-list.js';

type Where = 'inside' | 'outside';

/** @returns takes it down */
export function createPeople(host: HTMLElement, context: Context, collectionId: string): () => void {
  const { library, locale, texts } = context;
  const words = texts.collections;
  const collator = new Intl.Collator(locale, { numeric: true });
  let where: Where = 'inside';
  let query = '';
  /** Whose name is being changed. */
  let renamed: string | null = null;
  let sorted: readonly Profile[] = [];

  render(
    html`<div class="row spread">
        <h2 id="people-title" tabindex="-1">${words.people}</h2>
        <span class="row"
          ><a href="#/enroll">${words.enroll}</a> <a href="#/collections/import">${words.importMany}</a></span
        >
      </div>
      <div class="row">
        <label class="field grow"
          >${words.search}<input type="search" autocomplete="off" spellcheck="false" @input=${search}
        /></label>
        <label class="field"
          >${words.show}<select @change=${chooseWhere}>
            <option value="inside">${words.inside}</option>
            <option value="outside">${words.outside}</option>
          </select></label
        >
      </div>
      <p class="status muted-status" role="status"></p>
      <div class="virtual" role="group" tabindex="0" aria-label=${words.people}></div>`,
    host,
  );
  const status = host.querySelector('[role="status"]') as HTMLElement;
  const box = host.querySelector('.virtual') as HTMLElement;
  const list = createVirtualList<Profile>(box, {
    keyOf: ({ id }) => id,
    draw: drawPerson,
  });

  function nameOf({ name }: Profile): string {
    return name ?? texts.common.noName;
  }

  /** The order takes a moment for thousands, so it is kept while somebody types. */
  function sort(): void {
    sorted = [...library.profiles].sort((a, b) => collator.compare(nameOf(a), nameOf(b)));
    draw();
  }

  function draw(): void {
    const here = sorted.filter(({ collectionIds }) => collectionIds.includes(collectionId) === (where === 'inside'));
    const wanted = fold(query);
    const found = wanted === '' ? here : here.filter((profile) => fold(nameOf(profile)).includes(wanted));
    const nobody = here.length === 0 ? (where === 'inside' ? words.nobodyInside : words.nobodyOutside) : null;
    const text = nobody ?? (found.length === 0 ? words.nobodyFound : words.shown(found.length, here.length));
    if (status.textContent !== text) status.textContent = text;
    box.hidden = here.length === 0;
    list.show(found);
  }

  function drawPerson(profile: Profile) {
    const name = nameOf(profile);
    if (profile.id === renamed) {
      return html`<form
        class="row person"
        novalidate
        @submit=${(event: SubmitEvent) => rename(event, profile)}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Escape') endRename(profile);
        }}
      >
        <input
          class="grow"
          name="name"
          autocomplete="off"
          maxlength=${MAX_NAME_LENGTH}
          aria-label=${words.newName(name)}
          value=${profile.name ?? ''}
        />
        <span class="row">
          <button class="primary">${texts.common.save}</button>
          <button type="button" @click=${() => endRename(profile)}>${texts.shell.cancel}</button>
        </span>
      </form>`;
    }
    const move =
      where === 'inside'
        ? { text: words.takeOut, label: words.takeOutWho(name), act: () => takeOut(profile) }
        : { text: words.add, label: words.addWho(name), act: () => add(profile) };
    return html`<div class="row person">
      <span class="grow name"
        >${name}<br /><span class="muted">${texts.common.templates(profile.templateCount)}</span></span
      >
      <span class="row">
        <button type="button" aria-label=${move.label} @click=${move.act}>${move.text}</button>
        <button type="button" class="rename" aria-label=${words.renameWho(name)} @click=${() => beginRename(profile)}>
          ${words.rename}
        </button>
        <button type="button" aria-label=${words.deleteWho(name)} @click=${() => remove(profile)}>
          ${texts.common.delete}
        </button>
      </span>
    </div>`;
  }

  function search({ target }: Event): void {
    query = (target as HTMLInputElement).value;
    draw();
  }

  function chooseWhere({ target }: Event): void {
    where = (target as HTMLSelectElement).value as Where;
    draw();
  }

  function beginRename({ id }: Profile): void {
    renamed = id;
    draw();
    list.rowOf(id)?.querySelector('input')?.select();
  }

  function endRename({ id }: Profile): void {
    renamed = null;
    draw();
    list.rowOf(id)?.querySelector<HTMLElement>('.rename')?.focus();
  }

  async function rename(event: SubmitEvent, profile: Profile): Promise<void> {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).elements.namedItem('name') as HTMLInputElement;
    const name = input.value.trim();
    const isDone = await attempt(async () => {
      const kit = await context.kit.ready();
      await kit.profiles.update(profile.id, { name: name === '' ? null : name });
    });
    if (isDone) endRename(profile);
  }

  async function takeOut(profile: Profile): Promise<void> {
    if (!(await change({ removeProfileIds: [profile.id] }))) return;
    context.say(words.takenOut(nameOf(profile)), () => void change({ addProfileIds: [profile.id] }));
  }

  async function add(profile: Profile): Promise<void> {
    if (!(await change({ addProfileIds: [profile.id] }))) return;
    context.say(words.added(nameOf(profile)), () => void change({ removeProfileIds: [profile.id] }));
  }

  async function remove(profile: Profile): Promise<void> {
    const name = nameOf(profile);
    const isSure = await context.ask({
      title: words.deletePersonTitle(name),
      text: words.deletePersonText(profile.templateCount),
      confirm: texts.common.delete,
    });
    if (!isSure) return;
    const isDone = await attempt(async () => {
      const kit = await context.kit.ready();
      await kit.profiles.delete(profile.id);
    });
    if (isDone) context.say(words.personDeleted(name));
  }

  function change(what: CollectionChange): Promise<boolean> {
    return attempt(async () => {
      const kit = await context.kit.ready();
      await kit.collections.update(collectionId, what);
    });
  }

  /** @returns whether it was done; otherwise the reason was told */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      await library.refresh();
      return true;
    } catch (error) {
      context.say(context.explain(error));
      return false;
    }
  }

  sort();
  const unlisten = library.onChange(sort);
  return () => {
    unlisten();
    list.close();
  };
}

/** Without what a search should not ask for: capitals and accents. */
function fold(text: string): string {
  return text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
