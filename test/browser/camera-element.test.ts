/** `<face-camera>` with the real kit, and a camera that shows what a canvas shows. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { server } from 'vitest/browser';
import {
  defineFaceCamera,
  signOf,
  type FaceCamera,
  type FaceCameraEvents,
} from '../../src/client/camera/camera-element.js';
import {
  InfaceError,
  type FaceKit,
  type FaceTracker,
  type LivenessPrompt,
  type Point,
  type TrackResult,
} from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { asCanvas, cutOut, eventually, samplePhoto, sharedKit } from './support.js';

const [WIDTH, HEIGHT] = [640, 360];
const people: OffscreenCanvas[] = [];
/** Cameras that were opened, each a canvas. */
let cameras: { readonly show: (person: number | null, side?: number) => void; readonly stream: MediaStream }[] = [];
let constraints: MediaStreamConstraints[] = [];
let refusal: DOMException | null = null;

beforeAll(async () => {
  defineFaceCamera();
  // Twice is as good as once.
  defineFaceCamera();
  const photo = await samplePhoto(6);
  for (const face of [0, 2].map((i) => (sampleFaces[5] as Point[])[i] as Point))
    people.push(await asCanvas(await cutOut(photo, face, 0.4)));
});

beforeEach(() => {
  [cameras, constraints, refusal] = [[], [], null];
  vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation((wished) => {
    constraints.push(wished ?? {});
    if (refusal) return Promise.reject(refusal);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    let [person, side]: [number | null, number] = [0, 300];
    const paint = () => {
      context.fillStyle = '#567';
      context.fillRect(0, 0, WIDTH, HEIGHT);
      const image = person === null ? null : people[person];
      if (image) context.drawImage(image, (WIDTH - side) / 2, (HEIGHT - side) / 2, side, side);
    };
    paint();
    // A stream of a canvas has a frame for every change.
    const timer = setInterval(paint, 40);
    const stream = canvas.captureStream(25);
    stream.getVideoTracks()[0]?.addEventListener('ended', () => clearInterval(timer));
    cameras.push({ stream, show: (next, size = 300) => ([person, side] = [next, size]) });
    return Promise.resolve(stream);
  });
});

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

function mount(attributes: Readonly<Record<string, string>>, kit: FaceKit | null): FaceCamera {
  const camera = document.createElement('face-camera');
  for (const [name, value] of Object.entries(attributes)) camera.setAttribute(name, value);
  camera.kit = kit;
  document.body.append(camera);
  return camera;
}

/** The next event of a name. */
function next<K extends keyof FaceCameraEvents>(camera: FaceCamera, name: K): Promise<FaceCameraEvents[K]> {
  return new Promise((resolve) => {
    const listen = (event: Event) => {
      resolve((event as CustomEvent<FaceCameraEvents[K]>).detail);
    };
    camera.addEventListener(name, listen, { once: true });
  });
}

const part = (camera: FaceCamera, name: string) =>
  camera.shadowRoot?.querySelector(`[part='${name}']`) as HTMLElement & HTMLSelectElement;

