/** The reference models in the kit, brought by nothing but a folder with their manifest entries (docs/models.md). */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { DetectedFace, FaceKit, Point } from '../../src/index.js';
import { intersectionOverUnion } from '../../src/vision/geometry.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { disguised, samplePhoto, testKit } from './support.js';

const assets = inject('referenceAssets');
const photos: Blob[] = [];

/** A kit with these models, which runs them with the whole runtime: the shorter one knows the models of the package alone. */
async function kitWith(name: 'yunet' | 'scrfd' | 'rfb'): Promise<FaceKit> {
  const loaded = new Set<string>();
  const kit = await testKit({
    assetsUrl: new URL((assets as NonNullable<typeof assets>)[name], location.href),
    onProgress: ({ file }) => void loaded.add(file),
  });
  expect([...loaded].filter((file) => file.endsWith('.wasm'))).toEqual([__ORT__.wasm.path]);
  return kit;
}

const centerOf = ({ box }: DetectedFace): Point => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

describe.skipIf(!assets)('a model that somebody brings', () => {
  /** What the kit's own models find, photo by photo. */
  let own: (readonly DetectedFace[])[] | undefined;

  beforeAll(async () => {
    for (const number of [1, 2, 3, 4, 5, 6]) photos.push(await samplePhoto(number));
  });

  const detectAll = async (kit: FaceKit) => {
    const found: (readonly DetectedFace[])[] = [];
    for (const photo of photos) found.push((await kit.detect(photo, { landmarks: 68 })).faces);
    return found;
  };

  it.each([
    ['yunet', 'yunet', 640],
    ['scrfd', 'scrfd-500m', 640],
    ['rfb', 'rfb-320', 320],
  ] as const)('detects the same 22 faces, framed as BlazeFace does: %s', async (name, id, size) => {
    own ??= await detectAll(await testKit());
    const kit = await kitWith(name);
    expect((await kit.info()).models.map((model) => model.id)).toContain(id);
    // 512 px, the most that can be asked for, are what the detector has next to them.
    expect((await kit.detect(photos[0] as Blob, { detectorSizePx: 512 })).detectorSizePx).toBe(size);
    const found = await detectAll(kit);
    expect(found.map((faces) => faces.length)).toEqual(sampleFaces.map(({ length }) => length));
    const pairs = own.flatMap((faces, photo) =>
      faces.map((face) => {
        const overlap = (other: DetectedFace) => intersectionOverUnion(face.box, other.box);
        const [same] = [...(found[photo] as DetectedFace[])].sort((a, b) => overlap(b) - overlap(a));
        return { face, same: same as DetectedFace, iou: overlap(same as DetectedFace) };
      }),
    );
    expect(new Set(pairs.map(({ same }) => same)).size).toBe(22);
    const ious = pairs.map(({ iou }) => iou).sort((a, b) => a - b);
    // The 68 points lie where they lie with BlazeFace: the mean distance, in sides of the box.
    const drifts = pairs
      .map(({ face, same }) => {
        const distances = face.landmarks.map((p, i) => {
          const q = same.landmarks[i] as Point;
          return Math.hypot(p.x - q.x, p.y - q.y);
        });
        return distances.reduce((a, b) => a + b) / 68 / face.box.width;
      })
      .sort((a, b) => a - b);
    expect(ious[0]).toBeGreaterThan(0.6);
    // One pass over the landmarks depends more on the box than a second one over its points would.
    expect(drifts[11]).toBeLessThan(0.012);
    expect(drifts[21]).toBeLessThan(0.08);
  });

  it('recognizes people: MobileFaceNet names all 22 faces in altered copies, and nobody in photos of others', async () => {
    const kit = await kitWith('yunet');
    const info = await kit.info();
    expect(info.models.map(({ id }) => id)).toEqual([
      'yunet',
      'fr-landmark-68',
      'mobilefacenet-128',
      'fr-liveness',
      'fr-eye',
    ]);
    expect(info.embeddingSpace).toMatch(/^mobilefacenet\//);
    const all = await kit.collections.create('all');
    // One look at 320 px each is enough for faces of this size.
    const quick = { detectorSizePx: 256 } as const;
    const byPhoto: string[][] = [];
    for (const [photo, centers] of sampleFaces.entries()) {
      const ids: string[] = [];
      for (const face of centers) {
        const options = { name: `${photo}`, policy: 'off', collectionId: all.id, ...quick } as const;
        const result = await kit.enroll([{ image: photos[photo] as Blob, face }], options);
        if (result.outcome !== 'enrolled') throw new Error(result.outcome);
        ids.push(result.profile.id);
      }
      byPhoto.push(ids);
    }
    let [named, unknown] = [0, 0];
    for (const [photo, blob] of photos.entries()) {
      const { width } = await createImageBitmap(blob);
      const ids = byPhoto[photo] as string[];
      const copy = await disguised(blob);
      for (const face of (await kit.identify(copy, all.id, quick)).faces) {
        const { x, y } = centerOf(face);
        const distanceTo = (p: Point) => Math.hypot((width - p.x) * 0.8 - x, p.y * 0.8 - y);
        const centers = sampleFaces[photo] as Point[];
        const [nearest] = [...centers.keys()].sort(
          (a, b) => distanceTo(centers[a] as Point) - distanceTo(centers[b] as Point),
        );
        if (face.outcome === 'identified' && face.profileId === ids[nearest as number]) named++;
      }
      await kit.collections.update(all.id, { removeProfileIds: ids });
      const { faces } = await kit.identify(copy, all.id, quick);
      unknown += faces.filter(({ outcome: decision }) => decision === 'unknown').length;
      await kit.collections.update(all.id, { addProfileIds: ids });
    }
    console.log('MobileFaceNet:', JSON.stringify({ named, unknown }));
    expect(named).toBe(22);
    // One woman is in photo 1 and in photo 3, and two others are alike.
    expect(unknown).toBeGreaterThanOrEqual(18);

    const [one, other] = [photos[0] as Blob, photos[5] as Blob];
    const [first, last] = [sampleFaces[0] as Point[], sampleFaces[5] as Point[]].map(([face]) => face as Point) as [
      Point,
      Point,
    ];
    const id = (byPhoto[0] as string[])[0] as string;
    expect(await kit.match({ image: one, face: first }, id)).toMatchObject({ outcome: 'compared', match: true });
    expect(await kit.match({ image: other, face: last }, id)).toMatchObject({ outcome: 'compared', match: false });
  });

  it('without background statistics, a collection is trained without strangers', async () => {
    const kit = await kitWith('yunet');
    const { id } = await kit.collections.create('home');
    const face = (sampleFaces[0] as [Point])[0];
    await kit.enroll([{ image: photos[0] as Blob, face }], { policy: 'off', collectionId: id });
    expect(await kit.train(id)).toMatchObject({ unknownCount: 0 });
    const { faces } = await kit.identify(photos[0] as Blob, id);
    for (const { unknownProbability } of faces) {
      expect(unknownProbability).toBeGreaterThan(0);
      expect(unknownProbability).toBeLessThan(1);
    }
    expect(faces.length).toBeGreaterThan(0);
  });
});
