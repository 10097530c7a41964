/** Sets of people: all of them, at `#/collections/ID` one, or at `#/collections/import` many people for one. */
import { html, render } from 'lit';
import type { View } from '../../context.js';
import { createOneCollection } from './collections-one.js';
import { createOverview } from './collections-overview.js';
import './collections.css';

const mount: View = (host, context, [id]) =>
  id === undefined || id === '' ? createOverview(host, context) : createOneCollection(host, context, id);

/** Loads the import as well where the address asks for it, because few visitors open it. */
export async function load([id]: readonly string[]): Promise<{ readonly mount: View }> {
  if (id !== 'import') return { mount };
  const [{ createBulk }, words] = await Promise.all([
    import('../bulk/bulk.js'),
    import('../../texts/bulk.js').then(({ loadBulkTexts }) => loadBulkTexts()),
  ]);
  return {
    mount(host, context) {
      const { texts } = context;
      render(
        html`<p><a class="back" href="#/collections">← ${texts.collections.all}</a></p>
          <h1 tabindex="-1">${texts.collections.importMany}</h1>
          <div class="bulk"></div>`,
        host,
      );
      return createBulk(host.querySelector('.bulk') as HTMLElement, context, words);
    },
  };
}
