/** The main job, end to end: a photo goes in, who it is comes out. */
import { openDB } from 'idb';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DetectedFace, FaceImage, FaceKit, ImageInput, OpenImage, Point, Profile } from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { asCanvas, asJpeg, cutOut, disguised, draw, emptyPhoto, samplePhoto, sharedKit, testKit } from './support.js';

const PHOTO_NUMBERS = [1, 2, 3, 4, 5, 6];
const photos: Blob[] = [];
/** One person alone, cut from a sample photo. */
let portrait: Blob;

beforeAll(async () => {
  for (const number of PHOTO_NUMBERS) photos.push(await samplePhoto(number));
  portrait = await cutOut(photos[0] as Blob, (sampleFaces[0] as [Point])[0], 0.6);
});

const centerOf = ({ box }: DetectedFace): Point => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
const isIn = ({ box }: DetectedFace, p: Point) =>
  p.x > box.x && p.y > box.y && p.x < box.x + box.width && p.y < box.y + box.height;

/** Enrolls whoever it is, in whatever quality, and gives the profile. */
async function enroll(kit: FaceKit, image: FaceImage, name: string, collectionId?: string): Promise<Profile> {
  const options = { name, policy: 'off', ...(collectionId === undefined ? {} : { collectionId }) } as const;
  const result = await kit.enroll([image], options);
  if (result.outcome !== 'enrolled') throw new Error(JSON.stringify(result));
  return result.profile;
}

