/** The wrappers where there is no browser, as server-side rendering uses them. */
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { createSSRApp, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import * as react from '../../src/client/frameworks/react.js';
import * as svelte from '../../src/client/frameworks/svelte.js';
import { STARTING } from '../../src/client/frameworks/shared-kit.js';
import * as vue from '../../src/client/frameworks/vue.js';

it('React renders an empty element and no kit', () => {
  const complaints = vi.spyOn(console, 'error');
  const Page = () => {
    const { kit, error } = react.useFaceKit({ backend: 'wasm' });
    expect(react.useTracker(kit, null).result).toBeNull();
    const inputs = { kit, collection: 'team', autostart: true, texts: {}, onFace: () => undefined };
    return [createElement(react.FaceCamera, { key: 1, className: 'wide', id: 'door', ...inputs }), error?.code];
  };
  expect(renderToString(createElement(Page))).toBe('<face-camera class="wide" id="door"></face-camera>');
  expect(complaints).not.toHaveBeenCalled();
});

it('Vue renders an empty element and no kit', async () => {
  const complaints = vi.spyOn(console, 'warn');
  const app = createSSRApp({
    setup() {
      const { kit, error } = vue.useFaceKit({ backend: 'wasm' });
      const { result } = vue.useTracker(kit, null);
      const inputs = { collection: 'team', autostart: true, texts: {}, onFace: () => undefined };
      return () => [
        h(vue.FaceCamera, { class: 'wide', kit: kit.value, ...inputs }),
        error.value?.code,
        result.value?.faces.length,
      ];
    },
  });
  expect(await renderVue(app)).toContain('<face-camera class="wide"></face-camera>');
  expect(complaints).not.toHaveBeenCalled();
});

it("Svelte's store has no kit", () => {
  const run = vi.fn();
  svelte.faceKit().subscribe(run)();
  expect(run.mock.calls).toEqual([[STARTING]]);
});
