/** `<face-camera>` as React and Vue mount it: attributes, the kit as a property, events, and a camera that is freed. */
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp, h, shallowRef } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defineFaceCamera, type FaceCamera } from '../../src/client/camera/camera-element.js';
import type { FaceKit, FaceTracker, TrackedFace } from '../../src/index.js';
import { RESULT } from './frameworks/support.js';
import { eventually } from './support.js';

let stream: MediaStream;
let drawing: ReturnType<typeof setInterval>;
const createTracker = vi.fn<FaceKit['createTracker']>();
const kit = { createTracker, info: () => Promise.resolve({ storage: 'indexeddb' }) } as unknown as FaceKit;

beforeEach(() => {
  defineFaceCamera();
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
  // Again and again, because the stream of a canvas that does not change has no frames in WebKit.
  drawing = setInterval(() => canvas.getContext('2d')?.fillRect(0, 0, 64, 64), 40);
  stream = canvas.captureStream(25);
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockResolvedValue(stream);
  const tracker: FaceTracker = { update: () => Promise.resolve(RESULT), close: () => Promise.resolve() };
  createTracker.mockReset().mockReturnValue(tracker);
});

afterEach(() => {
  clearInterval(drawing);
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

function host(): HTMLElement {
  return document.body.appendChild(document.createElement('div'));
}

/** What both frameworks owe to the element. */
async function expectMounted(place: HTMLElement, identified: ReturnType<typeof vi.fn>): Promise<void> {
  await eventually(() => expect(identified).toHaveBeenCalledOnce());
  const camera = place.querySelector('face-camera') as FaceCamera;
  expect(camera.kit).toBe(kit);
  expect(createTracker.mock.calls[0]?.[0]).toMatchObject({ collectionId: 'team', spoof: 'report' });
  const [event] = identified.mock.calls[0] as [CustomEvent<TrackedFace>];
  expect(event.detail.identification).toMatchObject({ name: 'Anna' });
}

it('is mounted and unmounted by React', async () => {
  const place = host();
  const identified = vi.fn();
  const root = createRoot(place);
  const attributes = { collection: 'team', spoof: 'report', autostart: '' };
  root.render(createElement('face-camera', { ...attributes, kit, onidentified: identified }));
  await expectMounted(place, identified);

  root.render(createElement('face-camera', { ...attributes, collection: 'others', kit, onidentified: identified }));
  await eventually(() => expect(createTracker.mock.lastCall?.[0]).toMatchObject({ collectionId: 'others' }));
  root.unmount();
  await eventually(() => expect(stream.getVideoTracks()[0]?.readyState).toBe('ended'));
});

it('is mounted and unmounted by Vue', async () => {
  const place = host();
  const identified = vi.fn();
  const collection = shallowRef('team');
  const app = createApp({
    render: () =>
      h('face-camera', {
        collection: collection.value,
        spoof: 'report',
        autostart: '',
        '.kit': kit,
        onIdentified: identified,
      }),
  });
  app.mount(place);
  await expectMounted(place, identified);

  collection.value = 'others';
  await eventually(() => expect(createTracker.mock.lastCall?.[0]).toMatchObject({ collectionId: 'others' }));
  app.unmount();
  await eventually(() => expect(stream.getVideoTracks()[0]?.readyState).toBe('ended'));
});
