/** Open images: one decoding and one detection for many operations, and their end. */
import { beforeAll, describe, expect, it } from 'vitest';
import { MAX_PENDING_CALLS, type DetectedFace, type FaceKit, type Point } from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { asJpeg, cutOut, draw, samplePhoto, sharedKit, testKit } from './support.js';

const closedImage = { name: 'InfaceError', code: 'IMAGE_CLOSED' };
const invalid = { name: 'InfaceError', code: 'INVALID_INPUT' };

/** Four people. */
let group: Blob;
let portrait: Blob;

beforeAll(async () => {
  group = await samplePhoto(6);
  portrait = await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6);
});

/** Counts how often images are decoded meanwhile. */
async function decodings(work: () => Promise<unknown>): Promise<number> {
  const real = globalThis.createImageBitmap;
  let count = 0;
  globalThis.createImageBitmap = ((...args: Parameters<typeof real>) => {
    count++;
    return real(...args);
  }) as typeof real;
  try {
    await work();
    return count;
  } finally {
    globalThis.createImageBitmap = real;
  }
}

const live = async (kit: FaceKit) => (await kit.info()).live;

describe('an open image', () => {
  it('is decoded once, searched once, and answers like the operations on its source', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home');
    const whole = await kit.detect(group, { quality: true, spoof: 'report' });
    expect(whole.faces).toHaveLength(4);
    const last = whole.faces[3] as DetectedFace;
    const count = await decodings(async () => {
      const photo = await kit.open(group);
      expect([photo.width, photo.height]).toEqual([whole.width, whole.height]);
      const found = await photo.detect({ quality: true, spoof: 'report' });
      expect(found.faces).toEqual(whole.faces);
      expect(found.timings.detectMs).toBeGreaterThan(0);
      const again = await photo.detect({ landmarks: 68, maxFaces: 2 });
      expect(again.faces.map(({ box }) => box)).toEqual(whole.faces.slice(0, 2).map(({ box }) => box));
      expect(again.timings).toMatchObject({ pixelsMs: 0, detectMs: 0, landmarksMs: 0 });

      expect(await photo.checkSpoof({ face: last })).toMatchObject({
        ...whole.faces[3]?.spoof,
        face: { box: last.box },
      });
      const enrolled = await photo.enroll({ face: last, name: 'Anna', collectionId: id });
      expect(enrolled).toMatchObject({
        outcome: 'enrolled',
        profile: { name: 'Anna' },
        images: [{ face: { box: last.box } }],
      });
      expect(await photo.enroll()).toMatchObject({ outcome: 'rejected', images: [{ reasons: ['many-faces'] }] });
      if (enrolled.outcome !== 'enrolled') return;
      expect(await photo.match(enrolled.profile.id, { face: last })).toMatchObject({
        outcome: 'compared',
        match: true,
      });
      expect(await photo.match(enrolled.profile.id, { accuracy: 'fast' })).toMatchObject({ match: false });
      const { faces } = await photo.identify(id, { maxFpir: 1e-4 });
      expect(faces.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown', 'identified']);
      photo.close();
    });
    expect(count).toBe(1);
    expect(await live(kit)).toMatchObject({ frames: 0, openImages: 0, openImageBytes: 0 });
  });

  it('is an image of other operations, with others or with itself', async () => {
    const kit = await sharedKit();
    const photo = await kit.open(portrait);
    const other = await kit.open(group);
    expect(await kit.compare(photo, photo)).toMatchObject({ outcome: 'compared', match: true });
    expect(await kit.compare(photo, { image: other, face: 'largest' })).toMatchObject({ match: false });
    expect(await kit.compare(portrait, photo)).toMatchObject({ match: true });
    const enrolled = await kit.enroll([photo, { image: other, face: 'largest' }, photo], { policy: 'off' });
    expect(enrolled).toMatchObject({ outcome: 'enrolled', profile: { templateCount: 3 } });
    // At once, on one image.
    const [a, b, c] = await Promise.all([other.detect(), other.detect(), kit.detect(other)]);
    expect(b.faces).toEqual(a.faces);
    expect(c.faces).toEqual(a.faces);
    const { openImages, openImageBytes } = await live(kit);
    expect(openImages).toBe(2);
    expect(openImageBytes).toBe(4 * (photo.width * photo.height + other.width * other.height));
  });

  it('finds faces as it was told when it was opened, and not otherwise', async () => {
    const kit = await sharedKit();
    const photo = await kit.open(group, { mode: 'video', detectorSizePx: 128, minDetectionScore: 0.7 });
    const whole = await kit.detect(group, { mode: 'video', detectorSizePx: 128, minDetectionScore: 0.7 });
    expect(await photo.detect()).toMatchObject({ faces: whole.faces, detectorSizePx: 128 });
    await expect(kit.detect(photo, { detectorSizePx: 256 })).rejects.toThrow(/'detectorSizePx' cannot change/);
    await expect(kit.detect(photo, { mode: 'photo' })).rejects.toMatchObject(invalid);
    await expect(photo.detect({ search: 'tiles' } as never)).rejects.toMatchObject(invalid);
    await expect(photo.checkSpoof({ face: 'first' as never })).rejects.toThrow(/face that detect\(\) found/);
    for (const face of [{ box: null }, { box: { x: 1 } }, { x: Number.NaN, y: 0 }, 3]) {
      await expect(photo.match('p', { face: face as never })).rejects.toMatchObject(invalid);
    }
    await expect(photo.detect(null as never)).rejects.toThrow(/options of detect\(\) must be an object/);
    await expect(photo.enroll(null as never)).rejects.toThrow(/options of enroll\(\) must be an object/);
    await expect(kit.open(photo)).rejects.toThrow(/not open already/);
    await expect(kit.open(group, { maxFaces: 1 } as never)).rejects.toThrow(/option of open\(\)/);
    await expect(kit.createTracker().update(photo)).rejects.toThrow(/not open already/);
    const stranger = await testKit();
    await expect(stranger.detect(photo)).rejects.toThrow(/an image that this kit opened/);
  });

  it('is gone once it is closed, with using or by itself', async () => {
    const kit = await testKit();
    const photo = await kit.open(portrait);
    const running = photo.detect();
    photo.close();
    photo.close();
    expect((await running).faces).toHaveLength(1);
    for (const late of [photo.detect(), photo.enroll(), photo.checkSpoof(), kit.compare(portrait, photo)]) {
      await expect(late).rejects.toMatchObject(closedImage);
    }
    const scoped = await kit.open(portrait);
    expect((await scoped.detect()).faces).toHaveLength(1);
    // As `using` does at the end of a block, which WebKitGTK does not parse.
    if ('dispose' in Symbol) scoped[Symbol.dispose]();
    else scoped.close();
    await expect(kit.detect(scoped)).rejects.toMatchObject(closedImage);
    expect(await live(kit)).toMatchObject({ openImages: 0 });
  });

  it('is one of eight: of more, the one that was not used for the longest time is closed, with an event', async () => {
    const kit = await testKit();
    const closed: string[] = [];
    kit.on('image-closed', ({ id }) => closed.push(id));
    const small = draw(64, 64, (context) => {
      context.fillRect(0, 0, 64, 64);
    });
    const photos = [];
    for (let i = 0; i < 8; i++) photos.push(await kit.open(small));
    await photos[0]?.detect();
    expect(await live(kit)).toMatchObject({ openImages: 8, openImageBytes: 8 * 64 * 64 * 4 });
    const ninth = await kit.open(small);
    expect(await live(kit)).toMatchObject({ openImages: 8 });
    expect(closed).toEqual([photos[1]?.id]);
    await expect(photos[1]?.detect()).rejects.toMatchObject(closedImage);
    expect((await photos[0]?.detect())?.faces).toEqual([]);
    expect((await ninth.detect()).faces).toEqual([]);
    photos[1]?.close();
  });

  it('of an aborted call is not left behind', async () => {
    const kit = await testKit();
    const photos = [await kit.open(portrait), await kit.open(portrait)] as const;
    const comparing = new AbortController();
    const comparison = kit.compare(photos[0], photos[1], { signal: comparing.signal });
    comparing.abort(new Error('enough'));
    await expect(comparison).rejects.toThrow('enough');
    for (const photo of photos) photo.close();
    expect(await live(kit)).toMatchObject({ openImages: 0 });
    const controller = new AbortController();
    const opening = kit.open(group, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    expect(await live(kit)).toMatchObject({ frames: 0, openImages: 0 });
  });
});

describe('detect', () => {
  it('checks faces for attacks where asked, and refuses none', async () => {
    const kit = await sharedKit();
    const [face] = (await kit.detect(portrait, { spoof: { require: false, maxApcer: 0.5 } })).faces;
    const checked = await kit.checkSpoof(portrait, { maxApcer: 0.5 });
    expect({ ...face?.spoof }).toEqual({ ...face?.spoof, outcome: checked.outcome, modelId: 'fr-liveness' });
    expect((await kit.detect(portrait)).faces[0]?.spoof).toBeNull();
    await expect(kit.detect(portrait, { spoof: 'require' as never })).rejects.toThrow(/detect\(\) refuses no face/);
    await expect(kit.detect(portrait, { landmarks: 0, spoof: 'report' })).rejects.toThrow(/needs landmarks/);
  });
});

describe('an address', () => {
  it('is fetched where an image is taken: http:, blob: and data:, as a string or a URL', async () => {
    const kit = await sharedKit();
    const expected = (await kit.detect(group)).faces;
    const path = '/node_modules/@vladmandic/face-api/demo/sample6.jpg';
    const blobUrl = URL.createObjectURL(group);
    const base64 = btoa(Array.from(new Uint8Array(await group.arrayBuffer()), (b) => String.fromCharCode(b)).join(''));
    // Spaces and percent-encoding, as the platform takes them.
    const addresses = [
      new URL(path, location.href),
      new URL(`${path}#face`, location.href).href,
      blobUrl,
      `data:image/jpeg;base64,${base64}`,
      `data:image/jpeg; charset=x ;base64,${encodeURIComponent(base64)}#anna`,
    ];
    for (const address of addresses)
      expect((await kit.detect(address)).faces, String(address).slice(0, 40)).toEqual(expected);
    URL.revokeObjectURL(blobUrl);
    await expect(kit.detect(blobUrl)).rejects.toThrow(/revoked/);
  });

  it('that gives no image says which address, what happened, and what to do', async () => {
    const kit = await sharedKit();
    const cases: [string, RegExp][] = [
      ['sample1.jpg', /must be an absolute address of an image .*got 'sample1.jpg'/],
      ['ftp://example.org/a.jpg', /must be an absolute address of an image .*got 'ftp:/],
      [new URL('/nothing-here.jpg', location.href).href, /nothing-here.jpg: the server answers 404|cannot be decoded/],
      ['http://localhost:1/a.jpg', /localhost:1\/a.jpg.*CORS header.*connect-src/],
      ['data:image/png;base64,###', /not a valid data: URL|that is not empty/],
      ['data:image/png;base64,AAAA', /cannot be decoded as an image/],
    ];
    for (const [address, message] of cases) {
      await expect(kit.detect(address), address).rejects.toMatchObject(invalid);
      await expect(kit.detect(address), address).rejects.toThrow(message);
    }
  });
});

describe('what comes before the worker', () => {
  /** An image element that never has its pixels, as with `loading="lazy"` outside of the viewport. */
  const lazy = () => Object.assign(new Image(), { decode: () => new Promise(() => undefined) });

  it('ends with the signal and with the kit', async () => {
    const kit = await testKit();
    const controller = new AbortController();
    const reason = new Error('enough');
    const calls = [
      kit.detect(lazy(), { signal: controller.signal }),
      kit.compare(portrait, lazy(), { signal: controller.signal }),
    ];
    controller.abort(reason);
    for (const result of await Promise.allSettled(calls)) expect(result).toEqual({ status: 'rejected', reason });
    const pending = kit.detect(lazy());
    const closing = kit.close();
    await expect(pending).rejects.toMatchObject({ code: 'CLOSED' });
    await closing;
  });

  it('does not decode images of calls that were aborted meanwhile', async () => {
    const kit = await sharedKit();
    const controller = new AbortController();
    const reason = new Error('enough');
    const count = await decodings(async () => {
      const calls = Array.from({ length: 200 }, () => kit.detect(group, { signal: controller.signal }));
      controller.abort(reason);
      for (const result of await Promise.allSettled(calls)) expect(result).toEqual({ status: 'rejected', reason });
      // Behind all of them.
      expect((await kit.detect(portrait)).faces).toHaveLength(1);
    });
    expect(count).toBe(1);
    expect(await live(kit)).toMatchObject({ frames: 0 });
  });

  it('decodes one file at a time', async () => {
    const kit = await sharedKit();
    const real = globalThis.createImageBitmap;
    let [now, most] = [0, 0];
    globalThis.createImageBitmap = (async (...args: Parameters<typeof real>) => {
      most = Math.max(most, ++now);
      try {
        return await real(...args);
      } finally {
        now--;
      }
    }) as typeof real;
    try {
      await Promise.all(Array.from({ length: 4 }, () => kit.detect(portrait, { detectorSizePx: 128 })));
    } finally {
      globalThis.createImageBitmap = real;
    }
    expect(most).toBe(1);
  });

  it('holds decoded files of eight calls at most, and refuses calls beyond 256', async () => {
    const kit = await sharedKit();
    const controller = new AbortController();
    const stuck = Array.from({ length: 8 }, () => kit.compare(portrait, lazy(), { signal: controller.signal }));
    const waiting = Array.from({ length: 248 }, () => kit.detect(group, { signal: controller.signal }));
    const pending = Promise.allSettled([...stuck, ...waiting]);
    await expect(kit.info()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining(`${MAX_PENDING_CALLS} calls are pending`) as string,
    });
    const reason = new Error('enough');
    controller.abort(reason);
    for (const result of await pending) expect(result).toEqual({ status: 'rejected', reason });
    // Whatever was pending is free again.
    expect((await Promise.all(Array.from({ length: 10 }, () => kit.detect(portrait)))).length).toBe(10);
    expect(await live(kit)).toMatchObject({ frames: 0 });

    const real = globalThis.createImageBitmap;
    let decoded = 0;
    const more = new AbortController();
    let onEight: (value?: undefined) => void = () => undefined;
    const eight = new Promise((resolve) => (onEight = resolve));
    globalThis.createImageBitmap = (async (...args: Parameters<typeof real>) => {
      if (++decoded === 8) onEight();
      return real(...args);
    }) as typeof real;
    try {
      const calls = Array.from({ length: 12 }, () => kit.compare(portrait, lazy(), { signal: more.signal }));
      await eight;
      // Behind what could have been decoded meanwhile.
      await kit.info();
      expect(decoded).toBe(8);
      more.abort(reason);
      for (const result of await Promise.allSettled(calls)) expect(result).toEqual({ status: 'rejected', reason });
    } finally {
      globalThis.createImageBitmap = real;
    }
  });

  it('refuses a file of too many or unknown pixels before anything is decoded', async () => {
    const kit = await sharedKit();
    const small = new Uint8Array(await (await asJpeg(draw(40, 40, () => undefined))).arrayBuffer());
    const filler = new Uint8Array(65_537).fill(0).map((_, i) => [0xff, 0xe2, 0xff, 0xff][i] ?? 0);
    const fillers = Array<Uint8Array<ArrayBuffer>>(9).fill(filler);
    const rest = small.slice(2);
    const frame = rest.findIndex((byte, i) => byte === 0xff && rest[i + 1] === 0xc0);
    const bomb = rest.slice();
    bomb.set([0x4e, 0x20, 0x4e, 0x20], frame + 5);
    const start = small.slice(0, 2);
    const count = await decodings(async () => {
      await expect(kit.detect(new Blob([start, ...fillers, bomb]))).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringContaining('400 megapixels') as string,
      });
      // The size behind the lines of the image, where no decoder expects it.
      await expect(kit.detect(new Blob([start, rest.slice(0, frame), rest.slice(-2)]))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('its size cannot be read') as string,
      });
    });
    expect(count).toBe(0);
    const photo = await kit.open(new Blob([start, ...fillers, rest]));
    expect([photo.width, photo.height]).toEqual([40, 40]);
    photo.close();
  });

  it('reads the size that the browser decodes, in every format that it writes', async () => {
    const kit = await sharedKit();
    const canvas = draw(70, 30, () => undefined);
    for (const type of ['image/jpeg', 'image/png', 'image/webp']) {
      const photo = await kit.open(await canvas.convertToBlob({ type }));
      expect([photo.width, photo.height], type).toEqual([70, 30]);
      photo.close();
    }
  });

  it('decodes a large file straight to the size that is processed', async () => {
    const kit = await testKit();
    const large = await asJpeg(
      draw(3000, 4000, (context) => {
        context.fillRect(0, 0, 3000, 4000);
      }),
    );
    const options: unknown[] = [];
    const real = globalThis.createImageBitmap;
    globalThis.createImageBitmap = ((source: ImageBitmapSource, option?: ImageBitmapOptions) => {
      options.push(option);
      return real(source, option);
    }) as typeof real;
    try {
      const photo = await kit.open(large);
      expect([photo.width, photo.height]).toEqual([3000, 4000]);
    } finally {
      globalThis.createImageBitmap = real;
    }
    expect(options).toEqual([{ resizeHeight: 3072, resizeQuality: 'medium' }]);
    expect(await live(kit)).toMatchObject({ openImages: 1, openImageBytes: 3072 * 2304 * 4 });
  });
});