describe('detect', () => {
  it.each([{}, { search: 'tiles' }, { detectorSizePx: 512 }] as const)(
    'finds all 22 faces of the six sample photos, and nothing else: %j',
    async (options) => {
      const kit = await sharedKit();
      const counts: number[] = [];
      for (const [i, photo] of photos.entries()) {
        const { faces } = await kit.detect(photo, options);
        const known = sampleFaces[i] as Point[];
        for (const face of faces) expect(known.filter((p) => isIn(face, p))).toHaveLength(1);
        for (const p of known) expect(faces.filter((face) => isIn(face, p))).toHaveLength(1);
        counts.push(faces.length);
      }
      expect(counts).toEqual(sampleFaces.map(({ length }) => length));
      expect(counts.reduce((a, b) => a + b)).toBe(22);
    },
  );

  it('gives boxes, scores and 5 or 68 landmarks in pixels of the source, largest face first', async () => {
    const kit = await sharedKit();
    const photo = photos[5] as Blob;
    const size = await createImageBitmap(photo);
    const [five, all] = [await kit.detect(photo), await kit.detect(photo, { landmarks: 68 })];
    expect([five.width, five.height]).toEqual([size.width, size.height]);
    expect(five.timings.detectMs).toBeGreaterThan(0);
    expect(five.timings.embedMs).toBe(0);
    const areas = five.faces.map(({ box }) => box.width * box.height);
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
    for (const [i, face] of five.faces.entries()) {
      const full = all.faces[i] as DetectedFace;
      expect(full.box).toEqual(face.box);
      expect(face.detectionScore).toBeGreaterThan(0.5);
      expect(face.landmarks).toHaveLength(5);
      expect(full.landmarks).toHaveLength(68);
      const [leftEye, rightEye, nose, leftMouth, rightMouth] = face.landmarks as [Point, Point, Point, Point, Point];
      // The order of the field: eyes left of right in the image, the nose between eyes and mouth, all in the box.
      expect(leftEye.x).toBeLessThan(rightEye.x);
      expect(leftMouth.x).toBeLessThan(rightMouth.x);
      expect(nose.y).toBeGreaterThan((leftEye.y + rightEye.y) / 2);
      expect(nose.y).toBeLessThan((leftMouth.y + rightMouth.y) / 2);
      for (const p of face.landmarks) expect(isIn(face, p)).toBe(true);
      expect(Math.abs(face.rollDegrees)).toBeLessThan(45);
    }
  });

  it('judges how well each face is shown, where that is asked for', async () => {
    const kit = await sharedKit();
    const photo = photos[0] as Blob;
    expect((await kit.detect(photo)).faces.map(({ quality }) => quality)).toEqual([null, null, null]);
    for (const { quality } of (await kit.detect(photo, { quality: true })).faces) {
      expect(quality?.score).toBeGreaterThan(0);
      expect(quality?.eyeDistancePx).toBeGreaterThan(20);
    }
  });

  it('follows a turned head with its landmarks', async () => {
    const kit = await sharedKit();
    const upright = (await kit.detect(portrait)).faces[0] as DetectedFace;
    const bitmap = await createImageBitmap(portrait);
    const turned = draw(bitmap.width, bitmap.height, (context) => {
      context.translate(bitmap.width / 2, bitmap.height / 2);
      context.rotate((30 * Math.PI) / 180);
      context.drawImage(bitmap, -bitmap.width / 2, -bitmap.height / 2);
    });
    const face = (await kit.detect(turned)).faces[0] as DetectedFace;
    expect(face.rollDegrees - upright.rollDegrees).toBeGreaterThan(24);
    expect(face.rollDegrees - upright.rollDegrees).toBeLessThan(36);
  });

  it('takes options', async () => {
    const kit = await sharedKit();
    const photo = photos[5] as Blob;
    const all = await kit.detect(photo);
    expect((await kit.detect(photo, { maxFaces: 2 })).faces).toEqual(all.faces.slice(0, 2));
    const boxes = await kit.detect(photo, { landmarks: 0 });
    const withoutPoints = {
      landmarks: [],
      rollDegrees: expect.any(Number) as number,
      quality: null,
      spoof: null,
      eyes: null,
    };
    // What the detector alone finds, and more: the landmark net drops what is no face after all.
    for (const { box, detectionScore } of all.faces) {
      expect(boxes.faces).toContainEqual({ box, detectionScore, ...withoutPoints });
    }
    expect(boxes.timings.landmarksMs).toBe(0);
    expect((await kit.detect(photo, { landmarks: 0, maxFaces: 1 })).faces).toEqual(boxes.faces.slice(0, 1));
    const strict = await kit.detect(photo, { minDetectionScore: 0.9 });
    expect(strict.faces.every(({ detectionScore }) => detectionScore >= 0.9)).toBe(true);
    expect(await kit.detect(photo, { minDetectionScore: 1 })).toMatchObject({ faces: [] });
    for (const detectorSizePx of [128, 192, 256, 384, 512] as const) {
      const found = await kit.detect(portrait, { detectorSizePx });
      expect(found.detectorSizePx).toBe(detectorSizePx);
      // At the edge, part of another face may be found.
      const center = { x: found.width / 2, y: found.height / 2 };
      expect(found.faces.filter((face) => isIn(face, center))).toHaveLength(1);
    }
    // Of the look at the whole photo.
    expect(await kit.detect(photo, { search: 'tiles' })).toMatchObject({ detectorSizePx: 384 });
    expect((await kit.detect(await emptyPhoto())).faces).toEqual([]);
  });

  it('reads every kind of image in the same way', async () => {
    const kit = await sharedKit();
    const canvas = await asCanvas(portrait);
    const { width, height } = canvas;
    const png = await canvas.convertToBlob();
    const expected = (await kit.detect(png)).faces[0] as DetectedFace;
    const dataUrl = await new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result as string);
      reader.readAsDataURL(png);
    });
    const element = new Image();
    element.src = dataUrl;
    await element.decode();
    const page = document.createElement('canvas');
    [page.width, page.height] = [width, height];
    page.getContext('2d')?.drawImage(element, 0, 0);
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height) as ImageData;
    const bitmap = await createImageBitmap(png);
    const frame = new VideoFrame(bitmap, { timestamp: 0 });
    const inputs: Record<string, ImageInput> = {
      blob: png,
      file: new File([png], 'anna.png'),
      'data: URL': dataUrl,
      image: element,
      canvas: page,
      offscreen: canvas,
      pixels,
      bitmap,
      frame,
    };
    for (const [kind, input] of Object.entries(inputs)) {
      const { faces, width: w, height: h } = await kit.detect(input, { detectorSizePx: 256 });
      expect([kind, faces.length, w, h]).toEqual([kind, 1, width, height]);
      const found = centerOf(faces[0] as DetectedFace);
      const reference = centerOf((await kit.detect(png, { detectorSizePx: 256 })).faces[0] as DetectedFace);
      // A VideoFrame may go through YUV.
      expect(Math.hypot(found.x - reference.x, found.y - reference.y), kind).toBeLessThan(kind === 'frame' ? 3 : 0.01);
    }
    // The caller's own images are left as they were.
    expect(bitmap.width).toBe(width);
    expect(frame.codedWidth).toBeGreaterThan(0);
    frame.close();
    expect(expected.detectionScore).toBeGreaterThan(0.5);
  });

  it('reads the frame that a video shows', async () => {
    const kit = await sharedKit();
    const canvas = document.createElement('canvas');
    const bitmap = await createImageBitmap(portrait);
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    const context = canvas.getContext('2d');
    context?.drawImage(bitmap, 0, 0);
    const video = document.createElement('video');
    await expect(kit.detect(video)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    video.srcObject = canvas.captureStream(30);
    video.muted = true;
    const shown = new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }));
    const playing = video.play();
    // captureStream gives a frame only when something is drawn.
    context?.drawImage(bitmap, 0, 0);
    await shown;
    await playing;
    const { faces, detectorSizePx } = await kit.detect(video);
    expect(faces).toHaveLength(1);
    expect(detectorSizePx).toBe(256);
    video.srcObject = null;
  });

  it.each([
    ['small', 1],
    ['reduced', 10],
  ])('applies the EXIF orientation of an image that is %s', async (_, scale) => {
    const kit = await sharedKit();
    const upright = await asCanvas(portrait, scale);
    const wide = draw(upright.width + 100, upright.height, (context) => {
      context.fillRect(0, 0, upright.width + 100, upright.height);
      context.drawImage(upright, 0, 0);
    });
    const expected = centerOf((await kit.detect(await asJpeg(wide))).faces[0] as DetectedFace);
    // Orientation 6: shown after a quarter turn clockwise, so it is stored turned the other way.
    const stored = draw(wide.height, wide.width, (context) => {
      context.translate(0, wide.width);
      context.rotate(-Math.PI / 2);
      context.drawImage(wide, 0, 0);
    });
    const { faces, width, height } = await kit.detect(withOrientation(await asJpeg(stored), 6));
    expect([width, height]).toEqual([wide.width, wide.height]);
    const found = centerOf(faces[0] as DetectedFace);
    expect(Math.hypot(found.x - expected.x, found.y - expected.y)).toBeLessThan(3 * scale);
  });

  it('flattens transparency onto white', async () => {
    const kit = await sharedKit();
    const bitmap = await createImageBitmap(portrait);
    const cut = (background: string | null) =>
      draw(bitmap.width, bitmap.height, (context) => {
        if (background !== null) {
          context.fillStyle = background;
          context.fillRect(0, 0, bitmap.width, bitmap.height);
        }
        context.beginPath();
        context.arc(bitmap.width / 2, bitmap.height / 2, bitmap.height / 3, 0, 2 * Math.PI);
        context.clip();
        context.drawImage(bitmap, 0, 0);
      });
    const transparent = await kit.detect(await cut(null).convertToBlob());
    const white = await kit.detect(await cut('#fff').convertToBlob());
    expect(white.faces).toHaveLength(1);
    expect(transparent.faces[0]?.box.x).toBeCloseTo(white.faces[0]?.box.x as number, 0);
    expect(transparent.faces[0]?.detectionScore).toBeCloseTo(white.faces[0]?.detectionScore as number, 1);
  });

  it('reads a JPEG without its end marker, as an image element does', async () => {
    const kit = await sharedKit();
    const jpeg = await asJpeg(await asCanvas(portrait, 1));
    const { faces } = await kit.detect(jpeg);
    const cut = await kit.detect(jpeg.slice(0, -2));
    expect(cut.faces).toHaveLength(1);
    // Not every decoder makes the same of the last rows.
    expect(cut.faces[0]?.box.x).toBeCloseTo(faces[0]?.box.x ?? Number.NaN, 0);
    expect(cut.faces[0]?.box.y).toBeCloseTo(faces[0]?.box.y ?? Number.NaN, 0);
  });

  it('takes a photo of 50 megapixels, and refuses one that no tab survives', async () => {
    const kit = await sharedKit();
    const photo = photos[0] as Blob;
    const small = await createImageBitmap(photo);
    const factor = Math.sqrt(50e6 / (small.width * small.height));
    const big = await asJpeg(await asCanvas(photo, factor), 0.8);
    const { faces, width, height } = await kit.detect(big);
    expect(width * height).toBeGreaterThan(49.9e6);
    expect(faces).toHaveLength((sampleFaces[0] as Point[]).length);
    for (const p of sampleFaces[0] as Point[]) {
      expect(faces.filter((face) => isIn(face, { x: p.x * factor, y: p.y * factor }))).toHaveLength(1);
    }
    const header = Uint8Array.from([
      ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52],
      ...[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20, 8, 2, 0, 0, 0, 0, 0, 0, 0],
    ]);
    await expect(kit.detect(new Blob([header], { type: 'image/png' }))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('400 megapixels') as string,
    });
  });

  it('says what is wrong with an input that is no image', async () => {
    const kit = await sharedKit();
    const inputs: [unknown, RegExp][] = [
      [null, /image must be a Blob.*got null/],
      [undefined, /got undefined/],
      [42, /got 42/],
      [{}, /got \[object Object\]/],
      [new Blob([]), /must be an image file that is not empty/],
      [new Blob(['no image'], { type: 'image/jpeg' }), /cannot be decoded as an image/],
      [(photos[0] as Blob).slice(0, 2000), /cannot be decoded as an image/],
      [new OffscreenCanvas(0, 10), /must be an image with a size/],
      [new Image(), /cannot be decoded|with a size/],
      [new ImageData(20, 20), /image is an ImageData in which every pixel is transparent/],
    ];
    for (const [input, message] of inputs) {
      const call = kit.detect(input as ImageInput);
      await expect(call, String(message)).rejects.toMatchObject({ name: 'InfaceError', code: 'INVALID_INPUT' });
      await expect(call).rejects.toThrow(message);
    }
    const closed = await createImageBitmap(portrait);
    closed.close();
    await expect(kit.detect(closed)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    // And it still works.
    expect((await kit.detect(portrait)).faces).toHaveLength(1);
  });

  it('says what is wrong with options', async () => {
    const kit = await sharedKit();
    const options: [object, RegExp][] = [
      [{ maxFaces: 0 }, /detect\(\) option 'maxFaces' must be a whole number from 1 to 100, got 0/],
      [{ minDetectionScore: '0.5' }, /'minDetectionScore' must be a number from 0 to 1, got '0.5'/],
      [{ minDetectionScore: Number.NaN }, /got NaN/],
      [{ detectorSizePx: 300 }, /one of 128, 192, 256, 384, 512, got 300/],
      [{ search: 'group' }, /one of auto, whole, tiles, got 'group'/],
      [{ landmarks: 468 }, /one of 0, 5, 68, got 468/],
      [{ landmarks: 0, quality: true }, /needs landmarks for 'quality'/],
      [{ maxFace: 1 }, /an option of detect\(\) must be one of .*maxFaces.*got 'maxFace'/],
      [{ signal: {} }, /must be an AbortSignal/],
    ];
    for (const [option, message] of options) await expect(kit.detect(portrait, option)).rejects.toThrow(message);
    await expect(kit.detect(portrait, null as never)).rejects.toThrow(/options of detect\(\) must be an object/);
  });

  it('keeps no frame and no session after 100 photos', async () => {
    const kit = await sharedKit();
    const bitmaps: ImageBitmap[] = [];
    const real = globalThis.createImageBitmap;
    globalThis.createImageBitmap = (async (...args: Parameters<typeof real>) => {
      const bitmap = await real(...args);
      bitmaps.push(bitmap);
      return bitmap;
    }) as typeof real;
    try {
      const before = (await kit.info()).live;
      expect(before).toEqual({ frames: 0, sessions: 3, openImages: 0, openImageBytes: 0 });
      for (let i = 0; i < 100; i++) await kit.detect(portrait, { detectorSizePx: 128 });
      await expect(kit.detect(new Blob(['x']))).rejects.toThrow();
      expect((await kit.info()).live).toEqual(before);
    } finally {
      globalThis.createImageBitmap = real;
    }
    expect(bitmaps).toHaveLength(100);
    // A bitmap that was closed or transferred has no size.
    expect(bitmaps.filter(({ width }) => width > 0)).toEqual([]);
  });
});

