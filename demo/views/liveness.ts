import { html, render } from 'lit';
import type { View } from '../context.js';

export const mount: View = (host, { texts }) => {
  render(html`<h1 tabindex="-1">${texts.liveness.title}</h1>`, host);
  return () => undefined;
};
