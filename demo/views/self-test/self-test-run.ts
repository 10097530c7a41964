/** The self-test itself: it detects and compares, and stores nothing. */
import type { Box, DetectedFace, FaceKit, FaceImage, OpenImage } from '../../../src/index.js';
import { centerOf } from '../../draw.js';
import { PHOTO_URLS } from '../../sample-photos.js';
import {
  cutOut,
  FACES_IN_PHOTOS,
  transform,
  TRANSFORMATIONS,
  type Cut,
  type Transformation,
} from './self-test-photos.js';
import type { Comparison, Measurement } from './self-test-report.js';

/**
 * So many others are compared with each face per transformation. They are of the same photo: there they are different people, while
 * somebody may well be in two of the photos.
 */
const OTHERS = 2;
/** A face is found again when its center is so near to where it must be, in box widths. */
const NEAR = 0.5;
const STEPS =
  PHOTO_URLS.length * (1 + TRANSFORMATIONS.length) + FACES_IN_PHOTOS * TRANSFORMATIONS.length * (1 + OTHERS);

/** A face of the photos, as it is and transformed; `null` where it was not found again. */
interface Subject {
  readonly original: Cut;
  readonly transformed: readonly (Cut | null)[];
}

/** A face of the photos, which stays open for all comparisons with it. */
interface OpenCut {
  readonly cut: Cut;
  readonly open: FaceImage;
}

/** The photos are not there. */
export class PhotosMissing extends Error {}

/**
 * @param onProgress share that is done, 0..1
 * @throws PhotosMissing; what `detect` and `match` throw; the signal's reason
 */
export async function runSelfTest(
  kit: FaceKit,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Measurement> {
  const detectMs: number[] = [];
  const matchMs: number[] = [];
  let done = 0;

  async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const started = performance.now();
    const result = await work();
    times.push(performance.now() - started);
    onProgress(Math.min(1, ++done / STEPS));
    return result;
  }

  async function readPhoto(url: string): Promise<Subject[]> {
    const photo = await fetchPhoto(url, signal);
    const { faces } = await timed(detectMs, () => kit.detect(photo, { signal }));
    const subjects = faces.map(({ box }) => ({
      box,
      original: cutOut(photo, box, { scale: 1, map: (point) => point }),
      transformed: [] as (Cut | null)[],
    }));
    for (const how of TRANSFORMATIONS) {
      const made = await transform(photo, how);
      const found = await timed(detectMs, () => kit.detect(made.picture, { signal }));
      for (const { box, transformed } of subjects) {
        const isThere = isFound(found.faces, made.map(centerOf(box)), box, made.scale);
        transformed.push(isThere ? cutOut(made.picture, box, made) : null);
      }
    }
    photo.close();
    return subjects;
  }

  async function compare(a: FaceImage, b: FaceImage, times: number[]): Promise<number | null> {
    const result = await timed(times, () => kit.compare(a, b, { signal }));
    if (result.outcome !== 'compared') return null;
    threshold = result.threshold;
    return result.score;
  }

  /** Compares the faces of a photo, each of which is open, with one that was transformed. */
  async function compareWith(
    cut: Cut | null | undefined,
    how: Transformation,
    same: OpenCut,
    others: readonly OpenCut[],
  ): Promise<void> {
    const isFound = cut !== null && cut !== undefined;
    if (!isFound) {
      done += 1 + others.length;
      genuine.push({ how, score: null, isFound });
      impostor.push(...others.map(() => ({ how, score: null, isFound })));
      return;
    }
    // An image that is open is searched and recognized once, and so tells nothing of the time of a comparison.
    const isTimed = how === TRANSFORMATIONS[0];
    if (isTimed) genuine.push({ how, score: await compare(same.cut, cut, matchMs), isFound });
    const image = await kit.open(cut.image, { signal });
    try {
      const transformed = { image, face: cut.face };
      if (!isTimed) genuine.push({ how, score: await compare(same.open, transformed, []), isFound });
      for (const other of others) impostor.push({ how, score: await compare(other.open, transformed, []), isFound });
    } finally {
      image.close();
    }
  }

  let threshold = 0.5;
  const genuine: Comparison[] = [];
  const impostor: Comparison[] = [];
  const photos: (readonly Subject[])[] = [];
  for (const url of PHOTO_URLS) photos.push(await readPhoto(url));

  for (const subjects of photos) {
    const images: OpenImage[] = [];
    try {
      const cuts: OpenCut[] = [];
      for (const { original: cut } of subjects) {
        const image = await kit.open(cut.image, { signal });
        images.push(image);
        cuts.push({ cut, open: { image, face: cut.face } });
      }
      for (const [t, how] of TRANSFORMATIONS.entries()) {
        for (const [i, { transformed }] of subjects.entries()) {
          // From transformation to transformation, it is the turn of the next ones.
          const others = [...cuts.slice(i + 1), ...cuts.slice(0, i)];
          const chosen = Array.from(
            { length: Math.min(OTHERS, others.length) },
            (_, k) => others[(t * OTHERS + k) % others.length] as OpenCut,
          );
          await compareWith(transformed[t], how, cuts[i] as OpenCut, chosen);
        }
      }
    } finally {
      for (const image of images) image.close();
    }
  }
  return { faces: photos.flat().length, genuine, impostor, threshold, detectMs, matchMs };
}

function isFound(faces: readonly DetectedFace[], center: { x: number; y: number }, box: Box, scale: number): boolean {
  return faces.some((face) => {
    const found = centerOf(face.box);
    return Math.hypot(found.x - center.x, found.y - center.y) < NEAR * box.width * scale;
  });
}

async function fetchPhoto(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new PhotosMissing(url, { cause: error });
  });
  if (!response.ok) throw new PhotosMissing(url);
  return createImageBitmap(await response.blob());
}
