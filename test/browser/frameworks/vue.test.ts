/** The wrapper for Vue. */
import { createApp, defineComponent, h, ref, shallowRef } from 'vue';
import { expect, it, vi } from 'vitest';
import Greeting from '../../../docs/frameworks.md?example=vue';
import { FaceCamera, useFaceKit, useTracker, type CameraHandler } from '../../../src/client/frameworks/vue.js';
import { expectGreeting, fakeKit, kitOptions, openPage, WRONG } from './support.js';
import { eventually } from '../support.js';

it('mounts a camera, passes changed props on, and frees it', async () => {
  const page = openPage();
  const { kit, createTracker } = fakeKit();
  const identified = vi.fn<CameraHandler<'identified'>>();
  const collection = ref('team');
  const states: string[] = [];
  const app = createApp({
    render: () =>
      h(FaceCamera, {
        class: 'wide',
        kit,
        collection: collection.value,
        maxFpir: 0.02,
        spoof: 'report',
        autostart: true,
        onIdentified: identified,
        onStatechange: ({ detail }) => states.push(detail),
      }),
  });
  app.mount(page.place);
  await eventually(() => expect(identified).toHaveBeenCalledOnce());
  expect(identified.mock.calls[0]?.[0].detail.identification.name).toBe('Anna');
  expect(createTracker.mock.calls).toMatchObject([[{ collectionId: 'team', spoof: 'report', maxFpir: 0.02 }]]);
  expect(states).toEqual(['starting', 'running']);
  expect(page.camera().className).toBe('wide');
  expect(page.camera().hasAttribute('sound')).toBe(false);
  collection.value = 'others';
  await eventually(() => expect(createTracker.mock.lastCall?.[0]).toMatchObject({ collectionId: 'others' }));
  expect(page.counts().streams).toBe(1);
  app.unmount();
  await page.isFree();
});

it('shares a kit, follows its options, and returns its error as a value', async () => {
  const page = openPage();
  const options = shallowRef(kitOptions());
  const Kit = defineComponent(() => {
    const { kit, error } = useFaceKit(options);
    return () => error.value?.code ?? (kit.value ? 'ready' : 'loading');
  });
  const app = createApp({ render: () => [h(Kit), ' ', h(Kit)] });
  app.mount(page.place);
  await page.shows('ready ready');
  expect(page.counts().workers).toBe(1);
  options.value = WRONG;
  await page.shows('MODEL_LOAD_FAILED MODEL_LOAD_FAILED');
  await page.hasWorkers(0);
  app.unmount();
});

it('tracks the faces of a video without the element', async () => {
  const page = openPage();
  const { kit, createTracker } = fakeKit();
  const shown = ref(true);
  const app = createApp(
    defineComponent(() => {
      const video = shallowRef<HTMLVideoElement>();
      const { result } = useTracker(kit, video, { collectionId: 'team' });
      return () => [shown.value ? h('video', { ref: video }) : null, result.value ? 'found' : 'nothing'];
    }),
  );
  app.mount(page.place);
  await page.play();
  await page.shows('found');
  expect(createTracker.mock.calls).toEqual([[{ collectionId: 'team' }]]);
  shown.value = false;
  await page.shows('nothing');
  app.unmount();
});

it('runs the example of docs/frameworks.md', () =>
  expectGreeting((place, team) => {
    const app = createApp(Greeting, { team });
    app.mount(place);
    return () => app.unmount();
  }));
