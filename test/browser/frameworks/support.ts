/** Shared by the tests of the wrappers: a camera and workers that are counted, and a person in front of the camera. */
import { expect, onTestFinished, vi } from 'vitest';
import type { FaceCamera } from '../../../src/client/camera/camera-element.js';
import type { SharedKitOptions } from '../../../src/client/frameworks/shared-kit.js';
import {
  createFaceKit,
  type FaceKit,
  type FaceTracker,
  type TrackedFace,
  type TrackResult,
} from '../../../src/index.js';
import { draw, dropDatabase, eventually, KIT_OPTIONS, samplePhoto } from '../support.js';

const FACE = {
  trackId: 1,
  box: { x: 10, y: 10, width: 40, height: 40 },
  score: 1,
  landmarks: [],
  rollDegrees: 0,
  spoof: null,
  identification: { outcome: 'identified', profileId: 'anna', name: 'Anna', candidates: [] },
  quality: { poor: [], unusable: [] },
} as unknown as TrackedFace;
/** A frame in which a tracker has named Anna. */
export const RESULT = { faces: [FACE], width: 64, height: 64, detected: true, timings: {} } as unknown as TrackResult;

/** Options of a kit that cannot start. */
export const WRONG: SharedKitOptions = { ...KIT_OPTIONS, assetsUrl: '/nowhere/' };

/** A kit that finds Anna in every frame. */
export function fakeKit() {
  const createTracker = vi.fn<FaceKit['createTracker']>((): FaceTracker => ({
    update: () => Promise.resolve(RESULT),
    close: () => Promise.resolve(),
  }));
  const kit = { createTracker, info: () => Promise.resolve({ storage: 'indexeddb' }) } as unknown as FaceKit;
  return { kit, createTracker };
}

/** Options of a kit on a separate database, which is deleted after the test. */
export function kitOptions(): SharedKitOptions {
  const database = `test-${crypto.randomUUID()}`;
  onTestFinished(() => dropDatabase(database));
  return { ...KIT_OPTIONS, database };
}

/**
 * A place on the page for a component, where cameras and workers are counted until the end of the test.
 * @param picture in front of the camera
 */
export function openPage(picture: OffscreenCanvas | ImageBitmap = draw(64, 64, () => undefined)) {
  let started = 0;
  const workers = new Set<Worker>();
  const streams: MediaStream[] = [];
  const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
  // Drawn again and again, because the stream of a canvas that does not change has no frames.
  const timer = setInterval(() => canvas.getContext('2d')?.drawImage(picture, 0, 0), 40);
  const place = document.body.appendChild(document.createElement('div'));
  vi.stubGlobal(
    'Worker',
    class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.add(this);
        started++;
      }
      override terminate() {
        workers.delete(this);
        super.terminate();
      }
    },
  );
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation(() => {
    const stream = canvas.captureStream(25);
    streams.push(stream);
    return Promise.resolve(stream);
  });
  onTestFinished(() => {
    clearInterval(timer);
    place.remove();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  return {
    place,
    /** Workers that were started, and streams that were opened. */
    counts: () => ({ workers: started, streams: streams.length }),
    /** Waits until the page has so many running workers. */
    hasWorkers: (count: number) => eventually(() => expect(workers.size).toBe(count)),
    /** Waits until all cameras are free. */
    isFree: () =>
      eventually(() => expect(streams.map((stream) => stream.getVideoTracks()[0]?.readyState)).not.toContain('live')),
    shows: (text: string) => eventually(() => expect(place.textContent).toBe(text)),
    camera: () => place.querySelector('face-camera') as FaceCamera,
    /** Plays the picture in the video of the component. */
    play: async () => {
      const video = await vi.waitUntil(() => place.querySelector('video'));
      video.muted = true;
      video.srcObject = canvas.captureStream(25);
      await video.play();
    },
  };
}

/**
 * Checks that an example of docs/frameworks.md names a person in front of the camera, with one worker, and frees both.
 * @param start mounts the example, and returns a function that unmounts it
 */
export async function expectGreeting(start: (place: HTMLElement, team: string) => () => void): Promise<void> {
  const photo = await samplePhoto(6);
  const kit = await createFaceKit();
  // Another test may have deleted it.
  await kit.storage.startAnew();
  onTestFinished(() => dropDatabase('inface'));
  const team = await kit.collections.create('Team');
  await kit.enroll([{ image: photo, face: 'largest' }], { name: 'Anna', collectionId: team.id });
  await kit.close();
  const { place, counts, isFree, hasWorkers } = openPage(await createImageBitmap(photo));

  const end = start(place, team.id);
  await eventually(() => expect(place.querySelector('p')?.textContent).toBe('Anna'));
  expect(counts()).toEqual({ workers: 1, streams: 1 });
  end();
  await isFree();
  await hasWorkers(0);
}
