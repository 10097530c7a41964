/** The self-test itself: it detects and compares, and stores nothing. */
import type { Box, DetectedFace, FaceKit } from '../../../src/index.js';
import { centerOf } from '../../draw.js';
import { cutOut, FACES_IN_PHOTOS, PHOTO_URLS, transform, TRANSFORMATIONS, type Cut } from './self-test-photos.js';
import type { Comparison, Measurement } from './self-test-report.js';

/**
 * Each face is compared with so many others per transformation, so that the whole takes about a minute. They are of the same photo:
 * there they are different people, while somebody may well be in two of the photos.
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

  async function compare(a: Cut, b: Cut | null | undefined): Promise<number | null> {
    if (!b) {
      done++;
      return null;
    }
    const result = await timed(matchMs, () => kit.compare(a, b, { signal }));
    if (result.outcome !== 'compared') return null;
    threshold = result.threshold;
    return result.score;
  }

  let threshold = 0.5;
  const photos: (readonly Subject[])[] = [];
  for (const url of PHOTO_URLS) photos.push(await readPhoto(url));

  const genuine: Comparison[] = [];
  const impostor: Comparison[] = [];
  for (const subjects of photos) {
    for (const [i, { original, transformed }] of subjects.entries()) {
      // From transformation to transformation, it is the turn of the next ones.
      const others = [...subjects.slice(i + 1), ...subjects.slice(0, i)];
      for (const [t, how] of TRANSFORMATIONS.entries()) {
        genuine.push({ how, score: await compare(original, transformed[t]), isFound: transformed[t] !== null });
        for (let k = 0; k < Math.min(OTHERS, others.length); k++) {
          const cut = others[(t * OTHERS + k) % others.length]?.transformed[t] ?? null;
          impostor.push({ how, score: await compare(original, cut), isFound: cut !== null });
        }
      }
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
