/** Sets of people: all of them, at `#/collections/ID` one, or at `#/collections/import` many people for one. */
import { html, render } from 'lit';
import type { Context, View } from '../../context.js';
import { createOneCollection } from './collections-one.js';
import { createOverview } from './collections-overview.js';
import './collections.css';

export const mount: View = (host, context, [id]) => {
  if (id === undefined || id === '') return createOverview(host, context);
  return id === 'import' ? createImport(host, context) : createOneCollection(host, context, id);
};

/** Loads the import, which few visitors open. */
function createImport(host: HTMLElement, context: Context): () => void {
  const { texts } = context;
  let takeDown: (() => void) | null = () => undefined;
  render(
    html`<p><a class="back" href="#/collections">← ${texts.collections.all}</a></p>
      <h1 tabindex="-1">${texts.collections.importMany}</h1>
      <div class="bulk"></div>`,
    host,
  );
  const content = host.querySelector('.bulk') as HTMLElement;
  void Promise.all([import('../bulk/bulk.js'), import('../../texts/bulk.js').then((module) => module.loadBulkTexts())])
    .then(([{ createBulk }, words]) => {
      if (takeDown) takeDown = createBulk(content, context, words);
    })
    .catch((error: unknown) => {
      reportError(error);
      render(html`<p class="card" role="alert">${texts.shell.viewFailed}</p>`, content);
    });
  return () => {
    takeDown?.();
    takeDown = null;
  };
}
