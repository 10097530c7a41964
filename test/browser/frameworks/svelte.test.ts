/** The action and the store for Svelte. */
import { mount, unmount } from 'svelte';
import { expect, it, vi } from 'vitest';
import Greeting from '../../../docs/frameworks.md?example=svelte';
import { faceCamera, faceKit, type CameraHandler, type KitState } from '../../../src/client/frameworks/svelte.js';
import { expectGreeting, fakeKit, openPage, WRONG } from './support.js';
import { eventually } from '../support.js';

it('passes the inputs of the action on, and frees the camera', async () => {
  const page = openPage();
  const { kit, createTracker } = fakeKit();
  const onIdentified = vi.fn<CameraHandler<'identified'>>();
  const element = page.place.appendChild(document.createElement('face-camera'));
  const inputs = { kit, collection: 'team', autostart: true, onIdentified };
  const action = faceCamera(element, inputs);
  await eventually(() => expect(onIdentified).toHaveBeenCalledOnce());
  action.update({ ...inputs, collection: 'others' });
  await eventually(() => expect(createTracker.mock.lastCall?.[0]).toMatchObject({ collectionId: 'others' }));
  expect(page.counts().streams).toBe(1);
  action.destroy();
  await page.isFree();
});

it('has the error of a kit as a value of the store', async () => {
  const page = openPage();
  const states: KitState[] = [];
  const end = faceKit(WRONG).subscribe((state) => states.push(state));
  await eventually(() => expect(states.at(-1)?.error?.code).toBe('MODEL_LOAD_FAILED'));
  end();
  await page.hasWorkers(0);
});

it('runs the example of docs/frameworks.md', () =>
  expectGreeting((place, team) => {
    const app = mount(Greeting, { target: place, props: { team } });
    return () => void unmount(app);
  }));