describe('enroll, match, identify', () => {
  it('names each of the 22 faces in a disguised copy, and calls it unknown once its profile is gone', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Samples');
    const profiles: { profile: Profile; photo: number; center: Point }[] = [];
    for (const [number, centers] of sampleFaces.entries()) {
      const photo = await kit.open(photos[number] as Blob);
      for (const center of centers) {
        const name = `${number + 1}:${profiles.length}`;
        const profile = await enroll(kit, { image: photo, face: center }, name, id);
        profiles.push({ profile, photo: number, center });
      }
      photo.close();
    }
    expect(profiles).toHaveLength(22);

    // Open, so that each photo is searched for faces only once.
    const copies = await Promise.all(photos.map(async (photo) => kit.open(await disguised(photo))));
    /** What the kit says about the face of a profile, in its photo's mirrored and reduced copy. */
    const ask = async ({ photo, center }: (typeof profiles)[number]) => {
      const copy = copies[photo] as OpenImage;
      // These people were photographed together, which makes them more alike than strangers are.
      const { faces } = await copy.identify(id, { maxFpir: 0.003 });
      return faces.find((face) => isIn(face, { x: copy.width - center.x * 0.8, y: center.y * 0.8 }));
    };
    const count = async () => {
      let [named, wrong, unknown] = [0, 0, 0];
      for (const entry of profiles) {
        const face = await ask(entry);
        if (face?.outcome === 'identified' && face.profileId === entry.profile.id) named++;
        else if (face?.outcome === 'identified') wrong++;
        await kit.collections.update(id, { removeProfileIds: [entry.profile.id] });
        if ((await ask(entry))?.outcome === 'unknown') unknown++;
        await kit.collections.update(id, { addProfileIds: [entry.profile.id] });
      }
      return { named, wrong, unknown };
    };
    const untrained = await count();
    console.log('nearest template:', JSON.stringify(untrained));
    expect(untrained.named).toBeGreaterThanOrEqual(21);
    // Four of them look as much like a face of another photo as one person does.
    expect(untrained.unknown).toBeGreaterThanOrEqual(18);

    // The same with the classifier: all profiles in, then each left out and trained anew.
    let [named, unknown] = [0, 0];
    await kit.train(id);
    for (const entry of profiles) {
      const face = await ask(entry);
      if (face?.outcome === 'identified' && face.profileId === entry.profile.id) named++;
    }
    for (const entry of profiles) {
      await kit.collections.update(id, { removeProfileIds: [entry.profile.id] });
      await kit.train(id);
      if ((await ask(entry))?.outcome === 'unknown') unknown++;
      await kit.collections.update(id, { addProfileIds: [entry.profile.id] });
    }
    console.log('classifier:', JSON.stringify({ named, unknown }));
    expect(named).toBeGreaterThanOrEqual(21);
    expect(unknown).toBeGreaterThanOrEqual(18);
    for (const copy of copies) copy.close();
    // 23 collections are trained.
  }, 360_000);

  it('keeps profiles over the life of a kit, and no picture', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const first = await testKit({ database });
    const profile = await enroll(first, portrait, 'Anna');
    await first.close();
    const second = await testKit({ database });
    expect(await second.profiles.list()).toEqual([profile]);
    const result = await second.match(await disguised(portrait), profile.id);
    expect(result).toMatchObject({ outcome: 'compared', match: true, threshold: 0.5 });
    const db = await openDB(database);
    onTestFinished(() => {
      db.close();
    });
    const stored: unknown[] = [];
    for (const name of db.objectStoreNames) stored.push(...((await db.getAll(name)) as unknown[]));
    const isBinary = (value: unknown) =>
      value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
    const binary = stored.flatMap((record) => Object.values(record as object).filter(isBinary)) as unknown[];
    // Profile, block, key, a line of the audit trail, and the identity of the database; the block has the ciphertext of one
    // template, and its nonce.
    expect(stored).toHaveLength(5);
    const sizes = (binary as ArrayBuffer[]).map(({ byteLength }) => byteLength).sort((a, b) => a - b);
    expect(sizes).toHaveLength(2);
    expect(sizes[0]).toBe(12);
    expect(sizes[1]).toBeLessThan(128 * 4 + 200);
  });

  it('matches a profile or another image, with the threshold that was asked for', async () => {
    const kit = await sharedKit();
    const other = await cutOut(photos[5] as Blob, (sampleFaces[5] as [Point])[0], 0.3);
    const { profile } = (await kit.enroll([portrait, await disguised(portrait)], { name: 'Anna' })) as {
      profile: Profile;
    };
    const same = await kit.match(portrait, profile.id);
    if (same.outcome !== 'compared') throw new Error(same.outcome);
    expect(same.comparisons).toHaveLength(2);
    // The very photo, but with two views instead of the six of an enrollment.
    expect(same.comparisons[0]?.score).toBeGreaterThan(0.9);
    expect(same.score).toBeGreaterThan(0.8);
    expect(same.match).toBe(true);
    expect(same.face.landmarks).toHaveLength(5);

    const image = await kit.compare({ image: portrait, face: 'largest' }, await disguised(portrait));
    expect(image).toMatchObject({ outcome: 'compared', match: true, comparisons: [{ templateId: null, match: true }] });
    const stranger = await kit.match({ image: other, face: 'largest' }, profile.id);
    expect(stranger).toMatchObject({ outcome: 'compared', match: false });
    if (stranger.outcome !== 'compared') return;
    expect(stranger.score).toBeLessThan(0.4);
    const loose = await kit.match({ image: other, face: 'largest' }, profile.id, { threshold: 0 });
    expect(loose).toMatchObject({ match: true, threshold: 0 });
    const strict = await kit.match(portrait, profile.id, { maxFmr: 0.0001 });
    const looser = await kit.match(portrait, profile.id, { maxFmr: 0.01 });
    expect((strict as { threshold: number }).threshold).toBeGreaterThan((looser as { threshold: number }).threshold);
    await expect(kit.match(portrait, profile.id, { maxFmr: 0.01, threshold: 0.5 })).rejects.toThrow(/not both/);
    await expect(kit.match(portrait, profile.id, { maxFmr: 0 })).rejects.toThrow(/above 0 and below 1/);
    await expect(kit.match(portrait, 'nobody')).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    await expect(kit.match(portrait, '')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(kit.match(portrait, 'data:image/png;base64,AAAA')).rejects.toThrow(/address of an image.*compare\(\)/);
    await expect(kit.match(portrait, portrait as never)).rejects.toThrow(/profileId must be an id/);
  });

  it('answers with reasons where there is no face, or more than one', async () => {
    const kit = await sharedKit();
    const [empty, group] = [await emptyPhoto(), photos[5] as Blob];
    const inGroup = (sampleFaces[5] as Point[]).length;
    const nothing = { outcome: 'rejected', face: null, quality: null, duplicateOf: null, spoof: null };
    expect(await kit.enroll([empty, group])).toEqual({
      outcome: 'rejected',
      images: [
        { ...nothing, reasons: ['no-face'], faceCount: 0 },
        { ...nothing, reasons: ['many-faces'], faceCount: inGroup },
      ],
    });
    expect(await kit.profiles.list()).toEqual([]);
    const nowhere = await kit.enroll([{ image: group, face: { x: -5, y: 0 } }]);
    expect(nowhere).toMatchObject({ images: [{ reasons: ['no-face-at-point'], faceCount: inGroup }] });

    const partly = await kit.enroll([empty, portrait], { name: 'Anna', metadata: { badge: 7 }, consent: 'signed' });
    expect(partly).toMatchObject({
      outcome: 'enrolled',
      warnings: ['few-images'],
      profile: { name: 'Anna', templateCount: 1, metadata: { badge: 7 }, consent: 'signed', owner: null },
      images: [{ outcome: 'rejected' }, { outcome: 'accepted', face: { landmarks: { length: 5 } } }],
    });
    const { profile } = partly as { profile: Profile };
    expect(await kit.addImages(profile.id, [empty])).toMatchObject({ outcome: 'rejected', profile });
    const copy = await asJpeg(await asCanvas(portrait, 1), 0.7);
    expect(await kit.addImages(profile.id, [portrait, copy, portrait])).toMatchObject({
      outcome: 'added',
      profile: { templateCount: 3 },
      images: [{ outcome: 'accepted' }, { outcome: 'accepted' }, { reasons: ['same-image'] }],
    });

    const onProbe = await kit.match(empty, profile.id);
    expect(onProbe).toMatchObject({ outcome: 'failure-to-acquire', side: 'probe', reason: 'no-face', faceCount: 0 });
    const onReference = await kit.compare(portrait, { image: group, face: 'only' });
    expect(onReference).toMatchObject({ side: 'reference', reason: 'many-faces', faceCount: inGroup });
  });

  it('refuses wrong arguments of an enrollment and stores nothing', async () => {
    const kit = await sharedKit();
    const enroll = (images: unknown, options?: object) => kit.enroll(images as FaceImage[], options);
    await expect(enroll([])).rejects.toThrow(/images must be a list of 1 to 10 images/);
    await expect(enroll(portrait)).rejects.toThrow(/images must be a list/);
    await expect(enroll(Array(11).fill(portrait))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(enroll([portrait, 'x'])).rejects.toThrow(/images\[1\] must be an absolute address of an image/);
    await expect(enroll([{ image: portrait, face: 'left' }])).rejects.toThrow(/images\[0\].face must be/);
    await expect(enroll([portrait], { name: ' ' })).rejects.toThrow(/'name' must be a string that is not empty/);
    await expect(enroll([portrait], { name: 'x'.repeat(201) })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(enroll([portrait], { metadata: [] })).rejects.toThrow(/'metadata' must be an object/);
    await expect(enroll([portrait], { metadata: { big: 1n } })).rejects.toThrow(/cannot be written as JSON/);
    await expect(enroll([portrait], { metadata: { x: 'y'.repeat(10_001) } })).rejects.toThrow(/the limit is 10000/);
    await expect(enroll([portrait], { collectionId: 'none' })).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    await expect(kit.addImages('none', [portrait])).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    expect(await kit.profiles.list()).toEqual([]);
  });

  it('identifies in an empty collection, a changed one, and one that another tab changed', async () => {
    const database = `test-${crypto.randomUUID()}`;
    const [kit, otherTab] = [await testKit({ database }), await testKit({ database })];
    const { id } = await kit.collections.create('Home');
    expect(await kit.identify(portrait, id)).toMatchObject({
      classifier: 'untrained',
      faces: [{ outcome: 'unknown', reason: 'empty-collection', candidates: [] }],
    });
    const anna = await enroll(otherTab, portrait, 'Anna', id);
    const found = await kit.identify(await disguised(portrait), id);
    expect(found.faces).toMatchObject([
      {
        outcome: 'identified',
        profileId: anna.id,
        name: 'Anna',
        candidates: [{ profileId: anna.id, name: 'Anna', probability: null }],
      },
    ]);
    await otherTab.profiles.update(anna.id, { name: 'Anne' });
    expect((await kit.identify(portrait, id)).faces).toMatchObject([{ name: 'Anne' }]);
    await otherTab.profiles.delete(anna.id);
    expect((await kit.identify(portrait, id)).faces).toMatchObject([
      { outcome: 'unknown', reason: 'empty-collection' },
    ]);
    expect((await kit.identify(await emptyPhoto(), id)).faces).toEqual([]);
    await kit.collections.delete(id);
    await expect(kit.identify(portrait, id)).rejects.toMatchObject({ code: 'COLLECTION_GONE' });
  });

  it('names every face of a group, and limits faces and candidates as asked', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Group');
    const group = photos[5] as Blob;
    for (const center of sampleFaces[5] as Point[])
      await enroll(kit, { image: group, face: center }, `at ${center.x}`, id);
    const { faces } = await kit.identify(group, id, { maxCandidates: 2 });
    expect(faces.map(({ outcome: decision }) => decision)).toEqual(Array(faces.length).fill('identified'));
    expect(new Set(faces.map((face) => face.outcome === 'identified' && face.profileId)).size).toBe(faces.length);
    for (const face of faces) {
      expect(face.candidates).toHaveLength(2);
      expect(face.candidates[0]?.score).toBeGreaterThan(face.candidates[1]?.score as number);
    }
    expect((await kit.identify(group, id, { maxFaces: 1, landmarks: 68 })).faces).toMatchObject([
      { landmarks: { length: 68 } },
    ]);
    const [loose, strict] = [
      await kit.identify(group, id, { maxFpir: 0.1 }),
      await kit.identify(group, id, { maxFpir: 0.001 }),
    ];
    expect(strict.threshold).toBeGreaterThan(loose.threshold);
  });
});

