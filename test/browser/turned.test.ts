/** Faces that a detector sees badly: upside down, on their side, and cut by the edges of the photo. */
import { describe, expect, it } from 'vitest';
import type { FaceKit, IdentifiedFace, OpenImage, Point } from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { asCanvas, asJpeg, draw, samplePhoto, sharedKit } from './support.js';

/** A face scores more against itself. In a crop it lacks the surroundings of the enrolled one. */
const SAME = { turned: 0.8, cropped: 0.6 } as const;
/** By how much more a stranger may score than before. Some of these people score more than 0.8, taken in one session. */
const TOLERANCE = 0.1;
/** Enough photos for 13 faces. */
const PHOTOS = sampleFaces.slice(0, 4);

/** A face of an upright photo. */
interface Upright {
  readonly profileId: string;
  readonly face: IdentifiedFace;
}

/** Enrolls the upright faces, then identifies them. Returns the canvas of each photo and its faces. */
async function enrollSamples(kit: FaceKit) {
  const { id: collectionId } = await kit.collections.create('Samples');
  const photos: { canvas: OffscreenCanvas; image: OpenImage; faces: Upright[] }[] = [];
  const profiles: string[][] = [];
  for (const [i, centers] of PHOTOS.entries()) {
    const canvas = await asCanvas(await samplePhoto(i + 1));
    // Open, so that it is searched once and not for each face.
    const image = await kit.open(canvas);
    const ids: string[] = [];
    for (const face of centers) {
      const result = await kit.enroll([{ image, face }], { policy: 'off', collectionId });
      if (result.outcome !== 'enrolled') throw new Error(JSON.stringify(result));
      ids.push(result.profile.id);
    }
    profiles.push(ids);
    photos.push({ canvas, image, faces: [] });
  }
  for (const [i, { image, faces }] of photos.entries()) {
    const found = await kit.identify(image, collectionId, { maxCandidates: 20 });
    image.close();
    for (const [k, center] of (PHOTOS[i] ?? []).entries()) {
      const face = faceAt(found.faces, center);
      if (face) faces.push({ profileId: profiles[i]?.[k] ?? '', face });
    }
    expect(faces).toHaveLength(found.faces.length);
  }
  return { collectionId, photos };
}

/** The face that has this center in its box. */
function faceAt(faces: readonly IdentifiedFace[], { x, y }: Point): IdentifiedFace | undefined {
  return faces.find(({ box }) => x > box.x && y > box.y && x < box.x + box.width && y < box.y + box.height);
}

/** How the face compares to its own profile, and to the nearest other one. */
function scoresOf(face: IdentifiedFace | undefined, profileId: string) {
  const candidates = face?.candidates ?? [];
  const own = candidates.find((candidate) => candidate.profileId === profileId)?.score ?? 0;
  const others = candidates.filter((candidate) => candidate.profileId !== profileId).map(({ score }) => score);
  return { own, stranger: Math.max(0, ...others) };
}

describe('a photo that is turned', () => {
  it.each([180, 90, -90])('by %i degrees shows the same people, and their roll', async (degrees) => {
    const kit = await sharedKit();
    const { collectionId, photos } = await enrollSamples(kit);
    for (const { canvas, faces } of photos) {
      const side = Math.ceil(Math.hypot(canvas.width, canvas.height));
      const turn = new DOMMatrix()
        .translate(side / 2, side / 2)
        .rotate(degrees)
        .translate(-canvas.width / 2, -canvas.height / 2);
      const turned = draw(side, side, (context) => {
        context.setTransform(turn);
        context.drawImage(canvas, 0, 0);
      });
      const found = await kit.identify(await asJpeg(turned), collectionId, { maxCandidates: 20 });
      for (const { face: before, profileId } of faces) {
        const { x, y, width, height } = before.box;
        const face = faceAt(found.faces, turn.transformPoint({ x: x + width / 2, y: y + height / 2 }));
        const { own, stranger } = scoresOf(face, profileId);
        expect(own).toBeGreaterThan(SAME.turned);
        expect(stranger).toBeLessThan(scoresOf(before, profileId).stranger + TOLERANCE);
        const difference = Math.abs((face?.rollDegrees ?? Number.NaN) - before.rollDegrees - degrees) % 360;
        expect(Math.min(difference, 360 - difference)).toBeLessThan(10);
      }
      expect(found.faces).toHaveLength(faces.length);
    }
  });
});

describe('a face that fills the photo', () => {
  // The one that is not found is in profile. Two of those upside down are taken for upright, and match nobody.
  it.each([
    [0, 12],
    [180, 10],
  ])('turned by %i degrees shows nobody else, and the same person in %i of 13', async (degrees, atLeast) => {
    const kit = await sharedKit();
    const { collectionId, photos } = await enrollSamples(kit);
    let same = 0;
    for (const { canvas, faces } of photos) {
      for (const { face, profileId } of faces) {
        const [left, right, nose] = face.landmarks as [Point, Point, Point];
        // A crop of 2.5 eye distances cuts the forehead and the chin.
        const side = Math.round(2.5 * Math.hypot(right.x - left.x, right.y - left.y));
        const crop = draw(side, side, (context) => {
          context.translate(side / 2, side / 2);
          context.rotate((degrees * Math.PI) / 180);
          context.drawImage(canvas, -nose.x, -nose.y);
        });
        const found = await kit.identify(await asJpeg(crop), collectionId, { maxCandidates: 20 });
        const { own, stranger } = scoresOf(found.faces[0], profileId);
        if (own > SAME.cropped) same++;
        expect(found.faces.length).toBeLessThan(2);
        expect(stranger).toBeLessThan(scoresOf(face, profileId).stranger + TOLERANCE);
      }
    }
    expect(same).toBeGreaterThanOrEqual(atLeast);
  });
});
