/** The wrapper for React, with every version of React that a test project has. */
import { createElement, StrictMode, useState, version, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { expect, it, vi } from 'vitest';
import { Greeting } from '../../../docs/frameworks.md?example=tsx';
import type { FaceCamera as FaceCameraElement } from '../../../src/client/camera/camera-element.js';
import {
  FaceCamera,
  useFaceKit,
  useTracker,
  type CameraHandler,
  type FaceCameraProps,
  type KitState,
  type SharedKitOptions,
} from '../../../src/client/frameworks/react.js';
import type { FaceKit } from '../../../src/index.js';
import { expectGreeting, fakeKit, kitOptions, openPage, WRONG } from './support.js';
import { eventually } from '../support.js';

/** Renders a component under StrictMode, which mounts everything twice. */
function renderStrictly(place: HTMLElement, component: () => ReactNode): Root {
  const root = createRoot(place);
  root.render(createElement(StrictMode, null, createElement(component)));
  return root;
}

it('is tested with the React of the project', () => {
  expect(version.split('.')[0]).toBe(import.meta.env['REACT']);
});

it('mounts one camera under StrictMode, passes changed props on, and frees it', async () => {
  const page = openPage();
  const [first, second] = [fakeKit(), fakeKit()];
  const onIdentified = vi.fn<CameraHandler<'identified'>>();
  const states: string[] = [];
  const element: { current: FaceCameraElement | null } = { current: null };
  let change: (props: FaceCameraProps) => void = () => undefined;
  const root = renderStrictly(page.place, () => {
    const [props, setProps] = useState<FaceCameraProps>({ kit: first.kit, collection: 'team' });
    change = (next) => setProps((before) => ({ ...before, ...next }));
    const html = { className: 'wide', 'aria-label': 'Entrance' };
    const onStateChange: CameraHandler<'statechange'> = ({ detail }) => states.push(detail);
    const inputs = { maxFpir: 0.02, spoof: 'report', sound: true, autostart: true } as const;
    return createElement(FaceCamera, { ...html, ...inputs, onIdentified, onStateChange, ref: element, ...props });
  });
  await eventually(() => expect(onIdentified).toHaveBeenCalledOnce());
  expect(onIdentified.mock.calls[0]?.[0].detail.identification.name).toBe('Anna');
  expect(first.createTracker.mock.calls).toMatchObject([[{ collectionId: 'team', spoof: 'report', maxFpir: 0.02 }]]);
  expect(states).toEqual(['starting', 'running']);
  expect(page.counts().streams).toBe(1);
  expect(element.current).toBe(page.camera());
  expect(page.camera().className).toBe('wide');
  expect(page.camera().getAttribute('aria-label')).toBe('Entrance');
  expect(page.camera().hasAttribute('sound')).toBe(true);

  change({ collection: 'others', sound: false, texts: { stop: 'End' } });
  await eventually(() => expect(first.createTracker.mock.lastCall?.[0]).toMatchObject({ collectionId: 'others' }));
  expect(page.camera().hasAttribute('sound')).toBe(false);
  expect(page.camera().shadowRoot?.querySelector('button')?.textContent).toBe('End');

  // The camera that the user has chosen stays when something else changes.
  page.camera().setAttribute('width', '320');
  change({ kit: second.kit });
  await eventually(() => expect(second.createTracker).toHaveBeenCalledOnce());
  expect(page.camera().getAttribute('width')).toBe('320');

  root.unmount();
  await page.isFree();
});

it('has one worker for all components under StrictMode, until the last one is unmounted', async () => {
  const page = openPage();
  const options = kitOptions();
  const seen: KitState[] = [];
  const Kit = () => {
    // A new object each time.
    const state = useFaceKit({ ...options });
    seen.push(state);
    return state.kit ? 'ready' : 'loading';
  };
  const root = renderStrictly(page.place, () => [createElement(Kit, { key: 1 }), ' ', createElement(Kit, { key: 2 })]);
  await page.shows('ready ready');
  expect(page.counts().workers).toBe(1);
  expect(new Set(seen.map(({ kit }) => kit)).size).toBe(2);
  expect(seen.at(-1)).toMatchObject({ error: null, progress: { loaded: seen.at(-1)?.progress?.total } });

  // As when a route is replaced by another one.
  root.render(createElement(Kit, { key: 3 }));
  await page.shows('ready');
  root.unmount();
  await page.hasWorkers(0);
  expect(page.counts().workers).toBe(1);
});

it('has the kit of the current options only', async () => {
  const page = openPage();
  const [options, others] = [kitOptions(), kitOptions()];
  const seen: (FaceKit | null)[] = [];
  const Kit = ({ current }: { readonly current: SharedKitOptions }) => {
    const { kit } = useFaceKit(current);
    seen.push(kit);
    return kit ? 'ready' : 'loading';
  };
  const root = createRoot(page.place);
  root.render(createElement(Kit, { current: options }));
  await page.shows('ready');
  const [before] = seen.slice(-1);
  seen.length = 0;
  root.render(createElement(Kit, { current: others }));
  await page.shows('loading');
  await page.shows('ready');
  expect(seen).not.toContain(before);
  await page.hasWorkers(1);
  root.unmount();
  await page.hasWorkers(0);
});

it('ends a worker whose component is unmounted before it is ready', async () => {
  const page = openPage();
  const options = kitOptions();
  const root = renderStrictly(page.place, () => (useFaceKit(options).kit ? 'ready' : 'loading'));
  await eventually(() => expect(page.counts().workers).toBe(1));
  root.unmount();
  await page.hasWorkers(0);
});

it('returns the error of a kit as a value, and tries again with a new component', async () => {
  const page = openPage();
  const Kit = () => useFaceKit(WRONG).error?.code ?? 'loading';
  const root = createRoot(page.place);
  root.render(createElement(Kit, { key: 1 }));
  await page.shows('MODEL_LOAD_FAILED');
  const failed = page.counts().workers;
  root.render(createElement(Kit, { key: 2 }));
  await eventually(() => expect(page.counts().workers).toBe(2 * failed));
  await page.shows('MODEL_LOAD_FAILED');
  root.unmount();
  await page.hasWorkers(0);
});

it('tracks the faces of a video without the element', async () => {
  const page = openPage();
  const { kit, createTracker } = fakeKit();
  const Video = () => {
    const [video, setVideo] = useState<HTMLVideoElement | null>(null);
    const { result } = useTracker(kit, video, { collectionId: 'team' });
    const names = result?.faces.map(
      ({ identification }) => identification?.outcome === 'identified' && identification.name,
    );
    return [createElement('video', { key: 1, ref: setVideo }), names?.join()];
  };
  const root = renderStrictly(page.place, Video);
  await page.play();
  await page.shows('Anna');
  expect(createTracker.mock.lastCall?.[0]).toEqual({ collectionId: 'team' });
  root.unmount();
});

it('runs the example of docs/frameworks.md', () =>
  expectGreeting((place, team) => {
    const root = renderStrictly(place, () => createElement(Greeting, { team }));
    return () => root.unmount();
  }));