describe('train', () => {
  it('learns a collection, reports progress, and is stale after a change', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home');
    await expect(kit.train(id)).rejects.toMatchObject({ code: 'COLLECTION_EMPTY' });
    const group = photos[5] as Blob;
    const centers = sampleFaces[5] as Point[];
    for (const center of centers) await enroll(kit, { image: group, face: center }, `at ${center.x}`, id);
    const progress: number[] = [];
    const result = await kit.train(id, { onProgress: ({ done }) => progress.push(done) });
    expect(result).toMatchObject({ collectionId: id, profileCount: centers.length, templateCount: centers.length });
    expect(progress.length).toBeGreaterThan(0);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect((await kit.collections.get(id)).classifier).toBe('trained');
    const trained = await kit.identify(group, id);
    expect(trained.classifier).toBe('trained');
    for (const { candidates, outcome: decision } of trained.faces) {
      expect(decision).toBe('identified');
      expect(candidates[0]?.probability).toBeGreaterThan(candidates[1]?.probability as number);
    }
    await enroll(kit, portrait, 'New', id);
    const stale = await kit.identify(portrait, id);
    expect(stale).toMatchObject({ classifier: 'stale', faces: [{ outcome: 'identified', name: 'New' }] });
    expect(stale.faces[0]?.candidates[0]?.probability).toBeNull();
  });

  it('can be aborted, and then leaves the collection as it was', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('Home');
    for (const center of sampleFaces[5] as Point[]) {
      await enroll(kit, { image: photos[5] as Blob, face: center }, `at ${center.x}`, id);
    }
    const reason = new Error('enough');
    await expect(kit.train(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect((await kit.collections.get(id)).classifier).toBe('untrained');
    await expect(kit.train('none')).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
  });
});