describe('<face-camera>', () => {
  it('says that people are forgotten, or cannot be recognized, where the browser denies storage', async () => {
    const update = vi.fn(() => Promise.resolve({ faces: [], width: 4, height: 3, detected: true }));
    const tracker = { update, close: () => Promise.resolve() };
    const info = () => Promise.resolve({ storage: 'none' });
    const camera = mount({ collection: 'home' }, { createTracker: () => tracker, info } as unknown as FaceKit);
    await camera.start();
    await eventually(() => {
      expect(part(camera, 'status').textContent).toMatch(/people are forgotten when the page is closed/);
    });
    const failed = next(camera, 'error');
    // As when the user blocks cookies in the meantime.
    update.mockRejectedValue(new InfaceError('STORAGE_DENIED', 'No storage here.'));
    expect(await failed).toMatchObject({ problem: 'no-storage', error: { code: 'STORAGE_DENIED' } });
    expect(part(camera, 'status').textContent).toMatch(/nobody can be recognized/);
  });

  it('goes on with another kit, whatever becomes of the one before', async () => {
    const result = { faces: [], width: 4, height: 3, detected: true };
    const kitWith = (update: FaceTracker['update']) => {
      const createTracker = () => ({ update, close: () => Promise.resolve() });
      return { createTracker, info: () => Promise.resolve({ storage: 'indexeddb' }) } as unknown as FaceKit;
    };
    let close: ((error: InfaceError) => void) | null = null;
    const first = kitWith(() => new Promise((_resolve, reject) => (close = reject)));
    const update = vi.fn<FaceTracker['update']>(() => Promise.resolve(result as unknown as TrackResult));
    const camera = mount({}, first);
    await camera.start();
    const fail = await vi.waitUntil(() => close);
    camera.kit = kitWith(update);
    fail(new InfaceError('CLOSED', 'The kit was closed.'));
    await eventually(() => expect(update).toHaveBeenCalled());
    expect(camera.state).toBe('running');
  });

  it('shows the camera, names whom it sees, and frees the camera when it is removed', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('home');
    await kit.enroll([people[0] as OffscreenCanvas], { name: 'Anna', policy: 'off', collectionId: id });
    const camera = mount({ collection: id, landmarks: '68' }, kit);
    const states: string[] = [];
    camera.addEventListener('statechange', (event) => states.push((event as CustomEvent<string>).detail));
    expect(part(camera, 'button').textContent).toBe('Start camera');
    part(camera, 'button').click();
    const face = await next(camera, 'identified');
    expect(face).toMatchObject({ identification: { name: 'Anna' } });
    expect(face.landmarks).toHaveLength(68);
    expect(states).toEqual(['starting', 'running']);
    expect(part(camera, 'button').textContent).toBe('Stop camera');
    expect(constraints[0]).toMatchObject({ video: { facingMode: 'user', width: { ideal: 1280 } }, audio: false });

    cameras[0]?.show(null);
    await next(camera, 'noface');
    cameras[0]?.show(1);
    expect(await next(camera, 'face')).toMatchObject({ faces: [{ identification: { outcome: 'unknown' } }] });

    camera.remove();
    expect(camera.state).toBe('idle');
    expect(cameras[0]?.stream.getTracks().map(({ readyState }) => readyState)).toEqual(['ended']);
  });

  it('shows the instruction of a challenge in the picture, with a tone if it is asked to', () => {
    const tones: number[] = [];
    const node = () => {
      const frequency = {
        set value(hertz: number) {
          tones.push(hertz);
        },
      };
      const gain = { setValueAtTime: vi.fn(), exponentialRampToValueAtTime: vi.fn() };
      return { frequency, gain, connect: (next: unknown) => next, start: vi.fn(), stop: vi.fn() };
    };
    vi.stubGlobal(
      'AudioContext',
      class {
        currentTime = 0;
        createOscillator = node;
        createGain = node;
      },
    );
    const camera = mount({}, null);
    camera.texts = { prompts: { 'turn-left': 'Nach links' } };
    const prompt: LivenessPrompt = {
      ...{ gesture: 'turn-left', hint: null, caption: 'Turn left', progress: 0.5 },
      ...{ remainingMs: 9_000, done: 0, total: 3 },
    };
    expect(part(camera, 'prompt').childElementCount).toBe(0);
    camera.prompt = prompt;
    // The picture is mirrored.
    expect([part(camera, 'sign').textContent, part(camera, 'caption').textContent]).toEqual(['←', 'Nach links']);
    expect(part(camera, 'progress')).toHaveProperty('value', 0.5);
    camera.prompt = { ...prompt, hint: 'hold-still', caption: 'Hold still' };
    expect([part(camera, 'sign').textContent, part(camera, 'caption').textContent]).toEqual(['←', 'Hold still']);
    expect(tones).toEqual([]);

    camera.setAttribute('sound', '');
    for (const gesture of ['turn-right', 'turn-right', 'look-straight'] as const)
      camera.prompt = { ...prompt, gesture };
    expect(tones).toEqual([880, 440]);
    camera.stop();
    expect([camera.prompt, part(camera, 'prompt').childElementCount]).toEqual([null, 0]);
    expect(signOf('turn-left', false)).toBe('→');
    expect(signOf('look-up', true)).toBe('↑');
    vi.unstubAllGlobals();
  });

  it('says what would help, in the texts that it is given', async () => {
    const camera = mount({}, await sharedKit());
    camera.texts = { hints: { 'come-closer': 'Komm näher.' } as never };
    await camera.start();
    cameras[0]?.show(0, 120);
    while (!(await next(camera, 'quality')).includes('come-closer'));
    expect(part(camera, 'status').textContent).toBe('Komm näher.');
    expect(part(camera, 'button').textContent).toBe('Stop camera');
  });

  it.each([
    ['NotAllowedError', 'denied', /not allowed/],
    ['PolicyError', 'not-allowed-here', /does not let this page use the camera/],
    ['NotFoundError', 'no-camera', /No camera was found/],
    ['NotReadableError', 'in-use', /Another program/],
    ['TypeError', 'unsupported', /This browser does not give pages access/],
  ])('explains a camera that answers %s, and can be started again', async (name, problem, text) => {
    refusal = new DOMException('', name);
    const camera = mount({}, null);
    const [error] = await Promise.all([next(camera, 'error'), camera.start()]);
    expect(error.problem).toBe(problem);
    expect(part(camera, 'status').textContent).toMatch(text);
    expect([camera.state, part(camera, 'button').textContent]).toEqual(['idle', 'Start camera']);
    refusal = null;
    await camera.start();
    expect([camera.state, part(camera, 'status').textContent]).toEqual(['running', '']);
  });

  it('notices that the camera is unplugged', async ({ skip }) => {
    skip(server.browser === 'firefox', 'Firefox does not deliver an event that a test made to a track');
    const camera = mount({}, null);
    await camera.start();
    const failed = next(camera, 'error');
    cameras[0]?.stream.getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
    expect(await failed).toMatchObject({ problem: 'disconnected' });
    expect(camera.state).toBe('idle');
  });

  it('passes on what the kit says, and never a raw exception to the user', async () => {
    const kit = await sharedKit();
    const camera = mount({ collection: 'none' }, kit);
    const [error] = await Promise.all([next(camera, 'error'), camera.start()]);
    expect(error).toMatchObject({ problem: 'kit', error: { code: 'COLLECTION_NOT_FOUND' } });
    expect(part(camera, 'status').textContent).toBe('Faces cannot be detected. Start the camera again.');
  });

  it('keeps the rate of strangers that it is given, and refuses what is none', async () => {
    const kit = await sharedKit();
    const made = vi.spyOn(kit, 'createTracker');
    const camera = mount({ 'max-fpir': '0.001' }, kit);
    await camera.start();
    await next(camera, 'face');
    expect(made).toHaveBeenLastCalledWith({ landmarks: 5, maxFpir: 0.001 });
    camera.setAttribute('max-fpir', '0.1');
    await eventually(() => {
      expect(made).toHaveBeenLastCalledWith({ landmarks: 5, maxFpir: 0.1 });
    });
    for (const value of ['', 'low', '1']) {
      const refused = next(camera, 'error');
      camera.setAttribute('max-fpir', value);
      expect(await refused).toMatchObject({ problem: 'kit', error: { code: 'INVALID_INPUT' } });
      expect(camera.state).toBe('idle');
      camera.setAttribute('max-fpir', '0.1');
      await camera.start();
    }
  });

  it('looks for others when the collection changes, and opens another camera when that changes', async () => {
    const kit = await sharedKit();
    const [one, other] = [await kit.collections.create('one'), await kit.collections.create('other')];
    await kit.enroll([people[0] as OffscreenCanvas], { name: 'Anna', policy: 'off', collectionId: other.id });
    const camera = mount({ collection: one.id }, kit);
    await camera.start();
    expect(await next(camera, 'face')).toMatchObject({ faces: [{ identification: { reason: 'empty-collection' } }] });
    camera.setAttribute('collection', other.id);
    expect(await next(camera, 'identified')).toMatchObject({ identification: { name: 'Anna' } });
    camera.setAttribute('device', 'second');
    await eventually(() => {
      expect(constraints[1]).toMatchObject({ video: { deviceId: { exact: 'second' } } });
    });
    expect(cameras[0]?.stream.active).toBe(false);
  });

  it('mirrors the picture unless it is told not to', async () => {
    const camera = mount({}, null);
    await camera.start();
    expect(getComputedStyle(camera.video).transform).toBe('matrix(-1, 0, 0, 1, 0, 0)');
    camera.setAttribute('mirror', 'off');
    expect(getComputedStyle(camera.video).transform).toBe('none');
  });

  it('rests while the page is hidden', async () => {
    const camera = mount({}, null);
    await camera.start();
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    document.dispatchEvent(new Event('visibilitychange'));
    expect([camera.state, part(camera, 'status').textContent]).toEqual(['paused', 'Paused while the page is hidden.']);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    expect([camera.state, part(camera, 'status').textContent]).toEqual(['running', '']);
  });

  it('works twice on one kit, and starts by itself when told to', async () => {
    const kit = await sharedKit();
    const both = [mount({ autostart: '' }, kit), mount({ autostart: '' }, kit)];
    const results = await Promise.all(both.map((camera) => next(camera, 'face')));
    expect(results.map(({ faces }) => faces.length)).toEqual([1, 1]);
    expect(cameras).toHaveLength(2);
  });

  it('switches the light of a camera that has one', async () => {
    const camera = mount({}, null);
    await camera.start();
    const torch = part(camera, 'torch');
    expect(torch.hidden).toBe(true);
    camera.stop();

    const applied = vi.spyOn(MediaStreamTrack.prototype, 'applyConstraints').mockResolvedValue();
    vi.spyOn(MediaStreamTrack.prototype, 'getCapabilities').mockReturnValue({ torch: true } as MediaTrackCapabilities);
    await camera.start();
    expect([torch.hidden, torch.textContent, torch.ariaPressed]).toEqual([false, 'Light', 'false']);
    torch.click();
    await eventually(() => expect(torch.ariaPressed).toBe('true'));
    expect(applied).toHaveBeenLastCalledWith({ advanced: [{ torch: true }] });
    applied.mockRejectedValue(new Error('too hot'));
    torch.click();
    await eventually(() => expect(applied).toHaveBeenCalledTimes(2));
    expect(torch.ariaPressed).toBe('true');
  });

  it('is not started by a stop that came first', async () => {
    const camera = mount({}, null);
    const starting = camera.start();
    camera.stop();
    await starting;
    expect(camera.state).toBe('idle');
    expect(cameras[0]?.stream.active).toBe(false);
  });
});