describe('the state of eyes', () => {
  it('comes with a detection that asks for it, by a model that is loaded then', async () => {
    const kit = await sharedKit();
    const { sessions } = (await kit.info()).live;
    expect((await kit.detect(portrait)).faces[0]?.eyes).toBeNull();
    expect((await kit.info()).live.sessions).toBe(sessions);
    const [face] = (await kit.detect(portrait, { eyes: true })).faces;
    expect(face?.eyes?.left).toBeGreaterThan(0.9);
    expect(face?.eyes?.right).toBeGreaterThan(0.9);
    await kit.detect(portrait, { eyes: true });
    expect((await kit.info()).live.sessions).toBe(sessions + 1);
    await expect(kit.detect(portrait, { eyes: true, landmarks: 0 })).rejects.toThrow(/needs landmarks for .*'eyes'/);
  });
});

describe('checkSpoof', () => {
  it('judges a face with the model of a plain install, which is loaded when it is first asked', async () => {
    const kit = await sharedKit();
    const { sessions } = (await kit.info()).live;
    const result = await kit.checkSpoof(portrait);
    expect(result).toMatchObject({ threshold: 0.45, modelId: 'fr-liveness' });
    if (result.outcome !== 'bona-fide' && result.outcome !== 'attack') throw new Error(JSON.stringify(result));
    expect(result.outcome).toBe(result.bonaFideScore >= 0.45 ? 'bona-fide' : 'attack');
    // One session for each of its nets.
    expect((await kit.info()).live).toMatchObject({ frames: 0, sessions: sessions + 2 });
    // The same pixels have the same score, and stricter rates ask for more.
    const strict = await kit.checkSpoof(portrait, { maxApcer: 0.05 });
    expect(strict).toMatchObject({ bonaFideScore: result.bonaFideScore });
    expect((strict as typeof result).threshold).toBeGreaterThan(0.45);
    expect((await kit.info()).live.sessions).toBe(sessions + 2);
  });

  it('does not judge what it cannot see, and finds no face in plain gray', async () => {
    const kit = await sharedKit();
    const small = await asCanvas(portrait, 40 / (await createImageBitmap(portrait)).width);
    const tiny = await kit.checkSpoof(
      draw(400, 400, (context) => {
        context.drawImage(small, 180, 180);
      }),
    );
    expect(tiny.outcome === 'failure-to-acquire' || tiny.outcome === 'not-judged').toBe(true);
    expect(await kit.checkSpoof(await emptyPhoto())).toMatchObject({ outcome: 'failure-to-acquire' });
  });

  it('takes one limit, and rates that the calibration reaches', async () => {
    const kit = await sharedKit();
    const both = kit.checkSpoof(portrait, { maxApcer: 0.1, maxBpcer: 0.1 });
    await expect(both).rejects.toThrow(/'maxApcer' or 'maxBpcer', not both/);
    await expect(kit.checkSpoof(portrait, { maxApcer: 1e-6 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(kit.checkSpoof(portrait, { maxBpcer: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(kit.enroll([portrait], { spoof: 'maybe' } as never)).rejects.toThrow(/'off', 'report', 'require'/);
    const policies = [{}, { require: 'yes' }, { require: true, maxApcer: 0 }, { require: true, threshold: 0.5 }];
    for (const spoof of [...policies, { require: true, maxApcer: 0.1, maxBpcer: 0.1 }, null]) {
      await expect(kit.enroll([portrait], { spoof } as never)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  it('is done on the frame that is enrolled, matched and identified, when that is asked', async () => {
    const kit = await sharedKit();
    const { id } = await kit.collections.create('home');
    const enrolled = await kit.enroll([portrait], { spoof: 'report', policy: 'off', collectionId: id });
    const { outcome: verdict } = enrolled.images[0]?.spoof ?? { outcome: null };
    expect(verdict).toMatch(/^(bona-fide|attack)$/);
    const { faces, timings } = await kit.identify(portrait, id, { spoof: 'require' });
    expect(faces[0]?.spoof?.outcome).toBe(verdict);
    expect(faces[0]?.outcome).toBe(verdict === 'bona-fide' ? 'identified' : 'unknown');
    expect(timings.spoofMs).toBeGreaterThan(0);
    const matched = await kit.compare(portrait, portrait, { spoof: 'require' });
    expect(matched.outcome).toBe(verdict === 'bona-fide' ? 'compared' : 'failure-to-acquire');
  });
});

describe('profiles and collections', () => {
  it('are managed by id', async () => {
    const kit = await sharedKit();
    const profile = await enroll(kit, portrait, 'Ana');
    const collection = await kit.collections.create('Home');
    expect(await kit.profiles.update(profile.id, { name: 'Anna', consent: 'signed' })).toMatchObject({
      name: 'Anna',
      consent: 'signed',
      metadata: profile.metadata,
    });
    expect(await kit.collections.update(collection.id, { addProfileIds: [profile.id], name: 'House' })).toMatchObject({
      name: 'House',
      profileIds: [profile.id],
    });
    expect(await kit.profiles.get(profile.id)).toMatchObject({ name: 'Anna', collectionIds: [collection.id] });
    expect(await kit.collections.list()).toEqual([await kit.collections.get(collection.id)]);
    expect(await kit.info()).toMatchObject({
      version: __INFACE_VERSION__,
      backend: 'wasm',
      threads: 1,
      profileCount: 1,
      templateCount: 1,
      collectionCount: 1,
      models: [
        { role: 'detector' },
        { role: 'landmarker' },
        { id: 'mobilefacenet-64' },
        { role: 'antispoof' },
        { role: 'eyes' },
      ],
    });
    await kit.profiles.delete(profile.id);
    await expect(kit.profiles.get(profile.id)).rejects.toMatchObject({ code: 'PROFILE_GONE' });
    await expect(kit.profiles.get('never')).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
    await expect(kit.collections.create('')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(kit.collections.update(collection.id, { addProfileIds: ['none'] })).rejects.toMatchObject({
      code: 'PROFILE_NOT_FOUND',
    });
    await expect(kit.collections.update(collection.id, { addProfileIds: 'x' } as never)).rejects.toThrow(/list of ids/);
    await expect(kit.profiles.get(7 as never)).rejects.toThrow(/id must be an id, which is a string, got 7/);
  });
});

/** Puts an EXIF block with an orientation behind the start of a JPEG. */
function withOrientation(jpeg: Blob, orientation: number): Blob {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const exif = Uint8Array.from([0xff, 0xe1, 0, body.length + 2, ...body]);
  return new Blob([jpeg.slice(0, 2), exif, jpeg.slice(2)], { type: 'image/jpeg' });
}
